"""Proves that the layer check can fail, and that it passes what is allowed."""

import os
import subprocess
import sys
import unittest

from tests.layers import check_layers


def Found(*edges):
    text = "digraph mygraph {\n"
    text += "".join(f'  "{a}" -> "{b}"\n' for a, b in edges)
    return check_layers.Violations(check_layers.ParseGraph(text + "}\n"))


class CheckLayersTest(unittest.TestCase):

    def test_accepts_the_way_of_the_data(self):
        self.assertEqual(
            Found(
                ("//skex/wire:wire", "//skex/pad:pad"),
                ("//skex/mac:mac", "@boringssl//:crypto"),
                ("//tlsbridge:tlsbridge", "//skex/psk:psk"),
                ("//tlsbridge:tlsbridge", "@boringssl//:ssl"),
                ("//service:skexd", "//tlsbridge:tlsbridge"),
                ("//service:skexd", "@debian//:grpc++_unsecure"),
                ("//tests/simulation:crowd_test", "//skex/dske:deal"),
                ("//bench/micro:gf", "//skex/gf:gf"),
            ),
            [],
        )

    def test_reports_skex_that_uses_service(self):
        found = Found(("//skex/pad:pad", "//service/storage:file_journal"))
        self.assertEqual(len(found), 1)
        self.assertIn("//skex must not reach //service", found[0])

    def test_reports_the_whole_chain_of_an_indirect_use(self):
        found = Found(
            ("//skex/pad:pad", "//third_party/odd:odd"),
            ("//third_party/odd:odd", "@debian//:protobuf"),
        )
        self.assertEqual(
            found,
            [
                "//skex must not reach @debian//:protobuf: //skex/pad:pad -> "
                "//third_party/odd:odd -> @debian//:protobuf"
            ],
        )

    def test_reports_skex_that_uses_tls(self):
        self.assertTrue(Found(("//skex/psk:psk", "@boringssl//:ssl")))

    def test_reports_skex_that_uses_grpc(self):
        self.assertTrue(Found(("//skex/wire:w", "@debian//:grpc++_unsecure")))

    def test_reports_tlsbridge_that_uses_another_part_of_skex(self):
        found = Found(("//tlsbridge:session", "//skex/keystore:keystore"))
        self.assertEqual(len(found), 1)
        self.assertIn("may use only //skex/psk", found[0])

    def test_accepts_what_psk_itself_needs_below_tlsbridge(self):
        self.assertEqual(
            Found(
                ("//tlsbridge:session", "//skex/psk:psk"),
                ("//skex/psk:psk", "//skex/mac:mac"),
            ),
            [],
        )

    def test_reports_each_folder_that_uses_tests_or_bench(self):
        for folder in ["//skex/gf", "//tlsbridge", "//service/app"]:
            for upper in ["//tests/vectors:v", "//bench/micro:m"]:
                with self.subTest(folder=folder, upper=upper):
                    self.assertTrue(Found((folder + ":x", upper)))

    def test_a_folder_is_not_its_namesake_with_a_longer_name(self):
        self.assertEqual(Found(("//skex/a:a", "//servicemesh:b")), [])

    def test_survives_a_cycle(self):
        self.assertEqual(Found(("//skex/a:a", "//skex/a:b"),
                               ("//skex/a:b", "//skex/a:a")), [])

    def test_the_program_fails_on_a_violation_and_on_an_empty_file(self):
        for text, status in [
            ('"//skex/a:a" -> "//skex/b:b"\n', 0),
            ('"//skex/a:a" -> "//service:b"\n', 1),
            ("", 1),
        ]:
            with self.subTest(text=text):
                path = os.path.join(os.environ["TEST_TMPDIR"], "graph")
                with open(path, "w", encoding="utf-8") as file:
                    file.write(text)
                done = subprocess.run(
                    [sys.executable, check_layers.__file__, path],
                    stdout=subprocess.PIPE,
                    stderr=subprocess.STDOUT,
                    check=False,
                )
                self.assertEqual(done.returncode, status, done.stdout)


if __name__ == "__main__":
    unittest.main()
