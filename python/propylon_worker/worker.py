"""One worker: loads its app, serves sessions with the edge, ends when it is drained."""

import os
import platform
import sys
import threading
import time

from . import connections
from .exchange import Runner, base_environ
from .lanes import Session
from .load import LoadFailed, load_app
from .page import Page


class Worker:
    def __init__(self, settings, control):
        self._settings = settings
        self._control = control
        self._app = None
        self._drained = threading.Event()
        self._session = None

    def load(self):
        """Imports the app. Tells main and returns False when that fails."""
        settings = self._settings
        try:
            self._app, warnings = load_app(settings)
        except LoadFailed as failure:
            self._control.say({"failed": {"reason": failure.reason, "remedy": failure.remedy, "traceback": failure.trace}})
            return False
        for warning in warnings:
            self._control.say({"warning": warning})
        return True

    def serve(self, started):
        """Connects and runs exchanges, session after session, until main says drain."""
        settings = self._settings
        lanes = settings["lanes"]
        page = Page(settings["page"])
        base = base_environ(lanes, settings["app"])
        connections.protect_from_fork()
        self._control.listen(self._drain)
        said_ready = False
        while True:
            opened = connections.connect(settings["socket"], settings["worker"], lanes)
            connections.remember(opened)
            session = Session(opened, lanes, page, lambda own: Runner(self._app, base, own, settings.get("tracebacks", False)))
            self._session = session
            if not said_ready:
                said_ready = True
                loaded = int((time.monotonic() - started) * 1000)
                ready = {"pid": os.getpid(), "python": platform.python_version(), "kind": "wsgi", "loaded_ms": loaded}
                self._control.say({"ready": ready})
            session.start()
            session.lane(0)
            if self._drained.is_set():
                session.join()
                return

    def _drain(self):
        """Nothing more is sent to us: what runs is finished, then the process ends as Python processes do, atexit and all."""
        self._drained.set()
        if self._session is not None:
            self._session.drain()
        # An app that never returns is main's to kill; threads of the app that are not daemons are waited for, as Python does.
        sys.stdout.flush()
