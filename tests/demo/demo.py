"""Shows the main job on loopback: real processes, real traffic.

usage: ./bazelw run //:demo [-- --keep]

Makes the pads, starts five hubs and two agents, fetches a page with curl
through their tunnel, kills hubs and an agent and sees what follows. Two more
agents go on without any hub. Checks what it shows. Ends with status 0, or with 1 and the reason.

  --keep  leaves everything running until Ctrl-C, and prints how to play with it
  --help  prints this
"""

import shutil
import signal
import sys
import time

from tests.demo import main_job
from tests.integration import programs, process


class _Narrator:
    """Prints lines with the time since the start."""

    def __init__(self):
        self._start = time.monotonic()

    def __call__(self, line):
        seconds = time.monotonic() - self._start
        print(f"{seconds:6.2f} s  {line}", flush=True)


def _explain(job, found):
    """How to play with what is running."""
    folder = job.cluster.folder
    ctl = f"{found.ctl} --config"
    hub = job.hubs[0]
    print(
        f"""
Everything runs. In its folder
  cd {folder}

a page through the tunnel
  curl {job.url}

alice's view and bob's: status, peers, keys
  {ctl} alice.toml status
  {ctl} bob.toml keys
a new key now; another key for the next connections
  {ctl} alice.toml establish {job.bob.name}
  {ctl} alice.toml rotate {job.bob.name}
a hub's view
  {ctl} {hub.file} --hub agents
the same for carol and dave, who can do without hubs
  curl {job.without_hubs.url}
  {ctl} carol.toml peers
metrics
  curl {job.alice.metrics_url()}
logs
  tail -f alice.log bob.log hub1.log
a hub's crash
  kill -9 {hub.process.pid}

Ctrl-C ends it and removes the folder.""",
        flush=True,
    )


def _wait_for_interrupt():
    try:
        while True:
            signal.pause()
    except KeyboardInterrupt:
        print(flush=True)


def main(argv):
    found = programs.take(argv)
    if "--help" in argv[1:]:
        print(__doc__.strip())
        return 0
    unknown = [argument for argument in argv[1:] if argument != "--keep"]
    if unknown:
        print(f"demo: unknown argument {unknown[0]}; try --help", file=sys.stderr)
        return 2
    if shutil.which("curl") is None:
        print(
            "demo: curl is missing; run: sudo apt-get install curl",
            file=sys.stderr,
        )
        return 2
    process.exit_on_sigterm()
    # Whoever starts this in the background may have SIGINT ignored for it.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    say = _Narrator()
    try:
        with main_job.MainJob(found, say) as job:
            job.run()
            if "--keep" in argv:
                job.start_all()
                _explain(job, found)
                _wait_for_interrupt()
            job.stop()
    except AssertionError as error:
        say(f"FAILED: {error}")
        return 1
    except KeyboardInterrupt:
        return 130
    say("all of it was checked; nothing is left behind")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv))
