// SPDX-License-Identifier: GPL-2.0-or-later
import Glibc

/// How long the C library waits for name servers (resolv.conf(5)).
///
/// Its own limit of twice five seconds for each name server is longer than a try to connect may take. Names are resolved one
/// after the other, so while no name server answered, tries would pile up and the first one after its return come late.
public enum NameResolution {
    static var variable: String { "RES_OPTIONS" }
    static var limits: String { "timeout:1 attempts:1" }

    /// Has each name server asked once, for a second, where the environment says nothing else. Whoever asks tries again anyway.
    ///
    /// Call it before there are threads: they may read the environment.
    public static func limit() {
        // It fails only for lack of memory; then the limits stay as they were.
        _ = unsafe setenv(variable, limits, 0)
    }
}
