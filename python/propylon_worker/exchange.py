"""Runs one exchange after another on a lane: environ in, the app called, its answer out (PEP 3333)."""

import html
import io
import sys
import traceback

from .body_input import pulled_input
from .file_wrapper import FileWrapper
from .frames import CHUNKED, DEFERRED
from .own_connection import ClientGone

#: Largest body that travels as a whole answer.
WHOLE = 262144
#: Longest head of a whole answer: its length is a u16.
WHOLE_HEAD = 65535


class Runner:
    """One lane's. What repeats from exchange to exchange is kept; nothing of an exchange is."""

    def __init__(self, app, base, own, tracebacks):
        self._app = app
        self._base = base
        self._own = own
        self._tracebacks = tracebacks
        self._status = None
        self._headers = None
        self._stream = 0
        self._streaming = False
        self._left = -1  # bytes of a declared length still to be written while streaming
        self._method = ""

    def run(self, request):
        """Calls the app. Returns (head, body) for a whole answer, or None when it was streamed on the lane's own connection."""
        stream, block, head, flags, body_length, body = request
        environ = self._base.copy()
        environ.update(block)
        method, path, query, address, port, target = head.decode("latin-1").split("\0")
        environ["REQUEST_METHOD"] = method
        environ["PATH_INFO"] = path
        environ["QUERY_STRING"] = query
        environ["REMOTE_ADDR"] = address
        environ["REMOTE_PORT"] = port
        environ["REQUEST_URI"] = target or (environ["SCRIPT_NAME"] + path + ("?" + query if query else ""))
        if flags:
            if flags & CHUNKED:
                environ["CONTENT_LENGTH"] = str(body_length)
            environ["wsgi.input"] = pulled_input(self._own, stream, body_length) if flags & DEFERRED else io.BytesIO(body)
        else:
            environ["wsgi.input"] = io.BytesIO(body)
        self._status = None
        self._streaming = False
        self._stream = stream
        self._method = method
        result = None
        try:
            result = self._app(environ, self.start_response)
            if type(result) is list and self._status is not None and not self._streaming:
                payload = result[0] if len(result) == 1 else b"".join(result)
                if len(payload) <= WHOLE:
                    if type(payload) is not bytes:
                        raise TypeError("the app's body must be bytes, not %s" % type(payload).__name__)
                    return self._head(), b"" if method == "HEAD" else payload
            return self._consume(result)
        except ClientGone:
            self._own.end(stream)
            return None
        except (ConnectionError, BrokenPipeError):
            if not self._streaming:
                return self._failed()
            return None  # the edge is gone, and the session with it
        except BaseException:  # SystemExit too: an app that exits must not take the worker with it, unsaid
            return self._failed()
        finally:
            if result is not None:
                close = getattr(result, "close", None)
                if close is not None:
                    try:
                        close()
                    except BaseException:
                        self._log("the app's iterable failed to close")

    def start_response(self, status, headers, exc_info=None):
        """PEP 3333's start_response()."""
        if exc_info is not None:
            try:
                if self._streaming:
                    raise exc_info[1].with_traceback(exc_info[2])
            finally:
                exc_info = None
        elif self._status is not None:
            raise AssertionError("start_response() was called twice, without exc_info")
        if type(headers) is not list:
            raise TypeError("start_response() takes a list of headers, not %s" % type(headers).__name__)
        self._status = status
        self._headers = headers
        return self.write

    def write(self, data):
        """PEP 3333's write(): sent at once."""
        if self._status is None:
            raise AssertionError("write() before start_response()")
        if not self._streaming:
            self._begin(self._declared_length())
        self._piece(data)

    # --- internal ---

    def _head(self):
        """`status NUL name NUL value ...`; a NUL inside would let a value forge a field."""
        parts = [self._status]
        for name, value in self._headers:
            parts.append(name)
            parts.append(value)
        text = "\0".join(parts)
        if text.count("\0") != 2 * len(self._headers):
            raise ValueError("a NUL in the app's status or headers")
        return text.encode("latin-1")

    def _declared_length(self):
        for name, value in self._headers:
            if name.lower() == "content-length":
                return int(value)
        return -1

    def _consume(self, result):
        """An answer that is not one list: whole when its declared length is there at once, else streamed."""
        pieces = iter(result)
        first = b""
        for first in pieces:
            if first or self._streaming:
                break
        if self._status is None:
            raise AssertionError("the app did not call start_response()")
        if self._method == "HEAD" and not self._streaming:
            return self._head(), b""
        if not self._streaming:
            declared = self._declared_length()
            if declared < 0 and _length_is_one(result):
                declared = len(first)
            if len(first) == declared <= WHOLE:
                head = self._head()
                if len(head) <= WHOLE_HEAD:
                    return head, first
            self._begin(declared)
        if first:
            self._piece(first)
        for piece in pieces:
            if piece:
                self._piece(piece)
        if self._left > 0:
            self._own.abort(self._stream, "the app sent %d bytes less than its Content-Length" % self._left)
            self._log("the app sent %d bytes less than its Content-Length: the connection was cut" % self._left, False)
        else:
            self._own.end(self._stream)
        return None

    def _begin(self, length):
        head = self._head()
        self._streaming = True
        self._left = length
        self._own.begin(self._stream, length, head)

    def _piece(self, data):
        if self._method == "HEAD":
            return
        if self._left >= 0:
            if len(data) > self._left:
                self._log("the app sent more than its Content-Length: the rest was dropped", False)
                data = data[: self._left]
            self._left -= len(data)
        if data:
            self._own.piece(self._stream, data)

    def _failed(self):
        """An exception: 500 when nothing was sent, else the answer is cut. The traceback goes to the log."""
        self._log("exception in the app")
        if self._streaming:
            try:
                self._own.abort(self._stream, "the app failed")
            except OSError:
                pass  # the edge is gone too
            return None
        if self._tracebacks:
            page = _PAGE % html.escape(traceback.format_exc())
            return b"500 Internal Server Error\0Content-Type\0text/html; charset=utf-8", page.encode("utf-8", "replace")
        return b"500 Internal Server Error\0Content-Type\0text/plain; charset=utf-8", b"Internal Server Error\n"

    def _log(self, message, with_traceback=True):
        text = "propylon: %s\n" % message
        if with_traceback:
            text += traceback.format_exc()
        sys.stderr.write(text)
        sys.stderr.flush()


_PAGE = """<!doctype html><html lang="en"><head><meta charset="utf-8"><title>Exception in the app</title>
<style>:root{color-scheme:light dark;font:16px/1.5 system-ui,sans-serif}body{max-width:60rem;margin:3rem auto;padding:0 1rem}
pre{overflow:auto;padding:1rem;border-radius:.5rem;background:#8882;font-size:.85rem}</style></head>
<body><h1>Exception in the app</h1><pre>%s</pre></body></html>
"""


def base_environ(lanes, app_name):
    """The keys that are the same for every exchange of this worker."""
    return {
        "wsgi.version": (1, 0),
        "wsgi.errors": sys.stderr,
        "wsgi.multithread": lanes > 1,
        "wsgi.multiprocess": True,
        "wsgi.run_once": False,
        "wsgi.input_terminated": True,
        "wsgi.file_wrapper": FileWrapper,
        "propylon.app": app_name,
    }


def _length_is_one(result):
    try:
        return len(result) == 1
    except TypeError:
        return False
