"""What an app that was configured for uWSGI finds as `import uwsgi`: its options, the worker's number, locks and the cache.

Locks and cache are shared by all workers of the instance and gone with it. The rest of uWSGI's module (spooler, mules, signals,
timers, RPC, WebSocket, ...) needs uWSGI itself: to touch it raises an AttributeError that says so, and `hasattr` is False.
"""

import json as _json
import os as _os
import socket as _socket
import sys as _sys
import time as _time

from propylon_uwsgi_store import Cache as _Cache
from propylon_uwsgi_store import Locks as _Locks
from propylon_uwsgi_store import SharedFolder as _SharedFolder

_written = _os.environ.get("PROPYLON_UWSGI", "{}")
_told = _json.loads(_written)

#: Each option of the configuration, bytes; the last one of a repeated option, empty for one without a value.
opt = {name: value.encode() for name, value in _told.get("opt", {}).items()}
numproc = int(_told.get("numproc", 1))
cores = int(_told.get("threads", 1))
has_threads = True
buffer_size = int(opt.get("buffer-size") or 4096)
hostname = _socket.gethostname().encode()
started_on = int(_time.time())
#: The release whose behaviour this follows.
version = b"2.0.21-propylon"
version_info = (2, 0, 21, 0, b"propylon")
applications = None
SPOOL_OK, SPOOL_RETRY, SPOOL_IGNORE = -2, -1, 0

_folder = _SharedFolder(_written)
_locks = _Locks(_folder, int(opt.get("locks") or 0))
_cache = _Cache(_folder)


def worker_id():
    """1 to `numproc`. While a reload replaces the workers, the new ones have the numbers of those that they replace."""
    return _folder.slot(int(_os.environ.get("PROPYLON_WORKER", "1")), numproc)


def masterpid():
    """Process id of propylon's main process."""
    return _os.getppid()


def mule_id():
    return 0


def is_a_reload():
    return False


def i_am_the_spooler():
    return False


def log(message):
    _sys.stderr.write("%s\n" % message)
    return True


def micros():
    return int(_time.time() * 1000000)


def lock(number=0):
    """Waits until no thread of any worker holds this lock. ValueError for a number above the option `locks`."""
    _locks.acquire(number)


def unlock(number=0):
    _locks.release(number)


def is_locked(number=0):
    return _locks.held(number)


def cache_get(key, cache=None):
    """The value, bytes, or None."""
    return _cache.get(key, cache)


def cache_set(key, value, expires=0, cache=None):
    """True; None, and nothing done, when the key is there. `expires`: seconds, 0 for never."""
    return _cache.set(key, value, expires, cache, replace=False)


def cache_update(key, value, expires=0, cache=None):
    return _cache.set(key, value, expires, cache, replace=True)


def cache_exists(key, cache=None):
    return True if _cache.get(key, cache) is not None else None


def cache_del(key, cache=None):
    """True; None when there was no such key."""
    return _cache.delete(key, cache)


def cache_clear(cache=None):
    return _cache.clear(cache)


def cache_keys(cache=None):
    return _cache.keys(cache)


def cache_num(key, cache=None):
    """The number that `cache_inc` and `cache_dec` count, 0 when there is none."""
    return _cache.number(key, cache)


def cache_inc(key, amount=1, expires=0, cache=None):
    return _cache.count(key, amount, expires, cache)


def cache_dec(key, amount=1, expires=0, cache=None):
    return _cache.count(key, -amount, expires, cache)


def __getattr__(name):
    if name.startswith("__"):
        raise AttributeError(name)
    raise AttributeError(
        "uwsgi.%s needs uWSGI itself; the app runs under propylon, whose `uwsgi` module has options, worker_id, locks and cache" % name
    )
