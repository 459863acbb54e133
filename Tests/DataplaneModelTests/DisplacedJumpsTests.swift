// SPDX-License-Identifier: GPL-2.0-or-later
import Addressing
import DataplaneModel
import Testing

@Suite struct DisplacedJumpsTests {
    private let start = ContinuousClock.now
    private let displaced = JumpOrder(
        """
        *nat
        -A OUTPUT -p tcp -j DNAT --to-destination 10.1.1.1
        -A OUTPUT -m comment --comment "kubernetes service portals" -j KUBE-SERVICES
        COMMIT

        """)
    private let inOrder = JumpOrder("")

    @Test func `a jump behind a rule of others is moved, and not again within a period`() {
        var jumps = DisplacedJumps(period: .seconds(30))
        let first = jumps.jumpsToMove(in: displaced, at: start)
        #expect(first.map(\.origin) == ["OUTPUT"])
        #expect(jumps.left.isEmpty)
        jumps.noteMoved(first, at: start)

        for seconds in [1, 10, 29] {
            #expect(jumps.jumpsToMove(in: displaced, at: start + .seconds(seconds)).isEmpty)
            #expect(jumps.left.values.map(\.rule) == ["-p tcp -j DNAT --to-destination 10.1.1.1"])
        }
        #expect(jumps.jumpsToMove(in: displaced, at: start + .seconds(30)) == first)
        #expect(jumps.left.isEmpty)
    }

    @Test func `a move that failed may be tried again at once`() {
        var jumps = DisplacedJumps()
        let first = jumps.jumpsToMove(in: displaced, at: start)
        #expect(jumps.jumpsToMove(in: displaced, at: start) == first)
        #expect(jumps.takeNews().isEmpty)
    }

    @Test func `that somebody insists is said once, and again only after a time without it`() {
        var jumps = DisplacedJumps()
        var told: [Int] = []
        for period in 0..<10 {
            let now = start + .seconds(30 * period)
            let isDisplaced = period != 6 && period != 7
            jumps.noteMoved(jumps.jumpsToMove(in: isDisplaced ? displaced : inOrder, at: now), at: now)
            if !jumps.takeNews().isEmpty { told.append(period) }
        }
        #expect(told == [1, 8])
    }

    @Test func `a rule that comes long after a move is no contest`() {
        var jumps = DisplacedJumps()
        for period in 0..<30 {
            let now = start + .seconds(30 * period)
            let isDisplaced = period == 0 || period == 25
            jumps.noteMoved(jumps.jumpsToMove(in: isDisplaced ? displaced : inOrder, at: now), at: now)
        }
        #expect(jumps.takeNews().isEmpty)
        #expect(jumps.contestedCount == 0)
    }

    @Test func `a jump in order is left alone`() {
        var jumps = DisplacedJumps()
        #expect(jumps.jumpsToMove(in: inOrder, at: start).isEmpty)
        #expect(jumps.left.isEmpty)
    }

    @Test func `a jump that is moved leaves its place, each time that it is there, and goes to the head`() throws {
        let jump = try #require(JumpOrder.jumps.first { $0.origin == "OUTPUT" })
        let rule = #"OUTPUT -m comment --comment "kubernetes service portals" -j KUBE-SERVICES"#
        let twice = InstalledRules("*nat\n-A OUTPUT -j CNI\n-A \(rule)\n-A \(rule)\nCOMMIT\n")
        let input = try #require(Ruleset(RuleConfiguration(), .v4).restoreInput(over: twice, moving: [jump]))
        let ofOutput = input.split(separator: "\n").filter { $0.contains("kubernetes service portals") }
        #expect(ofOutput.filter { $0.contains("OUTPUT") } == ["-D \(rule)", "-D \(rule)", "-I \(rule)"])
    }
}
