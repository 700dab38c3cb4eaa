"""The worker's part of the flight recorder: stacks of all threads in a file of main's, written without running any Python."""

import faulthandler
import signal

#: Has the stacks written. A realtime signal, since apps use the others.
SIGNAL = getattr(signal, "SIGRTMAX", 0) and signal.SIGRTMAX - 1

_file = None


def record(path):
    """From now on the stacks are written to this file when the process crashes, and when it is sent the signal that is returned (or 0)."""
    global _file
    _file = open(path, "ab", 0)
    faulthandler.enable(_file, all_threads=True)
    if SIGNAL and hasattr(faulthandler, "register"):
        faulthandler.register(SIGNAL, _file, all_threads=True, chain=False)
        return int(SIGNAL)
    return 0
