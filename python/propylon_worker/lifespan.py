"""The lifespan protocol of ASGI ("Lifespan Protocol" of its specification): the app's startup and shutdown."""

import asyncio
import traceback

from .log import log


class StartupFailed(Exception):
    """The app said, or raised, that it can't start. `trace` is the traceback, or empty."""

    def __init__(self, reason, trace=""):
        super().__init__(reason)
        self.reason = reason
        self.trace = trace


class Lifespan:
    """`mode`: `auto` (an app that does not know the protocol does without), `on` (it must), `off`."""

    def __init__(self, app, mode, loop):
        self._app = app
        self._mode = mode
        self._loop = loop
        self._task = None
        self._events = asyncio.Queue()
        self._answer = None
        self._failure = None
        self._exited = False
        #: What the app's startup put there, for the scopes of all exchanges; None: the app has no lifespan.
        self.state = None

    async def startup(self):
        """Waits for the app's startup. Raises StartupFailed."""
        if self._mode == "off":
            return
        self.state = {}
        self._answer = self._loop.create_future()
        self._task = self._loop.create_task(self._run())
        self._events.put_nowait({"type": "lifespan.startup"})
        kind, text = await self._answer
        if kind == "lifespan.startup.complete":
            return
        if kind == "lifespan.startup.failed":
            await asyncio.wait([self._task], timeout=1)  # frameworks raise after that word: their traceback is worth the wait
            # Some send the whole traceback as the message.
            lines = text.strip().splitlines()
            raise StartupFailed("the app's lifespan startup failed%s" % (": " + lines[-1] if lines else ""), self._failure or (text if len(lines) > 1 else ""))
        # It raised, or returned without a word.
        self.state = None
        if self._exited:
            raise StartupFailed("the app ended its lifespan startup with %s" % text, self._failure)
        if self._mode == "on":
            raise StartupFailed("lifespan is on, and the app does not support it: %s" % text, self._failure or "")

    async def shutdown(self):
        """Waits for the app's shutdown. Main sets the limit: it kills the worker after its stop_timeout."""
        if self.state is None or self._task is None or self._task.done():
            return
        self._answer = self._loop.create_future()
        self._events.put_nowait({"type": "lifespan.shutdown"})
        kind, text = await self._answer
        if kind == "lifespan.shutdown.failed":
            log("the app's lifespan shutdown failed%s" % (": " + text if text else ""), self._failure or "")
        elif kind == "over" and self._failure:
            log("the app's lifespan shutdown failed", self._failure)

    # --- internal ---

    async def _run(self):
        scope = {"type": "lifespan", "asgi": {"version": "3.0", "spec_version": "2.0"}, "state": self.state}
        text = "it returned"
        try:
            await self._app(scope, self._events.get, self._send)
        except BaseException as error:  # an app without lifespan raises what it likes at a scope that it does not know
            text = "%s: %s" % (type(error).__name__, error)
            self._exited = not isinstance(error, Exception)
            self._failure = traceback.format_exc()
        self._settle("over", text)

    async def _send(self, message):
        kind = message["type"]
        if kind not in ("lifespan.startup.complete", "lifespan.startup.failed", "lifespan.shutdown.complete", "lifespan.shutdown.failed"):
            raise RuntimeError("%r can't be sent in a lifespan" % (kind,))
        self._settle(kind, message.get("message", ""))

    def _settle(self, kind, text):
        if self._answer is not None and not self._answer.done():
            self._answer.set_result((kind, text))
