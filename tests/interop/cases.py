"""What every foreign peer must show, in both directions."""

import peers

# The three ways in which two ends can disagree about a raw PSK.
CLIENT_DISAGREES = {
    "wrong key": {"key": peers.WRONG_KEY},
    "unknown identity": {"identity": "somebody else"},
}


class ForeignPeerCases:
    """Cases for a foreign implementation; a mixin for unittest.TestCase.

    A test case defines
      foreign_server(groups): a context manager for a server with .port, which
          answers a line with the same line, forwards or backwards;
      foreign_client(port, groups, key, identity): a Process that sends "ping\\n"
          and ends when its input does;
      groups(names): the peer's way to say these groups, None for its default.
    """

    def check_completed(self, facts, retry=False):
        self.assertEqual(facts["handshake"], "completed", facts)
        self.assertEqual(facts["version"], "TLSv1.3")
        self.assertEqual(facts["mode"], "raw")
        self.assertEqual(facts["identity"], peers.IDENTITY)
        self.assertIn(facts["cipher"], ("TLS_AES_128_GCM_SHA256",
                                        "TLS_CHACHA20_POLY1305_SHA256"))
        self.assertEqual(facts["hello_retry"], retry)

    def check_refused(self, facts):
        self.assertEqual(facts["handshake"], "refused", facts)
        self.assertEqual(facts["code"], "UNAUTHENTICATED", facts)

    def run_our_client(self, server, *flags, **psk):
        """Runs skex-tls against the peer; returns facts, status, output."""
        with peers.SkexClient(server.port, *flags, **psk) as client:
            facts = client.facts()
            if facts["handshake"] == "completed":
                client.write(b"ping\n")
                client.wait_for(rb"ping\n|gnip")
            return facts, client.finish()

    # Our client, their server.

    def test_our_client_connects(self):
        with self.foreign_server(None) as server:
            facts, status = self.run_our_client(server)
            self.check_completed(facts)
            self.assertEqual(status, 0)

    def test_our_client_connects_with_each_cipher(self):
        for flag, name in (("aes128gcm", "TLS_AES_128_GCM_SHA256"),
                           ("chacha20poly1305",
                            "TLS_CHACHA20_POLY1305_SHA256")):
            with self.subTest(flag), self.foreign_server(None) as server:
                facts, status = self.run_our_client(server, "--cipher", flag)
                self.check_completed(facts)
                self.assertEqual(facts["cipher"], name)
                self.assertEqual(status, 0)

    def test_their_server_refuses(self):
        with self.foreign_server(None) as server:
            for what, psk in CLIENT_DISAGREES.items():
                with self.subTest(what):
                    facts, status = self.run_our_client(server, **psk)
                    self.check_refused(facts)
                    self.assertEqual(status, 1)
            with self.subTest("wrong hash"):
                facts, status = self.run_our_client(server, "--hash", "sha384")
                self.check_refused(facts)
                self.assertEqual(status, 1)
            with self.subTest("imported"):
                facts, status = self.run_our_client(server, mode="imported")
                self.check_refused(facts)
                self.assertEqual(status, 1)
            with self.subTest("right again"):
                self.check_completed(self.run_our_client(server)[0])

    # Our server, their client.

    def test_their_client_connects(self):
        with peers.SkexServer() as server:
            with self.foreign_client(server.port, None, peers.KEY,
                                     peers.IDENTITY) as client:
                client.wait_for(rb"ping\n")
                self.check_completed(server.facts())
                client.finish()
            self.assertEqual(server.finish(), 0)

    def check_our_server_refuses(self, server, **psk):
        key = psk.get("key", peers.KEY)
        identity = psk.get("identity", peers.IDENTITY)
        with server, self.foreign_client(server.port, None, key,
                                         identity) as client:
            facts = server.facts()
            self.check_refused(facts)
            self.assertIn("alert sent: decrypt error (51)", facts["reason"])
            self.assertEqual(server.finish(), 1)
            client.finish()
            self.assertNotIn(b"ping", client.stdout)

    def test_our_server_refuses(self):
        for what, psk in CLIENT_DISAGREES.items():
            with self.subTest(what):
                self.check_our_server_refuses(peers.SkexServer(), **psk)
        with self.subTest("wrong hash"):
            self.check_our_server_refuses(
                peers.SkexServer("--hash", "sha384"))
        with self.subTest("imported"):
            self.check_our_server_refuses(peers.SkexServer(mode="imported"))


class HelloRetryRequestCases:
    """More cases, for a peer whose groups can be chosen."""

    def test_our_client_is_sent_a_hello_retry_request(self):
        with self.foreign_server("P-384") as server:
            facts, status = self.run_our_client(
                server, "--groups", "X25519:P-384")
            self.check_completed(facts, retry=True)
            self.assertEqual(facts["group"], "P-384")
            self.assertEqual(status, 0)

    def test_their_client_is_sent_a_hello_retry_request(self):
        with peers.SkexServer("--groups", "P-384") as server:
            with self.foreign_client(server.port, "X25519:P-384", peers.KEY,
                                     peers.IDENTITY) as client:
                client.wait_for(rb"ping\n")
                facts = server.facts()
                self.check_completed(facts, retry=True)
                self.assertEqual(facts["group"], "P-384")
                client.finish()
            self.assertEqual(server.finish(), 0)
