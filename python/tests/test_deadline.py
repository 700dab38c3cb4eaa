"""Soft deadlines: the app is interrupted, the exchange after it never is."""

import random
import struct
import time
import unittest

from edge import PATIENCE, Edge

INTERRUPT = 8


class Deadlines(unittest.TestCase):
    def worker(self, lanes):
        edge = Edge("stuck:app", lanes)
        self.addCleanup(edge.close)
        return edge.connected()

    def interrupt(self, edge, answer):
        edge.of("help").sock.sendall(struct.pack("<IIB", 0, answer.stream, INTERRUPT))

    def begun(self, edge, answer):
        edge.wait(lambda: answer.stream in [edge.page(lane)[1] for lane in range(edge.lanes)], "the exchange to begin")
        time.sleep(0.01)  # and to be in the app: nothing outside tells

    def test_a_loop_is_interrupted_and_the_lane_goes_on(self):
        for lanes in (1, 4):
            edge = self.worker(lanes)
            for way in ("/loop", "/swallowed"):
                answer = edge.send(way)
                self.begun(edge, answer)
                self.interrupt(edge, answer)
                self.assertEqual(edge.finish(answer).status, "500 Internal Server Error")
                self.assertEqual(edge.ask("/hello").body, b"Hello")
            self.assertIn("the request was interrupted at its deadline\nTraceback", edge.errors())
            self.assertIn("in loop", edge.errors())

    def test_an_app_may_catch_it_and_answer(self):
        edge = self.worker(4)
        answer = edge.send("/caught")
        self.begun(edge, answer)
        self.interrupt(edge, answer)
        self.assertEqual(edge.finish(answer).body, b"DeadlineExceeded")

    def test_a_worker_of_one_lane_is_interrupted_in_the_kernel_too(self):
        edge = self.worker(1)
        for way in ("/sleep", "/read"):
            answer = edge.send(way)
            self.begun(edge, answer)
            self.interrupt(edge, answer)
            self.assertEqual(edge.finish(answer).status, "500 Internal Server Error")
        self.assertEqual(edge.ask("/hello").body, b"Hello")

    def test_a_streamed_answer_is_cut_between_frames(self):
        for lanes in (1, 4):
            edge = self.worker(lanes)
            for _ in range(20):
                answer = edge.send("/stream")
                edge.wait(lambda answer=answer: answer.body, "the answer to begin")
                self.interrupt(edge, answer)
                self.assertEqual(edge.finish(answer).ended, "abort: the app failed")
            self.assertEqual(edge.ask("/hello").body, b"Hello")

    def test_what_runs_after_the_answer_is_interrupted_too(self):
        for lanes in (1, 4):
            edge = self.worker(lanes)
            answer = edge.finish(edge.send("/closing"))
            self.assertEqual(answer.body, b"whole")

            def interrupted(edge=edge, answer=answer):
                self.interrupt(edge, answer)  # again, since nothing tells whether close() has begun
                return "failed to close" in edge.errors()

            edge.wait(interrupted, "the interrupt")
            self.assertEqual(edge.ask("/hello").body, b"Hello")

    def test_reading_the_body_is_interrupted_between_frames(self):
        for lanes in (1, 2):
            edge = self.worker(lanes)
            answer = edge.send("/body", b"x" * 2000000, method="POST", deferred=True)
            edge.wait(lambda answer=answer: len(answer.pulls) > 2, "the app to read")
            self.interrupt(edge, answer)
            self.assertEqual(edge.finish(answer).status, "500 Internal Server Error")
            self.assertEqual(edge.ask("/body", b"y" * 100000, method="POST", deferred=True).body, b"read all")

    def test_what_has_ended_or_not_begun_is_not_interrupted(self):
        edge = self.worker(2)
        answer = edge.finish(edge.send("/hello"))
        self.interrupt(edge, answer)
        self.assertEqual(edge.ask("/hello").body, b"Hello")
        self.assertEqual(edge.errors(), "")

    def test_an_interrupt_that_comes_late_never_hits_the_next_exchange(self):
        """Each of a pair of exchanges follows the other on the same lane; only the first is interrupted, about when it ends."""
        for lanes in (1, 3):
            edge = self.worker(lanes)
            outcomes = {"200 OK": 0, "500 Internal Server Error": 0}
            end = time.monotonic() + PATIENCE
            while min(outcomes.values()) < 60 and time.monotonic() < end:
                first, second = (edge.request("/spin", query="%.5f" % seconds) for seconds in (0.003, 0.002))
                edge.data().sendall(first[1] + second[1])
                time.sleep(random.uniform(0.0025, 0.0038))
                self.interrupt(edge, first[0])
                outcomes[edge.finish(first[0]).status] += 1
                self.assertEqual(edge.finish(second[0]).body, b"spun", "the exchange after an interrupted one")
            self.assertGreaterEqual(min(outcomes.values()), 60, outcomes)


if __name__ == "__main__":
    unittest.main()
