"""What a daemon and its service manager say to each other."""

import os
import shutil
import signal
import socket
import tempfile

from tests.integration import cluster_case, manager, network, waiting
from tests.integration.cluster_case import ALICE, BOB


def lone_agent(made):
    """An agent whose peer never comes; not started."""
    agent = made.add_agent(ALICE, allow=[BOB])
    agent.add_peer(BOB, 1, central_trust=True)
    return agent


def listen(port):
    """A socket that listens there, on behalf of a daemon."""
    return socket.create_server((network.LOOPBACK, port))


class NotifyTest(cluster_case.ClusterCase):
    """sd_notify(3)."""

    def supervise(self, node, **variables):
        """Lets a node tell what it does; returns where that arrives."""
        notify = manager.NotifySocket()
        self.addCleanup(notify.close)
        node.process.argv = [
            *notify.environment(**variables),
            *node.process.argv,
        ]
        return notify

    def test_agent_is_ready_without_keys_and_says_what_is_missing(self):
        with self.cluster(hubs=2) as made:
            pair = cluster_case.Pair(made, threshold=2)
            notify = self.supervise(pair.alice)
            pair.alice.start()
            seen = []
            while "READY=1" not in seen:
                seen.append(notify.wait_for("="))
            self.assertNotIn("STATUS=ready; 1 peer", seen)
            if f"STATUS=not ready: no key for {BOB}" not in seen:
                notify.wait_for(f"STATUS=not ready: no key for {BOB}")
            # Every tunnel takes connections by then.
            for table in ("outbound", "inbound"):
                address = pair.alice.config[table][0]["listen"]
                host, _, port = address.rpartition(":")
                socket.create_connection((host, int(port))).close()
            made.start_hubs()
            pair.bob.start()
            notify.wait_for("STATUS=ready; 1 peer")
            # One that is not dialled needs no key.
            pair.alice.add_peer("carol@east.example", 2)
            pair.alice.write_config()
            pair.alice.ask("reload")
            notify.wait_for("STATUS=ready; 2 peers")

    def test_reload_is_told_from_its_begin_to_its_end(self):
        with self.cluster(hubs=1) as made:
            agent = lone_agent(made)
            for node in (made.hubs[0], agent):
                notify = self.supervise(node)
                node.start()
                notify.wait_for("READY=1")
                node.process.signal(signal.SIGHUP)
                begin = notify.wait_for("RELOADING=1")
                self.assertRegex(begin, r"^RELOADING=1\nMONOTONIC_USEC=\d+$")
                notify.wait_for("READY=1")

    def test_reload_that_fails_ends_as_well(self):
        with self.cluster(hubs=1) as made:
            agent = lone_agent(made)
            notify = self.supervise(agent)
            agent.start()
            notify.wait_for("READY=1")
            with open(agent.path(agent.file), "a", encoding="ascii") as file:
                file.write("nonsense\n")
            agent.process.signal(signal.SIGHUP)
            notify.wait_for("RELOADING=1")
            notify.wait_for("READY=1")
            self.assertTrue(agent.process.events("reload_failed"))
            self.assertTrue(agent.process.running)

    def test_stop_is_told(self):
        with self.cluster(hubs=1) as made:
            agent = lone_agent(made)
            for node in (made.hubs[0], agent):
                notify = self.supervise(node)
                node.start()
                notify.wait_for("READY=1")
                node.stop()
                notify.wait_for("STOPPING=1")

    def test_hub_says_how_many_agents_are_connected(self):
        with self.cluster(hubs=1) as made:
            agent = lone_agent(made)
            notify = self.supervise(made.hubs[0])
            made.start_hubs()
            notify.wait_for("STATUS=ready; 0 of 1 agents connected")
            agent.start()
            notify.wait_for("STATUS=ready; 1 of 1 agents connected")

    def test_watchdog_is_fed(self):
        with self.cluster(hubs=1) as made:
            agent = lone_agent(made)
            for node in (made.hubs[0], agent):
                notify = self.supervise(node, WATCHDOG_USEC=200000)
                node.start()
                notify.wait_for("READY=1")
                for _ in range(3):
                    notify.wait_for("WATCHDOG=1")
                # Also while it stops: that may take long.
                node.stop()

    def test_without_a_watchdog_there_are_no_beats(self):
        with self.cluster(hubs=1) as made:
            hub = made.hubs[0]
            # That of another process.
            notify = self.supervise(hub, WATCHDOG_USEC=1000, WATCHDOG_PID=1)
            hub.start()
            hub.stop()
            self.assertNotIn("WATCHDOG=1", notify.messages())

    def test_a_socket_that_is_none_is_refused(self):
        with self.cluster(hubs=1) as made:
            hub = made.hubs[0]
            hub.process.argv = ["env", "NOTIFY_SOCKET=x", *hub.process.argv]
            hub.write_config()
            hub.process.start()
            waiting.until("end", lambda: not hub.process.running)
            self.assertEqual(hub.process.status, 2)
            self.assertIn("NOTIFY_SOCKET is 'x'", hub.process.text())


