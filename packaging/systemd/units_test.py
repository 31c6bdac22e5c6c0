"""The units are right for systemd, and as strict as they are said to be.

usage: units_test.py PROGRAM_OR_UNIT...
"""

import os
import shutil
import subprocess
import sys
import tempfile
import unittest

# Of 100, as `systemd-analyze security` counts; what is left is the network,
# Unix sockets and the file system's root, which a proxy needs.
_MOST_EXPOSURE = 12


def settings(path):
    """Every line KEY=VALUE of a unit, as {key: [values]}."""
    found = {}
    with open(path, encoding="utf-8") as file:
        for line in file.read().splitlines():
            key, equals, value = line.partition("=")
            if equals and not line.startswith(("#", "[")):
                found.setdefault(key, []).append(value)
    return found


def analyze(*argv):
    return subprocess.run(
        ["systemd-analyze", *argv],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        universal_newlines=True,
        check=False,
    )


class UnitsTest(unittest.TestCase):
    programs = {}
    units = {}

    def setUp(self):
        self.assertEqual(sorted(self.programs), ["skex-hub", "skexd"])
        self.assertEqual(len(self.units), 3)
        self.services = {
            name: path
            for name, path in self.units.items()
            if name.endswith(".service")
        }
        self.folder = tempfile.mkdtemp()
        self.addCleanup(shutil.rmtree, self.folder)

    def installed(self, name):
        """A copy whose programs are where they were built."""
        with open(self.units[name], encoding="utf-8") as file:
            text = file.read()
        for program, path in self.programs.items():
            text = text.replace(f"/usr/sbin/{program} ", f"{path} ")
        copy = os.path.join(self.folder, name)
        with open(copy, "w", encoding="utf-8") as file:
            file.write(text)
        return copy

    def test_systemd_understands_every_line(self):
        copies = [self.installed(name) for name in self.units]
        # A misspelt key or value is a line of output, not a status.
        done = analyze("verify", "--man=no", "--generators=no", *copies)
        self.assertEqual((done.stdout, done.returncode), ("", 0))

    def test_systemd_finds_them_strict(self):
        for name in self.services:
            done = analyze(
                *["security", "--offline=true", "--no-pager"],
                f"--threshold={_MOST_EXPOSURE}",
                self.installed(name),
            )
            self.assertEqual(done.returncode, 0, done.stdout)

    def test_services_say_how_they_are_doing(self):
        for name, path in self.services.items():
            unit = settings(path)
            program = name[: -len(".service")]
            (start,) = unit["ExecStart"]
            self.assertRegex(
                start, rf"^/usr/sbin/{program} --config /etc/skex/\w+\.toml$"
            )
            self.assertEqual(unit["Type"], ["notify"])
            self.assertEqual(unit["NotifyAccess"], ["main"])
            self.assertEqual(unit["ExecReload"], ["/bin/kill -HUP $MAINPID"])
            self.assertIn("WatchdogSec", unit)
            self.assertEqual(unit["Restart"], ["on-failure"])
            # The status for a wrong configuration.
            self.assertEqual(unit["RestartPreventExitStatus"], ["2"])

    def test_secrets_stay_in_memory_and_with_one_user(self):
        for name, path in self.services.items():
            unit = settings(path)
            self.assertEqual(unit["LimitMEMLOCK"], ["infinity"])
            self.assertEqual(unit["LimitCORE"], ["0"])
            self.assertEqual(unit["UMask"], ["0077"])
            self.assertEqual(unit["StateDirectoryMode"], ["0700"])
            self.assertEqual(unit["User"], [name[: -len(".service")]])

    def test_sandbox_leaves_no_way_around_it(self):
        for path in self.services.values():
            unit = settings(path)
            self.assertEqual(unit["CapabilityBoundingSet"], [""])
            self.assertEqual(unit["ProtectSystem"], ["strict"])
            self.assertEqual(
                unit["RestrictAddressFamilies"], ["AF_UNIX AF_INET AF_INET6"]
            )
            for key in (
                "NoNewPrivileges",
                "PrivateDevices",
                "MemoryDenyWriteExecute",
                "LockPersonality",
            ):
                self.assertEqual(unit[key], ["yes"], key)


def main():
    for path in map(os.path.abspath, sys.argv[1:]):
        name = os.path.basename(path)
        kind = UnitsTest.units if "." in name else UnitsTest.programs
        kind[name] = path
    unittest.main(argv=sys.argv[:1])


if __name__ == "__main__":
    main()
