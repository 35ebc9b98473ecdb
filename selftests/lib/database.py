# SPDX-License-Identifier: GPL-2.0-only
"""PostgreSQL in a namespace, and its own client library to talk to it."""
import ctypes
import glob
import shutil
import signal
import socket
import subprocess
import tempfile

from . import flow
from .ktap import PATIENCE, Fail

USER = "postgres"           # it refuses to run as root
PORT = 5432


def program(name):
    """Of the newest version that is installed."""
    found = glob.glob(f"/usr/lib/postgresql/*/bin/{name}")
    if not found:
        raise Fail(f"there is no {name}: install postgresql")
    return max(found, key=lambda path: int(path.split("/")[-3]))


class Cluster:
    """The files of a database server; making them takes seconds, so it is
    begun here and awaited where they are needed."""

    def __init__(self):
        self.dir = tempfile.mkdtemp(prefix="pe-test-database-")
        shutil.chown(self.dir, USER)
        self.path = f"{self.dir}/first"
        self.proc = subprocess.Popen(
            [program("initdb"), "-D", self.path, "-A", "trust", "--no-sync",
             "--locale=C", "-E", "UTF8", "--no-instructions"], user=USER,
            group=USER, cwd="/", text=True, stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT)

    def wait(self, databases):
        """Done; make databases in it, and let everybody in."""
        out, _ = self.proc.communicate(timeout=120 * PATIENCE)
        if self.proc.returncode:
            raise Fail(f"initdb: {out}")
        with open(f"{self.path}/pg_hba.conf", "a") as file:
            for every in ("0.0.0.0/0", "::/0"):
                file.write(f"host all all {every} trust\n")
        subprocess.run(
            [program("postgres"), "--single", "-F", "-D", self.path,
             USER], user=USER, group=USER, cwd="/", text=True, check=True,
            input="".join(f"create database {name} strategy file_copy\n"
                          for name in databases),
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
            timeout=60 * PATIENCE)

    def copy(self, name):
        """The same data for another server."""
        path = f"{self.dir}/{name}"
        subprocess.run(["cp", "-a", self.path, path], check=True)
        return path

    def close(self):
        if self.proc.poll() is None:
            self.proc.kill()
        shutil.rmtree(self.dir)


class Server:
    """A database server; name is what it calls itself (cluster_name)."""

    def __init__(self, node, path, name):
        self.node = node
        options = {"cluster_name": name, "fsync": "off", "autovacuum": "off",
                   "listen_addresses": "*", "unix_socket_directories": "",
                   "max_wal_senders": 0, "max_logical_replication_workers": 0,
                   "logging_collector": "off", "shared_buffers": "4MB"}
        self.proc = node.popen(
            [program("postgres"), "-D", path] +
            [word for key, value in options.items()
             for word in ("-c", f"{key}={value}")],
            user=USER, group=USER, cwd="/", stderr=subprocess.DEVNULL)

    def ready(self):
        flow.listening(self.node, PORT)
        return self

    def end(self, how):
        self.proc.send_signal(how)
        self.proc.wait(30 * PATIENCE)

    def crash(self):
        """Without a word to anybody whose query runs."""
        self.end(signal.SIGQUIT)

    def close(self):
        if self.proc.poll() is None:
            self.end(signal.SIGINT)


class Library:
    """libpq, as far as it is needed here."""

    def __init__(self):
        self.lib = ctypes.CDLL("libpq.so.5")
        pointer, text, number = ctypes.c_void_p, ctypes.c_char_p, ctypes.c_int
        for name, result, *args in (
                ("PQconnectdb", pointer, text),
                ("PQstatus", number, pointer),
                ("PQsocket", number, pointer),
                ("PQerrorMessage", text, pointer),
                ("PQfinish", None, pointer),
                ("PQexec", pointer, pointer, text),
                ("PQresultStatus", number, pointer),
                ("PQnfields", number, pointer),
                ("PQgetvalue", text, pointer, number, number),
                ("PQclear", None, pointer)):
            func = getattr(self.lib, name)
            func.restype, func.argtypes = result, args
            setattr(self, name, func)


class Lost(Exception):
    """The connection is not there, or not any more."""


class Connection:
    """To a database, from a node, kept until it breaks. keepalive is after how
    many seconds of silence the other end is asked whether it is there."""

    TUPLES_OK = 2

    def __init__(self, node, host, database, keepalive=0):
        self.node = node
        self.pq = Library()
        self.conn = None
        self.words = (f"host={host} port={PORT} dbname={database} user={USER} "
                      f"connect_timeout={int(5 * PATIENCE)} sslmode=disable "
                      f"gssencmode=disable keepalives={int(keepalive > 0)} "
                      f"keepalives_idle={keepalive} "
                      f"keepalives_interval={keepalive}")

    def open(self):
        with self.node.net():
            self.conn = self.pq.PQconnectdb(self.words.encode())
        if self.pq.PQstatus(self.conn):
            self.lost()

    def lost(self):
        why = self.pq.PQerrorMessage(self.conn).decode()
        self.close()
        raise Lost(why)

    def port(self):
        """Of the client."""
        with socket.socket(fileno=self.pq.PQsocket(self.conn)) as sock:
            name = sock.getsockname()
            sock.detach()
        return name[1]

    def ask(self, query):
        """The first row of the answer."""
        if not self.conn:
            self.open()
        result = self.pq.PQexec(self.conn, query.encode())
        try:
            if self.pq.PQresultStatus(result) != self.TUPLES_OK:
                self.lost()
            return [self.pq.PQgetvalue(result, 0, column).decode()
                    for column in range(self.pq.PQnfields(result))]
        finally:
            self.pq.PQclear(result)

    def close(self):
        if self.conn:
            self.pq.PQfinish(self.conn)
            self.conn = None
