# SPDX-License-Identifier: GPL-2.0-only
"""Engines that are made quickly and do not last: each in a namespace of its
own with four interfaces, i0 to i3, whose other ends are in one namespace.
"""
import os
import random
import socket
import subprocess
import threading
import time

from lib import engine, packet
from lib.addr import mac
from lib.ktap import PATIENCE, Fail, diag, poll
from lib.lab import Lab, setns

LONG = os.environ.get("TORTURE") == "long"
SEED = int(os.environ.get("TORTURE_SEED") or random.randrange(1 << 31))
PORTS = range(4)
ENGINE = 14

# Everything that lives longer than the message that made it: neighbours that
# are asked for again and again, hooks of both kinds, interfaces that are held.
CONF = f"""
device fw {{ inline outside dev i1 via 10.0.1.2 inside dev i2 via 2001:db8:2::2; }}
device tr {{ inline transparent outside dev i1 inside dev i2; }}
device tap {{ tap dev i2 lladdr {mac(2, 7)}; }}
device web {{ server dev i3 lladdr {mac(3, 1)} mode loopback; }}
device nat {{ server address 10.0.3.1 mode nat; guard; }}
service a {{ vip 192.0.2.10 udp; sequence tap, fw, web; }}
service b {{ vip 192.0.2.11 udp; sequence tap, tr, nat; }}
service c {{ vip 2001:db8:99::10; sequence tap, fw, web; }}
service d {{ vip 192.0.2.12 iif i0; sequence tap, web; }}
"""
OTHER = CONF.replace("tap, fw, web", "tr, web").replace(mac(2, 7), mac(2, 8))


def rounds(count):
    """Numbers from 0, so many; in the short form fewer where that takes long,
    but two."""
    end = time.monotonic() + 15
    for n in range(count):
        if not LONG and n > 1 and time.monotonic() > end:
            diag(f"{n} rounds of {count}, for want of time")
            return
        yield n


def ip(*lines, netns=None, check=True):
    """Run ip(8) on several lines at once; without check, as far as it goes."""
    argv = ["ip", *(["-n", netns] if netns else []),
            *([] if check else ["-force"]), "-batch", "-"]
    done = subprocess.run(argv, input="\n".join(lines) + "\n", text=True,
                          capture_output=True, check=False)
    if check and done.returncode:
        raise Fail(f"{' '.join(argv)}: {done.stderr}")


def addresses(dev, number, host):
    return [f"link set {dev} up",
            f"addr add 10.0.{number}.{host}/24 dev {dev}",
            f"addr add 2001:db8:{number}::{host}/64 dev {dev} nodad"]


class Bench:
    """What makes pairs, and sees that none is left."""

    def __init__(self, suite):
        self.suite = suite
        self.lab = Lab(suite)
        self.random = random.Random(SEED)
        self.serial = 0

    def start(self):
        diag(f"seed {SEED}")
        engine.load()
        self.suite.defer(engine.unload)
        self.zygote = engine.Zygote(self.lab)

    def pectl(self, netns, *args, text=""):
        """(exit status, stdout, stderr)"""
        return self.zygote.run(("-n", netns, *args), text)

    def pair(self):
        self.serial += 1
        return Pair(self, self.serial)


class Pair:
    """An engine and what is around it."""

    def __init__(self, bench, serial):
        self.bench = bench
        self.engine = f"e{serial}{bench.lab.suffix}"
        self.around = f"h{serial}{bench.lab.suffix}"
        bench.suite.defer(self.delete)
        ip(f"netns add {self.engine}", f"netns add {self.around}",
           *(self.link(n) for n in PORTS))
        ip("link set lo up", *(line for n in PORTS
                               for line in addresses(f"i{n}", n, ENGINE)),
           netns=self.engine)
        ip("link set lo up", *(line for n in PORTS
                               for line in addresses(f"o{n}", n, 1)),
           netns=self.around)
        with self.inside(self.engine):
            for key in ("ipv4/ip_forward", "ipv6/conf/all/forwarding"):
                with open(f"/proc/sys/net/{key}", "w") as file:
                    file.write("1")

    def link(self, number):
        return (f"link add i{number} netns {self.engine} "
                f"address {mac(number, ENGINE)} type veth "
                f"peer name o{number} netns {self.around} "
                f"address {mac(number, 1)}")

    def inside(self, netns):
        return Inside(self.bench.lab.home, netns)

    def socket(self, *args):
        """A socket of the engine's namespace, as lib.genl makes one."""
        with self.inside(self.engine):
            return socket.socket(*args)

    def restore(self, number):
        """An interface that was deleted is there again, as far as it can."""
        ip(self.link(number), check=False)
        for netns, side, host in ((self.engine, "i", ENGINE),
                                  (self.around, "o", 1)):
            ip(*addresses(f"{side}{number}", number, host), netns=netns,
               check=False)

    def apply(self, text=CONF):
        status, _, err = self.bench.pectl(self.engine, "apply", "-f", "-",
                                          text=text)
        if status:
            raise Fail(f"apply exited {status}: {err}")

    def delete(self):
        ip(f"netns del {self.engine}", f"netns del {self.around}",
           check=False)


class Inside:
    """This thread is in a namespace while the context lasts."""

    def __init__(self, home, netns):
        self.home = home
        self.netns = netns

    def __enter__(self):
        fd = os.open(f"/run/netns/{self.netns}", os.O_RDONLY)
        setns(fd)
        os.close(fd)

    def __exit__(self, *_):
        setns(self.home)


class Flood:
    """Packets to every interface of an engine, from all sides, as fast as they
    go; interfaces may come and go meanwhile."""

    def __init__(self, pair):
        self.pair = pair
        self.sent = 0
        self.over = False
        self.frames = [list(self.frames_of(n)) for n in PORTS]
        self.threads = [threading.Thread(target=self.send) for _ in range(2)]

    @staticmethod
    def frames_of(number):
        client, client6 = ("10.0.0.1", 7), ("2001:db8::1", 7)
        talks = [(client, (f"192.0.2.{n}", 80)) for n in (10, 11, 12)]
        talks += [(client6, ("2001:db8:99::10", 80)), (client, ("10.0.3.1", 80))]
        for one, other in talks:
            for data in (packet.udp(one, other), packet.udp(other, one),
                         packet.udp(one, other, ttl=1),
                         packet.unreachable(other[0], one[0],
                                            packet.udp(one, other))):
                yield packet.ether(mac(number, 1), mac(number, ENGINE), data)

    def open(self, number):
        with self.pair.inside(self.pair.around):
            sock = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, 0)
        try:
            sock.bind((f"o{number}", 0))
        except OSError:
            sock.close()
            raise
        return sock

    def send(self):
        socks = {}
        while not self.over:
            for number in PORTS:
                try:
                    if number not in socks:
                        socks[number] = self.open(number)
                    for frame in self.frames[number]:
                        socks[number].send(frame)
                        self.sent += 1
                except OSError:         # down, or away: perhaps another comes
                    if number in socks:
                        socks.pop(number).close()
                    time.sleep(0.005)
        for sock in socks.values():
            sock.close()

    def __enter__(self):
        for thread in self.threads:
            thread.start()
        poll("traffic", lambda: self.sent > 100)
        return self

    def __exit__(self, *_):
        self.over = True
        for thread in self.threads:
            thread.join(60 * PATIENCE)
            if thread.is_alive():
                raise Fail("a sender hangs")
