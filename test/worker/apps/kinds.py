"""One small WSGI app with a path for each thing that an app may do. `checked` is the same under wsgiref's validator."""

import hashlib
import os
import sys
import time
from wsgiref.validate import validator

TEXT = [("Content-Type", "text/plain")]
closed = []


class Closing:
    """An iterable that notes whether it was closed."""

    def __init__(self, pieces, name):
        self._pieces = iter(pieces)
        self._name = name

    def __iter__(self):
        return self

    def __next__(self):
        return next(self._pieces)

    def close(self):
        closed.append(self._name)


def hello(environ, start_response):
    start_response("200 OK", TEXT)
    return [b"Hello"]


def generator(environ, start_response):
    start_response("200 OK", TEXT)
    return Closing((b"piece %d\n" % i for i in range(3)), "generator")


def lazy(environ, start_response):
    """Calls start_response() only when it is iterated, as generators do."""
    start_response("200 OK", TEXT)
    yield b""
    yield b"lazy"


def write(environ, start_response):
    out = start_response("200 OK", TEXT)
    out(b"one ")
    out(b"two ")
    return [b"three"]


def declared(environ, start_response):
    start_response("200 OK", TEXT + [("Content-Length", "6")])
    return Closing([b"abc", b"def"], "declared")


def short(environ, start_response):
    start_response("200 OK", TEXT + [("Content-Length", "10")])
    return iter([b"abc"])


def long(environ, start_response):
    start_response("200 OK", TEXT + [("Content-Length", "3")])
    return iter([b"abc", b"def"])


def big(environ, start_response):
    start_response("200 OK", TEXT + [("Content-Length", "10000000")])
    return [b"z" * 10000000]


def digest(environ, start_response):
    body = environ["wsgi.input"].read()
    start_response("200 OK", TEXT)
    return [("%d %s %s" % (len(body), hashlib.md5(body).hexdigest(), environ.get("CONTENT_LENGTH", ""))).encode()]


def lines(environ, start_response):
    body = environ["wsgi.input"]
    first, some, rest = body.readline(), body.read(3), body.readlines()
    start_response("200 OK", TEXT)
    return [repr((first, some, rest, body.read(5))).encode()]


def iterated(environ, start_response):
    start_response("200 OK", TEXT)
    return [repr(list(environ["wsgi.input"])).encode()]


def unread(environ, start_response):
    start_response("200 OK", TEXT)
    return [b"unread"]


def boom(environ, start_response):
    raise RuntimeError("boom <&>")


def late(environ, start_response):
    start_response("200 OK", TEXT)
    return Closing(_fails_late(), "late")


def _fails_late():
    yield b"begun"
    raise RuntimeError("late")


def replaced(environ, start_response):
    """An error after start_response(), before any output: exc_info lets the head be replaced."""
    start_response("200 OK", TEXT)
    try:
        raise ValueError("replaced")
    except ValueError:
        start_response("503 Sorry", TEXT, sys.exc_info())
    return [b"sorry"]


def twice(environ, start_response):
    start_response("200 OK", TEXT)
    start_response("200 OK", TEXT)
    return [b"never"]


def exits(environ, start_response):
    sys.exit(1)


def text(environ, start_response):
    start_response("200 OK", TEXT)
    return ["str"]


def splits(environ, start_response):
    start_response("200 OK", TEXT + [("X", "a\0Set-Cookie\0b")])
    return [b""]


def file(environ, start_response):
    start_response("200 OK", TEXT)
    return environ["wsgi.file_wrapper"](open(__file__, "rb"), 100)


def prints(environ, start_response):
    print("printed")
    sys.stderr.write("on stderr\n")
    environ["wsgi.errors"].write("on wsgi.errors\n")
    environ["wsgi.errors"].flush()
    start_response("200 OK", TEXT)
    return [b"printed"]


def empty(environ, start_response):
    start_response("204 No Content", [])
    return []


def latin(environ, start_response):
    start_response("200 OK", TEXT + [("X-Name", "caf\xe9")])
    return [environ["PATH_INFO"].encode("latin-1")]


def keys(environ, start_response):
    start_response("200 OK", TEXT)
    wanted = environ["QUERY_STRING"].split(",")
    return ["\n".join("%s=%s" % (key, environ.get(key, "-")) for key in wanted).encode("latin-1")]


def was_closed(environ, start_response):
    start_response("200 OK", TEXT)
    names, closed[:] = ",".join(closed), []
    return [names.encode()]


def sleeps(environ, start_response):
    time.sleep(float(environ["QUERY_STRING"]))
    start_response("200 OK", TEXT)
    return [b"slept"]


def endless(environ, start_response):
    start_response("200 OK", TEXT)
    return Closing(_endless(), "endless")


def _endless():
    while True:
        time.sleep(0.005)
        yield b"tick\n"


def pid(environ, start_response):
    start_response("200 OK", TEXT)
    return [str(os.getpid()).encode()]


def app(environ, start_response):
    name = environ["PATH_INFO"][1:] or "hello"
    found = globals().get(name)
    if found is None:
        return latin(environ, start_response)
    return found(environ, start_response)


checked = validator(app)
