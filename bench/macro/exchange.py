"""How fast whole processes establish keys: five hubs and two agents, 3 of 5.

usage: ./bazelw run //bench/macro:exchange

On loopback, with pads in files, synced and erased as ever. Takes every key at
both ends, as an application would, and compares them. Ends with lines
`figure NAME NUMBER`:

  keys_per_second     keys of 256 bits, in batches
  key_bits_per_second key material, in keys of 4,096 bytes
  single_key_p50_us   one key on demand, from skexd's API and back; the median
  pad_bytes_per_key   of the initiator's pad with one hub, keys of 256 bits
  syncs_per_key       waits for the medium of the busiest pad, the same keys
"""

import json
import os
import subprocess
import sys
import time

from tests.integration import cluster, process, programs

_HUBS = 5
_THRESHOLD = 3
_PAD_SIZE = "128MiB"
# Before it is measured: connections, grants and caches.
_WARM_UP = 4096


def _log(text):
    print(text, flush=True)


class _Bench:
    def __init__(self, made, load):
        self._load = load
        self._made = made
        for _ in range(_HUBS):
            made.add_hub().config["log"]["level"] = "warning"
        self.agents = []
        for name, peer in (
            (cluster.ALICE, cluster.BOB),
            (cluster.BOB, cluster.ALICE),
        ):
            agent = made.add_agent(name, allow=[peer])
            agent.config["log"]["level"] = "warning"
            agent.config["delivery"] = {
                "socket": f"{agent.short_name}-keys.sock"
            }
            self.agents.append(agent)
        self.alice, self.bob = self.agents

    def start(self, alice_policy, bob_policy):
        """Starts the agents anew with these policies for each other."""
        for agent in self.agents:
            if agent.process.running:
                agent.stop()
            agent.config["peer"] = []
        self.alice.add_peer(cluster.BOB, _THRESHOLD, **alice_policy)
        self.bob.add_peer(cluster.ALICE, _THRESHOLD, **bob_policy)
        for agent in self.agents:
            agent.start()
            agent.await_hubs(self._made.hubs)
        self.alice.await_ready()

    def take(self, count):
        """Takes keys at both ends; how long it took, and their bytes."""
        done = self.run(
            "batch",
            self.alice.config["delivery"]["socket"],
            self.bob.config["delivery"]["socket"],
            cluster.ALICE,
            cluster.BOB,
            str(count),
        )
        return done["seconds"], done["bytes"]

    def run(self, *args):
        # Paths of sockets are short: relative to the cluster's folder.
        done = subprocess.run(
            [self._load, *args],
            cwd=self._made.folder,
            stdout=subprocess.PIPE,
            check=True,
        )
        return json.loads(done.stdout)

    def pads(self):
        """The pads of both ends as (owner, other end, supply)."""
        for agent in self.agents:
            for hub in agent.status()["hubs"]:
                yield agent.name, hub["name"], hub["pad_supply"]
        for hub in self._made.hubs:
            for agent in hub.ask("agents")["agents"]:
                yield hub.name, agent["name"], agent["pad_supply"]


def _left(supply):
    return sum(
        int(pad.get(f"{direction}_{stream}_bytes", 0))
        for pad in supply["pads"]
        for direction in ("send", "receive")
        for stream in ("mac", "otp")
    )


def _batches(bench, count):
    """Keys of 256 bits in batches; prints three figures."""
    bench.start(
        {"freshness": "delivery", "pool_low": 2048, "pool_high": 3072},
        {"freshness": "delivery", "pool_high": 4096, "pool_low": 1},
    )
    bench.take(_WARM_UP)
    before = {(owner, other): pad for owner, other, pad in bench.pads()}
    start = time.monotonic()
    seconds, _ = bench.take(count)
    # What alice holds ready at the end as at the beginning.
    time.sleep(0.5)
    after = {(owner, other): pad for owner, other, pad in bench.pads()}
    _log(f"{count} keys in {seconds:.2f} s, {time.monotonic() - start:.2f} in all")
    used = max(
        _left(before[end]) - _left(after[end])
        for end in after
        if end[0] == bench.alice.name
    )
    syncs = max(
        int(after[end].get("syncs", 0)) - int(before[end].get("syncs", 0))
        for end in after
    )
    return [
        ("keys_per_second", f"{count / seconds:.0f}"),
        ("pad_bytes_per_key", f"{used / count:.2f}"),
        ("syncs_per_key", f"{syncs / count:.6f}"),
    ]


def _long_keys(bench, count):
    policy = {"freshness": "delivery", "key_bytes": 4096}
    bench.start(
        {**policy, "pool_low": 120, "pool_high": 240},
        {**policy, "pool_low": 1, "pool_high": 240},
    )
    bench.take(200)
    seconds, size = bench.take(count)
    _log(f"{count} keys of 4096 bytes in {seconds:.2f} s")
    return [("key_bits_per_second", f"{8 * size / seconds:.0f}")]


def _single(bench, count):
    bench.start({"pool_low": 1, "pool_high": 1}, {"pool_low": 1, "pool_high": 1})
    args = ("single", f"{bench.alice.state}/admin.sock", cluster.BOB)
    bench.run(*args, "20")
    times = bench.run(*args, str(count))
    _log(
        f"{count} keys on demand: best {times['best_us']} us, worst "
        f"{times['worst_us']} us"
    )
    return [("single_key_p50_us", str(times["p50_us"]))]


def main():
    process.exit_on_sigterm()
    found = programs.take(sys.argv)
    load = [a for a in sys.argv[1:] if a.startswith("--key-load=")]
    if len(load) != 1 or len(sys.argv) != 2:
        raise SystemExit(__doc__)
    path = os.path.abspath(load[0].partition("=")[2])
    with cluster.Cluster(found, pad_size=_PAD_SIZE) as made:
        _log(f"making {2 * _HUBS} pads of {_PAD_SIZE}")
        bench = _Bench(made, path)
        made.start_hubs()
        figures = _batches(bench, 250_000)
        figures += _long_keys(bench, 5_000)
        figures += _single(bench, 400)
    for name, number in figures:
        _log(f"figure {name} {number}")


if __name__ == "__main__":
    main()
