"""`wsgi.input` for a request body that did not travel with the request."""

import io

#: Bytes asked for at once.
PIECE = 262144


class PulledBody(io.RawIOBase):
    """Reads the body from the edge, which has all of it, as the app asks. io.BufferedReader gives it PEP 3333's methods."""

    def __init__(self, own, stream, length):
        super().__init__()
        self._own = own
        self._stream = stream
        self._left = length
        self._piece = memoryview(b"")

    def readable(self):
        return True

    def readinto(self, buffer):
        if not self._piece:
            if self._left <= 0:
                return 0
            self._piece = memoryview(self._own.body(self._stream, min(PIECE, self._left)))
            self._left -= len(self._piece)
            if not self._piece:
                self._left = 0
                return 0
        count = min(len(buffer), len(self._piece))
        buffer[:count] = self._piece[:count]
        self._piece = self._piece[count:]
        return count


def pulled_input(own, stream, length):
    """A file of the deferred body of this exchange: read, readline, readlines and iteration (PEP 3333)."""
    return io.BufferedReader(PulledBody(own, stream, length), PIECE)
