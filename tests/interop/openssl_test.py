"""skex-tls against OpenSSL's s_client and s_server, which know raw SHA-256 PSKs
only."""

import unittest

import cases
import peers


class OpensslServer(peers.Process):
    """openssl s_server; sends each line back in reverse."""

    def __init__(self, groups):
        super().__init__(
            "openssl", "s_server", "-accept", "127.0.0.1:0", "-tls1_3",
            "-nocert", "-rev", "-psk", peers.KEY, "-psk_identity",
            peers.IDENTITY, *(["-groups", groups] if groups else []))
        self.port = int(self.wait_for(rb"ACCEPT 127\.0\.0\.1:(\d+)")[1])


class OpensslTest(cases.ForeignPeerCases, cases.HelloRetryRequestCases,
                  unittest.TestCase):

    def foreign_server(self, groups):
        return OpensslServer(groups)

    def foreign_client(self, port, groups, key, identity):
        client = peers.Process(
            "openssl", "s_client", "-connect", "127.0.0.1:%d" % port,
            "-tls1_3", "-quiet", "-no_ign_eof", "-psk", key, "-psk_identity",
            identity, *(["-groups", groups] if groups else []))
        client.write(b"ping\n")
        return client


if __name__ == "__main__":
    peers.print_versions(["openssl", "version"])
    unittest.main()
