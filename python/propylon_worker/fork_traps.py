"""What does not come through a fork as it was: told when an app is preloaded, so that nobody has to find out under load."""

import os
import random
import socket
import stat
import sys
import threading

#: First bytes of an SQLite database.
SQLITE = b"SQLite format 3\x00"


def fork_traps(control):
    """A sentence for each kind of thing that this process has open and should not share. `control`: a descriptor of ours."""
    return [sentence for sentence in (_threads(), _native_threads(), _sockets(control), _databases()) if sentence]


def reseed():
    """In a new worker: generators that would give each worker the same numbers. Python's own `random` has seeded itself anew."""
    numpy = sys.modules.get("numpy")
    if numpy is not None:
        try:
            numpy.random.seed(random.SystemRandom().getrandbits(32))
        except Exception:  # some other module of this name, or one that is half imported
            pass


# --- internal ---


def _threads():
    names = [thread.name for thread in threading.enumerate() if thread is not threading.main_thread()]
    if not names:
        return None
    return "preload: the import has started %s, which will not run in the workers: %s; start them after the fork, with os.register_at_fork(after_in_child=...) or at the first request" % (
        _count(len(names), "thread"),
        ", ".join(sorted(names)),
    )


def _native_threads():
    """Threads that Python does not know of; they are gone in workers, with whatever they held."""
    try:
        count = len(os.listdir("/proc/self/task")) - len(threading.enumerate())
    except OSError:
        return None
    if count <= 0:
        return None
    return "preload: a library has started %s of its own, which will not run in the workers: make sure that it can be forked" % _count(count, "thread")


def _sockets(control):
    found = []
    for descriptor in _descriptors():
        try:
            kind = os.fstat(descriptor).st_mode
        except OSError:
            continue  # that of the listing itself
        # What main gave us: output and control channel.
        if stat.S_ISSOCK(kind) and descriptor > 2 and descriptor != control:
            found.append(_spoken(descriptor))
    if not found:
        return None
    return "preload: %s open after the import would be shared by all workers, whose data would mix: %s; open them after the fork" % (_count(len(found), "socket"), ", ".join(found))


def _databases():
    found = set()
    for descriptor in _descriptors():
        try:
            path = os.readlink("/proc/self/fd/%d" % descriptor)
            if stat.S_ISREG(os.fstat(descriptor).st_mode) and os.pread(descriptor, len(SQLITE), 0) == SQLITE:
                found.add(path)
        except OSError:
            continue  # closed since, or not readable
    if not found:
        return None
    return "preload: %s open after the import must not be used in the workers, or it may be damaged: %s; open it after the fork" % (
        _count(len(found), "SQLite database"),
        ", ".join(sorted(found)),
    )


def _descriptors():
    try:
        return sorted(int(name) for name in os.listdir("/proc/self/fd"))
    except OSError:
        return []  # no /proc


def _spoken(descriptor):
    """`a connection to 127.0.0.1:5432`, `a listener on 0.0.0.0:9000`."""
    try:
        copy = socket.socket(fileno=os.dup(descriptor))
    except OSError:
        return "descriptor %d" % descriptor
    with copy:
        for word, ask in (("a connection to", copy.getpeername), ("a socket at", copy.getsockname)):
            try:
                address = ask()
            except OSError:
                continue  # it has no such end
            text = "%s:%d" % address[:2] if isinstance(address, tuple) else os.fsdecode(address)
            if text:
                return "%s %s" % (word, text)
    return "descriptor %d" % descriptor


def _count(number, noun):
    return "%d %s%s" % (number, noun, "" if number == 1 else "s")
