"""Bad input: one line that says file, place and way out, and no change.

Everything that an operator can hand to a program wrongly: exit status 2. What
keeps a daemon from starting although it was told the right things: status 1.
"""

import hashlib
import os
import re
import shutil
import socket
import stat
import subprocess

from tests.integration import cluster_case, network, waiting
from tests.integration.cluster_case import ALICE, BOB

# What root may do beyond other users.
_OVERRIDES = "-dac_override,-dac_read_search"
_PAD_HEADER = 3072
_PAD_DATA = 16384
_TAKEN = "taken|in use"

# Exit status.
FAILED = 1
WRONG_INPUT = 2


def fingerprint(folder):
    """Everything under a folder: names, modes, contents.

    Without logs, and without the pid in lock files.
    """
    found = {}
    for place, folders, files in os.walk(folder):
        for name in folders + files:
            path = os.path.join(place, name)
            info = os.lstat(path)
            seen = stat.filemode(info.st_mode)
            if stat.S_ISREG(info.st_mode) and name != "lock":
                if name.endswith(".log"):
                    continue
                seen += _hash(path)
            found[os.path.relpath(path, folder)] = seen
    return found


def _hash(path):
    mode = stat.S_IMODE(os.lstat(path).st_mode)
    os.chmod(path, 0o600)
    try:
        with open(path, "rb") as file:
            return hashlib.sha256(file.read()).hexdigest()
    finally:
        os.chmod(path, mode)


def flip(path, offset):
    with open(path, "r+b") as file:
        file.seek(offset)
        byte = file.read(1)[0]
        file.seek(offset)
        file.write(bytes([byte ^ 1]))


def checks_only(argv):
    return "--check" in argv or "check" in argv


class BadInputCase(cluster_case.ClusterCase):
    def run_program(self, made, *argv, prefix=()):
        return subprocess.run(
            [*prefix, *argv],
            cwd=made.folder,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            universal_newlines=True,
            timeout=waiting.DEADLINE,
            check=False,
        )

    def refuses(self, made, argv, *words, prefix=(), status=WRONG_INPUT):
        """Runs a program that has to refuse, with these words (patterns)."""
        before = fingerprint(made.folder)
        done = self.run_program(made, *argv, prefix=prefix)
        line = self.fails(done, status)
        self.assertEqual(done.stdout, "")
        for word in words:
            self.assertRegex(line, word)
        self.assertEqual(fingerprint(made.folder), before)
        return line

    def node_refuses(self, node, *words, **options):
        """The same for an agent or a hub, with its configuration as it is."""
        return self.refuses(self.made, node.process.argv, *words, **options)

    def node_fails(self, node, *words, **options):
        """The same where the daemon fails, not its configuration."""
        return self.node_refuses(node, *words, status=FAILED, **options)

    def check_refuses(self, node, *words):
        """The same for the check of a daemon, and for that of skexctl."""
        program = node.process.argv[0]
        kind = "hub" if node in self.made.hubs else "agent"
        for argv in (
            [program, "--check", node.file],
            [self.made.programs.ctl, "check", kind, node.file],
        ):
            self.refuses(self.made, argv, *words)

    def setUp(self):
        made = self.cluster(hubs=2, pad_size="1MiB")
        # Nothing runs unless a test starts it, so a failure has no logs.
        self.addCleanup(made.__exit__, None, None, None)
        self.made = made
        self.hub = made.hubs[0]
        self.other_hub = made.hubs[1]
        self.alice = made.add_agent(ALICE, allow=[BOB])
        self.bob = made.add_agent(BOB, allow=[ALICE])
        self.alice.add_peer(BOB, 2)
        self.alice.write_config()
        # The lock file and its folder are no secret of a first start.
        self.make_state(self.alice.state)
        self.make_state(self.hub.state)

    def make_state(self, name):
        folder = self.made.path(name)
        os.makedirs(folder, mode=0o700, exist_ok=True)
        os.close(os.open(f"{folder}/lock", os.O_CREAT | os.O_WRONLY, 0o600))

    def edit(self, node, pattern, replacement):
        """Changes the text of a configuration file, in one place."""
        with open(node.path(node.file), encoding="ascii") as file:
            text, count = re.subn(
                pattern, replacement, file.read(), count=1, flags=re.MULTILINE
            )
        self.assertEqual(count, 1, pattern)
        with open(node.path(node.file), "w", encoding="ascii") as file:
            file.write(text)

    def occupied_port(self):
        """A port on which somebody else listens."""
        listener = socket.create_server((network.LOOPBACK, 0))
        self.addCleanup(listener.close)
        return listener.getsockname()[1]


