"""An edge in Python for the tests: speaks the worker protocol over a real Unix socket to a real worker process."""

import json
import os
import select
import shutil
import socket
import struct
import subprocess
import sys
import tempfile
import time

HERE = os.path.dirname(os.path.abspath(__file__))
WORKER = os.path.join(os.path.dirname(HERE), "propylon_worker")
APPS = os.path.join(HERE, "apps")
#: Seconds after which a test has waited in vain.
PATIENCE = 20

REQUEST, HELP, BODY, END, ABORT = 1, 2, 3, 4, 5
HELLO, RESPONSE, HEAD, FOLLOW, PULL = 16, 17, 18, 19, 20
KINDS = {0: "data", 1: "lane", 3: "help"}
ENVIRON = {"SERVER_PROTOCOL": "HTTP/1.1", "SERVER_NAME": "example.org", "SERVER_PORT": "80", "SCRIPT_NAME": "", "wsgi.url_scheme": "http"}


class Answer:
    """What has come of one exchange so far."""

    def __init__(self, stream, body):
        self.stream = stream
        self.request_body = body
        self.pulls = []  # sizes asked for
        self.status = None
        self.headers = []
        self.length = None  # of HEAD
        self.streaming = None
        self.body = b""
        self.pieces = []
        self.ended = None  # "whole", "end" or "abort: reason"
        self.service = self.mode = None

    def head(self, text):
        parts = text.decode("latin-1").split("\0")
        self.status = parts[0]
        self.headers = list(zip(parts[1::2], parts[2::2]))


class Connection:
    def __init__(self, sock):
        self.sock = sock
        self.rest = b""
        self.kind = self.lane = None
        self.reading = True


