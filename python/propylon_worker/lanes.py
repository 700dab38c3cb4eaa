"""The lanes of a worker: threads that run exchanges, one at a time each.

One lane leads: it reads batches from the data connection, runs them one after another and joins the answers. The others
wait, each for a lock of its own. Two things wake a follower: HELP from the edge, when the leader is stuck in something slow; and,
while exchanges mostly wait (databases, other services), a lane that has read more than it can run: then the lanes *share*
what is pending. See docs/worker-protocol.md.
"""

import collections
import os
import socket
import threading
import traceback
from time import monotonic, thread_time

from .deadline import Turn
from .exchange import Runner
from .frames import FOLLOW_FRAME, HEAD_SIZE, HELP, INTERRUPT, SLOTS, FrameError, parse_head, parse_requests, whole_answer
from .log import log

#: Bytes read at once from the data connection. Python allocates all of them for each read: from 128 KiB on malloc() would
#: map and unmap memory each time (measured: 3.7 instead of 2.9 µs an exchange, in batches of 16).
READ = 65536
#: Answers joined before they are written, at most, and how long the first of them waits for the next, in seconds.
JOIN = 16
JOIN_TIME = 0.001
#: Share of service time spent waiting above which lanes share, and the least mean service time in seconds for it.
WAITS = 0.4
WAITS_FROM = 0.00005


