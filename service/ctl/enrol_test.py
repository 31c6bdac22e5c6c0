"""skexctl enrol: both halves of a pad, or nothing."""

import os
import signal
import subprocess

from service.ctl import ctl_case

ALICE = ctl_case.ALICE
BOB = ctl_case.BOB
ENROLMENT = ctl_case.ENROLMENT


class EnrolTest(ctl_case.CtlCase):
    PAD = ENROLMENT + "/pad"
    PARTS = [
        "alice.pad",
        "hub.toml",
        "hub1-state",
        "hub1-state/agents",
        ENROLMENT,
        ENROLMENT + "/enrolment.toml",
        PAD,
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
        out = self.ok(*self.enrol_args(allow=BOB))
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
        self.assertIn(
            'allow = ["bob@south.example"]',
            self.read(ENROLMENT + "/enrolment.toml"),
        )

    def test_the_stanza_it_prints_makes_a_valid_agent(self):
        out = self.ok(*self.enrol_args())
        stanza = out[out.index("[[hub]]") : out.index("3. If the hub")]
        self.ok("init", "agent", "--name", ALICE)
        self.write("agent.toml", self.read("agent.toml") + stanza)
        self.ok("check", "agent", "agent.toml")

    def test_the_halves_have_the_same_data(self):
        self.ok(*self.enrol_args())
        data = self.read_bytes("alice.pad")[16384:]
        self.assertEqual(data, self.read_bytes(self.PAD)[16384:])
        self.assertGreater(len(set(data[:4096])), 200)

    def test_shows_progress_in_plain_lines_and_none_when_quiet(self):
        done = self.run_ctl(*self.enrol_args(size="16MiB"))
        self.assertIn("writing the pad 100 %", done.stderr)
        self.assertNotIn("\r", done.stderr)
        done = self.run_ctl(
            *self.enrol_args(agent=BOB, out="bob.pad"), "--quiet"
        )
        self.assertEqual(
            (done.returncode, done.stdout, done.stderr), (0, "", "")
        )

    def test_never_overwrites(self):
        self.ok(*self.enrol_args())
        before = self.read_bytes(self.PAD)
        error = self.fails(1, *self.enrol_args(out="other.pad"))
        self.assertIn("revoke it first (skexctl revoke)", error)
        error = self.fails(1, *self.enrol_args(agent=BOB))
        self.assertEqual(
            error, "alice.pad: is there already; choose another --out"
        )
        self.assertEqual(self.entries(), self.PARTS)
        self.assertEqual(self.read_bytes(self.PAD), before)

    def test_refuses_bad_input(self):
        for changes, text in [
            ({"agent": "alice"}, "'alice' is not a name"),
            ({"allow": "Bob"}, "'Bob' is not a name"),
            ({"allow": ALICE}, "needs no leave"),
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
        self.write_bytes("noise", data)
        out = self.ok(*self.enrol_args(random_source="noise"))
        self.assertIn("source physical", out)
        os.unlink(self.path("noise"))
        self.assertIn(self.read_bytes("alice.pad")[16384:], data)

    def test_stretches_32_bytes_of_a_physical_source(self):
        data = os.urandom(32)
        self.write_bytes("noise", data)
        out = self.ok(
            *self.enrol_args(random_source="noise", least_source="stretch"),
            "--stretch",
        )
        self.assertIn("source stretch", out)
        self.assertIn('pad = "alice.pad"\nleast_source = "stretch"\n', out)
        self.assertIn("source   stretch\n", self.ok("pad", "alice.pad"))
        # Neither half has the seed.
        for half in ["alice.pad", self.PAD]:
            self.assertNotIn(data, self.read_bytes(half))

    def test_a_stretched_pad_has_to_be_asked_for_at_the_hub(self):
        self.write_bytes("noise", os.urandom(64))
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
        self.write_bytes("noise", os.urandom(300000))
        error = self.fails(1, *self.enrol_args(random_source="noise"))
        self.assertIn("the random source ended after ", error)
        os.unlink(self.path("noise"))
        self.assert_nothing_enrolled()

    def test_fails_when_the_source_is_stuck(self):
        error = self.fails(1, *self.enrol_args(random_source="/dev/zero"))
        self.assertIn("it is not random, use another", error)
        self.assert_nothing_enrolled()

    def test_a_full_disk_leaves_nothing_behind(self):
        self.fails_on_full_disk(500000, *self.enrol_args())
        self.assert_nothing_enrolled()

    def test_an_interruption_leaves_nothing_behind(self):
        for number in [signal.SIGINT, signal.SIGTERM]:
            with self.subTest(number=number):
                self.interrupt(number, expect=1)
                self.assert_nothing_enrolled()

    def test_what_a_kill_leaves_behind_is_cleared_away_by_the_next(self):
        self.interrupt(signal.SIGKILL, expect=-signal.SIGKILL)
        self.assertFalse(os.path.exists(self.path("alice.pad")))
        self.assertFalse(os.path.exists(self.path(ENROLMENT)))
        self.ok(*self.enrol_args())
        self.assertEqual(self.entries(), self.PARTS)

    def interrupt(self, number, expect):
        """Stops an enrolment that is certainly under way: its source, a pipe,
        has been read from and has not ended."""
        pipe = self.path("pipe")
        os.mkfifo(pipe)
        process = subprocess.Popen(
            [self.skexctl, *self.enrol_args(size="4MiB", random_source="pipe")],
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


if __name__ == "__main__":
    ctl_case.main()
