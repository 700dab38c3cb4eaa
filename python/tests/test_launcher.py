"""The launcher, with real processes."""

import json
import os
import pwd
import resource
import signal
import subprocess
import sys
import tempfile
import time
import unittest

LAUNCHER = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "propylon_launcher.py")
ROOT = os.geteuid() == 0


def launch(settings, *command):
    return subprocess.run([sys.executable, "-I", "-S", LAUNCHER, json.dumps(settings)] + list(command), stdout=subprocess.PIPE, stderr=subprocess.PIPE, universal_newlines=True)


def read(path):
    """A file's text, or nothing when it has gone."""
    try:
        with open(path) as file:
            return file.read()
    except OSError:
        return ""


def wait_until(condition):
    deadline = time.monotonic() + 10
    while not condition():
        if time.monotonic() > deadline:
            raise AssertionError("waited 10 s in vain")
        time.sleep(0.002)


class Launcher(unittest.TestCase):
    def test_it_becomes_the_command_with_its_exit_code(self):
        done = launch({}, "sh", "-c", "echo $$ $PPID; exit 7")
        self.assertEqual(done.returncode, 7)
        self.assertEqual(int(done.stdout.split()[1]), os.getpid())

    def test_it_sets_umask_directory_and_limits(self):
        files = min(100, resource.getrlimit(resource.RLIMIT_NOFILE)[1])
        with tempfile.TemporaryDirectory() as folder:
            done = launch({"umask": 0o27, "directory": folder, "limits": {"files": files, "core": 0}}, "sh", "-c", "umask; pwd -P; ulimit -n; ulimit -c")
            self.assertEqual(done.stdout.split(), ["0027", os.path.realpath(folder), str(files), "0"])

    def test_a_missing_command_is_named(self):
        done = launch({}, "no-such-command-here")
        self.assertEqual(done.returncode, 3)
        self.assertIn("no command 'no-such-command-here'", done.stderr)

    def test_an_unknown_user_is_named(self):
        done = launch({"user": "no-such-user"}, "true")
        self.assertEqual(done.returncode, 3)
        self.assertIn("no user 'no-such-user'", done.stderr)

    def test_failures_are_told_on_descriptor_3_where_it_is_open(self):
        read, write = os.pipe()
        with os.fdopen(read) as told:
            child = subprocess.Popen(["sh", "-c", 'exec "$@" 3>&%d' % write, "sh", sys.executable, "-I", "-S", LAUNCHER, '{"user": "no-such-user"}', "true"], pass_fds=[write])
            os.close(write)
            self.assertIn("no-such-user", json.loads(told.readline())["failed"]["reason"])
            self.assertEqual(child.wait(), 3)

    @unittest.skipUnless(ROOT, "needs root")
    def test_it_becomes_the_user_with_its_groups(self):
        done = launch({"user": "nobody"}, "sh", "-c", "id -u; id -G; echo $HOME")
        nobody = pwd.getpwnam("nobody")
        self.assertEqual(done.stdout.split(), [str(nobody.pw_uid), str(nobody.pw_gid), nobody.pw_dir])

    @unittest.skipUnless(ROOT, "needs root")
    def test_a_path_that_the_user_cannot_reach_is_named_with_what_blocks_it(self):
        with tempfile.TemporaryDirectory() as folder:
            inner = os.path.join(folder, "app")
            os.mkdir(inner)
            done = launch({"user": "nobody", "check_readable": [inner]}, "true")
            self.assertEqual(done.returncode, 3)
            self.assertIn("the app's user 'nobody' cannot read %s: no entry to %s" % (inner, folder), done.stderr)
            self.assertIn("chmod o+x %s" % folder, done.stderr)
            os.chmod(folder, 0o755)
            self.assertEqual(launch({"user": "nobody", "check_readable": [inner]}, "true").returncode, 0)

    @unittest.skipUnless(ROOT, "needs root")
    def test_users_and_groups_may_be_numbers(self):
        done = launch({"user": "54321", "group": 777}, "sh", "-c", "id -u; id -G")
        self.assertEqual(done.stdout.split(), ["54321", "777"])
        nobody = pwd.getpwnam("nobody")
        done = launch({"user": nobody.pw_uid}, "sh", "-c", "id -u; id -g; echo $USER")
        self.assertEqual(done.stdout.split(), [str(nobody.pw_uid), str(nobody.pw_gid), "nobody"])

    @unittest.skipUnless(ROOT, "needs root")
    def test_a_file_that_the_user_cannot_read_is_named(self):
        with tempfile.TemporaryDirectory() as folder:
            os.chmod(folder, 0o755)
            path = os.path.join(folder, "app.wsgi")
            with open(path, "w"):
                os.chmod(path, 0o600)
            done = launch({"user": "nobody", "check_readable": [path]}, "true")
            self.assertEqual((done.returncode, done.stderr.split("\n")[0]), (3, "propylon: the app's user 'nobody' cannot read %s" % path))
            self.assertIn("chmod -R o+rX %s" % path, done.stderr)

    @unittest.skipUnless(ROOT, "needs root")
    def test_a_link_into_a_closed_folder_is_told_with_that_folder(self):
        with tempfile.TemporaryDirectory() as folder, tempfile.TemporaryDirectory() as closed:
            os.chmod(folder, 0o755)
            link = os.path.join(folder, "app")
            os.mkdir(os.path.join(closed, "app"))
            os.symlink(os.path.join(closed, "app"), link)
            done = launch({"user": "nobody", "check_readable": [link]}, "true")
            self.assertIn("cannot read %s: no entry to %s" % (link, closed), done.stderr)

    def test_a_path_that_does_not_exist_is_told_so(self):
        with tempfile.TemporaryDirectory() as folder:
            for path in (os.path.join(folder, "no"), os.path.join(folder, "no", "app.wsgi")):
                done = launch({"check_readable": [path]}, "true")
                self.assertEqual(done.returncode, 3)
                self.assertIn("no file or folder %s" % path, done.stderr)

    @unittest.skipUnless(ROOT, "needs root")
    def test_only_root_can_become_somebody_else_and_says_so(self):
        # Both by way of a launcher that has become nobody: it can't start another as root.
        inner = [sys.executable, "-I", "-S", os.path.abspath(LAUNCHER)]
        if subprocess.run(["setpriv", "--reuid=65534", "--clear-groups", "--regid=65534", *inner, "{}", "true"], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL).returncode != 0:
            self.skipTest("nobody can't run this interpreter here")
        done = subprocess.run(["setpriv", "--reuid=65534", "--clear-groups", "--regid=65534", *inner, '{"user": "root"}', "true"], stdout=subprocess.PIPE, stderr=subprocess.PIPE, universal_newlines=True)
        self.assertEqual(done.returncode, 3)
        self.assertIn("only root can start a process as user 'root'", done.stderr)

    def test_an_unknown_group_is_named(self):
        done = launch({"group": "no-such-group"}, "true")
        self.assertEqual(done.returncode, 3)
        self.assertIn("no group 'no-such-group'", done.stderr)

    def test_a_limit_that_cannot_be_set_is_told(self):
        done = launch({"limits": {"files": 2**40}}, "true")
        self.assertEqual(done.returncode, 3)
        self.assertIn("cannot set the limit of files to 1099511627776", done.stderr)

    def test_a_script_without_its_interpreter_is_told_so(self):
        with tempfile.TemporaryDirectory() as folder:
            path = os.path.join(folder, "script")
            with open(path, "w") as file:
                file.write("#!/no/such/interpreter\n")
            self.assertIn("cannot run %r: Permission denied" % path, launch({}, path).stderr)
            os.chmod(path, 0o755)
            self.assertIn("cannot run %r: the interpreter in its first line does not exist" % path, launch({}, path).stderr)

    def test_a_session_of_its_own_may_be_asked_for_twice(self):
        done = launch({"session": True}, sys.executable, "-I", "-S", LAUNCHER, '{"session": true}', "sh", "-c", "echo $$; cut -d' ' -f6 /proc/$$/stat")
        self.assertEqual(len(set(done.stdout.split())), 1)

    def test_the_command_gets_the_environment_and_its_signals_as_they_were(self):
        done = launch({"environment": {"PROPYLON_TEST": "caf\xe9"}}, "sh", "-c", "echo $PROPYLON_TEST; grep SigIgn /proc/self/status")
        name, ignored = done.stdout.split("\n")[:2]
        self.assertEqual(name, "caf\xe9")
        self.assertEqual(int(ignored.split()[1], 16) & (1 << (signal.SIGPIPE - 1) | 1 << (signal.SIGXFSZ - 1)), 0)

    def test_descriptor_3_stays_open_for_the_command(self):
        read_end, write_end = os.pipe()
        child = subprocess.Popen(["sh", "-c", 'exec "$@" 3>&%d' % write_end, "sh", sys.executable, "-I", "-S", LAUNCHER, "{}", "sh", "-c", "echo through >&3"], pass_fds=[write_end])
        os.close(write_end)
        with os.fdopen(read_end) as told:
            self.assertEqual(told.read(), "through\n")
        self.assertEqual(child.wait(), 0)

    def test_with_announce_it_tells_of_pipes_and_of_the_start_and_keeps_descriptor_3_to_itself(self):
        with tempfile.TemporaryDirectory() as folder:
            pipe = os.path.join(folder, "out")
            settings = {"announce": True, "output": {"1": pipe, "2": "1"}}
            read_end, write_end = os.pipe()
            command = [sys.executable, "-I", "-S", LAUNCHER, json.dumps(settings), "sh", "-c", "echo out; echo err >/dev/stderr; echo through >&3"]
            child = subprocess.Popen(["sh", "-c", 'exec "$@" 3>&%d' % write_end, "sh", *command], pass_fds=[write_end])
            os.close(write_end)
            with os.fdopen(read_end) as told:
                self.assertEqual(json.loads(told.readline()), {"pipes": "1"})
                with open(pipe) as output:
                    self.assertEqual(json.loads(told.readline()), {"running": True})
                    self.assertEqual(told.read(), "")
                    text = output.read()
            child.wait()
            self.assertTrue(text.startswith("out\nerr\n"), text)
            self.assertIn("3: ", text)  # the shell could not write to it

    def test_a_command_that_is_not_there_is_told_after_the_announcement(self):
        read_end, write_end = os.pipe()
        child = subprocess.Popen(["sh", "-c", 'exec "$@" 3>&%d' % write_end, "sh", sys.executable, "-I", "-S", LAUNCHER, '{"announce": true}', "/no/such"], pass_fds=[write_end])
        os.close(write_end)
        with os.fdopen(read_end) as told:
            self.assertEqual(json.loads(told.readline()), {"running": True})
            self.assertEqual(json.loads(told.readline())["failed"]["reason"], "no command '/no/such'")
        self.assertEqual(child.wait(), 3)

    @unittest.skipIf(ROOT, "root may become anybody")
    def test_only_root_can_become_somebody_else(self):
        self.assertIn("only root", launch({"user": "root"}, "true").stderr)

    @unittest.skipUnless(sys.platform.startswith("linux"), "Linux only")
    def test_the_command_dies_with_its_parent(self):
        script = "import json, subprocess, sys, time; p = subprocess.Popen([sys.executable, '-I', '-S', sys.argv[1], '{}', 'sleep', '60']); print(p.pid, flush=True); time.sleep(60)"
        parent = subprocess.Popen([sys.executable, "-c", script, LAUNCHER], stdout=subprocess.PIPE, universal_newlines=True)
        pid = int(parent.stdout.readline())
        wait_until(lambda: read("/proc/%d/comm" % pid).strip() == "sleep")
        parent.send_signal(signal.SIGKILL)
        parent.wait()
        parent.stdout.close()
        wait_until(lambda: read("/proc/%d/stat" % pid).rpartition(")")[2].split()[:1] in ([], ["Z"], ["X"]))


if __name__ == "__main__":
    unittest.main()
