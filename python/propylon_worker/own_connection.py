"""A lane's own connection: pieces of request bodies in, streamed answers out. One exchange at a time."""

import select

from .frames import ABORT, BODY, END, HEAD_SIZE, answer_head, frame, frame_head, parse_head, pull


class ClientGone(Exception):
    """The client has hung up: nobody wants the rest of the answer."""


class BodyLost(OSError):
    """The rest of the request's body can't be had."""


class OwnConnection:
    """Blocking; used by its lane alone."""

    def __init__(self, sock):
        self._socket = sock
        self._poll = select.poll()
        self._poll.register(sock, select.POLLIN)
        self._rest = b""

    def body(self, stream, size):
        """The next piece, at most `size` bytes, of this exchange's request body; empty at its end."""
        self._socket.sendall(pull(stream, size))
        while True:
            kind, about, payload = self._receive()
            if about != stream:
                continue  # an ABORT that crossed the end of an earlier exchange
            if kind == BODY:
                return payload
            if kind == END:
                return b""
            if kind == ABORT:
                raise BodyLost("the request body is incomplete: %s" % payload.decode("latin-1"))

    def begin(self, stream, length, head):
        """The answer's head; `length` -1: unknown."""
        self._socket.sendall(answer_head(stream, length, True, head))

    def piece(self, stream, data):
        """A piece of the answer. Blocks while the client is slow; raises ClientGone when it has hung up."""
        while self._poll.poll(0):
            kind, about, _ = self._receive()
            if about == stream and kind == ABORT:
                raise ClientGone()
        view = memoryview(data)
        for start in range(0, len(view), 262144):
            part = view[start : start + 262144]
            if len(part) < 4096:
                self._socket.sendall(frame_head(BODY, stream, len(part)) + part)
            else:
                self._socket.sendall(frame_head(BODY, stream, len(part)))
                self._socket.sendall(part)

    def end(self, stream):
        self._socket.sendall(frame(END, stream))

    def abort(self, stream, reason):
        """The answer can't be completed."""
        self._socket.sendall(frame(ABORT, stream, reason.encode("latin-1", "replace")[:1000]))

    def _receive(self):
        head = self._exactly(HEAD_SIZE)
        length, stream, kind = parse_head(head)
        return kind, stream, self._exactly(length)

    def _exactly(self, size):
        while len(self._rest) < size:
            chunk = self._socket.recv(262144)
            if not chunk:
                raise ConnectionError("the edge is gone")
            self._rest += chunk
        data, self._rest = self._rest[:size], self._rest[size:]
        return data
