"""The control channel to main, file descriptor 3: one JSON object a line."""

import json
import os
import socket
import sys
import threading
import traceback

from .app_metrics import AppMetrics
from .log import log

DESCRIPTOR = 3
#: Longest text of a message, in characters: main takes lines of up to 1 MiB.
LONGEST_TEXT = 200000


class Control:
    """Reads in a thread of its own, so that main reaches a worker whose lanes are all busy."""

    def __init__(self):
        os.set_inheritable(DESCRIPTOR, False)  # not for the programs that the app starts
        self._socket = socket.socket(fileno=DESCRIPTOR)
        self._socket.setblocking(True)
        self._rest = b""
        self._writing = threading.Lock()
        self._metrics = AppMetrics(self.say)

    def settings(self):
        """The first message: what this worker is. Blocks until it is there."""
        settings = json.loads(self._line())["settings"]
        self._metrics.expect(settings.get("metrics"))
        return settings

    def fileno(self):
        return self._socket.fileno()

    def receive(self):
        """The messages that have arrived, a list; reads once. Ends the process when main is gone."""
        self._fill()
        *lines, self._rest = self._rest.split(b"\n")
        return [json.loads(line) for line in lines]

    def say(self, message):
        """Tells main; quietly nothing when main is gone, since the reader ends the process then."""
        data = json.dumps(message).encode() + b"\n"
        try:
            with self._writing:
                self._socket.sendall(data)
        except OSError:
            pass

    def failed(self, reason, remedy, trace):
        self.say({"failed": {"reason": reason[:LONGEST_TEXT], "remedy": remedy, "traceback": trace[-LONGEST_TEXT:]}})

    def listen(self, drain):
        """Starts to obey. `drain()` is called when main asks the worker to end."""
        threading.Thread(target=self._obey, args=(drain,), name="propylon-control", daemon=True).start()

    def close_in_child(self):
        """A forked child of the app has nothing to say to main."""
        self._socket.close()

    # --- internal ---

    def _obey(self, drain):
        while True:
            line = self._line()
            try:
                message = json.loads(line)
                if message.get("drain"):
                    drain()
                elif "stacks" in message:
                    self.say({"stacks": message["stacks"], "text": stacks()[:LONGEST_TEXT]})
                elif "metrics" in message:
                    self._metrics.ask(message["metrics"], message["most"])
            except Exception:
                log("a message of main's could not be obeyed: %r" % line[:200], traceback.format_exc())

    def _line(self):
        """The next line. Ends the process when main is gone, since nothing outlives it."""
        while b"\n" not in self._rest:
            self._fill()
        line, _, self._rest = self._rest.partition(b"\n")
        return line

    def _fill(self):
        try:
            chunk = self._socket.recv(65536)
        except OSError:
            chunk = b""
        if not chunk:
            os._exit(0)
        self._rest += chunk


def stacks():
    """The Python stacks of all threads but the one that asks."""
    names = {thread.ident: thread.name for thread in threading.enumerate()}
    parts = []
    for ident, frame in sys._current_frames().items():
        if ident != threading.get_ident():
            parts.append("Thread %s:\n%s" % (names.get(ident, ident), "".join(traceback.format_stack(frame))))
    return "\n".join(parts)
