"""State that the workers of one instance share: a folder of theirs, with a file for each lock and a database for the cache."""

import atexit
import fcntl
import hashlib
import os
import shutil
import stat
import struct
import tempfile
import threading
import time


def main_process():
    """Process id of propylon's main process, in a forked worker too."""
    return int(os.environ.get("PROPYLON_MAIN") or os.getppid())


class SharedFolder:
    """A private folder in the system's temporary one, made when it is first needed, removed by the last worker that ends."""

    def __init__(self, configuration):
        """`configuration`: text that tells instances under the same main process apart."""
        self._name = "propylon-uwsgi-%d-%d-%s" % (os.geteuid(), main_process(), hashlib.sha256(configuration.encode()).hexdigest()[:12])
        self._path = None
        self._alive = None
        self._slot = None
        self._slot_file = None
        self._making = threading.Lock()

    def path(self):
        with self._making:
            if self._path is None:
                self._path = self._make()
            return self._path

    def open(self, name):
        """A new descriptor of the file, which is made if need be."""
        return os.open(os.path.join(self.path(), name), os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW, 0o600)

    def slot(self, worker, slots):
        """A number from 1 to `slots` that is this worker's as long as it lives; the lowest one that no other worker has."""
        with self._making:
            if self._slot is not None:
                return self._slot
        for number in range(1, slots + 1):
            file = self.open("worker-%d" % number)
            if _locked(file):
                return self._keep(number, file)
            os.close(file)
        # All are taken by the workers that a reload replaces: theirs are ours once they have ended.
        number = (worker - 1) % slots + 1
        file = self.open("worker-%d" % number)
        threading.Thread(target=fcntl.flock, args=(file, fcntl.LOCK_EX), name="propylon-uwsgi-slot", daemon=True).start()
        return self._keep(number, file)

    # --- internal ---

    def _keep(self, number, file):
        with self._making:
            if self._slot is None:
                self._slot, self._slot_file = number, file
            elif file != self._slot_file:
                os.close(file)
            return self._slot

    def _make(self):
        path = os.path.join(tempfile.gettempdir(), self._name)
        while self._alive is None:
            try:
                os.mkdir(path, 0o700)
            except FileExistsError:
                found = os.lstat(path)
                if not stat.S_ISDIR(found.st_mode) or found.st_uid != os.geteuid() or found.st_mode & 0o077:
                    raise PermissionError("%s is not a private folder of ours: remove it" % path) from None
            self._alive = self._enter(path)
        atexit.register(self._leave, path, os.getpid())
        return path

    def _enter(self, path):
        """A descriptor that shows that we are here; None when the folder went away meanwhile, with the last of those before us."""
        alive = os.path.join(path, "alive")
        try:
            file = os.open(alive, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW, 0o600)
        except FileNotFoundError:
            return None
        if _locked(file):
            # Nobody else is there: what is left is of workers long gone.
            for name in os.listdir(path):
                if name != "alive":
                    os.unlink(os.path.join(path, name))
        fcntl.flock(file, fcntl.LOCK_SH)
        try:
            if os.path.samestat(os.stat(alive), os.fstat(file)):
                return file
        except FileNotFoundError:
            pass
        os.close(file)
        return None

    def _leave(self, path, owner):
        if os.getpid() == owner and _locked(self._alive):
            shutil.rmtree(path, ignore_errors=True)


class Locks:
    """Locks by number. The system frees those of a process that dies."""

    def __init__(self, folder, highest):
        self._folder = folder
        self._highest = highest
        self._held = {}
        self._guard = threading.Lock()
        os.register_at_fork(after_in_child=self._forget)

    def acquire(self, number):
        file = self._open(number)
        fcntl.flock(file, fcntl.LOCK_EX)
        with self._guard:
            self._held[number] = file

    def release(self, number):
        """Whoever of this process holds it; nothing happens when nobody does, as with uWSGI."""
        self._check(number)
        with self._guard:
            file = self._held.pop(number, None)
        if file is not None:
            os.close(file)

    def held(self, number):
        file = self._open(number)
        try:
            return not _locked(file)
        finally:
            os.close(file)

    # --- internal ---

    def _open(self, number):
        self._check(number)
        return self._folder.open("lock-%d" % number)

    def _check(self, number):
        if not 0 <= number <= self._highest:
            raise ValueError("Invalid lock number: %r; the option `locks` is %d" % (number, self._highest))

    def _forget(self):
        """A forked child holds none of its parent's locks; closing its descriptors leaves them to the parent."""
        held, self._held = self._held, {}
        self._guard = threading.Lock()
        for file in held.values():
            os.close(file)


