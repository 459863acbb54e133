// SPDX-License-Identifier: GPL-2.0-or-later
import DataplaneModel
import Testing

struct SlowStartTests {
    @Test(arguments: [(100, 30), (1, 5), (500, 1), (6_553_500, 3600), (100, 3600)] as [(UInt32, UInt32)])
    func `a weight never falls, begins with a tenth, ends with the full one, and says how far it has come`(
        full: UInt32, duration: UInt32
    ) {
        var last: UInt32 = 0
        for elapsed in 0...duration {
            let weight = SlowStart.weight(full: full, after: elapsed, of: duration)
            #expect(weight >= last && weight >= 1 && weight <= full)
            last = weight
            if let known = SlowStart.elapsed(at: weight, full: full, of: duration) {
                #expect(known <= elapsed && SlowStart.weight(full: full, after: known, of: duration) == weight)
            } else {
                #expect(weight == full)
            }
        }
        #expect(SlowStart.weight(full: full, after: 0, of: duration) == max(1, full / 10))
        #expect(last == full)
    }

    @Test func `a weight that no rise comes by is none of a rise`() {
        #expect(SlowStart.elapsed(at: 1, full: 100, of: 30) == nil)
        #expect(SlowStart.elapsed(at: 0, full: 100, of: 30) == nil)
        #expect(SlowStart.elapsed(at: 100, full: 100, of: 30) == nil)
        #expect(SlowStart.elapsed(at: 101, full: 100, of: 30) == nil)
    }
}
