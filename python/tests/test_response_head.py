"""What start_response() accepts, and what is made of it."""

import os
import sys
import unittest

sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))

from propylon_worker import response_head as module  # noqa: E402
from propylon_worker.response_head import response_head  # noqa: E402


class ResponseHead(unittest.TestCase):
    def refused(self, error, reason, *arguments):
        for _ in range(2):  # the second time from what is known, if anything is
            with self.assertRaisesRegex(error, reason):
                response_head(*arguments)

    def test_status_and_fields_are_joined_in_order_as_latin_1(self):
        for _ in range(2):
            self.assertEqual(response_head("200 OK", [("B", "1"), ("a", "caf\xe9"), ("B", "")]), (b"200 OK\0B\x001\0a\0caf\xe9\0B\0", -1))
        self.assertEqual(response_head("404", []), (b"404", -1))

    def test_the_content_length_is_told(self):
        self.assertEqual(response_head("200 OK", [("content-LENGTH", "12")])[1], 12)
        self.assertEqual(response_head("200 OK", [("Content-Length", "7"), ("Content-Length", "7")])[1], 7)
        for value in ("", "-1", "+1", "1.0", " 1", "1 ", "0x1", "1_0", "\xb2", "9" * 19):
            self.refused(ValueError, "must be a number of bytes", "200 OK", [("Content-Length", value)])
        self.refused(ValueError, "two Content-Length headers that differ", "200 OK", [("Content-Length", "1"), ("Content-Length", "2")])

    def test_a_status_that_is_none_is_refused(self):
        for status in ("", "OK", "20 OK", "2000 OK", "099 X", "100 Continue", "600 X", "200OK", "200 a\r\nb", "200 OK\n", "200 a\0b", "200 \u20ac"):
            self.refused(ValueError, "the status must be such as", status, [])
        for status in (200, b"200 OK", None):
            self.refused(TypeError, "the status must be str", status, [])

    def test_headers_must_be_a_list_of_pairs_of_text(self):
        self.refused(TypeError, "takes a list of headers, not tuple", "200 OK", (("A", "b"),))
        self.refused(TypeError, "takes a list of headers, not dict", "200 OK", {"A": "b"})
        for header in (["A", "b"], ("A",), ("A", "b", "c"), "Ab", None):
            self.refused(TypeError, r"must be a tuple \(name, value\)", "200 OK", [header])
        for header in ((b"A", "b"), ("A", b"b"), ("A", 1), ("A", None), ("A", ["b"])):
            self.refused(TypeError, "must be str", "200 OK", [header])

    def test_names_and_values_that_would_split_the_response_are_refused(self):
        for name in ("", "a b", "a:", "a\n", "a\r\nb", "a\0", "caf\xe9", "(a)"):
            self.refused(ValueError, "is not the name of a header", "200 OK", [(name, "v")])
        for value in ("a\r\nSet-Cookie: b", "a\n", "a\r", "a\0", "\x7f", "\u010d\u010a"):
            self.refused(ValueError, "the header X holds", "200 OK", [("X", value)])
        self.assertEqual(response_head("200 OK", [("X", "a\tb \xff")])[0], b"200 OK\0X\0a\tb \xff")

    def test_fields_of_the_connection_are_refused(self):
        for name in ("TE", "Trailer", "Transfer-Encoding", "UPGRADE", "Proxy-Connection"):
            self.refused(ValueError, "the header %s is the server's to send" % name, "200 OK", [(name, "x")])

    def test_what_is_known_is_bounded(self):
        for number in range(3 * module.KNOWN):
            response_head("200 OK", [("X", str(number))])
            response_head("200 OK", [("X", "x" * 2000 + str(number))])
        self.assertLessEqual(len(module._known), module.KNOWN)
        self.assertLessEqual(max(len(head) for head, _ in module._known.values()), module.KNOWN_SIZE)


if __name__ == "__main__":
    unittest.main()