class Edge:
    """Listens, and starts workers on demand. Single-threaded: `wait` reads what comes until a condition holds."""

    def __init__(self, target="answers:app", lanes=1, directory=APPS, **settings):
        self.folder = tempfile.mkdtemp(prefix="propylon-test-")
        self.path = os.path.join(self.folder, "app.sock")
        self.page_path = os.path.join(self.folder, "page")
        with open(self.page_path, "wb") as page:
            page.write(bytes(64 * lanes))
        self.lanes = lanes
        self.connections = []
        self.answers = {}
        self.hellos = []
        self.follows = 0
        self.said = []  # messages on the control channel
        self.serve_pulls = True
        self._last_stream = 0
        self._blocks = {}
        self._listener = None
        self.listen()
        self.errors_path = os.path.join(self.folder, "stderr")
        self.output_path = os.path.join(self.folder, "stdout")
        self._start(target, directory, settings)

    # --- a worker's life ---

    def _start(self, target, directory, settings):
        ours, theirs = socket.socketpair()
        script = "import os, sys; fd = int(sys.argv[1]); fd == 3 or (os.dup2(fd, 3), os.close(fd)); os.execv(sys.argv[2], sys.argv[2:])"
        launch = [sys.executable, "-S", "-c", script, str(theirs.fileno())]
        environment = dict(os.environ, PYTHONDONTWRITEBYTECODE="1")
        environment.pop("PYTHONPATH", None)
        environment.update(settings.pop("environment", {}))
        options = settings.pop("options", [])
        with open(self.errors_path, "wb") as errors, open(self.output_path, "wb") as output:
            self.process = subprocess.Popen(
                launch + [sys.executable, *options, WORKER, "test", "7"], stdin=subprocess.DEVNULL, stdout=output, stderr=errors, pass_fds=[theirs.fileno()], env=environment
            )
        theirs.close()
        self.control = ours
        self._control_rest = b""
        self.control_open = True
        load = settings.pop("load", {"kind": "module", "target": target})
        told = dict(socket=self.path, page=self.page_path, worker=7, app="test", lanes=self.lanes, load=load, factory=None, directory=directory, pythonpath=[], tracebacks=False, profile="")
        told.update(settings)
        self.say({"settings": told})

    def say(self, message):
        self.control.sendall(json.dumps(message).encode() + b"\n")

    def heard(self, key):
        """The first message of the worker's that has this key."""
        self.wait(lambda: any(key in message for message in self.said), "%r on the control channel" % key)
        return next(message for message in self.said if key in message)

    def connected(self):
        """Waits until all connections of the worker are open."""
        self.wait(lambda: len(self.hellos) == self.lanes + 2, "the worker's connections")
        return self

    def exit_code(self):
        self.wait(lambda: self.process.poll() is not None, "the worker's end")
        return self.process.returncode

    def errors(self):
        with open(self.errors_path, "rb") as file:
            return file.read().decode("utf-8")

    def output(self):
        with open(self.output_path, "rb") as file:
            return file.read().decode("utf-8")

    def page(self, lane=0):
        """(taken, stream, began) of a lane."""
        with open(self.page_path, "rb") as file:
            return struct.unpack_from("<IId", file.read(), 64 * lane)

    def listen(self):
        self._listener = socket.socket(socket.AF_UNIX)
        self._listener.bind(self.path)
        self._listener.listen(64)

    def die(self):
        """Closes everything that an edge has, as its death does."""
        self._listener.close()
        os.unlink(self.path)
        self.drop_connections()

    def drop_connections(self):
        for connection in self.connections:
            connection.sock.close()
        self.connections, self.hellos, self._blocks = [], [], {}

    def close(self):
        self.process.kill()
        self.process.wait()
        self.control.close()
        self.drop_connections()
        self._listener.close()
        shutil.rmtree(self.folder)

    # --- exchanges ---

    def ask(self, path="/", body=b"", **how):
        """Sends a request and waits for the whole answer."""
        return self.finish(self.send(path, body, **how))

    def finish(self, answer):
        self.wait(lambda: answer.ended is not None, "the answer to stream %d" % answer.stream)
        return answer

    def send(self, path="/", body=b"", **how):
        answer, data = self.request(path, body, **how)
        self.data().sendall(data)
        return answer

    def send_together(self, paths):
        """Sends requests in one write: a batch."""
        made = [self.request(path) for path in paths]
        self.data().sendall(b"".join(data for _, data in made))
        return [answer for answer, _ in made]

    def request(self, path, body=b"", method="GET", query="", deferred=False, chunked=False, environ=None, target="", slot=None):
        self._last_stream += 1
        stream = self._last_stream
        values = dict(ENVIRON, **(environ or {}))
        if (body or method == "POST") and not chunked:
            values.setdefault("CONTENT_LENGTH", str(len(body)))
        block = "\0".join(key + "\0" + value for key, value in values.items()).encode("latin-1")
        if slot is None:
            slot = 5000  # used once
        elif self._blocks.get(slot) == block:
            block = b""
        else:
            self._blocks[slot] = block
        head = "\0".join((method, path, query, "127.0.0.1", "40000", target)).encode("latin-1")
        flags = (1 if deferred else 0) | (2 if chunked else 0)
        payload = struct.pack("<IIIBBHq", slot, len(block), len(head), flags, 0, 0, len(body)) + block + head + (b"" if deferred else body)
        answer = self.answers[stream] = Answer(stream, body)
        return answer, struct.pack("<IIB", len(payload), stream, REQUEST) + payload

    def data(self):
        return self.connected().of("data").sock

    def of(self, kind, lane=0):
        return next(connection for connection in self.connections if (connection.kind, connection.lane) == (kind, lane))

    def help(self):
        self.of("help").sock.sendall(struct.pack("<IIB", 0, 0, HELP))

    # --- reading ---

    def wait(self, condition, what="a condition"):
        """Reads what comes until the condition holds."""
        deadline = time.monotonic() + PATIENCE
        while not condition():
            if time.monotonic() > deadline:
                raise AssertionError("waited in vain for %s; the worker's log: %s" % (what, self.errors()))
            self.read(0.02)

    def read(self, seconds):
        sources = [connection.sock for connection in self.connections if connection.reading]
        sources += [self._listener] if self._listener.fileno() >= 0 else []
        sources += [self.control] if self.control_open else []
        for ready in select.select(sources, [], [], seconds)[0]:
            if ready is self._listener:
                self.connections.append(Connection(ready.accept()[0]))
            elif ready is self.control:
                self._read_control()
            else:
                self._read_frames(next(c for c in self.connections if c.sock is ready))

    def _read_control(self):
        try:
            chunk = self.control.recv(65536)
        except ConnectionError:
            chunk = b""
        if not chunk:
            self.control_open = False
        self._control_rest += chunk
        *lines, self._control_rest = self._control_rest.split(b"\n")
        self.said += [json.loads(line) for line in lines]

    def _read_frames(self, connection):
        try:
            chunk = connection.sock.recv(1 << 20)
        except ConnectionError:
            chunk = b""
        if not chunk:
            connection.reading = False
            return
        rest = connection.rest + chunk
        while len(rest) >= 9:
            length, stream, kind = struct.unpack_from("<IIB", rest)
            if len(rest) < 9 + length:
                break
            self._frame(connection, kind, stream, rest[9 : 9 + length])
            rest = rest[9 + length :]
        connection.rest = rest

    def _frame(self, connection, kind, stream, payload):
        if kind == HELLO:
            version, number, lane, worker, lanes = struct.unpack("<BBHII", payload)
            connection.kind, connection.lane = KINDS[number], lane
            self.hellos.append((version, connection.kind, lane, worker, lanes))
            return
        if kind == FOLLOW:
            assert connection.kind == "help"
            self.follows += 1
            return
        answer = self.answers[stream]
        if kind == RESPONSE:
            assert connection.kind == "data"
            answer.service, _, answer.mode, size = struct.unpack_from("<IBBH", payload)
            answer.head(payload[8 : 8 + size])
            answer.body = payload[8 + size :]
            self._ended(answer, "whole")
            return
        assert connection.kind == "lane", (connection.kind, kind)
        if kind == HEAD:
            answer.length, answer.streaming = struct.unpack_from("<qB", payload)
            answer.head(payload[9:])
        elif kind == BODY:
            answer.pieces.append(payload)
            answer.body += payload
        elif kind == END:
            self._ended(answer, "end")
        elif kind == ABORT:
            self._ended(answer, "abort: " + payload.decode("latin-1"))
        elif kind == PULL:
            answer.pulls.append(struct.unpack("<I", payload)[0])
            if self.serve_pulls:
                self.give(connection, answer)
        else:
            raise AssertionError("frame of type %d" % kind)

    def give(self, connection, answer):
        """Answers a PULL with the next piece of the request's body."""
        size = answer.pulls[-1]
        piece, answer.request_body = answer.request_body[:size], answer.request_body[size:]
        connection.sock.sendall(struct.pack("<IIB", len(piece), answer.stream, BODY if piece else END) + piece)

    def abort(self, answer, lane=0):
        self.of("lane", lane).sock.sendall(struct.pack("<IIB", 0, answer.stream, ABORT))

    def _ended(self, answer, how):
        assert answer.ended is None, "a second answer to stream %d" % answer.stream
        answer.ended = how
