"""Tests how package sources of both forms become sources of source packages."""

import pathlib
import tempfile
import unittest

from third_party.boringssl import download_source


class SourceLinesTest(unittest.TestCase):

    def test_turns_deb_into_deb_src_and_keeps_options(self):
        self.assertEqual(
            download_source.SourceLines(
                "deb [arch=amd64 signed-by=/k.gpg] http://m/debian a main\n"
            ),
            "deb-src [arch=amd64 signed-by=/k.gpg] http://m/debian a main\n",
        )

    def test_leaves_comments_out_and_names_each_source_once(self):
        self.assertEqual(
            download_source.SourceLines(
                "# deb http://old/debian bookworm main\n"
                "deb http://mirror/debian bookworm main\n"
                "deb-src http://mirror/debian bookworm main\n"
            ),
            "deb-src http://mirror/debian bookworm main\n",
        )


class SourceStanzasTest(unittest.TestCase):

    def test_turns_types_into_deb_src_and_keeps_the_other_fields(self):
        self.assertEqual(
            download_source.SourceStanzas(
                "# the mirror\n"
                "Types: deb deb-src\n"
                "URIs: http://mirror/debian\n"
                "Suites: bookworm bookworm-updates\n"
                "Components: main\n"
                "Signed-By: /k.gpg\n"
            ),
            "Types: deb-src\n"
            "URIs: http://mirror/debian\n"
            "Suites: bookworm bookworm-updates\n"
            "Components: main\n"
            "Signed-By: /k.gpg\n",
        )

    def test_keeps_a_key_of_several_lines_in_its_field(self):
        key = "Signed-By:\n -----BEGIN\n .\n -----END\n"
        self.assertIn(
            key,
            download_source.SourceStanzas(
                "Types: deb\nURIs: http://m\n" + key
            ),
        )

    def test_separates_stanzas_and_skips_disabled_ones(self):
        stanzas = download_source.SourceStanzas(
            "Types: deb\nURIs: http://one\n\n"
            "Types: deb\nURIs: http://two\nEnabled: no\n\n"
            "# only a comment\n\n"
            "Types: deb\nURIs: http://three\n"
        )
        self.assertEqual(
            stanzas,
            "Types: deb-src\nURIs: http://one\n\n"
            "Types: deb-src\nURIs: http://three\n",
        )


class WritePrivateSourcesTest(unittest.TestCase):

    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.etc_apt = pathlib.Path(folder.name) / "apt"
        (self.etc_apt / "sources.list.d").mkdir(parents=True)
        self.private = pathlib.Path(folder.name) / "private"

    def test_takes_both_forms_and_no_other_file(self):
        (self.etc_apt / "sources.list").write_text("deb http://a b main\n")
        parts = self.etc_apt / "sources.list.d"
        (parts / "c.sources").write_text("Types: deb\nURIs: http://c\n")
        (parts / "d.sources.disabled").write_text(
            "Types: deb\nURIs: http://d\n"
        )
        self.assertEqual(
            download_source.WritePrivateSources(self.etc_apt, self.private), 2
        )
        self.assertEqual(
            sorted(path.name for path in self.private.iterdir()),
            ["c.sources", "sources.list"],
        )

    def test_says_when_there_is_no_source(self):
        (self.etc_apt / "sources.list").write_text("# nothing\n")
        self.assertEqual(
            download_source.WritePrivateSources(self.etc_apt, self.private), 0
        )


if __name__ == "__main__":
    unittest.main()
