// SPDX-License-Identifier: GPL-2.0-or-later
import Addressing
import ArgumentParser
import DataplaneModel
import IPVSListing
import NodeDaemon
import NodeInspection

/// Who tells what the cluster calls virtual and real servers.
final class ServerNameSource {
    private enum Source {
        case daemon(RunningDaemon)
        case objects(ObjectNames)
        case nobody
    }

    private var source: Source

    /// So many are asked for together.
    static var askedTogether: Int { 256 }

    static var none: ServerNameSource { ServerNameSource(.nobody) }

    private init(_ source: Source) {
        self.source = source
    }

    /// The running daemon; without one the objects, where flags name a source of them. That there are no names is said on the
    /// standard error.
    static func find(_ objects: ObjectSourceFlags) async throws -> ServerNameSource {
        let daemon = RunningDaemon()
        do throws(DaemonAbsence) {
            _ = try daemon.status()
            return ServerNameSource(.daemon(daemon))
        } catch {
            if let inspection = try await objects.inspect() {
                return ServerNameSource(.objects(inspection.objectNames))
            }
            StandardError.write(
                "warning: without the names of Services and Pods: \(error); "
                    + "--config, --kubeconfig, --master or --manifests would read them from the objects")
            return none
        }
    }

    var hasNames: Bool { if case .nobody = source { false } else { true } }

    /// In the order of the question; empty ones where nobody knows any.
    func names(of identities: [ObservedVirtualServer.Identity]) -> [ServerNames] {
        let ids = identities.map { identity -> VirtualServer.ID? in
            if case .address(let id) = identity { id } else { nil }
        }
        var found = known(ids.compactMap(\.self))[...]
        return ids.map { $0 == nil ? ServerNames() : found.popFirst() ?? ServerNames() }
    }

    private func known(_ ids: [VirtualServer.ID]) -> [ServerNames] {
        switch source {
        case .nobody: return []
        case .objects(let objects): return ids.map(objects.names)
        case .daemon(let daemon):
            do throws(DaemonAbsence) {
                return try daemon.names(of: ids)
            } catch {
                StandardError.write("warning: from here on without names: \(error)")
                source = .nobody
                return []
            }
        }
    }
}

/// Virtual servers cannot be chosen by names that nobody tells.
struct NoNames: Error, CustomStringConvertible {
    var description: String { "--namespace and --service need names, and nobody tells any" }
}

/// Where Services and Pods have their names from when no daemon runs: those of the daemon's flags that say it.
struct ObjectSourceFlags: ParsableArguments {
    @Option(help: ArgumentHelp("Without a daemon: the daemon's configuration file.", valueName: "file"))
    var config: String?
    @Option(help: ArgumentHelp("Without a daemon: the kubeconfig of the API server.", valueName: "file"))
    var kubeconfig: String?
    @Option(help: ArgumentHelp("Without a daemon: the API server's address.", valueName: "url"))
    var master: String?
    @Option(help: ArgumentHelp("Without a daemon: a directory with the objects.", valueName: "directory"))
    var manifests: String?
    @Option(help: ArgumentHelp("Without a daemon: the name of this node.", valueName: "name"))
    var hostnameOverride: String?

    /// - Returns: `nil` where no source is named.
    func inspect() async throws -> NodeInspection? {
        let given = [
            ("--config", config), ("--kubeconfig", kubeconfig), ("--master", master), ("--manifests", manifests),
        ].flatMap { name, value in value.map { [name, $0] } ?? [] }
        guard !given.isEmpty else { return nil }
        let name = hostnameOverride.map { ["--hostname-override", $0] } ?? []
        return try await InspectionFlags.parse(given + name).inspect()
    }
}

/// Which virtual servers are shown.
struct FilterFlags: ParsableArguments {
    @Option(help: ArgumentHelp("Only Services of this namespace.", valueName: "namespace"))
    var namespace: String?
    @Option(help: ArgumentHelp("Only this Service.", valueName: "[namespace/]name"))
    var service: String?
    @Option(help: ArgumentHelp("Only virtual servers of this address.", valueName: "address"))
    var address: String?
    @Option(help: ArgumentHelp("Only virtual servers of this port.", valueName: "port"))
    var port: UInt16?
    @Option(name: .customLong("protocol"), help: ArgumentHelp("Only this protocol.", valueName: "tcp|udp|sctp"))
    var transport: String?

    func validate() throws {
        if let address, IPAddress(address) == nil {
            throw ValidationError("--address: '\(address)' is not an IP address")
        }
        if let transport, TransportProtocol(kubernetesName: transport.uppercased()) == nil {
            throw ValidationError("--protocol: '\(transport)' is none of tcp, udp and sctp")
        }
        if let service {
            let parts = service.split(separator: "/", omittingEmptySubsequences: false)
            guard parts.count <= 2, parts.allSatisfy({ !$0.isEmpty }), parts.count == 1 || namespace == nil else {
                throw ValidationError("--service: '\(service)' is not a Service such as web or shop/web")
            }
        }
    }

    var filter: ServerFilter {
        var filter = ServerFilter()
        filter.namespace = namespace
        if let parts = service?.split(separator: "/") {
            if parts.count == 2 { filter.namespace = String(parts[0]) }
            filter.service = parts.last.map(String.init)
        }
        filter.address = address.flatMap { IPAddress($0) }
        filter.port = port
        filter.transport = transport.flatMap { TransportProtocol(kubernetesName: $0.uppercased()) }
        return filter
    }
}
