"""Pairs with a common root: keys without hubs, and mixed with those of hubs."""

import os
import socket

from tests.integration import cluster_case, network, waiting
from tests.integration.cluster_case import ALICE, BOB, Pair

# Small, so that another key is soon wanted.
_SMALL = {"connections_per_key": 2, "pool_low": 1, "pool_high": 2}
_M1_SIZE = 181


class PairCase(cluster_case.ClusterCase):
    def unmediated(self, made, **policy):
        """Alice and bob, who have no hub; not started."""
        pair = Pair(made, None, mode="unmediated", **{**_SMALL, **policy})
        made.pair(pair.alice, pair.bob)
        return pair

    def mixed(self, made, **policy):
        """Alice and bob with 2 of 3 hubs as well; not started."""
        pair = Pair(made, 2, mode="both", **{**_SMALL, **policy})
        made.pair(pair.alice, pair.bob)
        return pair

    def await_talk(self, pair, dialler):
        waiting.until(
            f"an echo for {dialler.name}",
            lambda: pair.talks(dialler),
            explain=dialler.tail,
        )

    def sources(self, agent, role="dial"):
        return {key["source"] for key in agent.keys(role).values()}

    def await_sources(self, agent, *sources):
        waiting.until(
            f"keys of {agent.name} from {sources} alone",
            lambda: self.sources(agent) == set(sources),
            explain=agent.tail,
        )


class UnmediatedTest(PairCase):
    def test_keys_come_without_hubs(self):
        with self.cluster(hubs=0) as made:
            pair = self.unmediated(made)
            pair.start_ready()
            for agent, other in ((pair.alice, pair.bob), (pair.bob, pair.alice)):
                # More than one key has uses, so they roll over, too.
                for _ in range(7):
                    self.assertTrue(pair.talks(agent), agent.tail())
                peer = agent.peer(other.name)
                self.assertEqual(peer["mode"], "unmediated")
                self.assertEqual(peer["exchanges_failed"], 0)
                for key in agent.keys("dial").values():
                    self.assertEqual(key["source"], "unmediated")
                    self.assertEqual(key["label"], "computational")
                    self.assertEqual(key["hubs"], [])
                handshake = agent.process.events("handshake", role="client")[-1]
                self.assertEqual(handshake["source"], "unmediated")
                self.assertEqual(handshake["label"], "computational")

    def test_key_that_waits_in_the_pool_does_not_lapse(self):
        with self.cluster(hubs=0) as made:
            pair = self.unmediated(made)
            pair.start_ready()
            # Confirmed by a message, long before a connection needs it.
            waiting.until(
                "keys of bob that alice has confirmed",
                lambda: set(pair.alice.keys("dial"))
                <= set(pair.bob.keys("accept")),
                explain=pair.bob.tail,
            )

    def test_recovers_from_kills(self):
        with self.cluster(hubs=0) as made:
            pair = self.unmediated(made)
            pair.start_ready()
            seen = {}
            for round_number in range(6):
                victim = pair.agents[round_number % 2]
                other = pair.agents[1 - round_number % 2]
                victim.kill()
                self.assertFalse(pair.talks(other))
                victim.start()
                for agent in pair.agents:
                    self.await_talk(pair, agent)
                for agent in pair.agents:
                    for event in agent.process.events("handshake", role="client"):
                        use = (event["key"], event["index"])
                        seen.setdefault(use, set()).add(event["time"])
            # No PSK was used for two handshakes.
            self.assertTrue(seen)
            self.assertTrue(all(len(times) == 1 for times in seen.values()))

    def test_agent_that_only_accepts_answers(self):
        with self.cluster(hubs=0) as made:
            pair = self.unmediated(made)
            pair.bob.config["outbound"] = []
            pair.start()
            pair.alice.await_ready()
            self.assertTrue(pair.talks(pair.alice))
            self.assertTrue(pair.bob.status()["ready"])
            # He cannot reach her, and she hears of his restart all the same.
            pair.bob.kill()
            pair.bob.start()
            self.await_talk(pair, pair.alice)

    def test_pair_that_was_not_imported(self):
        with self.cluster(hubs=0) as made:
            pair = Pair(made, None, mode="unmediated")
            pair.alice.write_config()
            pair.alice.process.start()
            waiting.until(
                "the end of alice", lambda: not pair.alice.process.running
            )
            self.assertEqual(pair.alice.process.status, 1)
            self.assertIn("skexctl pair import", pair.alice.process.text())

    def test_other_terms_are_named(self):
        with self.cluster(hubs=0) as made:
            pair = self.unmediated(made)
            pair.bob.config["peer"][0]["connections_per_key"] = 3
            pair.start()
            peer = waiting.until(
                "a run that fails",
                lambda: self.failed(pair.alice),
                explain=pair.alice.tail,
            )
            self.assertIn("configurations differ", peer["detail"])
            self.assertFalse(pair.talks(pair.alice))
            pair.bob.stop()
            pair.bob.config["peer"][0]["connections_per_key"] = 2
            pair.bob.start()
            self.await_talk(pair, pair.alice)

    def failed(self, agent):
        peer = agent.peer(BOB)
        return peer if peer["exchanges_failed"] else None

    def test_peer_that_is_away_is_named_with_its_address(self):
        with self.cluster(hubs=0) as made:
            pair = self.unmediated(made)
            pair.alice.start()
            address = pair.alice.config["outbound"][0]["connect"]
            peer = waiting.until(
                "an address in what is wrong",
                lambda: self.names(pair.alice.peer(BOB), address),
                explain=pair.alice.tail,
            )
            self.assertFalse(peer["ready"])
            pair.bob.start()
            pair.alice.await_ready()

    def names(self, peer, address):
        lanes = peer["lanes"]
        return peer if address in lanes["detail"] else None

    def test_keys_for_delivery(self):
        with self.cluster(hubs=0) as made:
            pair = Pair(made, None, mode="unmediated", freshness="delivery")
            for agent in pair.agents:
                to_peer = agent.config["outbound"][0]["connect"]
                agent.config["peer"][0]["address"] = to_peer
                agent.config["delivery"] = {
                    "socket": f"{agent.short_name}-keys.sock"
                }
                agent.config["outbound"] = []
                # For lane messages only.
                agent.config["inbound"][0]["allow"] = []
            made.pair(pair.alice, pair.bob)
            pair.start()
            pair.alice.await_ready()
            taken = pair.alice.ask("take", BOB)
            twin = pair.bob.ask("take", ALICE, "--id", taken["id"])
            self.assertEqual(taken["key"], twin["key"])


