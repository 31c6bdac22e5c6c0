"""Proves that elf.py sees a TLS library where there is one."""

import shutil
import unittest

from tests.binaries import elf


class ElfTest(unittest.TestCase):

    def setUp(self):
        self.openssl = shutil.which("openssl")
        self.true = shutil.which("true")
        self.assertTrue(self.openssl and self.true)

    def test_sees_openssl_in_the_program_of_openssl(self):
        self.assertTrue(elf.TlsLibraries(elf.Needed(self.openssl)))
        self.assertTrue(elf.TlsLibraries(elf.Loaded(self.openssl)))
        self.assertIn("SSL_CTX_new", elf.DynamicSymbols(self.openssl))
        self.assertTrue(elf.TlsSymbols(elf.DynamicSymbols(self.openssl)))

    def test_sees_no_tls_in_a_program_without_it(self):
        self.assertIn("libc.so.6", elf.Needed(self.true))
        self.assertIn("libc.so.6", elf.Loaded(self.true))
        self.assertEqual(elf.TlsLibraries(elf.Loaded(self.true)), [])
        self.assertEqual(elf.TlsSymbols(elf.DynamicSymbols(self.true)), [])

    def test_sees_a_library_that_only_another_library_needs(self):
        curl = shutil.which("curl")
        self.assertTrue(curl)
        self.assertTrue(elf.TlsLibraries(elf.Loaded(curl)))

    def test_knows_tls_libraries_by_name(self):
        self.assertEqual(
            elf.TlsLibraries(
                ["libssl.so.3", "libcrypto.so.1.1", "libgrpc_unsecure.so.29"]
            ),
            ["libssl.so.3", "libcrypto.so.1.1"],
        )

    def test_knows_tls_symbols_by_name(self):
        self.assertEqual(
            elf.TlsSymbols(["SSL_read", "EVP_sha256", "_ZN4skex3PadE", "read"]),
            ["SSL_read", "EVP_sha256"],
        )

    def test_sees_the_hardening_of_a_packaged_program(self):
        self.assertTrue(elf.IsPositionIndependent(self.true))
        self.assertFalse(elf.StackIsExecutable(self.true))


if __name__ == "__main__":
    unittest.main()
