// SPDX-License-Identifier: GPL-2.0-or-later
import CIPSetShims
import DataplaneModel
import Glibc

/// What libipset or the kernel said when it refused a command.
struct IPSetFailure: Error {
    /// The kernel's: an errno or an `IPSET_ERR_*`. 0 when the exchange itself broke, and the session with it.
    var number: Int32
    var words: String
}

/// A libipset session, closed when its last reference goes.
@safe
final class IPSetSession {
    /// Whether answers may still come that no command waits for: a session like that must not be used.
    private(set) var isBroken = false

    private let session: OpaquePointer

    /// - Throws: also when the kernel has no ip_set, or the process may not use it.
    init() throws(IPSetFailure) {
        guard let session = unsafe cipset_open() else {
            throw IPSetFailure(number: ENOMEM, words: "out of memory")
        }
        unsafe self.session = session
        try unsafe check(cipset_greet(session))
    }

    deinit {
        unsafe cipset_close(session)
    }

    func create(_ set: IPSetDefinition) throws(IPSetFailure) {
        let status = unsafe Self.withDefinition(set) { unsafe cipset_create(session, $0) }
        try check(status)
    }

    func destroy(_ name: String) throws(IPSetFailure) {
        try unsafe check(cipset_destroy(session, name))
    }

    func swap(_ first: String, _ second: String) throws(IPSetFailure) {
        try unsafe check(cipset_swap(session, first, second))
    }

    /// Where a row of entries came to an end.
    enum Progress {
        case complete
        /// Entries before `index` took effect, that at `index` was refused, those after it were not tried.
        case refused(index: Int, IPSetFailure)
    }

    /// Adds entries to a set, or removes them, many to a message.
    ///
    /// - Throws: a failure that is not that of one entry.
    func change(
        _ command: cipset_command,
        _ set: IPSetDefinition,
        _ entries: ArraySlice<cipset_entry>
    ) throws(IPSetFailure) -> Progress {
        var done = 0
        let status = unsafe Self.withDefinition(set) { definition in
            unsafe entries.withUnsafeBufferPointer { entries in
                guard let first = entries.baseAddress else { return 0 }
                return unsafe cipset_change(session, command, definition, first, entries.count, &done)
            }
        }
        guard status != 0 else { return .complete }
        let failure = failure()
        guard done < entries.count else { throw failure }
        return .refused(index: entries.startIndex + done, failure)
    }

    private func check(_ status: Int32) throws(IPSetFailure) {
        guard status == 0 else { throw failure() }
    }

    private func failure() -> IPSetFailure {
        let number = unsafe cipset_error_number(session)
        if number == 0 { isBroken = true }
        return unsafe IPSetFailure(number: number, words: String(cString: cipset_error_text(session)))
    }

    private static func withDefinition(
        _ set: IPSetDefinition,
        _ body: (UnsafePointer<cipset_definition>) -> Int32
    ) -> Int32 {
        unsafe set.name.withCString { name in
            unsafe set.type.rawValue.withCString { type in
                var definition = unsafe cipset_definition(
                    name: name,
                    type: type,
                    family: UInt8(set.family.rawAddressFamily),
                    maximum_elements: set.maximumElements
                )
                return unsafe body(&definition)
            }
        }
    }
}
