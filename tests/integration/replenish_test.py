"""New pads beside old ones, while keys are taken: nobody waits for them."""

import json
import os
import signal
import urllib.request

from tests.integration import cluster_case, pad_record, waiting
from tests.integration.cluster_case import BOB

_HUBS = 3
# Of such keys a pad of a MiB has about a hundred in each direction.
_KEY_BYTES = 4096
_AT_ONCE = 15


class ReplenishTest(cluster_case.ClusterCase):
    def start(self, made):
        """Starts hubs, alice and bob, whose keys are for delivery.

        Every key needs all hubs, so that none can be done without.
        """
        agents = cluster_case.add_delivery_agents(
            made,
            threshold=2,
            min_hubs=_HUBS,
            key_bytes=_KEY_BYTES,
            pool_low=4,
            pool_high=16,
        )
        made.start_hubs()
        for agent in agents:
            agent.start()
        for agent in agents:
            agent.await_ready()
        return agents

    def take(self, agent, peer, count, *args):
        done = agent.ctl(
            "--json", "take", peer, "--count", str(count), *args, timeout=20
        )
        self.assertEqual(done.returncode, 0, done.stderr)
        return [json.loads(line) for line in done.stdout.splitlines()]

    def take_many(self, alice, rounds):
        for _ in range(rounds):
            self.assertEqual(len(self.take(alice, BOB, _AT_ONCE)), _AT_ONCE)

    @staticmethod
    def make_pad(agent, hub):
        """One more pad, which lies in its place at both ends."""
        number = len(agent.pads(hub)) + 1
        name = f"{agent.pad(hub)}-{number}"
        hub.replenish(agent, "1MiB", name)
        agent.set_pads(hub, [*agent.pads(hub), name])
        agent.write_config()

    def supplies(self, agent):
        return [hub["pad_supply"] for hub in agent.status()["hubs"]]

    def await_pads(self, agent, count):
        """Until each hub has `count` pads, which both ends have."""
        waiting.until(
            f"{count} pads of {agent.name} with each hub",
            lambda: all(
                len(supply["pads"]) == count
                and all(pad["connected"] for pad in supply["pads"])
                for supply in self.supplies(agent)
            ),
            explain=agent.tail,
        )

    def test_keys_never_stop(self):
        with self.cluster(hubs=_HUBS, pad_size="2MiB", pad_log=True) as made:
            alice, bob = self.start(made)
            # Before bob was there.
            early = len(alice.process.events("exchange_failed"))
            used_up = []
            for count in (2, 3):
                self.take_many(alice, 5)
                for number, hub in enumerate(made.hubs):
                    for agent in (alice, bob):
                        self.make_pad(agent, hub)
                    # Either end first, with keys between.
                    first, then = [hub], [alice, bob]
                    if number % 2:
                        first, then = then, first
                    for one in first:
                        one.ask("reload")
                    self.take_many(alice, 1)
                    for one in then:
                        one.ask("reload")
                for agent in (alice, bob):
                    self.await_pads(agent, count)
            # By now each has used up its first pads, which have room for twice
            # as many keys as the others; let them go.
            for agent, used in ((alice, "send"), (bob, "receive")):
                for hub, supply in zip(made.hubs, self.supplies(agent)):
                    used_up.append(agent.pads(hub)[0])
                    left = [
                        int(pad[f"{used}_otp_bytes"]) for pad in supply["pads"]
                    ]
                    self.assertLess(left[0], _AT_ONCE * _KEY_BYTES + 4096)
                    self.assertLess(left[1], left[2])
                    table = supply["pads"][0]["table_id"]
                    agent.set_pads(hub, agent.pads(hub)[1:])
                    hub.revoke(agent, "--table", table[:8])
                agent.write_config()
                summary = agent.ask("reload")["summary"]
                self.assertIn(f"{_HUBS} let go", summary)
                self.take_many(alice, 1)
            for hub in made.hubs:
                self.assertIn("2 changed", hub.ask("reload")["summary"])
            self.take_many(alice, 3)
            for agent in (alice, bob):
                self.await_pads(agent, 2)
                self.assertIn(
                    f'skex_pads{{hub="{made.hubs[0].name}"}} 2',
                    self.scrape(agent),
                )
            failed = alice.process.events("exchange_failed")[early:]
            self.assertEqual(failed, [])
            # What is taken out of the configuration may be removed.
            for name in used_up:
                os.remove(alice.path(name))
            for agent in (alice, bob):
                agent.stop()
                agent.start()
            alice.await_ready()
            self.take_many(alice, 1)
            self.assert_no_byte_twice(made)

    def scrape(self, agent):
        with urllib.request.urlopen(agent.metrics_url()) as answer:
            return answer.read().decode("ascii")

    def assert_no_byte_twice(self, made):
        uses = []
        for one in [*made.hubs, *made.agents]:
            with open(one.path(one.pad_log), encoding="ascii") as record:
                uses += pad_record.parse(record.read())[0]
        self.assertGreater(len({use.table for use in uses}), 2 * _HUBS * 2)
        self.assertEqual(pad_record.twice_used(uses)[:5], [])

    def test_pad_that_is_not_used_up_may_be_revoked(self):
        with self.cluster(hubs=_HUBS, pad_size="1MiB") as made:
            alice, bob = self.start(made)
            for hub in made.hubs:
                for agent in (alice, bob):
                    self.make_pad(agent, hub)
                hub.ask("reload")
            for agent in (alice, bob):
                agent.ask("reload")
                self.await_pads(agent, 2)
            # Only at the hubs: the agents' operators come later.
            for hub, supply in zip(made.hubs, self.supplies(alice)):
                table = supply["pads"][0]["table_id"]
                hub.revoke(alice, "--table", table)
                hub.ask("reload")
            self.take_many(alice, 3)
            for supply in self.supplies(alice):
                self.assertEqual(
                    [pad["connected"] for pad in supply["pads"]], [False, True]
                )

    def test_end_of_the_pads_is_told_in_time_and_got_over(self):
        with self.cluster(hubs=_HUBS, pad_size="1MiB") as made:
            alice, bob = self.start(made)
            done = alice.ctl("take", BOB, "--count", "200", timeout=6)
            self.assertEqual(done.returncode, 1)
            waiting.until(
                "the event that pads are low",
                lambda: alice.process.events("pad_low"),
                explain=alice.tail,
            )
            event = alice.process.events("pad_low")[-1]
            self.assertIn("--replenish", event["way_out"])
            for hub in made.hubs:
                for agent in (alice, bob):
                    self.make_pad(agent, hub)
                hub.ask("reload")
            for agent in (alice, bob):
                agent.ask("reload")
                self.await_pads(agent, 2)
            self.take_many(alice, 3)

    def test_reload_with_an_error_changes_nothing(self):
        with self.cluster(hubs=_HUBS, pad_size="1MiB") as made:
            alice, _ = self.start(made)
            hub = made.hubs[1]
            self.make_pad(alice, hub)
            good = alice.pads(hub)
            for pads, status, text in (
                ([good[0], "none.pad"], 2, "none.pad"),
                ([good[1], good[0]], 1, "in the order of their age"),
                ([good[0], good[0]], 2, "twice"),
                ([], 2, "pad"),
            ):
                alice.set_pads(hub, pads)
                alice.write_config()
                self.assertIn(text, self.fails(alice.ctl("reload"), status))
            # SIGHUP is the same without an answer: the log has it.
            os.kill(alice.process.pid, signal.SIGHUP)
            waiting.until(
                "the failed reload",
                lambda: alice.process.events("reload_failed"),
                explain=alice.tail,
            )
            alice.set_pads(hub, good)
            alice.write_config()
            for supply in self.supplies(alice):
                self.assertEqual(len(supply["pads"]), 1)
            os.kill(alice.process.pid, signal.SIGHUP)
            waiting.until(
                "the reload",
                lambda: alice.process.events("reloaded"),
                explain=alice.tail,
            )
            self.assertEqual(len(self.supplies(alice)[1]["pads"]), 2)
            # The only pad is not revoked by its table.
            table = self.supplies(alice)[0]["pads"][0]["table_id"]
            with self.assertRaisesRegex(Exception, "without --table"):
                made.hubs[0].revoke(alice, "--table", table)


if __name__ == "__main__":
    cluster_case.main()
