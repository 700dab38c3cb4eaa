"""The pure parts of ASGI workers: what a REQUEST means, what an app may answer, what kind of app it is."""

import asyncio
import contextlib
import functools
import http
import io
import json
import os
import socket
import sys
import tempfile
import unittest

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.dirname(HERE))

from propylon_worker import asgi_frames, frames  # noqa: E402
from propylon_worker.asgi_head import answer_head_of, field_pairs  # noqa: E402
from propylon_worker.asgi_session import Session  # noqa: E402
from propylon_worker.interface import LoopMissing, interface_of, new_loop  # noqa: E402
from propylon_worker.page import Page  # noqa: E402
from propylon_worker.scope import ScopeBlock  # noqa: E402

with open(os.path.join(HERE, "..", "..", "protocol", "vectors", "frames.json")) as _file:
    VECTORS = {vector["name"]: vector for vector in json.load(_file)}


def read(*names, state=None):
    found, blocks = [], [None] * frames.SLOTS
    data = b"".join(bytes.fromhex(VECTORS[name]["hex"]) for name in names)
    assert asgi_frames.parse_batch(data, blocks, found, state) == b""
    return found


class GoldenVectors(unittest.TestCase):
    def test_a_request_becomes_a_scope(self):
        ((stream, block, head, flags, length, body),) = read("a request for an event loop, with its fields", state={"a": 1})
        self.assertEqual((stream, flags, length, body), (13, 0, 0, b""))
        self.assertEqual(
            block.http(head),
            {
                "type": "http",
                "asgi": {"version": "3.0", "spec_version": "2.3"},
                "http_version": "1.1",
                "method": "GET",
                "scheme": "http",
                "server": ("a", 80),
                "client": ("127.0.0.1", 40000),
                "root_path": "/m",
                "path": "/m/",
                "raw_path": b"/m/",
                "query_string": b"",
                "headers": [(b"host", b"a"), (b"cookie", b"a=1"), (b"cookie", b"b=\xff"), (b"x-empty", b"")],
                "extensions": {"http.response.trailers": {}},
                "state": {"a": 1},
            },
        )

    def test_a_request_for_a_websocket_becomes_a_scope(self):
        request = read("a request for an event loop, with its fields", "a request for a WebSocket")[1]
        self.assertTrue(request[3] & frames.WEBSOCKET)
        scope = request[1].websocket(request[2])
        self.assertEqual((scope["type"], scope["scheme"], scope["subprotocols"]), ("websocket", "ws", []))
        self.assertNotIn("method", scope)

    def test_variables_besides_are_an_extension(self):
        ((_, block, head, _, _, _),) = read("a variable besides, and no field")
        scope = block.http(head)
        self.assertEqual(scope["headers"], [])
        self.assertEqual(scope["extensions"]["propylon.environ"], {"environ": {"REMOTE_USER": "ann"}})
        self.assertNotIn("state", scope)

    def test_a_body_may_be_of_unknown_length(self):
        request = read("a request for an event loop, with its fields", "a body that is still to come, of unknown length")[1]
        self.assertEqual((request[3] & frames.DEFERRED, request[4]), (frames.DEFERRED, -1))

    def test_a_client_that_leaves_is_told_apart_from_one_that_closes_its_side(self):
        self.assertEqual(read("a client that has closed its side", "an end without a reason"), [(9, None, b"half-closed"), (9, None, b"")])

    def test_an_exchange_past_its_deadline_is_told_apart(self):
        self.assertEqual(read("an exchange past its deadline"), [(9, asgi_frames.LATE)])

    def test_requests_are_read_whatever_pieces_they_come_in(self):
        names = ("a request for an event loop, with its fields", "an end without a reason", "a request for a WebSocket")
        data = b"".join(bytes.fromhex(VECTORS[name]["hex"]) for name in names)
        found, blocks, rest = [], [None] * frames.SLOTS, b""
        for at in range(0, len(data), 5):
            rest = asgi_frames.parse_batch(rest + data[at : at + 5], blocks, found, None)
        self.assertEqual(([request[0] for request in found], rest), ([13, 9, 16], b""))

    def test_what_is_not_of_the_protocol_is_refused(self):
        for hexadecimal in (VECTORS["a request for a WebSocket"]["hex"], VECTORS["a piece of a body"]["hex"], "ffffffff" + "01000000" + "01"):
            with self.assertRaises(frames.FrameError):
                asgi_frames.parse_batch(bytes.fromhex(hexadecimal), [None] * frames.SLOTS, [], None)


class Sessions(unittest.TestCase):
    """A session over a socket pair, its edge being the test."""

    def converse(self, app, *names, answers=1):
        """Sends these vectors, and returns (stream, type) of so many answers."""
        loop = asyncio.new_event_loop()
        ours, theirs = socket.socketpair()
        self.addCleanup(ours.close)
        with tempfile.NamedTemporaryFile() as page:
            page.write(bytes(64))
            page.flush()
            session = Session(loop, theirs, {"socket": "/nowhere", "worker": 1}, app, None, Page(page.name))

        async def talk():
            session.start()
            found, rest = [], b""
            for name in names:
                ours.sendall(bytes.fromhex(VECTORS[name]["hex"]))
                await asyncio.sleep(0.01)
            ours.setblocking(False)
            while len(found) < answers:
                rest += await asyncio.wait_for(loop.sock_recv(ours, 65536), 10)
                while len(rest) >= 9 and len(rest) >= 9 + int.from_bytes(rest[:4], "little"):
                    length, stream, kind = frames.parse_head(rest)
                    found.append((stream, kind))
                    rest = rest[9 + length :]
            session.close()
            return found

        try:
            return loop.run_until_complete(talk())
        finally:
            loop.close()

    def test_a_request_past_its_deadline_is_cancelled(self):
        seen = []

        async def app(scope, receive, send):
            try:
                await asyncio.sleep(60)
            except asyncio.CancelledError:
                seen.append("cancelled")
                raise

        with contextlib.redirect_stderr(io.StringIO()) as log:
            found = self.converse(app, "a request for an event loop, with its fields", "request 13 past its deadline")
        self.assertEqual((found, seen), ([(13, frames.END)], ["cancelled"]))
        self.assertIn("interrupted at its deadline", log.getvalue())

    def test_an_app_that_answers_at_once_does_so_in_its_first_step(self):
        async def app(scope, receive, send):
            await send({"type": "http.response.start", "status": 200, "headers": []})
            await send({"type": "http.response.body", "body": b"x"})

        names = ("a request for an event loop, with its fields", "a request for a WebSocket")
        with contextlib.redirect_stderr(io.StringIO()) as log:  # the second is no HTTP: send() refuses
            self.assertEqual(self.converse(app, *names, answers=2), [(13, frames.RESPONSE), (16, frames.RESPONSE)])
        self.assertIn("can't be sent before websocket.accept", log.getvalue())


