"""Peers and tunnels that come, go and change while the agents run."""

import os
import socket

from tests.integration import cluster_case, config_text, network, waiting
from tests.integration.cluster_case import ALICE, BOB, Pair

CAROL = "carol@east.example"


class OpenConnection:
    """A connection to an echo that stays open."""

    def __init__(self, port):
        self._socket = socket.create_connection(
            (network.LOOPBACK, port), waiting.DEADLINE
        )

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self._socket.close()

    def talks(self):
        message = os.urandom(32)
        return network.converse(self._socket, message) == message


def echoes(port):
    message = os.urandom(64)
    return network.exchange(port, message, waiting.DEADLINE) == message


def nobody_listens(port):
    try:
        socket.create_connection((network.LOOPBACK, port), 5).close()
    except ConnectionRefusedError:
        return True
    return False


class ReloadTest(cluster_case.ClusterCase):
    def add_carol(self, made):
        """A third agent, which alice may dial; returns where it answers."""
        carol = made.add_agent(CAROL, allow=[ALICE])
        carol.add_peer(ALICE, 2)
        echo = network.EchoServer()
        made.on_exit(echo.close)
        port = carol.add_inbound("echo", [ALICE], echo.port)
        for hub in made.hubs:
            hub.ask("reload")
        carol.start()
        return port

    def tables(self, agent, **tables):
        """Writes tables into a file of the agent's folder; its name."""
        name = f"{agent.short_name}-more.toml"
        with open(agent.path(name), "w", encoding="ascii") as out:
            out.write(config_text.render(tables))
        return name

    def to_carol(self, listen, port):
        return {
            "name": "to-carol",
            "listen": network.address(listen),
            "peer": CAROL,
            "connect": network.address(port),
        }

    def test_added_and_removed_at_run_time(self):
        with self.cluster(hubs=3) as made:
            pair = Pair(made, threshold=2)
            made.start_hubs()
            pair.start_ready()
            alice = pair.alice
            carol_port = self.add_carol(made)
            keys = alice.keys("dial")
            listen = network.reserve_port()
            with OpenConnection(pair.port(alice)) as old:
                self.assertTrue(old.talks())
                more = self.tables(
                    alice,
                    peer=[{"name": CAROL, "threshold": 2}],
                    outbound=[self.to_carol(listen, carol_port)],
                )
                summary = alice.ask("add", more)["summary"]
                self.assertIn("peers: 1 new, 0 changed, 0 removed", summary)
                self.assertIn("tunnels: 1 new, 0 changed, 0 removed", summary)
                alice.await_ready()
                self.assertTrue(alice.peer(CAROL)["ready"])
                self.assertTrue(echoes(listen))
                self.assertTrue(old.talks())
                # The keys with bob are none the worse for it.
                self.assertLessEqual(set(keys), set(alice.keys("dial")))
            # It is there after a restart.
            alice.stop()
            alice.start()
            alice.await_ready()
            self.assertTrue(echoes(listen))
            self.check_removal(pair, listen)

    def check_removal(self, pair, listen):
        alice = pair.alice
        line = self.fails(alice.ctl("remove-peer", CAROL), 1)
        self.assertIn(CAROL, line)
        self.assertIn("not configured", line)
        with OpenConnection(listen) as old:
            self.assertTrue(old.talks())
            summary = alice.ask("remove-tunnel", "to-carol")["summary"]
            self.assertIn("tunnels: 0 new, 0 changed, 1 removed", summary)
            self.assertTrue(nobody_listens(listen))
            summary = alice.ask("remove-peer", CAROL)["summary"]
            self.assertIn("peers: 0 new, 0 changed, 1 removed", summary)
            self.assertTrue(old.talks())
        self.assertEqual(
            [peer["name"] for peer in alice.ask("peers")["peers"]], [BOB]
        )
        self.assertTrue(pair.talks(alice))
        self.assertIn(
            "was added at run time",
            self.fails(alice.ctl("remove-peer", CAROL), 1),
        )
        self.assertIn(
            "no peer bob@south.example was added",
            self.fails(alice.ctl("remove-peer", BOB), 1),
        )

    def test_bad_additions_change_nothing(self):
        with self.cluster(hubs=2) as made:
            pair = Pair(made, threshold=2)
            made.start_hubs()
            pair.start_ready()
            alice = pair.alice
            taken = network.EchoServer()
            made.on_exit(taken.close)
            second = {
                "name": "second",
                "listen": network.address(taken.port),
                "peer": BOB,
                "connect": network.address(1),
            }
            more = self.tables(alice, outbound=[second])
            line = self.fails(alice.ctl("add", more), 1)
            self.assertIn(network.address(taken.port), line)
            more = self.tables(alice, outbound=[{**second, "peer": CAROL}])
            line = self.fails(alice.ctl("add", more), 1)
            self.assertIn("addition:5:8: ", line)
            more = self.tables(alice, limits=[{"connections": 1}])
            line = self.fails(alice.ctl("add", more), 1)
            self.assertIn("cannot be changed at run time", line)
            self.assertIn("no-such-file", self.fails(
                alice.ctl("add", "no-such-file"), 2
            ))
            # As before, also after a restart.
            self.assertEqual(len(alice.status()["tunnels"]), 2)
            self.assertTrue(pair.talks(alice))
            alice.stop()
            alice.start()
            alice.await_ready()
            self.assertEqual(len(alice.status()["tunnels"]), 2)

    def test_reload_carries_out_what_the_file_says(self):
        with self.cluster(hubs=3) as made:
            pair = Pair(made, threshold=2)
            made.start_hubs()
            pair.start_ready()
            alice, bob = pair.alice, pair.bob
            old_keys = alice.keys("dial")
            with OpenConnection(pair.port(alice)) as old:
                self.assertTrue(old.talks())
                # Other terms at both ends, and a tunnel in another's place.
                for agent in pair.agents:
                    agent.config["peer"][0]["threshold"] = 3
                tunnel = alice.config["outbound"][0]
                tunnel["listen"] = network.address(network.reserve_port())
                alice.config["limits"]["connections"] = 77
                for agent in (bob, alice):
                    agent.write_config()
                    summary = agent.ask("reload")["summary"]
                    self.assertIn("peers: 0 new, 1 changed, 0 removed", summary)
                self.assertIn("tunnels: 1 new, 0 changed, 1 removed", summary)
                self.assertIn("takes a restart: [limits]", summary)
                self.assertTrue(nobody_listens(pair.port(alice)))
                alice.await_ready()
                self.assertTrue(
                    echoes(int(tunnel["listen"].rpartition(":")[2]))
                )
                self.assertTrue(old.talks())
            new_keys = alice.keys("dial")
            self.assertFalse(set(old_keys) & set(new_keys))
            for key in new_keys.values():
                self.assertEqual(key["threshold"], 3)


if __name__ == "__main__":
    cluster_case.main()
