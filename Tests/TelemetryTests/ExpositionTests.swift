// SPDX-License-Identifier: GPL-2.0-or-later
import Telemetry
import Testing

struct ExpositionTests {
    private let registry = MetricRegistry()

    @Test func `a counter without labels is there from the start`() {
        let counter = registry.counter("a_total", "What it counts")
        #expect(registry.text == "# HELP a_total What it counts\n# TYPE a_total counter\na_total 0\n")
        counter.increment()
        counter.increment(by: 2)
        #expect(registry.text.hasSuffix("\na_total 3\n"))
    }

    @Test func `a metric with labels is silent until it has a series`() {
        let counter = registry.counter("a_total", "h", labels: ["x"])
        #expect(registry.text.isEmpty)
        counter.increment(by: 0, "one")
        #expect(registry.text.hasSuffix("\na_total{x=\"one\"} 0\n"))
    }

    @Test func `metrics are in order of their names and series of their values`() {
        let late = registry.gauge("z", "h", labels: ["x", "y"])
        let early = registry.gauge("a", "h")
        late.set(1, "b", "a")
        late.set(2, "a", "b")
        late.set(2.5, "a", "a")
        early.set(-1)
        #expect(
            registry.text == """
                # HELP a h
                # TYPE a gauge
                a -1
                # HELP z h
                # TYPE z gauge
                z{x="a",y="a"} 2.5
                z{x="a",y="b"} 2
                z{x="b",y="a"} 1

                """
        )
    }

    @Test func `what would break a line is escaped`() {
        let gauge = registry.gauge("a", "one\ntwo \\ \"three\"", labels: ["x"])
        gauge.set(1, "one\ntwo \\ \"three\" ä")
        #expect(
            registry.text == #"""
                # HELP a one\ntwo \\ "three"
                # TYPE a gauge
                a{x="one\ntwo \\ \"three\" ä"} 1

                """#
        )
    }

    @Test func `a histogram's buckets add up`() {
        let histogram = registry.histogram("a_seconds", "h", labels: ["x"], bounds: [0.5, 1, 2])
        histogram.observe(.milliseconds(250), "one")
        histogram.observe(1.0, "one")
        histogram.observe(1.5, "one")
        histogram.observe(9.0, "one")
        #expect(
            registry.text == """
                # HELP a_seconds h
                # TYPE a_seconds histogram
                a_seconds_bucket{x="one",le="0.5"} 1
                a_seconds_bucket{x="one",le="1"} 2
                a_seconds_bucket{x="one",le="2"} 3
                a_seconds_bucket{x="one",le="+Inf"} 4
                a_seconds_sum{x="one"} 11.75
                a_seconds_count{x="one"} 4

                """
        )
        #expect(histogram.count("one") == 4)
        #expect(histogram.sum("one") == 11.75)
    }

    @Test(arguments: [
        (0.0, "0"), (0.001, "0.001"), (16.384, "16.384"), (1e-9, "1e-09"), (1_700_000_000.25, "1700000000.25"),
        (.infinity, "+Inf"), (-.infinity, "-Inf"), (.nan, "NaN"), (1e20, "1e+20"),
    ])
    func `numbers are written as Prometheus reads them`(value: Double, text: String) {
        registry.gauge("a", "h").set(value)
        #expect(registry.text.hasSuffix("\na \(text)\n"))
    }

    @Test func `taking counts over forgets the series that are gone`() {
        let counter = registry.counter("a_total", "h", labels: ["x"])
        counter.replaceAll([["one"]: 1, ["two"]: 2])
        counter.replaceAll([["two"]: 3])
        #expect(registry.text.hasSuffix("counter\na_total{x=\"two\"} 3\n"))
        counter.replaceAll([:])
        #expect(registry.text.isEmpty)
    }

    @Test func `exponential and linear bounds`() {
        #expect([Double].exponential(from: 0.001, factor: 2, count: 4) == [0.001, 0.002, 0.004, 0.008])
        #expect([Double].linear(from: 60, step: 5, count: 3) == [60, 65, 70])
    }

    @Test func `updates from many tasks are all counted`() async {
        let counter = registry.counter("a_total", "h", labels: ["x"])
        let histogram = registry.histogram("b_seconds", "h", bounds: [1])
        await withDiscardingTaskGroup { group in
            for task in 0..<8 {
                group.addTask {
                    for _ in 0..<1000 {
                        counter.increment("\(task % 2)")
                        histogram.observe(0.5)
                        _ = self.registry.families
                    }
                }
            }
        }
        #expect(counter.value("0") == 4000)
        #expect(counter.value("1") == 4000)
        #expect(histogram.count() == 8000)
    }
}
