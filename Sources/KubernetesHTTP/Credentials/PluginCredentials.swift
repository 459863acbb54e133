// SPDX-License-Identifier: GPL-2.0-or-later
/// The credential of a plugin, shared by all requests: however many wait for one, the plugin runs once.
actor PluginCredentials {
    private let run: ExecRun
    private let now: @Sendable () -> UnixTime
    private var last: ExecCredential?
    private var running: Task<Result<ExecCredential, CredentialError>, Never>?

    init(_ run: ExecRun, now: @escaping @Sendable () -> UnixTime = { UnixTime.current }) {
        self.run = run
        self.now = now
    }

    /// The last credential while it is good, and else a new one.
    func current() async throws(CredentialError) -> ExecCredential {
        if let last, last.expiration.map({ now() < $0 }) ?? true { return last }
        // Not a child of whoever asks first: others wait for it too. It ends by itself, by its time limit.
        let task = running ?? Task { [run] in await run.credential() }
        running = task
        let result = await task.value
        if running == task { running = nil }
        let credential = try result.get()
        last = credential
        return credential
    }

    /// Forgets the credential that `session` showed. A newer one stays.
    func refused(_ session: Session) {
        guard let last else { return }
        let isShown = last.token.map { token in
            session.headers.contains { $0.value.value == "Bearer \(token.value)" }
        }
        let isIdentity = last.identity != nil && last.identity == session.tls.identity
        if isShown ?? isIdentity { self.last = nil }
    }
}
