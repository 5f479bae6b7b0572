"""One client as a process of its own: an adapter program that takes an operation per line and answers in JSON.

    to the adapter      {"id": 7, "op": "produce", "topic": "t", ...}
    from it             {"id": 7, "ok": {...}}   or   {"id": 7, "error": "what the client said"}
    at any time         {"event": "assigned", "partitions": [0, 1]}   {"event": "records", "records": [[0, 17, "value"]]}

Being a process is the point: a member of a group can be killed with kill -9. What each operation takes and answers
stands in tests/clients/README.md. A client with something to say on standard error is shown when a scenario fails.
"""
import itertools
import json
import queue
import subprocess
import threading
import time
from pathlib import Path

from _cluster import die_with_parent, wait_until

CALL_SECONDS = 60


class ClientError(AssertionError):
    """The client answered an operation with an error."""


class Adapter:
    """A running adapter. Events are kept in the order in which they came; all methods are for one thread."""

    def __init__(self, command, brokers, log, environment=None):
        self.log = Path(log)
        with open(self.log, "ab") as errors:
            self.process = subprocess.Popen([*command, brokers], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                            stderr=errors, text=True, preexec_fn=die_with_parent, env=environment)
        self.ids = itertools.count(1)
        self.incoming = queue.Queue()
        self.answers = {}
        self.records = []  # (partition, offset, value) of the group's consumer
        self.assignments = []  # (when, partitions), each the whole assignment at that time
        self.killed = False
        self.reader = threading.Thread(target=self.read_lines, daemon=True)
        self.reader.start()

    def read_lines(self):
        for line in self.process.stdout:
            self.incoming.put((time.monotonic(), line))
        self.incoming.put((time.monotonic(), None))

    def take(self, seconds):
        """Sorts what the adapter said; waits so long for the first line. Of one that was killed, nothing is left to take."""
        if self.killed:
            return
        try:
            self.sort_lines(seconds)
        except queue.Empty:
            return
        raise ClientError(f"the adapter ended with code {self.process.wait()}: {self.log_end()}")

    def sort_lines(self, seconds):
        """Until the end of what it says; queue.Empty if that has not come yet."""
        when, line = self.incoming.get(timeout=seconds) if seconds else self.incoming.get_nowait()
        while line is not None:
            try:
                self.sort(when, json.loads(line))
            except ValueError:  # a library's own chatter, or a line that a kill cut off
                with open(self.log, "a", encoding="utf-8") as log:
                    log.write(line)
            when, line = self.incoming.get_nowait()
        self.incoming.put((when, None))

    def sort(self, when, message):
        if "id" in message:
            self.answers[message["id"]] = message
        elif message["event"] == "records":
            self.records += [tuple(record) for record in message["records"]]
        elif message["event"] == "assigned":
            self.assignments.append((when, tuple(sorted(message["partitions"]))))
        else:
            raise ClientError(f"unknown event {message}")

    def begin(self, op, **arguments):
        """Sends an operation; end() has its answer."""
        number = next(self.ids)
        try:
            self.process.stdin.write(json.dumps({"id": number, "op": op, **arguments}) + "\n")
            self.process.stdin.flush()
        except BrokenPipeError:
            raise ClientError(f"the adapter has ended: {self.log_end()}") from None
        return number

    def end(self, number, seconds=CALL_SECONDS):
        deadline = time.monotonic() + seconds
        while number not in self.answers:
            assert time.monotonic() < deadline, f"no answer within {seconds} s; {self.log_end()}"
            self.take(0.05)
        answer = self.answers.pop(number)
        if "error" in answer:
            raise ClientError(answer["error"])
        return answer["ok"]

    def call(self, op, seconds=CALL_SECONDS, **arguments):
        return self.end(self.begin(op, **arguments), seconds)

    def wait(self, what, condition, seconds=CALL_SECONDS):
        """Until condition() holds of the events."""
        def holds():
            self.take(0)
            return condition()
        return wait_until(what, holds, seconds)

    def assignment(self):
        self.take(0)
        return self.assignments[-1][1] if self.assignments else ()

    def kill(self):
        """kill -9: the brokers are not told. What it had said before counts: it may have committed that."""
        if self.killed:
            return
        self.process.kill()
        self.process.wait()
        self.reader.join()  # the pipe may still have held the last of it
        self.sort_lines(0)
        self.killed = True

    def discard(self):
        self.kill()
        for pipe in (self.process.stdin, self.process.stdout):
            try:
                pipe.close()
            except OSError:
                pass

    def log_end(self):
        text = self.log.read_text(errors="replace") if self.log.exists() else ""
        return " | ".join(text.splitlines()[-5:])[-1000:]