class Cache:
    """Keys and values with an optional time to live, in one SQLite database for all caches by name."""

    def __init__(self, folder):
        self._folder = folder
        self._local = threading.local()

    def get(self, key, cache):
        rows = self._run("SELECT value FROM items WHERE cache = ? AND key = ? AND (expires = 0 OR expires > ?)", (_name(cache), _bytes(key), time.time()))
        return rows[0][0] if rows else None

    def set(self, key, value, expires, cache, replace):
        """True when it was written. A key that is there stays unless `replace`."""
        written = "INSERT INTO items VALUES (?, ?, ?, ?)"
        values = (_name(cache), _bytes(key), _bytes(value), _until(expires))
        with self._connection() as database:
            database.execute("BEGIN IMMEDIATE")
            if replace:
                database.execute(written.replace("INSERT", "INSERT OR REPLACE"), values)
                return True
            database.execute("DELETE FROM items WHERE cache = ? AND key = ? AND expires != 0 AND expires <= ?", (*values[:2], time.time()))
            return True if database.execute(written.replace("INSERT", "INSERT OR IGNORE"), values).rowcount > 0 else None

    def delete(self, key, cache):
        with self._connection() as database:
            deleted = database.execute("DELETE FROM items WHERE cache = ? AND key = ?", (_name(cache), _bytes(key)))
            return True if deleted.rowcount > 0 else None

    def clear(self, cache):
        with self._connection() as database:
            database.execute("DELETE FROM items WHERE cache = ?", (_name(cache),))
            return True

    def keys(self, cache):
        return [key for (key,) in self._run("SELECT key FROM items WHERE cache = ? AND (expires = 0 OR expires > ?)", (_name(cache), time.time()))]

    def number(self, key, cache):
        value = self.get(key, cache)
        return struct.unpack("<q", value)[0] if value is not None and len(value) == 8 else 0

    def count(self, key, change, expires, cache):
        """Changes a number, which begins at 0, by a function, as one step for all workers."""
        with self._connection() as database:
            database.execute("BEGIN IMMEDIATE")
            value = struct.pack("<q", change(self.number(key, cache)))
            database.execute("INSERT OR REPLACE INTO items VALUES (?, ?, ?, ?)", (_name(cache), _bytes(key), value, _until(expires)))
            return True

    # --- internal ---

    def _run(self, statement, values):
        return self._connection().execute(statement, values).fetchall()

    def _connection(self):
        """One for each thread; a forked child must not use its parent's."""
        if getattr(self._local, "process", None) != os.getpid():
            # Not before it is needed: a Python may be built without it.
            import sqlite3

            database = sqlite3.connect(os.path.join(self._folder.path(), "cache"), timeout=30, isolation_level=None)
            # Nothing has to outlive the machine.
            database.execute("PRAGMA synchronous = OFF")
            database.execute("CREATE TABLE IF NOT EXISTS items (cache TEXT, key BLOB, value BLOB, expires REAL, PRIMARY KEY (cache, key))")
            self._local.database, self._local.process = _Transaction(database), os.getpid()
        return self._local.database


class _Transaction:
    """A connection whose `with` ends what `BEGIN` began; sqlite3's own does so only where it began it itself in old releases."""

    def __init__(self, database):
        self._database = database
        self.execute = database.execute

    def __enter__(self):
        return self

    def __exit__(self, kind, error, trace):
        if self._database.in_transaction:
            self._database.execute("COMMIT" if kind is None else "ROLLBACK")


def _locked(file):
    """Whether the file could be locked at once, for this process alone."""
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        return True
    except BlockingIOError:
        return False


def _until(expires):
    return time.time() + expires if expires else 0


def _name(cache):
    return "" if cache is None else _bytes(cache).decode("latin-1")


def _bytes(value):
    return value.encode() if isinstance(value, str) else memoryview(value).tobytes()
