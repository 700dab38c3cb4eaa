"""Every way to answer, by a real worker, plain and under wsgiref's validator."""

import unittest

from edge import Edge


class Answers:
    target = ""
    #: The validator hides lengths: an answer that could be whole is streamed then.
    whole_ends = ("whole",)

    @classmethod
    def setUpClass(cls):
        cls.edge = Edge(cls.target).connected()

    @classmethod
    def tearDownClass(cls):
        cls.edge.close()

    def ask(self, path, *body, **how):
        return self.edge.ask(path, *body, **how)

    def closed(self):
        return self.ask("/was_closed").body.decode()

    def whole(self, path, body, **how):
        answer = self.ask(path, **how)
        self.assertIn(answer.ended, self.whole_ends)
        self.assertEqual(answer.body, body)
        return answer

    def streamed(self, path, body, length):
        answer = self.ask(path)
        self.assertEqual((answer.ended, answer.body, answer.length), ("end", body, length))
        return answer

    def logged(self, text):
        """Waits for it: what is logged after an answer may come after it."""
        self.edge.wait(lambda: text in self.edge.errors(), "%r in the log" % text)

    def failed(self, path, logged):
        answer = self.ask(path)
        self.assertEqual((answer.ended, answer.status), ("whole", "500 Internal Server Error"))
        self.assertNotIn(b"Traceback", answer.body)
        self.assertIn(logged, self.edge.errors())
        return answer

    # --- what answers well ---

    def test_a_list_is_a_whole_answer(self):
        answer = self.whole("/hello", b"Hello")
        self.assertEqual((answer.status, answer.headers), ("200 OK", [("Content-Type", "text/plain")]))
        self.whole("/pieces", b"one two")
        self.whole("/empty_list", b"")

    def test_an_iterable_of_length_one_is_a_whole_answer(self):
        self.whole("/one_tuple", b"tuple")

    def test_a_body_of_unknown_length_is_streamed_piece_by_piece_and_closed(self):
        answer = self.streamed("/generator", b"piece 0\npiece 1\npiece 2\n", -1)
        self.assertEqual((answer.pieces[1], answer.streaming), (b"piece 1\n", 1))
        self.assertEqual(self.closed(), "generator")

    def test_an_empty_iterable_is_a_whole_answer_and_closed(self):
        self.whole("/empty_generator", b"")
        self.assertEqual(self.closed(), "empty_generator")

    def test_a_body_of_declared_length_is_streamed_with_it(self):
        self.streamed("/declared", b"abcdef", 6)
        self.assertEqual(self.closed(), "declared")

    def test_a_body_that_is_complete_with_its_first_piece_is_a_whole_answer(self):
        self.whole("/declared_at_once", b"abcdef")
        self.assertEqual(self.closed(), "declared_at_once")

    def test_an_iterable_runs_to_its_end_after_its_last_piece(self):
        self.whole("/works_on", b"body")
        self.assertEqual(self.closed(), "works_on went on,works_on closed")

    def test_a_head_too_long_for_a_whole_answer_goes_on_the_lane(self):
        answer = self.ask("/large_head")
        self.assertEqual((answer.ended, answer.body), ("end", b"behind it"))
        self.assertEqual(len(answer.headers), 71)

    def test_what_is_written_comes_before_what_is_returned(self):
        answer = self.streamed("/writes", b"one two three", -1)
        self.assertEqual(answer.pieces, [b"one ", b"two ", b"three"])
        self.streamed("/writes_declared", b"abcdef", 6)
        self.assertEqual(self.closed(), "writes_declared")

    def test_exc_info_replaces_a_head_that_has_not_left(self):
        self.assertEqual(self.whole("/replaced", b"sorry").status, "503 Sorry")

    def test_the_content_length_of_a_304_is_not_held_against_its_empty_body(self):
        self.assertEqual(self.whole("/not_modified", b"").headers[0], ("Content-Length", "1234"))

    def test_the_file_wrapper_gives_blocks_of_the_size_asked_for(self):
        self.assertEqual([len(piece) for piece in self.streamed("/file", b"0123456789" * 10, -1).pieces], [30, 30, 30, 10])

    def test_text_is_latin_1_both_ways_and_fields_keep_their_order(self):
        answer = self.ask("/caf\xc3\xa9\xff")
        self.assertEqual(answer.body, "/café".encode() + b"\xff")
        self.assertEqual((answer.status, answer.headers[1:]), ("200 Caf\xe9", [("X-Name", "caf\xe9"), ("Set-Cookie", "a=1"), ("Set-Cookie", "b=2")]))

    def test_head_is_answered_with_the_fields_of_get_and_no_body(self):
        for path in ("/hello", "/declared", "/declared_at_once", "/generator", "/empty_generator", "/one_tuple", "/pieces", "/not_modified"):
            answer = self.whole(path, b"", method="HEAD")
            self.assertEqual(answer.headers, self.ask(path).headers, path)
        self.assertEqual(sorted(self.closed().split(",")), ["declared", "declared", "declared_at_once", "declared_at_once", "empty_generator", "empty_generator", "generator", "generator"])
        answer = self.ask("/writes", method="HEAD")
        self.assertEqual((answer.ended, answer.body, answer.status), ("end", b"", "200 OK"))

    # --- what does not ---

    def test_an_exception_before_the_answer_is_a_500_with_its_traceback_in_the_log(self):
        self.failed("/boom", "RuntimeError: boom <&> €")
        self.failed("/exits", "the app called sys.exit()")
        self.failed("/interrupts", "KeyboardInterrupt")
        self.failed("/before_body", "RuntimeError: before the body")
        self.assertEqual(self.closed(), "before_body")

    def test_an_exception_after_the_answer_began_cuts_it(self):
        for path in ("/late", "/late_connection_error"):
            answer = self.ask(path)
            self.assertEqual((answer.ended, answer.body), ("abort: the app failed", b"begun"))
            self.assertEqual(self.closed(), path[1:])
        self.assertIn("ConnectionRefusedError: the database", self.edge.errors())

    def test_an_exception_after_a_complete_body_is_logged(self):
        self.whole("/after_body", b"begun")
        self.assertEqual(self.closed(), "after_body")
        self.logged("RuntimeError: after the body")

    def test_exc_info_after_the_head_has_left_raises_it_again(self):
        answer = self.ask("/reraises")
        self.assertEqual((answer.ended, answer.body), ("abort: the app failed", b"begun"))
        self.assertIn("ValueError: too late to replace", self.edge.errors())

    def test_more_than_the_content_length_is_never_sent(self):
        self.streamed("/long", b"abc", 3)
        self.assertEqual(self.closed(), "long")
        self.whole("/long_list", b"abc")
        self.whole("/long_at_once", b"abc")
        self.assertEqual(self.closed(), "long_at_once")
        self.assertEqual(self.edge.errors().count("more than its Content-Length"), 3)

    def test_less_than_the_content_length_cuts_the_answer(self):
        answer = self.ask("/short")
        self.assertEqual((answer.ended, answer.body), ("abort: the app sent 7 bytes less than its Content-Length", b"abc"))
        answer = self.ask("/short_nothing")
        self.assertEqual((answer.ended, answer.status), ("abort: the app sent 10 bytes less than its Content-Length", None))
        self.assertEqual(self.closed(), "short,short_nothing")

    def test_it_goes_on_after_all_that(self):
        self.failed("/boom", "boom")
        self.whole("/hello", b"Hello")


