"""What skexctl says of itself, and of command lines that it cannot take."""

from service.ctl import ctl_case


class CommandLineTest(ctl_case.CtlCase):
    def test_version(self):
        out = self.ok("--version")
        self.assertRegex(out, r"^skexctl \d+\.\d+\.\d+ \(BoringSSL .*\)\n$")

    def test_help_names_every_verb(self):
        out = self.ok("--help")
        for verb in ["init", "check", "enrol", "revoke", "pad", "pair", "top"]:
            self.assertIn("\n  " + verb, out)

    def test_top_needs_a_terminal(self):
        self.assertEqual(
            self.fails(2, "top", "--socket", "none.sock"),
            "top needs a terminal; without one add --once or --json",
        )

    def test_wrong_command_lines_have_status_2(self):
        for args in [
            [],
            ["frobnicate"],
            ["--frobnicate"],
            ["init"],
            ["init", "router"],
            ["init", "agent"],
            ["init", "agent", "--name"],
            ["init", "agent", "--name", "a@b", "--dir", ".", "--out", "x"],
            ["enrol"],
            ["enrol", "--hub-config", "hub.toml"],
            ["enrol", "--lanes", "x"],
            ["enrol", "--hub-config", "hub.toml", "--agent", "a@b", "--size",
             "1MiB", "--out", "x", "--replenish", "--allow", "b@c"],
            ["revoke", "--agent", "a@b"],
            ["pad"],
            ["pad", "a", "b"],
            ["pair"],
            ["pair", "make", "--agents", "a@b,c@d", "--out-a", "x"],
            ["pair", "import", "--config", "agent.toml"],
            ["pair", "show"],
            ["pair", "revoke", "--config", "agent.toml"],
            ["check", "agent"],
        ]:
            with self.subTest(args=args):
                done = self.run_ctl(*args)
                self.assertEqual(done.returncode, 2, done.stderr)
                self.assertNotEqual(done.stderr, "")
        self.assertEqual(self.entries(), [])

    def test_output_that_cannot_be_written_is_a_failure(self):
        self.make_hub()
        with open("/dev/full", "w", encoding="ascii") as full:
            done = self.run_ctl("check", "hub", "hub.toml", stdout=full)
        self.assertEqual(done.returncode, 1)
        self.assertEqual(
            done.stderr, "skexctl: cannot write to standard output\n"
        )


if __name__ == "__main__":
    ctl_case.main()
