"""Ports, and plain programs at both ends of the tunnels, on loopback."""

import queue
import random
import socket
import struct
import subprocess
import threading

LOOPBACK = "127.0.0.1"

# Below the ports that Linux gives to outgoing connections.
_FIRST_PORT = 20000
_LAST_PORT = 32000

_held = []


def reserve_port(choice=random.SystemRandom()):
    """A port that this process holds until its end, for a program to use.

    A socket that is bound and does not listen keeps others away who ask as
    this function does, not a server that sets SO_REUSEADDR as servers do.
    """
    while True:
        hold = socket.socket()
        try:
            hold.bind((LOOPBACK, choice.randint(_FIRST_PORT, _LAST_PORT)))
        except OSError:
            hold.close()
            continue
        hold.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        _held.append(hold)
        return hold.getsockname()[1]


def address(port):
    return f"{LOOPBACK}:{port}"


class _Server:
    """Accepts connections and gives each a thread.

    At a port of its own, unless one is given.
    """

    def __init__(self, port=0):
        self._listener = socket.create_server((LOOPBACK, port))
        self.port = self._listener.getsockname()[1]
        threading.Thread(target=self._accept, daemon=True).start()

    def close(self):
        try:
            # Also wakes the thread that accepts.
            self._listener.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass
        self._listener.close()

    def _accept(self):
        while True:
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            self._handle(connection)

    def _handle(self, connection):
        threading.Thread(
            target=self._serve_and_close, args=(connection,), daemon=True
        ).start()

    def _serve_and_close(self, connection):
        with connection:
            try:
                self._serve(connection)
            except OSError:
                pass

    def _serve(self, connection):
        raise NotImplementedError


class EchoServer(_Server):
    """Sends back what it gets."""

    def _serve(self, connection):
        while True:
            data = connection.recv(65536)
            if not data:
                return
            connection.sendall(data)


class Holder(_Server):
    """Accepts connections and leaves them to the caller, unread."""

    def __init__(self, port=0):
        self._accepted = queue.Queue()
        super().__init__(port)

    def take(self, timeout):
        """The next connection, which is the caller's to close.

        Raises queue.Empty if none comes within `timeout` seconds.
        """
        return self._accepted.get(timeout=timeout)

    def _handle(self, connection):
        self._accepted.put(connection)


class Recorder(_Server):
    """Forwards connections to a port and keeps every byte, of both ways.

    What an eavesdropper between two machines has. To the target it sends
    `before` first: so load balancers tell for whom a connection is.
    """

    def __init__(self, target_port, before=b""):
        self._target = target_port
        self._before = before
        self._mutex = threading.Lock()
        self._streams = []
        super().__init__()

    def streams(self):
        """What went over each connection so far: (to target, back)."""
        with self._mutex:
            return [(bytes(there), bytes(back)) for there, back in self._streams]

    def _serve(self, connection):
        with socket.create_connection((LOOPBACK, self._target)) as target:
            target.sendall(self._before)
            there, back = bytearray(), bytearray()
            with self._mutex:
                self._streams.append((there, back))
            backward = threading.Thread(
                target=self._pump, args=(target, connection, back), daemon=True
            )
            backward.start()
            self._pump(connection, target, there)
            backward.join()

    def _pump(self, source, sink, record):
        try:
            while True:
                data = source.recv(65536)
                with self._mutex:
                    record += data
                if not data:
                    sink.shutdown(socket.SHUT_WR)
                    return
                sink.sendall(data)
        except OSError:
            # A reset is passed on as an end.
            for end in (source, sink):
                try:
                    end.shutdown(socket.SHUT_RDWR)
                except OSError:
                    pass


def exchange(port, message, timeout):
    """Sends `message` to a port and returns as many bytes that come back.

    Fewer if the other end closes; None if it could not even be sent.
    """
    try:
        with socket.create_connection((LOOPBACK, port), timeout) as connection:
            connection.settimeout(timeout)
            return converse(connection, message)
    except OSError:
        return None


def converse(connection, message):
    """Sends `message` and returns as many bytes that come back.

    Fewer if the other end closes.
    """
    connection.sendall(message)
    answer = b""
    while len(answer) < len(message):
        data = connection.recv(65536)
        if not data:
            break
        answer += data
    return answer


def reset(connection):
    """Closes a connection as a program that crashes does, by a reset."""
    connection.setsockopt(
        socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0)
    )
    connection.close()


def read_to_end(connection, timeout):
    """What still comes, and whether it ends in order: (bytes, bool).

    Anything else than an orderly end is a reset. Closes the connection.
    """
    connection.settimeout(timeout)
    data = bytearray()
    with connection:
        while True:
            try:
                piece = connection.recv(65536)
            except (ConnectionResetError, BrokenPipeError):
                return bytes(data), False
            if not piece:
                return bytes(data), True
            data += piece


def curl(url, timeout=20):
    """Runs curl; returns its completed process."""
    return subprocess.run(
        [
            "curl",
            "--silent",
            "--show-error",
            "--noproxy",
            "*",
            "--max-time",
            str(timeout),
            url,
        ],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        universal_newlines=True,
        check=False,
    )
