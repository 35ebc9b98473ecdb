#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-only
"""14, 14A-14D: an application server that is a client of databases itself.

    u1 --+-- i0 [eng] i1 --- fw outside
    u5 --+            i2 --- fw inside
                      i3 --- a4, the application server (alias)
                      i4 --- ids
                      i5 --+-- db1, PostgreSQL, an address for each service
                           +-- db2, the same data

    14A  W1   ids, fw, a4          14C  W1D  the database of W1, asked by a4
    14B  W5   fw, a4               14D  W5D  that of W5, on the same server

W1D and W5D move from db1 to db2 in one commit. Neither the clients nor the
application server are told; what was lost is asked for again.
"""
import threading
from itertools import product

from lib import database, engine, flow, told
from lib.addr import F6, FAMILIES, mac
from lib.ktap import Suite, expect, poll, require
from lib.lab import Lab
from lib.wire import Capture, check_walk, got, put, show

CLIENTS = {1: 1, 5: 2}                  # service: host on segment 0
PAIRS = tuple(zip(FAMILIES, CLIENTS))
MODES = ("nat", "loopback")
QUERY = """select current_database(), current_setting('cluster_name'),
           host(inet_server_addr()), host(inet_client_addr())"""
# Not over before it is lost; the server, too, asks soon whether the other end is
# still there.
LONG_QUERY = """select set_config('tcp_keepalives_idle', '1', false),
                set_config('tcp_keepalives_interval', '1', false),
                pg_sleep(60)"""

suite = Suite(__doc__)
lab = Lab(suite)
clients = {n: lab.client(f"u{n}", 0, host) for n, host in CLIENTS.items()}
lab.router("fw", 1, 2)
a4 = lab.server("a4", 3, mode="alias", vips=CLIENTS)
lab.tap("ids", 4)
dbs = {n: lab.server(f"db{n}", 5, n) for n in (1, 2)}
for number, node in dbs.items():
    node.addrs += lab.addresses(5, 10 + number, "eth0")
pe = engine.Engine(lab)
servers = {}


def front(f, n):
    return f.vip(n), 80


def data(f, n):
    """W1D and W5D."""
    return f.vip(0x10 + n), database.PORT


def own(f, n, number, mode="nat"):
    """What a database server listens on for a service."""
    if mode == "loopback":
        return data(f, n)
    return f.host(5, number + (10 if n == 5 else 0)), database.PORT


def conf(number, mode="nat"):
    text = f"""
device ids {{ tap dev i4 lladdr {mac(4, 1)}; }}
device fw {{ inline outside dev i1 lladdr {mac(1, 1)} \
inside dev i2 lladdr {mac(2, 1)}; }}
device a4 {{ server dev i3 lladdr {mac(3, 1)} mode alias; }}
device db {{ server dev i5 lladdr {mac(5, number)} mode loopback; }}
"""
    for f, n in product(FAMILIES, CLIENTS):
        last = "db" if mode == "loopback" else f"db{f.name}-{n}"
        text += f"""
device db{f.name}-{n} {{ server address {own(f, n, number)[0]} mode nat; \
guard; }}
service w{f.name}-{n} {{ vip {front(f, n)[0]} tcp port 80; \
sequence {"ids, " if n == 1 else ""}fw, a4; }}
service w{f.name}-{n}d {{ vip {data(f, n)[0]} tcp port {database.PORT} \
iif i3; sequence {last}; }}
"""
    return text


class Application:
    """What a4 serves: a page out of the database of the service that was
    asked for. It keeps its connections, and tries once more where one is
    lost."""

    def __init__(self):
        self.conns = {front(f, n)[0]: database.Connection(
            a4, data(f, n)[0], f"u{n}") for f, n in product(FAMILIES, CLIENTS)}
        self.lost = []
        self.sock = flow.bound(a4, F6, flow.STREAM, "::", 80)
        self.sock.settimeout(None)
        self.sock.listen(8)
        self.thread = threading.Thread(target=self.serve, daemon=True)
        self.thread.start()

    def serve(self):
        while True:
            try:
                conn, _ = self.sock.accept()
            except OSError:
                return
            with conn:
                conn.settimeout(flow.TIMEOUT)
                request = b""
                while b"\r\n\r\n" not in request and \
                        (more := conn.recv(4096)):
                    request += more
                service = conn.getsockname()[0].removeprefix("::ffff:")
                conn.sendall(self.page(self.conns[service]).encode())

    def page(self, conn):
        for _ in range(2):
            try:
                return f"HTTP/1.0 200 OK\r\n\r\n{' '.join(conn.ask(QUERY))}"
            except database.Lost as error:
                self.lost.append(str(error).strip())
        return f"HTTP/1.0 503 No database\r\n\r\n{self.lost[-1]}"

    def close(self):
        self.sock.shutdown(2)
        self.thread.join(flow.TIMEOUT)
        self.sock.close()
        for conn in self.conns.values():
            conn.close()


def fetch(f, n):
    """(page, client's address and port)"""
    u, w = (f.host(0, CLIENTS[n]), flow.port()), front(f, n)[0]
    return clients[n].run(
        ["curl", "-s", "--max-time", str(2 * flow.TIMEOUT), "--local-port",
         str(u[1]), f"http://[{w}]/" if f.v6 else f"http://{w}/"]), u


def of(rows, end):
    """What one end of a connection sent or got."""
    return [r for r in rows if end in ((r.saddr, r.sport), (r.daddr, r.dport))]


