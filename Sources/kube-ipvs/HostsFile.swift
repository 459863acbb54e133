// SPDX-License-Identifier: GPL-2.0-or-later
import Addressing
import Glibc

/// `/etc/hosts`: what is left when no name server answers.
struct HostsFile {
    private var names: [IPAddress: String] = [:]

    /// Empty when the file cannot be read.
    init(path: String = "/etc/hosts") {
        guard let file = unsafe fopen(path, "re") else { return }
        defer { unsafe fclose(file) }
        var line: UnsafeMutablePointer<CChar>?
        var capacity = 0
        defer { unsafe free(line) }
        while unsafe getline(&line, &capacity, file) >= 0, let line = unsafe line {
            add(unsafe String(cString: line))
        }
    }

    /// The first name of the first line with the address, as the resolver takes it.
    subscript(address: IPAddress) -> String? { names[address] }

    private mutating func add(_ line: String) {
        let fields = line.prefix { $0 != "#" }.split(whereSeparator: \.isWhitespace)
        guard fields.count >= 2, let address = IPAddress(String(fields[0])), names[address] == nil else { return }
        names[address] = String(fields[1])
    }
}