class PlainAnswers(Answers, unittest.TestCase):
    """What the validator would refuse itself is tested here only."""

    target = "answers:app"

    def test_up_to_256_KiB_are_whole_and_more_is_sent_on_the_lane_with_its_length(self):
        self.assertEqual(self.ask("/large", query=str(262144)).ended, "whole")
        answer = self.ask("/large", query=str(262145))
        self.assertEqual((answer.ended, answer.length, len(answer.body), answer.streaming), ("end", 262145, 262145, 0))
        self.streamed("/large_list", b"z" * 700000, 700000)
        self.assertEqual(len(self.ask("/large", query=str(20_000_000)).body), 20_000_000)

    def test_figures_come_with_a_whole_answer(self):
        self.assertGreater(self.ask("/hello").service, 0)

    def test_a_list_that_is_too_short_is_cut_before_its_head_leaves(self):
        answer = self.ask("/short_list")
        self.assertEqual((answer.ended, answer.status), ("abort: the app sent 7 bytes less than its Content-Length", None))

    def test_what_breaks_the_interface_is_a_500_that_says_how(self):
        self.failed("/twice", "start_response() was called twice, without exc_info")
        self.failed("/no_start", "the app did not call start_response()")
        self.failed("/no_start_generator", "the app gave a body before it called start_response()")
        self.failed("/none", "TypeError: 'NoneType' object is not iterable")
        self.failed("/string", "the app's body must be bytes, not str")
        self.failed("/string_alone", "the app's iterable must give bytes, not str")
        self.failed("/string_generator", "the app's iterable must give bytes, not str")
        self.failed("/writes_string", "write() takes bytes, not str")
        self.failed("/splits", "the header X holds a control character")
        self.failed("/connection", "the header Transfer-Encoding is the server's to send")

    def test_a_failing_close_is_logged(self):
        self.streamed("/close_fails", b"ab", -1)
        self.logged("RuntimeError: close failed")

    def test_an_app_that_keeps_write_and_input_cannot_reach_another_exchange(self):
        self.assertEqual(self.ask("/keeps", b"x" * 100, deferred=True).body, b"kept")
        said = self.ask("/uses_kept").body.decode().split("\n")
        self.assertEqual(said, ["ValueError: write() after the answer was complete", "ValueError: wsgi.input was read after its request had ended"])

    def test_a_log_that_the_app_has_closed_does_not_stop_the_worker(self):
        edge = Edge()
        self.addCleanup(edge.close)
        self.assertEqual(edge.ask("/closes_stderr").status, "500 Internal Server Error")
        self.assertIn("nowhere to say it", edge.errors())
        self.assertEqual(edge.ask("/hello").body, b"Hello")

    def test_tracebacks_are_shown_when_that_was_asked_for_and_escaped(self):
        edge = Edge(tracebacks=True)
        self.addCleanup(edge.close)
        page = edge.ask("/boom")
        self.assertEqual(page.headers, [("Content-Type", "text/html; charset=utf-8")])
        self.assertIn("RuntimeError: boom &lt;&amp;&gt; €", page.body.decode())

    def test_a_client_that_leaves_stops_the_app_which_is_closed(self):
        answer = self.edge.send("/endless")
        self.edge.wait(lambda: answer.pieces)
        self.edge.abort(answer)
        self.assertEqual(self.edge.finish(answer).ended, "end")
        self.assertEqual(self.closed(), "endless")

    def test_write_fails_for_good_once_the_client_has_left(self):
        answer = self.edge.send("/swallows")
        self.edge.wait(lambda: answer.pieces)
        self.edge.abort(answer)
        self.assertEqual(self.edge.finish(answer).ended, "end")
        self.assertNotIn(b"more", answer.body)
        self.assertEqual(self.closed(), "swallows 3")

    def test_a_stale_abort_does_not_touch_the_next_exchange(self):
        answer = self.ask("/generator")
        self.edge.abort(answer)
        self.streamed("/declared", b"abcdef", 6)
        self.closed()


class CheckedAnswers(Answers, unittest.TestCase):
    target = "answers:checked"
    whole_ends = ("whole", "end")


if __name__ == "__main__":
    unittest.main()
