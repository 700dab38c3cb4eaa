"""The connections of a worker to its edge."""

import os
import socket

from .frames import DATA, HELPLINE, LANE, hello
from .own_connection import OwnConnection

#: Pauses between attempts to reach an edge, in seconds: first and last.
FIRST_PAUSE = 0.01
LONGEST_PAUSE = 1.0


class Connections:
    """One data connection, one for help, and one for each lane."""

    def __init__(self, data, help_connection, lanes):
        self.data = data
        self.help = help_connection
        self.lanes = [OwnConnection(sock) for sock in lanes]
        self._sockets = [data, help_connection, *lanes]

    def close(self):
        """Ends what blocks on any of them. The descriptors close with their objects: a lane may be using one now."""
        for sock in self._sockets:
            try:
                sock.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass  # closed from the other side already

    def close_in_child(self):
        """Closes the descriptors of a forked child, and leaves the connections to its parent."""
        for sock in self._sockets:
            try:
                sock.close()
            except OSError:
                pass  # closed already


def connect(path, worker, lanes, stop):
    """Connects, again and again with growing pauses while no edge listens: a worker outlives an edge. None once `stop`, an event, is set."""
    pause = FIRST_PAUSE
    while not stop.is_set():
        opened = []
        try:
            for kind, lane in [(DATA, 0), (HELPLINE, 0)] + [(LANE, number) for number in range(lanes)]:
                sock = socket.socket(socket.AF_UNIX)
                opened.append(sock)
                sock.connect(path)
                sock.sendall(hello(kind, lane, worker, lanes))
            return Connections(opened[0], opened[1], opened[2:])
        except OSError:
            for sock in opened:
                sock.close()
            stop.wait(pause)
            pause = min(pause * 2, LONGEST_PAUSE)
    return None


def close_in_children(close):
    """Has forked children of the app call `close`: the end of the worker's connections is how the edge sees the worker die."""
    if hasattr(os, "register_at_fork"):
        os.register_at_fork(after_in_child=close)
