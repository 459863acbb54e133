import ProxyService
import Testing

struct GoDurationTests {
    @Test(arguments: [
        ("0", Duration.zero), ("0s", .zero), ("30s", .seconds(30)), ("1m30s", .seconds(90)), ("15m", .seconds(900)),
        ("1.5h", .seconds(5400)), ("100ms", .milliseconds(100)), ("10us", .microseconds(10)),
        ("24h0m0s", .seconds(86_400)),
        ("-5s", .seconds(-5)), (".5s", .milliseconds(500)), ("7ns", .nanoseconds(7)),
    ])
    func `Go's text form is read`(text: String, expected: Duration) {
        #expect(GoDuration(text)?.duration == expected)
    }

    @Test(arguments: ["", "30", "s", "1x", "1m30", "-", "1 s", "1..5s", "9e99h", "1e3s", "99999999h"])
    func `text that is no duration is refused`(text: String) {
        #expect(GoDuration(text) == nil)
    }
}
