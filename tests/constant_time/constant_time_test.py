"""Runs the operations on secrets under memcheck, which sees every branch and
every address that depends on them."""

import subprocess
import sys
import unittest

_FOUND = 99
_MEMCHECK = [
    "valgrind",
    "--quiet",
    f"--error-exitcode={_FOUND}",
    "--track-origins=yes",
    "--",
]


def _run(*args):
    return subprocess.run(
        args,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        universal_newlines=True,
        check=False,
    )


class ConstantTimeTest(unittest.TestCase):
    program = None

    def test_nothing_but_the_leaks_is_found(self):
        names = _run(self.program).stdout.split()
        leaky = [name for name in names if name.startswith("leaky_")]
        self.assertGreaterEqual(len(leaky), 2, names)
        self.assertGreaterEqual(len(names) - len(leaky), 9, names)
        for name in names:
            with self.subTest(operation=name):
                done = _run(*_MEMCHECK, self.program, name)
                self.assertEqual(
                    done.returncode,
                    _FOUND if name in leaky else 0,
                    f"{name}\n{done.stderr}",
                )

    def test_every_kind_of_arithmetic_that_the_processor_has_is_tried(self):
        done = _run(*_MEMCHECK, self.program, "field")
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertIn("portable", done.stdout)


if __name__ == "__main__":
    ConstantTimeTest.program = sys.argv.pop(1)
    unittest.main()
