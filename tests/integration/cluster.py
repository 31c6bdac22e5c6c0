"""A cluster of hubs and agents, as real processes in a folder of its own."""

import os
import shutil
import sys
import tempfile

from tests.integration import node

_DOMAINS = ["one", "two", "three", "four", "five", "six", "seven"]

ALICE = "alice@north.example"
BOB = "bob@south.example"


class Cluster:
    """Makes hubs and agents, and removes every trace of them in the end.

    To be used in a `with`: whatever ends it, the processes are killed and the
    folder is removed; if it is an error, the ends of the logs are printed.
    """

    def __init__(self, programs, pad_log=False, pad_size="4MiB"):
        self.programs = programs
        self.hubs = []
        self.agents = []
        self._pad_log = pad_log
        self._pad_size = pad_size
        self._closers = []
        self.folder = tempfile.mkdtemp(
            prefix="skex-", dir=os.environ.get("TEST_TMPDIR")
        )

    def __enter__(self):
        return self

    def __exit__(self, kind, error, _trace):
        nodes = self.hubs + self.agents
        if kind is not None and issubclass(kind, Exception):
            for one in nodes:
                if os.path.exists(one.process.log):
                    print(one.tail(), "\n", file=sys.stderr)
        for one in nodes:
            one.kill()
        for close in self._closers:
            close()
        shutil.rmtree(self.folder)

    def path(self, name):
        return os.path.join(self.folder, name)

    def on_exit(self, close):
        """Calls `close` in the end, however it comes."""
        self._closers.append(close)

    def add_hub(self):
        """A hub of an operator of its own; started by the caller."""
        number = len(self.hubs) + 1
        name = f"hub{number}@{_DOMAINS[number - 1]}.example"
        hub = node.Hub(self.programs, self.folder, name)
        self._take_in(hub)
        self.hubs.append(hub)
        return hub

    def add_agent(self, name, allow):
        """An agent, enrolled at all hubs; started by the caller.

        The agents in `allow` may open connections to it.
        """
        agent = node.Agent(self.programs, self.folder, name)
        self._take_in(agent)
        for hub in self.hubs:
            self.enrol(agent, hub, allow)
        self.agents.append(agent)
        return agent

    def enrol(self, agent, hub, allow):
        hub.enrol(agent, allow, self._pad_size)
        agent.add_hub(hub)

    def pair(self, one, other):
        """Gives two agents a common root; neither runs."""
        files = {agent: f"{agent.short_name}.cred" for agent in (one, other)}
        self._pair(
            "make",
            f"--agents={one.name},{other.name}",
            f"--out-a={files[one]}",
            f"--out-b={files[other]}",
        )
        for agent, credential in files.items():
            agent.write_config()
            self._pair(
                "import",
                f"--config={agent.file}",
                f"--credential={credential}",
            )

    def _pair(self, *args):
        node.run_ctl(self.programs, self.folder, "pair", *args)

    def start_hubs(self):
        for hub in self.hubs:
            hub.start()

    def _take_in(self, one):
        if self._pad_log:
            one.config["audit"] = {"pad_log": one.pad_log}
