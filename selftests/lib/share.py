# SPDX-License-Identifier: GPL-2.0-only
"""What 16C and 17 to 17J share: web servers that tell which one they are,
several engines, and clients that fetch pages by curl."""
from itertools import product

from . import engine
from .addr import ENGINE, FAMILIES, mac
from .nginx import Nginx
from .wire import got, put

PORT = 80


def webs(lab, segment, numbers):
    """Servers on a segment, by number; the number is their host number."""
    lab.one_cpu()
    return {n: lab.server(f"web{n}", segment, n) for n in numbers}


def serve(lab, nodes):
    """A page at each of them: server, client's address, service's address."""
    running = {n: Nginx(node, lab.tmp, PORT, f"web{n} $remote_addr $server_addr",
                        wait=False) for n, node in nodes.items()}
    for nginx in running.values():
        lab.suite.defer(nginx.close)
    return running


def ready(running):
    for nginx in running.values():
        nginx.ready()


def devices(segment, numbers):
    return "".join(f"device web{n} {{ server dev i{segment} "
                   f"lladdr {mac(segment, n)} mode loopback; }}\n"
                   for n in numbers)


def services(numbers, before=""):
    """numbers: the server of each service address, by number."""
    return "".join(f"service w{f.name}-{w} {{ vip {f.vip(w)} tcp port {PORT}; "
                   f"sequence {before}web{n}; }}\n"
                   for f, (w, n) in product(FAMILIES, numbers.items()))


def upstream(lab, name, uplinks):
    """A router that the clients are at, and the links to engines' segments: it
    is host 1 there. Service addresses are routed by via()."""
    up = lab.router_of(name, 0)
    for segment in uplinks:
        lab.attach(up, segment, 1, f"up{segment}")
        node = lab.owners.get(segment, lab.eng)
        for f in FAMILIES:
            node.batch.append(f"route add default via {f.host(segment, 1)}")
    return up


def via(up, segment, numbers, table=""):
    """Service addresses are reached by the engine of a segment."""
    for f, n in product(FAMILIES, numbers):
        up.batch.append(f"route add {f.vip(n)}/{f.bits} "
                        f"via {f.host(segment, ENGINE)}{table}")


def rule(f, node, source, table):
    """What a node sends from a source takes the routes of a table."""
    node.run(["ip", f"-{f.name}", "rule", "add", "from", source, "lookup",
              str(table)])


def fetch(f, client, addr, sport, port=PORT):
    """A page by curl, or why there is none."""
    host = f"[{addr}]" if f.v6 else addr
    _, out, err = client.run(
        ["curl", "-sS", "--max-time", "20", "--local-port", str(sport),
         f"http://{host}:{port}/"], check=False)
    return (out or err).strip()


def of(rows, *ends):
    """What went between ends of a connection, all of them given."""
    return [r for r in rows if all(
        end in ((r.saddr, r.sport), (r.daddr, r.dport)) for end in ends)]


def asked(rows, link, dst):
    """Who sent a request to dst by a link: the other ends' addresses and
    ports. Health checks send none."""
    return sorted({(r.saddr, r.sport) for r in rows if r.link == link and
                   r.dir == "in" and (r.daddr, r.dport) == dst and
                   r.payload.startswith(b"GET ")})


class Engines:
    """Engines side by side: where[segment] is the server of each service
    address that is routed to the engine whose uplink the segment is; the
    servers are on the segment after it. The first is the lab's own."""

    def __init__(self, lab, where):
        self.lab, self.where = lab, where
        self.servers, self.pe = {}, {}
        for count, segment in enumerate(where):
            node = lab.eng
            if count:
                node = lab.router_of(f"eng{count + 1}", segment, segment + 1)
            self.servers.update(webs(lab, segment + 1, where[segment].values()))
            self.pe[segment] = engine.Engine(
                lab, node, self.pe[min(self.pe)].zygote if count else None)
        self.up = upstream(lab, "up", where)
        for segment, numbers in where.items():
            via(self.up, segment, numbers)

    def start(self):
        for count, (segment, numbers) in enumerate(self.where.items()):
            conf = devices(segment + 1, numbers.values()) + services(numbers)
            if count:
                self.pe[segment].apply(conf)
            else:
                self.pe[segment].start(conf)
        running = serve(self.lab, self.servers)
        return running

    def uplink(self, number):
        """The segment of the engine that a service address is routed to."""
        return [s for s, numbers in self.where.items() if number in numbers][0]

    def walk(self, f, number, host, u, w):
        """The ways there and back, through the router and one engine."""
        s = self.uplink(number)
        n = self.where[s][number]
        return ([got(0, host, u, w, 64), got(s, 1, u, w, 63),
                 put(s + 1, n, u, w, 62)],
                [got(s + 1, n, w, u, 64), put(s, 1, w, u, 63),
                 put(0, host, w, u, 62)])
