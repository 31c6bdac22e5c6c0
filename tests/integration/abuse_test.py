"""Strangers, backends and applications that misbehave, against whole agents.

Each time the metrics tell the cause, and the others are served.
"""

import concurrent.futures
import hashlib
import os
import signal
import socket
import ssl
import threading

from tests.integration import cluster_case, network, tunnel_case, waiting
from tests.integration.tunnel_case import ECHO, HELD

_MIB = 2**20
# What a stalled connection may cost an agent, however much is to be sent. All
# else waits in the kernel, and at the sender.
_MOST_FOR_STALLED_KIB = 8 * 1024


def client_hello():
    """What a TLS client without any PSK begins with."""
    incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
    client = certificate_client().wrap_bio(incoming, outgoing)
    try:
        client.do_handshake()
    except ssl.SSLWantReadError:
        pass
    return outgoing.read()


def certificate_client():
    client = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    client.check_hostname = False
    client.verify_mode = ssl.CERT_NONE
    return client


class AbuseCase(tunnel_case.TunnelCase):
    def handshakes(self, result):
        """How many handshakes of strangers with bob have ended so."""
        return self.bob.metric(
            "tlsbridge_handshakes_total", role="server", result=result
        )


class Dripping:
    """Sends bytes over connections, one a second over each, in a `with`."""

    def __init__(self, connections, data):
        self._connections = list(connections)
        self._data = data
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run)

    def __enter__(self):
        self._thread.start()

    def __exit__(self, *_):
        self._stop.set()
        self._thread.join()

    def _run(self):
        for byte in self._data:
            for connection in list(self._connections):
                try:
                    connection.sendall(bytes([byte]))
                except OSError:
                    self._connections.remove(connection)
            if self._stop.wait(1):
                return


