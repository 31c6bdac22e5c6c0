"""kill -9 of agents and hubs in the middle of exchanges, many times.

Afterwards no byte of a pad was ever used twice, which the record of every use
shows, and the keys at both ends are the same ones.

SKEX_TEST_SEED chooses the run, SKEX_TEST_RUNS how many of them there are.
"""

import os
import random

from tests.integration import cluster_case, load, pad_record, waiting

KILLS_OF_AGENTS = 10
KILLS_OF_HUBS = 10
# The kill comes at some moment of the exchanges under way, not at their start.
LONGEST_DELAY = 0.1


class CrashTest(cluster_case.ClusterCase):
    def test_no_pad_byte_is_used_twice_and_keys_agree(self):
        first = int(os.environ.get("SKEX_TEST_SEED") or random.randrange(2**32))
        count = int(os.environ.get("SKEX_TEST_RUNS") or 1)
        for seed in range(first, first + count):
            print(f"SKEX_TEST_SEED={seed}", flush=True)
            with self.subTest(seed=seed):
                self.run_seed(random.Random(seed))

    def run_seed(self, choice):
        with self.cluster(hubs=3, pad_log=True, pad_size="8MiB") as made:
            pair = cluster_case.Pair(
                made,
                threshold=2,
                # Two connections and another key is due.
                connections_per_key=2,
                exchange_timeout="1s",
            )
            for agent in pair.agents:
                # A connection waits for its key rather than being refused.
                agent.config["limits"]["key_wait"] = "30s"
            made.start_hubs()
            pair.start_ready()
            victims = [made.hubs] * KILLS_OF_HUBS
            victims += [pair.agents] * KILLS_OF_AGENTS
            choice.shuffle(victims)
            for kind in victims:
                self.crash(pair, choice.choice(kind), choice)
            for node in [*pair.agents, *made.hubs]:
                node.stop()
            self.check_records([*pair.agents, *made.hubs], len(victims))

    def crash(self, pair, victim, choice):
        with load.Load(pair) as running:
            before = running.done
            waiting.until(
                "connections",
                lambda: running.done > before + 4,
                explain=pair.alice.tail,
            )
            running.pause(choice.uniform(0, LONGEST_DELAY))
            victim.kill()
            victim.start()
            for agent in pair.agents:
                waiting.until(
                    f"connections of {agent.name}",
                    lambda agent=agent: pair.talks(agent),
                    explain=agent.tail,
                )
        self.assertEqual(running.altered, [])
        for dialler, acceptor in (pair.agents, reversed(pair.agents)):
            self.check_keys(pair, dialler, acceptor)

    def check_keys(self, pair, dialler, acceptor):
        """All that `dialler` dials with, `acceptor` has, and it works."""
        dialler.await_hubs(pair.cluster.hubs)
        dialler.await_ready()
        agreed = waiting.until(
            f"agreement of {dialler.name} and {acceptor.name}",
            lambda: self.agreed(dialler, acceptor),
            explain=lambda: f"{dialler.tail()}\n{acceptor.tail()}",
        )
        for ours, theirs in agreed:
            for what in ("threshold", "source", "label", "use_limit"):
                self.assertEqual(ours[what], theirs[what], what)
            self.assertEqual(set(ours["hubs"]), set(theirs["hubs"]))
        for _ in range(3):
            self.assertTrue(pair.talks(dialler), dialler.tail())

    def agreed(self, dialler, acceptor):
        # One that is used up is on its way out, at either end by itself.
        ours = {
            id: key
            for id, key in dialler.keys("dial").items()
            if key["uses"] < key["use_limit"]
        }
        theirs = acceptor.keys("accept")
        if not ours or not ours.keys() <= theirs.keys():
            return None
        return [(ours[id], theirs[id]) for id in ours]

    def check_records(self, nodes, kills):
        uses, torn = [], 0
        for node in nodes:
            with open(node.path(node.pad_log), encoding="ascii") as record:
                its_uses, its_torn = pad_record.parse(record.read())
            self.assertGreater(len(its_uses), 0, node.name)
            uses += its_uses
            torn += len(its_torn)
        sent = sum(use.direction == "send" for use in uses)
        received = len(uses) - sent
        print(
            f"{kills} kills; {sent} ranges of pads sent, {received} received, "
            f"{torn} records torn",
            flush=True,
        )
        # Each agent has a pad with each hub; both ends used all of them.
        halves = {(use.table, use.side) for use in uses}
        self.assertEqual(len(halves), 2 * 2 * 3)
        self.assertLessEqual(torn, kills)
        self.assertEqual(pad_record.twice_used(uses)[:5], [])
        self.assertEqual(pad_record.never_sent(uses)[:5], [])
        # The kills were in the middle of something.
        self.assertLess(received, sent)


if __name__ == "__main__":
    cluster_case.main()
