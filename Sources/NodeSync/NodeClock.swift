// SPDX-License-Identifier: GPL-2.0-or-later
/// The time that passes go by: the system's, or one that a test moves.
public protocol NodeClock: Clock where Instant == ContinuousClock.Instant {}

extension ContinuousClock: NodeClock {}
