"""One data connection to an edge, and the exchanges that came on it. The hot loop of an ASGI worker.

Requests are read in batches; each is started at once, in the same turn of the event loop where Python can do that (3.12), and what
is answered within a turn leaves in one write.
"""

import asyncio
import socket
import sys
from time import monotonic

from .asgi_frames import GONE, LATE, parse_batch
from .frames import END, SLOTS, WEBSOCKET, frame, whole_answer
from .http_exchange import HttpExchange
from .log import log
from .stream import StreamPool
from .websocket_exchange import WebSocketExchange

#: Bytes read at once (see lanes.py), and how long the first answer of a batch waits for the next, in seconds.
READ = 65536
JOIN_TIME = 0.001
#: A task may run up to its first wait when it is made: most answers are complete by then.
EAGER = sys.version_info >= (3, 12)


class Session:
    def __init__(self, loop, sock, settings, app, state, page):
        self.loop = loop
        self.app = app
        self.tracebacks = settings.get("tracebacks", False)
        self.streams = StreamPool(loop, settings["socket"], settings["worker"])
        self.exchanges = {}  # by stream id
        self.ended = loop.create_future()
        self._sock = sock
        self._state = state
        self._note = page.writer(0)
        self._taken = 0
        self._blocks = [None] * SLOTS
        self._rest = b""
        self._out = []
        self._unsent = b""
        self._held = []
        self._scheduled = False
        self._lost = False
        self._draining = False

    def start(self):
        self._sock.setblocking(False)
        self.loop.add_reader(self._sock.fileno(), self._read)

    def drain(self):
        """The edge sends nothing more: what runs goes on; what streams, and WebSockets, are told to end."""
        if self._draining:
            return
        self._draining = True
        for exchange in list(self.exchanges.values()):
            exchange.shut()
        self._check_end()

    def close(self):
        """Ends the connections; all is said."""
        if not self._lost:
            self._flush()
            if self._unsent:
                self._sock.setblocking(True)
                try:
                    self._sock.sendall(self._unsent)
                except OSError:
                    pass  # nobody is there
            self.loop.remove_reader(self._sock.fileno())
            self.loop.remove_writer(self._sock.fileno())
            self._sock.close()
        self._lost = True
        self.streams.close()

    def descriptors(self):
        return [self._sock.fileno(), *self.streams.descriptors()]

    # --- the exchanges' side ---

    def answer(self, stream, head, body):
        """A whole answer."""
        self._out.append(whole_answer(stream, (head, body), 0, 0, 0))
        if not self._scheduled:
            self._schedule()

    def dropped(self, stream):
        """An exchange is over without an answer."""
        self._out.append(frame(END, stream))
        if not self._scheduled:
            self._schedule()

    def head_held(self, exchange):
        """It has given its head, and no body yet: looked at again when this turn is over."""
        self._held.append(exchange)
        if not self._scheduled:
            self._schedule()

    def over(self, exchange):
        """Its app has returned."""
        if self.exchanges.get(exchange.stream) is exchange:
            del self.exchanges[exchange.stream]
        if self._draining:
            self._check_end()

    # --- internal ---

    def _read(self):
        try:
            chunk = self._sock.recv(READ)
        except (BlockingIOError, InterruptedError):
            return
        except OSError:
            chunk = b""
        if not chunk:
            return self._lose()
        found = []
        try:
            self._rest = parse_batch(self._rest + chunk if self._rest else chunk, self._blocks, found, self._state)
        except Exception as error:
            log("the edge does not speak the worker protocol: %s" % error)
            return self._lose()
        # Nothing schedules a flush from here on: it comes below.
        self._scheduled = True
        began = monotonic()
        for request in found:
            if request[1] is GONE:
                exchange = self.exchanges.get(request[0])
                if exchange is not None:
                    exchange.gone(request[2])
                continue
            if request[1] is LATE:
                exchange = self.exchanges.get(request[0])
                if exchange is not None:
                    exchange.interrupt()
                continue
            self._begin(*request)
            if self._out and monotonic() - began > JOIN_TIME:
                self._flush()
                self._scheduled = True
                began = monotonic()
        self._note(self._taken, 0, 0.0)
        self._flush()

    def _begin(self, stream, block, head, flags, length, body):
        self._taken += 1
        self._note(self._taken, stream, monotonic())
        if flags & WEBSOCKET:
            exchange = WebSocketExchange(self, stream, block.websocket(head), flags, length, body)
        else:
            exchange = HttpExchange(self, stream, block.http(head), flags, length, body)
        self.exchanges[stream] = exchange
        if EAGER:
            exchange.task = asyncio.Task(exchange.run(), loop=self.loop, eager_start=True)
        else:
            exchange.task = self.loop.create_task(exchange.run())

    def _schedule(self):
        self._scheduled = True
        self.loop.call_soon(self._flush)

    def _flush(self):
        """Writes what was answered in this turn, and lets heads go whose bodies did not follow in it."""
        self._scheduled = False
        if self._held:
            held, self._held = self._held, []
            for exchange in held:
                if exchange.holds_head:
                    self.loop.create_task(exchange.release_head())
        out = self._out
        if not out:
            return
        self._out = []
        if self._lost:
            return
        data = out[0] if len(out) == 1 else b"".join(out)
        if self._unsent:
            self._unsent += data
        else:
            self._write(data)

    def _write(self, data):
        try:
            sent = self._sock.send(data)
        except (BlockingIOError, InterruptedError):
            sent = 0
        except OSError:
            return self._lose()
        if sent < len(data):
            if not self._unsent:
                self.loop.add_writer(self._sock.fileno(), self._writable)
            self._unsent = data[sent:]

    def _writable(self):
        data, self._unsent = self._unsent, b""
        self.loop.remove_writer(self._sock.fileno())
        self._write(data)

    def _lose(self):
        """The edge is gone, and all clients with it."""
        if self._lost:
            return
        self._lost = True
        self.loop.remove_reader(self._sock.fileno())
        self.loop.remove_writer(self._sock.fileno())
        try:
            self._sock.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass  # closed from the other side already
        self._sock.close()
        self.streams.close()
        for exchange in list(self.exchanges.values()):
            exchange.gone()
        if not self.ended.done():
            self.ended.set_result(None)

    def _check_end(self):
        if not self.exchanges and not self.ended.done():
            self.ended.set_result(None)
