"""skexctl init and check: the first configuration of a daemon."""

import os

from service.ctl import ctl_case

ALICE = ctl_case.ALICE
HUB = ctl_case.HUB


class InitTest(ctl_case.CtlCase):
    def test_writes_files_that_check_accepts(self):
        self.ok("init", "agent", "--name", ALICE)
        self.ok("init", "hub", "--name", HUB, "--dir", ".")
        self.assertEqual(self.ok("check", "agent", "agent.toml"),
                         "agent.toml: ok\n")
        self.assertEqual(self.ok("check", "hub", "hub.toml"), "hub.toml: ok\n")

    def test_writes_where_it_is_told(self):
        os.mkdir(self.path("d"))
        name = ["--name", HUB]
        self.ok("init", "hub", *name, "--dir", "d")
        self.ok("init", "hub", *name, "--out", "mine.toml")
        self.assertEqual(self.entries(), ["d", "d/hub.toml", "mine.toml"])

    def test_never_overwrites(self):
        self.write("agent.toml", "precious")
        error = self.fails(1, "init", "agent", "--name", ALICE)
        self.assertEqual(
            error,
            "./agent.toml: is there already; choose another --out or remove it",
        )
        self.assertEqual(self.read("agent.toml"), "precious")

    def test_refuses_a_bad_name(self):
        error = self.fails(2, "init", "agent", "--name", "Alice")
        self.assertIn("'Alice' is not a name", error)

    def test_reports_a_missing_folder(self):
        error = self.fails(1, "init", "hub", "--name", HUB, "--dir", "none")
        self.assertIn("No such file or directory", error)

    def test_check_reports_the_place(self):
        self.write("a.toml", 'name = "a@b"\nstat_dir = "x"\n')
        self.assertEqual(
            self.fails(2, "check", "agent", "a.toml"),
            "a.toml:2:1: unknown key 'stat_dir'; did you mean 'state_dir'?",
        )
        self.assertIn(
            "none.toml: cannot open: No such file or directory; ",
            self.fails(2, "check", "hub", "none.toml"),
        )


if __name__ == "__main__":
    ctl_case.main()
