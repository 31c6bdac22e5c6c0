"""Local policy: what two agents do not agree on yields no key, and a reason.

Also what operators change while all runs: enrolments, rotation, keys on demand.
"""

import re

from tests.integration import cluster_case, waiting
from tests.integration.cluster_case import ALICE, BOB, Pair

NOBODY = "alicia@north.example"
CAROL = "carol@east.example"

# Bob refuses in silence, and says why in his own log.
_SILENT = "bob@south.example did not confirm within"


class PolicyTest(cluster_case.ClusterCase):
    def start(self, pair):
        """Starts both, bob first: when alice asks, he is there."""
        pair.bob.start()
        pair.bob.await_hubs(
            [hub for hub in pair.cluster.hubs if hub.process.running]
        )
        pair.alice.start()

    def assert_no_key(self, pair, reason):
        """Alice gets no key with bob, and says why: `reason`, a pattern."""
        peer = waiting.until(
            f"an exchange that fails because '{reason}'",
            lambda: self.failed(pair.alice, reason),
            explain=pair.alice.tail,
        )
        self.assertFalse(peer["ready"])
        self.assertEqual(peer["exchanges_ok"], 0)
        self.assertEqual(pair.alice.keys("dial"), {})
        self.assertEqual(pair.bob.keys("accept"), {})
        logged = pair.alice.process.events("exchange_failed", peer=BOB)
        self.assertTrue(logged, pair.alice.tail())
        self.assertFalse(pair.talks(pair.alice))
        done = pair.alice.ctl("establish", BOB, timeout=5)
        self.assertRegex(self.fails(done, 1), reason)

    def failed(self, agent, reason):
        peer = agent.peer(BOB)
        matches = re.search(reason, peer["detail"])
        return peer if peer["exchanges_failed"] and matches else None

    def offer_refused(self, agent, reason):
        """Waits until an agent's log says why it refused an offer."""
        waiting.until(
            f"'{reason}' in a refusal of {agent.name}",
            lambda: any(
                reason in event["reason"]
                for event in agent.process.events("offer_refused")
            ),
            explain=agent.tail,
        )

    def test_another_threshold(self):
        with self.cluster(hubs=3) as made:
            pair = Pair(made, threshold=2)
            made.start_hubs()
            pair.bob.config["peer"][0]["threshold"] = 3
            self.start(pair)
            self.offer_refused(pair.bob, "threshold")
            self.assert_no_key(pair, _SILENT)

    def test_another_least_number_of_hubs(self):
        with self.cluster(hubs=3) as made:
            pair = Pair(made, threshold=2)
            for hub in made.hubs[:2]:
                hub.start()
            pair.bob.config["peer"][0]["min_hubs"] = 3
            self.start(pair)
            self.offer_refused(pair.bob, "hubs")
            self.assert_no_key(pair, _SILENT)
            # With the third hub there are as many as bob wants.
            made.hubs[2].start()
            pair.alice.await_ready()
            self.assertTrue(pair.talks(pair.alice))

    def test_other_hubs(self):
        with self.cluster(hubs=3) as made:
            pair = Pair(made, threshold=2)
            made.start_hubs()
            pair.bob.config["peer"][0]["hubs"] = [
                hub.name for hub in made.hubs[:2]
            ]
            self.start(pair)
            self.offer_refused(pair.bob, made.hubs[2].name)
            self.assert_no_key(pair, _SILENT)

    def test_another_name(self):
        with self.cluster(hubs=3) as made:
            pair = Pair(made, threshold=2)
            made.start_hubs()
            pair.bob.config["peer"][0]["name"] = NOBODY
            for tunnel in pair.bob.config["outbound"]:
                tunnel["peer"] = NOBODY
            for tunnel in pair.bob.config["inbound"]:
                tunnel["allow"] = [NOBODY]
            self.start(pair)
            self.offer_refused(pair.bob, ALICE)
            self.assert_no_key(pair, _SILENT)

    def test_initiator_that_the_responder_has_not_allowed(self):
        with self.cluster(hubs=3) as made:
            pair = Pair(made, threshold=2)
            enrolments = [hub.enrolment(BOB) for hub in made.hubs]
            for path in enrolments:
                with open(path, encoding="ascii") as file:
                    text = file.read()
                self.assertIn(ALICE, text)
                with open(path, "w", encoding="ascii") as file:
                    file.write(text.replace(ALICE, NOBODY))
            made.start_hubs()
            self.start(pair)
            self.assert_no_key(pair, "[23] of 3 hubs refused: .* does not allow")
            refused = sum(
                agent["shares_refused"]
                for hub in made.hubs
                for agent in hub.ask("agents")["agents"]
            )
            self.assertGreater(refused, 0)
            # Bob may still dial alice: she has allowed him.
            pair.bob.await_ready()
            self.assertTrue(pair.talks(pair.bob))

            for path, hub in zip(enrolments, made.hubs):
                with open(path, "w", encoding="ascii") as file:
                    file.write(text)
                self.assertIn("1 changed", hub.ask("reload")["summary"])
            pair.alice.await_ready()
            self.assertTrue(pair.talks(pair.alice))


