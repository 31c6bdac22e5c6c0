"""skexctl pair: the lanes of two agents that need no hub."""

import os
import shutil

from service.ctl import ctl_case

ALICE = ctl_case.ALICE
BOB = ctl_case.BOB


class PairTest(ctl_case.CtlCase):
    LANES = "alice-state/peers/" + BOB

    def setUp(self):
        super().setUp()
        for name in [ALICE, BOB]:
            self.ok("init", "agent", "--name", name,
                    "--out", name.split("@", maxsplit=1)[0] + ".toml")

    def make(self, agents=ALICE + "," + BOB, out_a="a.cred", out_b="b.cred"):
        return ["pair", "make", "--agents", agents, "--out-a", out_a,
                "--out-b", out_b]

    def imports(self, agent="alice", credential="a.cred"):
        return ["pair", "import", "--config", agent + ".toml",
                "--credential", credential]

    def revoke(self, *more):
        return ["pair", "revoke", "--config", "alice.toml", "--peer", BOB,
                *more]

    @staticmethod
    def value(name, out):
        lines = [line.split(maxsplit=1) for line in out.splitlines()]
        return [line[1] for line in lines if line and line[0] == name]

    def test_two_agents_get_the_two_ends_of_the_same_lanes(self):
        made = self.ok(*self.make())
        for name in ["a.cred", "b.cred"]:
            self.assertEqual(self.mode(name), 0o600)
        at_alice = self.ok(*self.imports())
        at_bob = self.ok(*self.imports("bob", "b.cred"))
        fingerprint = self.value("fingerprint", made)
        self.assertRegex(fingerprint[0], r"^([0-9a-f]{4} ){7}[0-9a-f]{4}$")
        self.assertEqual(self.value("fingerprint", at_alice), fingerprint)
        self.assertEqual(self.value("fingerprint", at_bob), fingerprint)
        self.assertEqual(self.value("outgoing", at_alice),
                         self.value("incoming", at_bob))
        self.assertEqual(self.value("incoming", at_alice),
                         self.value("outgoing", at_bob))
        self.assertFalse(os.path.exists(self.path("a.cred")))
        self.assertEqual(sorted(os.listdir(self.path(self.LANES))),
                         ["incoming", "outgoing"])
        for name in ["", "/incoming", "/outgoing"]:
            self.assertEqual(self.mode(self.LANES + name) & 0o077, 0)

    def test_show_tells_what_is_there_and_no_secret(self):
        show = ["pair", "show", "--config", "alice.toml"]
        self.assertEqual(self.ok(*show), "no pairs\n")
        self.ok(*self.make())
        secret = self.read_bytes("a.cred")[-64:-32]
        imported = self.ok(*self.imports())
        out = self.ok(*show)
        self.assertEqual(self.ok(*show, BOB), out)
        self.assertIn("peer      bob@south.example\n", out)
        for way in ["outgoing", "incoming"]:
            self.assertIn(
                way + "  lane " + self.value(way, imported)[0]
                + ", 4294967295 leaves left, 1 node\n", out)
        lanes = b""
        for way in ["outgoing", "incoming"]:
            lanes += self.read_bytes(self.LANES + "/" + way)
        self.assertNotIn(secret, lanes)
        for text in [out, imported]:
            self.assertNotIn(secret.hex()[:8], text)

    def test_import_overwrites_the_credential(self):
        self.ok(*self.make())
        with open(self.path("a.cred"), "rb") as held:
            self.ok(*self.imports())
            self.assertEqual(set(held.read()), {0})

    def test_make_never_overwrites(self):
        for taken in ["a.cred", "b.cred"]:
            with self.subTest(taken=taken):
                self.write(taken, "precious")
                self.assertEqual(
                    self.fails(1, *self.make()),
                    taken + ": is there already; choose another path or "
                    "remove it",
                )
                self.assertEqual(self.read(taken), "precious")
                os.unlink(self.path(taken))
                self.assertEqual(self.entries(), ["alice.toml", "bob.toml"])

    def test_make_refuses_bad_input_and_leaves_nothing(self):
        for agents, error in [
            (ALICE, "is not two agents; write --agents "),
            (ALICE + "," + ALICE, "cannot be paired with itself"),
            (ALICE + ",Bob", "'Bob' is not a name"),
        ]:
            with self.subTest(agents=agents):
                self.assertIn(error, self.fails(2, *self.make(agents)))
        self.assertIn("each agent needs a file of its own",
                      self.fails(2, *self.make(out_b="a.cred")))
        self.assertIn("No such file or directory",
                      self.fails(1, *self.make(out_b="none/b.cred")))
        self.assertEqual(self.entries(), ["alice.toml", "bob.toml"])

    def test_a_full_disk_leaves_no_credential(self):
        self.fails_on_full_disk(50, *self.make())
        self.assertEqual(self.entries(), ["alice.toml", "bob.toml"])

    def test_a_full_disk_leaves_the_credential_and_no_lane(self):
        self.ok(*self.make())
        self.fails_on_full_disk(100000, *self.imports())
        self.assertEqual(os.listdir(self.path("alice-state/peers")), [])
        self.ok(*self.imports())

    def test_import_refuses_what_is_not_for_this_agent(self):
        self.ok(*self.make())
        self.assertEqual(
            self.fails(2, *self.imports("bob")),
            "a.cred: is the credential of alice@north.example for "
            "bob@south.example, not of bob@south.example; import it at that "
            "agent",
        )
        os.chmod(self.path("a.cred"), 0o644)
        self.assertEqual(
            self.fails(1, *self.imports()),
            "a.cred: other users have access to it; chmod 600 a.cred",
        )
        os.chmod(self.path("a.cred"), 0o600)
        os.truncate(self.path("a.cred"), 100)
        self.assertIn("is truncated, altered or damaged",
                      self.fails(1, *self.imports()))
        os.chmod(self.path("alice.toml"), 0o600)
        self.assertIn("is not a credential",
                      self.fails(2, *self.imports(credential="alice.toml")))
        self.assertIn("there is no such file",
                      self.fails(1, *self.imports(credential="none")))
        self.assertFalse(os.path.exists(self.path("alice-state")))

    def test_rotation_is_make_revoke_import(self):
        self.ok(*self.make())
        before = self.ok(*self.imports())
        os.unlink(self.path("b.cred"))
        self.ok(*self.make())
        self.assertEqual(
            self.fails(1, *self.imports()),
            "alice@north.example has lanes with bob@south.example already; "
            "revoke them first (skexctl pair revoke --peer bob@south.example)",
        )
        self.ok(*self.revoke("--yes"))
        after = self.ok(*self.imports())
        self.assertNotEqual(self.value("outgoing", before),
                            self.value("outgoing", after))
        self.assertIn("To rotate the root of a pair: make a new pair, revoke",
                      self.ok("pair", "--help"))

    def test_a_copy_of_an_imported_credential_is_erased(self):
        self.ok(*self.make())
        shutil.copy(self.path("a.cred"), self.path("copy"))
        self.ok(*self.imports())
        out = self.ok(*self.imports(credential="copy"))
        self.assertIn("was imported from this credential already", out)
        self.assertFalse(os.path.exists(self.path("copy")))

    def test_an_import_that_was_killed_is_completed_by_the_next(self):
        self.ok(*self.make())
        self.ok(*self.imports())
        # Its last step: the credential has a hidden name, and is being erased.
        self.write(".a.cred.imported", "\0" * 100)
        self.assertIn("completed an interrupted import",
                      self.ok(*self.imports()))
        self.assertFalse(os.path.exists(self.path(".a.cred.imported")))

    def test_revoke_overwrites_the_lanes(self):
        self.ok(*self.make())
        self.ok(*self.imports())
        with open(self.path(self.LANES + "/outgoing"), "rb") as held:
            out = self.ok(*self.revoke("--yes"))
            self.assertEqual(set(held.read()), {0})
        self.assertIn("revoked the pair with bob@south.example", out)
        self.assertEqual(os.listdir(self.path("alice-state/peers")), [])
        self.assertIn("has no lanes with", self.fails(1, *self.revoke("--yes")))

    def test_revoke_asks_without_yes(self):
        self.ok(*self.make())
        self.ok(*self.imports())
        self.assertIn("confirm with --yes", self.fails(2, *self.revoke()))
        self.assertTrue(os.path.exists(self.path(self.LANES)))

    def test_show_reports_a_damaged_lane(self):
        self.ok(*self.make())
        self.ok(*self.imports())
        os.truncate(self.path(self.LANES + "/incoming"), 100000)
        done = self.run_ctl("pair", "show", "--config", "alice.toml")
        self.assertEqual(done.returncode, 1)
        self.assertIn("incoming  cannot be read\n", done.stdout)
        self.assertIn("is truncated: expected 167936 bytes, found 100000",
                      done.stderr)


if __name__ == "__main__":
    ctl_case.main()
