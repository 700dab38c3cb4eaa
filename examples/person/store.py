"""Where people are kept: a SQLite file, or PostgreSQL when DATABASE_URL names it."""

import contextlib
import sqlite3
import threading

from werkzeug.exceptions import NotFound as NotFoundResponse

from person import FIELDS

COLUMNS = ", ".join(FIELDS)
SAMPLES = [
    ("Ada Example", "1 Analytical Street, London", "+44 20 5550 1815", "ada@example.org", "1985-12-10"),
    ("Grace Sample", "2 Compiler Avenue, New York", "+1 212 555 0106", "grace@example.com", "1976-12-09"),
    ("Linus Muster", "Kernelweg 3, Helsinki", "+358 9 555 0128", "linus@example.net", "1990-01-28"),
]


class NotFound(Exception):
    """No person has this id."""

    response = NotFoundResponse("No person has this id")


def open_store(url):
    """The store that `url` names: sqlite:///PATH or postgresql://... Makes the schema and adds samples the first time."""
    if url.startswith(("postgresql://", "postgres://")):
        store = Store(PostgreSQL(url))
    elif url.startswith("sqlite:///"):
        store = Store(SQLite(url[len("sqlite:///") :]))
    else:
        raise ValueError(f"DATABASE_URL is {url!r}: write sqlite:///PATH or postgresql://USER@HOST/NAME")
    store.prepare()
    return store


class Store:
    """People by id. Every call is one transaction; any number of threads and processes may call at once."""

    def __init__(self, database):
        self._database = database

    def prepare(self):
        database = self._database
        with database.write() as run:
            database.alone(run)
            columns = ", ".join(f"{name} TEXT NOT NULL" for name in FIELDS)
            run(f"CREATE TABLE IF NOT EXISTS person (id {database.key}, {columns})")
            run("CREATE TABLE IF NOT EXISTS setting (name TEXT PRIMARY KEY, value TEXT NOT NULL)")
            # The row tells the one worker that comes first from the others, and an emptied table from a new one.
            if run("INSERT INTO setting VALUES ('samples', 'added') ON CONFLICT DO NOTHING").rowcount == 1:
                for sample in SAMPLES:
                    self._insert(run, sample)

    def secret(self, proposed):
        """The secret that all workers share: the one proposed first."""
        with self._database.write() as run:
            run("INSERT INTO setting VALUES ('secret', ?) ON CONFLICT DO NOTHING", (proposed,))
            return run("SELECT value FROM setting WHERE name = 'secret'").fetchone()[0]

    def all(self):
        with self._database.read() as run:
            return [self._person(row) for row in run(f"SELECT id, {COLUMNS} FROM person ORDER BY LOWER(name), id").fetchall()]

    def get(self, id):
        with self._database.read() as run:
            row = run(f"SELECT id, {COLUMNS} FROM person WHERE id = ?", (self._id(id),)).fetchone()
        if row is None:
            raise NotFound(id)
        return self._person(row)

    def add(self, person):
        with self._database.write() as run:
            return self._insert(run, [person[name] for name in FIELDS])

    def update(self, id, changes):
        """Sets these fields alone, so that two who change different fields at once both succeed."""
        assignments = ", ".join(f"{name} = ?" for name in changes) or "id = id"
        with self._database.write() as run:
            if run(f"UPDATE person SET {assignments} WHERE id = ?", (*changes.values(), self._id(id))).rowcount == 0:
                raise NotFound(id)

    def delete(self, id):
        with self._database.write() as run:
            if run("DELETE FROM person WHERE id = ?", (self._id(id),)).rowcount == 0:
                raise NotFound(id)

    def _insert(self, run, values):
        marks = ", ".join("?" for _ in FIELDS)
        return self._database.insert(run, f"INSERT INTO person ({COLUMNS}) VALUES ({marks})", values)

    @staticmethod
    def _id(id):
        # Larger numbers than the databases count to are ids of nobody, not errors.
        if not 0 < id < 2**31:
            raise NotFound(id)
        return id

    @staticmethod
    def _person(row):
        return dict(zip(("id", *FIELDS), row))


class SQLite:
    """One connection a thread. WAL: readers never wait for the one writer; writers wait for each other, up to 10 s."""

    key = "INTEGER PRIMARY KEY AUTOINCREMENT"

    def __init__(self, path):
        self._path = path
        self._local = threading.local()

    def alone(self, run):
        """Nothing to do: whoever writes is alone."""

    def insert(self, run, statement, values):
        return run(statement, values).lastrowid

    @contextlib.contextmanager
    def read(self):
        yield self._connection().execute

    @contextlib.contextmanager
    def write(self):
        connection = self._connection()
        # IMMEDIATE takes the write lock first: a transaction that began by reading could not wait for it.
        connection.execute("BEGIN IMMEDIATE")
        try:
            yield connection.execute
        except BaseException:
            connection.execute("ROLLBACK")
            raise
        connection.execute("COMMIT")

    def _connection(self):
        connection = getattr(self._local, "connection", None)
        if connection is None:
            connection = sqlite3.connect(self._path, timeout=10, isolation_level=None)
            connection.execute("PRAGMA journal_mode = WAL")
            connection.execute("PRAGMA synchronous = NORMAL")
            self._local.connection = connection
        return connection


class PostgreSQL:
    """One connection a thread, made again when the server has closed it."""

    key = "SERIAL PRIMARY KEY"

    def __init__(self, url):
        try:
            import psycopg
        except ImportError as error:
            raise RuntimeError("DATABASE_URL names PostgreSQL, which needs the package psycopg: pip install 'psycopg[binary]'") from error
        self._psycopg = psycopg
        self._url = url
        self._local = threading.local()

    def alone(self, run):
        """Until the transaction ends, no other worker gets past here: CREATE TABLE IF NOT EXISTS alone can collide."""
        run("SELECT pg_advisory_xact_lock(5310)")

    def insert(self, run, statement, values):
        return run(f"{statement} RETURNING id", values).fetchone()[0]

    @contextlib.contextmanager
    def read(self):
        with self.write() as run:
            yield run

    @contextlib.contextmanager
    def write(self):
        connection = getattr(self._local, "connection", None)
        if connection is None or connection.closed:
            connection = self._local.connection = self._psycopg.connect(self._url)
        with connection.transaction():
            yield lambda statement, values=(): connection.execute(statement.replace("?", "%s"), values)
