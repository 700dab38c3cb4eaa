"""The forerunner of an app's workers: imports the app once, then forks a worker each time that main asks for one."""

import fcntl
import gc
import os
import platform
import select
import signal
import socket
import sys
import time

from .control import DESCRIPTOR, Control
from .fork_traps import fork_traps, reseed
from .load import LoadFailed, load_app
from .log import log

#: Exit code of a forked worker that main does not want any more.
UNWANTED = 70
#: What a worker has of main, and where it belongs; the control channel's number is fixed, the last one's is not.
STRANDS = (("out", 1), ("err", 2), ("control", DESCRIPTOR), ("life", None))


class Forerunner:
    def __init__(self, settings, control):
        self._settings = settings
        self._control = control
        self._started = time.monotonic()
        self._children = set()

    def run(self):
        """Returns in each forked worker: (app, control, settings) of that worker. In the forerunner itself it ends the process."""
        app = self._load()
        if app is None:
            self._leave(3)
        # What the import made lives on: the collector need not look at it again, in no worker either, and so its pages stay shared.
        gc.collect()
        gc.freeze()
        for trap in fork_traps(self._control.fileno()):
            self._control.say({"warning": trap})
        loaded = int((time.monotonic() - self._started) * 1000)
        self._control.say({"ready": {"pid": os.getpid(), "python": platform.python_version(), "kind": "forerunner", "loaded_ms": loaded}})
        key = self._serve()
        control = self._settle(key)
        return app, control, control.settings()

    # --- internal ---

    def _load(self):
        # A process that the app's import forks is none of main's.
        if hasattr(os, "register_at_fork"):
            os.register_at_fork(after_in_child=self._control.close_in_child)
        try:
            app, warnings = load_app(self._settings)
        except LoadFailed as failure:
            self._control.failed(failure.reason, failure.remedy, failure.trace)
            return None
        for warning in warnings:
            self._control.say({"warning": warning})
        return app

    def _serve(self):
        """Forks and collects until main is gone. Returns in a forked worker, with its key."""
        woken, wake = os.pipe()
        for end in (woken, wake):
            os.set_blocking(end, False)
        # The app's import may have set either: its workers get them back.
        handler = signal.signal(signal.SIGCHLD, lambda number, frame: None)
        wakeup = signal.set_wakeup_fd(wake, warn_on_full_buffer=False)
        poll = select.poll()
        poll.register(self._control.fileno(), select.POLLIN)
        poll.register(woken, select.POLLIN)
        while True:
            ready = [descriptor for descriptor, _ in poll.poll()]
            if woken in ready:
                os.read(woken, 4096)
                self._collect()
            if self._control.fileno() not in ready:
                continue
            for message in self._control.receive():
                key = message.get("fork")
                if key is not None and self._fork(key):
                    signal.set_wakeup_fd(wakeup)
                    # None: it was not set from Python, and is what it was.
                    signal.signal(signal.SIGCHLD, signal.SIG_DFL if handler is None else handler)
                    os.close(woken)
                    os.close(wake)
                    return key

    def _fork(self, key):
        """True in the child."""
        # What is buffered would be written by both.
        sys.stdout.flush()
        sys.stderr.flush()
        try:
            pid = os.fork()
        except OSError as error:
            self._control.say({"unforked": {"key": key, "reason": "cannot fork: %s" % error.strerror}})
            return False
        except Exception as error:
            # A hook of os.register_at_fork() does not raise, so this is ours.
            self._control.say({"unforked": {"key": key, "reason": "cannot fork: %s" % error}})
            return False
        if pid == 0:
            return True
        self._children.add(pid)
        self._control.say({"forked": {"key": key, "pid": pid}})
        return False

    def _collect(self):
        """Tells main how workers have ended. Only ours: the app's import may have left children that others wait for."""
        for pid in list(self._children):
            try:
                ended, status = os.waitpid(pid, os.WNOHANG)
            except ChildProcessError:
                ended, status = pid, 0  # the app ignores SIGCHLD, or has collected it itself
            if ended == 0:
                continue
            self._children.discard(pid)
            code = os.WEXITSTATUS(status) if os.WIFEXITED(status) else None
            name = signal_name(os.WTERMSIG(status)) if os.WIFSIGNALED(status) else None
            self._control.say({"exited": {"pid": pid, "code": code, "signal": name}})

    def _settle(self, key):
        """Makes the forked process what one that main started is by birth; returns its control channel."""
        try:
            os.setsid()
            self._control.close_in_child()
            life = None
            for strand, descriptor in STRANDS:
                connection = socket.socket(socket.AF_UNIX)
                connection.connect(self._settings["door"])
                connection.sendall(("%s %s\n" % (key, strand)).encode())
                if descriptor is None:
                    life = connection
                elif connection.fileno() != descriptor:
                    os.dup2(connection.fileno(), descriptor, inheritable=descriptor != DESCRIPTOR)
                    connection.close()
                else:
                    os.set_inheritable(connection.detach(), descriptor != DESCRIPTOR)
            die_with_main(life)
        except OSError as error:
            log("a forked worker does not reach main: %s" % error)
            self._leave(UNWANTED)
        reseed()
        return Control()

    def _leave(self, code):
        """At once: a half-imported app may have left threads that never end."""
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)


def die_with_main(connection):
    """The kernel kills this process when the other end of the connection goes, with main, whatever this process does then.

    Not PR_SET_PDEATHSIG: our parent is the forerunner, whose end is not to be ours. Where this can't be had, the end of the control channel still ends a worker.
    """
    if sys.platform.startswith("linux"):
        fcntl.fcntl(connection, fcntl.F_SETOWN, os.getpid())
        fcntl.fcntl(connection, F_SETSIG, signal.SIGKILL)
        fcntl.fcntl(connection, fcntl.F_SETFL, fcntl.fcntl(connection, fcntl.F_GETFL) | os.O_ASYNC)
    connection.detach()  # open for as long as the process lives


#: fcntl(2); Linux's, and not in the module.
F_SETSIG = 10


def signal_name(number):
    try:
        return signal.Signals(number).name
    except ValueError:
        return "signal %d" % number
