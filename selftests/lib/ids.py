# SPDX-License-Identifier: GPL-2.0-only
"""What 11 and 11A share: three services, three detectors, one firewall."""
from itertools import product

from . import engine, flow, packet, told
from .addr import FAMILIES, mac
from .ktap import Fail, Suite, expect
from .lab import Lab
from .wire import Capture, check_walk, got, put, show


def run(doc, places):
    """places says on which segment, as which host, detector n is."""
    suite = Suite(doc)
    lab = Lab(suite)
    clients = {n: lab.client(f"u{n}", 0, n) for n in places}
    lab.router("fw", 1, 2)
    web = lab.server("web", 3)
    detectors = {n: lab.tap(f"ids{n}", *place) for n, place in places.items()}
    pe = engine.Engine(lab)

    conf = f"""
device fw {{ inline outside dev i1 lladdr {mac(1, 1)} \
inside dev i2 lladdr {mac(2, 1)}; }}
device web {{ server dev i3 lladdr {mac(3, 1)} mode loopback; }}
""" + "".join(
        f"device ids{n} {{ tap dev i{seg} lladdr {mac(seg, host)}; }}\n"
        for n, (seg, host) in places.items()) + "".join(
        f"service {p}{f.name}-{n} {{ vip {f.vip(9 + n)} {p} port 80; "
        f"sequence ids{n}, fw, web; }}\n"
        for n, f, p in product(places, FAMILIES, ("tcp", "udp")))

    def points():
        return [(f"ids{n}", node, "eth0") for n, node in detectors.items()]

    def copies(rows, number):
        return [r for r in rows if r.link == f"ids{number}" and r.dir == "out"]

    @suite.case(*product(places, FAMILIES, ("tcp", "udp")))
    def service_and_detector(n, f, proto):
        """All of the service's packets, and nobody else's."""
        seg, host = places[n]
        u, w = (f.host(0, n), flow.port()), (f.vip(9 + n), 80)
        with Capture(lab, points=points()) as capture:
            flow.talk(proto, f, clients[n], *u, w, web, w)
            rows = capture.stop()
        told.check(pe, rows, proto, u, w)
        check_walk([r for r in rows if not r.link.startswith("ids")],
                   [got(0, n, u, w, 64), put(seg, host, u, w, 63, copy=True),
                    put(1, 1, u, w, 63), got(2, 1, u, w, 62),
                    put(3, 1, u, w, 61)],
                   [got(3, 1, w, u, 64), put(2, 1, w, u, 63),
                    got(1, 1, w, u, 62), put(seg, host, w, u, 61, copy=True),
                    put(0, n, w, u, 61)])
        # At the client's wire: everything of the service, both ways.
        wanted = [r.ident for r in rows if r.link == "i0"]
        expect("packets at its detector",
               sorted(str(r.ident) for r in copies(rows, n)),
               sorted(str(ident) for ident in wanted))
        for other in places:
            if other != n and copies(rows, other):
                raise Fail(f"detector {other} saw\n{show(copies(rows, other))}")

    @suite.case(*product(places, FAMILIES))
    def reset_by_detector(n, f):
        """Ends the session: at the server and at the client."""
        seg, host = places[n]
        u, w = (f.host(0, n), flow.port()), (f.vip(9 + n), 80)
        with flow.bound(web, f, flow.STREAM, *w) as listener, \
                flow.bound(clients[n], f, flow.STREAM, *u) as c:
            listener.listen(1)
            c.connect(w)
            s, _ = listener.accept()
            with s, Capture(lab, points=points()) as capture, \
                    packet.Sender(detectors[n], seg, host) as sender:
                s.settimeout(flow.TIMEOUT)
                c.sendall(b"attack")
                expect("data", s.recv(100), b"attack")
                seen = capture.wait("attack at the detector", lambda rows: [
                    r for r in copies(rows, n) if r.payload == b"attack"])
                attack = [r for r in copies(seen, n)
                          if r.payload == b"attack"][0]
                _, seq, ack, _, data = attack.ident
                capture.more(0.2)
                del capture.rows[:]
                sender.send(packet.tcp(u, w, seq=seq + len(data), ack=ack,
                                       flags=packet.RST | packet.ACK))
                sender.send(packet.tcp(w, u, seq=ack, ack=seq + len(data),
                                       flags=packet.RST | packet.ACK))
                for end, name in ((s, "server"), (c, "client")):
                    try:
                        end.recv(1)
                    except ConnectionResetError:
                        continue
                    except TimeoutError:
                        pass
                    raise Fail(f"the session of the {name} goes on")
                rows = [r for r in capture.stop() if r.link[0] == "i" and
                        not r.link.startswith("ids")]
                check_walk(rows,
                           [got(seg, host, u, w, 64), put(1, 1, u, w, 63),
                            got(2, 1, u, w, 62), put(3, 1, u, w, 61)],
                           [got(seg, host, w, u, 64), put(0, n, w, u, 63)],
                           count=1)

    suite.run(lambda: pe.start(conf))
