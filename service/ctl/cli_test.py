"""Runs skexctl as an operator does: whole processes, real files."""

import json
import os
import re
import resource
import shutil
import signal
import stat
import subprocess
import sys
import tempfile
import unittest

SKEXCTL = ""


class CliTest(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.mkdtemp()
        self.addCleanup(shutil.rmtree, self.folder, ignore_errors=True)

    def path(self, name):
        return os.path.join(self.folder, name)

    def write(self, name, text):
        with open(self.path(name), "w", encoding="ascii") as out:
            out.write(text)

    def run_ctl(self, *args, **kwargs):
        return subprocess.run(
            [SKEXCTL, *args],
            cwd=self.folder,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            universal_newlines=True,
            timeout=120,
            check=False,
            **kwargs,
        )

    def ok(self, *args, **kwargs):
        done = self.run_ctl(*args, **kwargs)
        self.assertEqual(done.returncode, 0, done.stderr)
        return done.stdout

    def fails(self, status, *args, **kwargs):
        """Expects a failure, and returns its one line."""
        done = self.run_ctl(*args, **kwargs)
        self.assertEqual(done.returncode, status, (done.stdout, done.stderr))
        # Progress may have been shown before.
        errors = [
            line
            for line in done.stderr.splitlines()
            if not line.startswith("writing the pad")
        ]
        self.assertEqual(len(errors), 1, done.stderr)
        self.assertTrue(errors[0].startswith("skexctl: "), errors[0])
        return errors[0][len("skexctl: ") :]

    def make_hub(self):
        self.ok("init", "hub", "--name", "hub1@one.example")

    def enrol_args(self, **changes):
        options = {
            "hub-config": "hub.toml",
            "agent": "alice@north.example",
            "size": "1MiB",
            "out": "alice.pad",
        }
        options.update({k.replace("_", "-"): v for k, v in changes.items()})
        args = ["enrol"]
        for key, value in options.items():
            if value is not None:
                args += ["--" + key, value]
        return args

    def entries(self):
        """Every path under the test's folder, relative to it."""
        found = []
        for folder, folders, files in os.walk(self.folder):
            for name in folders + files:
                full = os.path.join(folder, name)
                found.append(os.path.relpath(full, self.folder))
        return sorted(found)

    def mode(self, name):
        return stat.S_IMODE(os.stat(self.path(name)).st_mode)


class GeneralTest(CliTest):
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
            done = subprocess.run(
                [SKEXCTL, "check", "hub", "hub.toml"],
                cwd=self.folder,
                stdout=full,
                stderr=subprocess.PIPE,
                universal_newlines=True,
                check=False,
            )
        self.assertEqual(done.returncode, 1)
        self.assertEqual(
            done.stderr, "skexctl: cannot write to standard output\n"
        )


class InitTest(CliTest):
    def test_writes_files_that_check_accepts(self):
        self.ok("init", "agent", "--name", "alice@north.example")
        self.ok("init", "hub", "--name", "hub1@one.example", "--dir", ".")
        self.assertEqual(self.ok("check", "agent", "agent.toml"),
                         "agent.toml: ok\n")
        self.assertEqual(self.ok("check", "hub", "hub.toml"), "hub.toml: ok\n")

    def test_writes_where_it_is_told(self):
        os.mkdir(self.path("d"))
        name = ["--name", "hub1@one.example"]
        self.ok("init", "hub", *name, "--dir", "d")
        self.ok("init", "hub", *name, "--out", "mine.toml")
        self.assertEqual(self.entries(), ["d", "d/hub.toml", "mine.toml"])

    def test_never_overwrites(self):
        self.write("agent.toml", "precious")
        error = self.fails(1, "init", "agent", "--name", "alice@north.example")
        self.assertEqual(
            error,
            "./agent.toml: is there already; choose another --out or remove it",
        )
        with open(self.path("agent.toml"), encoding="ascii") as kept:
            self.assertEqual(kept.read(), "precious")

    def test_refuses_a_bad_name(self):
        error = self.fails(2, "init", "agent", "--name", "Alice")
        self.assertIn("'Alice' is not a name", error)

    def test_reports_a_missing_folder(self):
        error = self.fails(
            1, "init", "hub", "--name", "hub1@one.example", "--dir", "none"
        )
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


class EnrolTest(CliTest):
    PARTS = [
        "alice.pad",
        "hub.toml",
        "hub1-state",
        "hub1-state/agents",
        "hub1-state/agents/alice@north.example",
        "hub1-state/agents/alice@north.example/enrolment.toml",
        "hub1-state/agents/alice@north.example/pad",
    ]
    # What a failed enrolment leaves: empty folders at most.
    NOTHING = ["hub.toml", "hub1-state", "hub1-state/agents"]

    def setUp(self):
        super().setUp()
        self.make_hub()

    def assert_nothing_enrolled(self):
        for entry in self.entries():
            self.assertIn(entry, self.NOTHING)

    def test_makes_both_halves_for_the_owner_only(self):
        out = self.ok(*self.enrol_args(allow="bob@south.example"))
        self.assertEqual(self.entries(), self.PARTS)
        for name in self.PARTS:
            full = self.path(name)
            if name != "hub.toml":
                self.assertEqual(
                    self.mode(name), 0o700 if os.path.isdir(full) else 0o600
                )
        self.assertIn("pad of 1 MiB, source generator, table ", out)
        self.assertIn('[[hub]]\nname = "hub1@one.example"\n', out)
        self.assertIn('pad = "alice.pad"\n', out)
        self.assertIn("skexctl --hub --config hub.toml reload", out)
        with open(self.path(self.PARTS[5]), encoding="ascii") as enrolment:
            self.assertIn('allow = ["bob@south.example"]', enrolment.read())

    def test_the_stanza_it_prints_makes_a_valid_agent(self):
        out = self.ok(*self.enrol_args())
        stanza = out[out.index("[[hub]]") : out.index("3. If the hub")]
        self.ok("init", "agent", "--name", "alice@north.example")
        with open(self.path("agent.toml"), "a", encoding="ascii") as config:
            config.write(stanza)
        self.ok("check", "agent", "agent.toml")

    def test_the_halves_have_the_same_data(self):
        self.ok(*self.enrol_args())
        halves = []
        for name in ["alice.pad", self.PARTS[6]]:
            with open(self.path(name), "rb") as pad:
                halves.append(pad.read()[16384:])
        self.assertEqual(halves[0], halves[1])
        self.assertGreater(len(set(halves[0][:4096])), 200)

    def test_shows_progress_in_plain_lines_and_none_when_quiet(self):
        done = self.run_ctl(*self.enrol_args(size="16MiB"))
        self.assertIn("writing the pad 100 %", done.stderr)
        self.assertNotIn("\r", done.stderr)
        done = self.run_ctl(
            *self.enrol_args(agent="bob@south.example", out="bob.pad"),
            "--quiet",
        )
        self.assertEqual((done.returncode, done.stdout, done.stderr), (0, "", ""))

    def test_never_overwrites(self):
        self.ok(*self.enrol_args())
        with open(self.path(self.PARTS[6]), "rb") as pad:
            before = pad.read()
        error = self.fails(1, *self.enrol_args(out="other.pad"))
        self.assertIn("revoke it first (skexctl revoke)", error)
        error = self.fails(1, *self.enrol_args(agent="bob@south.example"))
        self.assertEqual(
            error, "alice.pad: is there already; choose another --out"
        )
        self.assertEqual(self.entries(), self.PARTS)
        with open(self.path(self.PARTS[6]), "rb") as pad:
            self.assertEqual(pad.read(), before)

    def test_refuses_bad_input(self):
        for changes, text in [
            ({"agent": "alice"}, "'alice' is not a name"),
            ({"allow": "Bob"}, "'Bob' is not a name"),
            ({"allow": "alice@north.example"}, "needs no leave"),
            ({"size": "64MB"}, "'64MB' is not a size; write for example"),
            ({"size": "10KiB"}, "choose at least 144KiB"),
            ({"lanes": "9"}, "9 lanes are not possible; choose 1 to 8"),
            ({"hub_config": "none.toml"}, "No such file or directory; "),
            ({"random_source": "none"}, "cannot open the random source"),
            ({"least_source": "dice"}, "'dice' is not a source; "),
        ]:
            with self.subTest(changes=changes):
                self.assertIn(text, self.fails(2, *self.enrol_args(**changes)))
        self.assertEqual(self.entries(), ["hub.toml"])

    def test_takes_a_physical_source_and_uses_its_bytes(self):
        data = os.urandom(1 << 21)
        with open(self.path("noise"), "wb") as noise:
            noise.write(data)
        out = self.ok(*self.enrol_args(random_source="noise"))
        self.assertIn("source physical", out)
        os.unlink(self.path("noise"))
        with open(self.path("alice.pad"), "rb") as pad:
            self.assertIn(pad.read()[16384:], data)

    def test_stretches_32_bytes_of_a_physical_source(self):
        data = os.urandom(32)
        with open(self.path("noise"), "wb") as noise:
            noise.write(data)
        out = self.ok(
            *self.enrol_args(random_source="noise", least_source="stretch"),
            "--stretch",
        )
        self.assertIn("source stretch", out)
        self.assertIn('pad = "alice.pad"\nleast_source = "stretch"\n', out)
        self.assertIn("source   stretch\n", self.ok("pad", "alice.pad"))
        # Neither half has the seed.
        for name in ["alice.pad", self.PARTS[6]]:
            with open(self.path(name), "rb") as pad:
                self.assertNotIn(data, pad.read())

    def test_a_stretched_pad_has_to_be_asked_for_at_the_hub(self):
        with open(self.path("noise"), "wb") as noise:
            noise.write(os.urandom(64))
        error = self.fails(
            1, *self.enrol_args(random_source="noise"), "--stretch"
        )
        self.assertIn('set least_source = "stretch" to permit it', error)
        os.unlink(self.path("noise"))
        self.assert_nothing_enrolled()

    def test_stretching_needs_a_physical_source(self):
        error = self.fails(
            2, *self.enrol_args(least_source="stretch"), "--stretch"
        )
        self.assertIn("name the source with --random-source", error)
        error = self.fails(
            1,
            *self.enrol_args(
                random_source="/dev/zero", least_source="stretch"
            ),
            "--stretch",
        )
        self.assertIn("it is not random, use another", error)
        self.assert_nothing_enrolled()

    def test_fails_when_the_source_ends(self):
        with open(self.path("noise"), "wb") as noise:
            noise.write(os.urandom(300000))
        error = self.fails(1, *self.enrol_args(random_source="noise"))
        self.assertIn("the random source ended after ", error)
        os.unlink(self.path("noise"))
        self.assert_nothing_enrolled()

    def test_fails_when_the_source_is_stuck(self):
        error = self.fails(1, *self.enrol_args(random_source="/dev/zero"))
        self.assertIn("it is not random, use another", error)
        self.assert_nothing_enrolled()

    def test_a_full_disk_leaves_nothing_behind(self):
        def limit():
            signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
            resource.setrlimit(resource.RLIMIT_FSIZE, (500000, 500000))

        error = self.fails(1, *self.enrol_args(), preexec_fn=limit)
        self.assertIn("File too large", error)
        self.assert_nothing_enrolled()

    def test_an_interruption_leaves_nothing_behind(self):
        for number in [signal.SIGINT, signal.SIGTERM]:
            with self.subTest(number=number):
                self.interrupt(number, expect=1)
                self.assert_nothing_enrolled()

    def test_what_a_kill_leaves_behind_is_cleared_away_by_the_next(self):
        self.interrupt(signal.SIGKILL, expect=-signal.SIGKILL)
        self.assertFalse(os.path.exists(self.path("alice.pad")))
        self.assertFalse(os.path.exists(self.path(self.PARTS[4])))
        self.ok(*self.enrol_args())
        self.assertEqual(self.entries(), self.PARTS)

    def interrupt(self, number, expect):
        """Stops an enrolment that is certainly under way: its source, a pipe,
        has been read from and has not ended."""
        pipe = self.path("pipe")
        os.mkfifo(pipe)
        process = subprocess.Popen(
            [SKEXCTL, *self.enrol_args(size="4MiB", random_source="pipe")],
            cwd=self.folder,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            universal_newlines=True,
        )
        try:
            with open(pipe, "wb", buffering=0) as source:
                # More than the pipe holds: it was read when this returns, and
                # the pad's files are there.
                first = os.urandom(1 << 20)
                while first:
                    first = first[source.write(first) :]
                process.send_signal(number)
                if number != signal.SIGKILL:
                    try:
                        while True:
                            source.write(os.urandom(1 << 16))
                    except BrokenPipeError:
                        pass
            _, errors = process.communicate(timeout=120)
        finally:
            if process.poll() is None:
                process.kill()
                process.wait()
            os.unlink(pipe)
        self.assertEqual(process.returncode, expect, errors)
        if expect == 1:
            self.assertIn("skexctl: interrupted; nothing was changed", errors)


class ReplenishTest(CliTest):
    FOLDER = "hub1-state/agents/alice@north.example"

    def setUp(self):
        super().setUp()
        self.make_hub()

    def replenish(self, number, **changes):
        return [
            *self.enrol_args(out=f"alice-{number}.pad", **changes),
            "--replenish",
        ]

    def table(self, pad):
        for line in self.ok("pad", pad).splitlines():
            if line.startswith("table "):
                return line.split()[1]
        raise AssertionError("no table")

    def test_makes_one_more_pad_and_says_what_to_do_with_it(self):
        self.ok(*self.enrol_args())
        out = self.ok(*self.replenish(2))
        self.assertEqual(
            sorted(os.listdir(self.path(self.FOLDER))),
            ["enrolment.toml", "pad", "pad-2"],
        )
        self.assertEqual(
            self.table("alice-2.pad"), self.table(self.FOLDER + "/pad-2")
        )
        for text in [
            self.table("alice-2.pad") + ", 2 pads now\n",
            'pad = ["the pads so far", "alice-2.pad"]\n',
            "skexctl --config FILE reload",
            "skexctl --hub --config hub.toml reload",
        ]:
            self.assertIn(text, out)
        self.assertEqual(self.mode("alice-2.pad"), 0o600)
        self.assertEqual(self.mode(self.FOLDER + "/pad-2"), 0o600)

    def test_an_agent_takes_both_pads(self):
        self.ok(*self.enrol_args())
        self.ok(*self.replenish(2))
        self.ok("init", "agent", "--name", "alice@north.example")
        with open(self.path("agent.toml"), "a", encoding="ascii") as config:
            config.write(
                '[[hub]]\nname = "hub1@one.example"\n'
                'address = "127.0.0.1:7001"\n'
                'pad = ["alice.pad", "alice-2.pad"]\n'
            )
        self.ok("check", "agent", "agent.toml")
        with open(self.path("agent.toml"), encoding="ascii") as config:
            text = config.read()
        self.write("agent.toml", text.replace("alice-2.pad", "./alice.pad"))
        self.assertIn(
            "pad ./alice.pad is listed twice; remove one",
            self.fails(2, "check", "agent", "agent.toml"),
        )

    def test_refuses_a_stranger(self):
        self.assertEqual(
            self.fails(1, *self.replenish(2)),
            "alice@north.example is not enrolled at hub1@one.example; enrol it "
            "first, without --replenish",
        )

    def test_a_lower_source_has_to_be_asked_for(self):
        with open(self.path("noise"), "wb") as noise:
            noise.write(os.urandom(1 << 21))
        self.ok(*self.enrol_args(random_source="noise"))
        error = self.fails(1, *self.replenish(2))
        self.assertIn(
            "pad 2 of 2 has the source generator, which is below physical",
            error,
        )
        self.assertFalse(os.path.exists(self.path("alice-2.pad")))
        out = self.ok(*self.replenish(2, least_source="generator"))
        self.assertIn('least_source = "generator"\n', out)
        with open(
            self.path(self.FOLDER + "/enrolment.toml"), encoding="ascii"
        ) as enrolment:
            self.assertIn('\nleast_source = "generator"\n', enrolment.read())

    def test_refuses_one_source_file_for_two_pads(self):
        with open(self.path("noise"), "wb") as noise:
            noise.write(os.urandom(1 << 21))
        self.ok(*self.enrol_args(random_source="noise"))
        error = self.fails(1, *self.replenish(2, random_source="noise"))
        self.assertIn("never read one file for two pads", error)
        self.assertFalse(os.path.exists(self.path("alice-2.pad")))

    def test_refuses_more_than_eight_pads(self):
        self.ok(*self.enrol_args())
        for number in range(2, 9):
            self.ok(*self.replenish(number, size="144KiB"))
        error = self.fails(1, *self.replenish(9))
        self.assertIn("revoke those that are used up", error)

    def test_revokes_one_pad(self):
        self.ok(*self.enrol_args())
        self.ok(*self.replenish(2))
        args = ["revoke", "--hub-config", "hub.toml", "--agent",
                "alice@north.example", "--yes", "--table"]
        table = self.table("alice.pad")
        self.assertIn("names no table", self.fails(2, *args, table[:7]))
        out = self.ok(*args, table[:8])
        self.assertIn(f"erased the pad {table} of alice@north.example", out)
        self.assertIn("; 1 pad is left\n", out)
        self.assertEqual(
            sorted(os.listdir(self.path(self.FOLDER))),
            [".last-pad", "enrolment.toml", "pad-2"],
        )
        error = self.fails(1, *args, self.table("alice-2.pad"))
        self.assertIn("is the only pad of alice@north.example", error)


class RevokeTest(CliTest):
    ARGS = ["revoke", "--hub-config", "hub.toml", "--agent"]

    def setUp(self):
        super().setUp()
        self.make_hub()
        self.ok(*self.enrol_args())

    def test_removes_the_enrolment_and_allows_a_new_one(self):
        out = self.ok(*self.ARGS, "alice@north.example", "--yes")
        self.assertIn("revoked alice@north.example at hub1@one.example", out)
        self.assertEqual(os.listdir(self.path("hub1-state/agents")), [])
        os.unlink(self.path("alice.pad"))
        self.ok(*self.enrol_args())

    def test_overwrites_the_pad(self):
        pad = self.path("hub1-state/agents/alice@north.example/pad")
        with open(pad, "rb") as held:
            self.ok(*self.ARGS, "alice@north.example", "--yes")
            self.assertEqual(set(held.read()), {0})

    def test_asks_without_yes(self):
        error = self.fails(2, *self.ARGS, "alice@north.example")
        self.assertIn("confirm with --yes", error)
        self.assertEqual(
            os.listdir(self.path("hub1-state/agents")), ["alice@north.example"]
        )

    def test_refuses_a_stranger(self):
        error = self.fails(1, *self.ARGS, "bob@south.example", "--yes")
        self.assertIn("bob@south.example is not enrolled in hub1-state", error)


class PadTest(CliTest):
    def setUp(self):
        super().setUp()
        self.make_hub()
        self.ok(*self.enrol_args())

    def test_shows_a_pad_without_its_secrets(self):
        out = self.ok("pad", "alice.pad")
        self.assertIn("agent    alice@north.example\n", out)
        self.assertIn("import   waiting for the first use\n", out)
        self.assertEqual(out.count("\nlane 0 "), 4)
        with open(self.path("alice.pad"), "rb") as pad:
            data = pad.read()
        for at in range(0, len(data) - 4, 997):
            piece = data[at : at + 4]
            if set(piece) != {0}:
                self.assertNotIn(piece.hex() * 2, out)

    def test_refuses_what_is_no_pad(self):
        self.assertEqual(
            self.fails(2, "pad", "hub.toml"),
            "hub.toml: is not a pad file; give the path of a file that skexctl "
            "enrol made",
        )

    def test_reports_a_truncated_pad(self):
        os.truncate(self.path("alice.pad"), 100000)
        self.assertIn("is truncated: expected", self.fails(1, "pad", "alice.pad"))

    def test_reports_damaged_marks(self):
        with open(self.path("alice.pad"), "r+b") as pad:
            pad.seek(4096)
            pad.write(b"\0" * 8192)
        done = self.run_ctl("pad", "alice.pad")
        self.assertEqual(done.returncode, 1)
        self.assertIn("both of its mark slots are damaged", done.stderr)


class PairTest(CliTest):
    ALICE = "alice@north.example"
    BOB = "bob@south.example"
    LANES = "alice-state/peers/bob@south.example"

    def setUp(self):
        super().setUp()
        for name in [self.ALICE, self.BOB]:
            self.ok("init", "agent", "--name", name,
                    "--out", name.split("@", maxsplit=1)[0] + ".toml")

    def make(self, agents=ALICE + "," + BOB, out_a="a.cred", out_b="b.cred"):
        return ["pair", "make", "--agents", agents, "--out-a", out_a,
                "--out-b", out_b]

    def imports(self, agent="alice", credential="a.cred"):
        return ["pair", "import", "--config", agent + ".toml",
                "--credential", credential]

    def revoke(self, *more):
        return ["pair", "revoke", "--config", "alice.toml", "--peer", self.BOB,
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
        with open(self.path("a.cred"), "rb") as credential:
            secret = credential.read()[-64:-32]
        imported = self.ok(*self.imports())
        out = self.ok(*show)
        self.assertEqual(self.ok(*show, self.BOB), out)
        self.assertIn("peer      bob@south.example\n", out)
        for way in ["outgoing", "incoming"]:
            self.assertIn(
                way + "  lane " + self.value(way, imported)[0]
                + ", 4294967295 leaves left, 1 node\n", out)
        lanes = b""
        for way in ["outgoing", "incoming"]:
            with open(self.path(self.LANES + "/" + way), "rb") as lane:
                lanes += lane.read()
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
                with open(self.path(taken), encoding="ascii") as kept:
                    self.assertEqual(kept.read(), "precious")
                os.unlink(self.path(taken))
                self.assertEqual(self.entries(), ["alice.toml", "bob.toml"])

    def test_make_refuses_bad_input_and_leaves_nothing(self):
        for agents, error in [
            ("alice@north.example", "is not two agents; write --agents "),
            (self.ALICE + "," + self.ALICE, "cannot be paired with itself"),
            (self.ALICE + ",Bob", "'Bob' is not a name"),
        ]:
            with self.subTest(agents=agents):
                self.assertIn(error, self.fails(2, *self.make(agents)))
        self.assertIn("each agent needs a file of its own",
                      self.fails(2, *self.make(out_b="a.cred")))
        self.assertIn("No such file or directory",
                      self.fails(1, *self.make(out_b="none/b.cred")))
        self.assertEqual(self.entries(), ["alice.toml", "bob.toml"])

    def test_a_full_disk_leaves_no_credential(self):
        def limit():
            signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
            resource.setrlimit(resource.RLIMIT_FSIZE, (50, 50))

        self.assertIn("File too large",
                      self.fails(1, *self.make(), preexec_fn=limit))
        self.assertEqual(self.entries(), ["alice.toml", "bob.toml"])

    def test_a_full_disk_leaves_the_credential_and_no_lane(self):
        def limit():
            signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
            resource.setrlimit(resource.RLIMIT_FSIZE, (100000, 100000))

        self.ok(*self.make())
        self.assertIn("File too large",
                      self.fails(1, *self.imports(), preexec_fn=limit))
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


class JsonTest(CliTest):
    ALICE = "alice@north.example"
    BOB = "bob@south.example"
    HUB = "hub1@one.example"

    # How to call every verb, in an order in which all of them succeed.
    OFFLINE = {
        "init hub": ["--name", HUB],
        "init agent": ["--name", ALICE],
        "check hub": ["hub.toml"],
        "check agent": ["agent.toml"],
        # Long enough to show its progress, if it did.
        "enrol": ["--hub-config", "hub.toml", "--agent", ALICE, "--size",
                  "16MiB", "--out", "alice.pad"],
        "pad": ["alice.pad"],
        "revoke": ["--hub-config", "hub.toml", "--agent", ALICE, "--yes"],
        "pair make": ["--agents", ALICE + "," + BOB, "--out-a", "a.cred",
                      "--out-b", "b.cred"],
        "pair import": ["--config", "agent.toml", "--credential", "a.cred"],
        "pair show": ["--config", "agent.toml"],
        "pair revoke": ["--config", "agent.toml", "--peer", BOB, "--yes"],
    }
    # They ask a daemon, which is not there; see online_verbs_test.cc.
    ONLINE = {
        "status": [],
        "peers": [],
        "keys": [],
        "establish": [BOB],
        "rotate": [BOB],
        "allow-jump": [BOB],
        "take": [BOB],
        "top": [],
        "agents": ["--hub"],
        "reload": [],
        "add": ["agent.toml"],
        "remove-peer": [BOB],
        "remove-tunnel": ["web"],
    }

    def verbs(self, *group):
        """The verbs that the help names, with the words before them."""
        _, found, rest = self.ok(*group, "--help").partition("Subcommands:\n")
        if not found:
            return [" ".join(group)]
        names = re.findall(r"^  ([a-z][a-z-]*)", rest, re.MULTILINE)
        return [verb for name in names for verb in self.verbs(*group, name)]

    def call(self, verb, *more):
        return self.run_ctl(*verb.split(), *self.OFFLINE[verb], *more, "--json")

    def answer(self, verb, *more):
        """The one object that a verb prints."""
        done = self.call(verb, *more)
        self.assertEqual((done.returncode, done.stderr), (0, ""))
        return self.parse(done.stdout)

    def parse(self, text):
        found = json.loads(text)
        self.assertIsInstance(found, dict)
        return found

    def error(self, done, exit_status):
        self.assertEqual(done.returncode, exit_status, done.stderr)
        self.assertEqual(done.stderr.count("\n"), 1, done.stderr)
        error = self.parse(done.stderr)
        self.assertEqual(list(error), ["error", "status"])
        return error

    def test_every_verb_of_the_help_has_it(self):
        # A verb that is missing here has to be added above.
        self.assertEqual(sorted(self.verbs()),
                         sorted([*self.OFFLINE, *self.ONLINE]))
        for verb in self.OFFLINE:
            with self.subTest(verb=verb):
                self.answer(verb)
        for verb, args in self.ONLINE.items():
            with self.subTest(verb=verb):
                done = self.run_ctl(verb, *args, "--socket", "none.sock",
                                    "--json")
                self.assertEqual(done.stdout, "")
                error = self.error(done, 1)
                self.assertEqual(error["status"], "UNAVAILABLE")
                self.assertIn("none.sock", error["error"])

    def test_it_may_stand_before_the_verb(self):
        for file, args in [("one.toml", ["--json", "init", "hub"]),
                           ("two.toml", ["init", "--json", "hub"])]:
            with self.subTest(args=args):
                out = self.ok(*args, "--name", self.HUB, "--out", file)
                self.assertEqual(self.parse(out)["file"], file)

    def test_names_of_the_fields(self):
        self.assertEqual(
            self.answer("init hub"),
            {"file": "./hub.toml", "kind": "hub", "name": self.HUB},
        )
        self.answer("init agent")
        self.assertEqual(
            self.answer("check agent"),
            {"file": "agent.toml", "kind": "agent", "name": self.ALICE},
        )
        enrolled = self.answer("enrol", "--least-source", "generator")
        table = enrolled["table_id"]
        self.assertRegex(table, "^[0-9a-f]{32}$")
        self.assertEqual(
            enrolled,
            {
                "agent": self.ALICE,
                "hub": self.HUB,
                "out": "alice.pad",
                "table_id": table,
                "source": "generator",
                "total_bytes": 1 << 24,
                "pads": 1,
                "least_source": "generator",
            },
        )
        pad = self.answer("pad")
        self.assertEqual(pad["table_id"], table)
        self.assertEqual(pad["half"], "agent")
        self.assertFalse(pad["imported"])
        self.assertEqual(
            [(s["direction"], s["stream"]) for s in pad["streams"]],
            [("send", "mac"), ("send", "otp"),
             ("receive", "mac"), ("receive", "otp")],
        )
        self.assertEqual(sum(s["bytes"] for s in pad["streams"]), 1 << 24)
        second = self.parse(self.ok(
            *self.enrol_args(out="alice-2.pad"), "--replenish", "--json",
            "--quiet",
        ))
        self.assertEqual(second["pads"], 2)
        self.assertEqual(
            self.answer("revoke", "--table", table),
            {"agent": self.ALICE, "hub": self.HUB, "table_id": table,
             "pads": 1, "reload_needed": False},
        )
        self.assertEqual(
            self.answer("revoke"),
            {"agent": self.ALICE, "hub": self.HUB, "table_id": None, "pads": 0,
             "reload_needed": False},
        )

    def test_names_of_the_fields_of_pairs(self):
        self.answer("init agent")
        self.assertEqual(self.answer("pair show"),
                         {"pairs": [], "unfinished": []})
        made = self.answer("pair make")
        self.assertEqual(
            made["credentials"],
            [{"agent": self.ALICE, "out": "a.cred"},
             {"agent": self.BOB, "out": "b.cred"}],
        )
        imported = self.answer("pair import")
        self.assertEqual(
            imported,
            {
                "credential": "a.cred",
                "completed": False,
                "peer": self.BOB,
                "fingerprint": made["fingerprint"],
                "outgoing": imported["outgoing"],
                "incoming": imported["incoming"],
            },
        )
        pair, = self.answer("pair show")["pairs"]
        self.assertEqual(pair["peer"], self.BOB)
        for way in ["outgoing", "incoming"]:
            root, = pair[way]["roots"]
            self.assertEqual(root["lane_id"], imported[way])
            self.assertEqual(root["leaves_left"], 2**32 - 1)
            self.assertIsNone(pair[way]["error"])
        self.assertEqual(
            self.answer("pair revoke"),
            {"agent": self.ALICE, "peer": self.BOB, "completed": False},
        )

    def test_errors_are_objects_on_standard_error(self):
        self.answer("init hub")
        for args, exit_status, status in [
            (["init", "hub", "--name", self.HUB], 1, "ALREADY_EXISTS"),
            (["init", "hub", "--name", "Hub"], 2, "INVALID_ARGUMENT"),
            (["check", "agent", "hub.toml"], 2, "INVALID_ARGUMENT"),
            (["pad", "hub.toml"], 2, "INVALID_ARGUMENT"),
            (["pad"], 2, "INVALID_ARGUMENT"),
            (["frobnicate"], 2, "INVALID_ARGUMENT"),
            (["status"], 2, "INVALID_ARGUMENT"),
            (["top", "--interval", "0s"], 2, "INVALID_ARGUMENT"),
        ]:
            with self.subTest(args=args):
                done = self.run_ctl(*args, "--json")
                self.assertEqual(done.stdout, "")
                error = self.error(done, exit_status)
                self.assertEqual(error["status"], status)
                self.assertNotEqual(error["error"], "")

    def test_what_is_known_of_a_damaged_file_comes_with_the_error(self):
        for verb in ["init hub", "enrol"]:
            self.answer(verb)
        with open(self.path("alice.pad"), "r+b") as pad:
            pad.seek(4096)
            pad.write(b"\0" * 8192)
        done = self.call("pad")
        self.assertEqual(self.error(done, 1)["status"], "DATA_LOSS")
        known = self.parse(done.stdout)
        self.assertEqual(known["damaged_slots"], 2)
        self.assertIsNone(known["generation"])
        self.assertEqual(known["streams"], [])


if __name__ == "__main__":
    SKEXCTL = os.path.abspath(sys.argv.pop(1))
    unittest.main()
