"""skex-tls against stunnel with PSKsecrets."""

import socketserver
import threading
import unittest

import cases
import peers


class _Echo(socketserver.StreamRequestHandler):

    def handle(self):
        for line in self.rfile:
            self.wfile.write(line)


class EchoServer:
    """A plain TCP service for stunnel's back."""

    def __enter__(self):
        socketserver.ThreadingTCPServer.daemon_threads = True
        self._server = socketserver.ThreadingTCPServer(("127.0.0.1", 0), _Echo)
        self.port = self._server.server_address[1]
        self._thread = threading.Thread(target=self._server.serve_forever)
        self._thread.start()
        return self

    def __exit__(self, *unused):
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()


_SETTINGS = """
foreground = yes
debug = info
pid =
[tunnel]
client = {client}
accept = 127.0.0.1:{accept}
connect = 127.0.0.1:{connect}
ciphers = PSK
sslVersionMin = TLSv1.3
PSKsecrets = {keys}
PSKidentity = {identity}
"""


class Stunnel(peers.Process):
    """stunnel, between a plain and a TLS side."""

    def __init__(self, client, connect, key, identity):
        self._folder = peers.Folder()
        keys = self._folder.write("keys", "%s:%s\n" % (identity, key))
        self.port = peers.free_port()
        settings = _SETTINGS.format(
            client="yes" if client else "no", accept=self.port,
            connect=connect, keys=keys, identity=identity)
        if not client:
            settings = settings.replace("PSKidentity = %s\n" % identity, "")
        super().__init__("stunnel", self._folder.write("settings", settings))
        self.wait_for(rb"Configuration successful")

    def __exit__(self, *args):
        super().__exit__(*args)
        self._folder.cleanup()


class StunnelServer:
    """stunnel in front of an echo service."""

    def __enter__(self):
        self._echo = EchoServer().__enter__()
        self._stunnel = Stunnel(False, self._echo.port, peers.KEY,
                                peers.IDENTITY).__enter__()
        self.port = self._stunnel.port
        return self

    def __exit__(self, *args):
        self._stunnel.__exit__(*args)
        self._echo.__exit__(*args)


class PlainClient(peers.Process):
    """stunnel as a TLS client, with a plain client that sends one line."""

    def __init__(self, port, key, identity):
        self._stunnel = Stunnel(True, port, key, identity)
        super().__init__(
            "python3", "-c",
            "import socket, sys\n"
            "s = socket.create_connection(('127.0.0.1', int(sys.argv[1])))\n"
            "s.sendall(b'ping\\n')\n"
            "try:\n"
            "    sys.stdout.buffer.write(s.makefile('rb').readline())\n"
            "except ConnectionError:\n"
            "    pass\n",
            self._stunnel.port)

    def __exit__(self, *args):
        super().__exit__(*args)
        self._stunnel.__exit__(*args)


class StunnelTest(cases.ForeignPeerCases, unittest.TestCase):

    def foreign_server(self, groups):
        return StunnelServer()

    def foreign_client(self, port, groups, key, identity):
        return PlainClient(port, key, identity)


if __name__ == "__main__":
    peers.print_versions(["stunnel", "-version"])
    unittest.main()
