"""Stands in for the service manager, as far as daemons see it.

See sd_notify(3) and sd_listen_fds(3).
"""

import fcntl
import socket

from tests.integration import waiting


class NotifySocket:
    """Takes what daemons tell their service manager."""

    def __init__(self):
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        # The kernel chooses an abstract name.
        self._socket.bind("")
        self._socket.setblocking(False)
        self._unread = []

    def close(self):
        self._socket.close()

    def environment(self, **variables):
        """A prefix for the command line of a daemon that is to tell it."""
        name = self._socket.getsockname()[1:].decode("ascii")
        given = [f"{key}={value}" for key, value in variables.items()]
        return ["env", f"NOTIFY_SOCKET=@{name}", *given]

    def messages(self):
        """Those that have come and that nobody waited for, oldest first."""
        while True:
            try:
                self._unread.append(self._socket.recv(4096).decode("utf-8"))
            except BlockingIOError:
                return list(self._unread)

    def wait_for(self, text):
        """Waits for a message with this text in it.

        Returns it; it and those before it are then gone.
        """

        def find():
            for number, message in enumerate(self.messages()):
                if text in message:
                    del self._unread[: number + 1]
                    return message
            return None

        return waiting.until(
            f"message {text!r}", find, explain=lambda: repr(self._unread)
        )


# Descriptors from here on are in nobody's way.
_HIGH = 100
_FIRST_PASSED = 3


def pass_sockets(process, listeners):
    """Lets a process find these sockets as if they had been opened for it.

    `listeners` has them by name. The process gets them at every start; the
    tests may close theirs.
    """
    copies = [
        fcntl.fcntl(listener.fileno(), fcntl.F_DUPFD, _HIGH)
        for listener in listeners.values()
    ]
    moves = " ".join(
        f"{_FIRST_PASSED + number}<&{copy} {copy}<&-"
        for number, copy in enumerate(copies)
    )
    process.pass_fds = copies
    process.argv = [
        *["env", f"LISTEN_FDS={len(copies)}"],
        f"LISTEN_FDNAMES={':'.join(listeners)}",
        # The process stays the same through exec, and so does its id.
        *["bash", "-c", f'LISTEN_PID=$$ exec "$@" {moves}', "bash"],
        *process.argv,
    ]
