// SPDX-License-Identifier: GPL-2.0-or-later
import ArgumentParser

/// The first word of a command line.
enum CommandName {
    /// - Throws: a `ValidationError` when the word is neither a flag nor a command; it names the command that was probably meant.
    static func check(_ word: String, among names: [String]) throws {
        guard !word.isEmpty, !word.hasPrefix("-"), !names.contains(word) else { return }
        let suggestion = closest(to: word, among: names).map { "; did you mean '\($0)'?" } ?? ""
        throw ValidationError("there is no command '\(word.prefix(64))'\(suggestion)")
    }

    /// The name that is at most two slips of the keyboard away.
    static func closest(to word: String, among names: [String]) -> String? {
        guard word.utf8.count < 64 else { return nil }
        let candidates = names.map { (name: $0, slips: slips(from: Array(word.lowercased().utf8), to: Array($0.utf8))) }
        guard let best = candidates.min(by: { $0.slips < $1.slips }), best.slips <= 2, best.slips < best.name.utf8.count
        else { return nil }
        return best.name
    }

    /// How many letters are missing, too many, wrong, or in the place of their neighbour (the optimal string alignment distance).
    private static func slips(from word: [UInt8], to name: [UInt8]) -> Int {
        var rows = [Array(0...name.count)]
        for (row, letter) in word.enumerated() {
            var next = [row + 1]
            for (column, other) in name.enumerated() {
                var least = min(
                    next[column] + 1, rows[row][column + 1] + 1, rows[row][column] + (letter == other ? 0 : 1))
                if row > 0, column > 0, letter == name[column - 1], word[row - 1] == other {
                    least = min(least, rows[row - 1][column - 1] + 1)
                }
                next.append(least)
            }
            rows.append(next)
        }
        return rows[word.count][name.count]
    }
}
