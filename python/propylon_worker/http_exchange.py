"""One HTTP request and its answer, as ASGI 3's `receive` and `send` ("HTTP Connection Scope" of its specification)."""

import asyncio
import html
import traceback
from time import monotonic

from .answer import WHOLE, WHOLE_HEAD
from .asgi_head import answer_head_of, field_pairs
from .failures import app_failed
from .frames import ABORT, BODY, DEFERRED, END, HEAD, PULL, FrameError, begun_head
from .log import log
from .stream import EdgeGone

#: Bytes of a request body asked for at once.
PULLED = 262144
#: Seconds for which an app may go on to send to nobody. Frameworks watch receive() and stop by themselves; one that does not
#: would stream for ever.
PATIENCE = 1.0

#: The reason of an ABORT that tells of a client which has closed its side, and may still read.
HALF = b"half-closed"

_WAITING, _HELD, _BEGUN, _TRAILERS, _COMPLETE = range(5)


class ClientGone(OSError):
    """send() after the client had gone ("servers should raise a subclass of OSError")."""


class HttpExchange:
    __slots__ = (
        "stream", "task", "_session", "_scope", "_state", "_body", "_left", "_asked", "_pieces", "_waiters", "_hung", "_gone", "_gone_since",
        "_head", "_declared", "_sent", "_bodyless", "_with_trailers", "_connection", "_taking", "_done", "_told", "_late",
    )  # fmt: skip

    def __init__(self, session, stream, scope, flags, length, body):
        self.stream = stream
        self.task = None
        self._session = session
        self._scope = scope
        self._state = _WAITING
        self._body = None if flags & DEFERRED else body
        self._left = length if flags & DEFERRED else 0  # of the request's body; -1: unknown
        self._asked = False  # a PULL is out
        self._pieces = []
        self._waiters = None
        self._hung = False  # receive() says http.disconnect
        self._gone = False  # nobody reads what is sent
        self._gone_since = 0.0
        self._head = b""
        self._declared = -1
        self._sent = 0
        self._bodyless = False
        self._with_trailers = False
        self._connection = None
        self._taking = None  # a future while a connection is being opened
        self._done = False
        self._late = False
        self._told = False  # the edge knows of the exchange's end

    async def run(self):
        """Calls the app, and answers for it when it fails to."""
        try:
            await self._session.app(self._scope, self.receive, self.send)
            if self._state != _COMPLETE and not self._gone:
                if not self._hung:
                    log("the app returned before its answer was complete")
                self._fail("the app returned before its answer was complete", "")
        except EdgeGone:
            pass  # nobody is there to be told
        except BaseException as error:  # SystemExit and cancellation too: no exchange may take the worker with it, unsaid
            self._failed(error)
            if isinstance(error, GeneratorExit):
                raise
        self._over()

    async def receive(self):
        """The next event of the request."""
        if self._body is not None:
            body, self._body = self._body, None
            return {"type": "http.request", "body": body, "more_body": False}
        if self._left or self._pieces:
            if not self._hung and self._state != _COMPLETE:
                return await self._pulled()
        while not self._hung and self._state != _COMPLETE:
            await self._event()
        return {"type": "http.disconnect"}

    async def send(self, message):
        """What the app answers."""
        kind = message["type"]
        state = self._state
        if self._gone:
            return await self._send_to_nobody(kind, message)
        if kind == "http.response.body":
            if state == _HELD or state == _BEGUN:
                body = message.get("body", b"")
                if type(body) is not bytes:
                    body = _bytes(body)
                if state == _HELD and not self._with_trailers and not message.get("more_body"):
                    size = len(body)
                    if size <= WHOLE and len(self._head) <= WHOLE_HEAD:
                        if self._bodyless:
                            body = b""
                        elif self._declared >= 0 and self._declared != size:
                            self._check_length(size, False)
                        self._state = _COMPLETE
                        self._told = True
                        self._session.answer(self.stream, self._head, body)
                        if self._waiters:
                            self._wake()
                        return
                return await self._stream(body, bool(message.get("more_body")))
            raise RuntimeError("http.response.body was sent %s" % ("before http.response.start" if state == _WAITING else "after the answer was complete"))
        if kind == "http.response.start":
            if state != _WAITING:
                raise RuntimeError("http.response.start was sent twice")
            self._head, self._declared = answer_head_of(message["status"], message.get("headers", ()))
            # RFC 9110 §6.4.1: what a HEAD would carry, and these statuses, is dropped.
            self._bodyless = self._scope["method"] == "HEAD" or message["status"] in (204, 304)
            self._with_trailers = bool(message.get("trailers"))
            self._state = _HELD
            self._session.head_held(self)
            return
        if kind == "http.response.trailers" and state == _TRAILERS:
            fields = field_pairs(message.get("headers", ()))
            if not message.get("more_trailers"):
                self._complete(fields)
            return
        raise RuntimeError("%r can't be sent %s" % (kind, ("before http.response.start", "now", "now", "now", "after the answer was complete")[state]))

    # --- the session's side ---

    async def release_head(self):
        """The app has given its head and waits before it gives more: the client gets it now, as event sources need."""
        try:
            if self._state == _HELD and not self._gone:
                await self._begin(-1)
        except EdgeGone:
            pass

    @property
    def holds_head(self):
        return self._state == _HELD and not self._gone and self._taking is None

    def gone(self, reason=b""):
        """The client has left: receive() says so at once. One that has closed its side alone may still read the answer."""
        if not self._gone and reason != HALF:
            self._gone = True
            self._gone_since = monotonic()
        self._hang_up()

    def interrupt(self):
        """It is past its deadline, and its client was told: the app's task is cancelled."""
        self._late = True
        self.gone()
        self.task.cancel()

    def shut(self):
        """The worker is to end: a request that streams hears that its client has left, one that has yet to answer is left to it."""
        if self._state == _BEGUN:
            self._hang_up()

    # --- the stream connection's side ---

    def frame(self, kind, payload):
        if kind == ABORT:
            self.gone(payload)
            return
        if kind == BODY:
            self._pieces.append(payload)
            if self._left > 0:
                self._left = max(0, self._left - len(payload))
        elif kind == END:
            self._left = 0
        else:
            raise FrameError("frame of type %d on a stream connection" % kind)
        self._asked = False
        if self._waiters:
            self._wake()

    def lost(self):
        self.gone()

    # --- internal ---

    def _hang_up(self):
        self._hung = True
        self._pieces = []
        if self._waiters:
            self._wake()

    async def _event(self):
        """Waits until something happens to the exchange."""
        waiter = self._session.loop.create_future()
        if self._waiters is None:
            self._waiters = []
        self._waiters.append(waiter)
        try:
            await waiter
        finally:
            if waiter in self._waiters:
                self._waiters.remove(waiter)

    def _wake(self):
        waiters, self._waiters = self._waiters, []
        for waiter in waiters:
            if not waiter.done():
                waiter.set_result(None)

    async def _pulled(self):
        """The next piece of a body that the edge still has, or receives. One piece is asked for ahead."""
        while not self._pieces and not self._hung and self._left:
            await self._ask()
            if not self._pieces and not self._hung and self._left:
                await self._event()
        if self._hung:
            return {"type": "http.disconnect"}
        if not self._pieces:
            return {"type": "http.request", "body": b"", "more_body": False}
        piece = self._pieces.pop(0)
        if self._left and not self._pieces:
            await self._ask()
        return {"type": "http.request", "body": piece, "more_body": self._left != 0 or bool(self._pieces)}

    async def _ask(self):
        """PULL, one at a time."""
        if self._asked:
            return
        self._asked = True
        try:
            (await self._own()).write(PULL, PULLED.to_bytes(4, "little"))
        except EdgeGone:
            self.gone()

    async def _own(self):
        """The exchange's stream connection, opened at its first use."""
        if self._connection is not None:
            return self._connection
        while self._taking is not None:
            await asyncio.shield(self._taking)
            if self._connection is not None:
                return self._connection
        ready = self._session.streams.ready()
        if ready is not None:
            ready.use(self, self.stream)
            self._connection = ready
            return ready
        self._taking = self._session.loop.create_future()
        try:
            connection = await self._session.streams.take(self, self.stream)
            if self._done:
                self._session.streams.give_back(connection)
                raise EdgeGone("the exchange is over")
            self._connection = connection
        finally:
            taking, self._taking = self._taking, None
            taking.set_result(None)
        return self._connection

    async def _stream(self, body, more):
        """A piece of an answer that comes in pieces, or is too large to travel whole."""
        if not self._bodyless:
            self._check_length(self._sent + len(body), more)
        if self._state == _HELD:
            length = self._declared if self._declared >= 0 or more or self._with_trailers else len(body)
            await self._begin(length)
        if self._gone:
            return
        try:
            if body and not self._bodyless:
                self._sent += len(body)
                await self._connection.body(body)
            if not more and not self._gone:
                if self._with_trailers:
                    self._state = _TRAILERS
                else:
                    self._complete(b"")
        except EdgeGone:
            self.gone()

    async def _begin(self, length):
        connection = await self._own()
        if self._state == _HELD:  # not begun while the connection was opened
            self._state = _BEGUN
            if length < 0:
                length = self._declared
            connection.write(HEAD, begun_head(length, self._head))

    def _complete(self, trailers):
        self._state = _COMPLETE
        self._told = True
        self._connection.write(END, trailers)
        if self._waiters:
            self._wake()

    def _check_length(self, size, more):
        """Raises where a body does not have the length that its Content-Length says: the next answer would be read wrongly (RFC 9112 §6.3)."""
        if self._declared >= 0 and (size > self._declared or (size < self._declared and not more)):
            raise RuntimeError("the answer's body has %d bytes, %s than its Content-Length of %d" % (size, "more" if size > self._declared else "less", self._declared))

    async def _send_to_nobody(self, kind, message):
        """Nobody reads what is sent; other exchanges have their turn."""
        if kind == "http.response.start" and self._state == _WAITING:
            self._state = _HELD
        elif kind == "http.response.body" and not message.get("more_body"):
            self._state = _COMPLETE
        if monotonic() - self._gone_since > PATIENCE:
            raise ClientGone("the client has gone")
        await asyncio.sleep(0)

    def _failed(self, error):
        """500 when nothing was sent, else the answer is cut. The traceback goes to the log."""
        if self._late and isinstance(error, asyncio.CancelledError):
            log("the request was interrupted at its deadline", traceback.format_exc())
            return
        if self._hung and isinstance(error, (ClientGone, asyncio.CancelledError)):
            return self._fail("the client has gone", "")
        said = "the app called sys.exit()" if isinstance(error, SystemExit) else "exception in the app"
        if self._gone:
            said = "exception in the app, after the client had gone"
        elif self._state == _COMPLETE:
            said = "exception in the app, after its answer"
        trace = traceback.format_exc()
        app_failed(said, trace)
        self._fail("the app failed", trace)

    def _fail(self, reason, trace):
        if self._gone or self._state == _COMPLETE:
            return
        if self._state in (_WAITING, _HELD) and self._taking is None:
            self._state = _COMPLETE
            self._told = True
            head, body = _FAILURE
            if self._session.tracebacks and trace:
                head, body = b"500\0Content-Type\0text/html; charset=utf-8", (_PAGE % html.escape(trace)).encode("utf-8", "replace")
            self._session.answer(self.stream, head, body)
        elif self._connection is not None and not self._connection.closed:
            self._state = _COMPLETE
            self._told = True
            self._connection.write(ABORT, reason.encode("latin-1", "replace")[:1000])

    def _over(self):
        """The app has returned. The edge is told when it knows of no end."""
        self._done = True
        connection, self._connection = self._connection, None
        if not self._told:
            if connection is not None and connection.answered and not connection.closed:
                connection.write(ABORT)
            else:
                self._session.dropped(self.stream)
        self._state = _COMPLETE
        if self._waiters:
            self._wake()
        if connection is not None:
            self._session.streams.give_back(connection)
        self._session.over(self)


def _bytes(body):
    if isinstance(body, (bytes, bytearray, memoryview)):
        return bytes(body)
    raise TypeError("the body must be bytes, not %s" % type(body).__name__)


_FAILURE = (b"500\0Content-Type\0text/plain; charset=utf-8", b"Internal Server Error\n")

_PAGE = """<!doctype html><html lang="en"><head><meta charset="utf-8"><title>Exception in the app</title>
<style>:root{color-scheme:light dark;font:16px/1.5 system-ui,sans-serif}body{max-width:60rem;margin:3rem auto;padding:0 1rem}
pre{overflow:auto;padding:1rem;border-radius:.5rem;background:#8882;font-size:.85rem}</style></head>
<body><h1>Exception in the app</h1><pre>%s</pre></body></html>
"""
