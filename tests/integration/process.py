"""One process under test, and the events in its log."""

import json
import os
import signal
import subprocess

from tests.integration import waiting

# The kernel ends the process when its starter is gone, however that ended. The
# starter is a thread to the kernel: processes are started by main threads.
_TIED = ["setpriv", "--pdeathsig", "KILL", "--"]


def exit_on_sigterm():
    """Lets SIGTERM unwind the main thread, so that all is cleaned up."""

    def leave(_number, _frame):
        raise SystemExit(128 + signal.SIGTERM)

    signal.signal(signal.SIGTERM, leave)


class Process:
    """A program that writes its log into a file; may be started repeatedly.

    All starts append to the same file. `events()` and what builds on it look
    at the lines since the latest start. `argv` and `pass_fds`, the descriptors
    that it inherits, may be changed between two starts.
    """

    def __init__(self, argv, folder, log_name):
        self.argv = argv
        self.pass_fds = ()
        self.folder = folder
        self.log = os.path.join(folder, log_name)
        self._popen = None
        self._start = 0

    @property
    def pid(self):
        return self._popen.pid

    @property
    def running(self):
        return self._popen is not None and self._popen.poll() is None

    @property
    def status(self):
        """The exit status; None while running."""
        return self._popen.poll()

    def memory_kib(self, kind):
        """Its memory of a kind that smaps_rollup knows, in KiB.

        `Pss` is all of it, with a share of what other processes have, too;
        `Anonymous` is its own data.
        """
        path = f"/proc/{self.pid}/smaps_rollup"
        with open(path, encoding="ascii") as rollup:
            for line in rollup:
                if line.startswith(kind + ":"):
                    return int(line.split()[1])
        raise ValueError(f"no {kind} in {path}")

    @property
    def sanitized(self):
        """Whether it runs under AddressSanitizer, which takes memory."""
        with open(f"/proc/{self.pid}/maps", encoding="utf-8") as maps:
            return "libasan" in maps.read()

    def open_files(self):
        """How many file descriptors it has."""
        return len(os.listdir(f"/proc/{self.pid}/fd"))

    def start(self):
        assert not self.running, f"{self.argv[0]} is running"
        with open(self.log, "ab") as log:
            self._start = log.tell()
            self._popen = subprocess.Popen(
                [*_TIED, *self.argv],
                cwd=self.folder,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                pass_fds=self.pass_fds,
                # Ctrl-C is for the starter, which then ends the others.
                start_new_session=True,
            )

    def kill(self):
        """Ends the process as a crash does: kill -9."""
        if self._popen is not None:
            self._popen.kill()
            self._popen.wait()

    def signal(self, number):
        self._popen.send_signal(number)

    def stop(self, timeout=waiting.DEADLINE):
        """Ends the process in order and returns its exit status."""
        self._popen.send_signal(signal.SIGTERM)
        return self._popen.wait(timeout)

    def text(self, everything=False):
        """The log since the latest start, or all of it."""
        with open(self.log, "rb") as log:
            log.seek(0 if everything else self._start)
            return log.read().decode("utf-8", "replace")

    def events(self, name=None, everything=False, **fields):
        """The events in the log as dictionaries, oldest first.

        Only those called `name`, if given, with all of `fields`.
        """
        found = []
        for line in self.text(everything).splitlines():
            event = _parse(line)
            if event is None or (name and event.get("event") != name):
                continue
            if all(event.get(key) == value for key, value in fields.items()):
                found.append(event)
        return found

    def tail(self, lines=25):
        """The end of the log, for a report."""
        return "\n".join(self.text(True).splitlines()[-lines:])


def _parse(line):
    if not line.startswith("{"):
        return None
    try:
        return json.loads(line)
    except ValueError:
        # The last line may be half written, now or when it was killed.
        return None
