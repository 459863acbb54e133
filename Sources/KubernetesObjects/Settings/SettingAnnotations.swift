// SPDX-License-Identifier: GPL-2.0-or-later
/// The annotations of an object that are settings of this program, as they are written and with nothing checked.
///
/// These are all below `kube-ipvs.io/`, so that a mistyped one is reported, and kube-router's names for two of them. Other
/// annotations are not kept.
public struct SettingAnnotations: Hashable, Sendable {
    enum Value: Hashable, Sendable {
        case text(String)
        /// More bytes than a setting takes.
        case tooLong(Int)
        /// YAML and JSON can say anything where the API takes text alone.
        case noText
    }

    private(set) var values: [String: Value] = [:]

    static let prefix = "kube-ipvs.io/"
    /// A list of some hundred nodes with a weight for each.
    static let longestValue = 4096

    public init() {}

    public init(_ annotations: [String: String]) {
        guard !annotations.isEmpty else { return }
        for (key, value) in annotations { note(key, value) }
    }

    /// - Parameter annotations: what stands under `metadata.annotations`; no mapping has no annotations.
    init(_ annotations: DocumentNode?) {
        guard case .mapping(let entries)? = annotations?.value else { return }
        for entry in entries {
            switch entry.value.value {
            case .string(let text): note(entry.key, text)
            // For the API it is the empty value.
            case .null: note(entry.key, "")
            default: if Self.takes(entry.key) { values[entry.key] = .noText }
            }
        }
    }

    /// Keeps an annotation if it is a setting. Of several with one key the last one counts.
    public mutating func note(_ key: String, _ value: String) {
        guard Self.takes(key) else { return }
        let length = value.utf8.count
        values[key] = length > Self.longestValue ? .tooLong(length) : .text(value)
    }

    /// Compared byte by byte: to Swift, texts are equal that are written otherwise.
    private static func takes(_ key: String) -> Bool {
        key.utf8.starts(with: prefix.utf8)
            || ServiceSettings.Name.allCases.contains { name in
                name.alias.map { key.utf8.elementsEqual($0.utf8) } ?? false
            }
    }
}

// MARK: - Checking

extension SettingAnnotations {
    /// The settings of a Service. An annotation that cannot be used is left out alone, and a rejection reports it.
    func checkedForService(_ list: inout RejectionList) -> ServiceSettings {
        var settings = ServiceSettings()
        guard !values.isEmpty else { return settings }
        for name in ServiceSettings.Name.allCases {
            // The own name counts before the alias, also where its value cannot be used.
            guard let (annotation, text) = text(of: name, &list) else { continue }
            do throws(SettingError) {
                settings.set(try ServiceSettings.Value(name, text), by: annotation)
            } catch {
                reject(annotation, "\(text.quotedForMessage) \(error.reason)", &list)
            }
        }
        rejectUnknown(among: ServiceSettings.Name.allCases.map(\.rawValue), &list)
        return settings
    }

    /// The weights of a slice's endpoints: an EndpointSlice has no other setting.
    func checkedForSlice(_ list: inout RejectionList) -> EndpointWeights? {
        guard !values.isEmpty else { return nil }
        rejectUnknown(among: [ServiceSettings.Name.weights.rawValue], &list)
        guard let (annotation, text) = text(of: .weights, &list) else { return nil }
        do throws(SettingError) {
            return try EndpointWeights(text)
        } catch {
            reject(annotation, "\(text.quotedForMessage) \(error.reason)", &list)
            return nil
        }
    }

    private func text(
        of name: ServiceSettings.Name,
        _ list: inout RejectionList
    ) -> (annotation: String, text: String)? {
        for annotation in [name.rawValue, name.alias].compactMap(\.self) {
            switch values[annotation] {
            case nil: continue
            case .text(let text): return (annotation, text.trimmingBlanks)
            case .tooLong(let length):
                reject(annotation, "it has \(length) bytes: want \(Self.longestValue) at most", &list)
            case .noText:
                reject(annotation, "it is no text: want it in quotes", &list)
            }
            return nil
        }
        return nil
    }

    private func rejectUnknown(among known: [String], _ list: inout RejectionList) {
        let unknown = values.keys.filter { $0.utf8.starts(with: Self.prefix.utf8) && !known.contains($0) }
        for annotation in unknown.sorted() {
            let wanted = known.joined(separator: ", ")
            reject(annotation, "no \(list.kind) has such an annotation: want one of \(wanted)", &list)
        }
    }

    private func reject(_ annotation: String, _ problem: String, _ list: inout RejectionList) {
        list.reject(
            "metadata.annotations[\(annotation.cutForMessage)]", .invalidAnnotation, "\(problem); the default is used")
    }
}

extension StringProtocol {
    /// Without blanks at its ends.
    var trimmingBlanks: String {
        let start = drop { $0 == " " || $0 == "\t" }
        guard let end = start.lastIndex(where: { $0 != " " && $0 != "\t" }) else { return "" }
        return String(start[...end])
    }
}