class StrangerTest(PairCase):
    def send(self, port, data):
        """What comes back for `data`, until the other end closes."""
        with socket.create_connection((network.LOOPBACK, port)) as connection:
            connection.settimeout(waiting.DEADLINE)
            connection.sendall(data)
            answer = b""
            try:
                while len(answer) < 4096:
                    piece = connection.recv(4096)
                    if not piece:
                        break
                    answer += piece
                    if data.startswith(b"SKU1"):
                        break
            except ConnectionResetError:
                pass
            return answer

    def test_garbage_is_not_answered(self):
        with self.cluster(hubs=0) as made:
            pair = self.unmediated(made)
            pair.start_ready()
            port = pair.bob.port_of("echo")
            for data in (
                b"GET / HTTP/1.1\r\n\r\n",
                b"SKU1" + os.urandom(400),
                b"SKU1\x01\x01\x00\x01" + os.urandom(_M1_SIZE - 8),
                b"SKU1\x01\x04\x00\x01" + os.urandom(52),
                b"SKU1\x01\x02\x00\x01" + os.urandom(101),
                b"\x00" * 1000,
            ):
                self.assertEqual(self.send(port, data), b"")
            self.assertTrue(pair.talks(pair.alice))

    def test_recorded_messages_give_no_key(self):
        with self.cluster(hubs=0) as made:
            pair = self.unmediated(made)
            tunnel = pair.alice.config["outbound"][0]
            port = int(tunnel["connect"].split(":")[1])
            recorder = network.Recorder(port)
            made.on_exit(recorder.close)
            tunnel["connect"] = network.address(recorder.port)
            pair.start_ready()
            self.assertTrue(pair.talks(pair.alice))
            recorded = [
                there
                for there, _ in recorder.streams()
                if there.startswith(b"SKU1")
            ]
            self.assertTrue(recorded)
            keys = set(pair.bob.keys("accept"))
            for there in recorded:
                self.assertEqual(there[4:6], b"\x01\x01")
                # The same M2 again, or STALE: nothing that is new to bob.
                self.send(port, there[:_M1_SIZE])
            self.assertLessEqual(set(pair.bob.keys("accept")), keys)
            pair.bob.kill()
            pair.bob.start()
            for there in recorded:
                answer = self.send(port, there[:_M1_SIZE])
                self.assertEqual(answer[4:6], b"\x01\x03")
            self.await_talk(pair, pair.alice)