class AnyProgramTest(BadInputCase):
    """What skexd, skex-hub and skexctl have in common."""

    def setUp(self):
        super().setUp()
        ctl = self.made.programs.ctl
        self.readers = [
            (self.alice, self.alice.process.argv),
            (self.alice, [*self.alice.process.argv, "--check"]),
            (
                self.alice,
                [self.made.programs.agent, "--check", self.alice.file],
            ),
            (self.alice, [ctl, "check", "agent", self.alice.file]),
            (self.alice, [ctl, "--config", self.alice.file, "status"]),
            (self.hub, self.hub.process.argv),
            (self.hub, [*self.hub.process.argv, "--check"]),
            (self.hub, [self.made.programs.hub, "--check", self.hub.file]),
            (self.hub, [ctl, "check", "hub", self.hub.file]),
            (self.hub, [ctl, "--hub", "--config", self.hub.file, "status"]),
            (
                self.hub,
                [ctl, "enrol", "--hub-config", self.hub.file, "--out", "c.pad"]
                + ["--agent", "carol@east.example", "--size", "1MiB"],
            ),
            (
                self.hub,
                [ctl, "revoke", "--hub-config", self.hub.file, "--yes"]
                + ["--agent", ALICE],
            ),
        ]

    def all_refuse(self, place, *words):
        for node, argv in self.readers:
            with self.subTest(argv=argv[1:]):
                self.refuses(
                    self.made, argv, re.escape(node.file) + place, *words
                )

    def test_right_configuration_passes_the_check(self):
        checks = [argv for _, argv in self.readers if checks_only(argv)]
        self.assertEqual(len(checks), 6)
        for argv in checks:
            with self.subTest(argv=argv[1:]):
                done = self.run_program(self.made, *argv)
                self.assertEqual(done.returncode, 0, done.stderr)
                self.assertEqual(done.stderr, "")

    def test_unknown_key(self):
        for node in (self.alice, self.hub):
            self.edit(node, "^name", "colour = 1\nname")
        self.all_refuse(":1:1: ", "colour")

    def test_unknown_table(self):
        for node in (self.alice, self.hub):
            self.edit(node, r"^\[log\]", "[lok]")
        self.all_refuse(r":\d+:\d+: ", "lok")

    def test_wrong_type(self):
        for node in (self.alice, self.hub):
            self.edit(node, "^name = .*", "name = 7")
        self.all_refuse(":1:8: ", "name", "is an integer; write for example")

    def test_bad_value(self):
        for node in (self.alice, self.hub):
            self.edit(node, "^name = .*", 'name = "Alice"')
        self.all_refuse(":1:8: ", "Alice")

    def test_missing_key(self):
        for node in (self.alice, self.hub):
            self.edit(node, "^state_dir.*\n", "")
        self.all_refuse(r":\d+:\d+: ", "state_dir")

    def test_duplicate_key(self):
        for node in (self.alice, self.hub):
            self.edit(node, "^(name.*)", r"\1\n\1")
        self.all_refuse(r":2:\d+: ", "name")

    def test_what_is_no_toml(self):
        for node in (self.alice, self.hub):
            self.edit(node, "^name", "name = = ")
        self.all_refuse(r":1:\d+: ")

    def test_missing_configuration(self):
        for node in (self.alice, self.hub):
            os.remove(node.path(node.file))
        self.all_refuse("")

    def refuses_flags(self, program, *flags):
        with self.subTest(program=program, flags=flags):
            before = fingerprint(self.made.folder)
            done = self.run_program(self.made, program, *flags)
            self.assertEqual(done.returncode, WRONG_INPUT, done.stderr)
            self.assertNotEqual(done.stderr, "")
            self.assertEqual(fingerprint(self.made.folder), before)

    def test_wrong_command_line(self):
        for program in self.made.programs:
            self.refuses_flags(program, "--frobnicate")
            self.refuses_flags(program)

    def test_wrong_ways_to_name_the_configuration(self):
        for node in (self.alice, self.hub):
            program = node.process.argv[0]
            self.refuses_flags(program, "--check")
            self.refuses_flags(program, node.file)
            self.refuses_flags(
                program, "--config", node.file, "--check", node.file
            )