class ActivationTest(cluster_case.ClusterCase):
    """Sockets that somebody else opened: sd_listen_fds(3)."""

    def ends(self, node, *words):
        """Starts a node that has to refuse, with these words."""
        node.write_config()
        node.process.start()
        waiting.until("end", lambda: not node.process.running)
        self.assertEqual(node.process.status, 2, node.tail())
        for word in words:
            self.assertIn(word, node.process.text())

    def accepted(self, agent):
        (tunnel,) = agent.status()["tunnels"]
        return int(tunnel.get("connections_total", 0))

    def port_of(self, node, table):
        return int(node.config[table][0]["listen"].rpartition(":")[2])

    def test_connections_wait_while_the_agent_restarts(self):
        with self.cluster(hubs=2) as made:
            pair = cluster_case.Pair(made, threshold=2)
            inbound = listen(self.port_of(pair.alice, "inbound"))
            outbound = listen(self.port_of(pair.alice, "outbound"))
            with inbound, outbound:
                # The order says nothing: the addresses do.
                manager.pass_sockets(
                    pair.alice.process, {"in": inbound, "out": outbound}
                )
                made.start_hubs()
                pair.start_ready()
                self.assertTrue(pair.talks(pair.alice))
                self.assertTrue(pair.talks(pair.bob))
                pair.alice.stop()
                # For an address of its own this would be refused.
                with socket.create_connection(
                    outbound.getsockname(), waiting.DEADLINE
                ) as client:
                    client.settimeout(waiting.DEADLINE)
                    client.sendall(b"patience")
                    # Once it is accepted, it has to wait for the first key.
                    pair.alice.config["limits"]["key_wait"] = "60s"
                    pair.alice.start()
                    self.assertEqual(client.recv(64), b"patience")

    def test_unix_socket_is_taken_and_left_behind(self):
        with self.cluster(hubs=1) as made:
            agent = lone_agent(made)
            agent.add_outbound("web", BOB, network.reserve_port())
            # Bazel's folders are too long for the names of sockets.
            folder = tempfile.mkdtemp(dir="/tmp")
            self.addCleanup(shutil.rmtree, folder)
            path = os.path.join(folder, "web")
            agent.config["outbound"][0]["listen"] = f"unix:{path}"
            with socket.socket(socket.AF_UNIX) as listener:
                listener.bind(path)
                os.chmod(path, 0o660)
                listener.listen()
                manager.pass_sockets(agent.process, {"web": listener})
                agent.start()
                with socket.socket(socket.AF_UNIX) as client:
                    client.connect(path)
                    waiting.until("connection", lambda: self.accepted(agent))
                agent.stop()
                # Who made it gave it its mode, and removes it.
                self.assertEqual(os.stat(path).st_mode & 0o777, 0o660)

    def test_socket_that_no_tunnel_listens_on_is_named(self):
        with self.cluster(hubs=1) as made:
            agent = lone_agent(made)
            with listen(0) as stray:
                manager.pass_sockets(agent.process, {"stray": stray})
                port = stray.getsockname()[1]
                self.ends(agent, "(stray)", f"127.0.0.1:{port}", "`listen`")

    def test_socket_for_a_hub_is_refused(self):
        with self.cluster(hubs=1) as made:
            hub = made.hubs[0]
            with listen(hub.port) as relay:
                manager.pass_sockets(hub.process, {"relay": relay})
                self.ends(hub, "(relay)", str(hub.port), "socket unit")

    def test_connection_in_place_of_a_listener_is_refused(self):
        with self.cluster(hubs=1) as made:
            agent = lone_agent(made)
            here, there = socket.socketpair()
            with here, there:
                manager.pass_sockets(agent.process, {"one": here})
                self.ends(agent, "(one)", "Accept=no")


class SignalTest(cluster_case.ClusterCase):
    def test_sigusr1_writes_the_status_to_the_log(self):
        with self.cluster(hubs=2) as made:
            pair = cluster_case.Pair(made, threshold=2)
            made.start_hubs()
            pair.start_ready()
            events = pair.alice.process.events

            pair.alice.process.signal(signal.SIGUSR1)
            waiting.until("status", lambda: len(events("status_tunnel")) == 2)
            (status,) = events("status")
            self.assertEqual((status["name"], status["ready"]), (ALICE, True))
            connected = events("status_hub", connected=True)
            self.assertEqual(
                {event["hub"] for event in connected},
                {hub.name for hub in made.hubs},
            )
            (peer,) = events("status_peer")
            self.assertEqual((peer["peer"], peer["ready"]), (BOB, True))

            hub = made.hubs[0]
            hub.process.signal(signal.SIGUSR1)
            waiting.until(
                "status of the agents",
                lambda: len(hub.process.events("status_agent")) == 2,
            )
            (status,) = hub.process.events("status")
            self.assertEqual(status["connected"], 2)

            # Nothing stopped.
            self.assertTrue(pair.talks(pair.alice))
            pair.alice.stop()
            hub.stop()

    def test_sigusr1_while_it_stops_ends_nothing(self):
        with self.cluster(hubs=2) as made:
            pair = cluster_case.Pair(made, threshold=2)
            pair.alice.config["limits"]["drain_timeout"] = "60s"
            made.start_hubs()
            pair.start_ready()
            port = pair.alice.config["outbound"][0]["listen"].rpartition(":")[2]
            address = (network.LOOPBACK, int(port))
            with socket.create_connection(address) as client:
                client.sendall(b"x")
                self.assertEqual(client.recv(1), b"x")
                pair.alice.process.signal(signal.SIGTERM)
                waiting.until(
                    "stopping", lambda: pair.alice.process.events("stopping")
                )
                for number in (signal.SIGUSR1, signal.SIGHUP):
                    pair.alice.process.signal(number)
                client.sendall(b"y")
                self.assertEqual(client.recv(1), b"y")
            waiting.until("end", lambda: not pair.alice.process.running)
            self.assertEqual(pair.alice.process.status, 0)


if __name__ == "__main__":
    cluster_case.main()
