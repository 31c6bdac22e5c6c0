"""skex-tls against gnutls-cli and gnutls-serv, which know raw PSKs only. Their
keys belong to SHA-256 unless the program says otherwise."""

import unittest

import cases
import peers

PRIORITY = "NORMAL:-VERS-ALL:+VERS-TLS1.3:-KX-ALL:+ECDHE-PSK:+DHE-PSK"

_GROUPS = {
    None: "",
    "P-384": ":-GROUP-ALL:+GROUP-SECP384R1",
    "X25519:P-384": ":-GROUP-ALL:+GROUP-X25519:+GROUP-SECP384R1",
}


class GnutlsServer(peers.Process):
    """gnutls-serv; sends each line back."""

    def __init__(self, groups):
        self._folder = peers.Folder()
        # A name that is hex after a '#': the identity has a space in it.
        keys = self._folder.write("keys", "#%s:%s\n" % (
            peers.IDENTITY.encode().hex(), peers.KEY))
        self.port = peers.free_port()
        super().__init__("gnutls-serv", "--echo", "--noticket", "--port",
                         self.port, "--pskpasswd", keys, "--priority",
                         PRIORITY + _GROUPS[groups])
        self.wait_for(rb"listening on IPv4 .*done")

    def __exit__(self, *args):
        super().__exit__(*args)
        self._folder.cleanup()


class GnutlsTest(cases.ForeignPeerCases, cases.HelloRetryRequestCases,
                 unittest.TestCase):

    def foreign_server(self, groups):
        return GnutlsServer(groups)

    def foreign_client(self, port, groups, key, identity):
        client = peers.Process(
            "gnutls-cli", "--port", port, "127.0.0.1", "--pskusername",
            identity, "--pskkey", key, "--single-key-share", "--priority",
            PRIORITY + _GROUPS[groups])
        client.write(b"ping\n")
        return client


if __name__ == "__main__":
    peers.print_versions(["gnutls-cli", "--version"])
    unittest.main()
