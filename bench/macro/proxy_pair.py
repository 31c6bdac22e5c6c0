"""Two agents to put load on: three hubs, alice and bob, all on loopback.

usage: ./bazelw run //bench/macro:proxy_pair -- [--backend PORT] [--cipher NAME]

What connects to alice's port comes out of bob and goes to the backend's port.
Prints `ready CLIENT_PORT ALICE_PID,BOB_PID` once a connection has got through,
and runs until standard input ends, Ctrl-C or SIGTERM. The backend may come
later: until then an echo of its own takes its place.
"""

import argparse
import collections
import contextlib
import errno
import signal
import socket
import sys

from tests.integration import cluster, network, process, programs, waiting

_HUBS = 3
_THRESHOLD = 2
# The default gives a PSK of its own to each connection, a million from one key;
# a key that is used up gives way to the next. At any pace of this machine that
# is an exchange every few minutes, and no other disturbs the figures.
_POLICY = {
    "freshness": "derived",
    "rekey_interval": "24h",
    "key_lifetime": "48h",
    "connections_per_key": 1048576,
}
# What one attempt may take; a connection that fails is reset long before.
_PATIENCE = 5.0

# `pids` and `start_kib` are of alice, then bob. The memory is the proportional
# set size before any connection: bob's while he shares the program with no
# other process of this cluster, alice's with keys in her pool.
ProxyPair = collections.namedtuple("ProxyPair", ["port", "pids", "start_kib"])


@contextlib.contextmanager
def running(found, backend, cipher):
    """Runs a ProxyPair; it is gone when the `with` ends.

    `found` are the programs, `backend` is the port to forward to, `cipher` as
    in the agents' configuration.
    """
    with cluster.Cluster(found) as made:
        for _ in range(_HUBS):
            made.add_hub().config["log"]["level"] = "warning"
        alice = made.add_agent(cluster.ALICE, allow=[cluster.BOB])
        bob = made.add_agent(cluster.BOB, allow=[cluster.ALICE])
        for agent, peer in ((alice, cluster.BOB), (bob, cluster.ALICE)):
            # No line for each connection: the peers write none either.
            agent.config["log"]["level"] = "warning"
            agent.config["tls"] = {"cipher": cipher}
            agent.add_peer(peer, _THRESHOLD, **_POLICY)
        to_bob = bob.add_inbound("load", [cluster.ALICE], backend)
        port = alice.add_outbound("load", cluster.BOB, to_bob)
        made.start_hubs()
        bob.start()
        bob.await_hubs(made.hubs)
        bobs_kib = bob.process.memory_kib("Pss")
        alice.start()
        alice.await_hubs(made.hubs)
        alice.await_ready()
        start_kib = [alice.process.memory_kib("Pss"), bobs_kib]
        with _somebody_at(backend):
            waiting.until(
                f"a connection through port {port} to port {backend}",
                lambda: _gets_through(port),
                explain=lambda: f"{alice.tail()}\n{bob.tail()}",
            )
        yield ProxyPair(port, [alice.process.pid, bob.process.pid], start_kib)


@contextlib.contextmanager
def _somebody_at(port):
    """Listens at `port`, unless another program does."""
    try:
        echo = network.EchoServer(port)
    except OSError as error:
        if error.errno != errno.EADDRINUSE:
            raise
        yield
        return
    try:
        yield
    finally:
        echo.close()


def _gets_through(port):
    """Whether a connection reaches a backend, of whatever kind.

    That one answers or closes in order; an agent that cannot connect resets.
    """
    try:
        with socket.create_connection(
            (network.LOOPBACK, port), _PATIENCE
        ) as connection:
            connection.shutdown(socket.SHUT_WR)
            connection.recv(1)
            return True
    except OSError:
        return False


def _arguments(argv):
    parser = argparse.ArgumentParser(
        prog="proxy_pair",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument(
        "--backend",
        type=int,
        default=20100,
        metavar="PORT",
        help="where bob forwards to, on loopback (default: %(default)s)",
    )
    parser.add_argument(
        "--cipher",
        choices=["aes128gcm", "aes256gcm"],
        default="aes128gcm",
        help="as the agents' configuration has it (default: %(default)s)",
    )
    options = parser.parse_args(argv)
    if not 1 <= options.backend <= 65535:
        parser.error(f"--backend: {options.backend} is no port; 1 to 65535 are")
    return options


def main():
    process.exit_on_sigterm()
    # Whoever starts this in the background may have SIGINT ignored for it.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    found = programs.take(sys.argv)
    options = _arguments(sys.argv[1:])
    try:
        with running(found, options.backend, options.cipher) as pair:
            pids = ",".join(str(pid) for pid in pair.pids)
            print(f"ready {pair.port} {pids}", flush=True)
            sys.stdin.buffer.read()
    except AssertionError as error:
        print(f"proxy_pair: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130
    return 0


if __name__ == "__main__":
    sys.exit(main())
