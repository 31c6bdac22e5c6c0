"""Finds the programs under test, whose paths Bazel puts on the command line."""

import collections
import os

Programs = collections.namedtuple("Programs", ["agent", "hub", "ctl"])

_FLAGS = {"--skexd": "agent", "--skex-hub": "hub", "--skexctl": "ctl"}


def take(argv):
    """Removes the programs from `argv` and returns them with full paths.

    Each is given as `--NAME=PATH`. Exits with a message if one is missing.
    """
    found = {}
    for argument in argv[1:]:
        flag, _, path = argument.partition("=")
        if flag in _FLAGS:
            found[_FLAGS[flag]] = os.path.abspath(path)
            argv.remove(argument)
    for flag, name in _FLAGS.items():
        if name not in found:
            raise SystemExit(f"{argv[0]}: {flag}=PATH is missing")
        if not os.access(found[name], os.X_OK):
            raise SystemExit(f"{argv[0]}: {found[name]} is no program")
    return Programs(**found)
