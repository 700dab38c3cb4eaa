import asyncio

from fastapi import BackgroundTasks, Depends, FastAPI, Request, WebSocket
from fastapi.responses import StreamingResponse
from pydantic import BaseModel

done = []


class Item(BaseModel):
    name: str
    price: float


async def settings():
    await asyncio.sleep(0)
    yield {"currency": "EUR"}


app = FastAPI()


@app.get("/items/{number}")
def read(number: int):
    return {"number": number}


@app.post("/items")
async def create(item: Item, background: BackgroundTasks, known: dict = Depends(settings)):
    background.add_task(done.append, item.name)
    return {"name": item.name, "price": "%.2f %s" % (item.price, known["currency"])}


@app.get("/done")
async def which():
    return done


@app.get("/numbers")
async def numbers():
    async def produce():
        for number in range(5):
            yield "%d\n" % number

    return StreamingResponse(produce())


@app.get("/disconnected")
async def disconnected(request: Request):
    while not await request.is_disconnected():
        await asyncio.sleep(0.01)
    done.append("disconnected")


@app.websocket("/ws/{room}")
async def room(websocket: WebSocket, room: str):
    await websocket.accept()
    await websocket.send_json({"room": room, "said": await websocket.receive_text()})
    await websocket.close(4000, "one word each")


def create_app():
    return app
