"""The launcher, with real processes."""

import json
import os
import pwd
import resource
import signal
import subprocess
import sys
import tempfile
import unittest

LAUNCHER = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "propylon_launcher.py")
ROOT = os.geteuid() == 0


def launch(settings, *command):
    return subprocess.run([sys.executable, "-I", "-S", LAUNCHER, json.dumps(settings)] + list(command), stdout=subprocess.PIPE, stderr=subprocess.PIPE, universal_newlines=True)


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

    @unittest.skipIf(ROOT, "root may become anybody")
    def test_only_root_can_become_somebody_else(self):
        self.assertIn("only root", launch({"user": "root"}, "true").stderr)

    @unittest.skipUnless(sys.platform.startswith("linux"), "Linux only")
    def test_the_command_dies_with_its_parent(self):
        script = "import json, subprocess, sys, time; p = subprocess.Popen([sys.executable, '-I', '-S', sys.argv[1], '{}', 'sleep', '60']); print(p.pid, flush=True); time.sleep(60)"
        parent = subprocess.Popen([sys.executable, "-c", script, LAUNCHER], stdout=subprocess.PIPE, universal_newlines=True)
        pid = int(parent.stdout.readline())
        while open("/proc/%d/comm" % pid).read().strip() != "sleep":
            pass
        parent.send_signal(signal.SIGKILL)
        parent.wait()
        parent.stdout.close()
        while os.path.exists("/proc/%d" % pid) and open("/proc/%d/stat" % pid).read().split()[2] not in "ZX":
            pass


if __name__ == "__main__":
    unittest.main()
