"""The loop of an adapter that is written in Python: operations from standard input, events to standard output.

Only the main thread touches the client and writes. Between two operations idle() is called again and again, which polls
the group's consumer.
"""
import base64
import json
import queue
import sys
import threading
import traceback


def encode(data):
    return None if data is None else base64.b64encode(data).decode()


def decode(text):
    return None if text is None else base64.b64decode(text)


def emit(**message):
    sys.stdout.write(json.dumps(message) + "\n")
    sys.stdout.flush()


class AdapterBase:
    """An operation is a method op_<name>(**arguments) that returns a dictionary or None."""

    def __init__(self, brokers):
        self.brokers = brokers
        self.lines = queue.Queue()

    def idle(self):
        """Polls what runs in the background; returns whether there is such a thing."""
        return False

    def finish(self):
        """The clean end."""

    def read_stdin(self):
        for line in sys.stdin:
            self.lines.put(line)
        self.lines.put(None)

    def next_line(self):
        while True:
            try:
                return self.lines.get_nowait()
            except queue.Empty:
                if not self.idle():
                    return self.lines.get()

    def run(self):
        threading.Thread(target=self.read_stdin, daemon=True).start()
        while (line := self.next_line()) is not None:
            request = json.loads(line)
            number, op = request.pop("id"), request.pop("op")
            try:
                answer = getattr(self, f"op_{op}")(**request) or {}
                emit(id=number, ok=answer)
            except Exception as error:  # whatever a client throws is its answer
                traceback.print_exc()
                emit(id=number, error=f"{type(error).__name__}: {error}")
        self.finish()
