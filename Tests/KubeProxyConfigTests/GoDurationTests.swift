// SPDX-License-Identifier: GPL-2.0-or-later
import KubeProxyConfig
import Testing

struct GoDurationTests {
    /// From the tests of Go's `time` package, and from what kube-proxy prints.
    static let printed: [(nanoseconds: Int64, text: String)] = [
        (0, "0s"),
        (1, "1ns"),
        (1_100, "1.1\u{b5}s"),
        (2_200_000, "2.2ms"),
        (3_300_000_000, "3.3s"),
        (4 * 60_000_000_000 + 5_000_000_000, "4m5s"),
        (4 * 60_000_000_000 + 5_001_000_000, "4m5.001s"),
        (5 * 3_600_000_000_000 + 6 * 60_000_000_000 + 7_001_000_000, "5h6m7.001s"),
        (8 * 60_000_000_000 + 1, "8m0.000000001s"),
        (.max, "2562047h47m16.854775807s"),
        (.min, "-2562047h47m16.854775808s"),
        (250_000_000, "250ms"),
        (30_000_000_000, "30s"),
        (60_000_000_000, "1m0s"),
        (15 * 60_000_000_000, "15m0s"),
        (3_600_000_000_000, "1h0m0s"),
        (24 * 3_600_000_000_000, "24h0m0s"),
        (-1_500_000_000, "-1.5s"),
    ]

    @Test(arguments: printed)
    func `a duration prints as Go prints it, and reads back`(nanoseconds: Int64, text: String) {
        #expect(GoDuration(nanoseconds: nanoseconds).description == text)
        #expect(GoDuration(text)?.nanoseconds == nanoseconds)
    }

    @Test(
        arguments: [
            ("0", 0), ("+5s", 5_000_000_000), ("-5s", -5_000_000_000), ("5.0s", 5_000_000_000), (".5s", 500_000_000),
            ("5.s", 5_000_000_000), ("1.004s", 1_004_000_000), ("100.00100s", 100_001_000_000), ("14us", 14_000),
            ("15\u{b5}s", 15_000), ("16\u{3bc}s", 16_000), ("3h30m", 12_600_000_000_000),
            ("10.5s4m", 250_500_000_000), ("-2m3.4s", -123_400_000_000), ("39h9m14.425s", 140_954_425_000_000),
            ("9007199254740993ns", 9_007_199_254_740_993), ("9223372036854775807ns", .max),
            ("-9223372036854775808ns", .min), ("-9223372036854775.808us", .min),
            ("0.3333333333333333333h", 1_200_000_000_000),
            ("0.100000000000000000000h", 360_000_000_000), ("0.9223372036854775807h", 3_320_413_933_267),
        ] as [(String, Int64)])
    func `what Go reads is read`(text: String, nanoseconds: Int64) {
        #expect(GoDuration(text)?.nanoseconds == nanoseconds)
    }

    @Test(arguments: [
        "", "3", "-", "s", ".", "-.", ".s", "+.s", "1d", "1s ", " 1s", "1 s", "30", "1h-1m", "3000000h",
        "9223372036854775808ns", "9223372036854775.808us", "-9223372036854775809ns", "1e3s", "\u{663}s", "nan", "0x1s",
    ])
    func `what Go does not read is not read`(text: String) {
        #expect(GoDuration(text) == nil)
    }

    @Test(arguments: [
        (Duration.seconds(90), "1m30s"), (.milliseconds(1500), "1.5s"), (.zero, "0s"),
        (.nanoseconds(1) + Duration(secondsComponent: 0, attosecondsComponent: 5), "1ns"),
        (.seconds(Int64.max), "2562047h47m16.854775807s"), (.seconds(-Int64.max), "-2562047h47m16.854775808s"),
    ])
    func `a duration of Swift becomes one of Go`(duration: Duration, text: String) {
        #expect(GoDuration(duration).description == text)
    }
}
