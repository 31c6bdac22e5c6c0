"""A hub or an agent: its configuration, its process, its admin API."""

import json
import os
import re
import subprocess
import urllib.request

from tests.integration import config_text, network, process, waiting


class CommandFailed(AssertionError):
    """skexctl ended with another status than it should have."""


def _run(argv, folder):
    """Runs a program to its end, without input; returns its process."""
    return subprocess.run(
        argv,
        cwd=folder,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        universal_newlines=True,
        check=False,
    )


def run_ctl(programs, folder, verb, *args):
    """Runs a verb of skexctl that works on files; it has to succeed."""
    done = _run([programs.ctl, verb, *args], folder)
    if done.returncode != 0:
        raise CommandFailed(f"skexctl {verb}: {done.stderr.strip()}")


class Node:
    """What hubs and agents have in common.

    `config` is the configuration file as a dictionary, written at each start;
    tests change it. A node is started with the cluster's folder as its current
    one, and all paths are relative to it: the paths of Unix sockets are short.
    """

    def __init__(self, programs, folder, name, program, ctl_flags):
        self.name = name
        self.short_name = name.partition("@")[0]
        self.folder = folder
        self.file = f"{self.short_name}.toml"
        self.state = f"{self.short_name}-state"
        self.pad_log = f"{self.short_name}-pad-use.log"
        self.config = {}
        self.process = process.Process(
            [program, "--config", self.file], folder, f"{self.short_name}.log"
        )
        self._ctl = [programs.ctl, *ctl_flags, "--config", self.file]

    def path(self, relative):
        return os.path.join(self.folder, relative)

    def write_config(self):
        with open(self.path(self.file), "w", encoding="ascii") as out:
            out.write(config_text.render(self.config))

    def start(self):
        """Starts the process and waits until its admin API answers."""
        self.write_config()
        self.process.start()
        waiting.until(f"start of {self.name}", self._answers, explain=self.tail)

    def _answers(self):
        if not self.process.running:
            raise CommandFailed(
                f"{self.name} ended with status {self.process.status}: "
                + self.process.text().strip()
            )
        return self.ctl("status").returncode == 0

    def kill(self):
        self.process.kill()

    def stop(self):
        """Ends the process in order; checks that it says so."""
        status = self.process.stop()
        if status != 0:
            raise CommandFailed(
                f"{self.name} ended with status {status}:\n{self.tail()}"
            )

    def ctl(self, *args, timeout=None):
        """Runs skexctl for this node; returns its completed process."""
        patience = ["--timeout", f"{timeout}s"] if timeout else []
        return _run(self.ctl_argv(*patience, *args), self.folder)

    def ctl_argv(self, *args):
        """The command line of skexctl for this node, to be run in its folder."""
        return [*self._ctl, *args]

    def ask(self, *args, timeout=waiting.DEADLINE):
        """Runs skexctl with --json and returns the answer."""
        done = self.ctl("--json", *args, timeout=int(timeout))
        if done.returncode != 0:
            raise CommandFailed(
                f"skexctl {' '.join(args)} for {self.name}: status "
                f"{done.returncode}: {done.stderr.strip()}"
            )
        return json.loads(done.stdout)

    def status(self):
        return self.ask("status")

    def tail(self):
        return f"the log of {self.name} ends with:\n{self.process.tail()}"


class Hub(Node):
    """A security hub, `name` being like hub1@one.example."""

    def __init__(self, programs, folder, name):
        super().__init__(programs, folder, name, programs.hub, ["--hub"])
        self._programs = programs
        self.port = network.reserve_port()
        self.config.update(
            {
                "name": self.name,
                "listen": network.address(self.port),
                "state_dir": self.state,
                "log": {"format": "json"},
            }
        )

    def enrolment(self, agent_name):
        """The file that says who may open connections to an agent."""
        return self.path(f"{self.state}/agents/{agent_name}/enrolment.toml")

    def pad(self, agent_name):
        """The hub's half of an agent's pad."""
        return self.path(f"{self.state}/agents/{agent_name}/pad")

    def enrol(self, agent, allow, size):
        """Enrols an agent: makes the pad, and the agent's half of it."""
        self.write_config()
        args = ["--size", size, "--out", agent.pad(self), "--quiet"]
        for name in allow:
            args += ["--allow", name]
        self._offline("enrol", agent, *args)

    def replenish(self, agent, size, out):
        """Makes one more pad for an enrolled agent, and its half in `out`."""
        self._offline(
            "enrol", agent, "--replenish", "--size", size, "--out", out, "--quiet"
        )

    def revoke(self, agent, *args):
        self._offline("revoke", agent, "--yes", *args)

    def _offline(self, verb, agent, *args):
        run_ctl(
            self._programs,
            self.folder,
            verb,
            "--hub-config",
            self.file,
            "--agent",
            agent.name,
            *args,
        )

    def connected(self, agent_name):
        """Whether the hub says that an agent is connected to it."""
        return any(
            agent["name"] == agent_name and agent["connected"]
            for agent in self.ask("agents")["agents"]
        )


