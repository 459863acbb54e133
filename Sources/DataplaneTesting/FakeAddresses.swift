public import Addressing
public import DataplaneModel
public import Reconcile

/// The dummy link as a model.
public final class FakeAddresses: AddressDataplane {
    public var hasLink = false
    /// What is bound now; assign to change it behind the daemon's back.
    public var bound: Set<IPAddress> = []
    /// Those that somebody bound who lets the node choose them as a source.
    public var selectable: Set<IPAddress> = []
    public private(set) var writeCount = 0
    public var brokenAddresses: Set<IPAddress> = []

    private let onChange: (String) -> Void

    public init(onChange: @escaping (String) -> Void = { _ in }) {
        self.onChange = onChange
    }

    public func linkExists() throws(DataplaneError) -> Bool { hasLink }

    public func createLink() throws(DataplaneError) {
        guard !hasLink else { throw DataplaneError(part: .addresses, number: 17, explanation: "the link exists") }
        hasLink = true
        wrote("create link")
    }

    public func boundAddresses(of family: IPFamily) throws(DataplaneError) -> Set<IPAddress> {
        bound.filter { $0.family == family }
    }

    public func selectableAddresses(of family: IPFamily) throws(DataplaneError) -> Set<IPAddress> {
        bound.intersection(selectable).filter { $0.family == family }
    }

    public func apply(_ changes: [AddressChange]) throws(DataplaneError) -> [RefusedChange<AddressChange>] {
        guard hasLink else { throw DataplaneError(part: .addresses, number: 19, explanation: "there is no link") }
        var refused: [RefusedChange<AddressChange>] = []
        for change in changes {
            guard !brokenAddresses.contains(change.address) else {
                let error = DataplaneError(part: .addresses, number: 22, explanation: "refused by the fake")
                refused.append(RefusedChange(change: change, error: error))
                continue
            }
            switch change {
            case .bind(let address):
                bound.insert(address)
                selectable.remove(address)
            case .unbind(let address): bound.remove(address)
            }
            wrote("\(change)")
        }
        return refused
    }

    private func wrote(_ what: String) {
        writeCount += 1
        onChange("address \(what)")
    }
}
