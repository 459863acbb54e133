// SPDX-License-Identifier: GPL-2.0-or-later
public import DataplaneModel
import Glibc
public import IPVSListing
public import NodeStatus

/// The daemon of this network namespace, asked on its local socket. Its calls block, for some seconds at most.
public struct RunningDaemon: Sendable {
    private let name: String
    /// For one question.
    private let patience: Duration

    /// More than any answer.
    private static var answerLimit: Int { 32 << 20 }

    /// - Parameter isDryRun: whether a daemon that writes nothing is asked.
    public init(isDryRun: Bool = false) {
        self.init(isDryRun ? LocalStatusSocket.dryRunName : LocalStatusSocket.usualName)
    }

    init(_ name: String, patience: Duration = HealthProbe.patience) {
        self.name = name
        self.patience = patience
    }

    /// Where it is asked.
    public var place: String { "the local socket @\(name)" }

    public func status() throws(DaemonAbsence) -> StatusReport {
        let body = try answer(to: LocalQuestion(method: "GET", path: "/status", body: []))
        do throws(StatusReadingError) {
            return try StatusReport(json: body)
        } catch {
            throw absence("what answers is of another version: \(error)")
        }
    }

    /// The names of virtual servers, in the order of the question.
    public func names(of ids: [VirtualServer.ID]) throws(DaemonAbsence) -> [ServerNames] {
        var names: [ServerNames] = []
        while names.count < ids.count {
            let next = ids[names.count...].prefix(ServerNamesText.mostAsked)
            let body = try answer(
                to: LocalQuestion(method: "POST", path: "/names", body: ServerNamesText.question(next)))
            guard let found = ServerNamesText.names(in: body), !found.isEmpty, found.count <= next.count else {
                throw absence("its answer is not understood")
            }
            names += found
        }
        return names
    }

    private func answer(to question: LocalQuestion) throws(DaemonAbsence) -> [UInt8] {
        let bytes: [UInt8]
        do throws(ProbeError) {
            let connection = try ProbeConnection.open(toLocal: name, until: .now + patience)
            bytes = try connection.answer(to: question.text, upTo: Self.answerLimit)
        } catch {
            throw absence("\(error)")
        }
        guard let answer = LocalAnswer(read: bytes) else { throw absence("what answers is not kube-ipvs") }
        guard answer.code == 200 else {
            let words = String(decoding: answer.body.prefix(200), as: UTF8.self).split(separator: "\n").first ?? ""
            throw absence("it answers \(answer.code): \(words)")
        }
        return answer.body
    }

    private func absence(_ reason: String) -> DaemonAbsence {
        DaemonAbsence(
            description: "no daemon of kube-ipvs answers on \(place) of this network namespace: \(reason)")
    }
}

/// Why no running daemon can be asked, and what was tried.
public struct DaemonAbsence: Error, Hashable, Sendable, CustomStringConvertible {
    public let description: String
}
