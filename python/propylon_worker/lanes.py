"""The lanes of a worker: threads that run exchanges, one at a time each.

One lane leads: it reads batches from the data connection, runs them one after another and joins the answers. The others
wait, each for a lock of its own. Two things wake a follower: HELP from the edge, when the leader is stuck in something slow; and,
while exchanges mostly wait (databases, other services), a lane that has read more than it can run: then the lanes *share*
what is pending. See docs/worker-protocol.md.
"""

import collections
import socket
import threading
from time import monotonic, perf_counter, thread_time

from .exchange import Runner
from .frames import FOLLOW_FRAME, HEAD_SIZE, HELP, FrameError, parse_requests, whole_answer

#: Bytes read at once from the data connection.
READ = 262144
#: Answers joined before they are written, at most.
JOIN = 16
#: Share of service time spent waiting above which lanes share, and the least mean service time in seconds for it.
WAITS = 0.4
WAITS_FROM = 0.00005


class Session:
    """One set of connections to an edge, and the lanes that serve it until the data connection ends."""

    def __init__(self, connections, count, page, make_runner):
        self.data = connections.data
        self.help = connections.help
        self.connections = connections
        self.count = count
        self.page = page
        self.make_runner = make_runner
        self.pending = collections.deque()  # (stream, environ block, head, flags, body length, body) read, not started
        self.out = []  # answered, not written, whichever lane answered
        self.rest = b""  # read, not yet a whole frame; touched under `reading` only
        self.blocks = [None] * 1024
        self.reading = threading.Lock()
        self.writing = threading.Lock()
        self.idle = []  # locks of followers that wait
        self.owing = set()  # lanes that lost the lead and have not said FOLLOW
        self.leader = 0
        self.sharing = False
        self.service = 0.0001  # moving average, seconds
        self.waits = 0.0  # moving average, share of it
        self.ended = False
        self.draining = False
        self._threads = []

    def start(self):
        """Starts the followers and the thread that listens for HELP. The caller runs lane 0 itself with `lane(0)`."""
        if self.count > 1:
            threading.Thread(target=self._listen_for_help, name="propylon-help", daemon=True).start()
        for number in range(1, self.count):
            thread = threading.Thread(target=self.lane, args=(number,), name="propylon-lane-%d" % number, daemon=True)
            self._threads.append(thread)
            thread.start()

    def flush(self):
        """Writes what was answered. A list per process, not per lane: nothing finished waits behind something slow."""
        out = self.out
        with self.writing:
            count = len(out)
            if count:
                answers = b"".join(out[:count]) if count > 1 else out[0]
                del out[:count]
                try:
                    self.data.sendall(answers)
                except OSError:
                    self.end()

    def end(self):
        """The edge is gone: every lane that waits goes home, those that run do when they are done."""
        self.ended = True
        self.connections.close()
        while self.idle:
            self._wake()

    def drain(self):
        """The edge sends nothing more. Lanes that wait go home; those that run finish first."""
        self.draining = True
        try:
            self.data.shutdown(socket.SHUT_RD)
        except OSError:
            pass  # closed already
        while self.idle:
            self._wake()

    def join(self):
        """Waits until no lane runs an exchange."""
        for thread in self._threads:
            thread.join()
        self.connections.close()

    def lane(self, me):
        """Runs exchanges until the session ends. The hot loop: plain, blocking, its names local."""
        mine = threading.Lock()
        mine.acquire()
        pending, out, idle, reading = self.pending, self.out, self.idle, self.reading
        popleft = pending.popleft
        run = self.make_runner(self.connections.lanes[me]).run
        note = self.page.writer(me)
        owing = self.owing
        taken = 0
        began = cpu = 0.0
        ran = 0
        while not self.ended:
            try:
                request = popleft()
            except IndexError:
                if out:
                    self.flush()
                if me in owing:
                    owing.discard(me)
                    self._follow()
                if reading.acquire(False):
                    read = self._read()
                    self.leader = me
                    reading.release()
                    if not read:
                        return
                    began, cpu, ran = perf_counter(), thread_time(), 0
                    if self.sharing:
                        self._wake_some(len(pending))
                    continue
                idle.append(mine)
                if pending or self.ended or not reading.locked():
                    # Something came in between: go on, unless somebody is waking us already.
                    try:
                        idle.remove(mine)
                    except ValueError:
                        mine.acquire()
                    continue
                mine.acquire()
                self.leader = me
                if out:
                    self.flush()  # what a slow lane had answered before it got stuck
                began, cpu, ran = perf_counter(), thread_time(), 0
                continue
            taken += 1
            note(taken, request[0], monotonic())
            if self.sharing:
                began, cpu = perf_counter(), thread_time()
                answer = run(request)
                if answer is not None:
                    out.append(self._measured(answer, request[0], began, cpu, 1))
                    self.flush()
                if me in owing:
                    owing.discard(me)
                    self._follow()
                continue
            ran += 1
            answer = run(request)
            if answer is None:
                # It was streamed on the lane's own connection.
                if out and not pending:
                    self.flush()
            elif pending and self.leader == me and len(out) < JOIN:
                out.append(whole_answer(request[0], answer, 0, 0, 0))
                continue
            else:
                out.append(self._measured(answer, request[0], began, cpu, ran))
                self.flush()
            if me in owing:
                owing.discard(me)
                self._follow()

    # --- internal ---

    def _measured(self, answer, stream, began, cpu, ran):
        """The whole answer with the figures of its batch; decides whether lanes share from now on."""
        wall = perf_counter() - began
        service = wall / ran
        waited = 1.0 - (thread_time() - cpu) / wall
        self.service += 0.2 * (service - self.service)
        self.waits += 0.2 * (waited - self.waits)
        self.sharing = self.count > 1 and self.waits > WAITS and self.service > WAITS_FROM
        return whole_answer(stream, answer, min(int(service * 1e6) or 1, 0xFFFFFFFF), min(max(int(waited * 255), 0), 255), self.sharing)

    def _read(self):
        try:
            chunk = self.data.recv(READ)
        except OSError:
            chunk = b""
        if not chunk:
            self.ended = True
            if not self.draining:
                self.end()
            while self.idle:
                self._wake()
            return False
        self.rest = parse_requests(self.rest + chunk if self.rest else chunk, self.blocks, self.pending)
        return True

    def _wake_some(self, count):
        while count > 0 and self.idle:
            self._wake()
            count -= 1

    def _wake(self):
        try:
            self.idle.pop().release()
        except IndexError:
            return False
        return True

    def _follow(self):
        try:
            self.help.sendall(FOLLOW_FRAME)
        except OSError:
            self.end()

    def _listen_for_help(self):
        """HELP: marks the leader as stuck and wakes a follower, or says at once that no lane is stuck when none is left to wake."""
        rest = b""
        while not self.ended:
            try:
                chunk = self.help.recv(4096)
            except OSError:
                chunk = b""
            if not chunk:
                self.end()
                return
            rest += chunk
            while len(rest) >= HEAD_SIZE:
                if rest[8] != HELP:
                    raise FrameError("frame of type %d on the help connection" % rest[8])
                rest = rest[HEAD_SIZE:]
                stuck = self.leader
                if stuck in self.owing:
                    self._follow()
                    continue
                self.owing.add(stuck)
                if not self._wake():
                    self.owing.discard(stuck)
                    self._follow()
