"""The connections of a worker to its edge."""

import os
import socket
import time

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


def connect(path, worker, lanes):
    """Connects, again and again with growing pauses while no edge listens. A worker outlives an edge."""
    pause = FIRST_PAUSE
    while True:
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
            time.sleep(pause)
            pause = min(pause * 2, LONGEST_PAUSE)


def protect_from_fork():
    """Children that the app forks must not hold the worker's connections open: their end is how the edge sees the worker die."""
    if hasattr(os, "register_at_fork"):
        os.register_at_fork(after_in_child=_close_in_child)


_of_this_process = []


def remember(connections):
    """Names the connections that a forked child closes."""
    _of_this_process[:] = [connections]


def _close_in_child():
    for connections in _of_this_process:
        for sock in connections._sockets:
            try:
                sock.close()
            except OSError:
                pass  # closed already
    _of_this_process.clear()
