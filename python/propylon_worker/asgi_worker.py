"""A worker that runs an ASGI app: one event loop, many exchanges at once."""

import asyncio
import os
import socket
import traceback

from .asgi_session import Session
from .connections import FIRST_PAUSE, LONGEST_PAUSE
from .frames import LOOP, hello
from .lifespan import Lifespan
from .log import log
from .page import Page


class AsgiWorker:
    """`say_ready` is called once, when the first connection to the edge is open."""

    def __init__(self, settings, app, loop, say_ready):
        self._settings = settings
        self._app = app
        self._loop = loop
        self._say_ready = say_ready
        self._sessions = []
        self._draining = False
        self._wanted = None

    def run(self):
        """The worker's life, from the app's startup to its shutdown. Raises StartupFailed."""
        loop = self._loop
        asyncio.set_event_loop(loop)
        loop.set_exception_handler(_log_exception)
        main = loop.create_task(self._live())
        try:
            loop.run_until_complete(main)
        finally:
            _end_tasks(loop)
            loop.run_until_complete(loop.shutdown_asyncgens())
            if hasattr(loop, "shutdown_default_executor"):
                loop.run_until_complete(loop.shutdown_default_executor())
            asyncio.set_event_loop(None)
            loop.close()

    def drain(self):
        """Nothing more is sent to us: what runs is finished, then the process ends. Called by the control thread."""
        self._draining = True
        try:
            self._loop.call_soon_threadsafe(self._drain)
        except RuntimeError:
            pass  # the loop has ended

    def close_in_child(self):
        """A forked child of the app has no part in our connections: their end is how the edge sees us die."""
        for session in self._sessions:
            for descriptor in session.descriptors():
                if descriptor >= 0:
                    try:
                        os.close(descriptor)
                    except OSError:
                        pass  # closed already

    # --- internal ---

    async def _live(self):
        loop = self._loop
        self._wanted = loop.create_future()
        lifespan = Lifespan(self._app, self._settings.get("lifespan") or "auto", loop)
        await lifespan.startup()
        if self._draining:
            self._drain()
        page = Page(self._settings["page"])
        ready = False
        while True:
            sock = await self._connect()
            if sock is None:
                break
            session = Session(loop, sock, self._settings, self._app, lifespan.state, page)
            self._sessions = [earlier for earlier in self._sessions if earlier.exchanges] + [session]
            session.start()
            if not ready:
                ready = True
                self._say_ready()
            if self._draining:
                session.drain()
            await session.ended
            if self._draining:
                break
        # What runs for nobody since its edge has died is let finish too. Main kills who takes too long.
        while any(session.exchanges for session in self._sessions):
            await asyncio.wait([exchange.task for session in self._sessions for exchange in session.exchanges.values()])
        await lifespan.shutdown()
        for session in self._sessions:
            session.close()

    async def _connect(self):
        """A data connection, tried again with growing pauses while no edge listens. None once we are to end."""
        pause = FIRST_PAUSE
        while not self._draining:
            sock = socket.socket(socket.AF_UNIX)
            try:
                sock.connect(self._settings["socket"])
                sock.sendall(hello(LOOP, 0, self._settings["worker"], self._settings["concurrency"]))
                return sock
            except OSError:
                sock.close()
                await asyncio.wait([self._wanted], timeout=pause)
                pause = min(pause * 2, LONGEST_PAUSE)
        return None

    def _drain(self):
        if self._wanted is not None and not self._wanted.done():
            self._wanted.set_result(None)
        for session in self._sessions:
            session.drain()


def _log_exception(loop, context):
    """What asyncio has no one to tell: a task's exception that was never looked at, a failed callback."""
    error = context.get("exception")
    trace = "" if error is None else "".join(traceback.format_exception(type(error), error, error.__traceback__))
    log("asyncio: %s" % context.get("message", "unknown"), trace)


def _end_tasks(loop):
    """Cancels what the app left running, and waits for it, as asyncio.run() does."""
    tasks = asyncio.all_tasks(loop)
    for task in tasks:
        task.cancel()
    if tasks:
        loop.run_until_complete(asyncio.gather(*tasks, return_exceptions=True))
