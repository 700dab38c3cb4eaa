"""Checks what an ASGI app gives as status and headers, and makes the head that is sent of it ("Response Start" of the specification)."""

import re

from .response_head import HOP_BY_HOP

#: Heads that are kept, and the longest of them in bytes.
KNOWN = 256
KNOWN_SIZE = 1024

_NAME = re.compile(rb"[!#$%&'*+\-.^_`|~0-9A-Za-z]+")
_VALUE = re.compile(rb"[\t\x20-\x7e\x80-\xff]*")
_LENGTH = re.compile(rb"[0-9]{1,18}")
# The server's own ("servers should ignore Transfer-Encoding"): left out, since frameworks send them through all servers alike.
_LEFT_OUT = frozenset(name.encode() for name in HOP_BY_HOP) | {b"connection", b"keep-alive"}

# (status, *headers) -> (head, Content-Length). Apps answer alike: finding a head here costs less than joining it anew.
_known = {}


def answer_head_of(status, headers):
    """(head, declared): `status NUL name NUL value ...`, and the Content-Length or -1. Raises TypeError or ValueError."""
    try:
        key = (status, *headers)
        return _known[key]
    except KeyError:
        made = _make(status, headers)
    except TypeError:  # not hashable: lists, as some frameworks give
        return _make(status, headers)
    if len(made[0]) <= KNOWN_SIZE:
        if len(_known) >= KNOWN:
            _known.clear()
        _known[key] = made
    return made


def field_pairs(headers):
    """`name NUL value NUL ...` of fields that stand alone: trailers. Raises TypeError or ValueError."""
    parts = []
    for name, value in map(_checked, headers):
        if name.lower() not in _LEFT_OUT and name.lower() != b"content-length":
            parts += (name, value)
    return b"\0".join(parts)


# --- internal ---


def _make(status, headers):
    if not isinstance(status, int):  # http.HTTPStatus is one
        raise TypeError("the status must be int, not %s" % type(status).__name__)
    if not 200 <= status <= 599:
        raise ValueError("the status must be one of 200 to 599, not %d" % status)
    declared = -1
    parts = [b"%d" % status]
    for name, value in map(_checked, headers):
        lower = name.lower()
        if lower in _LEFT_OUT:
            continue
        if lower == b"content-length":
            declared = _length(value, declared)
        parts += (name, value)
    return b"\0".join(parts), declared


def _checked(header):
    name, value = header
    if not isinstance(name, bytes) or not isinstance(value, bytes):
        raise TypeError("the name and value of a header must be bytes, not %r" % (header,))
    if _NAME.fullmatch(name) is None:
        raise ValueError("%r is not the name of a header" % name)
    if _VALUE.fullmatch(value) is None:
        raise ValueError("the header %s holds a control character: %r" % (name.decode("latin-1"), value))
    return name, value


def _length(value, before):
    if _LENGTH.fullmatch(value) is None:
        raise ValueError("Content-Length must be a number of bytes, not %r" % value)
    length = int(value)
    if before not in (-1, length):
        raise ValueError("two Content-Length headers that differ: %d and %d" % (before, length))
    return length
