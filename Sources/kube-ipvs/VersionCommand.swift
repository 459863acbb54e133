import ArgumentParser

/// `kube-ipvs version`.
struct VersionCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "version",
        abstract: "Prints the version of this program."
    )

    static let version = "0.1.0"

    func run() {
        print("kube-ipvs \(Self.version)")
    }
}
