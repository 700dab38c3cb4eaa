"""Writes protocol/vectors/frames.json: golden frames of the worker protocol, encoded here by hand and not by either side's codec.

    python3 tools/make-vectors.py           writes the file
    python3 tools/make-vectors.py --check   fails when it is not current
"""

import json
import os
import struct
import sys

TARGET = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "protocol", "vectors", "frames.json")


def frame(kind, stream, payload):
    return struct.pack("<I", len(payload)) + struct.pack("<I", stream) + bytes([kind]) + payload


def request(stream, slot, block, head, flags, length, body):
    block, head = block.encode("latin-1"), head.encode("latin-1")
    fixed = struct.pack("<I", slot) + struct.pack("<I", len(block)) + struct.pack("<I", len(head)) + bytes([flags, 0, 0, 0]) + struct.pack("<q", length)
    return frame(1, stream, fixed + block + head + body)


def response(stream, service, waited, mode, head, body):
    head = head.encode("latin-1")
    return frame(17, stream, struct.pack("<I", service) + bytes([waited, mode]) + struct.pack("<H", len(head)) + head + body)


def vectors():
    def one(name, data, **fields):
        return dict(name=name, hex=data.hex(), **fields)

    def req(name, stream, slot, block, head, flags=0, length=0, body=b""):
        return one(name, request(stream, slot, block, head, flags, length, body), type="REQUEST", stream=stream, slot=slot, block=block, head=head, flags=flags, bodyLength=length, body=body.hex())

    def res(name, stream, service, waited, mode, head, body=b""):
        return one(name, response(stream, service, waited, mode, head, body), type="RESPONSE", stream=stream, service=service, waited=waited, mode=mode, head=head, body=body.hex())

    def ans(name, stream, length, flags, head):
        return one(name, frame(18, stream, struct.pack("<q", length) + bytes([flags]) + head.encode("latin-1")), type="HEAD", stream=stream, length=length, flags=flags, head=head)

    plain = "GET\0/\0\0" + "127.0.0.1\0" + "40000\0"
    block = "SERVER_PROTOCOL\0HTTP/1.1\0HTTP_HOST\0a"
    scope = "SERVER_PROTOCOL\0HTTP/1.1\0SERVER_NAME\0a\0SERVER_PORT\x0080\0SCRIPT_NAME\0/m\0wsgi.url_scheme\0http"
    fields = "host\0a\0cookie\0a=1\0cookie\0b=\xff\0x-empty\0"
    return [
        req("a request for an event loop, with its fields", 13, 4, scope + "\0\0\0" + fields, plain),
        req("a variable besides, and no field", 14, 5, scope + "\0REMOTE_USER\0ann\0\0", plain),
        req("a body that is still to come, of unknown length", 15, 4, "", "POST\0/\0\0::1\0" + "1\0", 3, -1),
        req("a request for a WebSocket", 16, 4, "", plain, 8),
        req("a request with its block", 1, 3, block, plain),
        req("a request whose block is known", 2, 3, "", plain),
        req("the highest slot and stream id", 0xFFFFFFFF, 1023, block, plain),
        req("an inline body", 4, 0, block, "POST\0/a\0b=c\0::1\0" + "1\0", 0, 5, b"h\0\xffyo"),
        req("a deferred body", 5, 0, "", "PUT\0/a\0\0::1\0" + "1\0", 1, 5_000_000_000),
        req("a body that came chunked", 6, 0, "", "POST\0/\0\0::1\0" + "1\0", 2, 2, b"ab"),
        req("bytes above ASCII in the path, and a target", 7, 0, "", "GET\0/caf\xc3\xa9\0\0::1\0" + "1\0/caf%C3%A9"),
        req("a deferred body that came chunked", 8, 1, "", "POST\0/\0\0::1\0" + "1\0", 3, 65_537),
        req("a block in a slot that is used once", 9, 1024, block, plain),
        req("bytes above ASCII in a block", 10, 2, "HTTP_X\0caf\xe9 \xff\0HTTP_EMPTY\0", plain),
        req("empty fields, and a body of zeros", 11, 2, "", "PURGE\0\0\0\0\0*", 0, 3, b"\0\0\0"),
        req("a body longer than 2^32", 12, 2, "", "PUT\0/\0\0::1\0" + "1\0", 1, 2**53 - 1),
        res("a whole answer", 1, 150, 0, 0, "200 OK\0Content-Type\0text/plain", b"hello"),
        res("an answer without body or figures", 2, 0, 0, 0, "204 No Content"),
        res("an answer of a worker whose lanes share", 3, 0xFFFFFFFF, 255, 1, "200 OK\0X\0caf\xe9", b"\0\xff"),
        ans("the head of an answer whose pieces may wait for one another", 7, 300_000, 0, "200 OK\0X\0caf\xe9"),
        ans("the head of an answer of known length", 1, 10_000_000_000, 1, "200 OK\0A\0b"),
        ans("the head of an answer of unknown length", 1, -1, 1, "200 OK"),
        one("hello of a data connection", frame(16, 0, bytes([1, 0]) + struct.pack("<HII", 0, 7, 4)), type="HELLO", stream=0, version=1, kind=0, lane=0, worker=7, lanes=4),
        one("hello of a lane", frame(16, 0, bytes([1, 1]) + struct.pack("<HII", 3, 0xFFFFFFFF, 4)), type="HELLO", stream=0, version=1, kind=1, lane=3, worker=0xFFFFFFFF, lanes=4),
        one("hello of a help connection", frame(16, 0, bytes([1, 3]) + struct.pack("<HII", 0, 7, 4)), type="HELLO", stream=0, version=1, kind=3, lane=0, worker=7, lanes=4),
        one("hello of an event loop", frame(16, 0, bytes([1, 4]) + struct.pack("<HII", 0, 7, 100_000)), type="HELLO", stream=0, version=1, kind=4, lane=0, worker=7, lanes=100_000),
        one("hello of an exchange's connection", frame(16, 0, bytes([1, 2]) + struct.pack("<HII", 0, 7, 1)), type="HELLO", stream=0, version=1, kind=2, lane=0, worker=7, lanes=1),
        one("a call for help", frame(2, 0, b""), type="HELP", stream=0, payload=""),
        one("a lane that is back", frame(19, 0, b""), type="FOLLOW", stream=0, payload=""),
        one("a piece of a body", frame(3, 9, b"abc"), type="BODY", stream=9, payload=b"abc".hex()),
        one("the end of a body", frame(4, 9, b""), type="END", stream=9, payload=""),
        one("an empty piece", frame(3, 0xFFFFFFFF, b""), type="BODY", stream=0xFFFFFFFF, payload=""),
        one("the end of a body with trailers", frame(4, 9, b"X-Sum\0abc\0X-B\0\xe9"), type="END", stream=9, payload=b"X-Sum\0abc\0X-B\0\xe9".hex()),
        one("an end without a reason", frame(5, 9, b""), type="ABORT", stream=9, payload=""),
        one("a body that can't be completed", frame(5, 9, b"the app failed"), type="ABORT", stream=9, payload=b"the app failed".hex()),
        one("a client that has closed its side", frame(5, 9, b"half-closed"), type="ABORT", stream=9, payload=b"half-closed".hex()),
        one("an exchange past its deadline", frame(8, 9, b""), type="INTERRUPT", stream=9, payload=""),
        one("request 13 past its deadline", frame(8, 13, b""), type="INTERRUPT", stream=13, payload=""),
        one("a text message", frame(6, 9, b"\x01gr\xc3\xbc\xc3\x9fe"), type="MESSAGE", stream=9, payload=b"\x01gr\xc3\xbc\xc3\x9fe".hex()),
        one("an empty binary message", frame(6, 9, b"\x02"), type="MESSAGE", stream=9, payload=b"\x02".hex()),
        one("the first piece of a message", frame(6, 9, b"\x82ab"), type="MESSAGE", stream=9, payload=b"\x82ab".hex()),
        one("the last piece of a message", frame(6, 9, b"\x00c"), type="MESSAGE", stream=9, payload=b"\x00c".hex()),
        one("a close with its reason", frame(7, 9, struct.pack("<H", 4001) + b"bye"), type="CLOSE", stream=9, payload=(struct.pack("<H", 4001) + b"bye").hex()),
        one("a lane asks for a piece", frame(20, 9, struct.pack("<I", 262144)), type="PULL", stream=9, payload=struct.pack("<I", 262144).hex()),
    ]


def main():
    text = json.dumps(vectors(), indent=1) + "\n"
    if "--check" in sys.argv:
        with open(TARGET) as file:
            if file.read() != text:
                sys.exit("protocol/vectors/frames.json is not current: run python3 tools/make-vectors.py")
        return
    with open(TARGET, "w") as file:
        file.write(text)


if __name__ == "__main__":
    main()
