"""What the tests that run skexctl as an operator does have in common."""

import os
import resource
import shutil
import signal
import stat
import subprocess
import sys
import tempfile
import unittest

ALICE = "alice@north.example"
BOB = "bob@south.example"
HUB = "hub1@one.example"

# What the hub has of alice, once she is enrolled.
ENROLMENT = "hub1-state/agents/" + ALICE


class CtlCase(unittest.TestCase):
    """A test of whole processes on real files, in a folder of its own."""

    skexctl = None

    def setUp(self):
        self.folder = tempfile.mkdtemp()
        self.addCleanup(shutil.rmtree, self.folder, ignore_errors=True)

    def path(self, name):
        return os.path.join(self.folder, name)

    def write(self, name, text):
        with open(self.path(name), "w", encoding="ascii") as out:
            out.write(text)

    def write_bytes(self, name, data):
        with open(self.path(name), "wb") as out:
            out.write(data)

    def read(self, name):
        with open(self.path(name), encoding="ascii") as file:
            return file.read()

    def read_bytes(self, name):
        with open(self.path(name), "rb") as file:
            return file.read()

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

    def run_ctl(self, *args, **kwargs):
        options = {"stdout": subprocess.PIPE, **kwargs}
        return subprocess.run(
            [self.skexctl, *args],
            cwd=self.folder,
            stdin=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            universal_newlines=True,
            timeout=120,
            check=False,
            **options,
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

    def fails_on_full_disk(self, size, *args):
        """Expects a failure where no file can have more than `size` bytes."""

        def limit():
            signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
            resource.setrlimit(resource.RLIMIT_FSIZE, (size, size))

        error = self.fails(1, *args, preexec_fn=limit)
        self.assertIn("File too large", error)

    def make_hub(self):
        self.ok("init", "hub", "--name", HUB)

    def enrol_args(self, **changes):
        options = {
            "hub-config": "hub.toml",
            "agent": ALICE,
            "size": "1MiB",
            "out": "alice.pad",
        }
        options.update({k.replace("_", "-"): v for k, v in changes.items()})
        args = ["enrol"]
        for key, value in options.items():
            if value is not None:
                args += ["--" + key, value]
        return args

    def damage_marks(self, pad):
        """Overwrites both slots of a pad's marks."""
        with open(self.path(pad), "r+b") as file:
            file.seek(4096)
            file.write(b"\0" * 8192)


def main():
    """Runs the tests of the calling module on the skexctl of `argv`."""
    CtlCase.skexctl = os.path.abspath(sys.argv.pop(1))
    unittest.main(module="__main__")