class Session:
    """One set of connections to an edge, and the lanes that serve it until the data connection ends."""

    def __init__(self, connections, count, page, base, app, tracebacks):
        self.data = connections.data
        self.help = connections.help
        self.connections = connections
        self.count = count
        self.page = page
        self.base = base  # what all environs share
        self.app = app
        self.tracebacks = tracebacks
        self.pending = collections.deque()  # (stream, environ, head, flags, body length, body) read, not started
        self.out = []  # answered, not written, whichever lane answered
        self.rest = b""  # read, not yet a whole frame; touched under `reading` only
        self.blocks = [None] * SLOTS
        self.reading = threading.Lock()
        self.writing = threading.Lock()
        self.idle = []  # locks of followers that wait
        self.turns = [Turn() for _ in range(count)]
        self.owing = set()  # lanes that lost the lead and have not said FOLLOW
        self.leader = 0
        self.sharing = False
        self.service = 0.0001  # moving average, seconds
        self.waits = 0.0  # moving average, share of it
        self.ended = False  # no more is read
        self.lost = False  # the edge is gone
        self.draining = False
        self._over = threading.Event()
        self._threads = []

    def run(self):
        """Serves until there is nothing more to read: the edge is gone, or `drain` was called.

        One lane runs in the calling thread, which has no other work. Several have threads of their own, so that a new session
        can begin while a lane still runs something slow for nobody.
        """
        threading.Thread(target=self._guarded, args=(self._listen_for_help,), name="propylon-help", daemon=True).start()
        if self.count == 1:
            self._guarded(self.lane, 0)
            return
        for number in range(self.count):
            thread = threading.Thread(target=self._guarded, args=(self.lane, number), name="propylon-lane-%d" % number, daemon=True)
            self._threads.append(thread)
            thread.start()
        self._over.wait()

    def drain(self):
        """The edge sends nothing more. Lanes that wait go home; those that run finish first."""
        self.draining = True
        try:
            self.data.shutdown(socket.SHUT_RD)
        except OSError:
            pass  # closed already

    def running(self):
        """Whether a lane still runs something."""
        return any(thread.is_alive() for thread in self._threads)

    def join(self):
        """Waits until no lane runs an exchange."""
        for thread in self._threads:
            thread.join()
        self.connections.close()

    def lane(self, me):
        """Runs exchanges until the session ends. The hot loop: plain, blocking, its names local."""
        mine = threading.Lock()
        mine.acquire()
        pending, out, idle, reading, owing = self.pending, self.out, self.idle, self.reading, self.owing
        popleft = pending.popleft
        turn = self.turns[me]
        turn.begin()
        self.connections.lanes[me].turn = turn
        runner = Runner(self.app, self.connections.lanes[me], self.tracebacks, turn)
        run = runner.run
        note = self.page.writer(me)
        taken = 0
        began = cpu = 0.0
        ran = 0
        late = 0.0  # seconds that iterables took to close after their answers had left: they count for the next
        while True:
            try:
                request = popleft()
            except IndexError:
                if out:
                    self._flush()
                if self.ended:
                    return
                note(taken, 0, 0.0)
                if me in owing:  # after the note: _help() adds, then looks at the page
                    self._back(me)
                if reading.acquire(False):
                    read = self._read()
                    self.leader = me
                    reading.release()
                    if not read:
                        return
                    began, cpu, ran = monotonic(), thread_time(), 0
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
                    self._flush()  # what a slow lane had answered before it got stuck
                began, cpu, ran = monotonic(), thread_time(), 0
                continue
            now = monotonic()
            taken += 1
            note(taken, request[0], now)
            if self.sharing:
                began, cpu, ran = now, thread_time(), 1
                answer = run(request)
                if answer is not None:
                    out.append(self._measured(answer, request[0], began, cpu, 1, late))
                    late = 0.0
                    self._flush()
            else:
                if out and now - began > JOIN_TIME:
                    self._flush()
                ran += 1
                answer = run(request)
                if answer is None:
                    # It was sent on the lane's own connection.
                    if out and not pending:
                        self._flush()
                elif pending and self.leader == me and len(out) < JOIN:
                    out.append(whole_answer(request[0], answer, 0, 0, 0))
                else:
                    out.append(self._measured(answer, request[0], began, cpu, ran, late))
                    late = 0.0
                    self._flush()
            if runner.unfinished is not None:
                left = monotonic()
                runner.finish()
                if not out:
                    late = monotonic() - left
            if me in owing:
                self._back(me)

    # --- internal ---

    def _flush(self):
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
                    self._lose()

    def _measured(self, answer, stream, began, cpu, ran, late):
        """The whole answer with the figures of its batch; decides whether lanes share from now on."""
        wall = monotonic() - began or 1e-9
        service = (wall + late) / ran
        waited = 1.0 - (thread_time() - cpu) / wall
        self.service += 0.2 * (service - self.service)
        self.waits += 0.2 * (waited - self.waits)
        self.sharing = self.count > 1 and self.waits > WAITS and self.service > WAITS_FROM
        return whole_answer(stream, answer, min(int(service * 1e6) or 1, 0xFFFFFFFF), min(max(int(waited * 255), 0), 255), self.sharing)

    def _read(self):
        """Reads a batch. False at the end of the data connection, after drain() or since the edge is gone."""
        try:
            chunk = self.data.recv(READ)
        except OSError:
            chunk = b""
        if not chunk:
            if self.draining:
                self._end()
            else:
                self._lose()
            return False
        self.rest = parse_requests(self.rest + chunk if self.rest else chunk, self.blocks, self.pending, self.base)
        return True

    def _end(self):
        """Nothing more is read: every lane that waits goes home, those that run do when all is done that was read."""
        self.ended = True
        self._over.set()
        while self.idle:
            self._wake()

    def _lose(self):
        """The edge is gone. What was not started is another worker's now: it must not run here as well."""
        self.lost = True
        self.pending.clear()
        self.connections.close()
        self._end()

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
            self._lose()

    def _listen_for_help(self):
        """Waits for HELP from the edge, or its end, in a thread of its own: all lanes may be busy."""
        rest = b""
        while not self.lost:
            try:
                chunk = self.help.recv(4096)
            except OSError:
                chunk = b""
            if not chunk:
                self._lose()
                return
            rest += chunk
            while len(rest) >= HEAD_SIZE:
                _, stream, kind = parse_head(rest)
                rest = rest[HEAD_SIZE:]
                if kind == HELP:
                    self._help()
                elif kind == INTERRUPT:
                    self._interrupt(stream)
                else:
                    raise FrameError("frame of type %d on the help connection" % kind)

    def _help(self):
        """The lane that runs its exchange for longest is stuck. It says FOLLOW when it is back; at once when none is, or none can help."""
        stuck = self._longest()
        if stuck is None:
            self._follow()  # HELP has crossed the last answer
            return
        self.owing.add(stuck)
        if not self.page.running(stuck) or not (self.reading.locked() or self._wake()):
            self._back(stuck)

    def _interrupt(self, stream):
        """This exchange is past its deadline. It may have ended, or not have begun: then there is nothing to do."""
        for turn in self.turns:
            if turn.interrupt(stream):
                return

    def _longest(self):
        busy = [(began, lane) for lane, (stream, began) in enumerate(self.page.entries(self.count)) if stream and lane not in self.owing]
        return min(busy)[1] if busy else None

    def _back(self, lane):
        """FOLLOW, once for each HELP that named this lane."""
        try:
            self.owing.remove(lane)
        except KeyError:
            return  # said in the meantime
        self._follow()

    def _guarded(self, work, *arguments):
        """A lane that fails for a reason of ours must not be missed in silence: the process ends, and main starts another."""
        try:
            work(*arguments)
        except BaseException:
            log("the worker failed", traceback.format_exc())
            os._exit(70)
