"""The module that apps which were configured for uWSGI import as `uwsgi`: shared by processes, gone with the last of them."""

import json
import os
import subprocess
import sys
import tempfile
import unittest

SHIMS = os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))), "propylon_shims")


class UwsgiModule(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = folder.name

    def start(self, code, worker=1, numproc=2, **options):
        told = json.dumps({"opt": options, "numproc": numproc, "threads": 4})
        environment = dict(os.environ, PROPYLON_UWSGI=told, PROPYLON_WORKER=str(worker), PYTHONPATH=SHIMS, TMPDIR=self.folder, PYTHONDONTWRITEBYTECODE="1")
        process = subprocess.Popen(
            [sys.executable, "-c", "import sys, uwsgi\n" + code], env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE, universal_newlines=True
        )
        self.addCleanup(self.end, process)
        return process

    def end(self, process):
        if process.poll() is None:
            process.kill()
        process.communicate()

    def run_code(self, code, **options):
        output, _ = self.start(code, **options).communicate(timeout=20)
        return output.split("\n")[:-1]

    def hear(self, process):
        return process.stdout.readline().strip()

    def finish(self, process):
        process.communicate("\n", timeout=20)
        self.assertEqual(process.returncode, 0)

    def test_options_are_bytes_by_name(self):
        options = {"http-socket": ":80", "master": ""}
        self.assertEqual(self.run_code("print(uwsgi.opt, uwsgi.numproc, uwsgi.cores)", **options), ["{'http-socket': b':80', 'master': b''} 2 4"])

    def test_what_needs_uwsgi_itself_is_not_there_and_says_what_to_do_instead(self):
        code = "print(hasattr(uwsgi, 'websocket_handshake'))\ntry: uwsgi.spool\nexcept AttributeError as error: print(error)\nprint(hasattr(uwsgi, 'post_fork_hook'))"
        said = "uwsgi.spool needs uWSGI itself; tasks beside requests: run them as a program of their own, with a queue"
        self.assertEqual(self.run_code(code), ["False", said, "False"])

    def test_a_switch_is_true_and_a_key_alone_empty(self):
        self.assertEqual(self.run_code("print(uwsgi.opt)", master=True, lone=""), ["{'master': True, 'lone': b''}"])

    def test_metrics_are_numbers_of_all_workers(self):
        code = "uwsgi.metric_inc('jobs', 5); uwsgi.metric_mul('jobs', 4); uwsgi.metric_dec('jobs'); uwsgi.metric_div('jobs', 2); uwsgi.metric_set_max('most', 7); uwsgi.metric_set_max('most', 3)\n"
        code += "uwsgi.metric_set('set', -7); uwsgi.metric_div('set', 2)\n"
        code += "print(uwsgi.metric_get('jobs'), uwsgi.metric_get('most'), uwsgi.metric_get('set'), uwsgi.metric_get('none'), uwsgi.cache_num('jobs'))"
        self.assertEqual(self.run_code(code), ["9 7 -3 0 0"])

    def test_a_number_of_the_cache_is_multiplied_and_divided(self):
        code = "uwsgi.cache_inc('n', 21); uwsgi.cache_mul('n'); print(uwsgi.cache_num('n')); uwsgi.cache_div('n', 5); print(uwsgi.cache_num('n'))"
        self.assertEqual(self.run_code(code), ["42", "8"])

    def test_main_is_told_to_reload_by_its_signal(self):
        code = "import os, signal\nheard = []\nsignal.signal(signal.SIGHUP, lambda *_: heard.append(1))\nos.environ['PROPYLON_MAIN'] = str(os.getpid())\n"
        self.assertEqual(self.run_code(code + "print(uwsgi.masterpid() == os.getpid(), uwsgi.reload(), heard)"), ["True True [1]"])

    def test_a_file_is_sent_in_pieces(self):
        path = os.path.join(self.folder, "file")
        with open(path, "wb") as file:
            file.write(b"0123456789")
        self.assertEqual(self.run_code("print(list(uwsgi.sendfile(%r, 4, 1, 7)))" % path), ["[b'1234', b'567']"])

    def test_decorators_of_the_worker_work_and_the_others_say_what_to_do(self):
        code = "import uwsgidecorators as d\n@d.postfork\ndef one(): print('one')\n@d.postfork(2)\ndef two(): print('two')\n@d.lock\ndef held(): return uwsgi.is_locked()\n"
        code += "uwsgi.post_fork_hook()\nprint(held(), uwsgi.is_locked())\ntry: d.timer\nexcept AttributeError as error: print(error)"
        said = "uwsgidecorators.timer needs uWSGI itself; tasks beside requests: run them as a program of their own, or from cron"
        self.assertEqual(self.run_code(code), ["one", "True False", said])

    def test_cache_functions_return_what_those_of_uwsgi_do(self):
        code = """
print(uwsgi.cache_set('k', b'v'), uwsgi.cache_set('k', b'w'), uwsgi.cache_get('k'))
print(uwsgi.cache_update('k', 'z'), uwsgi.cache_get('k'), uwsgi.cache_exists('k'), uwsgi.cache_exists('no'), uwsgi.cache_get('no'))
print(uwsgi.cache_del('k'), uwsgi.cache_del('k'))
print(uwsgi.cache_inc('n'), uwsgi.cache_inc('n', 4), uwsgi.cache_dec('n'), uwsgi.cache_num('n'), uwsgi.cache_keys())
print(uwsgi.cache_set('n', b'other', 0, 'second'), uwsgi.cache_get('n', 'second'), uwsgi.cache_clear(), uwsgi.cache_num('n'), uwsgi.cache_get('n', 'second'))
"""
        self.assertEqual(
            self.run_code(code),
            ["True None b'v'", "True b'z' True None None", "True None", "True True True 4 [b'n']", "True b'other' True 0 b'other'"],
        )

    def test_an_expired_key_is_gone_and_may_be_set_anew(self):
        code = "import time\nprint(uwsgi.cache_set('k', b'v', 1))\nnow = time.time\ntime.time = lambda: now() + 2\nprint(uwsgi.cache_get('k'), uwsgi.cache_set('k', b'w'), uwsgi.cache_get('k'))"
        self.assertEqual(self.run_code(code), ["True", "None True b'w'"])

    def test_processes_share_the_cache_and_count_without_losing_any(self):
        first = self.start("print(uwsgi.cache_set('k', b'v'), flush=True)\nsys.stdin.readline()\nprint(uwsgi.cache_num('n'))")
        self.assertEqual(self.hear(first), "True")
        self.assertEqual(self.run_code("print(uwsgi.cache_get('k'))"), ["b'v'"])
        counters = [self.start("for _ in range(200): uwsgi.cache_inc('n')") for _ in range(3)]
        for counter in counters:
            self.finish(counter)
        output, _ = first.communicate("\n", timeout=20)
        self.assertEqual(output, "600\n")

    def test_the_last_process_takes_the_folder_with_it(self):
        first = self.start("uwsgi.cache_set('k', b'v'); print('here', flush=True); sys.stdin.readline()")
        self.hear(first)
        self.run_code("uwsgi.cache_get('k')")
        self.assertEqual(len(os.listdir(self.folder)), 1)
        self.finish(first)
        self.assertEqual(os.listdir(self.folder), [])

    def test_what_killed_processes_left_is_not_taken_over(self):
        first = self.start("uwsgi.cache_set('k', b'v'); print('here', flush=True); sys.stdin.readline()")
        self.hear(first)
        first.kill()
        first.communicate()
        self.assertEqual(self.run_code("print(uwsgi.cache_get('k'))"), ["None"])

    def test_a_lock_keeps_others_out_and_is_free_when_its_process_is_killed(self):
        first = self.start("uwsgi.lock(); print(uwsgi.is_locked(), flush=True); sys.stdin.readline()")
        self.assertEqual(self.hear(first), "True")
        second = self.start("print(uwsgi.is_locked(), flush=True); uwsgi.lock(); print('mine', flush=True); uwsgi.unlock(); print(uwsgi.is_locked())")
        self.assertEqual(self.hear(second), "True")
        first.kill()
        self.assertEqual(second.communicate(timeout=20)[0], "mine\nFalse\n")

    def test_a_lock_keeps_other_threads_out_too(self):
        code = """
import threading
uwsgi.lock(1)
inside = threading.Event()
def enter():
    uwsgi.lock(1)
    inside.set()
    uwsgi.unlock(1)
thread = threading.Thread(target=enter)
thread.start()
print(inside.wait(0.2))
uwsgi.unlock(1)
thread.join()
print(inside.is_set())
try: uwsgi.lock(2)
except ValueError as error: print(error)
"""
        self.assertEqual(self.run_code(code, locks="1"), ["False", "True", "Invalid lock number: 2; the option `locks` is 1"])

    def test_workers_are_numbered_and_a_new_one_gets_the_number_that_is_free(self):
        code = "print(uwsgi.worker_id(), uwsgi.worker_id(), flush=True); sys.stdin.readline()"
        first, second = self.start(code, 1), self.start(code, 2)
        self.assertEqual(sorted([self.hear(first), self.hear(second)]), ["1 1", "2 2"])
        self.finish(first)
        third = self.start(code, 3)
        number = self.hear(third)
        replaced = [self.start(code, 4), self.start(code, 5)]
        # All numbers are taken: a reload's new workers share those of the old ones.
        self.assertEqual(sorted(map(self.hear, replaced)), ["1 1", "2 2"])
        for process in (second, third, *replaced):
            self.finish(process)
        self.assertIn(number, ("1 1", "2 2"))


if __name__ == "__main__":
    unittest.main()
