"""Carol and dave, who have a common root besides their hubs.

Their keys are mixed of both ways. When every hub is dead they go on with what
is left; when hubs are back their lane gets a new root, and keys are mixed again.
"""

import time

from tests.integration import waiting

CAROL = "carol@east.example"
DAVE = "dave@west.example"


class WithoutHubs:
    """The steps. `job` is the main job, whose hubs and web server these are."""

    def __init__(self, job):
        self._job = job
        self._carol = None
        self._dave = None
        self.url = None

    def make(self, threshold, web_port, **policy):
        """Enrols both at all hubs and gives them a root; nothing starts."""
        cluster = self._job.cluster
        self._carol = cluster.add_agent(CAROL, allow=[DAVE])
        self._dave = cluster.add_agent(DAVE, allow=[CAROL])
        for agent, peer in ((self._carol, DAVE), (self._dave, CAROL)):
            agent.add_peer(
                peer,
                threshold,
                mode="both",
                hubs_down="unmediated_only",
                **policy,
            )
        port = self._dave.add_inbound("web", [CAROL], web_port)
        curl_port = self._carol.add_outbound("to-dave", DAVE, port)
        self.url = self._job.url_at(curl_port)
        cluster.pair(self._carol, self._dave)

    def start(self):
        start = time.monotonic()
        hubs = self._job.hubs
        for node in [*hubs, self._dave, self._carol]:
            if not node.process.running:
                node.start()
        for agent in (self._carol, self._dave):
            agent.await_hubs(hubs)
            agent.await_ready()
        key = self._carol.establish(DAVE)
        self._check_key(key, "both")
        self._job.fetch(self.url)
        self._job.say(
            "carol and dave started, with a common root made by skexctl pair: "
            f"key {key['id']} of {key['source']}, {key['threshold']} of "
            f"{len(key['hubs'])} hubs and their own lane, {key['label']}, "
            f"curl's page comes, {time.monotonic() - start:.1f} s"
        )

    def _check_key(self, key, source):
        self._job.check(
            (key["source"], key["label"]) == (source, "computational"),
            f"key {key['id']} is {key['source']}, {key['label']}, not {source}",
        )

    def lose_all_hubs(self):
        start = time.monotonic()
        for hub in self._job.hubs:
            hub.kill()
        pages = 0
        refused = 0

        def came():
            nonlocal pages, refused
            if self._job.curl(self.url).returncode == 0:
                pages += 1
            else:
                refused += 1
            return self._handshakes("unmediated")

        handshakes = waiting.until(
            "a connection with an unmediated key",
            came,
            explain=self._carol.tail,
        )
        key = handshakes[-1]["key"]
        self._job.say(
            f"all hubs killed: {pages} pages come with what was left, then "
            f"with key {key} of unmediated alone, computational, "
            f"{refused} attempts refused before, {time.monotonic() - start:.1f} s"
        )

    def _handshakes(self, source):
        return self._carol.process.events("handshake", source=source)

    def regain_hubs(self):
        start = time.monotonic()
        before = self._rerooted()
        for hub in self._job.hubs:
            hub.start()
        waiting.until(
            "a new root of carol's lane",
            lambda: self._rerooted() > before,
            explain=self._carol.tail,
        )
        rerooted = time.monotonic() - start

        def mixed():
            self._job.fetch(self.url)
            return self._handshakes("both")[-1:] == self._carol.process.events(
                "handshake"
            )[-1:]

        waiting.until(
            "a connection with a mixed key", mixed, explain=self._carol.tail
        )
        key = self._carol.establish(DAVE)
        self._check_key(key, "both")
        self._job.say(
            f"hubs started again: carol's lane has a new root after "
            f"{rerooted:.1f} s, key {key['id']} of {key['source']}"
        )

    def _rerooted(self):
        return len(self._carol.process.events("lane_rerooted", role="dial"))

    @property
    def agents(self):
        return [self._carol, self._dave]