class AgentTest(BadInputCase):
    """What only skexd is handed."""

    def setUp(self):
        super().setUp()
        # The last one that is opened.
        self.pad_name = self.alice.pad(self.other_hub)
        self.pad = self.alice.path(self.pad_name)

    def refuses_pad(self, *words, **options):
        return self.node_refuses(self.alice, self.pad_name, *words, **options)

    def fails_with_pad(self, *words, **options):
        return self.refuses_pad(*words, status=FAILED, **options)

    def test_missing_pad(self):
        os.remove(self.pad)
        self.refuses_pad(r"alice\.toml:\d+:\d+: ", "skexctl enrol")

    def test_pad_that_others_may_read(self):
        for mode in (0o644, 0o640, 0o604):
            os.chmod(self.pad, mode)
            with self.subTest(mode=oct(mode)):
                self.fails_with_pad("other users", "chmod 600")
                self.check_refuses(self.alice, self.pad_name, "chmod 600")

    def test_pad_that_cannot_be_read(self):
        os.chmod(self.pad, 0)
        prefix = []
        if os.access(self.pad, os.R_OK):
            prefix = ["setpriv", "--bounding-set", _OVERRIDES]
            prefix += ["--inh-caps", _OVERRIDES, "--"]
        # The point of this test, and what it would not be without.
        tried = self.run_program(self.made, "cat", self.pad_name, prefix=prefix)
        self.assertIn("Permission denied", tried.stderr)
        self.fails_with_pad("[Pp]ermission", prefix=prefix)

    def test_pad_of_another_hub(self):
        shutil.copy(self.alice.path(self.alice.pad(self.hub)), self.pad)
        self.refuses_pad(self.hub.name, self.other_hub.name)

    def test_pad_of_another_agent(self):
        shutil.copy(self.bob.path(self.bob.pad(self.other_hub)), self.pad)
        self.refuses_pad(ALICE, BOB)

    def test_the_half_of_the_hub(self):
        shutil.copy(self.other_hub.pad(ALICE), self.pad)
        self.refuses_pad("the hub's half", "skexctl enrol")

    def test_truncated_pad(self):
        size = os.path.getsize(self.pad)
        for length in (0, 1, 3000, 10000, _PAD_DATA, size - 1):
            shutil.copy(self.pad, self.pad + ".whole")
            os.truncate(self.pad, length)
            with self.subTest(length=length):
                if length < _PAD_HEADER:
                    self.refuses_pad("not a pad file; ")
                else:
                    self.fails_with_pad("truncated: .*; ")
            os.replace(self.pad + ".whole", self.pad)

    def test_altered_pad(self):
        size = os.path.getsize(self.pad)
        # Header, import hash, first and last byte of the data.
        for offset in (8, 40, 3071, 3584, _PAD_DATA, size - 1):
            flip(self.pad, offset)
            with self.subTest(offset=offset):
                self.fails_with_pad("; ")
            flip(self.pad, offset)

    def test_pad_with_damaged_marks(self):
        with open(self.pad, "r+b") as pad:
            pad.seek(4096)
            pad.write(bytes(8192))
        self.fails_with_pad("damaged", "enrol")

    def test_what_is_no_pad(self):
        with open(self.pad, "wb") as pad:
            pad.write(b"something else\n" * 10000)
        self.refuses_pad("not a pad file")

    def test_pad_that_is_a_folder(self):
        os.remove(self.pad)
        os.mkdir(self.pad, 0o700)
        self.refuses_pad("not a regular file")

    def test_ports_in_use(self):
        port = self.occupied_port()
        for table, entry in (
            ("outbound", {"peer": BOB, "connect": network.address(1)}),
            ("inbound", {"allow": [BOB], "forward": network.address(1)}),
        ):
            self.alice.config["outbound"] = []
            self.alice.config["inbound"] = []
            self.alice.config[table] = [
                {"name": "web", "listen": network.address(port), **entry}
            ]
            self.alice.write_config()
            with self.subTest(table=table):
                self.node_fails(self.alice, str(port), _TAKEN)

    def test_metrics_port_in_use(self):
        port = self.occupied_port()
        self.alice.config["metrics"] = {"listen": network.address(port)}
        self.alice.write_config()
        self.node_fails(self.alice, str(port), _TAKEN)

    def test_state_folder_of_a_running_agent(self):
        self.alice.start()
        line = self.node_fails(
            self.alice, self.alice.state, "another running agent"
        )
        self.assertIn(f"pid {self.alice.process.pid}", line)
        self.assertTrue(self.alice.process.running)
        self.alice.stop()
        self.alice.start()

    def test_pad_of_a_running_agent(self):
        self.alice.start()
        self.alice.config["state_dir"] = "second-state"
        self.make_state("second-state")
        self.alice.write_config()
        self.node_fails(self.alice, r"\.pad: another running process")

    def test_state_folder_that_others_may_read(self):
        os.chmod(self.alice.path(self.alice.state), 0o755)
        self.node_fails(self.alice, self.alice.state, "chmod 700")
        self.check_refuses(self.alice, self.alice.state, "chmod 700")

    def test_works_without_all_that(self):
        self.alice.start()
        self.alice.stop()


