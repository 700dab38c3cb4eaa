from quart import Quart, request, websocket

app = Quart(__name__)


@app.before_serving
async def begin():
    app.begun = True


@app.route("/")
async def hello():
    return "hello from Quart %s" % app.begun


@app.route("/form", methods=["POST"])
async def form():
    return dict(await request.form)


@app.route("/stream")
async def stream():
    async def produce():
        for number in range(3):
            yield b"%d\n" % number

    return produce()


@app.websocket("/ws")
async def ws():
    while True:
        await websocket.send(await websocket.receive())
