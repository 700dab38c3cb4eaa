"""Exceptions that left the app's code: said to the log, and counted for main."""

import threading

from .log import log

_lock = threading.Lock()
_count = 0


def app_failed(said, trace):
    """Logs an exception out of the app's code, and counts it."""
    global _count
    with _lock:
        _count += 1
    log(said, trace)


def failures():
    """How many there were in this process."""
    return _count
