"""Lead, help, share, and the page of started exchanges, by a real worker."""

import os
import time
import unittest

from edge import Edge


class Lanes(unittest.TestCase):
    def worker(self, lanes, target="answers:app", **settings):
        edge = Edge(target, lanes, **settings)
        self.addCleanup(edge.close)
        return edge.connected()

    def settled(self, lanes):
        """A worker of which one lane reads and the others wait."""
        edge = self.worker(lanes)
        self.wait_for_lanes(edge, waiting=lanes - 1)
        return edge

    def wait_for_lanes(self, edge, waiting):
        """Waits until one lane reads and so many wait to be woken, as their stacks tell."""

        def settled():
            edge.said.clear()
            edge.say({"stacks": 1})
            text = edge.heard("stacks")["text"]
            return (text.count("mine.acquire()"), text.count("self.data.recv")) == (waiting, 1)

        edge.wait(settled, "the lanes to settle")

    def gate(self, edge, name="gate"):
        """A path that an app waits for, and a function that lets it go on."""
        path = os.path.join(edge.folder, name)
        return path, lambda: open(path, "w").close()

    def test_each_connection_says_hello_once_in_order(self):
        edge = self.worker(3)
        self.assertEqual(edge.hellos[:2], [(1, "data", 0, 7, 3), (1, "help", 0, 7, 3)])
        self.assertEqual(edge.hellos[2:], [(1, "lane", lane, 7, 3) for lane in range(3)])

    def test_a_batch_is_answered_in_order_and_reports_its_figures_once(self):
        for lanes in (1, 4):
            edge = self.worker(lanes)
            answers = edge.send_together(["/hello"] * 8)
            for answer in answers:
                self.assertEqual(edge.finish(answer).body, b"Hello")
            self.assertEqual([answer.service > 0 for answer in answers], [False] * 7 + [True])
            self.assertEqual([answer.mode for answer in answers], [0] * 8)

    def test_a_batch_holds_streamed_and_whole_answers(self):
        edge = self.worker(1)
        answers = edge.send_together(["/hello", "/generator", "/hello", "/boom", "/declared", "/hello"])
        bodies = [edge.finish(answer).body for answer in answers]
        self.assertEqual(bodies, [b"Hello", b"piece 0\npiece 1\npiece 2\n", b"Hello", b"Internal Server Error\n", b"abcdef", b"Hello"])

    def test_requests_come_whole_whatever_pieces_their_bytes_come_in(self):
        edge = self.worker(1)
        made = [edge.request("/hello") for _ in range(3)] + [edge.request("/digest", b"x" * 5000, method="POST")]
        data = b"".join(part for _, part in made)
        for at in range(0, len(data), 97):
            edge.data().sendall(data[at : at + 97])
            if at % 11 == 0:
                edge.read(0)
        for answer, _ in made:
            self.assertEqual(edge.finish(answer).status, "200 OK")

    def test_help_lets_another_lane_write_what_is_done_and_take_what_is_pending(self):
        edge = self.settled(2)
        path, release = self.gate(edge)
        first, slow = edge.request("/hello"), edge.request("/waits_for", query=path)
        behind = [edge.request("/hello") for _ in range(3)]
        edge.data().sendall(first[1] + slow[1] + b"".join(data for _, data in behind))
        edge.wait(lambda: slow[0].stream in [edge.page(lane)[1] for lane in range(2)], "the slow exchange to start")
        edge.help()
        for answer, _ in [first] + behind:
            self.assertEqual(edge.finish(answer).body, b"Hello")
        self.assertEqual(edge.ask("/hello").body, b"Hello")
        self.assertEqual(edge.follows, 0)
        release()
        self.assertEqual(edge.finish(slow[0]).body, b"waited")
        edge.wait(lambda: edge.follows == 1, "FOLLOW")

    def test_help_when_no_follower_is_left_is_answered_at_once(self):
        edge = self.settled(2)
        path, release = self.gate(edge)
        slow = []
        for count in (1, 2):
            slow.append(edge.send("/waits_for", query=path))
            edge.wait(lambda: slow[-1].stream in [edge.page(lane)[1] for lane in range(2)], "the slow exchange to start")
            edge.help()
            if count == 1:
                self.assertEqual(edge.ask("/hello").body, b"Hello")
        edge.wait(lambda: edge.follows == 1, "FOLLOW for the second call")
        release()
        for answer in slow:
            self.assertEqual(edge.finish(answer).body, b"waited")
        edge.wait(lambda: edge.follows == 2, "FOLLOW for the first call")

    def test_a_lane_that_is_stuck_while_another_reads_says_follow_when_it_is_back(self):
        edge = self.settled(2)
        gates = [self.gate(edge, "gate%d" % number) for number in range(3)]

        def stream_of(number):
            return slow[number][0].stream

        def running():
            return {edge.page(lane)[1] for lane in range(2)}

        slow = [edge.request("/waits_for", query=path) for path, _ in gates]
        edge.data().sendall(slow[0][1])
        edge.wait(lambda: stream_of(0) in running(), "the first to start")
        edge.help()
        edge.data().sendall(slow[1][1] + slow[2][1])
        edge.wait(lambda: running() == {stream_of(0), stream_of(1)}, "the second to start")
        gates[0][1]()
        edge.wait(lambda: running() == {stream_of(1), stream_of(2)}, "the first lane to take the third")
        gates[1][1]()
        edge.finish(slow[1][0])
        edge.wait(lambda: edge.follows == 1, "FOLLOW for the first call")
        self.wait_for_lanes(edge, waiting=0)
        edge.help()
        # HELP and requests come by different connections: should it meet the other lane at work, FOLLOW comes at once.
        self.assertEqual([edge.ask("/hello").body for _ in range(3)], [b"Hello"] * 3)
        gates[2][1]()
        edge.finish(slow[2][0])
        edge.wait(lambda: edge.follows == 2, "FOLLOW for the second call")
        self.assertEqual([edge.ask("/hello").body for _ in range(3)], [b"Hello"] * 3)
        self.assertEqual(edge.follows, 2)

    def test_help_that_crosses_the_last_answer_is_answered_at_once(self):
        edge = self.worker(3)
        edge.ask("/hello")
        for count in range(1, 4):
            edge.help()
            edge.wait(lambda: edge.follows == count, "FOLLOW")
        self.assertEqual(edge.ask("/hello").body, b"Hello")

    def test_each_help_is_answered_by_one_follow_whatever_happens(self):
        edge = self.worker(4)
        helps = 0
        for turn in range(30):
            answers = edge.send_together(["/hello"] * 3)
            slow = edge.send("/sleeps", query="0.003" if turn % 3 else "0")
            edge.help()
            helps += 1
            for answer in [*answers, slow]:
                edge.finish(answer)
        edge.wait(lambda: edge.follows == helps, "a FOLLOW for each HELP")

    def test_lanes_share_what_mostly_waits_and_stop_when_it_does_not(self):
        edge = self.worker(4)
        modes = [edge.ask("/sleeps", query="0.005").mode for _ in range(12)]
        self.assertEqual((modes[0], modes[-1]), (0, 1))
        path, release = self.gate(edge)
        waiting = [edge.request("/waits_for", query=path) for _ in range(4)]
        edge.data().sendall(b"".join(data for _, data in waiting))
        running = {answer.stream for answer, _ in waiting}
        edge.wait(lambda: {edge.page(lane)[1] for lane in range(4)} == running, "all four lanes to run one each")
        self.assertEqual(edge.follows, 0)
        release()
        for answer, _ in waiting:
            self.assertEqual(edge.finish(answer).body, b"waited")
        edge.wait(lambda: edge.ask("/hello").mode == 0, "the lanes to stop sharing")

    def test_a_lane_that_streams_leaves_the_others_to_work(self):
        edge = self.worker(2)
        endless = edge.send("/endless")
        edge.wait(lambda: len(endless.pieces) > 3, "pieces")
        edge.help()
        for _ in range(5):
            self.assertEqual(edge.ask("/hello").body, b"Hello")
        edge.abort(endless, lane=[edge.page(lane)[1] for lane in range(2)].index(endless.stream))
        edge.finish(endless)
        edge.wait(lambda: edge.follows == 1, "FOLLOW")

    def test_the_page_names_what_runs_and_counts_what_was_taken(self):
        edge = self.worker(1)
        self.assertEqual(edge.page(), (0, 0, 0.0))
        for _ in range(5):
            edge.ask("/hello")
        path, release = self.gate(edge)
        before = time.clock_gettime(time.CLOCK_MONOTONIC)
        slow = edge.send("/waits_for", query=path)
        waiting = edge.send("/hello")
        edge.wait(lambda: edge.page()[1] == slow.stream, "the exchange to start")
        taken, stream, began = edge.page()
        self.assertEqual(taken, 6)
        self.assertTrue(before <= began <= time.clock_gettime(time.CLOCK_MONOTONIC))
        release()
        edge.finish(waiting)
        edge.wait(lambda: edge.page() == (7, 0, 0.0), "the page of an idle lane")

    def test_the_page_survives_the_worker(self):
        edge = self.worker(1)
        slow = edge.send("/waits_for", query="/nowhere")
        edge.send("/hello")
        edge.wait(lambda: edge.page()[1] == slow.stream, "the exchange to start")
        edge.process.kill()
        edge.exit_code()
        self.assertEqual(edge.page()[:2], (1, slow.stream))

    def test_an_answer_does_not_wait_for_a_slow_close(self):
        for lanes in (1, 2):
            edge = self.worker(lanes)
            path, release = self.gate(edge)
            answer = edge.send("/closes_slowly", query=path)
            self.assertEqual(edge.finish(answer).body, b"first the answer")
            release()
            self.assertEqual(edge.ask("/hello").body, b"Hello")

    def test_a_slow_close_counts_for_the_service_time_that_the_edge_is_told_next(self):
        edge = self.worker(1)
        self.assertEqual(edge.ask("/closes_after", query="0.05").body, b"first the answer")
        self.assertGreater(edge.ask("/hello").service, 50000)
        self.assertLess(edge.ask("/hello").service, 50000)

    def test_the_answers_of_a_batch_do_not_wait_for_a_slow_one_behind_them_for_long(self):
        edge = self.worker(1)
        path, release = self.gate(edge)
        done = [edge.request("/hello"), edge.request("/sleeps", query="0.002"), edge.request("/waits_for", query=path)]
        edge.data().sendall(b"".join(data for _, data in done))
        self.assertEqual(edge.finish(done[0][0]).body, b"Hello")
        self.assertEqual(edge.finish(done[1][0]).body, b"slept")
        self.assertIsNone(done[2][0].ended)
        release()
        edge.finish(done[2][0])

    def test_many_requests_on_many_lanes_are_each_answered_once_with_their_own(self):
        edge = self.worker(8)
        answers = []
        for turn in range(60):
            made = [edge.request("/digest", b"%d" % number, method="POST", slot=number) for number in range(7)]
            made.append(edge.request("/sleeps", query="0.001"))
            edge.data().sendall(b"".join(data for _, data in made))
            if turn % 10 == 0:
                edge.help()
            answers += [answer for answer, _ in made]
            edge.read(0)
        edge.wait(lambda: all(answer.ended for answer in answers), "all answers")
        self.assertEqual([answer.body.split(b" ")[0] for answer in answers], ([b"1"] * 7 + [b"slept"]) * 60)
        edge.wait(lambda: sum(edge.page(lane)[0] for lane in range(8)) == len(answers), "the page")


if __name__ == "__main__":
    unittest.main()
