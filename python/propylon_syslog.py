"""Sends each line of stdin as one message to the socket of a local syslog daemon.

Local daemons listen on a Unix datagram socket, which Node can't speak to. Nothing is dropped here: while the daemon is away, or
slow, lines stay in the pipe, and whoever writes them decides how much may wait. Ends with its input, or LAST_WAIT seconds later
if the daemon is away then. Standard library only.
"""

import errno
import select
import signal
import socket
import sys
import time

TRY_AGAIN = 0.2
LAST_WAIT = 0.5
# A daemon that takes nothing for so long counts as away.
LONGEST_SEND = 1.0


class Daemon:
    """The daemon's socket, connected when it is needed and again when it was lost."""

    def __init__(self, path):
        self.path = path
        self.connection = None
        self.stream = False

    def send(self, message):
        """Sends one message; raises OSError when the daemon is not there."""
        if self.connection is None:
            self.connect()
        try:
            # A stream has no boundaries: messages end with a line feed there (RFC 6587, section 3.4.2).
            self.connection.sendall(message + b"\n" if self.stream else message)
        except OSError:
            self.connection.close()
            self.connection = None
            raise

    def connect(self):
        for kind in (socket.SOCK_DGRAM, socket.SOCK_STREAM):
            connection = socket.socket(socket.AF_UNIX, kind)
            connection.settimeout(LONGEST_SEND)
            try:
                connection.connect(self.path)
            except OSError as error:
                connection.close()
                if kind == socket.SOCK_DGRAM and error.errno == errno.EPROTOTYPE:
                    continue
                raise
            self.connection = connection
            self.stream = kind == socket.SOCK_STREAM
            return


def has_ended(source):
    """Whether the other end of the pipe is closed: what is still in it can be read."""
    poll = select.poll()
    poll.register(source, 0)
    return any(event & select.POLLHUP for _, event in poll.poll(0))


def deliver(daemon, source, message):
    """Tries until it is sent; False when the input has ended and the daemon stays away."""
    deadline = None
    while True:
        try:
            daemon.send(message)
            return True
        except OSError:
            if deadline is None and has_ended(source):
                deadline = time.monotonic() + LAST_WAIT
            if deadline is not None and time.monotonic() > deadline:
                return False
            time.sleep(TRY_AGAIN)


def main():
    # A Ctrl-C goes to the whole group; the last lines are still to come.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    daemon = Daemon(sys.argv[1])
    source = sys.stdin.buffer
    for line in source:
        if not deliver(daemon, source, line.rstrip(b"\n")):
            return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
