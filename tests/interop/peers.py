"""Real processes for the interop tests: skex-tls and its foreign peers."""

import json
import os
import re
import socket
import subprocess
import sys
import tempfile
import threading
import time

KEY = "6b" * 32
WRONG_KEY = "77" * 32
IDENTITY = "client identity"

# How long a test waits for what should come at once.
PATIENCE_SECONDS = 60


def free_port():
    """Returns a port that was free a moment ago, for peers that cannot choose."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]


class Process:
    """A process whose output is collected, and which ends with its block."""

    def __init__(self, *args, **options):
        self.args = [str(arg) for arg in args]
        self._process = subprocess.Popen(
            self.args, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
            stderr=subprocess.PIPE, **options)
        self._output = {"stdout": b"", "stderr": b""}
        self._changed = threading.Condition()
        self._readers = [
            threading.Thread(target=self._collect, args=(name,), daemon=True)
            for name in self._output]
        for reader in self._readers:
            reader.start()

    def _collect(self, name):
        stream = getattr(self._process, name)
        while True:
            chunk = os.read(stream.fileno(), 65536)
            with self._changed:
                if not chunk:
                    self._changed.notify_all()
                    return
                self._output[name] += chunk
                self._changed.notify_all()

    @property
    def stdout(self):
        with self._changed:
            return self._output["stdout"]

    @property
    def stderr(self):
        with self._changed:
            return self._output["stderr"]

    def wait_for(self, pattern):
        """Waits until the output has the pattern; returns the match."""
        deadline = time.monotonic() + PATIENCE_SECONDS
        with self._changed:
            while True:
                for text in self._output.values():
                    match = re.search(pattern, text)
                    if match:
                        return match
                left = deadline - time.monotonic()
                ended = not any(r.is_alive() for r in self._readers)
                if left <= 0 or ended:
                    raise AssertionError(
                        "%s never said %r, only:\n%s\n%s" %
                        (self.args, pattern, self._output["stdout"],
                         self._output["stderr"]))
                self._changed.wait(min(left, 1))

    def write(self, data):
        self._process.stdin.write(data)
        self._process.stdin.flush()

    def close_stdin(self):
        try:
            self._process.stdin.close()
        except BrokenPipeError:
            pass

    def finish(self):
        """Ends the input, waits for the end; returns the exit status."""
        self.close_stdin()
        status = self._process.wait(PATIENCE_SECONDS)
        for reader in self._readers:
            reader.join()
        return status

    def __enter__(self):
        return self

    def __exit__(self, *unused):
        if self._process.poll() is None:
            self._process.kill()
        self._process.wait()
        for reader in self._readers:
            reader.join()
        for stream in (self._process.stdin, self._process.stdout,
                       self._process.stderr):
            try:
                stream.close()
            except BrokenPipeError:
                pass


def skex_tls_path():
    """The program, as the test's data brings it."""
    return os.path.join(os.environ["TEST_SRCDIR"],
                        os.environ["TEST_WORKSPACE"],
                        "tlsbridge/tool/skex-tls")


def _flags(key, identity, mode, extra):
    return ["--psk", key, "--identity", identity, "--mode", mode, "--json",
            *extra]


class SkexServer(Process):
    """skex-tls server; echoes one connection and ends."""

    def __init__(self, *extra, key=KEY, identity=IDENTITY, mode="raw"):
        super().__init__(skex_tls_path(), "server", "--listen", "127.0.0.1:0",
                         "--echo", "--once",
                         *_flags(key, identity, mode, extra))
        found = self.wait_for(rb"listening at 127\.0\.0\.1:(\d+)")
        self.port = int(found[1])

    def facts(self):
        return parse_facts(self)


class SkexClient(Process):
    """skex-tls client."""

    def __init__(self, port, *extra, key=KEY, identity=IDENTITY, mode="raw"):
        super().__init__(skex_tls_path(), "client", "--connect",
                         "127.0.0.1:%d" % port,
                         *_flags(key, identity, mode, extra))

    def facts(self):
        return parse_facts(self)


def parse_facts(process):
    """The report that --json makes, once it is there."""
    return json.loads(process.wait_for(rb'\{"handshake".*\}\n')[0])


class Folder(tempfile.TemporaryDirectory):
    """A temporary folder with short-named files for a peer's settings."""

    def write(self, name, text):
        path = os.path.join(self.name, name)
        with open(path, "w", opener=lambda p, f: os.open(p, f, 0o600)) as file:
            file.write(text)
        return path


def print_versions(*commands):
    """Notes in the test's log which programs were met."""
    for command in commands:
        result = subprocess.run(command, stdout=subprocess.PIPE,
                                stderr=subprocess.STDOUT, check=False)
        first = result.stdout.decode(errors="replace").splitlines()[:1]
        print(" ".join(command), "->", *first, file=sys.stderr)
