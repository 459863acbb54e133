// SPDX-License-Identifier: GPL-2.0-or-later
import Addressing
package import KubernetesObjects

extension StatusReport {
    /// All keys are there; what does not apply is `null`.
    package var json: JSONValue {
        [
            "schemaVersion": .integer(Self.schemaVersion),
            "time": .string(time),
            "node": .string(node),
            "version": .string(version),
            "uptime": .integer(uptime),
            "source": .string(source),
            "nodeEligible": .bool(isNodeEligible),
            "works": .bool(troubles.isEmpty),
            "troubles": .array(troubles.map(JSONValue.string)),
            "families": .array(families.map(\.json)),
            "watches": .array(watches.map(\.json)),
            "rejectedCount": JSONValue(rejectedCount),
            "rejected": .array(rejected.map { ["text": .string($0.text), "age": .integer($0.age)] }),
            "settings": .array(settings.map { ["setting": .string($0.setting), "error": .string($0.error)] }),
            "dryRun": dryRun.map { dryRun in
                [
                    "differences": JSONValue(dryRun.differences),
                    "names": .array(dryRun.names.map(JSONValue.string)),
                ]
            } ?? .null,
            "repaired": .array(repaired.map { ["name": .string($0.name), "age": .integer($0.age)] }),
        ]
    }
}

extension FamilyStatus {
    fileprivate var json: JSONValue {
        let pass: JSONValue? = lastPass.map {
            ["mode": .string($0.mode), "age": .integer($0.age), "milliseconds": .integer($0.milliseconds)]
        }
        return [
            "family": .string("\(family)"),
            "healthy": .bool(isHealthy),
            "lastCompletePass": JSONValue(lastCompletePass),
            "lastPass": pass ?? .null,
            "failures": .array(
                failures.map { ["part": .string($0.part), "error": .string($0.error), "age": .integer($0.age)] }),
            "virtualServers": JSONValue(virtualServers),
            "contestedVirtualServers": JSONValue(contestedServers),
            "realServers": JSONValue(realServers),
            "draining": JSONValue(draining),
            "refusedCount": JSONValue(refusedCount),
            "refused": .array(refused.map { ["attempt": .string($0.attempt), "error": .string($0.error)] }),
            "sets": .array(
                sets.map {
                    ["name": .string($0.name), "entries": JSONValue($0.entries), "capacity": JSONValue($0.capacity)]
                }),
            "drift": .object(drift.map { JSONValue.Member(key: $0.kind, value: JSONValue($0.count)) }),
        ]
    }
}

extension WatchStatus {
    fileprivate var json: JSONValue {
        [
            "resource": .string(resource),
            "state": .string(state.rawValue),
            "lastEvent": JSONValue(lastEvent),
            "failedSince": JSONValue(failedSince),
            "error": error.map(JSONValue.string) ?? .null,
        ]
    }
}

extension JSONValue {
    fileprivate init(_ number: Int) { self = .integer(Int64(number)) }

    fileprivate init(_ number: Int64?) { self = number.map(JSONValue.integer) ?? .null }
}
