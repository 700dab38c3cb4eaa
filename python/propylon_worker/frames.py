"""Codec of the worker protocol (docs/worker-protocol.md): bytes in, fields out, no I/O."""

import struct

VERSION = 1
REQUEST, HELP, BODY, END, ABORT, MESSAGE, CLOSE, INTERRUPT = 1, 2, 3, 4, 5, 6, 7, 8
HELLO, RESPONSE, HEAD, FOLLOW, PULL = 16, 17, 18, 19, 20
#: Kinds of connection, as HELLO names them.
DATA, LANE, STREAM, HELPLINE, LOOP = 0, 1, 2, 3, 4
DEFERRED, CHUNKED, WEBSOCKET = 1, 2, 8
#: What a MESSAGE is, and whether more of it follows.
TEXT, BINARY, REST, MORE = 1, 2, 0, 128
#: Longest payload that a peer may announce.
MAX_PAYLOAD = 16 * 1024 * 1024 - 1
#: Environ blocks that a worker keeps.
SLOTS = 1024

_FRAME = struct.Struct("<IIB")
HEAD_SIZE = _FRAME.size
# Frame head and the fixed part of a REQUEST in one go: length, stream, type, slot, block length, head length, flags, body length.
_REQUEST = struct.Struct("<IIBIIIBxxxq")
_REQUEST_SIZE = _REQUEST.size
# Frame head and the fixed part of a RESPONSE: length, stream, type, service µs, waited, mode, head length.
_RESPONSE = struct.Struct("<IIBIBBH")
_RESPONSE_FIXED = _RESPONSE.size - HEAD_SIZE
_HELLO = struct.Struct("<BBHII")
_ANSWER_HEAD = struct.Struct("<qB")

FOLLOW_FRAME = _FRAME.pack(0, 0, FOLLOW)


class FrameError(Exception):
    """The peer does not speak this protocol."""


def frame_head(kind, stream, length):
    """The head alone of a frame whose payload is written after it."""
    return _FRAME.pack(length, stream, kind)


def frame(kind, stream, payload=b""):
    """A frame of any type without a structure of its own."""
    return _FRAME.pack(len(payload), stream, kind) + payload


def hello(kind, lane, worker, lanes):
    """The first frame on each connection."""
    return frame(HELLO, 0, _HELLO.pack(VERSION, kind, lane, worker, lanes))


def parse_head(data):
    """(payload length, stream, type) of a frame whose first nine bytes are `data`."""
    length, stream, kind = _FRAME.unpack_from(data)
    if length > MAX_PAYLOAD:
        raise FrameError("payload of %d bytes announced" % length)
    return length, stream, kind


def parse_requests(chunk, blocks, pending, base):
    """Appends whole REQUEST frames as (stream, environ, head, flags, body length, body) and returns the rest.

    `blocks` is the table of kept blocks, by slot. A block is decoded once, into a copy of `base`: what all environs share.
    """
    offset, size = 0, len(chunk)
    unpack, append = _REQUEST.unpack_from, pending.append
    while size - offset >= _REQUEST_SIZE:
        length, stream, kind, slot, block_length, head_length, flags, body_length = unpack(chunk, offset)
        end = offset + HEAD_SIZE + length
        if end > size:
            break
        if kind != REQUEST:
            raise FrameError("frame of type %d on the data connection" % kind)
        at = offset + _REQUEST_SIZE
        if block_length:
            texts = chunk[at : at + block_length].decode("latin-1").split("\0")
            block = base.copy()
            block.update(zip(texts[::2], texts[1::2]))
            block.pop("HTTP_PROXY", None)  # httpoxy: programs that the app starts would take it for their proxy (CVE-2016-5385)
            if slot < SLOTS:
                blocks[slot] = block
            at += block_length
        else:
            block = blocks[slot] if slot < SLOTS else None
            if block is None:
                raise FrameError("slot %d is empty" % slot)
        append((stream, block, chunk[at : at + head_length], flags, body_length, chunk[at + head_length : end]))
        offset = end
    if offset + HEAD_SIZE <= size and _FRAME.unpack_from(chunk, offset)[0] > MAX_PAYLOAD:
        raise FrameError("payload too long")
    return chunk[offset:] if offset else chunk


def whole_answer(stream, answer, service, waited, sharing):
    """A RESPONSE. `answer` is (head, body), both bytes."""
    head, body = answer
    return b"".join(
        (_RESPONSE.pack(_RESPONSE_FIXED + len(head) + len(body), stream, RESPONSE, service, waited, sharing, len(head)), head, body)
    )


def answer_head(stream, length, streaming, head):
    """A HEAD: a streamed answer begins. `length` -1: unknown."""
    return frame(HEAD, stream, _ANSWER_HEAD.pack(length, 1 if streaming else 0) + head)


def begun_head(length, head):
    """The payload alone of a HEAD whose pieces are passed on at once."""
    return _ANSWER_HEAD.pack(length, 1) + head


def pull(stream, size):
    """Asks for up to `size` bytes of the request's body."""
    return frame(PULL, stream, size.to_bytes(4, "little"))