class Scope(unittest.TestCase):
    def scope(self, head, script="", scheme="https"):
        block = "SERVER_PROTOCOL\0HTTP/2.0\0SERVER_NAME\0a\0SERVER_PORT\x000\0SCRIPT_NAME\0%s\0wsgi.url_scheme\0%s\0HTTPS\0on\0\0" % (script, scheme)
        return ScopeBlock(block.encode("latin-1"), None).http(head)

    def test_paths_are_decoded_as_utf_8_and_kept_as_written(self):
        scope = self.scope(b"GET\0/caf\xc3\xa9 \xff\0a=%20\0\0\0/caf%C3%A9%20%FF?a=%20")
        self.assertEqual((scope["path"], scope["raw_path"]), ("/caf\u00e9 \ufffd", b"/caf%C3%A9%20%FF"))
        self.assertEqual((scope["http_version"], scope["scheme"], scope["client"], scope["server"]), ("2", "https", None, ("a", None)))

    def test_a_rewritten_path_is_not_told_as_the_one_that_was_asked_for(self):
        self.assertEqual(self.scope(b"GET\0/new caf\xc3\xa9\0\0::1\x001\0/old%20one")["raw_path"], b"/new%20caf%C3%A9")

    def test_a_mount_is_part_of_the_path(self):
        scope = self.scope(b"GET\0/x\0\0::1\x001\0", "/caf\u00c3\u00a9")
        self.assertEqual((scope["root_path"], scope["path"], scope["client"]), ("/caf\u00e9", "/caf\u00e9/x", ("::1", 1)))


class Heads(unittest.TestCase):
    def test_a_head_is_joined_and_its_length_found(self):
        self.assertEqual(answer_head_of(200, [(b"a", b"b"), (b"Content-Length", b"12")]), (b"200\0a\0b\0Content-Length\x0012", 12))
        self.assertEqual(answer_head_of(http.HTTPStatus.NOT_FOUND, [[b"a", b""]]), (b"404\0a\0", -1))

    def test_fields_of_the_connection_are_left_out(self):
        self.assertEqual(answer_head_of(200, [(b"Transfer-Encoding", b"chunked"), (b"connection", b"close"), (b"a", b"b")])[0], b"200\0a\0b")
        self.assertEqual(field_pairs([(b"content-length", b"1"), (b"a", b"b")]), b"a\0b")

    def test_what_would_break_the_message_is_refused(self):
        for status, headers in (
            ("200", []),
            (99, []),
            (600, []),
            (200, [("a", b"b")]),
            (200, [(b"a b", b"")]),
            (200, [(b"", b"")]),
            (200, [(b"a", b"b\r\nc: d")]),
            (200, [(b"a", b"\0")]),
            (200, [(b"content-length", b"+1")]),
            (200, [(b"content-length", b"1"), (b"content-length", b"2")]),
        ):
            with self.subTest((status, headers)), self.assertRaises((TypeError, ValueError)):
                answer_head_of(status, headers)


async def coroutine_app(scope, receive, send):
    pass


def wsgi_app(environ, start_response):
    pass


def forwarding_app(scope, receive, send):
    return coroutine_app(scope, receive, send)


class WsgiObject:
    def __call__(self, environ, start_response):
        pass


class AsgiObject:
    async def __call__(self, scope, receive, send):
        pass


class Interfaces(unittest.TestCase):
    def test_apps_are_known_by_what_they_are(self):
        asgi = (coroutine_app, AsgiObject(), functools.partial(coroutine_app), forwarding_app, AsgiObject().__call__)
        wsgi = (wsgi_app, WsgiObject(), functools.partial(wsgi_app), WsgiObject, WsgiObject().__call__)
        self.assertEqual([interface_of(app, "auto")[0] for app in asgi], ["asgi"] * len(asgi))
        self.assertEqual([interface_of(app, "auto")[0] for app in wsgi], ["wsgi"] * len(wsgi))

    def test_the_setting_wins(self):
        self.assertEqual(interface_of(wsgi_app, "asgi"), ("asgi", "as configured"))
        self.assertEqual(interface_of(coroutine_app, "wsgi"), ("wsgi", "as configured"))

    def test_asyncio_is_there_always_and_a_missing_uvloop_is_said(self):
        loop, name = new_loop("asyncio")
        loop.close()
        self.assertEqual((name, isinstance(loop, asyncio.AbstractEventLoop)), ("asyncio", True))
        try:
            import uvloop  # noqa: F401
        except ImportError:
            with self.assertRaises(LoopMissing):
                new_loop("uvloop")


if __name__ == "__main__":
    unittest.main()