def check_page(f, n, number, mode="nat"):
    """A page with what is in the database, and the ways of both parts."""
    w, d, s = front(f, n), data(f, n), own(f, n, number, mode)
    with Capture(lab) as capture:
        page, u = fetch(f, n)
        rows = capture.stop(0.05)
    expect("page", page, f"u{n} database {number} {s[0]} {f.host(3, 1)}")
    a = (f.host(3, 1), app.conns[w[0]].port())
    told.check(pe, rows, "tcp", u, w)
    told.check(pe, rows, "tcp", a, d, iif="i3")
    return rows, u, w, a, d, s


@suite.case(*product(MODES, FAMILIES, CLIENTS))
def page_from_database(mode, f, n):
    """In mode loopback both services share one address of the server."""
    pe.apply(conf(1, mode))
    rows, u, w, a, d, s = check_page(f, n, 1, mode)
    host, ids = CLIENTS[n], n == 1
    there = [put(4, 1, u, w, 63, copy=True)] if ids else []
    back = [put(4, 1, w, u, 61, copy=True)] if ids else []
    check_walk(of(rows, u),
               [got(0, host, u, w, 64), *there, put(1, 1, u, w, 63),
                got(2, 1, u, w, 62), put(3, 1, u, w, 61)],
               [got(3, 1, w, u, 64), put(2, 1, w, u, 63), got(1, 1, w, u, 62),
                *back, put(0, host, w, u, 61)])
    check_walk(of(rows, a),
               [got(3, 1, a, d, 64), put(5, 1, a, s, 63)],
               [got(5, 1, s, a, 64), put(3, 1, d, a, 63)])


@suite.case(*FAMILIES)
def nobody_else_asks(f):
    """W1D is for the application server, and its real address for nobody."""
    pe.apply(conf(1))
    before = pe.drops()
    for node, dst, reached in ((clients[1], data(f, 1), "i0"),
                               (a4, own(f, 1, 1), "i3")):
        u = (f.U1 if reached == "i0" else f.host(3, 1), flow.port())
        with Capture(lab) as capture, \
                flow.bound(node, f, flow.STREAM, *u) as sock:
            sock.setblocking(False)
            sock.connect_ex(dst)
            capture.wait("SYN", lambda rows, u=u: [
                r for r in rows if r.sport == u[1]])
            rows = of(capture.stop(), u)
        expect("links that saw the SYN",
               {(r.link, r.dir) for r in rows}, {(reached, "in")})
        told.check(pe, rows, "tcp", u, dst, iif=reached, ways=["forward"],
                   drop="guard" if reached == "i3" else None)
    require(pe.drops()["guard"] > before.get("guard", 0), "nothing guarded")


@suite.case(*FAMILIES)
def one_port_of_a_nat_server_is_one_services(f):
    """What it answers could not be told apart."""
    before = pe.generation()
    status, _, err = pe.try_pectl(
        "service", "add", "third", "vip", f.vip(0x20), "tcp", "port", "5432",
        "sequence", f"db{f.name}-1")
    expect("exit status", status, engine.REFUSED)
    for name in ("third", f"w{f.name}-1d", f"db{f.name}-1"):
        require(name in err, f"{name} is not in {err}")
    expect("generation", pe.generation(), before)


@suite.case(*MODES)
def another_database_by_one_commit(mode):
    """Nothing had failed: what db2 knows nothing of is reset, and tried
    again."""
    pe.apply(conf(1, mode))
    for f, n in PAIRS:
        check_page(f, n, 1, mode)
    del app.lost[:]
    pe.apply(conf(2, mode))
    for f, n in PAIRS:
        rows, _, _, _, d, s = check_page(f, n, 2, mode)
        require([r for r in rows if "R" in r.flags and r.link == "i3" and
                 (r.saddr, r.sport) == d], f"no reset:\n{show(rows)}")
    expect("connections lost", len(app.lost), len(PAIRS))


@suite.case(*FAMILIES)
def query_that_was_running(f):
    """Its end hears that it is lost, and so does the database it ran in."""
    pe.apply(conf(1))
    a, d, s = f.host(3, 1), data(f, 1), own(f, 1, 1)
    conn = database.Connection(a4, d[0], "u1", keepalive=1)
    heard = []

    def run():
        try:
            heard.append(conn.ask(LONG_QUERY))
        except database.Lost as error:
            heard.append(str(error))

    conn.open()
    port = conn.port()
    with Capture(lab) as capture:
        thread = threading.Thread(target=run, daemon=True)
        thread.start()
        capture.wait("query", lambda rows: [
            r for r in rows if b"pg_sleep" in r.payload and r.link == "i5"])
        pe.apply(conf(2))
        poll("end of the query", lambda: heard, 15)
        expect("it was lost", isinstance(heard[0], str), True)
        capture.wait("reset at the first database", lambda rows: [
            r for r in rows if "R" in r.flags and r.link == "i5" and
            (r.saddr, r.sport, r.daddr, r.dport) == (a, port, *s)], 15)
    thread.join(flow.TIMEOUT)
    conn.close()


@suite.case()
def database_fails():
    """No page until the services are moved, and pages at once thereafter."""
    pe.apply(conf(1))
    for f, n in PAIRS:
        check_page(f, n, 1)
    servers[1].crash()
    page, _ = fetch(FAMILIES[0], 1)
    require("Connection refused" in page, f"page without a database: {page}")
    pe.apply(conf(2))
    for f, n in PAIRS:
        check_page(f, n, 2)


def setup():
    global app

    cluster = database.Cluster()
    suite.defer(cluster.close)
    pe.start(conf(1))
    cluster.wait(f"u{n}" for n in CLIENTS)
    lab.one_cpu()
    for number, path in ((1, cluster.path), (2, cluster.copy("second"))):
        servers[number] = database.Server(dbs[number], path,
                                          f"database {number}")
        suite.defer(servers[number].close)
    for server in servers.values():
        server.ready()
    app = Application()
    suite.defer(app.close)


app = None
suite.run(setup)