class Agent(Node):
    """An agent, `name` being like alice@north.example."""

    def __init__(self, programs, folder, name):
        super().__init__(programs, folder, name, programs.agent, [])
        self.config.update(
            {
                "name": name,
                "state_dir": self.state,
                "log": {"format": "json"},
                "limits": {"drain_timeout": "1s"},
                "hub": [],
                "peer": [],
                "outbound": [],
                "inbound": [],
            }
        )

    def pad(self, hub):
        """The agent's half of its pad with a hub."""
        return f"{self.short_name}-{hub.short_name}.pad"

    def add_hub(self, hub):
        """Takes an enrolled hub into the configuration."""
        self.config["hub"].append(
            {
                "name": hub.name,
                "address": network.address(hub.port),
                "pad": self.pad(hub),
            }
        )

    def pads(self, hub):
        """The names of its pads with a hub, oldest first."""
        named = self._table_of(hub)["pad"]
        return named if isinstance(named, list) else [named]

    def set_pads(self, hub, names):
        self._table_of(hub)["pad"] = names

    def _table_of(self, hub):
        for table in self.config["hub"]:
            if table["name"] == hub.name:
                return table
        raise CommandFailed(f"{self.name} has no hub {hub.name}")

    def add_peer(self, name, threshold=None, **policy):
        """A peer; without a threshold one that needs no hubs."""
        hubs = {} if threshold is None else {"threshold": threshold}
        self.config["peer"].append({"name": name, **hubs, **policy})

    def add_outbound(self, tunnel, peer, port):
        """A tunnel to `port`; returns the port where it takes connections."""
        listen = network.reserve_port()
        self.config["outbound"].append(
            {
                "name": tunnel,
                "listen": network.address(listen),
                "peer": peer,
                "connect": network.address(port),
            }
        )
        return listen

    def add_inbound(self, tunnel, allow, port):
        """A tunnel to the application at `port`; returns where it listens."""
        listen = network.reserve_port()
        self.config["inbound"].append(
            {
                "name": tunnel,
                "listen": network.address(listen),
                "allow": allow,
                "forward": network.address(port),
            }
        )
        return listen

    def port_of(self, tunnel):
        """Where a tunnel takes connections."""
        for table in [*self.config["outbound"], *self.config["inbound"]]:
            if table["name"] == tunnel:
                return int(table["listen"].rpartition(":")[2])
        raise CommandFailed(f"{self.name} has no tunnel {tunnel}")

    def peer(self, name):
        """The line of `skexctl peers` about one peer."""
        for peer in self.ask("peers")["peers"]:
            if peer["name"] == name:
                return peer
        raise CommandFailed(f"{self.name} does not list its peer {name}")

    def keys(self, role, *states):
        """The agent's keys of a role by id, of any state or of these."""
        return {
            key["id"]: key
            for key in self.ask("keys")["keys"]
            if key["role"] == role and (not states or key["state"] in states)
        }

    def establish(self, peer):
        """Establishes a key now and returns what is known of it."""
        return self.ask("establish", peer)["key"]

    def await_ready(self, timeout=waiting.DEADLINE):
        waiting.until(
            f"keys of {self.name} for every peer",
            lambda: self.status()["ready"],
            timeout,
            explain=self.tail,
        )

    def await_hubs(self, hubs):
        """Waits until exactly these hubs are connected."""
        names = {hub.name for hub in hubs}
        waiting.until(
            f"connections of {self.name} to {sorted(names)}",
            lambda: names
            == {
                hub["name"]
                for hub in self.status()["hubs"]
                if hub["connected"]
            },
            explain=self.tail,
        )

    def metrics_url(self):
        """Where the metrics are, with the port that the system chose."""
        listening = self.process.events("listening", what="metrics")
        return f"http://{listening[-1]['address']}/metrics"

    def metric(self, name, **labels):
        """The sum of all samples of a metric that have these labels."""
        with urllib.request.urlopen(self.metrics_url()) as answer:
            text = answer.read().decode("ascii")
        samples = re.findall(
            rf"^{name}(?:{{(.*)}})? (\S+)$", text, flags=re.MULTILINE
        )
        if not samples:
            raise CommandFailed(f"{self.name} has no metric {name}")
        wanted = {f'{label}="{value}"' for label, value in labels.items()}
        return sum(
            float(value)
            for found, value in samples
            if wanted <= set(found.split(","))
        )
