"""Writes manual pages for groff's man macros."""

import re

_NOTES = {"Excludes": "Not with", "Needs": "Only with"}


def escape(text):
    """Text as groff takes it: as it is, wherever a line begins."""
    text = text.replace("\\", "\\e").replace("-", "\\-")
    text = re.sub("`([^`]*)`", r"\\fB\1\\fR", text)
    return re.sub(r"^([.'])", r"\\&\1", text)


def _bold(text):
    return f"\\fB{escape(text)}\\fR"


def _italic(text):
    return f"\\fI{escape(text)}\\fR"


def sentence(text):
    """The text with a capital letter and a full stop."""
    text = text[:1].upper() + text[1:]
    return text if text.endswith((".", "!", "?")) else text + "."


def _entry(entry):
    head = ", ".join(_bold(name) for name in entry.names)
    if entry.argument:
        head += " " + _italic(entry.argument)
    sentences = [sentence(entry.text)] if entry.text else []
    for word, values in entry.notes:
        if word == "REQUIRED":
            sentences.append("Required.")
        else:
            sentences.append(f"{_NOTES[word]} {', '.join(values)}.")
    return [".TP", head, escape(" ".join(sentences))]


def _usage(usage, literal):
    words = usage.split()
    return " ".join(
        [_bold(word) for word in words[:literal]]
        + [_italic(word) for word in words[literal:]]
    )


def _paragraphs(texts):
    lines = []
    for text in texts:
        lines += [".PP", escape(text)]
    return lines


class Page:
    """One page; sections come in the order in which they are added."""

    def __init__(self, name, section, version):
        self._lines = [
            f'.TH {escape(name).upper()} {section} "" "{escape(version)}" '
            '"skex manual"',
            # No hyphens in names of options, no stretched lines.
            ".nh",
            ".ad l",
        ]

    def section(self, title):
        self._lines.append(f".SH {title}")

    def subsection(self, title):
        self._lines.append(f".SS {escape(title)}")

    def paragraphs(self, texts):
        self._lines += _paragraphs(texts)

    def usage(self, text, literal):
        """A usage line, of which the first `literal` words stand for
        themselves."""
        self._lines += [".PP", _usage(text, literal)]

    def entries(self, entries):
        for entry in entries:
            self._lines += _entry(entry)

    def line(self, text):
        self._lines.append(escape(text))

    def text(self):
        return "\n".join(self._lines) + "\n"
