"""The sidecar in front of real sockets: PROXY headers, old age, sources."""

import socket
import struct

from tests.integration import cluster_case, network, waiting
from tests.integration.cluster_case import ALICE, Pair

_SIGNATURE = b"\r\n\r\n\0\r\nQUIT\n"
_MESSAGE = b"a message of the application"

# Fields of PROXY headers.
_TLS, _TLS_VERSION, _TLS_NAME, _TLS_CIPHER = 0x20, 0x21, 0x22, 0x23


def port_of(endpoint):
    return int(endpoint.rpartition(":")[2])


def header(source, family=socket.AF_INET):
    """A header for a connection from (IP address, port)."""
    v4 = family == socket.AF_INET
    destination = ("198.51.100.1" if v4 else "2001:db8::1", 443)
    rest = b"".join(
        socket.inet_pton(family, ip) for ip, _ in (source, destination)
    ) + struct.pack("!HH", source[1], destination[1])
    kind = b"\x21\x11" if v4 else b"\x21\x21"
    return _SIGNATURE + kind + struct.pack("!H", len(rest)) + rest


def fields(data):
    """The fields that `data` consists of, by type."""
    found = {}
    while data:
        kind, size = struct.unpack_from("!BH", data)
        found[kind] = data[3 : 3 + size]
        data = data[3 + size :]
    return found


def receive(connection, size):
    """Exactly `size` bytes, fewer if the other end closes."""
    data = b""
    while len(data) < size:
        piece = connection.recv(size - len(data))
        if not piece:
            break
        data += piece
    return data


class SidecarCase(cluster_case.ClusterCase):
    """Alice and bob without hubs; behind bob's tunnel is an echo.

    What bob's backend gets thus comes back to alice's application.
    """

    def pair(self, made):
        pair = Pair(made, None, mode="unmediated")
        made.pair(pair.alice, pair.bob)
        self.outbound = pair.alice.config["outbound"][0]
        self.inbound = pair.bob.config["inbound"][0]
        return pair

    def connect(self, endpoint=None):
        """A connection of an application to alice, or to another endpoint."""
        port = port_of(endpoint or self.outbound["listen"])
        connection = socket.create_connection((network.LOOPBACK, port))
        connection.settimeout(waiting.DEADLINE)
        return connection

    def expect_echo(self, connection, message=_MESSAGE):
        connection.sendall(message)
        self.assertEqual(receive(connection, len(message)), message)

    def expect_header(self, connection, kind=b"\x21\x11"):
        """Reads a header; returns (source, destination, fields)."""
        start = receive(connection, 16)
        self.assertEqual(start[:12], _SIGNATURE)
        self.assertEqual(start[12:14], kind)
        rest = receive(connection, struct.unpack("!H", start[14:])[0])
        v4 = kind == b"\x21\x11"
        family, size = (socket.AF_INET, 4) if v4 else (socket.AF_INET6, 16)
        ips = [
            socket.inet_ntop(family, rest[at : at + size]) for at in (0, size)
        ]
        ports = struct.unpack_from("!HH", rest, 2 * size)
        source, destination = zip(ips, ports)
        return source, destination, fields(rest[2 * size + 4 :])

    def expect_reset(self, connection):
        """Expects that no byte comes, and no orderly end."""
        with self.assertRaises(ConnectionResetError):
            data = connection.recv(1)
            self.fail(f"got {data!r}")

    def expect_end(self, connection):
        self.assertEqual(connection.recv(1), b"")

    def await_result(self, agent, result):
        waiting.until(
            f"a connection of {agent.name} with result {result}",
            lambda: agent.process.events("connection", result=result),
            explain=agent.tail,
        )


