"""The answer to one exchange: start_response(), write(), and what an app's iterable gives (PEP 3333)."""

from .log import log
from .own_connection import ClientGone
from .response_head import response_head

#: Largest body that travels as a whole answer.
WHOLE = 262144
#: Longest head of a whole answer: its length is a u16.
WHOLE_HEAD = 65535


class Answer:
    """One exchange's. An app that keeps `write` or `wsgi.input` for later finds it over, not on another client's answer."""

    # What changes in few exchanges is kept on the class until then.
    head = None  # bytes, once start_response() was called
    declared = -1  # Content-Length as the app gave it
    begun = False  # the head has left on the lane's connection
    gone = False  # the client has hung up
    given = False  # a whole answer is on its way; its iterable may still run
    over = False
    _left = -1  # bytes of the declared length not yet sent
    _dropped = False

    def __init__(self, own, stream, method):
        self._own = own
        self.stream = stream
        self._method = method

    def start_response(self, status, headers, exc_info=None):
        """PEP 3333's start_response()."""
        if exc_info is not None:
            try:
                if self.begun:
                    raise exc_info[1].with_traceback(exc_info[2])
            finally:
                exc_info = None  # no cycle through this frame
        elif self.head is not None:
            raise AssertionError("start_response() was called twice, without exc_info")
        self.head, self.declared = response_head(status, headers)
        return self.write

    def write(self, data):
        """PEP 3333's write(): sent at once."""
        if self.head is None:
            raise AssertionError("write() before start_response()")
        if not isinstance(data, bytes):
            raise TypeError("write() takes bytes, not %s" % type(data).__name__)
        if self.given or self.over:
            raise ValueError("write() after the answer was complete")
        if not self.begun:
            self._begin(self.declared, True)
        self._piece(data)

    def of_list(self, pieces):
        """Answers with a list: all of the body is here. Returns (head, body) for a whole answer, or None when it was sent."""
        if self.head is None:
            raise AssertionError("the app did not call start_response()")
        body = pieces[0] if len(pieces) == 1 else b"".join(pieces)
        if not isinstance(body, bytes):
            raise TypeError("the app's body must be bytes, not %s" % type(body).__name__)
        size = len(body)
        if self.begun:
            self._piece(body)
            return self._end()
        if self._method == "HEAD":
            body, size = b"", 0
        elif self.declared >= 0 and self.declared != size and not self._bodyless():
            body = self._cut_to_declared(body)
            if body is None:
                return None
            size = len(body)
        if size <= WHOLE and len(self.head) <= WHOLE_HEAD:
            return self.head, body
        self._begin(self.declared if self._method == "HEAD" else size, False)
        self._piece(body)
        return self._end()

    def of_iterable(self, result):
        """Answers with what an iterable gives. Returns None when that was sent, or (head, body, rest).

        That is a whole answer, and the iterator that is to be exhausted once it has left: apps may work on after their body.
        """
        alone = _length_is_one(result)
        pieces = iter(result)
        for piece in pieces:
            if not isinstance(piece, bytes):
                raise TypeError("the app's iterable must give bytes, not %s" % type(piece).__name__)
            if self.head is None:
                if piece:
                    raise AssertionError("the app gave a body before it called start_response()")
                continue
            if not piece:
                continue
            if not self.begun:
                if self._method == "HEAD":
                    break
                size = len(piece)
                if (size == self.declared or (alone and self.declared < 0)) and size <= WHOLE and len(self.head) <= WHOLE_HEAD:
                    self.given = True
                    return self.head, piece, pieces
                self._begin(size if alone and self.declared < 0 else self.declared, True)
            self._piece(piece)
            if self._dropped:
                break
        if self.head is None:
            raise AssertionError("the app did not call start_response()")
        if not self.begun:
            # No body at all: HEAD, or an empty one.
            if self.declared > 0 and self._method != "HEAD" and not self._bodyless():
                return self._abort_short(self.declared)
            if len(self.head) <= WHOLE_HEAD:
                self.given = True
                return self.head, b"", ()
            self._begin(self.declared if self._method == "HEAD" or self._bodyless() else 0, False)
        return self._end()

    def exhaust(self, pieces):
        """Lets the app run to the end of an iterable whose body was complete with its first piece."""
        for piece in pieces:
            if piece:
                self._say_dropped()
                break

    def fail(self, reason):
        """Cuts an answer that has begun."""
        self._own.abort(self.stream, reason)

    def end_for_nobody(self):
        """Ends an answer that the client does not wait for any more."""
        self._own.end(self.stream)

    # --- internal ---

    def _begin(self, length, streaming):
        self.begun = True
        self._left = length
        self._own.begin(self.stream, length, streaming, self.head)

    def _piece(self, data):
        if self.gone:
            raise ClientGone("the client has gone")
        if self._method == "HEAD":
            return
        if self._left >= 0:
            if len(data) > self._left:
                self._say_dropped()
                data = data[: self._left]
            self._left -= len(data)
        if data:
            try:
                self._own.piece(self.stream, data)
            except ClientGone:
                self.gone = True
                raise

    def _end(self):
        if self._left > 0 and not self.gone and self._method != "HEAD" and not self._bodyless():
            return self._abort_short(self._left)
        self._own.end(self.stream)
        return None

    def _abort_short(self, missing):
        reason = "the app sent %d bytes less than its Content-Length" % missing
        log("%s: the answer was cut" % reason)
        self._own.abort(self.stream, reason)
        return None

    def _cut_to_declared(self, body):
        """A body as long as its Content-Length; None when it is shorter, and then the answer is cut."""
        if len(body) < self.declared:
            return self._abort_short(self.declared - len(body))
        self._say_dropped()
        return body[: self.declared]

    def _say_dropped(self):
        if not self._dropped:
            self._dropped = True
            log("the app sent more than its Content-Length: the rest was dropped")

    def _bodyless(self):
        """204 and 304 have no body, whatever their Content-Length says of a GET's (RFC 9110 §8.6)."""
        return self.head.startswith((b"204", b"304"))


def _length_is_one(result):
    try:
        return len(result) == 1
    except TypeError:
        return False
