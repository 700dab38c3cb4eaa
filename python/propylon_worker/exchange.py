"""Runs one exchange after another on a lane: environ in, the app called, its answer out (PEP 3333)."""

import html
import io
import traceback

from .answer import Answer
from .body_input import pulled_input
from .deadline import DeadlineExceeded
from .environ import fill
from .failures import app_failed
from .frames import CHUNKED, DEFERRED
from .log import log
from .own_connection import ClientGone, EdgeGone


class Runner:
    """One lane's. What repeats from exchange to exchange is kept; nothing of an exchange is, once `finish` was called."""

    def __init__(self, app, own, tracebacks, turn):
        self._app = app
        self._own = own
        self._tracebacks = tracebacks
        self._turn = turn
        #: The exchange whose answer is here but whose iterable is still open: call `finish` when the answer has left.
        self.unfinished = None

    def run(self, request):
        """Calls the app. Returns (head, body) for a whole answer, or None when it was sent on the lane's own connection."""
        stream, template, head, flags, body_length, body = request
        environ = template.copy()
        method = fill(environ, head)
        answer = Answer(self._own, stream, method)
        if flags:
            if flags & CHUNKED:
                environ["CONTENT_LENGTH"] = str(body_length)
            environ["wsgi.input"] = pulled_input(self._own, answer, body_length) if flags & DEFERRED else io.BytesIO(body)
        else:
            environ["wsgi.input"] = io.BytesIO(body)
        result = None
        whole = None
        turn = self._turn
        try:
            turn.stream = stream
            result = self._app(environ, answer.start_response)
            if type(result) is list:  # has no close()
                whole = answer.of_list(result)
                turn.stream = 0
                if turn.wanted:
                    turn.settle()
                answer.over = True
                return whole
            whole = answer.of_iterable(result)
            turn.stream = 0
            if turn.wanted:
                turn.settle()
        except BaseException as error:  # SystemExit too: an app that exits must not take the worker with it, unsaid
            self._leave()
            whole = self._failed(answer, error)
        if whole is not None and len(whole) == 3:
            self.unfinished = (answer, result, whole[2])
            return whole[:2]
        self.unfinished = (answer, result, ())
        if whole is None:
            self.finish()
        return whole

    def finish(self):
        """Runs the app's iterable to its end and closes it. Its failures are the log's: the answer is complete."""
        answer, result, pieces = self.unfinished
        self.unfinished = None
        turn = self._turn
        try:
            turn.stream = answer.stream
            if pieces:
                answer.exhaust(pieces)
            turn.stream = 0
            if turn.wanted:
                turn.settle()
        except BaseException:
            self._leave()
            app_failed("exception in the app, after its answer", traceback.format_exc())
        close = getattr(result, "close", None)
        if close is not None:
            try:
                turn.stream = answer.stream
                close()
                turn.stream = 0
                if turn.wanted:
                    turn.settle()
            except BaseException:
                self._leave()
                log("the app's iterable failed to close", traceback.format_exc())
        answer.over = True

    # --- internal ---

    def _leave(self):
        """The app's code has ended: from here on nothing interrupts. An interrupt that comes on the way here has come."""
        turn = self._turn
        try:
            turn.stream = 0
            if turn.wanted:
                turn.settle()
        except DeadlineExceeded:
            turn.settle()

    def _failed(self, answer, error):
        """500 when nothing was sent, else the answer is cut. The traceback goes to the log."""
        try:
            if answer.gone or (isinstance(error, ClientGone) and answer.begun):
                if not isinstance(error, ClientGone):
                    app_failed("exception in the app, after the client had gone", traceback.format_exc())
                answer.end_for_nobody()
                return None
            if isinstance(error, EdgeGone):
                return None  # nobody is there to be told
            app_failed(_said_of(error), traceback.format_exc())
            if answer.begun:
                answer.fail("the app failed")
                return None
        except EdgeGone:
            return None
        if self._tracebacks:
            page = _PAGE % html.escape(traceback.format_exc())
            return b"500 Internal Server Error\0Content-Type\0text/html; charset=utf-8", page.encode("utf-8", "replace")
        return b"500 Internal Server Error\0Content-Type\0text/plain; charset=utf-8", b"Internal Server Error\n"


def _said_of(error):
    if isinstance(error, DeadlineExceeded):
        return "the request was interrupted at its deadline"
    return "the app called sys.exit()" if isinstance(error, SystemExit) else "exception in the app"


_PAGE = """<!doctype html><html lang="en"><head><meta charset="utf-8"><title>Exception in the app</title>
<style>:root{color-scheme:light dark;font:16px/1.5 system-ui,sans-serif}body{max-width:60rem;margin:3rem auto;padding:0 1rem}
pre{overflow:auto;padding:1rem;border-radius:.5rem;background:#8882;font-size:.85rem}</style></head>
<body><h1>Exception in the app</h1><pre>%s</pre></body></html>
"""
