// SPDX-License-Identifier: GPL-2.0-or-later
extension ResourceListWatch {
    /// In which form something is asked for, and which forms were refused before.
    struct Attempt {
        var features: Set<RequestFeature>
        var refusals: [FeatureRefusal] = []
    }

    /// An attempt with everything that the server is not known to refuse.
    var newAttempt: Attempt { Attempt(features: abilities.features(at: resource.path)) }

    /// Sends a request. Where the server refuses a part of it, it is sent without that part, and what the server does not know
    /// is remembered once that is answered. A part is left out once, so there is an end.
    ///
    /// - Parameter request: What to ask with some features.
    /// - Throws: What the form with the fewest features met, which is the least likely to be about its form.
    func ask(
        _ attempt: inout Attempt,
        _ request: (Set<RequestFeature>) -> APIRequest
    ) async throws(APIError) -> APIResponse<Transport.Body> {
        while true {
            if let response = try await askOnce(&attempt, request(attempt.features)) { return response }
        }
    }

    /// - Returns: `nil` when the server has refused a part of the request, which the attempt does without from now on.
    func askOnce(
        _ attempt: inout Attempt,
        _ request: APIRequest
    ) async throws(APIError) -> APIResponse<Transport.Body>? {
        do throws(APIError) {
            let response = try await transport.send(request).checked(within: timeLimit(options.refusalLimit))
            abilities.note(attempt.refusals, at: resource.path)
            return response
        } catch {
            let features = request.features(selectsLocally: resource.selectsLocally)
            guard let refusal = error.refusal(of: features.intersection(attempt.features)) else { throw error }
            attempt.features.subtract(refusal.features)
            attempt.refusals.append(refusal)
            return nil
        }
    }
}