class ProxyTest(SidecarCase):
    def expect_alice(self, found):
        """Checks what a header says of TLS and of alice."""
        tls = found[_TLS]
        # TLS was spoken, and what it has shown verified.
        self.assertEqual(tls[:5], b"\x01\0\0\0\0")
        self.assertEqual(
            fields(tls[5:]),
            {
                _TLS_VERSION: b"TLSv1.3",
                _TLS_NAME: ALICE.encode(),
                _TLS_CIPHER: b"TLS_AES_256_GCM_SHA384",
            },
        )

    def test_backend_learns_address_and_name_of_the_peer(self):
        with self.cluster(hubs=0) as made:
            pair = self.pair(made)
            self.inbound["send_proxy"] = True
            pair.start_ready()
            with self.connect() as app:
                source, destination, found = self.expect_header(app)
                self.assertEqual(source[0], network.LOOPBACK)
                self.assertEqual(
                    destination,
                    (network.LOOPBACK, port_of(self.inbound["listen"])),
                )
                self.expect_alice(found)
                self.expect_echo(app)

    def test_load_balancer_in_front_of_tls(self):
        client = ("192.0.2.7", 4660)
        with self.cluster(hubs=0) as made:
            pair = self.pair(made)
            # Lane messages of alice go through it, too.
            balancer = network.Recorder(
                port_of(self.inbound["listen"]), before=header(client)
            )
            made.on_exit(balancer.close)
            self.outbound["connect"] = network.address(balancer.port)
            self.inbound["accept_proxy"] = True
            self.inbound["send_proxy"] = True
            pair.start_ready()
            with self.connect() as app:
                source, _, found = self.expect_header(app)
                self.assertEqual(source, client)
                self.expect_alice(found)
                self.expect_echo(app)
            # Who sends no header gets nothing, and harms nobody.
            for garbage in (
                b"GET / HTTP/1.1\r\n\r\n",
                b"PROXY TCP4 192.0.2.7 192.0.2.8 1 2\r\n",
                b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + bytes(32),
                _SIGNATURE + b"\x31\x11\x00\x0c" + bytes(12),
                _SIGNATURE + b"\x21\x11\xff\xff",
            ):
                with self.connect(self.inbound["listen"]) as stranger:
                    stranger.sendall(garbage)
                    self.expect_reset(stranger)
            self.await_result(pair.bob, "bad_proxy_header")
            with self.connect() as app:
                self.assertEqual(self.expect_header(app)[0], client)
                self.expect_echo(app)

    def test_load_balancer_in_front_of_the_application(self):
        client = ("2001:db8::7", 4660)
        with self.cluster(hubs=0) as made:
            pair = self.pair(made)
            self.outbound["accept_proxy"] = True
            pair.start_ready()
            with self.connect() as app:
                app.sendall(header(client, socket.AF_INET6))
                self.expect_echo(app)
            with self.connect() as app:
                app.sendall(_MESSAGE)
                self.expect_reset(app)
            self.await_result(pair.alice, "bad_proxy_header")

            pair.alice.stop()
            self.outbound["send_proxy"] = True
            pair.alice.start()
            pair.alice.await_ready()
            with self.connect() as app:
                app.sendall(header(client, socket.AF_INET6))
                source, _, found = self.expect_header(app, b"\x21\x21")
                self.assertEqual(source, client)
                self.assertEqual(found, {})
                self.expect_echo(app)


class OldAgeTest(SidecarCase):
    def fill(self, connection):
        """Sends until all is full, for want of who reads what comes back."""
        connection.settimeout(0.5)
        try:
            while True:
                connection.sendall(bytes(1 << 16))
        except socket.timeout:
            connection.settimeout(waiting.DEADLINE)

    def await_no_connection(self, agent):
        waiting.until(
            f"the end of all connections of {agent.name}",
            lambda: not any(
                tunnel["connections_open"]
                for tunnel in agent.status()["tunnels"]
            ),
            explain=agent.tail,
        )

    def test_old_connections_end_or_are_cut(self):
        with self.cluster(hubs=0) as made:
            pair = self.pair(made)
            pair.alice.config["limits"].update(
                {"max_age": "2s", "drain_timeout": "3s"}
            )
            pair.start_ready()
            with self.connect() as quiet, self.connect() as busy:
                self.expect_echo(quiet)
                with self.assertRaises((ConnectionResetError, BrokenPipeError)):
                    # It never has a quiet moment: nobody reads before its end.
                    self.fill(busy)
                    self.await_no_connection(pair.alice)
                    while busy.recv(1 << 20):
                        pass
                    self.fail("what is cut has an orderly end")
                self.expect_end(quiet)
            self.await_result(pair.alice, "max_age")
            # Others come.
            with self.connect() as app:
                self.expect_echo(app)

    def test_quiet_connections_do_not_hold_up_a_stop(self):
        with self.cluster(hubs=0) as made:
            pair = self.pair(made)
            for agent in pair.agents:
                agent.config["limits"]["drain_timeout"] = "1h"
            pair.start_ready()
            for agent in pair.agents:
                with self.connect() as app:
                    self.expect_echo(app)
                    agent.stop()
                    self.expect_end(app)
                drained = agent.process.events("drained")
                self.assertEqual([event["reset"] for event in drained], [0])
                agent.start()
                pair.alice.await_ready()


class SourceTest(SidecarCase):
    def test_connections_of_a_source_are_limited(self):
        with self.cluster(hubs=0) as made:
            pair = self.pair(made)
            self.outbound["accept_proxy"] = True
            pair.alice.config["limits"]["connections_per_source"] = 2
            pair.start_ready()

            def connect(ip, port):
                connection = self.connect()
                connection.sendall(header((ip, port)))
                return connection

            with connect("192.0.2.1", 1) as first:
                self.expect_echo(first)
                with connect("192.0.2.1", 2) as second:
                    self.expect_echo(second)
                    with connect("192.0.2.1", 3) as third:
                        self.expect_reset(third)
                    with connect("192.0.2.2", 1) as other:
                        self.expect_echo(other)
                    self.expect_echo(first)
            refused = pair.alice.process.events("connection_refused")
            self.assertEqual(refused[0]["source"], "192.0.2.1:3")

            def talks():
                with connect("192.0.2.1", 4) as later:
                    try:
                        later.sendall(_MESSAGE)
                        return receive(later, len(_MESSAGE)) == _MESSAGE
                    except OSError:
                        return False

            waiting.until("room for another", talks, explain=pair.alice.tail)


if __name__ == "__main__":
    cluster_case.main()