class OperationTest(cluster_case.ClusterCase):
    def test_reload_takes_in_and_lets_go(self):
        with self.cluster(hubs=3) as made:
            made.start_hubs()
            pair = Pair(made, threshold=2)
            for hub in made.hubs:
                self.assertIn("2 new", hub.ask("reload")["summary"])
            pair.start_ready()
            carol = made.add_agent(CAROL, allow=[])
            carol.start()
            for hub in made.hubs:
                self.assertFalse(hub.connected(CAROL))
                self.assertIn("1 new", hub.ask("reload")["summary"])
            carol.await_hubs(made.hubs)
            for hub in made.hubs:
                waiting.until("carol", lambda hub=hub: hub.connected(CAROL))
                hub.revoke(carol)
                self.assertIn("1 revoked", hub.ask("reload")["summary"])
            carol.await_hubs([])
            for hub in carol.status()["hubs"]:
                self.assertNotEqual(hub["detail"], "")
            # The others have not noticed.
            for agent in pair.agents:
                self.assertTrue(pair.talks(agent))
                agent.await_hubs(made.hubs)
                self.assertEqual(
                    agent.process.events("hub_disconnected"), []
                )

    def test_reload_of_a_bad_enrolment_changes_nothing(self):
        with self.cluster(hubs=3) as made:
            pair = Pair(made, threshold=2)
            made.start_hubs()
            pair.start_ready()
            hub = made.hubs[0]
            with open(hub.enrolment(BOB), "a", encoding="ascii") as file:
                file.write("alow = []\n")
            line = self.fails(hub.ctl("reload"), 1)
            self.assertIn(f"agents/{BOB}/enrolment.toml:", line)
            self.assertIn("alow", line)
            self.assertTrue(hub.connected(BOB))
            self.assertTrue(pair.talks(pair.alice))
            self.assertEqual(
                len(pair.alice.establish(BOB)["hubs"]), len(made.hubs)
            )

    def test_rotate_gives_connections_another_key(self):
        with self.cluster(hubs=3) as made:
            pair = Pair(made, threshold=2)
            made.start_hubs()
            pair.start_ready()
            seen = []
            for _ in range(3):
                self.assertTrue(pair.talks(pair.alice))
                used = pair.alice.process.events("handshake", role="client")
                seen.append(used[-1]["key"])
                if len(seen) > 1:
                    self.assertEqual(seen[-1], rotated["id"])
                rotated = pair.alice.ask("rotate", BOB)["key"]
                self.assertEqual(rotated["state"], "active")
            self.assertEqual(len(set(seen)), 3, seen)
            states = {
                key["id"]: key["state"]
                for key in pair.bob.keys("accept").values()
            }
            self.assertEqual(states[seen[0]], "retired", states)

    def test_establish_without_enough_hubs_says_why(self):
        with self.cluster(hubs=3) as made:
            pair = Pair(made, threshold=2)
            made.start_hubs()
            pair.start_ready()
            before = pair.alice.keys("dial")
            for hub in made.hubs[1:]:
                hub.kill()
            pair.alice.await_hubs(made.hubs[:1])
            line = self.fails(pair.alice.ctl("establish", BOB, timeout=5), 1)
            self.assertRegex(line, "hub")
            self.assertEqual(pair.alice.keys("dial").keys(), before.keys())
            # What is in the pool still serves.
            self.assertTrue(pair.talks(pair.alice))

            made.hubs[1].start()
            pair.alice.await_hubs(made.hubs[:2])
            key = pair.alice.establish(BOB)
            self.assertEqual(len(key["hubs"]), 2)
            self.assertIn(key["id"], pair.bob.keys("accept"))

    def test_establish_with_a_stranger(self):
        with self.cluster(hubs=3) as made:
            pair = Pair(made, threshold=2)
            made.start_hubs()
            pair.start_ready()
            for verb in ("establish", "rotate"):
                line = self.fails(pair.alice.ctl(verb, CAROL), 1)
                self.assertIn(CAROL, line)


if __name__ == "__main__":
    cluster_case.main()
