"""Does what the demo shows, and checks the demo as a program."""

import os
import signal
import subprocess
import sys

from tests.demo import demo, main_job
from tests.integration import cluster_case, waiting


class MainJobTest(cluster_case.ClusterCase):
    def test_all_steps(self):
        with main_job.MainJob(self.programs, print) as job:
            job.run()
            job.start_all()
            job.stop()
            nodes = [job.alice, job.bob, *job.hubs]
            folder = job.cluster.folder
        for node in nodes:
            self.assertFalse(node.process.running, node.name)
        self.assertFalse(job.web.running)
        self.assertFalse(os.path.exists(folder))


class DemoTest(cluster_case.ClusterCase):
    """The demo as it is called; the steps are those of MainJobTest."""

    def setUp(self):
        self.argv = [
            sys.executable,
            os.path.abspath(demo.__file__),
            f"--skexd={self.programs.agent}",
            f"--skex-hub={self.programs.hub}",
            f"--skexctl={self.programs.ctl}",
        ]
        self.environment = {
            **os.environ,
            "PYTHONPATH": os.pathsep.join(sys.path),
        }

    def run_demo(self, *args):
        return subprocess.run(
            [*self.argv, *args],
            env=self.environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            universal_newlines=True,
            check=False,
        )

    def leftovers(self):
        folder = os.environ.get("TEST_TMPDIR", "/tmp")
        return {name for name in os.listdir(folder) if name.startswith("skex-")}

    def test_help(self):
        done = self.run_demo("--help")
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertIn("--keep", done.stdout)

    def test_unknown_argument(self):
        done = self.run_demo("--kep")
        self.assertEqual(done.returncode, 2)
        self.assertIn("--kep", done.stderr)

    def test_says_what_failed(self):
        before = self.leftovers()
        # A hub that ends at once.
        done = self.run_demo("--skex-hub=/bin/false")
        self.assertEqual(done.returncode, 1, done.stdout)
        self.assertRegex(
            done.stdout, "FAILED: hub1@one.example ended with status 1"
        )
        self.assertEqual(self.leftovers() - before, set())

    def test_keep_runs_until_interrupted_and_cleans_up(self):
        before = self.leftovers()
        running = subprocess.Popen(
            [*self.argv, "--keep"],
            env=self.environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            universal_newlines=True,
        )
        self.addCleanup(running.communicate)
        self.addCleanup(running.terminate)
        lines = []
        for line in running.stdout:
            lines.append(line.strip())
            if "Ctrl-C" in line:
                break
        output = "\n".join(lines)
        self.assertIsNone(running.poll(), output)
        folder = self.line(lines, "cd ").split()[1]
        self.assertEqual(
            self.leftovers() - before, {os.path.basename(folder)}, output
        )
        page = self.shell(self.line(lines, "curl http"), folder)
        self.assertEqual(page, main_job.BODY)
        for command in lines:
            if command.startswith(self.programs.ctl):
                self.assertNotEqual(self.shell(command, folder), "")
        running.send_signal(signal.SIGINT)
        rest = running.stdout.read()
        self.assertEqual(running.wait(waiting.DEADLINE), 0, rest)
        self.assertEqual(self.leftovers() - before, set())

    def line(self, lines, start):
        return next(line for line in lines if line.startswith(start))

    def shell(self, command, folder):
        """Runs a printed command as a reader would; returns its output."""
        done = subprocess.run(
            command.split(),
            cwd=folder,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            universal_newlines=True,
            check=False,
        )
        self.assertEqual(done.returncode, 0, (command, done.stderr))
        return done.stdout


if __name__ == "__main__":
    cluster_case.main()
