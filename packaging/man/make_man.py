"""Makes the manual pages out of what the programs say by --help.

usage: make_man.py --out DIR PROGRAM...

Writes DIR/skexd.8, skex-hub.8 and skexctl.1 for those that are given.
"""

import argparse
import os
import subprocess

from packaging.man import help_text, man_page

_SECTIONS = {"skexctl": 1, "skexd": 8, "skex-hub": 8}
_EXIT_STATUS = "Exit status: "


def _version(program):
    """Like skexd 0.1.0, without what it was built with."""
    done = subprocess.run(
        [program, "--version"],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        universal_newlines=True,
        check=True,
    )
    return " ".join(done.stdout.split()[:2])


def _name(text):
    """The first paragraph of a description, as the line under NAME."""
    first = text.description[0].rstrip(".")
    return first[:1].lower() + first[1:]


def _own_options(text):
    """Without --help and --version, which are the whole program's."""
    common = ("--help", "--version")
    return [entry for entry in text.options if entry.names[-1] not in common]


def _add_verbs(page, name, verbs):
    page.section("COMMANDS")
    for verb, text in verbs:
        page.subsection(" ".join([name, *verb]))
        page.paragraphs(man_page.sentence(line) for line in text.description)
        if text.subcommands:
            # Its subcommands have the same one.
            page.paragraphs(text.footer)
            continue
        page.usage(text.usage, len(verb) + 1)
        page.entries(text.positionals)
        page.entries(_own_options(text))


def make_page(program):
    """The manual page of a program."""
    name = os.path.basename(program)
    (_, top), *verbs = help_text.tree([program])
    page = man_page.Page(name, _SECTIONS[name], _version(program))
    page.section("NAME")
    page.line(f"{name} - {_name(top)}")
    page.section("SYNOPSIS")
    page.usage(top.usage, 1)
    page.section("DESCRIPTION")
    page.paragraphs(top.description)
    exits = [text for text in top.footer if text.startswith(_EXIT_STATUS)]
    if not exits:
        raise help_text.HelpError(f"{name} --help says no exit status")
    page.paragraphs(text for text in top.footer if text not in exits)
    page.section("OPTIONS")
    page.entries(top.options)
    page.entries(top.positionals)
    if verbs:
        _add_verbs(page, name, verbs)
    page.section("EXIT STATUS")
    page.paragraphs(
        man_page.sentence(text[len(_EXIT_STATUS) :]) for text in exits
    )
    page.section("SEE ALSO")
    others = [
        f"{other}({section})"
        for other, section in sorted(_SECTIONS.items())
        if other != name
    ]
    page.line(", ".join(others))
    return page.text()


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--out", required=True)
    parser.add_argument("programs", nargs="+")
    arguments = parser.parse_args()
    for program in arguments.programs:
        name = os.path.basename(program)
        path = os.path.join(arguments.out, f"{name}.{_SECTIONS[name]}")
        with open(path, "w", encoding="utf-8") as out:
            out.write(make_page(os.path.abspath(program)))


if __name__ == "__main__":
    main()
