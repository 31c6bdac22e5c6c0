"""skex-tls against itself, and its command line."""

import unittest

import peers

CONTEXT = ("--context", "client|server")


class SkexTlsTest(unittest.TestCase):

    def connect(self, client_flags=(), server_flags=(), client_psk=None,
                server_psk=None):
        """Returns the facts and exit statuses of both ends."""
        with peers.SkexServer(*server_flags, **(server_psk or {})) as server:
            with peers.SkexClient(server.port, *client_flags,
                                  **(client_psk or {})) as client:
                facts = client.facts()
                if facts["handshake"] == "completed":
                    client.write(b"ping\n")
                    client.wait_for(rb"ping\n")
                client_status = client.finish()
                return facts, client_status, server.facts(), server.finish()

    def test_imported(self):
        psk = {"mode": "imported"}
        for key_hash in ("sha256", "sha384"):
            with self.subTest(key_hash):
                flags = (*CONTEXT, "--hash", key_hash)
                client, client_status, server, server_status = self.connect(
                    flags, flags, psk, psk)
                self.assertEqual((client_status, server_status), (0, 0))
                for facts in (client, server):
                    self.assertEqual(facts["handshake"], "completed")
                    self.assertEqual(facts["mode"], "imported")
                    self.assertEqual(facts["identity"], peers.IDENTITY)
                    self.assertEqual(facts["cipher"], "TLS_AES_256_GCM_SHA384")
                    self.assertEqual(facts["group"], "X25519")
                    self.assertFalse(facts["hello_retry"])

    def test_raw(self):
        client, client_status, _, server_status = self.connect()
        self.assertEqual((client_status, server_status), (0, 0))
        self.assertEqual(client["mode"], "raw")
        self.assertEqual(client["cipher"], "TLS_AES_128_GCM_SHA256")

    def test_hello_retry_request(self):
        for mode in ("imported", "raw"):
            with self.subTest(mode):
                client, _, server, _ = self.connect(
                    server_flags=("--groups", "P-384"),
                    client_psk={"mode": mode}, server_psk={"mode": mode})
                for facts in (client, server):
                    self.assertTrue(facts["hello_retry"])
                    self.assertEqual(facts["group"], "P-384")

    def test_refusals(self):
        imported = {"mode": "imported"}
        cases = {
            "wrong key": {"client_psk": {"key": peers.WRONG_KEY}},
            "unknown identity": {"client_psk": {"identity": "other"}},
            "wrong hash": {"client_flags": ("--hash", "sha384")},
            "other form": {"client_psk": imported},
            "wrong context": {
                "client_flags": ("--context", "server|client"),
                "server_flags": CONTEXT,
                "client_psk": imported, "server_psk": imported},
        }
        for what, arguments in cases.items():
            with self.subTest(what):
                client, client_status, server, server_status = self.connect(
                    **arguments)
                self.assertEqual((client_status, server_status), (1, 1))
                self.assertEqual(client["code"], "UNAUTHENTICATED")
                self.assertEqual(server["code"], "UNAUTHENTICATED")
                self.assertIn("alert received: decrypt error (51)",
                              client["reason"])

    def test_cut_connection_is_not_a_clean_end(self):
        with peers.SkexServer() as server:
            with peers.SkexClient(server.port) as client:
                client.facts()
                # The block's end kills the client.
            self.assertEqual(server.finish(), 1)
            self.assertIn(b"no close_notify", server.stderr)

    def test_bulk_data_comes_back(self):
        data = bytes(range(256)) * 4096
        with peers.SkexServer() as server:
            with peers.SkexClient(server.port) as client:
                client.facts()
                client.write(data)
                self.assertEqual(client.finish(), 0)
                self.assertEqual(client.stdout, data)
            self.assertEqual(server.finish(), 0)

    def run_program(self, *arguments):
        with peers.Process(peers.skex_tls_path(), *arguments) as process:
            status = process.finish()
            return status, process.stdout.decode(), process.stderr.decode()

    def test_usage_errors(self):
        psk = ("--psk", peers.KEY, "--identity", "id")
        client = ("client", "--connect", "127.0.0.1:1")
        for arguments, message in (
                ((), "subcommand is required"),
                (("client",), "--connect is required"),
                (("client", "--connect", "nowhere", *psk), "not HOST:PORT"),
                ((*client, "--identity", "id"), "--psk or --psk-file"),
                ((*client, "--psk", peers.KEY), "--identity or"),
                ((*client, "--psk", "abc", "--identity", "id"), "odd number"),
                ((*client, "--psk", "zz" * 16, "--identity", "id"),
                 "not a hex digit"),
                ((*client, "--psk", "00" * 15, "--identity", "id"),
                 "at least 16 bytes"),
                ((*client, *psk, "--hash", "sha512"), "--hash"),
                ((*client, *psk, "--mode", "other"), "--mode"),
                ((*client, *psk, "--cipher", "des"), "--cipher"),
                ((*client, *psk, "--groups", "X448"), "unknown group: X448"),
                ((*client, *psk, "--groups", "P-256:P-256"), "twice"),
                ((*client, *psk, "--mode", "raw", "--context", "c"),
                 "raw PSK has no context"),
                ((*client, "--psk", peers.KEY, "--identity", "i" * 20000),
                 "do not fit into a ClientHello"),
                ((*client, "--psk-file", "/nonexistent", "--identity", "id"),
                 "cannot be read"),
        ):
            with self.subTest(message):
                status, out, err = self.run_program(*arguments)
                self.assertEqual((status, out), (2, ""))
                self.assertIn(message, err)

    def test_help(self):
        status, out, _ = self.run_program("--help")
        self.assertEqual(status, 0)
        self.assertIn("client", out)
        status, out, _ = self.run_program("server", "--help")
        self.assertEqual(status, 0)
        self.assertIn("--once", out)

    def test_connection_refused(self):
        status, _, err = self.run_program(
            "client", "--connect", "127.0.0.1:%d" % peers.free_port(),
            "--psk", peers.KEY, "--identity", "id")
        self.assertEqual(status, 1)
        self.assertIn("connecting to", err)

    def test_key_file_and_hex_identity(self):
        with peers.Folder() as name:
            path = name + "/key"
            with open(path, "w") as file:
                file.write(peers.KEY + "\n")
            with peers.SkexServer() as server:
                status, _, err = self.run_program(
                    "client", "--connect", "127.0.0.1:%d" % server.port,
                    "--psk-file", path, "--identity-hex",
                    peers.IDENTITY.encode().hex(), "--mode", "raw")
                self.assertEqual(status, 0)
                self.assertIn('raw PSK "%s"' % peers.IDENTITY, err)


if __name__ == "__main__":
    unittest.main()
