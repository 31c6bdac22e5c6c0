"""What the tests have in common that load and abuse the tunnels of a pair."""

import contextlib
import socket

from tests.integration import cluster_case, network, waiting
from tests.integration.cluster_case import ALICE, BOB

# The tunnel with the echo, for those who behave.
ECHO = "echo"
# Beside it: from alice to bob and on to a backend of which the test decides
# what it does with its connections.
HELD = "held"


class TunnelCase(cluster_case.ClusterCase):
    """A test of the tunnels between alice and bob, who have two hubs.

    Sets `pair`, and `holder`, the backend of the held tunnel.
    """

    @contextlib.contextmanager
    def prepared(self, **policy):
        """Alice and bob, not started, with metrics; keys as `policy` says."""
        with self.cluster(hubs=2) as made:
            self.pair = cluster_case.Pair(made, threshold=2, **policy)
            self.holder = network.Holder()
            made.on_exit(self.holder.close)
            port = self.bob.add_inbound(HELD, [ALICE], self.holder.port)
            self.alice.add_outbound(HELD, BOB, port)
            for agent in self.pair.agents:
                agent.config["metrics"] = {"listen": f"{network.LOOPBACK}:0"}
                # Machines that run tests are slow at times.
                agent.config["limits"].update(
                    handshake_timeout="1m", key_wait="1m"
                )
            made.start_hubs()
            with contextlib.ExitStack() as self.sockets:
                yield made
            for agent in self.pair.agents:
                # Also says if something is left that nobody points at, under
                # AddressSanitizer.
                agent.stop()

    @property
    def alice(self):
        return self.pair.alice

    @property
    def bob(self):
        return self.pair.bob

    def dial(self, port=None):
        """A connection to the held tunnel, or to another port.

        It is closed when the test ends, if not before.
        """
        connection = socket.create_connection(
            (network.LOOPBACK, port or self.alice.port_of(HELD)),
            waiting.DEADLINE,
        )
        return self.sockets.enter_context(connection)

    def take(self):
        """The next connection that has come to the held tunnel's backend."""
        connection = self.holder.take(waiting.DEADLINE)
        connection.settimeout(waiting.DEADLINE)
        return self.sockets.enter_context(connection)

    def open(self):
        """Both ends of a new connection through it: app's, backend's.

        It has carried a byte. Of connections that come first, and have ended
        or will, the backend's end is closed.
        """
        app = self.dial()
        app.sendall(b"!")
        while True:
            backend = self.take()
            try:
                if backend.recv(1) == b"!":
                    return app, backend
            except ConnectionResetError:
                pass
            backend.close()

    def is_refused(self):
        """Whether a new connection of alice's app is reset without a byte."""
        try:
            end = network.read_to_end(self.dial(), waiting.DEADLINE)
        except ConnectionResetError:
            # So soon that there was nothing to read from.
            return True
        return end == (b"", False)

    def assert_reset(self, connection):
        """The other end resets a connection, without another byte."""
        end = network.read_to_end(connection, waiting.DEADLINE)
        self.assertEqual(end, (b"", False))

    def carries(self, app, backend):
        """Whether a connection still carries bytes both ways."""
        for source, sink in ((app, backend), (backend, app)):
            source.sendall(b"?")
            if sink.recv(1) != b"?":
                return False
        return True

    def ended(self, agent, tunnel, result):
        """How many connections of a tunnel have ended so."""
        return agent.metric(
            "sidecar_connections_total", tunnel=tunnel, result=result
        )

    def await_ended(self, agent, tunnel, result, count):
        """Waits until so many have, and no more."""
        waiting.until(
            f"{count} ends of {tunnel} of {agent.name} by {result}",
            lambda: self.ended(agent, tunnel, result) >= count,
            explain=agent.tail,
        )
        self.assertEqual(self.ended(agent, tunnel, result), count)

    def await_open(self, count):
        """Waits until the held tunnel has so many connections at both ends."""
        for agent in self.pair.agents:
            waiting.until(
                f"{count} open connections of {agent.name}",
                lambda agent=agent: agent.metric(
                    "sidecar_connections_open", tunnel=HELD
                )
                == count,
                explain=agent.tail,
            )

    def assert_serves(self):
        """Both agents still run and take connections, in both directions."""
        for agent in self.pair.agents:
            self.assertTrue(agent.process.running, agent.tail())
            self.assertTrue(self.pair.talks(agent), agent.tail())


class Memory:
    """How much the agents of a pair have grown since this was made."""

    def __init__(self, agents):
        self._before = {agent: self._own_kib(agent) for agent in agents}

    def growth_kib(self):
        """Of each agent, in KiB.

        Empty if it says nothing: AddressSanitizer keeps what is freed.
        """
        return [
            self._own_kib(agent) - before
            for agent, before in self._before.items()
            if not agent.process.sanitized
        ]

    @staticmethod
    def _own_kib(agent):
        # The share of the program changes with each other process that has it.
        return agent.process.memory_kib("Anonymous")
