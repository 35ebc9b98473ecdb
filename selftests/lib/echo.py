# SPDX-License-Identifier: GPL-2.0-only
"""Datagrams that are sent back, many of them on the way at a time."""
import select
import struct

from . import flow


class Echo:
    """A client's numbered datagrams, and servers at one address of which each
    sends back what comes to it. back has the numbers of the answers in their
    order, by whichever server of servers gave each."""

    def __init__(self, f, client, servers, w):
        self.u, self.w = (f.U1, flow.port()), w
        self.client = flow.bound(client, f, flow.DGRAM, *self.u)
        self.client.connect(w)
        self.sent = 0
        self.back, self.by = [], []
        self.todo = {self.client: self.take}
        for n, server in enumerate(servers):
            sock = flow.bound(server, f, flow.DGRAM, *w)
            self.todo[sock] = lambda sock=sock, n=n: self.serve(sock, n)

    def send(self):
        self.client.send(struct.pack("!IB", self.sent, 0) + b"." * 59)
        self.sent += 1

    @staticmethod
    def serve(sock, n):
        data, peer = sock.recvfrom(100)
        sock.sendto(data[:4] + bytes((n,)) + data[5:], peer)

    def take(self):
        number, server = struct.unpack("!IB", self.client.recv(100)[:5])
        self.back.append(number)
        self.by.append(server)

    def waits(self):
        """How many were not answered."""
        return self.sent - len(self.back)

    def close(self):
        for sock in self.todo:
            sock.close()


class Loop:
    """What is to be done when something comes to one of many sockets; flows
    have a todo each, which says what for which."""

    def __init__(self, flows):
        self.ready = select.poll()
        self.todo = {}
        for one in flows:
            for sock, func in one.todo.items():
                self.ready.register(sock, select.POLLIN)
                self.todo[sock.fileno()] = func

    def turn(self, wait=20):
        """Do what is to be done within so many milliseconds; says if there was
        anything."""
        ready = self.ready.poll(wait)
        for fd, _ in ready:
            self.todo[fd]()
        return bool(ready)