class LimitsTest(AbuseCase):
    def test_connections_above_the_limit_are_reset(self):
        with self.prepared():
            self.alice.config["limits"]["connections"] = 20
            self.pair.start_ready()
            held = [self.open() for _ in range(20)]
            for _ in range(50):
                self.assertTrue(self.is_refused())
            self.await_ended(self.alice, HELD, "limit", 50)
            # The limit is for all of her tunnels.
            self.assertFalse(self.pair.talks(self.bob))
            self.assertGreaterEqual(self.ended(self.alice, ECHO, "limit"), 1)
            self.assertTrue(all(self.carries(*ends) for ends in held))
            # Places that are given up are there for others.
            for ends in held[:2]:
                for end in ends:
                    end.close()
            self.await_open(18)
            self.assert_serves()
            self.assertEqual(self.ended(self.alice, HELD, "limit"), 50)

    def test_slow_strangers_are_given_up_and_others_get_in(self):
        with self.prepared():
            limit, strangers = 8, 24
            self.bob.config["limits"].update(
                handshakes=limit, handshake_timeout="3s"
            )
            self.pair.start_ready()
            port = self.bob.port_of(ECHO)
            hello = client_hello()
            silent = [self.dial(port) for _ in range(strangers // 3)]
            halting = [self.dial(port) for _ in range(strangers // 3)]
            for stranger in halting:
                stranger.sendall(hello[: len(hello) // 2])
            dripping = [self.dial(port) for _ in range(strangers // 3)]
            with Dripping(dripping, hello):
                waiting.until(
                    "as many handshakes as bob begins at a time",
                    lambda: self.open_at_bob() == limit,
                    explain=self.bob.tail,
                )
                most = self.watch_while(self.pair.talks, self.alice)
                # Hers is not a handshake any more.
                self.assertLessEqual(most, limit + 1)
                self.await_ended(
                    self.bob, ECHO, "handshake_timeout", strangers
                )
            for stranger in silent + halting:
                self.assert_reset(stranger)
            for stranger in dripping:
                # Whoever was sending has seen the reset.
                data, _ = network.read_to_end(stranger, waiting.DEADLINE)
                self.assertEqual(data, b"")
            self.assertEqual(self.handshakes("timeout"), strangers)
            self.assert_serves()

    def open_at_bob(self):
        return self.bob.metric("sidecar_connections_open", tunnel=ECHO)

    def watch_while(self, job, *args):
        """The most connections at bob while `job` succeeds."""
        most = 0
        with concurrent.futures.ThreadPoolExecutor(1) as pool:
            done = pool.submit(job, *args)
            while not done.done():
                most = max(most, self.open_at_bob())
        self.assertTrue(done.result(), self.bob.tail())
        return most


class StrangerTest(AbuseCase):
    def test_garbage(self):
        hello = client_hello()
        complete = [
            b"GET / HTTP/1.1\r\n\r\n",
            b"SSH-2.0-OpenSSH_9.2\r\n",
            # A lane message, where nobody has lanes.
            b"SKU1\x01\x01\x00\x01" + bytes(400),
            bytes(4096),
            b"\xff" * _MIB,
            # A record of another type, and one that is too long.
            b"\x17" + hello[1:],
            b"\x16\x03\x01\xff\xff" + bytes(100),
            # Not a ClientHello; one whose length lies.
            hello[:5] + b"\x02" + hello[6:],
            hello[:6] + b"\xff\xff\xff" + hello[9:],
            hello[:9] + b"\xff" * (len(hello) - 9),
        ]
        # An empty record is none: there may be more of them.
        cut = [b"", b"\x16", b"\x16\x03\x01\x00\x00", hello[:5], hello[:-1]]
        with self.prepared():
            self.pair.start_ready()
            for number, data in enumerate(complete + cut):
                with self.subTest(number=number):
                    answer = self.send(data, end=number >= len(complete))
                    # One alert, or nothing.
                    self.assertIn(answer[:1], (b"", b"\x15"))
                    self.assertLessEqual(len(answer), 7)
            count = len(complete) + len(cut)
            self.await_ended(self.bob, ECHO, "handshake_error", count)
            self.assertEqual(self.handshakes("error"), count)
            self.assert_serves()

    def send(self, data, end):
        """What bob answers to a stranger who sends `data`, and may end."""
        stranger = self.dial(self.bob.port_of(ECHO))
        try:
            stranger.sendall(data)
            if end:
                stranger.shutdown(socket.SHUT_WR)
        except (BrokenPipeError, ConnectionResetError):
            pass  # He has seen enough.
        return network.read_to_end(stranger, waiting.DEADLINE)[0]

    def test_clients_with_certificates_only(self):
        with self.prepared():
            self.pair.start_ready()
            # Not TLS 1.3, and without a PSK.
            for version, result in (
                (ssl.TLSVersion.TLSv1_2, "handshake_error"),
                (ssl.TLSVersion.TLSv1_3, "refused"),
            ):
                client = certificate_client()
                client.minimum_version = client.maximum_version = version
                with self.subTest(version=version):
                    with self.assertRaisesRegex(ssl.SSLError, "ALERT"):
                        client.wrap_socket(self.dial(self.bob.port_of(ECHO)))
                    self.await_ended(self.bob, ECHO, result, 1)
            self.assert_serves()

    def test_flood_of_unknown_identities(self):
        with self.prepared() as made:
            tunnel = self.alice.config["outbound"][0]
            recorder = network.Recorder(self.bob.port_of(ECHO))
            made.on_exit(recorder.close)
            tunnel["connect"] = network.address(recorder.port)
            self.pair.start_ready()
            self.assertTrue(self.pair.talks(self.alice))
            event = self.alice.process.events("handshake", role="client")[-1]
            there = recorder.streams()[-1][0]
            hello = there[: 5 + int.from_bytes(there[3:5], "big")]
            key = bytes.fromhex(event["key"])
            self.assertIn(key, hello)
            # As it was recorded, and with identities that nobody knows.
            answers = {self.send(hello, end=False)}
            for _ in range(299):
                stranger = hello.replace(key, os.urandom(len(key)))
                answers.add(self.send(stranger, end=False))
            # Nobody learns from the answer which identities there are.
            self.assertEqual(len(answers), 1)
            self.assertEqual(answers.pop()[:1], b"\x15")
            self.await_ended(self.bob, ECHO, "unknown_identity", 300)
            self.assertEqual(self.ended(self.bob, ECHO, "handshake_error"), 0)
            self.assert_serves()


class BackendTest(tunnel_case.TunnelCase):
    def test_one_that_does_not_read_stops_the_sender(self):
        with self.prepared():
            self.pair.start_ready()
            self.assert_stops([self.open() for _ in range(4)])

    def test_application_that_does_not_read_stops_the_backend(self):
        with self.prepared():
            self.pair.start_ready()
            self.assert_stops([self.open()[::-1] for _ in range(4)])

    def assert_stops(self, connections):
        """Each (source, sink) takes some and stops; nothing is lost."""
        self.assert_serves()
        memory = tunnel_case.Memory(self.pair.agents)
        sent = [fill(source) for source, _ in connections]
        for kib in memory.growth_kib():
            self.assertLess(kib, _MOST_FOR_STALLED_KIB)
        self.assert_serves()
        for (source, sink), digest in zip(connections, sent):
            source.shutdown(socket.SHUT_WR)
            received = hashlib.sha256()
            while data := sink.recv(_MIB):
                received.update(data)
            self.assertEqual(received.digest(), digest)
            sink.close()
        self.await_open(0)
        for agent in self.pair.agents:
            self.assertEqual(
                self.ended(agent, HELD, "closed"), len(connections)
            )

    def test_one_that_resets_is_a_reset_for_the_application(self):
        with self.prepared():
            self.pair.start_ready()
            sizes = [0, 1, 100_000] * 10
            for size in sizes:
                app, backend = self.open()
                backend.sendall(bytes(size))
                network.reset(backend)
                data, orderly = network.read_to_end(app, waiting.DEADLINE)
                self.assertFalse(orderly, size)
                self.assertLessEqual(len(data), size)
            self.await_ended(self.bob, HELD, "app_reset", len(sizes))
            self.await_ended(self.alice, HELD, "peer_reset", len(sizes))
            self.assert_serves()

    def test_one_that_is_away_and_comes_back(self):
        with self.prepared() as made:
            port = network.reserve_port()
            self.bob.config["inbound"][-1]["forward"] = network.address(port)
            self.pair.start_ready()
            for _ in range(20):
                self.assertTrue(self.is_refused())
            self.await_ended(self.bob, HELD, "backend_down", 20)
            self.assert_serves()
            self.holder = network.Holder(port)
            made.on_exit(self.holder.close)
            self.assertTrue(self.carries(*self.open()))
            self.assertEqual(self.ended(self.bob, HELD, "backend_down"), 20)


def fill(connection):
    """Sends until the other end takes no more; the hash of what it took.

    That it takes no more shows in that nothing goes for a second. It has to
    happen long before a GiB, whatever the kernel's buffers.
    """
    chunk = os.urandom(_MIB)
    sent, digest = 0, hashlib.sha256()
    connection.settimeout(1)
    try:
        while sent < 1024 * _MIB:
            size = connection.send(chunk)
            digest.update(chunk[:size])
            sent += size
    except TimeoutError:
        connection.settimeout(waiting.DEADLINE)
        return digest.digest()
    raise AssertionError(f"{sent} bytes were taken, and nobody reads them")


class BrokenConnectionTest(tunnel_case.TunnelCase):
    def test_peer_that_vanishes_is_given_up(self):
        with self.prepared():
            self.bob.config["limits"]["idle_timeout"] = "5s"
            self.pair.start_ready()
            held = [self.open() for _ in range(10)]
            # Her kernel still acknowledges; no FIN and no reset tells of it.
            os.kill(self.alice.process.pid, signal.SIGSTOP)
            for _, backend in held:
                self.assert_reset(backend)
            self.await_ended(self.bob, HELD, "idle_timeout", len(held))
            os.kill(self.alice.process.pid, signal.SIGCONT)
            for app, _ in held:
                self.assert_reset(app)
            self.await_ended(self.alice, HELD, "peer_reset", len(held))
            self.assert_serves()

    def test_cut_connections_leave_nothing_behind(self):
        with self.prepared():
            self.pair.start_ready()
            self.cut(20)
            self.await_open(0)
            files = [
                agent.process.open_files() for agent in self.pair.agents
            ]
            memory = tunnel_case.Memory(self.pair.agents)
            self.cut(300)
            self.await_open(0)
            for agent, before in zip(self.pair.agents, files):
                waiting.until(
                    f"no more than {before} open files of {agent.name}",
                    lambda agent=agent, before=before: (
                        agent.process.open_files() <= before
                    ),
                    explain=agent.tail,
                )
            for kib in memory.growth_kib():
                self.assertLess(kib, 4 * 1024)
            self.assert_serves()

    def cut(self, count):
        """Connections that end in each of the ways in which they can."""
        hello = client_hello()
        for _ in range(count // 5):
            network.reset(self.dial())
            stranger = self.dial(self.bob.port_of(HELD))
            stranger.sendall(hello[:100])
            network.reset(stranger)
            for end in (socket.socket.close, network.reset):
                app, backend = self.open()
                end(app)
                _, orderly = network.read_to_end(backend, waiting.DEADLINE)
                self.assertEqual(orderly, end == socket.socket.close)
            app, backend = self.open()
            app.sendall(bytes(100_000))
            network.reset(backend)
            _, orderly = network.read_to_end(app, waiting.DEADLINE)
            self.assertFalse(orderly)


if __name__ == "__main__":
    cluster_case.main()
