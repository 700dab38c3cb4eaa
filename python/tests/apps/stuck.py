"""Apps that take too long, each in a way of its own, and say how they were interrupted."""

import os
import sys
import time

# Threads take turns so often that what races does so.
sys.setswitchinterval(0.00001)


def app(environ, start_response):
    path = environ["PATH_INFO"]
    start_response("200 OK", [("Content-Type", "text/plain")])
    name = path.strip("/")
    if name.startswith("spin"):
        # Just about as long as it takes to be interrupted: some are, some are done before.
        end = time.monotonic() + float(environ["QUERY_STRING"] or 0.001)
        while time.monotonic() < end:
            pass
        return [b"spun"]
    return WAYS[name](environ)


def loop(environ):
    while True:
        pass


def sleep(environ):
    time.sleep(60)
    return [b"slept"]


def read(environ):
    here, there = os.pipe()
    try:
        os.read(here, 1)
    finally:
        os.close(here)
        os.close(there)
    return [b"read"]


def caught(environ):
    try:
        while True:
            pass
    except BaseException as error:
        return [type(error).__name__.encode()]


def swallowed(environ):
    """What apps do about failures in general does not swallow it."""
    while True:
        try:
            loop(environ)
        except Exception:
            pass


def stream(environ):
    yield b"begun"
    while True:
        time.sleep(0.001)
        yield b"x" * 20000


def closing(environ):
    class Body:
        def __iter__(self):
            return iter([b"whole"])

        def __len__(self):
            return 1

        def close(self):
            loop(environ)

    return Body()


def body(environ):
    stuff = environ["wsgi.input"]
    while stuff.read(10):
        pass
    return [b"read all"]


def hello(environ):
    return [b"Hello"]


WAYS = {way.__name__: way for way in (loop, sleep, read, caught, swallowed, stream, closing, body, hello)}


async def asgi(scope, receive, send):
    """Waits for ever, unless it is asked for /hello."""
    import asyncio

    if scope["type"] != "http":
        return
    if scope["path"] == "/wait":
        await asyncio.sleep(600)
    await send({"type": "http.response.start", "status": 200, "headers": [(b"content-type", b"text/plain")]})
    await send({"type": "http.response.body", "body": b"Hello"})
