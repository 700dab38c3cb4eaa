"""One small WSGI app with a path for each thing that an app may do. `checked` is the same under wsgiref's validator."""

import hashlib
import io
import os
import subprocess
import sys
import threading
import time
from wsgiref.validate import validator

TEXT = [("Content-Type", "text/plain")]
closed = []
kept = {}


class Closing:
    """An iterable that notes that it was closed."""

    def __init__(self, pieces, name):
        self._pieces = iter(pieces)
        self._name = name

    def __iter__(self):
        return self

    def __next__(self):
        return next(self._pieces)

    def close(self):
        closed.append(self._name)


def text(size):
    return TEXT + [("Content-Length", str(size))]


# --- answers that are as they should be ---


def hello(environ, start_response):
    start_response("200 OK", TEXT)
    return [b"Hello"]


def pieces(environ, start_response):
    start_response("200 OK", TEXT)
    return [b"one ", b"", b"two"]


def empty_list(environ, start_response):
    start_response("200 OK", TEXT)
    return []


def one_tuple(environ, start_response):
    start_response("200 OK", TEXT)
    return (b"tuple",)


def generator(environ, start_response):
    start_response("200 OK", TEXT)
    return Closing((b"piece %d\n" % i for i in range(3)), "generator")


def empty_generator(environ, start_response):
    start_response("200 OK", TEXT)
    return Closing([], "empty_generator")


def declared(environ, start_response):
    start_response("200 OK", text(6))
    return Closing([b"abc", b"", b"def"], "declared")


def declared_at_once(environ, start_response):
    start_response("200 OK", text(6))
    return Closing([b"", b"abcdef"], "declared_at_once")


def works_on(environ, start_response):
    """All of its body at first; then it goes on to its end, and notes it."""
    start_response("200 OK", text(4))
    return Closing(_works_on(), "works_on closed")


def _works_on():
    yield b"body"
    closed.append("works_on went on")


def large_list(environ, start_response):
    start_response("200 OK", TEXT)
    return [b"z" * 100000] * 7


def large(environ, start_response):
    start_response("200 OK", TEXT)
    return [b"z" * int(environ["QUERY_STRING"])]


def large_head(environ, start_response):
    start_response("200 OK", TEXT + [("X-%d" % i, "v" * 1000) for i in range(70)])
    return [b"behind it"]


def writes(environ, start_response):
    write = start_response("200 OK", TEXT)
    write(b"one ")
    write(b"two ")
    return [b"three"]


def writes_declared(environ, start_response):
    write = start_response("200 OK", text(6))
    write(b"abc")
    return Closing([b"def"], "writes_declared")


def replaced(environ, start_response):
    """An error after start_response(), before any output: exc_info lets the head be replaced."""
    start_response("200 OK", TEXT)
    try:
        raise ValueError("replaced")
    except ValueError:
        start_response("503 Sorry", TEXT, sys.exc_info())
    return [b"sorry"]


def not_modified(environ, start_response):
    start_response("304 Not Modified", [("Content-Length", "1234"), ("ETag", '"a"')])
    return []


def file(environ, start_response):
    start_response("200 OK", TEXT)
    return environ["wsgi.file_wrapper"](io.BytesIO(b"0123456789" * 10), 30)


def latin(environ, start_response):
    start_response("200 Caf\xe9", TEXT + [("X-Name", "caf\xe9"), ("Set-Cookie", "a=1"), ("Set-Cookie", "b=2")])
    return [environ["PATH_INFO"].encode("latin-1")]


def keys(environ, start_response):
    start_response("200 OK", TEXT)
    wanted = environ["QUERY_STRING"].split(",")
    return ["\n".join("%s=%s" % (key, environ.get(key, "-")) for key in wanted).encode("latin-1")]


# --- request bodies ---


def digest(environ, start_response):
    body = environ["wsgi.input"].read(-1)
    start_response("200 OK", TEXT)
    return [("%d %s %s" % (len(body), hashlib.md5(body).hexdigest(), environ.get("CONTENT_LENGTH", "-"))).encode()]


def digest_pieces(environ, start_response):
    found, size = hashlib.md5(), 0
    for piece in iter(lambda: environ["wsgi.input"].read(10007), b""):
        found.update(piece)
        size += len(piece)
    start_response("200 OK", TEXT)
    return [("%d %s" % (size, found.hexdigest())).encode()]


