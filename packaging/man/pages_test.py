"""The manual pages are right for groff, and say all that the help says.

usage: pages_test.py PROGRAM... -- PAGE...
"""

import os
import re
import subprocess
import sys
import unittest

from packaging.man import help_text

_OPTION = re.compile(r"(?<![\w-])--?[a-z][a-z-]*")


def run(*argv):
    return subprocess.run(
        argv,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        universal_newlines=True,
        check=False,
    )


class PagesTest(unittest.TestCase):
    programs = []
    pages = {}

    def shown(self, page):
        """What a reader sees, without bold and italics."""
        done = run("groff", "-man", "-Tascii", "-P-cbou", page)
        self.assertEqual(done.returncode, 0, done.stderr)
        return done.stdout

    def each(self):
        """The path of each program, and of its page."""
        self.assertEqual(len(self.programs), 3)
        return [
            (program, self.pages[os.path.basename(program)])
            for program in self.programs
        ]

    def test_groff_has_no_warnings(self):
        for _, page in self.each():
            done = run("groff", "-man", "-ww", "-z", page)
            self.assertEqual((done.returncode, done.stderr), (0, ""), page)

    def test_has_the_sections_of_a_manual_page(self):
        for program, page in self.each():
            text = self.shown(page)
            found = re.findall(r"^[A-Z][A-Z ]+$", text, re.MULTILINE)
            wanted = ["NAME", "SYNOPSIS", "DESCRIPTION", "OPTIONS"]
            if program.endswith("skexctl"):
                wanted.append("COMMANDS")
            self.assertEqual(found, [*wanted, "EXIT STATUS", "SEE ALSO"])
            name = os.path.basename(program)
            self.assertRegex(text, rf"NAME\n +{name} - \w")

    def test_has_every_option_and_verb_of_the_help(self):
        for program, page in self.each():
            text = self.shown(page)
            name = os.path.basename(program)
            for verb, parsed in help_text.tree([program]):
                # Not as the pages' maker takes it apart.
                done = run(program, *verb, "--help")
                options = set(_OPTION.findall(done.stdout))
                self.assertIn("--help", options)
                self.assertLessEqual(options, set(_OPTION.findall(text)), verb)
                self.assertIn(" ".join([name, *verb]), text)
                for option in parsed.options:
                    self.assertTrue(option.text, (verb, option.names))

    def test_says_its_exit_status(self):
        for _, page in self.each():
            _, _, rest = self.shown(page).partition("EXIT STATUS")
            for status in "012":
                self.assertRegex(rest, rf"\b{status}\s+if\s", page)


def main():
    end = sys.argv.index("--")
    PagesTest.programs = [os.path.abspath(path) for path in sys.argv[1:end]]
    PagesTest.pages = {
        os.path.basename(path)[: -len(".8")]: path
        for path in sys.argv[end + 1 :]
    }
    unittest.main(argv=sys.argv[:1])


if __name__ == "__main__":
    main()
