"""The main job, step by step: what the demo shows and a test repeats.

Five hubs, alice and bob with 3 of 5. Behind bob is an HTTP server that knows
nothing of this, in front of alice curl, which does not either. Between alice
and bob is an eavesdropper who keeps every byte. In the end carol and dave show
what a common root is good for when all hubs are dead.
"""

import os
import re
import time
import urllib.request

from tests.demo import without_hubs
from tests.integration import cluster, network, process, waiting

HUBS = 5
THRESHOLD = 3
PAD_SIZE = "4MiB"
# Small, so that the reserve is soon used up.
CONNECTIONS_PER_KEY = 3
POOL = {"pool_low": 1, "pool_high": 2}

ALICE = cluster.ALICE
BOB = cluster.BOB
PAGE = "hello.txt"
BODY = "Hello from the web server behind bob.\n"


class Mismatch(AssertionError):
    """Something was not as it should be."""


def check(truth, complaint):
    if not truth:
        raise Mismatch(complaint)


def _short(names):
    return ", ".join(name.partition("@")[0] for name in sorted(names))


class _Clock:
    def __init__(self):
        self._start = time.monotonic()

    def __str__(self):
        seconds = time.monotonic() - self._start
        if seconds < 1:
            return f"{seconds * 1000:.0f} ms"
        return f"{seconds:.1f} s"


