"""`wsgi.input` for a request body that did not travel with the request."""

import io

from .own_connection import BodyLost

#: Bytes asked for at once.
PIECE = 262144


class PulledBody(io.RawIOBase):
    """Reads the body from the edge, which has all of it, as the app asks. io.BufferedReader gives it PEP 3333's methods."""

    def __init__(self, own, answer, length):
        super().__init__()
        self._own = own
        self._answer = answer
        self._left = length
        self._piece = memoryview(b"")

    def readable(self):
        return True

    def readinto(self, buffer):
        if not self._piece and not self._pull():
            return 0
        count = min(len(buffer), len(self._piece))
        buffer[:count] = self._piece[:count]
        self._piece = self._piece[count:]
        return count

    def readall(self):
        # RawIOBase's own would copy 8 KiB at a time.
        pieces = [bytes(self._piece)]
        while self._pull():
            pieces.append(self._piece)
        self._piece = memoryview(b"")
        return b"".join(pieces)

    def _pull(self):
        """Fetches the next piece; False at the end."""
        self._piece = memoryview(b"")
        if self._left <= 0:
            return False
        if self._answer.over:
            # The lane runs another exchange now: its connection is not ours any more.
            raise ValueError("wsgi.input was read after its request had ended")
        piece = self._own.body(self._answer.stream, min(PIECE, self._left))
        if not piece:
            raise BodyLost("the request body ended %d bytes early" % self._left)
        self._left -= len(piece)
        self._piece = memoryview(piece)
        return True


def pulled_input(own, answer, length):
    """A file of the deferred body of this exchange: read, readline, readlines and iteration (PEP 3333)."""
    return io.BufferedReader(PulledBody(own, answer, length), PIECE)
