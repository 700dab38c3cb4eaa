"""The codec against the golden vectors."""

import collections
import json
import os
import sys
import unittest

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.dirname(HERE))

from propylon_worker import frames  # noqa: E402

with open(os.path.join(HERE, "..", "..", "protocol", "vectors", "frames.json")) as _file:
    VECTORS = json.load(_file)


class GoldenVectors(unittest.TestCase):
    def test_requests_are_read_as_the_edge_writes_them(self):
        for vector in (v for v in VECTORS if v["type"] == "REQUEST"):
            with self.subTest(vector["name"]):
                blocks, pending = [None] * frames.SLOTS, collections.deque()
                if not vector["block"]:
                    blocks[vector["slot"]] = {"known": "block"}
                self.assertEqual(frames.parse_requests(bytes.fromhex(vector["hex"]), blocks, pending, {}), b"")
                texts = vector["block"].split("\0")
                block = dict(zip(texts[::2], texts[1::2])) if vector["block"] else {"known": "block"}
                head = vector["head"].encode("latin-1")
                expected = (vector["stream"], block, head, vector["flags"], vector["bodyLength"], bytes.fromhex(vector["body"]))
                self.assertEqual(pending.popleft(), expected)

    def test_requests_are_read_whatever_pieces_they_come_in(self):
        data = b"".join(bytes.fromhex(v["hex"]) for v in VECTORS if v["type"] == "REQUEST")
        blocks, pending, rest = [None] * frames.SLOTS, collections.deque(), b""
        blocks[0:4] = [{}] * 4
        for at in range(0, len(data), 7):
            rest = frames.parse_requests(rest + data[at : at + 7], blocks, pending, {})
        self.assertEqual(rest, b"")
        self.assertEqual([r[0] for r in pending], [v["stream"] for v in VECTORS if v["type"] == "REQUEST"])

    def test_answers_are_written_as_the_edge_reads_them(self):
        for v in VECTORS:
            with self.subTest(v["name"]):
                if v["type"] == "RESPONSE":
                    answer = (v["head"].encode("latin-1"), bytes.fromhex(v["body"]))
                    written = frames.whole_answer(v["stream"], answer, v["service"], v["waited"], v["mode"])
                elif v["type"] == "HEAD":
                    written = frames.answer_head(v["stream"], v["length"], v["flags"] == 1, v["head"].encode("latin-1"))
                elif v["type"] == "HELLO":
                    written = frames.hello(v["kind"], v["lane"], v["worker"], v["lanes"])
                elif v["type"] == "PULL":
                    written = frames.pull(v["stream"], int.from_bytes(bytes.fromhex(v["payload"]), "little"))
                elif v["type"] == "REQUEST":
                    continue
                else:
                    written = frames.frame(getattr(frames, v["type"]), v["stream"], bytes.fromhex(v["payload"]))
                self.assertEqual(written.hex(), v["hex"])

    def test_a_block_is_kept_in_its_slot_and_merged_with_what_all_environs_share(self):
        first = next(v for v in VECTORS if v["name"] == "a request with its block")
        second = next(v for v in VECTORS if v["name"] == "a request whose block is known")
        blocks, pending = [None] * frames.SLOTS, collections.deque()
        frames.parse_requests(bytes.fromhex(first["hex"] + second["hex"]), blocks, pending, {"shared": 1})
        expected = {"shared": 1, "SERVER_PROTOCOL": "HTTP/1.1", "HTTP_HOST": "a"}
        self.assertEqual([request[1] for request in pending], [expected, expected])

    def test_a_block_in_a_slot_above_the_table_is_used_once(self):
        vector = next(v for v in VECTORS if v["name"] == "a block in a slot that is used once")
        blocks, pending = [None] * frames.SLOTS, collections.deque()
        frames.parse_requests(bytes.fromhex(vector["hex"]), blocks, pending, {})
        self.assertEqual(pending[0][1]["HTTP_HOST"], "a")
        self.assertEqual(blocks, [None] * frames.SLOTS)

    def test_a_proxy_field_never_becomes_http_proxy(self):
        vector = next(v for v in VECTORS if v["name"] == "a request with its block")
        data = bytes.fromhex(vector["hex"]).replace(b"HTTP_HOST\0a", b"HTTP_PROXY\0")
        pending = collections.deque()
        frames.parse_requests(data, [None] * frames.SLOTS, pending, {})
        self.assertEqual(pending[0][1], {"SERVER_PROTOCOL": "HTTP/1.1"})

    def test_a_frame_of_another_type_is_an_error(self):
        vector = next(v for v in VECTORS if v["type"] == "RESPONSE")
        with self.assertRaises(frames.FrameError):
            frames.parse_requests(bytes.fromhex(vector["hex"]) + bytes(40), [None], collections.deque(), {})

    def test_a_request_for_an_empty_slot_is_an_error(self):
        vector = next(v for v in VECTORS if v["name"] == "a request whose block is known")
        with self.assertRaises(frames.FrameError):
            frames.parse_requests(bytes.fromhex(vector["hex"]), [None] * frames.SLOTS, collections.deque(), {})

    def test_a_payload_that_is_too_long_is_an_error(self):
        with self.assertRaises(frames.FrameError):
            frames.parse_requests((frames.MAX_PAYLOAD + 1).to_bytes(4, "little") + b"\1\0\0\0\1", [None], collections.deque(), {})


if __name__ == "__main__":
    unittest.main()
