"""The tunnel beside other proxies, in one run: speed, processor time, memory.

usage: ./bazelw run //bench/macro:side_by_side --
           --sidebench PATH [--peers NAME,NAME...] [OPTION OF THE BENCH...]

The load and the other proxies are those of a bench that lies outside of this
tree; PATH is its bench.py. It visits all pairs of proxies in turn, and those of
skexd twice: with the cipher that the others have (`skex`) and with the default
(`skex-default`). What is not an option of this program goes to the bench, which
knows --rounds, --conns, --pings, --mb and --idle.

Prints two tables in Markdown: the medians, and the targets with what became of
them. The bench tells how far it is on standard error.
"""

import argparse
import contextlib
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile

from bench.macro import proxy_pair, targets
from tests.integration import process, programs

_CIPHERS = {targets.SKEX: "aes128gcm", targets.SKEX_DEFAULT: "aes256gcm"}
_PEERS = "stunnel-psk,haproxy-cert,haproxy-mtls,nginx-mtls"
# The bench takes this port for its backend and some above it for the peers:
# below those that clusters take.
_BASE_PORT = 18100

# What has to be there, and the package that brings it: for the bench itself,
# and for the peers by the beginning of their names.
_TOOLS = {"gcc": "gcc", "openssl": "openssl"}
_PROXIES = {
    "stunnel": {"stunnel4": "stunnel4"},
    "haproxy": {"haproxy": "haproxy"},
    "nginx": {
        "nginx": "nginx",
        "/usr/lib/nginx/modules/ngx_stream_module.so": "libnginx-mod-stream",
    },
}


class _Failed(Exception):
    """It cannot be measured; the reason is for the user."""


def _log(text):
    print(text, file=sys.stderr, flush=True)


def _environment():
    # Proxies are in folders that not every user's PATH has.
    path = os.environ.get("PATH", os.defpath)
    return {**os.environ, "PATH": f"{path}:/usr/sbin:/sbin"}


def _is_there(name, path):
    if name.startswith("/"):
        return os.path.exists(name)
    return shutil.which(name, path=path) is not None


def _check_packages(peers):
    """Raises _Failed with the packages that are missing, if any is."""
    needed = dict(_TOOLS)
    for peer in peers:
        needed.update(_PROXIES.get(peer.partition("-")[0], {}))
    path = _environment()["PATH"]
    missing = sorted(
        package for name, package in needed.items() if not _is_there(name, path)
    )
    if missing:
        names = " ".join(missing)
        raise _Failed(f"{names} missing; run: sudo apt-get install {names}")


def _bench(options, for_bench, pairs, folder):
    """Runs the bench to its end; returns its samples by pair and metric."""
    result = os.path.join(folder, "samples.json")
    argv = [sys.executable, options.sidebench, *options.peers, *for_bench]
    for name, pair in pairs.items():
        pids = ",".join(str(pid) for pid in pair.pids)
        argv += ["--external", f"{name}:{pair.port}:{pids}"]
    argv += [f"--base-port={_BASE_PORT}", f"--json={result}"]
    # A session of its own: Ctrl-C is for this program, which then ends it.
    running = subprocess.Popen(
        argv,
        env=_environment(),
        stdin=subprocess.DEVNULL,
        stdout=sys.stderr,
        start_new_session=True,
    )
    try:
        status = running.wait()
    except BaseException:
        # By this one it ends its proxies, too.
        running.send_signal(signal.SIGINT)
        running.wait()
        raise
    if status != 0:
        raise _Failed(f"{options.sidebench} ended with status {status}")
    with open(result, encoding="utf-8") as file:
        measured = json.load(file)["pairs"]
    return {name: pair["samples"] for name, pair in measured.items()}


def _measure(found, options, for_bench):
    with contextlib.ExitStack() as stack:
        pairs = {}
        for name, cipher in _CIPHERS.items():
            _log(f"starting {name}")
            pairs[name] = stack.enter_context(
                proxy_pair.running(found, _BASE_PORT, cipher)
            )
        folder = stack.enter_context(tempfile.TemporaryDirectory())
        samples = _bench(options, for_bench, pairs, folder)
        for name, pair in pairs.items():
            samples[name][targets.START_MIB] = [
                kib / 1024 for kib in pair.start_kib
            ]
    return samples


def _report(samples):
    print(targets.medians(samples))
    print()
    print(targets.verdicts(samples), flush=True)
    for name, figures in samples.items():
        failed = sum(figures.get("errors", []))
        if failed:
            _log(f"side_by_side: {failed:.0f} failures of {name}, see above")


def _arguments(argv):
    parser = argparse.ArgumentParser(
        prog="side_by_side",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        # An abbreviation may be an option of the bench.
        allow_abbrev=False,
    )
    parser.add_argument("--sidebench", required=True, metavar="PATH")
    parser.add_argument(
        "--peers",
        default=_PEERS,
        metavar="NAMES",
        help="pairs of the bench (default: %(default)s)",
    )
    options, for_bench = parser.parse_known_args(argv)
    options.peers = [name for name in options.peers.split(",") if name]
    # What bazel runs is in another folder than its caller.
    options.sidebench = os.path.join(
        os.environ.get("BUILD_WORKING_DIRECTORY", ""), options.sidebench
    )
    if not os.path.isfile(options.sidebench):
        parser.error(
            f"--sidebench: there is no file {options.sidebench}; give the path "
            "of the bench's bench.py"
        )
    return options, for_bench


def main():
    process.exit_on_sigterm()
    # Whoever starts this in the background may have SIGINT ignored for it.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    found = programs.take(sys.argv)
    options, for_bench = _arguments(sys.argv[1:])
    try:
        _check_packages(options.peers)
        _report(_measure(found, options, for_bench))
    except (_Failed, AssertionError) as error:
        print(f"side_by_side: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130
    return 0


if __name__ == "__main__":
    sys.exit(main())