class MainJob:
    """The steps, in order. Each tells `say` what it saw, a line at a time.

    A step that sees something else than it should raises an AssertionError.
    """

    def __init__(self, programs, say):
        self.say = say
        self.cluster = cluster.Cluster(programs, pad_size=PAD_SIZE)
        self.hubs = []
        self.alice = None
        self.bob = None
        self.recorder = None
        self.web = None
        self.curl_port = None
        self._bodies = 0  # for alice's curl
        self._pages = 0  # for anybody's
        self.without_hubs = without_hubs.WithoutHubs(self)

    def __enter__(self):
        self.cluster.__enter__()
        return self

    def __exit__(self, *error):
        return self.cluster.__exit__(*error)

    @property
    def url(self):
        return self.url_at(self.curl_port)

    def url_at(self, port):
        return f"http://{network.address(port)}/{PAGE}"

    def check(self, truth, complaint):
        check(truth, complaint)

    def run(self):
        """All steps."""
        self.make_pads()
        self.start()
        self.establish_key()
        self.fetch_page()
        self.compare_handshakes()
        self.lose_two_hubs()
        self.lose_third_hub()
        self.regain_hub()
        self.crash_bob()
        self.without_hubs.start()
        self.without_hubs.lose_all_hubs()
        self.without_hubs.regain_hubs()
        self.show_metrics()
        self.look_at_the_wire()

    # ---- Setting up

    def make_pads(self):
        clock = _Clock()
        self._start_web_server()
        for _ in range(HUBS):
            self.hubs.append(self.cluster.add_hub())
        self.alice = self.cluster.add_agent(ALICE, allow=[BOB])
        self.bob = self.cluster.add_agent(BOB, allow=[ALICE])
        for agent, peer in ((self.alice, BOB), (self.bob, ALICE)):
            agent.config["metrics"] = {"listen": network.address(0)}
            agent.add_peer(
                peer,
                THRESHOLD,
                connections_per_key=CONNECTIONS_PER_KEY,
                **POOL,
            )
        port = self.bob.add_inbound("web", [ALICE], self._web_port())
        self.recorder = network.Recorder(port)
        self.cluster.on_exit(self.recorder.close)
        self.curl_port = self.alice.add_outbound(
            "to-bob", BOB, self.recorder.port
        )
        self.without_hubs.make(
            THRESHOLD,
            self._web_port(),
            connections_per_key=CONNECTIONS_PER_KEY,
            **POOL,
        )
        self.say(
            f"{4 * HUBS} pads of {PAD_SIZE} made and enrolled by skexctl, "
            f"{clock}"
        )

    def _start_web_server(self):
        folder = self.cluster.path("www")
        os.mkdir(folder)
        with open(os.path.join(folder, PAGE), "w", encoding="ascii") as page:
            page.write(BODY)
        self.web = process.Process(
            ["python3", "-u", "-m", "http.server", "0"]
            + ["--bind", network.LOOPBACK, "--directory", folder],
            self.cluster.folder,
            "web.log",
        )
        self.web.start()
        self.cluster.on_exit(self.web.kill)
        waiting.until("start of the web server", self._web_port)

    def _web_port(self):
        match = re.search(r"Serving HTTP on \S+ port (\d+)", self.web.text())
        return int(match.group(1)) if match else None

    def start(self):
        clock = _Clock()
        for node in [*self.hubs, self.bob, self.alice]:
            node.start()
        for agent in (self.alice, self.bob):
            agent.await_hubs(self.hubs)
            agent.await_ready()
        self.say(f"{HUBS} hubs, alice and bob started, keys ready, {clock}")

    # ---- Keys

    def establish_key(self):
        key = self._establish({hub.name for hub in self.hubs})
        took = self.alice.process.events("keys_established", role="dial")[-1]
        self.say(
            f"key {key['id']} established by {key['source']}: "
            f"{key['threshold']} of {len(key['hubs'])} hubs "
            f"({_short(key['hubs'])}), {took['took'] * 1000:.1f} ms, "
            f"{key['label']}"
        )

    def _establish(self, hubs):
        """One new key, through exactly these hubs, and the same for bob."""
        key = self.alice.establish(BOB)
        check(
            key["threshold"] == THRESHOLD and set(key["hubs"]) == hubs,
            f"key {key['id']} is {key['threshold']} of {key['hubs']}, not "
            f"{THRESHOLD} of {sorted(hubs)}",
        )
        # Its first connection may be what confirms it to bob: any state.
        twin = self.bob.keys("accept").get(key["id"])
        check(twin, f"bob does not have the key {key['id']}")
        for what in ("threshold", "source", "label"):
            check(
                twin[what] == key[what],
                f"{what} is {key[what]} for alice, {twin[what]} for bob",
            )
        check(
            set(twin["hubs"]) == hubs,
            f"bob has the key from {twin['hubs']}, alice from {key['hubs']}",
        )
        return key

    # ---- Traffic

    def curl(self, url=None):
        """Fetches the page; returns the completed process of curl."""
        fetched = network.curl(url or self.url)
        if fetched.returncode == 0:
            check(
                fetched.stdout == BODY,
                f"curl printed {fetched.stdout!r} instead of {BODY!r}",
            )
            self._bodies += url is None
            self._pages += 1
        else:
            check(
                not fetched.stdout,
                f"curl failed, and yet printed {fetched.stdout!r}",
            )
        return fetched

    def fetch_page(self):
        clock = _Clock()
        self.fetch()
        self.say(f"curl {self.url}: {BODY.strip()!r}, {clock}")

    def fetch(self, url=None):
        fetched = self.curl(url)
        check(
            fetched.returncode == 0,
            f"curl ended with {fetched.returncode}: {fetched.stderr.strip()}",
        )

    def compare_handshakes(self):
        """The latest handshake, as both ends have logged it."""
        dialled = self.alice.process.events("handshake")[-1]
        accepted = waiting.until(
            "the same handshake in bob's log",
            lambda: self.bob.process.events(
                "handshake", key=dialled["key"], index=dialled["index"]
            ),
            explain=self.bob.tail,
        )
        check(len(accepted) == 1, f"bob accepted it twice: {accepted}")
        accepted = accepted[0]
        for event, who, peer, role in (
            (dialled, "alice", BOB, "client"),
            (accepted, "bob", ALICE, "server"),
        ):
            check(
                (event["role"], event["peer"]) == (role, peer),
                f"{who} was {event['role']} with {event['peer']}",
            )
            self.say(
                f"handshake, {who} ({role}): {event['tls']}, external PSK "
                f"{event['psk']}, {event['cipher']}, {event['group']}, key "
                f"{event['key']}, index {event['index']}"
            )
        check(dialled["tls"] == "TLSv1.3", f"not TLS 1.3: {dialled['tls']}")
        check(dialled["psk"] == "imported", f"PSK is {dialled['psk']}")
        for what in ("tls", "psk", "cipher", "group", "key", "index"):
            check(
                dialled[what] == accepted[what],
                f"{what} is {dialled[what]} for alice, {accepted[what]} for "
                "bob",
            )

    # ---- Losing hubs

    def lose_two_hubs(self):
        for hub in self.hubs[:2]:
            hub.kill()
        self._await_alive()
        key = self._establish({hub.name for hub in self.hubs[2:]})
        self.fetch()
        self.say(
            f"{_short(hub.name for hub in self.hubs[:2])} killed: new key "
            f"{key['id']}, {key['threshold']} of {len(key['hubs'])} "
            f"({_short(key['hubs'])}), curl's page comes"
        )

    def _await_alive(self):
        alive = [hub for hub in self.hubs if hub.process.running]
        for agent in (self.alice, self.bob):
            agent.await_hubs(alive)

    def lose_third_hub(self):
        self.hubs[2].kill()
        self._await_alive()
        clock = _Clock()
        keys = self.alice.keys("dial").values()
        reserve = sum(key["use_limit"] - key["uses"] for key in keys)
        check(reserve > 0, "there is no reserve")
        for _ in range(reserve):
            self.fetch()
        refused = self.curl()
        check(
            refused.returncode != 0,
            f"a page came after the {reserve} of the reserve",
        )
        # The log's line may come behind the reset that curl sees.
        ended = waiting.until(
            "alice logs why it refused a connection",
            self._refusals,
            explain=self.alice.tail,
        )
        peer = self.alice.peer(BOB)
        check(
            not peer["ready"] and peer["detail"],
            f"alice gives no reason: {peer}",
        )
        self.say(
            f"{self.hubs[2].short_name} killed: {reserve} more pages from the "
            f"reserve of {len(keys)} keys, then refused, {clock}"
        )
        self.say(f"  curl: {refused.stderr.strip()}")
        self.say(f"  alice: {ended[-1]['result']}: {ended[-1]['detail']}")
        self.say(f"  skexctl peers: {peer['detail']}")

    def _refusals(self):
        return self.alice.process.events("connection", result="no_key")

    # ---- Recovering

    def regain_hub(self):
        clock = _Clock()
        self.hubs[2].start()
        refused = self._await_page()
        self.say(
            f"{self.hubs[2].short_name} started again: curl's page comes "
            f"after {clock}, {refused} attempts refused before"
        )

    def crash_bob(self):
        self.bob.kill()
        clock = _Clock()
        check(self.curl().returncode != 0, "a page came from a dead agent")
        self.bob.start()
        refused = self._await_page()
        self.say(
            f"bob killed with -9 and started again: curl's page comes after "
            f"{clock}, {refused} attempts refused before"
        )
        check(self.alice.process.running, "alice is gone")

    def _await_page(self):
        attempts = []

        def came():
            attempts.append(self.curl())
            return attempts[-1].returncode == 0

        waiting.until("curl's page", came, explain=self.alice.tail)
        return len(attempts) - 1

    # ---- What is left to see

    def show_metrics(self):
        with urllib.request.build_opener(
            urllib.request.ProxyHandler({})
        ).open(self.alice.metrics_url(), timeout=waiting.DEADLINE) as answer:
            text = answer.read().decode("utf-8")
        values = {}
        for line in text.splitlines():
            if not line.startswith("#"):
                name, _, value = line.rpartition(" ")
                values[name] = float(value)
        peer = f'{{peer="{BOB}"}}'
        shown = [
            f"skex_keys_ready{peer}",
            f'skex_exchanges_total{{peer="{BOB}",result="ok"}}',
            'tlsbridge_handshakes_total{result="ok",role="client"}',
            'sidecar_connections_total{result="closed",tunnel="to-bob"}',
            'sidecar_connections_total{result="no_key",tunnel="to-bob"}',
            'sidecar_bytes_total{direction="received",tunnel="to-bob"}',
        ]
        self.say(f"metrics of alice, {self.alice.metrics_url()}:")
        for name in shown:
            value = _metric(values, name)
            check(value is not None, f"there is no metric {name}:\n{text}")
            self.say(f"  {name} {value:.0f}")
        check(
            _metric(values, shown[2]) == self._bodies,
            f"{self._bodies} pages came, {_metric(values, shown[2]):.0f} "
            "handshakes are counted",
        )
        check(_metric(values, shown[4]) >= 1, "no refusal is counted")

    def look_at_the_wire(self):
        """Nothing in clear between alice and bob, nothing behind their back."""
        streams = self.recorder.streams()
        total = 0
        hellos = 0
        for there, back in streams:
            total += len(there) + len(back)
            for plain in (b"GET ", b"HTTP/1", PAGE.encode(), BODY.encode()):
                check(
                    plain not in there and plain not in back,
                    f"{plain!r} crossed the wire in clear",
                )
            if there:
                # A handshake record, and the identity of an external PSK.
                check(there[:2] == b"\x16\x03", "alice did not speak TLS")
                hellos += b"skx1" in there
        check(
            hellos >= self._bodies > 0,
            f"{self._bodies} pages came through {hellos} TLS connections",
        )
        asked = len(re.findall(r'"GET /', self.web.text()))
        check(
            asked == self._pages,
            f"the web server saw {asked} requests, curl {self._pages} pages",
        )
        self.say(
            f"wire between alice and bob: {total} bytes in {len(streams)} "
            f"connections, no plain text; {self._bodies} pages came"
        )

    def start_all(self):
        """Brings back what the steps have left dead."""
        for hub in self.hubs:
            if not hub.process.running:
                hub.start()
        for agent in (self.alice, self.bob):
            agent.await_hubs(self.hubs)
            agent.await_ready()

    def stop(self):
        """Ends everything in order."""
        clock = _Clock()
        agents = [self.alice, self.bob, *self.without_hubs.agents]
        for node in [*agents, *self.hubs]:
            if node.process.running:
                node.stop()
        self.say(f"everything stopped in order, {clock}")


def _metric(values, name):
    """A value by its name, whatever the order of the labels."""
    return {_sorted_labels(key): value for key, value in values.items()}.get(
        _sorted_labels(name)
    )


def _sorted_labels(name):
    family, _, labels = name.partition("{")
    return family, tuple(sorted(labels.rstrip("}").split(",")))
