"""Checks what an app gives to start_response() and makes the head that is sent of it (PEP 3333, "The start_response() Callable")."""

import re

#: Heads that are kept, and the longest of them in bytes.
KNOWN = 256
KNOWN_SIZE = 1024

_STATUS = re.compile(r"[2-5][0-9]{2}(?: [\t\x20-\x7e\x80-\xff]*)?")
_NAME = re.compile(r"[!#$%&'*+\-.^_`|~0-9A-Za-z]+")
_VALUE = re.compile(r"[\t\x20-\x7e\x80-\xff]*")
_LENGTH = re.compile(r"[0-9]{1,18}")

#: Fields of one connection, which are the server's (PEP 3333, "Other HTTP Features"; RFC 9110 §7.6.1). Connection and Keep-Alive are too,
#: but many an app sends them with server-sent events and does well elsewhere: the edge leaves those out.
HOP_BY_HOP = frozenset(
    (
        "proxy-authenticate",
        "proxy-authorization",
        "proxy-connection",
        "te",
        "trailer",
        "trailers",
        "transfer-encoding",
        "upgrade",
    )
)

# (status, *headers) -> (head, Content-Length). Apps answer alike: finding a head here costs less than joining it anew.
_known = {}


def response_head(status, headers):
    """(head, declared): `status NUL name NUL value ...` in latin-1, and the Content-Length or -1. Raises TypeError or ValueError."""
    if not isinstance(headers, list):
        raise TypeError("start_response() takes a list of headers, not %s" % type(headers).__name__)
    try:
        return _known[(status, *headers)]
    except KeyError:
        made = _make(status, headers)
    except TypeError:  # not hashable, so not tuples of text: the checks say which
        return _make(status, headers)
    if len(made[0]) <= KNOWN_SIZE:
        if len(_known) >= KNOWN:
            _known.clear()
        _known[(status, *headers)] = made
    return made


# --- internal ---


def _make(status, headers):
    if not isinstance(status, str):
        raise TypeError("the status must be str such as '200 OK', not %s" % type(status).__name__)
    if _STATUS.fullmatch(status) is None:
        raise ValueError("the status must be such as '200 OK', not %r" % status)
    declared = -1
    parts = [status]
    for header in headers:
        if not isinstance(header, tuple) or len(header) != 2:
            raise TypeError("a header must be a tuple (name, value), not %r" % (header,))
        name, value = header
        if not isinstance(name, str) or not isinstance(value, str):
            raise TypeError("the name and value of a header must be str, not %r" % (header,))
        if _NAME.fullmatch(name) is None:
            raise ValueError("%r is not the name of a header" % name)
        if _VALUE.fullmatch(value) is None:
            raise ValueError("the header %s holds a control character, or one beyond latin-1: %r" % (name, value))
        lower = name.lower()
        if lower in HOP_BY_HOP:
            raise ValueError("the header %s is the server's to send (PEP 3333): leave it out" % name)
        if lower == "content-length":
            declared = _length(value, declared)
        parts.append(name)
        parts.append(value)
    return "\0".join(parts).encode("latin-1"), declared


def _length(value, before):
    if _LENGTH.fullmatch(value) is None:
        raise ValueError("Content-Length must be a number of bytes, not %r" % value)
    length = int(value)
    if before not in (-1, length):
        raise ValueError("two Content-Length headers that differ: %d and %d" % (before, length))
    return length
