"""The daemons do their work within the limits of their systemd units.

System calls, address families and capabilities are limited as systemd would
limit them; what only it can do, such as read-only file systems, is not.
"""

import os
import sys

from tests.integration import cluster_case, confinement, waiting

_UNITS = "packaging/systemd"
_WITHOUT_CAPABILITIES = [
    *["setpriv", "--no-new-privs", "--bounding-set", "-all"],
    *["--inh-caps", "-all", "--"],
]


def confine(node, unit):
    prefix = [sys.executable, os.path.abspath(confinement.__file__)]
    prefix.append(os.path.abspath(f"{_UNITS}/{unit}"))
    # Others than root have none, and may not give them up either.
    dropping = _WITHOUT_CAPABILITIES if os.geteuid() == 0 else []
    node.process.argv = [*dropping, *prefix, *node.process.argv]


def locked_kilobytes(pid):
    with open(f"/proc/{pid}/status", encoding="ascii") as file:
        for line in file:
            if line.startswith("VmLck:"):
                return int(line.split()[1])
    raise AssertionError("no VmLck in /proc")


class ConfinedTest(cluster_case.ClusterCase):
    def test_a_pair_works_with_confined_hubs(self):
        with self.cluster(hubs=2) as made:
            pair = cluster_case.Pair(made, threshold=2)
            for agent in pair.agents:
                confine(agent, "skexd.service")
                agent.config["metrics"] = {"listen": "127.0.0.1:0"}
            for hub in made.hubs:
                confine(hub, "skex-hub.service")
            made.start_hubs()
            pair.start_ready()
            for agent in pair.agents:
                self.assertTrue(pair.talks(agent))
                self.assertEqual(agent.ctl("reload").returncode, 0)
            for node in [*pair.agents, *made.hubs]:
                node.stop()


class MemoryTest(cluster_case.ClusterCase):
    """Secrets stay in memory, or the log says that they may not."""

    def start(self, node):
        """Starts a node and returns what it says of its memory."""
        node.start()
        events = node.process.events
        waiting.until("end of the start", lambda: events("started"))
        return events("memory_not_locked")

    def test_memory_is_locked_or_the_log_says_that_it_is_not(self):
        with self.cluster(hubs=1) as made:
            hub = made.hubs[0]
            complaints = self.start(hub)
            locked = locked_kilobytes(hub.process.pid) > 0
            self.assertEqual(locked, not complaints, hub.tail())

    def test_behind_a_limit_nothing_is_locked_and_the_way_out_is_said(self):
        with self.cluster(hubs=1) as made:
            hub = made.hubs[0]
            confine(hub, "skex-hub.service")
            limit = ["prlimit", "--memlock=65536:65536"]
            hub.process.argv = [*limit, *hub.process.argv]
            (event,) = self.start(hub)
            self.assertIn("LimitMEMLOCK=infinity", event["reason"])
            self.assertEqual(locked_kilobytes(hub.process.pid), 0)
            hub.stop()


if __name__ == "__main__":
    cluster_case.main()
