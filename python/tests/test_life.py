"""The life of a worker process: what it says to main, what ends it, and what outlives what."""

import os
import signal
import socket
import struct
import subprocess
import sys
import tempfile
import unittest

from edge import Edge, WORKER


class Life(unittest.TestCase):
    def worker(self, target="answers:app", lanes=1, **settings):
        edge = Edge(target, lanes, **settings)
        self.addCleanup(edge.close)
        return edge

    def folder(self, **files):
        folder = tempfile.TemporaryDirectory(prefix="propylon-test-")
        self.addCleanup(folder.cleanup)
        for name, text in files.items():
            path = os.path.join(folder.name, name.replace("__", "/").replace("_wsgi", ".wsgi").replace("_py", ".py"))
            os.makedirs(os.path.dirname(path), exist_ok=True)
            with open(path, "w") as file:
                file.write(text)
        return folder.name

    # --- ready, drained, gone ---

    def test_it_says_when_it_is_ready(self):
        edge = self.worker()
        ready = edge.heard("ready")["ready"]
        self.assertEqual((ready["pid"], ready["kind"]), (edge.process.pid, "wsgi"))
        self.assertEqual(ready["python"], "%d.%d.%d" % sys.version_info[:3])
        self.assertGreaterEqual(ready["loaded_ms"], 0)

    def test_drained_it_finishes_what_runs_and_ends_with_code_0_after_its_exit_handlers(self):
        for lanes in (1, 3):
            edge = self.worker("lives:app", lanes).connected()
            gate = os.path.join(edge.folder, "gate")
            slow = edge.send("/waits_for", query=gate)
            edge.wait(lambda: slow.stream in [edge.page(lane)[1] for lane in range(lanes)], "the exchange to start")
            edge.say({"drain": True})
            edge.say({"stacks": 1})
            edge.heard("stacks")
            self.assertIsNone(edge.process.poll())
            open(gate, "w").close()
            self.assertEqual(edge.finish(slow).body, b"waited")
            self.assertEqual(edge.exit_code(), 0)
            self.assertEqual(edge.output(), "at exit\n")
            self.assertEqual(edge.errors(), "")

    def test_drained_it_still_runs_what_it_had_been_sent(self):
        edge = self.worker().connected()
        answers = edge.send_together(["/hello"] * 6)
        edge.say({"drain": True})
        for answer in answers:
            self.assertEqual(edge.finish(answer).body, b"Hello")
        self.assertEqual(edge.exit_code(), 0)

    def test_idle_it_ends_at_once_when_drained(self):
        for lanes in (1, 4):
            edge = self.worker(lanes=lanes).connected()
            edge.say({"drain": True})
            self.assertEqual(edge.exit_code(), 0)

    def test_it_ends_when_drained_while_no_edge_is_there(self):
        edge = self.worker().connected()
        edge.die()
        edge.say({"drain": True})
        self.assertEqual(edge.exit_code(), 0)
        edge.listen()

    def test_it_ends_when_drained_while_it_loads(self):
        folder = self.folder(slow_py="import time, os\nhere = os.path.dirname(__file__)\nopen(here + '/begun', 'w').close()\nwhile not os.path.exists(here + '/gate'): time.sleep(0.001)\napp = len\n")
        edge = self.worker("slow:app", directory=folder)
        edge.wait(lambda: os.path.exists(os.path.join(folder, "begun")), "the import to begin")
        edge.say({"drain": True})
        edge.say({"stacks": 3})
        self.assertIn("slow.py", edge.heard("stacks")["text"])
        open(os.path.join(folder, "gate"), "w").close()
        self.assertEqual(edge.exit_code(), 0)

    def test_it_ends_with_main(self):
        for lanes in (1, 3):
            edge = self.worker(lanes=lanes).connected()
            slow = edge.send("/waits_for", query="/nowhere")
            edge.wait(lambda: slow.stream in [edge.page(lane)[1] for lane in range(lanes)], "the exchange to start")
            edge.control.shutdown(socket.SHUT_RDWR)
            self.assertEqual(edge.exit_code(), 0)

    def test_ctrl_c_is_not_for_the_worker(self):
        edge = self.worker().connected()
        gate = os.path.join(edge.folder, "gate")
        slow = edge.send("/waits_for", query=gate)
        edge.wait(lambda: edge.page()[1] == slow.stream, "the exchange to start")
        edge.process.send_signal(signal.SIGINT)
        open(gate, "w").close()
        self.assertEqual(edge.finish(slow).body, b"waited")
        self.assertEqual(edge.ask("/hello").body, b"Hello")

    def test_started_by_hand_it_says_who_starts_it(self):
        done = subprocess.run([sys.executable, WORKER, "app", "1"], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, universal_newlines=True)
        self.assertEqual((done.returncode, done.stderr), (1, "propylon_worker is started by propylon, with its control channel on file descriptor 3\n"))

    # --- edges come and go ---

    def test_it_outlives_an_edge_and_connects_to_the_next(self):
        for lanes in (1, 3):
            edge = self.worker(lanes=lanes)
            for _ in range(3):
                self.assertEqual(edge.ask("/hello", slot=1).body, b"Hello")
                edge.die()
                edge.listen()
                edge.connected()
            self.assertEqual(edge.ask("/hello", slot=1).body, b"Hello")
            edge.wait(lambda: sum(edge.page(lane)[0] for lane in range(lanes)) == 4, "taken to count on")

    def test_busy_lanes_do_not_keep_it_from_the_next_edge_when_there_are_several(self):
        edge = self.worker(lanes=2).connected()
        gate = os.path.join(edge.folder, "gate")
        first = edge.send("/waits_for", query=gate)
        edge.wait(lambda: first.stream in [edge.page(lane)[1] for lane in range(2)], "the exchange to start")
        edge.drop_connections()
        self.assertEqual(edge.ask("/hello").body, b"Hello")
        edge.say({"drain": True})
        open(gate, "w").close()
        self.assertEqual(edge.exit_code(), 0)
        self.assertIsNone(first.ended)

    def test_what_had_not_started_when_the_edge_went_is_not_run(self):
        edge = self.worker(lanes=2).connected()
        gate, mark = os.path.join(edge.folder, "gate"), os.path.join(edge.folder, "mark")
        edge.send("/waits_for", query=gate)
        edge.wait(lambda: sum(edge.page(lane)[0] for lane in range(2)) == 1, "the first exchange to start")
        edge.help()
        second, third = edge.request("/waits_for", query=gate), edge.request("/touches", query=mark)
        edge.data().sendall(second[1] + third[1])
        edge.wait(lambda: sum(edge.page(lane)[0] for lane in range(2)) == 2, "the second exchange to start")
        edge.drop_connections()
        edge.connected()
        open(gate, "w").close()
        edge.ask("/hello")
        edge.say({"drain": True})
        self.assertEqual(edge.exit_code(), 0)
        self.assertFalse(os.path.exists(mark))

    def test_what_a_single_lane_had_not_started_when_the_edge_went_is_not_run(self):
        edge = self.worker().connected()
        gate, mark = os.path.join(edge.folder, "gate"), os.path.join(edge.folder, "mark")
        first, second = edge.request("/waits_for", query=gate), edge.request("/touches", query=mark)
        edge.data().sendall(first[1] + second[1])
        edge.wait(lambda: edge.page()[1] == first[0].stream, "the exchange to start")
        edge.drop_connections()

        def noticed():
            edge.said.clear()
            edge.say({"stacks": 1})
            return "propylon-help" not in edge.heard("stacks")["text"]

        edge.wait(noticed, "the worker to notice")
        open(gate, "w").close()
        self.assertEqual(edge.ask("/hello").body, b"Hello")
        self.assertFalse(os.path.exists(mark))

    def test_an_edge_that_speaks_another_protocol_ends_the_worker_with_a_word_in_the_log(self):
        for kind, lanes in (("data", 1), ("help", 1), ("help", 2)):
            edge = self.worker(lanes=lanes).connected()
            edge.of(kind).sock.sendall(struct.pack("<IIB", 40, 1, 99) + bytes(40))
            self.assertEqual(edge.exit_code(), 70)
            self.assertIn("FrameError: frame of type 99 on the %s connection" % kind, edge.errors())

    # --- stacks, log, environment ---

    def test_the_stacks_of_a_busy_worker_can_be_had(self):
        edge = self.worker().connected()
        slow = edge.send("/waits_for", query="/nowhere")
        edge.wait(lambda: edge.page()[1] == slow.stream, "the exchange to start")
        edge.say({"stacks": 42})
        said = edge.heard("stacks")
        self.assertEqual(said["stacks"], 42)
        self.assertIn("in waits_for", said["text"])
        self.assertNotIn("in stacks", said["text"])

    def test_what_the_app_prints_goes_to_the_log_line_by_line(self):
        edge = self.worker(environment={"LC_ALL": "C", "PYTHONIOENCODING": "ascii"})
        edge.ask("/prints")
        self.assertEqual(edge.output(), "printed \u20ac\n")
        self.assertEqual(edge.errors(), "on stderr\non wsgi.errors\n")

    def test_programs_that_the_app_starts_inherit_no_connection_and_the_app_sees_no_arguments(self):
        edge = self.worker(profile="production")
        sockets, arguments, profile, stdin, thread = edge.ask("/process").body.decode().split("\n")
        self.assertEqual((sockets, arguments, profile, stdin, thread), ("0", "[]", "'production'", "''", "MainThread"))

    def test_a_forked_child_that_stays_does_not_hold_the_connections(self):
        edge = self.worker(lanes=2).connected()
        child = int(edge.ask("/forks", query=os.path.join(self.folder(lives=""), "lives")).body)
        edge.process.kill()
        edge.exit_code()
        edge.wait(lambda: not any(connection.reading for connection in edge.connections), "the end of the connections")
        edge.wait(lambda: not edge.control_open, "the end of the control channel")
        os.kill(child, 0)  # it is still there

    def test_its_own_folder_is_not_on_the_path_of_the_app(self):
        edge = self.worker("lives:app")
        path, argv = edge.ask("/path").body.decode().split("\n")
        self.assertNotIn(WORKER, path)
        self.assertTrue(argv.endswith("propylon_worker"))

    # --- what can't be loaded ---

    def fails(self, target="", reason="", remedy="", trace="", **settings):
        edge = self.worker(target, **settings)
        failed = edge.heard("failed")["failed"]
        self.assertRegex(failed["reason"], reason)
        self.assertRegex(failed["remedy"], remedy or "^")
        self.assertRegex(failed["traceback"], trace or "^$")
        self.assertNotIn("propylon_worker", failed["traceback"])
        self.assertEqual(edge.exit_code(), 3)

    def test_a_missing_module_is_named_with_what_is_near(self):
        self.fails("answerz:app", "^no module named 'answerz' in /.*apps$", "^did you mean 'answers'\\?$")
        self.fails("nothing_like_it:app", "no module named", "MODULE:CALLABLE")
        folder = self.folder(shop____init___py="", shop__wsgi_py="")
        self.fails("shop.wsgy:app", "no module named 'shop.wsgy'", "did you mean 'shop.wsgi'", directory=folder)
        self.fails("shap.wsgi:app", "no module named 'shap'", "did you mean 'shop'", directory=folder)

    def test_a_module_that_the_app_needs_is_named_with_how_to_install_it(self):
        folder = self.folder(needs_py="import no_such_thing.inside\n")
        self.fails("needs:app", "^needs needs the module 'no_such_thing', which is not installed$", "-m pip install no_such_thing$", "needs.py\", line 1", directory=folder)

    def test_an_error_of_the_app_comes_with_its_traceback(self):
        folder = self.folder(broken_py="def f():\n    1 / 0\nf()\n", wrong_py="def f(:\n", leaves_py="import sys\nsys.exit(2)\n", script_wsgi="raise KeyError('a')\n")
        self.fails("broken:app", "importing broken failed: ZeroDivisionError: division by zero", "", "^Traceback[^$]*line 2, in f", directory=folder)
        self.fails("wrong:app", "importing wrong failed: SyntaxError: .*line 1", "", "SyntaxError", directory=folder)
        self.fails("leaves:app", "called sys.exit\\(2\\)", "__main__", "SystemExit", directory=folder)
        script = {"kind": "script", "path": os.path.join(folder, "script.wsgi"), "attribute": "application"}
        self.fails(reason="running .*script.wsgi failed: KeyError: 'a'", trace="script.wsgi\", line 1", directory=folder, load=script)

    def test_a_failed_import_ends_the_process_even_if_it_left_a_thread(self):
        folder = self.folder(leaves_py="import threading, time\nthreading.Thread(target=time.sleep, args=(600,)).start()\nraise RuntimeError('after')\n")
        self.fails("leaves:app", "RuntimeError: after", "", "after", directory=folder)

    def test_a_name_that_leads_to_no_app_is_told_with_what_is_near(self):
        self.fails("answers:ap", "^no 'ap' in answers$", "did you mean 'app'")
        self.fails("answers:app.inner", "^no 'app.inner' in answers$")
        self.fails("answers:TEXT", "^TEXT in answers is not callable but list$", "did you mean 'app'")
        folder = self.folder(empty_py="x = 1\n", flask_py="class F:\n  server = len\napp = F()\n")
        self.fails("empty", "^no application, app, create_app, make_app in empty$", "empty:CALLABLE", directory=folder)
        self.fails("flask:app.servr", "no 'app.servr' in flask", "did you mean 'server'", directory=folder)

    def test_a_missing_script_is_named(self):
        self.fails(reason="^no file /nowhere/at.wsgi$", remedy="existing", load={"kind": "script", "path": "/nowhere/at.wsgi", "attribute": "application"})

    # --- what can ---

    def test_factories_are_called(self):
        made = "def app(e, s):\n    s('200 OK', [])\n    return [b'made']\n"
        folder = self.folder(shop_py=made + "def create_app():\n    return app\ndef fails():\n    1 / 0\ndef nothing():\n    pass\ndef takes_one(x):\n    return app\nclass Namespace:\n    @staticmethod\n    def make():\n        return app\n")
        for target, factory in (("shop:create_app", None), ("shop:create_app", True), ("shop:create_app()", None), ("shop:Namespace.make", True), ("shop", None)):
            edge = self.worker(target, directory=folder, factory=factory)
            self.assertEqual(edge.ask("/").body, b"made", target)
            warned = any("called as a factory" in message.get("warning", "") for message in edge.said)
            self.assertEqual(warned, (target, factory) == ("shop:create_app", None))
        self.fails("shop:fails", "calling fails of shop failed: ZeroDivisionError", "", "in fails", directory=folder)
        self.fails("shop:nothing", "nothing of shop returned NoneType, not a WSGI application", "return the app", directory=folder)
        self.fails("shop:takes_one", "calling takes_one of shop failed: TypeError", "", "TypeError", directory=folder, factory=True)

    def test_a_script_is_run_under_its_path_and_finds_what_is_beside_it(self):
        folder = self.folder(
            my__site_wsgi="import beside\ndef application(e, s):\n    s('200 OK', [])\n    return [('%s %s %s' % (__name__, __file__, beside.name)).encode()]\n", my__beside_py="name = 'beside'\n", my__site_py="raise Exception\n"
        )
        path = os.path.join(folder, "my", "site.wsgi")
        edge = self.worker(directory="/", load={"kind": "script", "path": path, "attribute": "application"})
        self.assertEqual(edge.ask("/").body.decode(), "_wsgi_site %s beside" % path)

    def test_pythonpath_is_searched_after_the_directory(self):
        here = self.folder(one_py="name = 'here'\n", shop_py="import one, two\ndef app(e, s):\n    s('200 OK', [])\n    return [(one.name + two.name).encode()]\n")
        there = self.folder(one_py="name = 'there'\n", two_py="name = 'two'\n")
        self.assertEqual(self.worker("shop:app", directory=here, pythonpath=[there]).ask("/").body, b"heretwo")


if __name__ == "__main__":
    unittest.main()
