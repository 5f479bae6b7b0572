"""Brokers as real processes, for the process tests: free ports, temporary folders, signals, readiness, logs on failure.

Python's standard library only. The binary is $KONTIKI; kontiki_verifier is expected beside it.
"""
import ctypes
import http.client
import json
import os
import shutil
import signal
import socket
import subprocess
import tempfile
import time
import unittest
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

KONTIKI = os.environ.get("KONTIKI", "build/release/kontiki")
VERIFIER = str(Path(KONTIKI).parent / "kontiki_verifier")
READY_SECONDS = 20
POLL_SECONDS = 0.01
LOG_LINES_SHOWN = 40
PR_SET_PDEATHSIG = 1


def die_with_parent():
    """In the child: a test that is killed takes its brokers with it."""
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)


def free_ports(count):
    """Ports that nobody uses now; below the range from which the system takes the ports of outgoing connections."""
    sockets = []
    try:
        first = 10000 + (os.getpid() * 37 + time.monotonic_ns() // 1000) % 20000
        for port in range(first, 32000):
            if len(sockets) == count:
                break
            one = socket.socket()
            try:
                one.bind(("127.0.0.1", port))
                sockets.append(one)
            except OSError:
                one.close()
        return [one.getsockname()[1] for one in sockets]
    finally:
        for one in sockets:
            one.close()


def wait_until(what, condition, seconds=READY_SECONDS):
    """The first true value of condition(); an AssertionError that says `what` if there is none in time."""
    deadline = time.monotonic() + seconds
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() > deadline:
            raise AssertionError(f"waited {seconds} s in vain: {what}")
        time.sleep(POLL_SECONDS)


class Broker:
    """One `kontiki server`; its data stays when it is killed."""

    def __init__(self, folder, node_id, ports, options=(), host="127.0.0.1", run_in=()):
        """run_in: the words before the command that start it somewhere else, such as in a namespace."""
        self.node_id = node_id
        self.data = Path(folder) / f"data-{node_id}"
        self.log = Path(folder) / f"broker-{node_id}.log"
        self.kafka, self.peer, self.http = (f"{host}:{port}" for port in ports)
        self.seeds = self.peer
        self.options = list(options)
        self.run_in = list(run_in)
        self.process = None

    def command(self):
        return [*self.run_in, KONTIKI, "server", "--node-id", str(self.node_id), "--data", str(self.data), "--kafka", self.kafka,
                "--peer", self.peer, "--http", self.http, "--seeds", self.seeds, *self.options]

    def start(self):
        assert self.process is None, "is running"
        with open(self.log, "ab") as log:
            self.process = subprocess.Popen(self.command(), stdout=log, stderr=log, preexec_fn=die_with_parent)

    def wait_ready(self, seconds=READY_SECONDS):
        wait_until(f"broker {self.node_id} is ready", self.is_ready, seconds)

    def is_ready(self):
        code = self.process.poll()
        assert code is None, f"broker {self.node_id} ended with code {code}: {self.log_text()[-500:]}"
        return self.get("/ready")[0] == 200

    def get(self, path):
        """(status, body) of a page; (0, "") if nobody answers."""
        connection = http.client.HTTPConnection(self.http, timeout=5)
        try:
            connection.request("GET", path)
            answer = connection.getresponse()
            return answer.status, answer.read().decode()
        except (OSError, http.client.HTTPException):
            return 0, ""
        finally:
            connection.close()

    def kill(self):
        """kill -9."""
        if self.process is not None:
            self.process.send_signal(signal.SIGKILL)
            self.process.wait()
            self.process = None

    def stop(self, with_signal=signal.SIGINT, seconds=10):
        """Ctrl-C; returns the exit code."""
        self.process.send_signal(with_signal)
        code = self.process.wait(timeout=seconds)
        self.process = None
        return code

    def pause(self):
        self.process.send_signal(signal.SIGSTOP)

    def resume(self):
        self.process.send_signal(signal.SIGCONT)

    def log_text(self):
        return self.log.read_text(errors="replace") if self.log.exists() else ""

    def resident_bytes(self):
        for line in Path(f"/proc/{self.process.pid}/status").read_text().splitlines():
            if line.startswith("VmRSS:"):
                return int(line.split()[1]) * 1024
        raise AssertionError("no VmRSS line")

    def cpu_seconds(self):
        fields = Path(f"/proc/{self.process.pid}/stat").read_text().rsplit(")", 1)[1].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


class Brokers:
    """A temporary folder, brokers in it, and Kontiki's own client and kcat for them; end it with remove()."""

    def __init__(self):
        self.folder = tempfile.mkdtemp(prefix="kontiki-test-")
        self.brokers = []

    def remove(self, show_logs=False):
        for broker in self.brokers:
            broker.kill()
            if show_logs:
                print(f"\n--- broker {broker.node_id}: the end of its log")
                print("\n".join(broker.log_text().splitlines()[-LOG_LINES_SHOWN:]), flush=True)
        if show_logs and os.environ.get("KEEP"):
            print(f"kept: {self.folder}")
        else:
            shutil.rmtree(self.folder, ignore_errors=True)

    def make_brokers(self, *node_ids, options=()):
        """Brokers that are each other's seeds; not started."""
        ports = free_ports(3 * len(node_ids))
        made = [Broker(self.folder, node_id, ports[3 * i:3 * i + 3], options) for i, node_id in enumerate(node_ids)]
        for broker in made:
            broker.seeds = ",".join(other.peer for other in made)
        self.brokers += made
        return made

    def one_broker(self, *options):
        broker, = self.make_brokers(1, options=options)
        broker.start()
        broker.wait_ready()
        return broker

    def cluster(self, *node_ids, options=()):
        brokers = self.make_brokers(*node_ids, options=options)
        for broker in brokers:
            broker.start()
        for broker in brokers:
            broker.wait_ready()
        self.wait_for_brokers(brokers, len(brokers))
        return brokers

    def wait_for_brokers(self, brokers, count):
        """Until the cluster has registered so many brokers."""
        def holds():
            code, answer, _ = self.try_kontiki("cluster", "--json", "-b", self.addresses(brokers))
            return code == 0 and sum(one["is_up"] for one in json.loads(answer)["brokers"]) == count
        wait_until(f"{count} brokers are registered", holds)

    @staticmethod
    def addresses(brokers):
        return ",".join(broker.kafka for broker in brokers)

    # ---- clients

    @staticmethod
    def try_kontiki(*words, stdin="", seconds=60):
        """(exit code, standard output, standard error) of `kontiki words...`."""
        done = subprocess.run([KONTIKI, *words], input=stdin.encode() if isinstance(stdin, str) else stdin,
                              capture_output=True, timeout=seconds, preexec_fn=die_with_parent, check=False)
        return done.returncode, done.stdout.decode(errors="replace"), done.stderr.decode(errors="replace")

    def kontiki(self, *words, stdin=""):
        code, out, err = self.try_kontiki(*words, stdin=stdin)
        assert code == 0, f"kontiki {' '.join(words)}: exit code {code}: {err}"
        return out

    def kcat(self, broker, *words, stdin=b"", seconds=60):
        """Standard output of `kcat -b broker words...`, as bytes."""
        if "-C" in words:
            words += ("-X", "fetch.wait.max.ms=20")  # the end of a partition is told after so long
        done = subprocess.run(["kcat", "-q", "-b", getattr(broker, "kafka", broker), *words], input=stdin,
                              capture_output=True, timeout=seconds, preexec_fn=die_with_parent, check=False)
        assert done.returncode == 0, f"kcat {' '.join(words)}: {done.stderr.decode(errors='replace')}"
        return done.stdout

    def create_topic(self, brokers, name, partitions=1, replication_factor=1, **configs):
        pairs = [word for key, value in configs.items() for word in ("-c", f"{key.replace('_', '.')}={value}")]
        self.kontiki("topic", "create", name, "-p", str(partitions), "-r", str(replication_factor), *pairs, "-b",
                     self.addresses(brokers))

    def describe(self, brokers, name):
        """The partitions of a topic, by id, as `kontiki topic describe --json` has them."""
        return json.loads(self.kontiki("topic", "describe", name, "--json", "-b", self.addresses(brokers)))[0]["partitions"]

    def wait_in_step(self, brokers, name, replicas, seconds=READY_SECONDS):
        """Until every partition of the topic has a leader and so many replicas in step."""
        def holds():
            code, answer, _ = self.try_kontiki("topic", "describe", name, "--json", "-b", self.addresses(brokers))
            return code == 0 and all(one["leader"] >= 0 and len(one["in_step"]) >= replicas
                                     for one in json.loads(answer)[0]["partitions"])
        wait_until(f"{replicas} replicas of each partition of {name} are in step", holds, seconds)


class ProcessTest(Brokers, unittest.TestCase):
    """A test with brokers of its own, whose logs are shown when it fails."""

    def __init__(self, *args, **kwargs):
        unittest.TestCase.__init__(self, *args, **kwargs)

    def setUp(self):
        Brokers.__init__(self)
        self.addCleanup(lambda: self.remove(show_logs=self.has_failed()))

    def has_failed(self):
        """Whether this test has; a subtest counts for its test."""
        outcome = self._outcome
        if hasattr(outcome, "errors"):  # before Python 3.11
            return any(error for _, error in outcome.errors)
        failed = outcome.result.failures + outcome.result.errors
        return any(getattr(test, "test_case", test) is self for test, _ in failed)

    def mount(self, folder, *words):
        """A file system on a folder; the test is skipped where that is not allowed."""
        folder.mkdir()
        done = subprocess.run(["mount", *words, str(folder)], capture_output=True, text=True, check=False)
        if done.returncode != 0:
            self.skipTest(f"cannot mount here: {done.stderr.strip()}")
        self.addCleanup(subprocess.run, ["umount", "-l", str(folder)], check=False)

    @contextmanager
    def background(self, action):
        """Runs action() in a thread beside the block; its exception is the test's."""
        with ThreadPoolExecutor(1) as pool:
            running = pool.submit(action)
            yield
            running.result()

    # ---- the verifying client

    def start_producing(self, brokers, topic, *words):
        """A verifier that produces in the background; end it with finish_producing()."""
        log = str(Path(self.folder) / f"acknowledged-{topic}.log")
        process = subprocess.Popen([VERIFIER, "produce", "--brokers", self.addresses(brokers), "--topic", topic,
                                    "--log", log, *words], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
                                   preexec_fn=die_with_parent)
        self.addCleanup(self.end_process, process)
        return process

    @staticmethod
    def end_process(process):
        if process.poll() is None:
            process.kill()
        process.wait()
        process.stdout.close()
        process.stderr.close()

    def finish_producing(self, process, stop=True, seconds=100):
        """The counts of a verifier; told to stop first unless it ends by itself."""
        if stop:
            process.send_signal(signal.SIGTERM)
        out, err = process.communicate(timeout=seconds)
        self.assertEqual(process.returncode, 0, err)
        return json.loads(out)

    def check_acknowledged(self, brokers, topic, counts, *words):
        """Everything that was acknowledged is there, at its offset, in order, unaltered (and exactly once)."""
        log = str(Path(self.folder) / f"acknowledged-{topic}.log")
        done = subprocess.run([VERIFIER, "check", "--brokers", self.addresses(brokers), "--topic", topic, "--log", log,
                               "--sent", str(counts["sent"]), *words], capture_output=True, text=True, timeout=120,
                              preexec_fn=die_with_parent, check=False)
        self.assertEqual(done.returncode, 0, f"{done.stdout}\n{done.stderr}\nproduced: {counts}")
        return json.loads(done.stdout)
