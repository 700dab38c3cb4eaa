"""What an edge says to a worker that runs an event loop, taken apart (docs/worker-protocol.md): bytes in, fields out, no I/O."""

import struct

from .frames import ABORT, HEAD_SIZE, INTERRUPT, MAX_PAYLOAD, REQUEST, SLOTS, FrameError
from .scope import ScopeBlock

_FRAME = struct.Struct("<IIB")
# The fixed part of a REQUEST: slot, block length, head length, flags, body length.
_REQUEST = struct.Struct("<IIIBxxxq")

#: Stand-ins for the block of a REQUEST: the client of this stream is gone, or has closed its side; it is past its deadline.
GONE = None
LATE = False


def parse_batch(chunk, blocks, found, state):
    """Appends what whole frames say to `found`, and returns the rest of `chunk`.

    REQUEST: (stream, block, head, flags, body length, body). ABORT: (stream, GONE, reason). INTERRUPT: (stream, LATE). `blocks` is the table of kept blocks, by
    slot; `state` is the app's lifespan state, or None.
    """
    offset, size = 0, len(chunk)
    while size - offset >= HEAD_SIZE:
        length, stream, kind = _FRAME.unpack_from(chunk, offset)
        if length > MAX_PAYLOAD:
            raise FrameError("payload too long")
        at = offset + HEAD_SIZE
        end = at + length
        if end > size:
            break
        offset = end
        if kind == ABORT:
            found.append((stream, GONE, chunk[at:end]))
            continue
        if kind == INTERRUPT:
            found.append((stream, LATE))
            continue
        if kind != REQUEST:
            raise FrameError("frame of type %d on the data connection" % kind)
        slot, block_length, head_length, flags, body_length = _REQUEST.unpack_from(chunk, at)
        at += _REQUEST.size
        if block_length:
            block = ScopeBlock(chunk[at : at + block_length], state)
            if slot < SLOTS:
                blocks[slot] = block
            at += block_length
        else:
            block = blocks[slot] if slot < SLOTS else None
            if block is None:
                raise FrameError("slot %d is empty" % slot)
        found.append((stream, block, chunk[at : at + head_length], flags, body_length, chunk[at + head_length : end]))
    return chunk[offset:] if offset else chunk
