"""A program on a terminal, as the operator in front of it sees it."""

import fcntl
import os
import pty
import select
import struct
import subprocess
import termios

from tests.integration import waiting

# Around a picture, and in it.
_BEGIN = b"\x1b[?2026h\x1b[H"
_END = b"\x1b[?2026l"
_CLEAR = (b"\x1b[K", b"\x1b[J")


class Screen:
    """Starts a program that draws pictures from the upper left corner.

    To be used in a `with`, which kills it in the end.
    """

    def __init__(self, argv, folder, columns=80, rows=24):
        self._master, self._slave = pty.openpty()
        self._output = b""
        self.resize(columns, rows)
        # What the terminal was like before.
        self.modes = self.current_modes()
        self._popen = subprocess.Popen(
            argv,
            cwd=folder,
            stdin=self._slave,
            stdout=self._slave,
            stderr=self._slave,
            start_new_session=True,
            preexec_fn=self._take_terminal,
        )

    @staticmethod
    def _take_terminal():
        # So that its changes of size reach the program as a signal.
        fcntl.ioctl(0, termios.TIOCSCTTY, 0)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self._popen.kill()
        self._popen.wait()
        os.close(self._slave)
        os.close(self._master)

    def resize(self, columns, rows):
        fcntl.ioctl(
            self._slave,
            termios.TIOCSWINSZ,
            struct.pack("HHHH", rows, columns, 0, 0),
        )

    def current_modes(self):
        return termios.tcgetattr(self._slave)

    def press(self, keys):
        os.write(self._master, keys)

    def send_signal(self, number):
        self._popen.send_signal(number)

    @property
    def running(self):
        return self._popen.poll() is None

    @property
    def stopped(self):
        """Whether a signal has stopped the program, which may go on later."""
        with open(f"/proc/{self._popen.pid}/stat", encoding="ascii") as stat:
            # Behind its name, in parentheses.
            return stat.read().rpartition(")")[2].split()[0] == "T"

    def output(self):
        """All that the program has written."""
        while select.select([self._master], [], [], 0)[0]:
            self._output += os.read(self._master, 65536)
        return self._output

    def picture(self):
        """The lines of the last whole picture; none if there is none yet."""
        # What follows the last end may be under way.
        shown, _, _ = self.output().rpartition(_END)
        if not shown:
            return []
        text = shown.rpartition(_BEGIN)[2]
        for clear in _CLEAR:
            text = text.replace(clear, b"")
        lines = text.decode("ascii").split("\r\n")
        # Below the last line there is one that is only cleared.
        return lines[:-1] if lines[-1] == "" else lines

    def await_picture(self, what, holds):
        """Waits for a picture of which `holds(lines)` is true; returns it."""

        def probe():
            lines = self.picture()
            return lines if lines and holds(lines) else None

        return waiting.until(
            what,
            probe,
            explain=lambda: "\n".join(["it shows", *self.picture()]),
        )

    def await_line(self, begin):
        """Waits for a picture with a line that begins so; returns the line."""

        def found(lines):
            return [line for line in lines if line.startswith(begin)]

        return found(self.await_picture(begin, found))[0]

    def await_end(self):
        """The exit status, once the program has ended."""
        # It may have to write before it ends.
        waiting.until("end", lambda: self.output() and not self.running)
        return self._popen.returncode
