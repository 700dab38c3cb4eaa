"""What an app is told of a request: its environ and body, plain and under wsgiref's validator."""

import hashlib
import unittest

from edge import Edge

SIZES = (0, 1, 5, 65536, 65537, 262144, 262145, 1_000_003)


def text_of(size):
    return (b"line of text\n" * (size // 13 + 1))[:size]


class Requests:
    target = ""

    @classmethod
    def setUpClass(cls):
        cls.edge = Edge(cls.target).connected()

    @classmethod
    def tearDownClass(cls):
        cls.edge.close()

    def post(self, path, body, **how):
        return self.edge.ask(path, body, method="POST", **how).body.decode()

    def test_a_body_of_any_size_comes_whole_inline_or_deferred_declared_or_chunked(self):
        for size in SIZES:
            body = text_of(size)
            expected = "%d %s %d" % (size, hashlib.md5(body).hexdigest(), size)
            for deferred in (False, True):
                for chunked in (False, True):
                    with self.subTest(size=size, deferred=deferred, chunked=chunked):
                        self.assertEqual(self.post("/digest", body, deferred=deferred, chunked=chunked), expected)

    def test_a_large_body_comes_whole_by_every_way_to_read(self):
        body = text_of(20_000_000)
        digest = hashlib.md5(body).hexdigest()
        self.assertEqual(self.post("/digest", body, deferred=True), "20000000 %s 20000000" % digest)
        self.assertEqual(self.post("/digest_pieces", body, deferred=True), "20000000 %s" % digest)
        self.assertEqual(self.post("/digest_lines", body[:2_000_000], deferred=True), "%d %s" % (153847, hashlib.md5(body[:2_000_000]).hexdigest()))

    def test_pieces_are_never_asked_for_beyond_the_body(self):
        answer = self.edge.ask("/digest", text_of(300_000), method="POST", deferred=True)
        self.assertEqual(answer.pulls, [262144, 300_000 - 262144])

    def test_all_methods_of_wsgi_input_take_their_sizes(self):
        body = b"one\ntwo\nthree\nfour\nfive\nsix\nseven"
        expected = (b"one\n", b"two", b"\n", b"three\n", [b"four\n"], b"", [b"five\n", b"six\n", b"seven"], b"", b"", b"")
        for deferred in (False, True):
            self.assertEqual(self.post("/methods", body, deferred=deferred), repr(expected))

    def test_a_body_may_be_left_unread(self):
        for deferred in (False, True):
            answer = self.edge.ask("/unread", text_of(100_000), method="POST", deferred=deferred)
            self.assertEqual((answer.body, answer.pulls), (b"unread", []))

    def test_a_body_may_be_read_while_the_answer_is_sent(self):
        body = text_of(1_000_003)
        answer = self.edge.ask("/echoes", body, method="POST", deferred=True)
        self.assertEqual((answer.ended, answer.body), ("end", body))

    def test_a_body_that_cannot_be_completed_is_an_error_of_reading(self):
        self.edge.serve_pulls = False
        try:
            answer = self.edge.send("/catches_lost_body", b"x" * 100, method="POST", deferred=True)
            self.edge.wait(lambda: answer.pulls)
            self.edge.abort(answer)
            self.assertIn(b"the request body is incomplete", self.edge.finish(answer).body)
        finally:
            self.edge.serve_pulls = True

    def test_a_body_that_ends_early_is_an_error_of_reading(self):
        answer, data = self.edge.request("/catches_lost_body", b"x" * 100, method="POST", deferred=True)
        answer.request_body = b"x" * 60
        self.edge.data().sendall(data)
        self.assertEqual(self.edge.finish(answer).body, b"the request body ended 40 bytes early")

    def test_the_environ_says_what_cgi_and_wsgi_ask_for(self):
        wanted = {
            "REQUEST_METHOD": "GET",
            "SCRIPT_NAME": "/mount",
            "PATH_INFO": "/keys",
            "REMOTE_ADDR": "127.0.0.1",
            "REMOTE_PORT": "40000",
            "SERVER_NAME": "example.org",
            "SERVER_PORT": "80",
            "SERVER_PROTOCOL": "HTTP/1.1",
            "HTTP_HOST": "example.org",
            "HTTP_PROXY": "-",
            "CONTENT_LENGTH": "-",
            "wsgi.version": "(1, 0)",
            "wsgi.url_scheme": "http",
            "wsgi.multithread": "False",
            "wsgi.multiprocess": "True",
            "wsgi.run_once": "False",
            "wsgi.input_terminated": "True",
            "propylon.app": "test",
        }
        query = ",".join([*wanted, "REQUEST_URI", "QUERY_STRING"])
        sent = {"SCRIPT_NAME": "/mount", "HTTP_HOST": "example.org", "HTTP_PROXY": "http://evil"}
        answer = self.edge.ask("/keys", query=query, environ=sent)
        got = dict(line.split("=", 1) for line in answer.body.decode("latin-1").split("\n"))
        self.assertEqual(got, dict(wanted, REQUEST_URI="/mount/keys?" + query, QUERY_STRING=query))

    def test_the_target_as_received_is_request_uri(self):
        self.assertEqual(self.edge.ask("/keys", query="REQUEST_URI", target="/k%65ys?REQUEST_URI").body, b"REQUEST_URI=/k%65ys?REQUEST_URI")

    def test_a_known_block_gives_the_same_environ_and_nothing_of_another_request(self):
        query = "HTTP_X,CONTENT_LENGTH,wsgi.input_terminated"
        for method, expected in (("GET", "-"), ("POST", "3"), ("GET", "-")):
            for value in ("a", "b"):
                environ = {"HTTP_X": value, **({"CONTENT_LENGTH": "3"} if method == "POST" else {})}
                body = b"abc" if method == "POST" else b""
                for _ in range(2):
                    answer = self.edge.ask("/keys", body, method=method, query=query, environ=environ, slot={"a": 0, "b": 1023}[value])
                    self.assertEqual(answer.body.decode(), "HTTP_X=%s\nCONTENT_LENGTH=%s\nwsgi.input_terminated=True" % (value, expected))


class PlainRequests(Requests, unittest.TestCase):
    target = "answers:app"

    def test_read_without_a_size_reads_all(self):
        for deferred in (False, True):
            self.assertEqual(self.post("/reads_all", b"one\ntwo\nthree", deferred=deferred), repr((b"one\n", b"two\nthree", b"", [])))

    def test_an_app_does_not_see_what_another_exchange_changed_in_its_environ(self):
        edge = Edge("changes_environ:app")
        self.addCleanup(edge.close)
        self.assertEqual([edge.ask("/", slot=3).body for _ in range(3)], [b"clean"] * 3)


class CheckedRequests(Requests, unittest.TestCase):
    target = "answers:checked"


if __name__ == "__main__":
    unittest.main()