def digest_lines(environ, start_response):
    found, count = hashlib.md5(), 0
    for line in environ["wsgi.input"]:
        found.update(line)
        count += 1
    start_response("200 OK", TEXT)
    return [("%d %s" % (count, found.hexdigest())).encode()]


def methods(environ, start_response):
    body = environ["wsgi.input"]
    got = (body.readline(), body.read(3), body.readline(2), body.readline(100), body.readlines(3), body.read(0), body.readlines(), body.read(5), body.readline(), body.read(-1))
    start_response("200 OK", TEXT)
    return [repr(got).encode()]


def reads_all(environ, start_response):
    """read() without a size, which the validator forbids, and iteration by hand."""
    body = environ["wsgi.input"]
    first = next(body)
    rest = body.read()
    start_response("200 OK", TEXT)
    return [repr((first, rest, body.read(), list(body))).encode()]


def unread(environ, start_response):
    start_response("200 OK", TEXT)
    return [b"unread"]


def echoes(environ, start_response):
    """Reads while it answers."""
    start_response("200 OK", TEXT)
    return Closing(iter(lambda: environ["wsgi.input"].read(65536), b""), "echoes")


def catches_lost_body(environ, start_response):
    try:
        environ["wsgi.input"].read(-1)
    except OSError as error:
        start_response("400 Bad Request", TEXT)
        return [str(error).encode()]
    start_response("200 OK", TEXT)
    return [b"whole"]


# --- failures ---


def boom(environ, start_response):
    raise RuntimeError("boom <&> \u20ac")


def late(environ, start_response):
    start_response("200 OK", TEXT)
    return Closing(_fails_late(RuntimeError("late")), "late")


def late_connection_error(environ, start_response):
    """An error of the app's own connection must not be taken for one of ours."""
    start_response("200 OK", TEXT)
    return Closing(_fails_late(ConnectionRefusedError("the database")), "late_connection_error")


def _fails_late(error):
    yield b"begun"
    raise error


def after_body(environ, start_response):
    start_response("200 OK", text(5))
    return Closing(_fails_late(RuntimeError("after the body")), "after_body")


def before_body(environ, start_response):
    start_response("200 OK", TEXT)
    return Closing(_fails_before(), "before_body")


def _fails_before():
    yield b""
    raise RuntimeError("before the body")


def close_fails(environ, start_response):
    start_response("200 OK", TEXT)
    return CloseFails([b"a", b"b"])


class CloseFails(list):
    def close(self):
        raise RuntimeError("close failed")


def twice(environ, start_response):
    start_response("200 OK", TEXT)
    start_response("200 OK", TEXT)
    return [b"never"]


def reraises(environ, start_response):
    """exc_info after the head has left: the exception comes back."""
    write = start_response("200 OK", TEXT)
    write(b"begun")
    try:
        raise ValueError("too late to replace")
    except ValueError:
        start_response("500 Sorry", TEXT, sys.exc_info())
    return [b"never"]


def exits(environ, start_response):
    sys.exit(1)


def interrupts(environ, start_response):
    raise KeyboardInterrupt


def no_start(environ, start_response):
    return [b"no head"]


def no_start_generator(environ, start_response):
    yield b"no head"


def none(environ, start_response):
    start_response("200 OK", TEXT)


def string(environ, start_response):
    start_response("200 OK", TEXT)
    return ["str"]


def string_alone(environ, start_response):
    start_response("200 OK", TEXT)
    return "str"


def string_generator(environ, start_response):
    start_response("200 OK", TEXT)
    return iter([b"", "str"])


def writes_string(environ, start_response):
    start_response("200 OK", TEXT)("str")
    return []


def splits(environ, start_response):
    start_response("200 OK", TEXT + [("X", "a\r\nSet-Cookie: b")])
    return [b""]


def connection(environ, start_response):
    start_response("200 OK", TEXT + [("Transfer-Encoding", "chunked")])
    return [b""]


def short(environ, start_response):
    start_response("200 OK", text(10))
    return Closing([b"abc"], "short")


def short_list(environ, start_response):
    start_response("200 OK", text(10))
    return [b"abc"]


def short_nothing(environ, start_response):
    start_response("200 OK", text(10))
    return Closing([], "short_nothing")


