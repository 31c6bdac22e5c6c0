"""Keys for applications: handed out once at each end, and never to TLS."""

import json

from tests.integration import cluster_case
from tests.integration.cluster_case import ALICE, BOB

_FORGOTTEN = "is here: it is not known, has expired, or was taken"


class DeliveryTest(cluster_case.ClusterCase):
    def start(self, made, **policy):
        """Starts three hubs, alice and bob, whose keys are for delivery."""
        agents = cluster_case.add_delivery_agents(made, 2, **policy)
        made.start_hubs()
        for agent in agents:
            agent.start()
        for agent in agents:
            agent.await_ready()
        return agents

    def take(self, agent, *args):
        """What `skexctl take` prints: keys by their id."""
        done = agent.ctl("--json", "take", *args, timeout=20)
        self.assertEqual(done.returncode, 0, done.stderr)
        keys = [json.loads(line) for line in done.stdout.splitlines()]
        return {key["id"]: key["key"] for key in keys}

    def test_both_ends_get_the_same_keys_once(self):
        with self.cluster(hubs=3) as made:
            alice, bob = self.start(made)
            # More than alice holds ready.
            keys = self.take(alice, BOB, "--count", "600")
            self.assertEqual(len(keys), 600)
            self.assertEqual(len(set(keys.values())), 600)
            self.assertEqual({len(key) for key in keys.values()}, {64})
            ids = list(keys)
            self.assertEqual(
                self.take(bob, ALICE, *(f"--id={key}" for key in ids[:5])),
                {key: keys[key] for key in ids[:5]},
            )
            done = bob.ctl("take", ALICE, "--id", ids[0])
            self.assertIn(_FORGOTTEN, self.fails(done, 1))
            again = self.take(alice, BOB)
            self.assertTrue(set(again).isdisjoint(keys))

    def test_keys_may_be_long(self):
        with self.cluster(hubs=3) as made:
            alice, bob = self.start(made, key_bytes=4096)
            keys = self.take(alice, BOB, "--count", "40")
            self.assertEqual({len(key) for key in keys.values()}, {2 * 4096})
            key, value = keys.popitem()
            self.assertEqual(
                self.take(bob, ALICE, "--id", key), {key: value}
            )

    def test_without_hubs_it_says_why_there_are_none(self):
        with self.cluster(hubs=3) as made:
            alice, _ = self.start(made)
            for hub in made.hubs:
                hub.kill()
            done = alice.ctl("take", BOB, "--count", "50", timeout=2)
            self.assertEqual(done.returncode, 1)
            self.assertLessEqual(len(done.stdout.splitlines()), 8)
            self.assertIn("no key with bob@south.example came", done.stderr)

    def test_an_agent_without_such_a_peer_hands_out_nothing(self):
        with self.cluster(hubs=3) as made:
            alice, _ = self.start(made)
            alice.stop()
            del alice.config["delivery"]
            alice.config["peer"][0]["freshness"] = "exchange"
            alice.start()
            self.assertIn(
                "this agent hands out no keys",
                self.fails(alice.ctl("take", BOB), 2),
            )


if __name__ == "__main__":
    cluster_case.main()
