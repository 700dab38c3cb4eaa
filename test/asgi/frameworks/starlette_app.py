import asyncio
import contextlib
import hashlib

from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.middleware.base import BaseHTTPMiddleware
from starlette.responses import JSONResponse, PlainTextResponse, StreamingResponse
from starlette.routing import Route, WebSocketRoute

left = []


@contextlib.asynccontextmanager
async def lifespan(app):
    yield {"greeting": "hello"}


class Marked(BaseHTTPMiddleware):
    async def dispatch(self, request, call_next):
        response = await call_next(request)
        response.headers["x-marked"] = "yes"
        return response


async def hello(request):
    return PlainTextResponse(request.state.greeting)


def in_a_thread(request):
    return PlainTextResponse("thread")


async def upload(request):
    digest, size = hashlib.md5(), 0
    async for piece in request.stream():
        digest.update(piece)
        size += len(piece)
    return JSONResponse({"size": size, "md5": digest.hexdigest()})


async def events(request):
    async def produce():
        try:
            for number in range(1000):
                yield "data: %d\n\n" % number
                await asyncio.sleep(0.01)
        finally:
            left.append("events")

    return StreamingResponse(produce(), media_type="text/event-stream")


async def who_left(request):
    return JSONResponse(left)


async def where(request):
    return JSONResponse({"path": request.scope["path"], "root": request.scope["root_path"], "url": str(request.url), "for": str(request.url_for("where"))})


async def echo(websocket):
    await websocket.accept()
    async for text in websocket.iter_text():
        await websocket.send_text(text)


app = Starlette(
    lifespan=lifespan,
    middleware=[Middleware(Marked)],
    routes=[
        Route("/", hello),
        Route("/thread", in_a_thread),
        Route("/upload", upload, methods=["POST"]),
        Route("/events", events),
        Route("/left", who_left),
        Route("/where", where),
        WebSocketRoute("/ws", echo),
    ],
)
