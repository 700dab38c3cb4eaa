"""ASGI apps without a framework: each path is one way to answer."""

import asyncio
import contextvars
import hashlib
import json
import os
import sys
import time

request_id = contextvars.ContextVar("request_id", default="none")
heard = []  # what exchanges were told of their clients' leaving
running = 0
most = 0


async def reply(send, body=b"", status=200, headers=(), more=False):
    await send({"type": "http.response.start", "status": status, "headers": list(headers)})
    await send({"type": "http.response.body", "body": body, "more_body": more})


async def read(receive):
    pieces = []
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            return None
        pieces.append(message["body"])
        if not message["more_body"]:
            return pieces


async def hello(scope, receive, send):
    await reply(send, b"hello", headers=[(b"content-type", b"text/plain")])


async def show_scope(scope, receive, send):
    shown = {key: value for key, value in scope.items() if key not in ("headers", "raw_path", "query_string")}
    shown["headers"] = [[name.decode("latin-1"), value.decode("latin-1")] for name, value in scope["headers"]]
    shown["raw_path"] = scope["raw_path"].decode("latin-1")
    shown["query_string"] = scope["query_string"].decode("latin-1")
    shown["state"] = dict(scope["state"])
    scope["headers"].append((b"x-left", b"behind"))
    scope["state"]["left"] = "behind"
    await reply(send, json.dumps(shown).encode())


async def echo(scope, receive, send):
    await reply(send, b"".join(await read(receive)))


async def upload(scope, receive, send):
    digest, size = hashlib.md5(), 0
    while True:
        message = await receive()
        digest.update(message["body"])
        size += len(message["body"])
        if not message["more_body"]:
            break
    await reply(send, ("%d %s" % (size, digest.hexdigest())).encode())


async def converse(scope, receive, send):
    """Answers each piece of the request while the rest is still to come."""
    await send({"type": "http.response.start", "status": 200, "headers": []})
    while True:
        message = await receive()
        await send({"type": "http.response.body", "body": message["body"].upper(), "more_body": message["more_body"]})
        if not message["more_body"]:
            return


async def ignores_body(scope, receive, send):
    await reply(send, b"thanks")


async def stream(scope, receive, send):
    await send({"type": "http.response.start", "status": 200, "headers": [(b"content-type", b"text/plain")]})
    for number in range(3):
        await send({"type": "http.response.body", "body": b"piece %d\n" % number, "more_body": True})
        await asyncio.sleep(0)
    await send({"type": "http.response.body"})


async def events(scope, receive, send):
    """Gives its head, waits for nobody; one event; then waits for its client to leave."""
    await send({"type": "http.response.start", "status": 200, "headers": [(b"content-type", b"text/event-stream")]})
    await asyncio.sleep(0.05)
    await send({"type": "http.response.body", "body": b"data: 1\n\n", "more_body": True})
    await receive()
    heard.append(("events", (await receive())["type"]))


async def waits(scope, receive, send):
    await receive()
    heard.append(("waits", (await receive())["type"]))


async def sends_for_ever(scope, receive, send):
    await send({"type": "http.response.start", "status": 200, "headers": []})
    count = 0
    try:
        while True:
            await send({"type": "http.response.body", "body": bytes(65536), "more_body": True})
            count += 1
            sent[0] = count
    except OSError as error:
        heard.append(("sends_for_ever", type(error).__name__))
        raise


sent = [0]


async def fills(scope, receive, send):
    """Sends until nobody takes it any more, and leaves it at that."""
    await send({"type": "http.response.start", "status": 200, "headers": []})
    try:
        while True:
            await asyncio.wait_for(send({"type": "http.response.body", "body": bytes(65536), "more_body": True}), 0.3)
    except asyncio.TimeoutError:
        heard.append(("fills", "full"))


async def tell(scope, receive, send):
    await reply(send, json.dumps({"heard": heard, "sent": sent[0], "most": most, "pid": os.getpid()}).encode())


async def slow(scope, receive, send):
    global running, most
    running += 1
    most = max(most, running)
    await asyncio.sleep(float(scope["query_string"] or b"0.2"))
    running -= 1
    await reply(send, b"slow")


async def blocks(scope, receive, send):
    time.sleep(float(scope["query_string"] or b"0.2"))
    await reply(send, b"blocked")


async def context(scope, receive, send):
    before = request_id.get()
    request_id.set(scope["query_string"].decode())
    await asyncio.sleep(0)
    task = asyncio.current_task()
    body = "%s %s %s" % (before, request_id.get(), task is not None and not task.done())
    await reply(send, body.encode())


async def big(scope, receive, send):
    await reply(send, b"0123456789" * 1000000)


async def head_only(scope, receive, send):
    await reply(send, b"four", headers=[(b"content-length", b"4"), (b"x-a", b"1"), (b"x-a", b"2")])


async def no_content(scope, receive, send):
    await reply(send, b"", 204)


async def not_modified(scope, receive, send):
    await reply(send, b"", 304, [(b"etag", b'"a"')])


async def trailers(scope, receive, send):
    await send({"type": "http.response.start", "status": 200, "headers": [(b"trailer", b"x-sum")], "trailers": True})
    await send({"type": "http.response.body", "body": b"abc"})
    await send({"type": "http.response.trailers", "headers": [(b"x-sum", b"6")]})