class HubTest(BadInputCase):
    """What only skex-hub is handed."""

    def setUp(self):
        super().setUp()
        # Bob is the last one that is opened.
        self.pad = self.hub.pad(BOB)
        self.pad_name = os.path.relpath(self.pad, self.made.folder)

    def refuses_pad(self, *words, **options):
        return self.node_refuses(self.hub, self.pad_name, *words, **options)

    def fails_with_pad(self, *words):
        return self.refuses_pad(*words, status=FAILED)

    def test_unknown_key_in_an_enrolment(self):
        path = self.hub.enrolment(BOB)
        with open(path, "a", encoding="ascii") as file:
            file.write("alow = []\n")
        words = [rf"agents/{BOB}/enrolment\.toml:\d+:\d+: ", "alow"]
        self.node_refuses(self.hub, *words)
        self.check_refuses(self.hub, *words)

    def test_wrong_type_in_an_enrolment(self):
        with open(self.hub.enrolment(BOB), "w", encoding="ascii") as file:
            file.write('allow = "everybody"\n')
        self.node_refuses(
            self.hub, rf"agents/{BOB}/enrolment\.toml:1:\d+: ", "allow"
        )

    def test_folder_that_is_no_enrolment(self):
        os.mkdir(self.hub.path(f"{self.hub.state}/agents/Nobody"), 0o700)
        self.node_refuses(self.hub, "agents", "Nobody")

    def test_pad_that_others_may_read(self):
        os.chmod(self.pad, 0o644)
        self.fails_with_pad("other users", "chmod 600")
        self.check_refuses(self.hub, self.pad_name, "chmod 600")

    def test_pad_of_another_hub(self):
        shutil.copy(self.other_hub.pad(BOB), self.pad)
        self.refuses_pad(self.hub.name, self.other_hub.name)

    def test_pad_of_another_agent(self):
        shutil.copy(self.hub.pad(ALICE), self.pad)
        self.refuses_pad(ALICE, BOB)

    def test_the_half_of_the_agent(self):
        shutil.copy(self.bob.path(self.bob.pad(self.hub)), self.pad)
        self.refuses_pad("the agent's half")

    def test_truncated_pad(self):
        os.truncate(self.pad, os.path.getsize(self.pad) - 1)
        self.fails_with_pad("truncated")

    def test_altered_pad(self):
        for offset in (8, 40, 3071):
            flip(self.pad, offset)
            with self.subTest(offset=offset):
                self.fails_with_pad("; ")
            flip(self.pad, offset)

    def test_port_in_use(self):
        port = self.occupied_port()
        self.hub.config["listen"] = network.address(port)
        self.hub.write_config()
        self.node_fails(self.hub, str(port), _TAKEN)

    def test_port_of_another_hub(self):
        self.hub.config["listen"] = self.other_hub.config["listen"]
        self.hub.write_config()
        self.other_hub.start()
        self.node_fails(self.hub, str(self.other_hub.port), _TAKEN)

    def test_metrics_port_in_use(self):
        port = self.occupied_port()
        self.hub.config["metrics"] = {"listen": network.address(port)}
        self.hub.write_config()
        self.node_fails(self.hub, str(port), _TAKEN)

    def test_state_folder_of_a_running_hub(self):
        self.hub.start()
        line = self.node_fails(
            self.hub, self.hub.state, "another running hub"
        )
        self.assertIn(f"pid {self.hub.process.pid}", line)
        self.assertTrue(self.hub.process.running)

    def test_state_folder_that_others_may_read(self):
        os.chmod(self.hub.path(self.hub.state), 0o755)
        self.node_fails(self.hub, self.hub.state, "chmod 700")
        self.check_refuses(self.hub, self.hub.state, "chmod 700")

    def test_works_without_all_that(self):
        self.hub.start()
        self.hub.stop()


class CtlTest(BadInputCase):
    """What only skexctl is handed; see also the tests in service/ctl."""

    def ctl_refuses(self, *args, words=()):
        self.refuses(self.made, [self.made.programs.ctl, *args], *words)

    def test_pad_that_is_none(self):
        self.ctl_refuses("pad", self.alice.file, words=["not a pad file"])

    def test_bad_name(self):
        self.ctl_refuses(
            *["enrol", "--hub-config", self.hub.file, "--agent", "Carol"],
            *["--size", "1MiB", "--out", "c.pad"],
            words=["Carol"],
        )

    def test_bad_size(self):
        self.ctl_refuses(
            *["enrol", "--hub-config", self.hub.file, "--size", "1MB"],
            *["--agent", "carol@east.example", "--out", "c.pad"],
            words=["1MB", "1GiB"],
        )

    def test_revoking_without_saying_yes(self):
        self.ctl_refuses(
            *["revoke", "--hub-config", self.hub.file, "--agent", ALICE],
            words=["--yes"],
        )

    def test_nobody_answers(self):
        done = self.alice.ctl("status")
        self.assertIn("is skexd running?", self.fails(done, 1))


if __name__ == "__main__":
    cluster_case.main()
