"""Runs a program within the limits that its systemd unit sets, as far as they
can be had without systemd: its system calls and address families.

usage: confinement.py UNIT PROGRAM [ARG...]
"""

import ctypes
import errno
import os
import platform
import re
import socket
import struct
import subprocess
import sys

# linux/prctl.h, linux/seccomp.h, linux/audit.h.
_PR_SET_SECCOMP = 22
_PR_SET_NO_NEW_PRIVS = 38
_FILTER_MODE = 2
_ALLOW = 0x7FFF0000
_ERRNO = 0x00050000
_KILL = 0x80000000
_ARCHITECTURES = {"x86_64": 0xC000003E, "aarch64": 0xC00000B7}

# Classic BPF: load a word of the call's description, compare, return.
_LOAD = 0x20
_JUMP_IF_EQUAL = 0x15
_RETURN = 0x06
_NUMBER_AT = 0
_ARCHITECTURE_AT = 4
_FIRST_ARGUMENT_AT = 16


def settings(unit, key):
    """All values of a key in a unit file, in their order."""
    with open(unit, encoding="utf-8") as file:
        lines = file.read().splitlines()
    return [
        line.partition("=")[2] for line in lines if line.startswith(key + "=")
    ]


def _output(*argv):
    return subprocess.run(
        argv,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        universal_newlines=True,
        check=True,
    ).stdout


def _members(name):
    """The system calls in a set of systemd's like @file-system."""
    if not name.startswith("@"):
        return {name}
    lines = _output("systemd-analyze", "syscall-filter", name).splitlines()
    words = [line.strip() for line in lines[1:] if line.startswith(" ")]
    found = set()
    for word in words:
        if word and not word.startswith("#"):
            found |= _members(word)
    return found


def allowed_calls(unit):
    """The names that SystemCallFilter= leaves."""
    allowed = set()
    for value in settings(unit, "SystemCallFilter"):
        names = set()
        for name in value.lstrip("~").split():
            names |= _members(name)
        allowed = allowed - names if value.startswith("~") else allowed | names
    return allowed


def _call_numbers():
    """The number of each system call on this machine."""
    macros = _output(
        *["g++", "-E", "-dM", "-x", "c++", "-include", "sys/syscall.h"],
        "/dev/null",
    )
    return {
        name: int(number)
        for name, number in re.findall(r"#define __NR_(\w+) (\d+)\b", macros)
    }


def _op(code, k, if_true=0, if_false=0):
    return struct.pack("=HBBI", code, if_true, if_false, k)


def bpf(calls, families):
    """A filter that lets these calls through, and sockets of these families.

    All else fails as systemd lets it fail.
    """
    numbers = _call_numbers()
    program = [
        _op(_LOAD, _ARCHITECTURE_AT),
        _op(_JUMP_IF_EQUAL, _ARCHITECTURES[platform.machine()], 1),
        _op(_RETURN, _KILL),
        _op(_LOAD, _NUMBER_AT),
    ]
    sockets = [_op(_LOAD, _FIRST_ARGUMENT_AT)]
    for family in families:
        sockets += [_op(_JUMP_IF_EQUAL, family, 0, 1), _op(_RETURN, _ALLOW)]
    sockets.append(_op(_RETURN, _ERRNO | errno.EAFNOSUPPORT))
    program.append(_op(_JUMP_IF_EQUAL, numbers["socket"], 0, len(sockets)))
    program += sockets
    for name in sorted(calls):
        if name in numbers:
            program += [
                _op(_JUMP_IF_EQUAL, numbers[name], 0, 1),
                _op(_RETURN, _ALLOW),
            ]
    program.append(_op(_RETURN, _ERRNO | errno.EPERM))
    return b"".join(program)


def _prctl(*args):
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.prctl(*[ctypes.c_ulong(arg) for arg in args]) != 0:
        raise OSError(ctypes.get_errno(), f"prctl {args[0]}")


def confine(unit):
    """Confines this process, and what it executes, for ever."""
    families = [
        getattr(socket, name)
        for name in settings(unit, "RestrictAddressFamilies")[0].split()
    ]
    code = ctypes.create_string_buffer(bpf(allowed_calls(unit), families))
    # struct sock_fprog: the number of instructions, and where they are.
    program = ctypes.create_string_buffer(
        struct.pack("@HP", (len(code) - 1) // 8, ctypes.addressof(code))
    )
    _prctl(_PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)
    _prctl(_PR_SET_SECCOMP, _FILTER_MODE, ctypes.addressof(program), 0, 0)


def main():
    confine(sys.argv[1])
    os.execv(sys.argv[2], sys.argv[2:])


if __name__ == "__main__":
    main()
