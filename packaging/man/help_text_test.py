"""Tests of taking a help text apart."""

import unittest

from packaging.man import help_text, man_page

_HELP = """Does a thing.
Usage: tool verb [OPTIONS] file

Positionals:
  file FILE REQUIRED          What to do it to

Options:
  -h,--help                   Print this help message and exit
  --socket PATH Excludes: --config
                              admin socket of the daemon
  --count N:INT in [1 - 9]=1  how many

Subcommands:
  make                        Make it

Reloads on SIGHUP.
Exit status: 0 always.

"""


class HelpTextTest(unittest.TestCase):
    def setUp(self):
        self.help = help_text.HelpText(_HELP)

    def test_takes_all_parts(self):
        self.assertEqual(self.help.description, ["Does a thing."])
        self.assertEqual(self.help.usage, "tool verb [OPTIONS] file")
        self.assertEqual(
            self.help.footer, ["Reloads on SIGHUP.", "Exit status: 0 always."]
        )
        self.assertEqual([e.names for e in self.help.subcommands], [["make"]])

    def test_takes_entries_apart(self):
        options = self.help.options
        self.assertEqual(
            [option.names for option in options],
            [["-h", "--help"], ["--socket"], ["--count"]],
        )
        self.assertEqual(options[1].text, "admin socket of the daemon")
        self.assertEqual(options[1].argument, "PATH")
        self.assertEqual(options[1].notes, [("Excludes", ["--config"])])
        self.assertEqual(options[2].argument, "N:INT in [1 - 9]=1")
        (file,) = self.help.positionals
        self.assertEqual(file.argument, "FILE")
        self.assertEqual(file.notes, [("REQUIRED", [])])

    def test_refuses_what_is_no_help(self):
        with self.assertRaises(help_text.HelpError):
            help_text.HelpText("Segmentation fault\n")


class EscapeTest(unittest.TestCase):
    def test_text_is_never_taken_for_a_request(self):
        self.assertEqual(man_page.escape(".SH x"), "\\&.SH x")
        self.assertEqual(man_page.escape("'a"), "\\&'a")
        self.assertEqual(man_page.escape("a\\b --c"), "a\\eb \\-\\-c")

    def test_code_is_bold(self):
        self.assertEqual(man_page.escape("as `a b`."), "as \\fBa b\\fR.")


if __name__ == "__main__":
    unittest.main()