class MixedTest(PairCase):
    def test_keys_are_mixed(self):
        with self.cluster(hubs=3) as made:
            pair = self.mixed(made)
            made.start_hubs()
            pair.start_ready()
            for agent in pair.agents:
                self.assertTrue(pair.talks(agent), agent.tail())
                self.assertEqual(self.sources(agent), {"both"})
                # A key of each of the two ways, and neither alone.
                for key in agent.keys("dial").values():
                    self.assertEqual(len(key["hubs"]), 3)
                    self.assertEqual(key["label"], "computational")
                rerooted = agent.process.events("lane_rerooted", role="dial")
                self.assertEqual(len(rerooted), 1)

    def test_without_hubs_it_fails_closed(self):
        with self.cluster(hubs=3) as made:
            pair = self.mixed(made)
            made.start_hubs()
            pair.start_ready()
            for hub in made.hubs:
                hub.kill()
            waiting.until(
                "the end of the reserve",
                lambda: not pair.talks(pair.alice),
                explain=pair.alice.tail,
            )
            self.assertEqual(pair.alice.keys("dial"), {})
            self.assertEqual(self.sources(pair.bob, "accept") - {"both"}, set())
            refused = pair.alice.process.events("connection", result="no_key")
            self.assertTrue(refused)
            made.start_hubs()
            self.await_talk(pair, pair.alice)
            self.assertEqual(self.sources(pair.alice), {"both"})

    def test_without_the_peers_lane_it_fails_closed(self):
        with self.cluster(hubs=3) as made:
            pair = self.mixed(made)
            # Nobody listens there: hubs alone are not enough.
            pair.alice.config["peer"][0]["address"] = network.address(
                network.reserve_port()
            )
            made.start_hubs()
            pair.start()
            waiting.until(
                "a run that fails for want of a connection",
                lambda: pair.alice.peer(BOB)["lanes"]["detail"],
                explain=pair.alice.tail,
            )
            self.assertEqual(pair.alice.keys("dial"), {})
            self.assertFalse(pair.talks(pair.alice))

    def test_unmediated_only_while_hubs_are_down(self):
        with self.cluster(hubs=3) as made:
            pair = self.mixed(made, hubs_down="unmediated_only")
            made.start_hubs()
            pair.start_ready()
            self.assertEqual(self.sources(pair.alice), {"both"})
            for hub in made.hubs:
                hub.kill()
            # It uses up what is mixed, then goes on.
            waiting.until(
                "an unmediated key",
                lambda: pair.talks(pair.alice)
                and self.sources(pair.alice) == {"unmediated"},
                explain=pair.alice.tail,
            )
            down = pair.alice.process.events("hubs_down", peer=BOB)
            self.assertEqual(len(down), 1)
            for _ in range(5):
                self.await_talk(pair, pair.alice)
            self.assertTrue(pair.alice.peer(BOB)["lanes"]["hubs_down"])
            before = len(pair.alice.process.events("lane_rerooted", role="dial"))
            made.start_hubs()
            waiting.until(
                "a new root",
                lambda: len(
                    pair.alice.process.events("lane_rerooted", role="dial")
                )
                > before,
                explain=pair.alice.tail,
            )
            self.await_talk(pair, pair.alice)
            self.await_sources(pair.alice, "both")
            self.assertTrue(pair.alice.process.events("hubs_back", peer=BOB))
            self.assertFalse(pair.alice.peer(BOB)["lanes"]["hubs_down"])

    def test_one_agent_without_lanes_gets_no_key(self):
        with self.cluster(hubs=3) as made:
            pair = self.mixed(made)
            del pair.bob.config["peer"][0]["mode"]
            made.start_hubs()
            pair.start()
            waiting.until(
                "a failed run of alice",
                lambda: pair.alice.peer(BOB)["lanes"]["detail"]
                or pair.alice.peer(BOB)["exchanges_failed"],
                explain=pair.alice.tail,
            )
            self.assertFalse(pair.talks(pair.alice))
            self.assertFalse(pair.talks(pair.bob))


if __name__ == "__main__":
    cluster_case.main()
