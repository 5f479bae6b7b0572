"""What the peers share: processes of a server that live and end with the benchmark, in a folder that it gives."""
import socket
import subprocess
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "tests" / "process"))
from _cluster import die_with_parent, free_ports, wait_until  # noqa: E402  (found by the line above)

READY_SECONDS = 90
NODES = 3


class Peer:
    """The servers of one queue: `with Nats(folder) as peer` starts them, waits until they serve, and ends them.

    A class of this says: `driver`, its name for kontiki_bench --driver; start() and wait_ready().
    """

    driver = None

    def __init__(self, folder):
        self.folder = Path(folder)
        self.servers = ""  # for kontiki_bench --servers
        self.processes = []

    def __enter__(self):
        self.folder.mkdir(parents=True)
        try:
            self.start()
            self.wait_ready()
        except BaseException:
            self.stop()
            raise
        return self

    def __exit__(self, *_):
        self.stop()

    def start(self):
        raise NotImplementedError

    def wait_ready(self):
        raise NotImplementedError

    @property
    def pids(self):
        return [process.pid for process in self.processes]

    def run(self, name, command, **options):
        """Starts one process; its output goes to NAME.log in the folder."""
        with open(self.folder / f"{name}.log", "wb") as log:
            process = subprocess.Popen([str(word) for word in command], stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                                       cwd=self.folder, preexec_fn=die_with_parent, **options)
        process.name = name
        self.processes.append(process)
        return process

    def wait_until(self, what, condition):
        """As wait_until of the tests, but ends at once when a server has ended."""
        def holds():
            for process in self.processes:
                assert process.poll() is None, f"{process.name} ended with code {process.returncode}:\n{self.log_end(process)}"
            return condition()
        return wait_until(what, holds, READY_SECONDS)

    def log_end(self, process):
        return (self.folder / f"{process.name}.log").read_text(errors="replace")[-2000:]

    def stop(self):
        """kill -9: nobody wants the data any more, and a clean end takes some of them half a minute."""
        for process in self.processes:
            process.kill()
        for process in self.processes:
            process.wait()
        self.processes = []


def is_open(port):
    with socket.socket() as one:
        one.settimeout(1)
        return one.connect_ex(("127.0.0.1", port)) == 0
