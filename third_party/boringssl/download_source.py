"""Downloads one Debian source package into a folder, without root.

The machine's package sources are taken as they are, with `deb-src` in place of
`deb`; lists and cache are private to the folder, so nothing of the machine's
package state changes.

usage: download_source.py PACKAGE FOLDER [SOURCES_FOLDER]
"""

import os
import pathlib
import re
import subprocess
import sys

_ONE_LINE = re.compile(r"^\s*deb(?:-src)?\s+(.*)$")
_ENABLED_NO = re.compile(r"^enabled:\s*(no|false|off|0)\s*$", re.I)


def SourceLines(text):
    """Returns a one-line list (*.list) with each `deb` turned to `deb-src`."""
    lines = []
    for line in text.splitlines():
        match = _ONE_LINE.match(line)
        if match and "deb-src " + match[1] not in lines:
            lines.append("deb-src " + match[1])
    return "".join(line + "\n" for line in lines)


def SourceStanzas(text):
    """Returns deb822 stanzas (*.sources) with `Types: deb-src` in each."""
    stanzas = []
    for stanza in re.split(r"\n[ \t]*\n", text):
        lines = [l for l in stanza.splitlines() if not l.startswith("#")]
        fields = [l for l in lines if l.strip()]
        if not any(l.lower().startswith("uris:") for l in fields):
            continue
        if any(_ENABLED_NO.match(l) for l in fields):
            continue
        kept = [l for l in fields if not l.lower().startswith("types:")]
        stanzas.append("\n".join(["Types: deb-src"] + kept) + "\n")
    return "\n".join(stanzas)


_FORMS = {".list": SourceLines, ".sources": SourceStanzas}


def WritePrivateSources(etc_apt, folder):
    """Writes the deb-src form of the sources in etc_apt; returns how many."""
    folder.mkdir(parents=True, exist_ok=True)
    listed = [etc_apt / "sources.list"]
    parts = etc_apt / "sources.list.d"
    if parts.is_dir():
        listed += sorted(parts.iterdir())
    count = 0
    for path in listed:
        form = _FORMS.get(path.suffix)
        if form is None or not path.is_file():
            continue
        text = form(path.read_text())
        if text:
            (folder / path.name).write_text(text)
            count += 1
    return count


def _AptOptions(state):
    settings = {
        "Dir::Etc::sourcelist": "/dev/null",
        "Dir::Etc::sourceparts": state / "sources.list.d",
        "Dir::State::lists": state / "lists",
        "Dir::Cache": state / "cache",
        # As root apt would fetch as the user _apt, who may not write here.
        "APT::Sandbox::User": "",
        "Acquire::Retries": "3",
    }
    return [f"-o{name}={value}" for name, value in settings.items()]


def Download(package, folder, etc_apt):
    """Leaves the files of the source package in folder, or exits."""
    state = folder / "apt"
    if WritePrivateSources(etc_apt, state / "sources.list.d") == 0:
        sys.exit(f"no package source is configured in {etc_apt}")
    for name in ["lists/partial", "cache/archives/partial"]:
        (state / name).mkdir(parents=True, exist_ok=True)
    options = _AptOptions(state)
    commands = [
        # A source that has no deb-src, or does not answer, fails the update;
        # whether the package was found is what counts.
        (["apt-get", *options, "-q", "update"], False),
        (
            ["apt-get", *options, "-q", "source", "--download-only", package],
            True,
        ),
    ]
    log = ""
    for command, required in commands:
        done = subprocess.run(
            command,
            cwd=folder,
            env={**os.environ, "LC_ALL": "C"},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
        )
        log += done.stdout
        if required and done.returncode != 0:
            sys.exit(f"{log}\n`apt-get source {package}` failed")


def main(arguments):
    if len(arguments) not in (2, 3):
        sys.exit(__doc__)
    folder = pathlib.Path(arguments[1]).resolve()
    folder.mkdir(parents=True, exist_ok=True)
    etc_apt = pathlib.Path(arguments[2] if arguments[2:] else "/etc/apt")
    Download(arguments[0], folder, etc_apt)


if __name__ == "__main__":
    main(sys.argv[1:])
