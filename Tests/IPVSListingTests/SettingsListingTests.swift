// SPDX-License-Identifier: GPL-2.0-or-later
import DataplaneModel
import IPVSListing
import Testing

struct SettingsListingTests {
    @Test func `timeouts are listed as ipvsadm lists them`() throws {
        #expect(text(SettingsListing.text(of: GoldenTable.timeouts)) == (try golden("timeout")))
    }

    @Test func `sync daemons are listed as ipvsadm lists them`() throws {
        #expect(text(SettingsListing.text(of: GoldenTable.syncDaemons)) == (try golden("daemon")))
    }

    @Test func `what a kernel before 4.3 does not say of a sync daemon is left out`() {
        let daemon = SyncDaemon(role: .backup, multicastInterface: "eth0", syncID: 255)
        #expect(text(SettingsListing.text(of: [daemon])) == "backup sync daemon (mcast=eth0, syncid=255)\n")
    }

    @Test func `without a sync daemon there is nothing`() {
        #expect(SettingsListing.text(of: []).isEmpty)
    }
}
