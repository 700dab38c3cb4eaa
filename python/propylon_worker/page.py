"""The shared page of started exchanges (docs/worker-protocol.md)."""

import mmap
import struct
import threading

#: Bytes of a lane's entry.
ENTRY = 64
_ENTRY = struct.Struct("<IId")  # taken, stream, began
#: After these: the thread that runs the lane, as the stacks of the flight recorder name it.
_THREAD = struct.Struct("<Q")


class Page:
    """A file of main's, mapped: what the lanes started stays readable when this process is killed."""

    def __init__(self, path):
        with open(path, "r+b") as file:
            self._map = mmap.mmap(file.fileno(), 0)

    def entries(self, lanes):
        """(stream, began) of each lane."""
        return [_ENTRY.unpack_from(self._map, lane * ENTRY)[1:] for lane in range(lanes)]

    def running(self, lane):
        """Whether this lane runs an exchange."""
        return _ENTRY.unpack_from(self._map, lane * ENTRY)[1] != 0

    def writer(self, lane):
        """A function (taken, stream, began) that notes what the lane of the calling thread runs; called before each exchange, and with 0, 0.0 after it.

        `taken` counts on from what an earlier session of this process noted. Modulo 2^32: a fast lane gets there in two days.
        """
        offset = lane * ENTRY
        before = _ENTRY.unpack_from(self._map, offset)[0]
        pack, memory = _ENTRY.pack_into, self._map
        _THREAD.pack_into(memory, offset + _ENTRY.size, threading.get_ident() & 0xFFFFFFFFFFFFFFFF)

        def note(taken, stream, began):
            pack(memory, offset, (before + taken) & 0xFFFFFFFF, stream, began)

        return note
