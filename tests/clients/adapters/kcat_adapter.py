"""kcat (Debian's), a command-line client on librdkafka: each operation is a command, a member of a group a running kcat.

Its consumer commits by itself, and when it ends with SIGTERM.
"""
import ctypes
import json
import queue
import re
import signal
import subprocess
import sys
import threading
import time

from _base import AdapterBase, decode, emit, encode

SECONDS = 30
SEPARATOR = b"\x1e"
RECORD = b"\x1d"


def die_with_parent():
    ctypes.CDLL(None).prctl(1, signal.SIGKILL)


class Kcat(AdapterBase):
    def __init__(self, brokers):
        super().__init__(brokers)
        self.member = None
        self.output = queue.Queue()
        self.assigned = set()
        self.cooperative = False

    def kcat(self, *words, stdin=b""):
        done = subprocess.run(["kcat", "-q", "-b", self.brokers, *words], input=stdin, capture_output=True, timeout=SECONDS,
                              preexec_fn=die_with_parent, check=False)
        if done.returncode:
            raise RuntimeError(done.stderr.decode(errors="replace").strip())
        return done.stdout

    def op_hello(self):
        text = subprocess.run(["kcat", "-V"], capture_output=True, text=True, check=True).stdout
        return {"version": "{}, librdkafka {}".format(*re.search(r"Version (\S+) .*librdkafka (\S+)", text).groups())}

    # ---- producing

    def op_produce(self, topic, records, codec="none", idempotent=False):
        """One kcat for each run of records that have the same headers and the same kind of key."""
        groups = []
        for one in records:
            kind = (one.get("headers", []), one.get("key") is None, one["value"] is None, one.get("partition", -1))
            if not groups or groups[-1][0] != kind:
                groups.append((kind, []))
            groups[-1][1].append(one)
        for (headers, no_key, no_value, partition), some in groups:
            words = ["-P", "-t", topic, "-p", str(partition), "-z", codec, "-D", RECORD.decode(), "-X", "linger.ms=1",
                     "-X", f"enable.idempotence={str(idempotent).lower()}", "-X", "message.max.bytes=2000000"]
            for name, value in headers:
                words += ["-H", f"{name}={decode(value).decode(errors='surrogateescape')}"]
            if no_value:
                words.append("-Z")
            if not no_key:
                words += ["-K", SEPARATOR.decode()]
            text = RECORD.join((b"" if no_key else decode(one["key"]) + SEPARATOR) + (decode(one["value"]) or b"")
                               for one in some)
            self.kcat(*words, stdin=text)
        return {"places": None}

    def op_stream(self, topic, count, per_second, idempotent=True):
        words = ["-P", "-t", topic, "-K:", "-X", "acks=all", "-X", "linger.ms=5", "-X",
                 f"enable.idempotence={str(idempotent).lower()}"]
        with subprocess.Popen(["kcat", "-q", "-b", self.brokers, *words], stdin=subprocess.PIPE, stderr=subprocess.PIPE,
                              preexec_fn=die_with_parent) as process:
            begin = time.monotonic()
            for number in range(count):
                while time.monotonic() - begin < number / per_second:
                    time.sleep(0.001)
                process.stdin.write(b"%d:%d\n" % (number % 97, number))
                process.stdin.flush()
            _, errors = process.communicate(timeout=100)
        if process.returncode:  # it ends with 1 if one message failed
            raise RuntimeError(errors.decode(errors="replace"))
        return {"acknowledged": list(range(count)), "failed": []}

    # ---- consuming without a group

    def op_read(self, topic, partition, start, count):
        if isinstance(start, dict):
            start = f"s@{start['timestamp']}"
        elif start in ("earliest", "latest"):
            start = {"earliest": "beginning", "latest": "end"}[start]
        out = self.kcat("-C", "-t", topic, "-p", str(partition), "-o", str(start), "-c", str(count), "-J", "-X",
                        "fetch.wait.max.ms=50")
        # JSON cannot tell a binary value; what needs that is asked for with a format instead.
        found = []
        for line in out.splitlines():
            one = json.loads(line.decode(errors="surrogateescape"), strict=False)
            headers = one.get("headers", [])
            pairs = [[headers[i], self.encoded(headers[i + 1])] for i in range(0, len(headers), 2)]
            found.append([one["partition"], one["offset"], self.encoded(one["key"]), self.encoded(one["payload"]), pairs,
                          one["ts"]])
        return {"records": found}

    @staticmethod
    def encoded(text):
        return None if text is None else encode(text.encode(errors="surrogateescape"))

    def op_offset(self, topic, partition, at):
        name = {"earliest": -2, "latest": -1}.get(at, at)
        out = self.kcat("-Q", "-t", f"{topic}:{partition}:{name}").decode()
        return {"offset": int(re.search(r"offset (-?\d+)", out).group(1))}

    # ---- a member of a group

    def op_join(self, group, topic, strategy="eager", static=None, reset="earliest", commit="auto", session_ms=6000):
        self.cooperative = strategy == "cooperative"
        settings = {"auto.offset.reset": reset, "session.timeout.ms": session_ms, "heartbeat.interval.ms": 500,
                    "fetch.wait.max.ms": 50, "topic.metadata.refresh.interval.ms": 2000,
                    "partition.assignment.strategy": "cooperative-sticky" if self.cooperative else "range"}
        if static:
            settings["group.instance.id"] = static
        words = [word for key, value in settings.items() for word in ("-X", f"{key}={value}")]
        self.member = subprocess.Popen(["kcat", "-b", self.brokers, "-G", group, "-u", "-f", "%p %o %s\n", *words, topic],
                                       stdout=subprocess.PIPE, stderr=subprocess.PIPE, preexec_fn=die_with_parent)
        threading.Thread(target=self.pump, args=(self.member.stdout, "record"), daemon=True).start()
        threading.Thread(target=self.pump, args=(self.member.stderr, "news"), daemon=True).start()

    def pump(self, stream, kind):
        for line in stream:
            self.output.put((kind, line))

    def idle(self):
        if self.member is None:
            return False
        self.take(0.02)
        return True

    def take(self, seconds):
        records = []
        try:
            kind, line = self.output.get(timeout=seconds)
            while True:
                if kind == "record":
                    partition, offset, value = line.decode().split()
                    records.append([int(partition), int(offset), value])
                else:
                    self.take_news(line.decode(errors="replace"))
                kind, line = self.output.get_nowait()
        except queue.Empty:
            pass
        if records:
            emit(event="records", records=records)

    def take_news(self, line):
        """% Group x rebalanced (memberid y): assigned: t [0], t [1]; or: rebalanced: incremental revoke of ...: t [0]"""
        print(line, end="", file=sys.stderr)
        found = re.search(r"rebalanced.*(assign|revoke|unassign)[^:]*: (.*)", line)
        if not found:
            return
        partitions = {int(one) for one in re.findall(r"\[(\d+)\]", found.group(2))}
        if found.group(1) != "assign":
            self.assigned = self.assigned - partitions
        else:
            self.assigned = self.assigned | partitions if self.cooperative else partitions
        emit(event="assigned", partitions=sorted(self.assigned))

    def op_leave(self):
        self.finish()

    def finish(self):
        if self.member is None:
            return
        self.member.terminate()
        self.member.wait(timeout=SECONDS)
        self.take(0.1)
        self.member = None

    # ---- administration: what there is of it

    def op_topics(self):
        found = json.loads(self.kcat("-L", "-J"))
        return {"topics": {one["topic"]: len(one["partitions"]) for one in found["topics"]}}

    def op_describe_cluster(self):
        found = json.loads(self.kcat("-L", "-J"))
        return {"brokers": sorted(one["id"] for one in found["brokers"]), "controller": found["controllerid"]}


Kcat(sys.argv[1]).run()
