// SPDX-License-Identifier: GPL-2.0-or-later
/// How two texts differ, line by line.
enum LineDiff {
    /// Lines that are only in the first text begin with `-`, those that are only in the second with `+`, common ones with a space.
    ///
    /// - Parameter context: how many common lines are shown around each difference.
    static func lines(from old: [String], to new: [String], context: Int) -> [String] {
        var removed: Set<Int> = []
        var inserted: Set<Int> = []
        for change in new.difference(from: old) {
            switch change {
            case .remove(let offset, _, _): removed.insert(offset)
            case .insert(let offset, _, _): inserted.insert(offset)
            }
        }
        var all: [(mark: Character, text: String, number: Int)] = []
        var (from, to) = (0, 0)
        while from < old.count || to < new.count {
            if removed.contains(from) {
                all.append(("-", old[from], from + 1))
                from += 1
            } else if inserted.contains(to) {
                all.append(("+", new[to], from + 1))
                to += 1
            } else {
                all.append((" ", old[from], from + 1))
                from += 1
                to += 1
            }
        }
        return shown(all, context)
    }

    private static func shown(_ all: [(mark: Character, text: String, number: Int)], _ context: Int) -> [String] {
        let changes = all.indices.filter { all[$0].mark != " " }
        var lines: [String] = []
        var end = 0
        for index in changes {
            let start = max(end, index - context)
            if context > 0, start > end || lines.isEmpty { lines.append("@@ line \(all[start].number) @@") }
            for place in start..<max(start, min(all.count, index + context + 1)) {
                lines.append("\(all[place].mark)\(all[place].text)")
            }
            end = max(end, min(all.count, index + context + 1))
        }
        return lines
    }
}
