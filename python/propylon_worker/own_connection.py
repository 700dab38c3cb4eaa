"""A lane's own connection: pieces of request bodies in, streamed answers out. One exchange at a time."""

import select

from .frames import ABORT, BODY, END, HEAD_SIZE, FrameError, answer_head, frame, frame_head, parse_head, pull

#: Largest piece of an answer in one frame: the edge handles whole frames.
PIECE = 262144
#: A piece up to this size is joined with its frame head; beyond, a second write costs less than the copy.
JOINED = 16384


class ClientGone(ConnectionError):
    """The client has hung up: nobody wants the rest of the answer."""


class EdgeGone(ConnectionError):
    """The connection to the edge is lost, and the session with it."""


class BodyLost(OSError):
    """The rest of the request's body can't be had."""


class OwnConnection:
    """Blocking; used by its lane alone. No interrupt comes while a frame is on its way."""

    def __init__(self, sock):
        #: The lane's (deadline.Turn), set before its first exchange.
        self.turn = None
        self._socket = sock
        self._poll = select.poll()
        self._poll.register(sock, select.POLLIN)

    def body(self, stream, size):
        """The next piece, at most `size` bytes, of this exchange's request body; empty at its end."""
        turn = self.turn
        turn.hold()
        try:
            return self._asked(stream, size)
        finally:
            turn.release()

    def begin(self, stream, length, streaming, head):
        """The answer's head. `length` -1: unknown; `streaming`: each piece is to be passed on at once."""
        self._whole(answer_head(stream, length, streaming, head))

    def piece(self, stream, data):
        """A piece of the answer. Blocks while the client is slow; raises ClientGone when it has hung up."""
        view = memoryview(data)
        turn = self.turn
        for start in range(0, len(view), PIECE):
            turn.hold()
            try:
                self._look_for_abort(stream)
                self._part(stream, view[start : start + PIECE])
            finally:
                turn.release()

    def end(self, stream):
        self._whole(frame(END, stream))

    def abort(self, stream, reason):
        """The answer can't be completed."""
        self._whole(frame(ABORT, stream, reason.encode("latin-1", "replace")[:1000]))

    # --- internal ---

    def _whole(self, data):
        turn = self.turn
        turn.hold()
        try:
            self._send(data)
        finally:
            turn.release()

    def _asked(self, stream, size):
        self._send(pull(stream, size))
        while True:
            kind, about, payload = self._receive()
            if about != stream:
                continue  # an ABORT that crossed the end of an earlier exchange
            if kind == BODY:
                return payload
            if kind == END:
                return b""
            if kind == ABORT:
                raise BodyLost("the request body is incomplete: %s" % (payload.decode("latin-1") or "the client has gone"))
            raise FrameError("frame of type %d on a lane connection" % kind)

    def _part(self, stream, part):
        if len(part) <= JOINED:
            self._send(frame_head(BODY, stream, len(part)) + part)
        else:
            self._send(frame_head(BODY, stream, len(part)))
            self._send(part)

    def _look_for_abort(self, stream):
        while self._poll.poll(0):
            kind, about, _ = self._receive()
            if about == stream and kind == ABORT:
                raise ClientGone("the client has gone")

    def _send(self, data):
        try:
            self._socket.sendall(data)
        except OSError as error:
            raise EdgeGone("the edge is gone") from error

    def _receive(self):
        length, stream, kind = parse_head(self._exactly(HEAD_SIZE))
        return kind, stream, self._exactly(length)

    def _exactly(self, size):
        data = bytearray(size)
        view = memoryview(data)
        have = 0
        while have < size:
            try:
                count = self._socket.recv_into(view[have:])
            except OSError as error:
                raise EdgeGone("the edge is gone") from error
            if count == 0:
                raise EdgeGone("the edge is gone")
            have += count
        return data
