// SPDX-License-Identifier: GPL-2.0-or-later
/// Keys and certificates for tests: made once with the openssl program, valid for a hundred years, known to everybody and
/// good for nothing else.
///
/// Elliptic curve keys (P-256). For each certificate: `openssl req -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes`
/// and `openssl x509 -req -days 36500`, signed by one of the two authorities, with the names below.
package enum TestCertificates {
    /// The authority that signed `server` and `client`.
    package static let authority = """
        -----BEGIN CERTIFICATE-----
        MIIBjzCCATWgAwIBAgIUVDG4Xf57cCy6ckUzwZ+QLZwCvRgwCgYIKoZIzj0EAwIw
        HDEaMBgGA1UEAwwRa3ViZS1pcHZzIHRlc3QgY2EwIBcNMjYxMTIxMDgyMjUwWhgP
        MjEyNjEwMjgwODIyNTBaMBwxGjAYBgNVBAMMEWt1YmUtaXB2cyB0ZXN0IGNhMFkw
        EwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEQktDINuMM5pN8gq2ffNOYNi1CTnXZRjX
        w0dbsvtbv8wwYbjpNAiFeoJFHAjKrsRxWgpbX5reEWobhdKjLgv9l6NTMFEwHQYD
        VR0OBBYEFHn8uFKTsSvfsd0KL3WsfYJh432LMB8GA1UdIwQYMBaAFHn8uFKTsSvf
        sd0KL3WsfYJh432LMA8GA1UdEwEB/wQFMAMBAf8wCgYIKoZIzj0EAwIDSAAwRQIh
        AMMMcfN4XcmoCPChEkd+7cIRdTzgI43pHoy5Yhtgi1XWAiAfjbBCTatArClvxxNl
        YeGtGVDnS/vR4Fugp71cVzZVfQ==
        -----END CERTIFICATE-----
        """

    /// For localhost, kubernetes.default.svc and 127.0.0.1.
    package static let server = """
        -----BEGIN CERTIFICATE-----
        MIIBwzCCAWigAwIBAgIUUM0B93taNFX50ZK646FKbrbEB/0wCgYIKoZIzj0EAwIw
        HDEaMBgGA1UEAwwRa3ViZS1pcHZzIHRlc3QgY2EwIBcNMjYxMTIxMDgyMjUwWhgP
        MjEyNjEwMjgwODIyNTBaMBUxEzARBgNVBAMMCmt1YmVybmV0ZXMwWTATBgcqhkjO
        PQIBBggqhkjOPQMBBwNCAARLhsfEe3m0JDkOjCqsa+/Q9bX36rVAJd4bTCQUKG/B
        BRvU3X/28H+yTzxALNrhSgphhmboWuclQnFBiotvBwuSo4GMMIGJMDIGA1UdEQQr
        MCmCCWxvY2FsaG9zdIIWa3ViZXJuZXRlcy5kZWZhdWx0LnN2Y4cEfwAAATATBgNV
        HSUEDDAKBggrBgEFBQcDATAdBgNVHQ4EFgQU4Njd32qNy7ht8BbrwSLwkKfIOcww
        HwYDVR0jBBgwFoAUefy4UpOxK9+x3Qovdax9gmHjfYswCgYIKoZIzj0EAwIDSQAw
        RgIhAMq2oA4r/yyOpShrpWRs+dZ3mOVefWZhETrm6tv+mCgRAiEA27k1RxUHjVf4
        vxRdKhoplhQNnYVkRZKyOF81cHwiOMc=
        -----END CERTIFICATE-----
        """

    package static let serverKey = """
        -----BEGIN PRIVATE KEY-----
        MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgYld3HV5GbitBvNnP
        9nDv3fh4vR7vyxwXI6ZytqnKNZ6hRANCAARLhsfEe3m0JDkOjCqsa+/Q9bX36rVA
        Jd4bTCQUKG/BBRvU3X/28H+yTzxALNrhSgphhmboWuclQnFBiotvBwuS
        -----END PRIVATE KEY-----
        """

    /// An authority that nobody has been told to trust.
    package static let strangersAuthority = """
        -----BEGIN CERTIFICATE-----
        MIIBljCCATugAwIBAgIUDdwAZqWolP3B2Z4jwWPE3gYqszUwCgYIKoZIzj0EAwIw
        HzEdMBsGA1UEAwwUa3ViZS1pcHZzIHRlc3Qgb3RoZXIwIBcNMjYxMTIxMDgyMjUw
        WhgPMjEyNjEwMjgwODIyNTBaMB8xHTAbBgNVBAMMFGt1YmUtaXB2cyB0ZXN0IG90
        aGVyMFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEnjdNDfFGJpKxt+dP8ANyJo38
        3XB2FLZ498VfA/50vBLbAAkkzwjYtuULLd2Zv2y8NPNvPkotM82M5pG5e6lRsKNT
        MFEwHQYDVR0OBBYEFMdRPyv1nopy/+DQICEeDzPfozM1MB8GA1UdIwQYMBaAFMdR
        Pyv1nopy/+DQICEeDzPfozM1MA8GA1UdEwEB/wQFMAMBAf8wCgYIKoZIzj0EAwID
        SQAwRgIhAK909HluWwyvyqUrZGfuskUbEooVv64BJDD7kbetRrXPAiEAtp5RQMCV
        WOuGrjGO/WAleICETGQbfaeHoYcd7PF909Y=
        -----END CERTIFICATE-----
        """

    /// For the names of `server`, and signed by `strangersAuthority`.
    package static let stranger = """
        -----BEGIN CERTIFICATE-----
        MIIBxDCCAWugAwIBAgIUIKD1O0FwTTJEv5VQcu4XXb3MhkkwCgYIKoZIzj0EAwIw
        HzEdMBsGA1UEAwwUa3ViZS1pcHZzIHRlc3Qgb3RoZXIwIBcNMjYxMTIxMDgyMjUw
        WhgPMjEyNjEwMjgwODIyNTBaMBUxEzARBgNVBAMMCmt1YmVybmV0ZXMwWTATBgcq
        hkjOPQIBBggqhkjOPQMBBwNCAAQcNyA5yZ4TnA7g0phsgDieUwMaJQaEWCjHxkkN
        oSC7X+JkGLf3Mi0m92WDd0ltujGLa79aY35+a7KuFladZdJ/o4GMMIGJMDIGA1Ud
        EQQrMCmCCWxvY2FsaG9zdIIWa3ViZXJuZXRlcy5kZWZhdWx0LnN2Y4cEfwAAATAT
        BgNVHSUEDDAKBggrBgEFBQcDATAdBgNVHQ4EFgQU+af+Oau/9HdkOyFvtdaVJxyg
        YxIwHwYDVR0jBBgwFoAUx1E/K/WeinL/4NAgIR4PM9+jMzUwCgYIKoZIzj0EAwID
        RwAwRAIga+UWmXs+la7uYNVoocO8ROnZEwFMuyjQc2XU74qA1GQCIE4ZFCPUjCRk
        43sNPlQoZvGwDi0d6YI8Q3dTRGI0ytww
        -----END CERTIFICATE-----
        """

    package static let strangerKey = """
        -----BEGIN PRIVATE KEY-----
        MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQg3QsIy8PDqKcfpJI0
        6+E+DL5lfVMBGymdH5S3JolGg/mhRANCAAQcNyA5yZ4TnA7g0phsgDieUwMaJQaE
        WCjHxkkNoSC7X+JkGLf3Mi0m92WDd0ltujGLa79aY35+a7KuFladZdJ/
        -----END PRIVATE KEY-----
        """

    /// For system:node:test in the group system:nodes.
    package static let client = """
        -----BEGIN CERTIFICATE-----
        MIIBqTCCAU+gAwIBAgIUUM0B93taNFX50ZK646FKbrbEB/4wCgYIKoZIzj0EAwIw
        HDEaMBgGA1UEAwwRa3ViZS1pcHZzIHRlc3QgY2EwIBcNMjYxMTIxMDgyMjUwWhgP
        MjEyNjEwMjgwODIyNTBaMDIxFTATBgNVBAoMDHN5c3RlbTpub2RlczEZMBcGA1UE
        AwwQc3lzdGVtOm5vZGU6dGVzdDBZMBMGByqGSM49AgEGCCqGSM49AwEHA0IABMVE
        WsgiY4/89N0+4enrwXYC6zR9pRrypHwS3Go7nQkWBMOfXOfJKnZoKG1EDtT8ZlOo
        14gpEyROtIVpeFtMe1OjVzBVMBMGA1UdJQQMMAoGCCsGAQUFBwMCMB0GA1UdDgQW
        BBSQ+0h8TkcWwxwHtGyEpx+Luf5YsTAfBgNVHSMEGDAWgBR5/LhSk7Er37HdCi91
        rH2CYeN9izAKBggqhkjOPQQDAgNIADBFAiABCb0D8OL9S19GrBrD9SxeNk6SGkNY
        jbRqb8hNoGOcQwIhAKXd31HXQCmvrWXFufoToF87kFoKy2tIQIUkmLtymO6o
        -----END CERTIFICATE-----
        """

    package static let clientKey = """
        -----BEGIN PRIVATE KEY-----
        MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgmZOXd072GEaH/KdG
        pUaFM5DRAa6H3BaUmuI/BGx9zcmhRANCAATFRFrIImOP/PTdPuHp68F2Aus0faUa
        8qR8EtxqO50JFgTDn1znySp2aChtRA7U/GZTqNeIKRMkTrSFaXhbTHtT
        -----END PRIVATE KEY-----
        """
}

extension HTTPAPIServer.TLS {
    /// The server that the tests trust.
    package static var trusted: Self {
        Self(certificate: TestCertificates.server, key: TestCertificates.serverKey)
    }

    /// As `trusted`, and it wants the client's certificate.
    package static var mutual: Self {
        Self(
            certificate: TestCertificates.server,
            key: TestCertificates.serverKey,
            clientAuthority: TestCertificates.authority
        )
    }

    /// A server with the right name and a certificate of another authority.
    package static var stranger: Self {
        Self(certificate: TestCertificates.stranger, key: TestCertificates.strangerKey)
    }
}
