"""Connections of exchanges that live long or carry much (docs/worker-protocol.md, "Stream connections")."""

import asyncio

from .frames import BODY, END, HEAD, HEAD_SIZE, STREAM, frame, frame_head, hello, parse_head

#: Largest piece in one frame: the edge handles whole frames.
PIECE = 262144
#: Bytes kept for the end of the loop's turn, so that what an exchange says in it leaves in one write.
JOINED = 65536
#: Connections kept open for the next exchange.
SPARE = 16


class EdgeGone(OSError):
    """The connection to the edge is lost, and the client with it."""


class StreamConnection(asyncio.Protocol):
    """One exchange's at a time: its `frame(kind, payload)` and `lost()` are called."""

    def __init__(self, loop, worker):
        self._loop = loop
        self._worker = worker
        self._transport = None
        self._rest = b""
        self._out = []
        self._size = 0
        self._scheduled = False
        self._drained = None  # a future while the edge does not read
        self._exchange = None
        self._stream = 0
        self._spent = None  # called once the edge has read all of the exchange that is over
        #: An answer was begun on it: what is written may still be unread when its exchange is over.
        self.answered = False
        self.closed = False

    def use(self, exchange, stream):
        """From now on it carries this exchange; None: no exchange."""
        self._exchange = exchange
        self._stream = stream
        self.answered = False

    def after(self, spent):
        """Its exchange is over. `spent` is called when the edge has read the last of it: END comes back."""
        self._exchange = None
        self._spent = spent

    def write(self, kind, payload=b""):
        """A frame; it leaves with the others of this turn of the loop."""
        if self.closed:
            raise EdgeGone("the edge is gone")
        if kind == HEAD:
            self.answered = True
        self._out.append(frame(kind, self._stream, payload))
        self._size += len(payload)
        if self._size > JOINED:
            self._flush()
        elif not self._scheduled:
            self._scheduled = True
            self._loop.call_soon(self._flush)

    async def body(self, data):
        """Pieces of a body; waits while the edge does not read."""
        size = len(data)
        if size <= JOINED:
            self.write(BODY, data)
            if self._drained is not None:
                await self.drained()
            return
        view = memoryview(data)
        for start in range(0, size, PIECE):
            part = view[start : start + PIECE]
            if self.closed:
                raise EdgeGone("the edge is gone")
            self._out.append(frame_head(BODY, self._stream, len(part)))
            self._out.append(part)
            self._flush()
            await self.drained()

    async def drained(self):
        """Waits while more is written than the edge has read."""
        while self._drained is not None:
            await asyncio.shield(self._drained)
        if self.closed:
            raise EdgeGone("the edge is gone")

    def pause(self):
        if not self.closed:
            self._transport.pause_reading()

    def resume(self):
        if not self.closed:
            self._transport.resume_reading()

    def close(self):
        if not self.closed:
            self._flush()
            self._transport.close()

    def descriptor(self):
        """Its file descriptor, or -1 when it is closed."""
        sock = None if self._transport is None else self._transport.get_extra_info("socket")
        return -1 if sock is None else sock.fileno()

    # --- asyncio.Protocol ---

    def connection_made(self, transport):
        self._transport = transport
        transport.set_write_buffer_limits(high=JOINED)
        transport.write(hello(STREAM, 0, self._worker, 1))

    def data_received(self, data):
        rest = self._rest + data if self._rest else data
        at, size = 0, len(rest)
        while size - at >= HEAD_SIZE:
            length, stream, kind = parse_head(rest[at : at + HEAD_SIZE])
            end = at + HEAD_SIZE + length
            if end > size:
                break
            # What is for an earlier exchange has crossed its end.
            if stream == self._stream:
                if self._exchange is not None:
                    self._exchange.frame(kind, rest[at + HEAD_SIZE : end])
                elif kind == END and self._spent is not None:
                    spent, self._spent = self._spent, None
                    spent(self)
            at = end
        self._rest = rest[at:] if at else rest

    def pause_writing(self):
        if self._drained is None:
            self._drained = self._loop.create_future()

    def resume_writing(self):
        drained, self._drained = self._drained, None
        if drained is not None and not drained.done():
            drained.set_result(None)

    def connection_lost(self, error):
        self.closed = True
        self.resume_writing()
        if self._exchange is not None:
            self._exchange.lost()
        elif self._spent is not None:
            self._spent(self)

    # --- internal ---

    def _flush(self):
        self._scheduled = False
        out = self._out
        if out:
            self._out = []
            self._size = 0
            if not self.closed:
                self._transport.write(out[0] if len(out) == 1 else b"".join(out))


class StreamPool:
    """The stream connections of one session with an edge."""

    def __init__(self, loop, path, worker):
        self._loop = loop
        self._path = path
        self._worker = worker
        self._spare = []
        self._all = set()
        self.over = False

    async def take(self, exchange, stream):
        """A connection for this exchange. Raises EdgeGone when there is no edge."""
        connection = self.ready()
        if connection is None:
            try:
                connection = (await self._loop.create_unix_connection(lambda: StreamConnection(self._loop, self._worker), self._path))[1]
            except OSError as error:
                raise EdgeGone("the edge is gone") from error
            if self.over:
                connection.close()
                raise EdgeGone("the edge is gone")
            self._all.add(connection)
        connection.use(exchange, stream)
        return connection

    def ready(self):
        """One that is open and free, or None."""
        while self._spare:
            connection = self._spare.pop()
            if not connection.closed:
                return connection
            self._all.discard(connection)
        return None

    def give_back(self, connection):
        """The exchange on it is over. What a slow client has not read yet must not stand before the next exchange's."""
        if connection.answered and not connection.closed and not self.over:
            connection.after(self._spent)
            connection.resume()
        else:
            self._spent(connection)

    def close(self):
        """The session is over."""
        self.over = True
        for connection in list(self._all):
            connection.close()
        self._all.clear()
        self._spare.clear()

    def descriptors(self):
        return [connection.descriptor() for connection in self._all]

    # --- internal ---

    def _spent(self, connection):
        connection.use(None, 0)
        if connection.closed or self.over or len(self._spare) >= SPARE:
            connection.close()
            self._all.discard(connection)
        else:
            connection.resume()
            self._spare.append(connection)
