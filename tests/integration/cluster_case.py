"""What the tests of whole clusters have in common."""

import os
import sys
import unittest

from tests.integration import cluster, network, process, programs, waiting

ALICE = cluster.ALICE
BOB = cluster.BOB


class ClusterCase(unittest.TestCase):
    """A test of whole processes."""

    programs = None

    def cluster(self, hubs, **options):
        """A cluster of so many hubs, not started; to be used in a `with`."""
        made = cluster.Cluster(self.programs, **options)
        for _ in range(hubs):
            made.add_hub()
        return made

    def fails(self, done, status):
        """Expects one line on standard error and an exit status."""
        self.assertEqual(done.returncode, status, (done.stdout, done.stderr))
        lines = done.stderr.splitlines()
        self.assertEqual(len(lines), 1, done.stderr)
        return lines[0]


def add_delivery_agents(made, threshold, **policy):
    """Alice and bob, whose keys are for applications; not started."""
    agents = []
    for name, peer in ((ALICE, BOB), (BOB, ALICE)):
        agent = made.add_agent(name, allow=[peer])
        agent.config["delivery"] = {"socket": f"{agent.short_name}-keys.sock"}
        agent.config["metrics"] = {"listen": f"{network.LOOPBACK}:0"}
        agent.add_peer(peer, threshold, freshness="delivery", **policy)
        agents.append(agent)
    return agents


class Pair:
    """Alice and bob, enrolled at all hubs, with an echo behind each.

    Not started: tests change the configurations first.
    """

    def __init__(self, made, threshold, **policy):
        self.cluster = made
        self.alice = made.add_agent(ALICE, allow=[BOB])
        self.bob = made.add_agent(BOB, allow=[ALICE])
        self.alice.add_peer(BOB, threshold, **policy)
        self.bob.add_peer(ALICE, threshold, **policy)
        echo = network.EchoServer()
        made.on_exit(echo.close)
        to_bob = self.bob.add_inbound("echo", [ALICE], echo.port)
        to_alice = self.alice.add_inbound("echo", [BOB], echo.port)
        self._ports = {
            ALICE: self.alice.add_outbound("to-bob", BOB, to_bob),
            BOB: self.bob.add_outbound("to-alice", ALICE, to_alice),
        }

    @property
    def agents(self):
        return [self.alice, self.bob]

    def start(self):
        for agent in self.agents:
            agent.start()

    def start_ready(self):
        """Starts both and waits until they have keys for each other."""
        self.start()
        for agent in self.agents:
            agent.await_hubs([h for h in self.cluster.hubs if h.process.running])
            agent.await_ready()

    def port(self, dialler):
        """Where an agent takes connections to the other."""
        return self._ports[dialler.name]

    def talks(self, dialler):
        """Whether a connection of `dialler` to the other brings an echo."""
        message = os.urandom(64)
        return self.echo(dialler, message) == message

    def echo(self, dialler, message):
        return network.exchange(
            self._ports[dialler.name], message, waiting.DEADLINE
        )


def main():
    """Runs the tests of the calling module."""
    process.exit_on_sigterm()
    ClusterCase.programs = programs.take(sys.argv)
    unittest.main(module="__main__")
