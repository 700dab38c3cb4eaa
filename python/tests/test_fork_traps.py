"""What a forerunner warns about."""

import os
import socket
import sqlite3
import sys
import tempfile
import threading
import unittest

sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))

from propylon_worker.fork_traps import fork_traps  # noqa: E402


class ForkTraps(unittest.TestCase):
    def test_nothing_open_is_nothing_to_warn_about(self):
        ours, main = socket.socketpair()
        with ours, main:
            # The test's own process may have sockets of its runner, so only what is added counts.
            before = fork_traps(ours.fileno())
            self.assertFalse([trap for trap in before if "SQLite" in trap or "thread" in trap])

    def test_a_thread_is_named(self):
        stop = threading.Event()
        thread = threading.Thread(target=stop.wait, name="pusher")
        thread.start()
        try:
            self.assertTrue(any("1 thread," in trap and "pusher" in trap for trap in fork_traps(-1)))
        finally:
            stop.set()
            thread.join()

    def test_a_connection_is_named_by_its_peer_and_the_control_channel_is_not(self):
        with socket.create_server(("127.0.0.1", 0)) as server:
            address = "%s:%d" % server.getsockname()
            with socket.create_connection(server.getsockname()) as client:
                self.assertTrue(any("a connection to " + address in trap for trap in fork_traps(-1)))
                self.assertFalse(any("a connection to " + address in trap for trap in fork_traps(client.fileno())))

    def test_a_database_file_is_named(self):
        with tempfile.TemporaryDirectory() as folder:
            path = os.path.join(folder, "notes.db")
            database = sqlite3.connect(path)
            database.execute("create table notes (text)")
            database.commit()
            self.assertTrue(any("SQLite database" in trap and path in trap for trap in fork_traps(-1)))
            database.close()
            self.assertFalse(any("SQLite database" in trap for trap in fork_traps(-1)))


if __name__ == "__main__":
    unittest.main()
