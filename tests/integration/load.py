"""Constant connections between a pair of agents, one after the other."""

import os
import threading


class Load:
    """Connections in both directions, so that keys are used up all the time."""

    THREADS = 2

    def __init__(self, pair):
        self._pair = pair
        self._stop = threading.Event()
        self._mutex = threading.Lock()
        self._done = 0
        # Answers that were not what was sent; and the same of connections
        # that failed: None, or the beginning of what was sent.
        self.altered = []
        self.failed = []
        self._threads = [
            threading.Thread(target=self._connect, args=(agent,))
            for agent in pair.agents
            for _ in range(self.THREADS)
        ]

    def __enter__(self):
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_):
        self._stop.set()
        for thread in self._threads:
            thread.join()

    @property
    def done(self):
        with self._mutex:
            return self._done

    def pause(self, seconds):
        """Lets the load go on for a while."""
        self._stop.wait(seconds)

    def _connect(self, agent):
        while not self._stop.is_set():
            message = os.urandom(64)
            answer = self._pair.echo(agent, message)
            if answer == message:
                with self._mutex:
                    self._done += 1
            elif answer is not None and not message.startswith(answer):
                self.altered.append((agent.name, message, answer))
            else:
                self.failed.append((agent.name, answer))
                # Refused or cut; not to be asked again at full speed.
                self._stop.wait(0.02)