def long(environ, start_response):
    start_response("200 OK", text(3))
    return Closing([b"ab", b"cdef", b"g"], "long")


def long_list(environ, start_response):
    start_response("200 OK", text(3))
    return [b"abcdef"]


def long_at_once(environ, start_response):
    start_response("200 OK", text(3))
    return Closing([b"abc", b"def"], "long_at_once")


def endless(environ, start_response):
    start_response("200 OK", TEXT)
    return Closing(_endless(), "endless")


def _endless():
    while True:
        time.sleep(0.002)
        yield b"tick\n"


def swallows(environ, start_response):
    """Writes on and on, whatever write() raises."""
    write = start_response("200 OK", TEXT)
    failures = 0
    while failures < 3:
        try:
            write(b"tick\n")
            time.sleep(0.002)
        except OSError:
            failures += 1
    closed.append("swallows %d" % failures)
    return [b"more"]


# --- what stays behind ---


def keeps(environ, start_response):
    kept["write"] = start_response("200 OK", TEXT)
    kept["input"] = environ["wsgi.input"]
    return [b"kept"]


def uses_kept(environ, start_response):
    said = []
    for use in (lambda: kept["write"](b"stale"), lambda: kept["input"].read()):
        try:
            said.append(repr(use()))
        except Exception as error:
            said.append("%s: %s" % (type(error).__name__, error))
    start_response("200 OK", TEXT)
    return ["\n".join(said).encode()]


def was_closed(environ, start_response):
    start_response("200 OK", TEXT)
    names, closed[:] = ",".join(closed), []
    return [names.encode()]


# --- the process ---


def sleeps(environ, start_response):
    time.sleep(float(environ["QUERY_STRING"]))
    start_response("200 OK", TEXT)
    return [b"slept"]


def waits_for(environ, start_response):
    """Waits until a file exists: as slow as a test wants it."""
    while not os.path.exists(environ["QUERY_STRING"]):
        time.sleep(0.001)
    start_response("200 OK", TEXT)
    return [b"waited"]


def touches(environ, start_response):
    open(environ["QUERY_STRING"], "w").close()
    start_response("200 OK", TEXT)
    return [b"touched"]


def closes_slowly(environ, start_response):
    start_response("200 OK", TEXT)
    return ClosesSlowly(environ["QUERY_STRING"])


class ClosesSlowly:
    def __init__(self, path):
        self._path = path

    def __len__(self):
        return 1

    def __iter__(self):
        return iter([b"first the answer"])

    def close(self):
        while not os.path.exists(self._path):
            time.sleep(0.001)


def closes_after(environ, start_response):
    start_response("200 OK", text(16))
    return ClosesAfter([b"first the answer"], float(environ["QUERY_STRING"]))


class ClosesAfter(Closing):
    def close(self):
        time.sleep(self._name)


def prints(environ, start_response):
    print("printed", "\u20ac")
    sys.stderr.write("on stderr\n")
    environ["wsgi.errors"].write("on wsgi.errors\n")
    environ["wsgi.errors"].flush()
    start_response("200 OK", TEXT)
    return [b"printed"]


def closes_stderr(environ, start_response):
    sys.stderr = open(os.devnull, "w")
    sys.stderr.close()
    raise RuntimeError("nowhere to say it")


def process(environ, start_response):
    """What a program started by the app inherits, and what the app sees of the process."""
    listing = subprocess.run(["sh", "-c", "ls -l /proc/self/fd"], stdout=subprocess.PIPE, close_fds=False).stdout.decode()
    sockets = sum("socket:" in line for line in listing.splitlines())
    said = [str(sockets), repr(sys.argv[1:]), repr(os.environ.get("PROPYLON_PROFILE")), repr(sys.stdin.read()), threading.current_thread().name]
    start_response("200 OK", TEXT)
    return ["\n".join(said).encode()]


def forks(environ, start_response):
    """Leaves a child behind that lives as long as a file exists."""
    child = os.fork()
    if child == 0:
        while os.path.exists(environ["QUERY_STRING"]):
            time.sleep(0.005)
        os._exit(0)
    start_response("200 OK", TEXT)
    return [("%d" % child).encode()]


def app(environ, start_response):
    found = globals().get(environ["PATH_INFO"][1:] or "hello")
    return (found or latin)(environ, start_response)


checked = validator(app)
