"""Interrupts what a lane runs, at the soft deadline of its exchange, and nothing that comes after it."""

import signal
import threading

try:
    import ctypes
except ImportError:  # a Python built without it: then only a lane of the main thread can be interrupted
    ctypes = None

#: Raises DeadlineExceeded in the main thread. A realtime signal, since apps use the others.
SIGNAL = getattr(signal, "SIGRTMAX", 0) and signal.SIGRTMAX - 2


class DeadlineExceeded(BaseException):
    """The request has run past its deadline and its client was answered 504.

    No Exception: what an app does about failures in general, such as trying again, would take it for one of those.
    """

    def __init__(self, message="this request has run past its deadline"):
        super().__init__(message)


class Turn:
    """What one lane runs at present.

    The lane sets `stream`, then looks at `wanted`; who interrupts sets `wanted`, then looks at `stream`. So one of them always sees
    the other, and a lane that nobody interrupts pays for no lock. Likewise `held`, which is set while a frame is on its way.
    """

    def __init__(self):
        self.stream = 0  # of the exchange whose app code runs, or 0
        self.wanted = 0  # the stream that is to be interrupted
        self.held = False
        self._lock = threading.Lock()
        self._thread = None
        self._pending = False
        self._by_signal = False

    def begin(self):
        """Called once, by the thread of the lane."""
        self._thread = threading.get_ident()
        if threading.current_thread() is threading.main_thread() and SIGNAL:
            # Better than an exception set from outside: a signal ends what blocks in the kernel too.
            signal.signal(SIGNAL, self._signalled)
            self._by_signal = True

    def interrupt(self, stream):
        """Interrupts this exchange, from another thread, once. False when the lane runs something else, or can't be interrupted."""
        with self._lock:
            self.wanted = stream
            if self.stream != stream:
                self.wanted = 0
                return False
            if self._by_signal:
                signal.pthread_kill(self._thread, SIGNAL)
            elif ctypes is None:
                self.wanted = 0
                return False
            elif not self.held:
                self._pending = True
                self._raise_in_lane(DeadlineExceeded)
            return True

    def settle(self):
        """The exchange is over, and somebody wanted it interrupted: an exception that is still on its way is called back."""
        self.stream = 0
        with self._lock:
            self._call_back()
            self.wanted = 0
            self.held = False

    def hold(self):
        """From here to `release` no interrupt comes: half a frame would end the connection."""
        self.held = True
        if self.wanted:
            self._give()

    def release(self):
        self.held = False
        if self.wanted:
            self._give()

    # --- internal ---

    def _give(self):
        with self._lock:
            wanted = self.wanted
            self._call_back()
            self.wanted = 0
            self.held = False
        if wanted and wanted == self.stream:
            raise DeadlineExceeded()

    def _call_back(self):
        if self._pending:
            self._pending = False
            self._raise_in_lane(None)

    def _raise_in_lane(self, error):
        ctypes.pythonapi.PyThreadState_SetAsyncExc(ctypes.c_ulong(self._thread), None if error is None else ctypes.py_object(error))

    def _signalled(self, number, frame):
        # In the lane's own thread, between two of its instructions.
        if self.wanted and self.wanted == self.stream and not self.held:
            self.wanted = 0
            raise DeadlineExceeded()
