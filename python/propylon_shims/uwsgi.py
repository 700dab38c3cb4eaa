"""What an app that was configured for uWSGI finds as `import uwsgi`: its options, the worker's number, locks and the cache.

Locks, cache and metrics are shared by all workers of the instance and gone with it. `uwsgi.post_fork_hook = f` is called in each worker
once the app is there, `uwsgi.atexit = f` at its end. The rest of uWSGI's module (spooler, mules, signals, timers, RPC, WebSocket, ...)
needs uWSGI itself: to touch it raises an AttributeError that says so, and what to use instead; `hasattr` is False.
"""

import atexit as _atexit
import json as _json
import os as _os
import signal as _signal
import socket as _socket
import sys as _sys
import time as _time

from propylon_uwsgi_store import Cache as _Cache
from propylon_uwsgi_store import Locks as _Locks
from propylon_uwsgi_store import SharedFolder as _SharedFolder
from propylon_uwsgi_store import main_process as _main_process

_written = _os.environ.get("PROPYLON_UWSGI", "{}")
_told = _json.loads(_written)

#: Each option of the configuration, bytes, empty for a key alone; True for a switch of the command line. The last one of a repeated option.
opt = {name: value if value is True else value.encode() for name, value in _told.get("opt", {}).items()}
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
loop = None
unbit = None
SPOOL_OK, SPOOL_RETRY, SPOOL_IGNORE = -2, -1, 0

_folder = _SharedFolder(_written)
_locks = _Locks(_folder, int(opt.get("locks") or 0))
_cache = _Cache(_folder)
#: The store's part for metrics.
_METRICS = "propylon:metrics"


def worker_id():
    """1 to `numproc`. While a reload replaces the workers, the new ones have the numbers of those that they replace."""
    return _folder.slot(int(_os.environ.get("PROPYLON_WORKER", "1")), numproc)


def masterpid():
    """Process id of propylon's main process."""
    return _main_process()


def mule_id():
    return 0


def is_a_reload():
    return False


def i_am_the_spooler():
    return False


def log(message):
    _sys.stderr.write("%s\n" % message)
    return True


def ready():
    return True


def mem():
    """Resident memory and address space of this process, bytes."""
    try:
        with open("/proc/self/statm") as file:
            pages = file.read().split()
    except OSError:
        return 0, 0  # no /proc
    return int(pages[1]) * _os.sysconf("SC_PAGE_SIZE"), int(pages[0]) * _os.sysconf("SC_PAGE_SIZE")


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
    return _cache.count(key, lambda number: number + amount, expires, cache)


def cache_dec(key, amount=1, expires=0, cache=None):
    return _cache.count(key, lambda number: number - amount, expires, cache)


def cache_mul(key, factor=2, expires=0, cache=None):
    return _cache.count(key, lambda number: number * factor, expires, cache)


def cache_div(key, divisor=2, expires=0, cache=None):
    """Whole numbers, towards zero; a division by 0 gives 0."""
    return _cache.count(key, lambda number: _quotient(number, divisor), expires, cache)


def metric_get(name):
    """A number of all workers, 0 when nothing was counted. It is for the app alone: /metrics has what `prometheus_client` counts."""
    return _cache.number(name, _METRICS)


def metric_set(name, value):
    return _metric(name, lambda number: value)


def metric_inc(name, amount=1):
    return _metric(name, lambda number: number + amount)


def metric_dec(name, amount=1):
    return _metric(name, lambda number: number - amount)


def metric_mul(name, factor=1):
    return _metric(name, lambda number: number * factor)


def metric_div(name, divisor=1):
    return _metric(name, lambda number: _quotient(number, divisor))


def metric_set_max(name, value):
    return _metric(name, lambda number: max(number, value))


def metric_set_min(name, value):
    return _metric(name, lambda number: min(number, value))


def reload():
    """Replaces the workers, new ones ready first. True when main was told; None where it runs as another user."""
    return _tell_main(_signal.SIGHUP)


def stop():
    """Ends the whole instance. True when main was told; None where it runs as another user."""
    return _tell_main(_signal.SIGINT)


class sendfile:
    """What an app returns to have a file, by its name or number or an open one, for its body."""

    def __init__(self, file, chunk=0, position=0, size=0):
        self._file = file if hasattr(file, "read") else open(file, "rb")
        self._chunk = chunk or 32768
        self._left = size or None
        if position:
            self._file.seek(position)

    def __iter__(self):
        while self._left is None or self._left > 0:
            data = self._file.read(self._chunk if self._left is None else min(self._chunk, self._left))
            if not data:
                return
            if self._left is not None:
                self._left -= len(data)
            yield data

    def close(self):
        self._file.close()


def _metric(name, change):
    return _cache.count(name, change, 0, _METRICS)


def _quotient(number, divisor):
    if divisor == 0:
        return 0
    quotient = abs(number) // abs(divisor)
    return quotient if (number < 0) == (divisor < 0) else -quotient


def _tell_main(number):
    try:
        _os.kill(masterpid(), number)
    except PermissionError:
        return None
    return True


def _at_exit():
    """An app may set `uwsgi.atexit` to a function for the end of each worker."""
    hook = globals().get("atexit")
    if hook is not None and _os.environ.get("PROPYLON_WORKER"):
        hook()


_atexit.register(_at_exit)

#: What is missing, by the beginning of its name, and what does it instead.
_INSTEAD = (
    (("spool", "send_to_spooler", "set_spooler"), "tasks beside requests: run them as a program of their own, with a queue"),
    (("mule", "farm", "in_farm", "i_am_the_lord", "scroll", "lord"), "a process beside the workers: run it as a program of its own"),
    (("signal", "register_signal", "add_timer", "add_rb_timer", "add_cron", "add_file_monitor", "alarm"), "timers and signals: run what they do as a program of its own, or from cron"),
    (("websocket", "connection_fd", "disconnect"), "WebSocket: make the app ASGI, which is served with WebSockets"),
    (("async", "wait_fd", "suspend", "green", "is_connected", "connect", "send", "recv", "close"), "an event loop: make the app ASGI"),
    (("rpc", "register_rpc", "call"), "remote calls: ask the other app over HTTP"),
    (("sharedarea", "queue"), "shared memory: the cache functions are shared by all workers"),
    (("set_logvar", "get_logvar", "log_this_request", "logsize"), "variables of the log: set a response header, which `access_log` can write"),
    (("workers", "total_requests", "request_id", "listen_queue"), "figures: ask the address of the option `stats`, or /metrics"),
    (("set_user_harakiri",), "a deadline: set `deadline` of the app or the route"),
    (("route",), "internal routing: write routes in propylon.yaml"),
)


def __getattr__(name):
    if name.startswith("__") or name in ("post_fork_hook", "atexit"):
        raise AttributeError(name)
    instead = next((text for names, text in _INSTEAD if name.startswith(names)), "the app runs under propylon, whose `uwsgi` module has options, worker_id, locks, cache and metrics")
    raise AttributeError("uwsgi.%s needs uWSGI itself; %s" % (name, instead))
