"""Takes the programs' --help apart."""

import re
import subprocess


class HelpError(Exception):
    """A help text is not built as the ones of this project are."""


class Entry:
    """An option, a positional or a subcommand.

    `names` are what it is called, `argument` what follows them, `notes` what
    the parser says of it, as (word, value).
    """

    def __init__(self, head, text):
        words = head.split()
        self.names = words[0].split(",")
        self.text = text
        self.notes = []
        argument = []
        for word in words[1:]:
            if word == "REQUIRED" or word in ("Excludes:", "Needs:"):
                self.notes.append((word.rstrip(":"), []))
            elif self.notes:
                self.notes[-1][1].append(word)
            else:
                argument.append(word)
        self.argument = " ".join(argument)


class HelpText:
    """What one --help says.

    `description` and `footer` are lists of paragraphs; `positionals`,
    `options` and `subcommands` are lists of entries.
    """

    _LISTS = {
        "Positionals:": "positionals",
        "Options:": "options",
        "Subcommands:": "subcommands",
    }
    _ENTRY = re.compile(r"^  (\S.*?)(?:  +(\S.*))?$")
    _MORE = re.compile(r"^ {20,}(\S.*)$")

    def __init__(self, text):
        self.positionals, self.options, self.subcommands = [], [], []
        head, usage, rest = text.partition("Usage: ")
        if not usage:
            raise HelpError(f"no usage in {text!r}")
        self.description = _paragraphs(head)
        self.usage, _, rest = rest.partition("\n")
        footer = []
        entries = None
        for line in rest.splitlines():
            if line in self._LISTS:
                entries = getattr(self, self._LISTS[line])
                continue
            entry, more = self._ENTRY.match(line), self._MORE.match(line)
            if entries is not None and more and entries:
                entries[-1].text = f"{entries[-1].text} {more[1]}".strip()
            elif entries is not None and entry:
                entries.append(Entry(entry[1], entry[2] or ""))
            else:
                entries = None
                footer.append(line)
        self.footer = _paragraphs("\n".join(footer))


def _paragraphs(text):
    lines = [line.strip() for line in text.splitlines()]
    return [line for line in lines if line]


def of_program(argv):
    """The help of a program, or of its subcommand."""
    done = subprocess.run(
        [*argv, "--help"],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        universal_newlines=True,
        check=True,
    )
    return HelpText(done.stdout)


def tree(argv):
    """The help of a program and of all its subcommands, in their order.

    A list of (words behind the program's name, help).
    """
    found = []

    def visit(verb):
        text = of_program([*argv, *verb])
        found.append((verb, text))
        for entry in text.subcommands:
            visit([*verb, entry.names[0]])

    visit([])
    return found
