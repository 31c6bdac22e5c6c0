"""Many connections, long transfers and many keys: nothing fails, nothing grows.

SKEX_SOAK_CONNECTIONS is how many idle connections are held, SKEX_SOAK_SECONDS
how long the load lasts under which keys are replaced.
"""

import hashlib
import os
import resource
import socket
import threading

from tests.integration import cluster_case, load, tunnel_case
from tests.integration.tunnel_case import HELD

CONNECTIONS = int(os.environ.get("SKEX_SOAK_CONNECTIONS") or 1000)
SECONDS = float(os.environ.get("SKEX_SOAK_SECONDS") or 20)

# What both agents together may keep for a connection on which nothing moves.
_MOST_FOR_IDLE_KIB = 16
# How many are opened before the backend has to have got them.
_AT_ONCE = 50
# Files of a process beside those of connections, of which each has two.
_OTHER_FILES = 500


def raise_file_limit():
    """Lets this process have as many files as it may; returns how many."""
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    return hard


class IdleTest(tunnel_case.TunnelCase):
    def test_many_connections_stay_and_cost_little(self):
        count = min(CONNECTIONS, (raise_file_limit() - _OTHER_FILES) // 2)
        print(f"{count} idle connections", flush=True)
        with self.prepared():
            for agent in self.pair.agents:
                agent.config["limits"]["connections"] = count + 10
            self.pair.start_ready()
            # What a first few connections take once and for all.
            for ends in [self.open() for _ in range(_AT_ONCE)]:
                for end in ends:
                    end.close()
            self.await_open(0)
            memory = tunnel_case.Memory(self.pair.agents)
            apps, backends = [], []
            while len(apps) < count:
                some = range(min(_AT_ONCE, count - len(apps)))
                apps += [self.dial() for _ in some]
                backends += [self.take() for _ in some]
            self.await_open(count)
            grown = memory.growth_kib()
            if grown:
                print(f"{sum(grown) / count:.1f} KiB each", flush=True)
                self.assertLessEqual(sum(grown) / count, _MOST_FOR_IDLE_KIB)
            self.assert_serves()
            self.assert_alive(apps, backends)
            for agent in self.pair.agents:
                self.assertEqual(self.ended(agent, HELD, "limit"), 0)

    def assert_alive(self, apps, backends):
        """Each connection carries a number of its own, and takes one back."""
        for number, app in enumerate(apps):
            app.sendall(number.to_bytes(4, "big"))
        seen = set()
        for backend in backends:
            number = backend.recv(4, socket.MSG_WAITALL)
            seen.add(int.from_bytes(number, "big"))
            backend.sendall(number)
        self.assertEqual(seen, set(range(len(apps))))
        for number, app in enumerate(apps):
            answer = app.recv(4, socket.MSG_WAITALL)
            self.assertEqual(int.from_bytes(answer, "big"), number)


class HalfCloseTest(tunnel_case.TunnelCase):
    # Far more than fits into the buffers of all sockets on the way.
    SIZE = 64 * 2**20

    def test_app_ends_first(self):
        with self.prepared():
            self.pair.start_ready()
            self.assert_all_comes(*self.open())

    def test_backend_ends_first(self):
        with self.prepared():
            self.pair.start_ready()
            self.assert_all_comes(*reversed(self.open()))

    def assert_all_comes(self, first, then):
        """`first` sends and ends; only then the other answers as much."""
        for source, sink in ((first, then), (then, first)):
            data = os.urandom(2**20) * (self.SIZE // 2**20)
            sender = threading.Thread(target=self.send, args=(source, data))
            sender.start()
            digest = hashlib.sha256()
            while piece := sink.recv(2**20):
                digest.update(piece)
            sender.join()
            self.assertEqual(digest.digest(), hashlib.sha256(data).digest())
        for agent in self.pair.agents:
            self.await_ended(agent, HELD, "closed", 1)
            for direction in ("sent", "received"):
                carried = agent.metric(
                    "sidecar_bytes_total", tunnel=HELD, direction=direction
                )
                self.assertAlmostEqual(carried, self.SIZE, delta=1)
        self.assert_serves()

    @staticmethod
    def send(source, data):
        source.sendall(data)
        source.shutdown(socket.SHUT_WR)


class KeysTest(tunnel_case.TunnelCase):
    def test_no_connection_fails_while_keys_are_replaced(self):
        # As short as they may be.
        with self.prepared(
            rekey_interval="100ms", overlap="900ms", key_lifetime="1s"
        ):
            self.pair.start_ready()
            with load.Load(self.pair) as running:
                running.pause(SECONDS / 4)
                memory = tunnel_case.Memory(self.pair.agents)
                running.pause(SECONDS * 3 / 4)
            self.assertEqual(running.altered, [])
            self.assertEqual(running.failed, [])
            for kib in memory.growth_kib():
                self.assertLess(kib, 8 * 1024)
            for agent in self.pair.agents:
                handshakes = agent.process.events("handshake", role="client")
                keys = {handshake["key"] for handshake in handshakes}
                print(
                    f"{agent.name}: {len(handshakes)} connections, "
                    f"{len(keys)} keys",
                    flush=True,
                )
                self.assertGreater(len(keys), SECONDS / 2)
            self.assert_serves()

    def test_without_hubs_keys_run_out_and_come_back(self):
        with self.prepared(connections_per_key=5, pool_low=1, pool_high=2):
            for agent in self.pair.agents:
                agent.config["limits"]["key_wait"] = "100ms"
            self.pair.start_ready()
            self.assertGreater(self.alice.metric("skex_keys_ready"), 0)
            for hub in self.pair.cluster.hubs:
                hub.kill()
            served = [self.pair.talks(self.alice) for _ in range(50)]
            # What was in the pool, and then no more.
            count = served.index(False)
            self.assertGreater(count, 0)
            self.assertFalse(any(served[count:]))
            self.assertEqual(
                self.ended(self.alice, "to-bob", "no_key"), 50 - count
            )
            self.assertFalse(self.alice.status()["ready"])
            self.assertEqual(self.alice.metric("skex_keys_ready"), 0)
            self.assertEqual(self.alice.keys("dial"), {})
            for hub in self.pair.cluster.hubs:
                hub.start()
            for agent in self.pair.agents:
                agent.await_ready()
            self.assert_serves()
            self.assertEqual(
                self.ended(self.alice, "to-bob", "no_key"), 50 - count
            )


if __name__ == "__main__":
    cluster_case.main()