async def works_on(scope, receive, send):
    await reply(send, b"first")
    await asyncio.sleep(0.05)
    heard.append(("works_on", "done"))


# --- wrong use ---


async def raises(scope, receive, send):
    raise ValueError("raised on purpose")


async def raises_late(scope, receive, send):
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await send({"type": "http.response.body", "body": b"begun", "more_body": True})
    raise ValueError("raised late on purpose")


async def exits(scope, receive, send):
    sys.exit(4)


async def silent(scope, receive, send):
    return None


async def half(scope, receive, send):
    await send({"type": "http.response.start", "status": 200, "headers": []})


async def body_first(scope, receive, send):
    await send({"type": "http.response.body", "body": b"early"})


async def twice(scope, receive, send):
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await send({"type": "http.response.start", "status": 200, "headers": []})


async def splits(scope, receive, send):
    await reply(send, b"x", headers=[(b"x-a", b"1\r\nx-b: 2")])


async def text_header(scope, receive, send):
    await reply(send, b"x", headers=[("x-a", "1")])


async def too_short(scope, receive, send):
    await reply(send, b"abc", headers=[(b"content-length", b"10")])


async def too_long(scope, receive, send):
    await reply(send, b"abcdef", headers=[(b"content-length", b"3")])


async def streams_short(scope, receive, send):
    await reply(send, b"abc", headers=[(b"content-length", b"10")], more=True)
    await send({"type": "http.response.body", "body": b"de"})


async def streams_long(scope, receive, send):
    await reply(send, b"abc", headers=[(b"content-length", b"4")], more=True)
    await send({"type": "http.response.body", "body": b"defg"})


async def text_body(scope, receive, send):
    await reply(send, "text")


async def sends_nonsense(scope, receive, send):
    await send({"type": "http.nonsense"})


async def after_end(scope, receive, send):
    await reply(send, b"done")
    await send({"type": "http.response.body", "body": b"more"})


async def hop(scope, receive, send):
    await reply(send, b"x", headers=[(b"transfer-encoding", b"chunked"), (b"connection", b"close"), (b"x-kept", b"yes")])


async def websocket(scope, receive, send):
    path = scope["path"]
    assert (await receive())["type"] == "websocket.connect"
    if path == "/ws/refused":
        await send({"type": "websocket.close"})
        return
    if path == "/ws/denied":
        await send({"type": "websocket.http.response.start", "status": 401, "headers": [(b"x-why", b"no token")]})
        await send({"type": "websocket.http.response.body", "body": b"who ", "more_body": True})
        await send({"type": "websocket.http.response.body", "body": b"are you"})
        return
    if path == "/ws/raises":
        raise ValueError("raised before accept")
    if path == "/ws/returns":
        return
    chosen = scope["subprotocols"][0] if scope["subprotocols"] else None
    await send({"type": "websocket.accept", "subprotocol": chosen, "headers": [(b"x-extra", b"yes"), (b"set-cookie", b"a=b")]})
    if path == "/ws/scope":
        await send({"type": "websocket.send", "text": json.dumps({key: scope[key] for key in ("type", "scheme", "path", "subprotocols", "http_version")})})
    elif path == "/ws/fails":
        raise ValueError("raised after accept")
    elif path == "/ws/ends":
        return
    elif path == "/ws/closes":
        await send({"type": "websocket.close", "code": 4321, "reason": "enough"})
        await receive()
    elif path == "/ws/floods":
        try:
            while True:
                await send({"type": "websocket.send", "bytes": bytes(65536)})
                sent[0] += 1
        except OSError as error:
            heard.append(("floods", type(error).__name__))
        return
    elif path == "/ws/large":
        await send({"type": "websocket.send", "text": "ä" * 1000000})
    elif path == "/ws/deaf":
        # Reads nothing until it is told to.
        await asyncio.sleep(3600)
    while True:
        message = await receive()
        if message["type"] == "websocket.disconnect":
            heard.append(("websocket", message["code"], message["reason"]))
            return
        if "text" in message:
            await send({"type": "websocket.send", "text": message["text"]})
        else:
            await send({"type": "websocket.send", "bytes": message["bytes"]})


async def app(scope, receive, send):
    if scope["type"] == "lifespan":
        assert (await receive())["type"] == "lifespan.startup"
        scope["state"]["started"] = "yes"
        await send({"type": "lifespan.startup.complete"})
        await receive()
        print("shut down")
        await send({"type": "lifespan.shutdown.complete"})
        return
    if scope["type"] == "websocket":
        return await websocket(scope, receive, send)
    name = scope["path"].strip("/").split("/")[0] or "hello"
    await {"scope": show_scope}.get(name, globals().get(name, hello))(scope, receive, send)


async def bare(scope, receive, send):
    """Knows no lifespan."""
    assert scope["type"] == "http", "only HTTP here"
    await hello(scope, receive, send)


async def cannot_start(scope, receive, send):
    await receive()
    raise RuntimeError("no database here")


async def says_it_cannot_start(scope, receive, send):
    await receive()
    await send({"type": "lifespan.startup.failed", "message": "the cache is cold"})


class Instance:
    async def __call__(self, scope, receive, send):
        await app(scope, receive, send)


def make_app():
    return Instance()


def wrapped(scope, receive, send):
    return app(scope, receive, send)


instance = Instance()
