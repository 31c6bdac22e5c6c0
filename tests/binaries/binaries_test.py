"""Checks the finished programs: one TLS library in each, and hardened.

The one TLS library is BoringSSL, linked in and hidden. A second one in the
process would be mixed with it symbol by symbol.

usage: binaries_test.py PROGRAM...
"""

import sys
import unittest

from tests.binaries import elf

PROGRAMS = []


class BinariesTest(unittest.TestCase):

    def check_each(self, what, fact, expected):
        self.assertTrue(PROGRAMS, "no program was given")
        for program in PROGRAMS:
            with self.subTest(what, program=program):
                self.assertEqual(fact(program), expected)

    def test_no_tls_library_is_needed(self):
        self.check_each("NEEDED", lambda p: elf.TlsLibraries(elf.Needed(p)), [])

    def test_no_tls_library_is_loaded_by_another_library(self):
        self.check_each("ldd", lambda p: elf.TlsLibraries(elf.Loaded(p)), [])

    def test_no_tls_symbol_is_exported_or_undefined(self):
        self.check_each(
            "symbols", lambda p: elf.TlsSymbols(elf.DynamicSymbols(p)), []
        )

    def test_is_position_independent(self):
        self.check_each("PIE", elf.IsPositionIndependent, True)

    def test_binds_at_start(self):
        self.check_each("RELRO, NOW", elf.BindsAtStart, True)

    def test_stack_is_not_executable(self):
        self.check_each("stack", elf.StackIsExecutable, False)


if __name__ == "__main__":
    PROGRAMS = sys.argv[1:]
    unittest.main(argv=sys.argv[:1])
