"""The control channel to main, file descriptor 3: one JSON object a line."""

import json
import os
import socket
import sys
import threading
import traceback

DESCRIPTOR = 3


class Control:
    """Reads in a thread of its own, so that main reaches a worker whose lanes are all busy."""

    def __init__(self):
        os.set_inheritable(DESCRIPTOR, False)
        self._socket = socket.socket(fileno=DESCRIPTOR)
        self._socket.setblocking(True)
        self._reader = self._socket.makefile("rb")
        self._writing = threading.Lock()

    def settings(self):
        """The first message: what this worker is. Blocks until it is there."""
        line = self._reader.readline()
        if not line:
            os._exit(0)  # main is gone
        return json.loads(line)["settings"]

    def say(self, message):
        """Tells main; quietly nothing when main is gone, since the reader ends the process then."""
        data = json.dumps(message).encode() + b"\n"
        try:
            with self._writing:
                self._socket.sendall(data)
        except OSError:
            pass

    def listen(self, drain):
        """Starts to obey. `drain()` is called once when main asks the worker to end."""
        threading.Thread(target=self._obey, args=(drain,), name="propylon-control", daemon=True).start()

    def _obey(self, drain):
        for line in self._reader:
            message = json.loads(line)
            if message.get("drain"):
                drain()
            elif "stacks" in message:
                self.say({"stacks": message["stacks"], "text": stacks()})
        os._exit(0)  # main is gone, and nothing outlives it


def stacks():
    """The Python stacks of all threads but the one that asks."""
    names = {thread.ident: thread.name for thread in threading.enumerate()}
    parts = []
    for ident, frame in sys._current_frames().items():
        if ident != threading.get_ident():
            parts.append("Thread %s:\n%s" % (names.get(ident, ident), "".join(traceback.format_stack(frame))))
    return "\n".join(parts)
