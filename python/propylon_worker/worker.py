"""One worker: loads its app, serves sessions with the edge, ends when it is drained."""

import gc
import os
import platform
import sys
import threading
import time
import traceback

from .connections import close_in_children, connect
from .environ import base_environ
from .interface import LoopMissing, interface_of, new_loop
from .lanes import Session
from .load import LoadFailed, load_app
from .page import Page


class Worker:
    def __init__(self, settings, control, preloaded=None):
        """`preloaded`: the app, where a forerunner has imported it; then nothing is loaded here."""
        self._settings = settings
        self._preloaded = preloaded
        self._control = control
        self._started = time.monotonic()
        self._drained = threading.Event()
        self._sessions = []
        self._asgi = None

    def run(self):
        """The worker's life; returns its exit code."""
        close_in_children(self._close_in_child)
        self._control.listen(self._drain)
        app = self._preloaded
        if app is None:
            app = self._load()
            if app is None:
                return 3
            # What the import made lives on: the collector need not look at it again, and forked children share its pages.
            gc.collect()
            gc.freeze()
        if not self._call_post_fork_hook():
            return 3
        interface, why = interface_of(app, self._settings.get("interface") or "auto")
        if interface == "asgi":
            return self._serve_asgi(app, why)
        self._serve(app, why)
        return 0

    # --- internal ---

    def _load(self):
        """Imports the app. Tells main and returns None when that fails."""
        try:
            app, warnings = load_app(self._settings)
        except LoadFailed as failure:
            self._control.failed(failure.reason, failure.remedy, failure.trace)
            return None
        for warning in warnings:
            self._control.say({"warning": warning})
        return app

    def _call_post_fork_hook(self):
        """An app of uWSGI's may have set a function to be called in each worker, once the app is there. False when it fails."""
        hook = getattr(sys.modules.get("uwsgi"), "post_fork_hook", None)
        if hook is None:
            return True
        try:
            hook()
        except BaseException as error:  # SystemExit too
            self._control.failed("uwsgi.post_fork_hook failed: %s: %s" % (type(error).__name__, error), "", traceback.format_exc())
            return False
        return True

    def _serve_asgi(self, app, why):
        """Runs an event loop until main says drain; returns the exit code."""
        from .asgi_worker import AsgiWorker  # WSGI workers do without asyncio's memory
        from .lifespan import StartupFailed

        try:
            loop, name = new_loop(self._settings.get("loop") or "auto")
        except LoopMissing as missing:
            self._control.failed(str(missing), "install it, or write loop: auto", "")
            return 3
        self._asgi = AsgiWorker(self._settings, app, loop, lambda: self._say_ready("asgi", why, name))
        if self._drained.is_set():
            self._asgi.drain()
        try:
            self._asgi.run()
        except StartupFailed as failure:
            self._control.failed(failure.reason, "", failure.trace)
            return 3
        return 0

    def _serve(self, app, why):
        """Connects and runs exchanges, session after session, until main says drain."""
        settings = self._settings
        lanes = settings["lanes"]
        page = Page(settings["page"])
        base = base_environ(lanes, settings["app"])
        ready = False
        while True:
            connections = connect(settings["socket"], settings["worker"], lanes, self._drained)
            if connections is None:
                break
            session = Session(connections, lanes, page, base, app, settings.get("tracebacks", False))
            self._sessions = [earlier for earlier in self._sessions if earlier.running()] + [session]
            if not ready:
                ready = True
                self._say_ready("wsgi", why)
            if self._drained.is_set():
                session.drain()
            session.run()
        # An app that never returns is main's to kill; its threads that are not daemons are waited for, as Python does.
        for session in self._sessions:
            session.join()

    def _say_ready(self, interface, why, loop=""):
        loaded = int((time.monotonic() - self._started) * 1000)
        told = {"pid": os.getpid(), "python": platform.python_version(), "kind": interface, "why": why, "loop": loop, "loaded_ms": loaded}
        self._control.say({"ready": told})

    def _drain(self):
        """Nothing more is sent to us: what runs is finished, then the process ends as Python processes do, atexit and all."""
        self._drained.set()
        if self._asgi is not None:
            self._asgi.drain()
        for session in self._sessions:
            session.drain()

    def _close_in_child(self):
        self._control.close_in_child()
        if self._asgi is not None:
            self._asgi.close_in_child()
        for session in self._sessions:
            session.connections.close_in_child()
