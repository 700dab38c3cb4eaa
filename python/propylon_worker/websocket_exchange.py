"""One WebSocket, as ASGI 3's `receive` and `send` ("WebSocket Connection Scope"). The edge speaks RFC 6455; here are whole messages."""

import asyncio
import collections
import traceback

from .asgi_head import answer_head_of
from .failures import app_failed
from .frames import ABORT, BINARY, BODY, CLOSE, END, HEAD, MESSAGE, MORE, REST, TEXT, FrameError, begun_head
from .http_exchange import ClientGone
from .log import log
from .stream import PIECE, EdgeGone

#: Bytes of messages that may wait for receive() before the client is held back.
WAITING_SIZE = 65536
WAITING_COUNT = 64
#: Close codes (RFC 6455 §7.4.1): nothing was said, the connection broke, the app failed, the worker ends.
NOTHING_SAID, BROKEN, FAILED, RESTARTS = 1005, 1006, 1011, 1012

_CONNECTING, _OPEN, _DENYING, _CLOSED = range(4)


class WebSocketExchange:
    __slots__ = (
        "stream", "task", "_session", "_scope", "_state", "_told", "_events", "_size", "_paused", "_waiters", "_code", "_reason",
        "_connection", "_denial", "_heard",
    )  # fmt: skip

    def __init__(self, session, stream, scope, flags, length, body):
        self.stream = stream
        self.task = None
        self._session = session
        self._scope = scope
        self._state = _CONNECTING
        self._told = False  # websocket.connect was given
        self._events = collections.deque()
        self._size = 0
        self._paused = False
        self._waiters = []
        self._code = None  # once it is closed, by whomever
        self._reason = ""
        self._connection = None
        self._denial = None  # (head, declared) of websocket.http.response.start
        self._heard = False  # the edge knows that it is over

    async def run(self):
        """Calls the app, and closes for it when it does not."""
        try:
            await self._session.app(self._scope, self.receive, self.send)
            if self._state == _OPEN:
                self._close(1000, "")
            elif self._state == _CONNECTING and self._code is None:
                log("the app returned without an answer to the WebSocket handshake")
                self._refuse(b"500\0Content-Type\0text/plain; charset=utf-8", b"Internal Server Error\n")
        except EdgeGone:
            pass  # nobody is there to be told
        except BaseException as error:  # no exchange may take the worker with it, unsaid
            self._failed(error)
            if isinstance(error, GeneratorExit):
                raise
        self._over()

    async def receive(self):
        """The next event: connect, a message, disconnect."""
        if not self._told:
            self._told = True
            return {"type": "websocket.connect"}
        while not self._events and self._code is None:
            waiter = self._session.loop.create_future()
            self._waiters.append(waiter)
            await waiter
        if not self._events:
            return {"type": "websocket.disconnect", "code": self._code, "reason": self._reason}
        kind, data = self._events.popleft()
        self._size -= len(data)
        if self._paused and self._size <= WAITING_SIZE // 2:
            self._paused = False
            self._connection.resume()
        if kind == TEXT:
            return {"type": "websocket.receive", "text": data.decode("utf-8")}
        return {"type": "websocket.receive", "bytes": data}

    async def send(self, message):
        """What the app says."""
        kind = message["type"]
        if self._code is not None:
            # The client has gone. An app that does not look must not go on for ever; one that does hears of it by receive().
            if kind == "websocket.close":
                return
            raise ClientGone("the WebSocket is closed")
        if kind == "websocket.send" and self._state == _OPEN:
            text = message.get("text")
            data = message.get("bytes")
            if text is not None:
                await self._message(TEXT, text.encode("utf-8"))
            elif data is not None:
                await self._message(BINARY, bytes(data))
            else:
                raise ValueError("websocket.send needs text or bytes")
        elif kind == "websocket.accept" and self._state == _CONNECTING:
            await self._accept(message)
        elif kind == "websocket.close" and self._state == _OPEN:
            self._close(*_checked_close(message))
        elif kind == "websocket.close" and self._state == _CONNECTING:
            self._refuse(b"403\0Content-Type\0text/plain; charset=utf-8", b"Forbidden\n")
        elif kind == "websocket.http.response.start" and self._state == _CONNECTING and self._denial is None:
            self._denial = answer_head_of(message["status"], message.get("headers", ()))
        elif kind == "websocket.http.response.body" and self._denial is not None and self._state in (_CONNECTING, _DENYING):
            await self._deny(bytes(message.get("body", b"")), bool(message.get("more_body")))
        else:
            raise RuntimeError("%r can't be sent %s" % (kind, ("before websocket.accept", "now", "while the handshake is denied", "after the close")[self._state]))

    # --- the session's side ---

    def gone(self, reason=b""):
        """The client is lost."""
        self._ended(BROKEN, "")

    def interrupt(self):
        """It is past its deadline: the app's task is cancelled."""
        self.gone()
        self.task.cancel()

    def shut(self):
        """The worker is to end."""
        if self._state == _OPEN:
            self._close(RESTARTS, "the server restarts")

    # --- the stream connection's side ---

    def frame(self, kind, payload):
        if kind == MESSAGE:
            if self._code is not None:
                return
            self._events.append((payload[0], payload[1:]))
            self._size += len(payload)
            if not self._paused and (self._size > WAITING_SIZE or len(self._events) > WAITING_COUNT):
                self._paused = True
                self._connection.pause()
            self._wake()
        elif kind == CLOSE:
            self._ended(int.from_bytes(payload[:2], "little"), payload[2:].decode("utf-8", "replace"))
        elif kind == ABORT:
            self._ended(BROKEN, "")
        else:
            raise FrameError("frame of type %d for a WebSocket" % kind)

    def lost(self):
        self._ended(BROKEN, "")

    # --- internal ---

    async def _accept(self, message):
        head, _ = answer_head_of(200, message.get("headers", ()))
        chosen = message.get("subprotocol")
        fields = head[3:]
        if chosen is not None:
            if chosen not in self._scope["subprotocols"]:
                raise ValueError("the subprotocol %r was not offered by the client: it would end the connection (RFC 6455 §4.1)" % (chosen,))
            fields += b"\0Sec-WebSocket-Protocol\0" + chosen.encode("latin-1")
        self._connection = await self._session.streams.take(self, self.stream)
        if self._code is None:
            self._state = _OPEN
            self._connection.write(HEAD, begun_head(-1, b"101" + fields))

    async def _message(self, kind, data):
        connection = self._connection
        size = len(data)
        if size <= PIECE:
            connection.write(MESSAGE, bytes((kind,)) + data)
        else:
            for start in range(0, size, PIECE):
                more = MORE if start + PIECE < size else 0
                connection.write(MESSAGE, bytes(((REST if start else kind) | more,)) + data[start : start + PIECE])
                await connection.drained()
        await connection.drained()

    def _close(self, code, reason):
        self._state = _CLOSED
        self._connection.write(CLOSE, code.to_bytes(2, "little") + reason.encode("utf-8"))
        self._ended(code, reason)

    def _refuse(self, head, body):
        """The handshake is answered with plain HTTP."""
        self._state = _CLOSED
        self._heard = True
        self._session.answer(self.stream, head, body)
        self._ended(BROKEN, "")

    async def _deny(self, body, more):
        head, declared = self._denial
        if self._state == _CONNECTING:
            if not more and len(body) <= PIECE and declared in (-1, len(body)):
                return self._refuse(head, body)
            self._connection = await self._session.streams.take(self, self.stream)
            self._state = _DENYING
            self._connection.write(HEAD, begun_head(declared, head))
        if body:
            await self._connection.body(body)
        if not more:
            self._state = _CLOSED
            self._heard = True
            self._connection.write(END)
            self._ended(BROKEN, "")

    def _failed(self, error):
        trace = traceback.format_exc()
        if not (self._code is not None and isinstance(error, (ClientGone, asyncio.CancelledError))):
            app_failed("exception in the app" if self._code is None else "exception in the app, after its WebSocket was closed", trace)
        if self._state == _OPEN and self._code is None:
            self._close(FAILED, "")
        elif self._state == _CONNECTING and self._code is None:
            self._refuse(b"500\0Content-Type\0text/plain; charset=utf-8", b"Internal Server Error\n")

    def _ended(self, code, reason):
        if self._code is None:
            self._code = code
            self._reason = reason
            self._state = _CLOSED
        self._wake()

    def _wake(self):
        waiters, self._waiters = self._waiters, []
        for waiter in waiters:
            if not waiter.done():
                waiter.set_result(None)

    def _over(self):
        connection, self._connection = self._connection, None
        # The last word, after whoever's CLOSE.
        if not self._heard:
            if connection is not None and not connection.closed:
                connection.write(END)
            else:
                self._session.dropped(self.stream)
        if connection is not None:
            self._session.streams.give_back(connection)
        self._session.over(self)


def _checked_close(message):
    code = message.get("code")
    code = 1000 if code is None else code
    # RFC 6455 §7.4: what may stand in a Close frame.
    if not (code in (1000, 1001, 1002, 1003) or 1007 <= code <= 1014 or 3000 <= code <= 4999):
        raise ValueError("%r is no close code to send (RFC 6455 §7.4)" % (code,))
    return code, (message.get("reason") or "").encode("utf-8")[:123].decode("utf-8", "ignore")
