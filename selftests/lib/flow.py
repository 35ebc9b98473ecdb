# SPDX-License-Identifier: GPL-2.0-only
"""Real traffic between namespaces, both ends driven from this process."""
import itertools
import socket
import struct

from .ktap import PATIENCE, Fail, poll
from .wire import inet_sum

IP_FREEBIND = 15
IPV6_FREEBIND = 78
IP_MTU_DISCOVER = 10
IP_PMTUDISC_DONT = 0
TIMEOUT = 5 * PATIENCE
DGRAM, STREAM = socket.SOCK_DGRAM, socket.SOCK_STREAM
RAW = socket.SOCK_RAW


PORTS = itertools.count(5001)


def port():
    """A client's port that no connection of this program had before."""
    return next(PORTS)


def listening(node, port_number):
    """Wait until somebody on the node accepts connections."""
    def accepted():
        with node.socket(socket.AF_INET, STREAM) as sock:
            return sock.connect_ex(("127.0.0.1", port_number)) == 0

    poll(f"listener on port {port_number} of {node.name}", accepted, 40, 0.05)


def bound(node, f, kind, addr, port, proto=0):
    sock = node.socket(f.af, kind, proto)
    sock.settimeout(TIMEOUT)
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    if f.v6:
        sock.setsockopt(socket.IPPROTO_IPV6, IPV6_FREEBIND, 1)
    else:
        sock.setsockopt(socket.IPPROTO_IP, IP_FREEBIND, 1)
    sock.bind((addr, port))
    return sock


def take(what, func, *args):
    try:
        return func(*args)
    except (TimeoutError, OSError) as error:
        raise Fail(f"{what}: {error}") from None


def sctp(*args, **kwargs):
    return stream(socket.IPPROTO_SCTP, *args, **kwargs)


def tcp(*args, **kwargs):
    return stream(socket.IPPROTO_TCP, *args, **kwargs)


def stream(proto, f, client, caddr, cport, dst, server, local, rounds=1,
           size=100):
    """A connection that exchanges data and closes; dst is what the client
    asks for, local what the server listens on. Gives back what the server
    saw as its client."""
    with bound(server, f, STREAM, *local, proto) as listener, \
            bound(client, f, STREAM, caddr, cport, proto) as c:
        listener.listen(8)
        take(f"connect to {dst}", c.connect, dst)
        s, peer = take("accept", listener.accept)
        with s:
            s.settimeout(TIMEOUT)
            for number in range(rounds):
                for one, other, what in ((c, s, b"ask"), (s, c, b"tell")):
                    data = (what + b"%d " % number).ljust(size, b".")
                    one.sendall(data)
                    got = b""
                    while len(got) < size:
                        part = take("data", other.recv, size - len(got))
                        if not part:
                            raise Fail("connection ended early")
                        got += part
                    if got != data:
                        raise Fail(f"sent {data!r}, received {got!r}")
            if proto == socket.IPPROTO_TCP:     # SCTP has no half-closed state
                c.shutdown(socket.SHUT_WR)
                if take("end", s.recv, 1):
                    raise Fail("data after the end")
            s.close()
            if take("end", c.recv, 1):
                raise Fail("data after the end")
    return peer[:2]


def udp(f, client, caddr, cport, dst, server, local, count=1, size=100):
    """Datagrams there and back, one after the other."""
    with bound(server, f, DGRAM, *local) as s, \
            bound(client, f, DGRAM, caddr, cport) as c:
        c.connect(dst)
        for number in range(count):
            ask = (b"ask %d " % number).ljust(size, b".")
            c.send(ask)
            data, peer = take(f"request at {local}", s.recvfrom, 65536)
            if data != ask:
                raise Fail(f"sent {ask!r}, received {data!r}")
            tell = (b"tell %d " % number).ljust(size, b".")
            s.sendto(tell, peer)
            data = take(f"answer from {dst}", c.recv, 65536)
            if data != tell:
                raise Fail(f"sent {tell!r}, received {data!r}")
    return peer[:2]


def talk(proto, *args, **kwargs):
    return {"tcp": tcp, "udp": udp, "sctp": sctp}[proto](*args, **kwargs)


def raw(f, proto, client, caddr, dst, server, local, count=1):
    """Packets of a protocol that has no ports, there and back."""
    with server.socket(f.af, socket.SOCK_RAW, proto) as s, \
            client.socket(f.af, socket.SOCK_RAW, proto) as c:
        for sock, addr in ((s, local), (c, caddr)):
            sock.settimeout(TIMEOUT)
            sock.setsockopt(*((socket.IPPROTO_IPV6, IPV6_FREEBIND) if f.v6
                              else (socket.IPPROTO_IP, IP_FREEBIND)), 1)
            sock.bind((addr, 0))
        for number in range(count):
            for a, to, b, what in ((c, dst, s, b"ask"), (s, caddr, c, b"tell")):
                data = b"%s %d" % (what, number)
                a.sendto(data, (to, 0))
                seen = take(f"{what} of protocol {proto}", b.recvfrom, 65536)[0]
                if not seen.endswith(data):
                    raise Fail(f"sent {data!r}, received {seen!r}")


def echo_request(f, ident, number, body=b"e" * 56):
    rest = struct.pack("!HH", ident, number) + body
    if f.v6:                                # the kernel adds the checksum
        return struct.pack("!BBH", 128, 0, 0) + rest
    head = struct.pack("!BBH", 8, 0, 0)
    return struct.pack("!BBH", 8, 0, 0xffff - inet_sum(head + rest)) + rest


def echo_socket(f, node, addr):
    sock = node.socket(f.af, socket.SOCK_RAW, f.icmp)
    sock.bind((addr, 0))
    return sock


def echo_reply(f, sock, dst, request):
    """Wait for the answer to a request."""
    while True:
        data, peer = sock.recvfrom(65536)
        if not f.v6:
            data = data[(data[0] & 15) * 4:]
        if data[0] == (129 if f.v6 else 0) and data[4:] == request[4:]:
            if peer[0] != dst:
                raise Fail(f"echo reply from {peer[0]}, not {dst}")
            return


def echo(f, client, caddr, dst, ident=0x77, count=1):
    """ICMP echo; the server's kernel answers."""
    with echo_socket(f, client, caddr) as sock:
        sock.settimeout(TIMEOUT)
        for number in range(count):
            request = echo_request(f, ident, number)
            sock.sendto(request, (dst, 0))
            take(f"echo reply from {dst}", echo_reply, f, sock, dst, request)


def reach(f, node, addr, dst):
    """Try until an echo request is answered."""
    def answered():
        sock.sendto(request, (dst, 0))
        try:
            echo_reply(f, sock, dst, request)
        except TimeoutError:
            return False
        return True

    request = echo_request(f, 1, 1)
    with echo_socket(f, node, addr) as sock:
        sock.settimeout(0.2)
        poll(f"answer from {dst} to {node.name}", answered)


def nothing(sock, what, wait=0.2):
    """Fail if anything arrives at the socket."""
    sock.settimeout(wait)
    try:
        data = sock.recv(65536)
    except TimeoutError:
        return
    except OSError as error:
        raise Fail(f"{what}: {error}") from None
    raise Fail(f"{what}: {data[:60]!r} arrived")
