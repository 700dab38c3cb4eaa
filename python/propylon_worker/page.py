"""The shared page of started exchanges (docs/worker-protocol.md)."""

import mmap
import struct

#: Bytes of a lane's entry.
ENTRY = 64
_ENTRY = struct.Struct("<IId")  # taken, stream, began


class Page:
    """A file of main's, mapped: what the lanes started stays readable when this process is killed."""

    def __init__(self, path):
        with open(path, "r+b") as file:
            self._map = mmap.mmap(file.fileno(), 0)

    def writer(self, lane):
        """A function (taken, stream, began) that notes what this lane runs; called before each exchange.

        `taken` counts on from what an earlier session of this process noted.
        """
        offset = lane * ENTRY
        before = _ENTRY.unpack_from(self._map, offset)[0]
        pack, memory = _ENTRY.pack_into, self._map
        if before == 0:
            def note(taken, stream, began):
                pack(memory, offset, taken, stream, began)
        else:
            def note(taken, stream, began):
                pack(memory, offset, (before + taken) & 0xFFFFFFFF, stream, began)
        return note
