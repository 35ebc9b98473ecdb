#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-only
"""What a packet costs, in instructions, generator and sink included.

    [init] p0 --- i0 [bed] i1 --- p1 [init]
           pktgen      i2 --- p2      sink: tc ingress, drop
                       ...

Runs in a virtual machine whose clock counts instructions (scripts/vm --icount;
scripts/bench calls it): pktgen's own time is then the cost of everything that
happened while it ran. Every row has a namespace of its own, the bed, which is
gone before the next one is made. Only what needs many services shares one.

    cost.py RESULT.json SERVICES ROW...     measure
    cost.py conf NUMBER                     print a configuration of so many
    cost.py rows                            print what can be measured

With PROFILE set in the environment marks are made for the plugin of profile.c
around one more run of a row, and the symbols are left beside the result.

SERVICES is how many there are, with a comma between the numbers; their
configurations are in services-NUMBER.conf in the directory above the result's.
"""
import contextlib
import ctypes
import ipaddress
import json
import mmap
import os
import shutil
import subprocess
import sys
import time

sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
from lib import engine  # noqa: E402
from lib.addr import ENGINE, F4, F6, mac  # noqa: E402
# lib.lab has the kernel stamp the time on every packet, which costs: not here.

COUNT = 30000           # packets of a run
WARM = 1500             # before it; for each address where there are several
RUNS = 3                # the least of them counts
SPAN = 16               # services that a row goes through where there are many
QUIET = 15              # seconds until new interfaces have said everything
PORT = 9                # discard
PORTS = 6               # of a bed that carries the engine
LOOP = 5                # the port of chained devices; what it sends comes back
DEVICE = 0x10           # chained device k is host DEVICE + k there
CHAINS = (1, 2, 4, 8)
CLIENT = {F4: F4.host(0, 1), F6: F6.host(0, 1)}
NO_SERVICE = {F4: "10.64.0.", F6: "2001:db8:64::"}
VIPS = "10.128.0.0"     # service n is n addresses on from here

CLONE_NEWNET = 0x40000000
LIBC = ctypes.CDLL(None, use_errno=True)


def run(argv, text=None):
    out = subprocess.run(argv, input=text, text=True, capture_output=True,
                         check=False)
    if out.returncode:
        sys.exit(f"{' '.join(argv)}: {out.stderr}{out.stdout}\n{text or ''}")
    return out.stdout


def write(path, *lines):
    for line in lines:
        with open(path, "w") as file:
            file.write(line + "\n")


def setns(fd):
    if LIBC.setns(fd, CLONE_NEWNET):
        raise OSError(ctypes.get_errno(), "setns")


def settle(seconds=2):
    """Whatever the kernel still has to do. Idle time passes at once."""
    time.sleep(seconds)


def vip(number):
    """The address of service number, IPv4."""
    return ".".join(str(b) for b in (0x0a800000 + number).to_bytes(4, "big"))


# --- the bed -----------------------------------------------------------------

class Bed:
    """A namespace with ports, whose far ends are in this one."""

    serial = 0

    def __init__(self, ports=3):
        Bed.serial += 1
        self.name = f"bed{Bed.serial}"
        self.ports = ports
        run(["ip", "-batch", "-"], "\n".join(
            [f"netns add {self.name}"] +
            [f"link add p{n} address {mac(n, 1)} type veth peer name i{n} "
             f"address {mac(n, ENGINE)} netns {self.name}"
             for n in range(ports)] +
            [f"link set p{n} up" for n in range(ports)]) + "\n")
        self.fd = os.open(f"/run/netns/{self.name}", os.O_RDONLY)
        with self.net():
            for key in ("ipv4/ip_forward", "ipv6/conf/all/forwarding"):
                write(f"/proc/sys/net/{key}", "1")
            for key in ("ipv4/conf/all/rp_filter",
                        "ipv4/conf/default/rp_filter",
                        "ipv6/conf/default/accept_dad"):
                write(f"/proc/sys/net/{key}", "0")
            run(["ip", "-batch", "-"], "\n".join(self.addresses()) + "\n")
        lines = []
        for n in range(ports):
            lines.append(f"qdisc add dev p{n} ingress")
            act = "action drop"
            if n == LOOP:
                act = (f"action skbmod swap mac pipe "
                       f"action mirred egress redirect dev p{n}")
            lines.append(f"filter add dev p{n} ingress matchall {act}")
        self.tc(lines)

    def addresses(self):
        yield "link set lo up"
        for n in range(self.ports):
            yield f"link set i{n} up"
            for f in (F4, F6):
                yield (f"addr add {f.host(n, ENGINE)}/{f.prefix(n)[1]} "
                       f"dev i{n}")
                for host in (1, 2):
                    yield (f"neigh add {f.host(n, host)} lladdr "
                           f"{mac(n, host)} nud permanent dev i{n}")
        for f in (F4, F6):
            yield f"route add default via {f.host(1, 1)}"

    @contextlib.contextmanager
    def net(self):
        setns(self.fd)
        try:
            yield
        finally:
            setns(HOME)

    def run(self, argv, text=None):
        with self.net():
            return run(argv, text)

    @staticmethod
    def tc(lines):
        run(["tc", "-batch", "-"], "\n".join(lines) + "\n")

    def ip(self, *lines):
        self.run(["ip", "-batch", "-"], "\n".join(lines) + "\n")

    def nft(self, text):
        self.run(["nft", "-f", "-"], text)

    def close(self):
        """Gone with all it had, the work that this takes included."""
        os.close(self.fd)
        run(["ip", "netns", "del", self.name])
        for _ in range(600):
            if not os.path.exists("/sys/class/net/p0"):
                break
            time.sleep(1)
        else:
            sys.exit(f"namespace {self.name} does not go away")
        settle()


# --- marks ---------------------------------------------------------------------

def mark(word):
    """A function that is a no-op with that word in it; see profile.c."""
    page = mmap.mmap(-1, mmap.PAGESIZE, prot=mmap.PROT_READ |
                     mmap.PROT_WRITE | mmap.PROT_EXEC)
    page.write(b"\x0f\x1f\x80" + word + b"\xc3")
    address = ctypes.addressof(ctypes.c_char.from_buffer(page))
    call = ctypes.CFUNCTYPE(None)(address)
    call.page = page
    return call


BEGIN, END = mark(b"PEbn"), mark(b"PEed")


# --- traffic -----------------------------------------------------------------

class Flow:
    """What pktgen sends: from port, to the bed's port number, addresses."""

    def __init__(self, dst, family=F4, port=0, host=1, src=None, vary="dst",
                 span=1):
        self.family, self.port, self.host = family, port, host
        self.src, self.dst = src or CLIENT[family], dst
        self.vary, self.span = vary, span

    def nth(self, which, k):
        """The k-th address of those that it goes through."""
        first = getattr(self, which)
        if which != self.vary or not k:
            return first
        return str(ipaddress.ip_address(first) + k)

    def lines(self, k):
        yield "pkt_size 60"
        yield f"dst_mac {mac(self.port, ENGINE)}"
        yield f"src_mac {mac(self.port, self.host)}"
        if self.family.v6:
            # A sum of zero is no UDP over IPv6.
            yield "flag UDPCSUM"
            yield f"dst6 {self.nth('dst', k)}"
            yield f"src6 {self.nth('src', k)}"
        else:
            for which in ("dst", "src"):
                yield f"{which}_min {getattr(self, which)}"
                yield f"{which}_max {self.nth(which, self.span - 1)}"
        for which in ("dst", "src"):
            for end in ("min", "max"):
                yield f"udp_{which}_{end} {PORT}"

    def send(self, count):
        """Nanoseconds, that is instructions, that count packets took. pktgen
        goes through addresses by itself, but not through those of IPv6."""
        if self.family.v6:
            return sum(self.one(count // self.span, k)
                       for k in range(self.span))
        return self.one(count)

    def one(self, count, k=0):
        dev = f"p{self.port}"
        write(PKTGEN + "kpktgend_0", "rem_device_all", f"add_device {dev}")
        write(PKTGEN + dev, *self.lines(k), f"count {count}")
        write(PKTGEN + "pgctrl", "start")
        with open(PKTGEN + dev) as file:
            result = file.read().split("Result: ")[1].split()
        write(PKTGEN + "kpktgend_0", "rem_device_all")
        if result[0] != "OK:" or int(result[3]) != count:
            sys.exit(f"pktgen: {' '.join(result)}")
        return int(result[1].split("(")[0]) * 1000


SLABS = ("skbuff_head_cache", "skbuff_small_head", "kmalloc-512",
         "kmalloc-1k")


def shake():
    """Bring the allocator of buffers into another state.

    Some packets long a buffer may be freed into another slab than the one that
    buffers are taken from, which costs 280 instructions more, and last for
    many runs.
    """
    for slab in SLABS:
        if os.path.exists(f"/sys/kernel/slab/{slab}/shrink"):
            write(f"/sys/kernel/slab/{slab}/shrink", "1")


def received(dev):
    with open("/proc/net/dev") as file:
        for line in file:
            name, _, numbers = line.partition(":")
            if name.strip() == dev:
                return int(numbers.split()[1])
    return None


class Result:
    """Instructions a packet: the least of some runs."""

    def __init__(self, flow, sinks, bed=None):
        """sinks are the ports by which every packet is to come out."""
        flow.send(WARM * flow.span)
        settle(0.2)
        self.runs = []
        for _ in range(RUNS):
            shake()
            with bed.net() if bed else contextlib.nullcontext():
                before = [received(dev) for dev in sinks]
            took = flow.send(COUNT)
            with bed.net() if bed else contextlib.nullcontext():
                after = [received(dev) for dev in sinks]
            for dev, a, b in zip(sinks, after, before):
                if a - b != COUNT:
                    raise Lost(f"{a - b} of {COUNT} packets came out at {dev}")
            self.runs.append(took / COUNT)
        if "PROFILE" in os.environ:
            BEGIN()
            flow.send(COUNT)
            END()

    def least(self):
        return min(self.runs)


class Lost(Exception):
    """Not every packet took the way that was to be measured."""


# --- what is measured --------------------------------------------------------

class Row:
    """One line of the table."""

    many = False        # measured for every number of services
    engine = False

    def __init__(self, name, text, prepare, flow, sinks=("p1",), ports=3,
                 inside=False):
        self.name, self.text, self.prepare = name, text, prepare
        self.flow, self.sinks, self.ports = flow, sinks, ports
        self.inside = inside            # the sinks are the bed's

    def measure(self):
        bed = Bed(self.ports)
        undo = self.prepare(bed)
        settle(QUIET)
        result = Result(self.flow, self.sinks, bed if self.inside else None)
        if undo:
            undo()
        bed.close()
        return result


def floor(bed, **params):
    """Load the module in the bed."""
    words = [f"{key}={value}" for key, value in params.items()]
    bed.run(["insmod", os.environ["FLOOR_KO"], *words])
    return lambda: run(["rmmod", "floor"])


def one_floor(bed):
    return floor(bed, out="i1", lladdr=mac(1, 1))


def floor_copy(bed):
    return floor(bed, out="i1", lladdr=mac(1, 1), copy="i2")


def floor_walk(hops):
    return lambda bed: floor(bed, out="i1", lladdr=mac(1, 1), loop=f"i{LOOP}",
                             hops=hops)


def generator(bed):
    bed.run(["tc", "-batch", "-"], "qdisc add dev i0 ingress\n"
            "filter add dev i0 ingress matchall action drop\n")


def nft_fwd(bed):
    bed.nft("add table netdev t\n"
            "add chain netdev t c { type filter hook ingress device i0 "
            "priority 0; }\n"
            f"add rule netdev t c ip daddr {TARGET} fwd ip to "
            f"{F4.host(1, 1)} device i1\n")


def tc_redirect(bed):
    bed.run(["tc", "-batch", "-"], "qdisc add dev i0 ingress\n"
            f"filter add dev i0 ingress protocol ip flower dst_ip {TARGET} "
            f"action skbmod set dmac {mac(1, 1)} set smac {mac(1, ENGINE)} "
            "pipe action mirred egress redirect dev i1\n")


def forward(bed):
    pass


def ipvs(how):
    def prepare(bed):
        bed.ip(f"addr add {TARGET}/32 dev lo")
        bed.run(["ipvsadm", "-R"], f"-A -u {TARGET}:{PORT} -s rr\n"
                f"-a -u {TARGET}:{PORT} -r {F4.host(1, 1)}:{PORT} {how}\n")
    return prepare


def conntrack(bed):
    bed.nft("add table ip t\n"
            "add chain ip t c { type filter hook forward priority 0; }\n"
            "add rule ip t c ct state new,established,related accept\n")


def policy(bed):
    bed.ip("rule add fwmark 1 table 100",
           f"route add default via {F4.host(1, 2)} table 100")
    bed.nft("add table ip t\n"
            "add chain ip t c { type filter hook prerouting priority "
            "mangle; }\n"
            f"add rule ip t c ip daddr {TARGET} udp dport {PORT} "
            "meta mark set 1\n")


TARGET = "192.0.2.1"

PLAIN = [
    Row("generator", "generator and drop", generator, Flow(TARGET), ["i0"],
        inside=True),
    Row("nft-fwd", "nftables netdev ingress, fwd", nft_fwd, Flow(TARGET)),
    Row("floor", "floor: rewrite the MAC, transmit", one_floor, Flow(TARGET)),
    Row("tc", "tc flower, skbmod, mirred redirect", tc_redirect, Flow(TARGET)),
    Row("forward", "plain forwarding", forward, Flow(TARGET)),
    Row("ipvs-dr", "IPVS direct routing", ipvs("-g"), Flow(TARGET)),
    Row("ipvs-nat", "IPVS NAT", ipvs("-m"), Flow(TARGET)),
    Row("conntrack", "nftables conntrack, forward", conntrack, Flow(TARGET)),
    Row("policy", "nftables mark, policy route", policy, Flow(TARGET)),
    Row("floor-copy", "floor that sends a clone too", floor_copy,
        Flow(TARGET), ["p1", "p2"]),
    *[Row(f"floor-walk-{n}", f"floor through {n} devices", floor_walk(n),
          Flow(TARGET), ports=PORTS) for n in CHAINS],
    Row("floor6", "floor, IPv6", one_floor, Flow(NO_SERVICE[F6] + "1", F6)),
    Row("forward6", "plain forwarding, IPv6", forward,
        Flow(NO_SERVICE[F6] + "1", F6)),
]

DEVICES = f"""
device web {{ server dev i1 lladdr {mac(1, 1)} mode loopback; }}
device fw {{ inline outside dev i1 lladdr {mac(1, 2)} \
inside dev i2 lladdr {mac(2, 2)}; }}
device br {{ inline transparent outside dev i3 inside dev i4; }}
device ids {{ tap dev i2 lladdr {mac(2, 1)}; }}
""" + "".join(
    f"device d{k} {{ inline dev i{LOOP} lladdr {mac(LOOP, DEVICE + k)}; }}\n"
    for k in range(1, max(CHAINS) + 1)) + "".join(
    f"device nat{k} {{ server address 10.1.0.{k + 1} mode nat; }}\n"
    f"device nat6-{k} {{ server address 2001:db8:1::{k + 1:x} mode nat; }}\n"
    for k in range(SPAN))


class Ours:
    """A line about the engine: services that are alike, and a flow."""

    many = True
    engine = True
    count = 0

    def __init__(self, name, text, sequence, sinks=("p1",), family=F4,
                 miss=False, **flow):
        self.name, self.text, self.sequence = name, text, sequence
        self.sinks, self.family, self.miss = sinks, family, miss
        self.args = flow
        # Its services have these numbers.
        self.first = Ours.count
        Ours.count += SPAN

    def address(self, k=0):
        if self.miss:
            return f"{NO_SERVICE[self.family]}{k + 1}"
        if self.family.v6:
            return f"2001:db8:2::{self.first + k:x}"
        return vip(self.first + k)

    def services(self, span):
        for k in range(span):
            if self.miss:
                # There must be something that the packet is not for.
                address = vip(self.first + k)
                if self.family.v6:
                    address = f"2001:db8:2::{self.first + k:x}"
            else:
                address = self.address(k)
            yield (f"service {self.name}-{k} {{ vip {address} udp port {PORT};"
                   f" sequence {self.sequence.format(k=k)}; }}\n")

    def flow(self, span):
        if self.args.get("vary") == "src":
            return Flow(CLIENT[self.family], self.family, src=self.address(),
                        span=span, **self.args)
        return Flow(self.address(), self.family, span=span, **self.args)


ENGINE_ROWS = [
    Ours("steer", "steer to a loopback server", "web"),
    Ours("inline", "steer to an inline device", "fw, web", ["p1"]),
    Ours("transparent", "steer to a transparent device", "br, web", ["p3"]),
    Ours("reply", "answer of a loopback server", "web", ["p0"], port=1,
         vary="src"),
    Ours("nat", "server in mode nat", "nat{k}"),
    Ours("tap", "tap, then a loopback server", "ids, web", ["p1", "p2"]),
    *[Ours(f"hop-{n}", f"last hop of a chain of {n}",
           ", ".join([*(f"d{k}" for k in range(1, n + 1)), "web"]),
           port=LOOP, host=DEVICE + n) for n in CHAINS],
    *[Ours(f"walk-{n}", f"through {n} devices to the server",
           ", ".join([*(f"d{k}" for k in range(1, n + 1)), "web"]))
      for n in CHAINS],
    Ours("miss", "no service's: forwarded", "web", miss=True),
    Ours("steer6", "steer to a loopback server, IPv6", "web", family=F6),
    Ours("nat6", "server in mode nat, IPv6", "nat6-{k}", family=F6),
    Ours("miss6", "no service's: forwarded, IPv6", "web", family=F6,
         miss=True),
]
FILLERS = 4096          # services from here on are only there

ROWS = PLAIN + ENGINE_ROWS


def configuration(number):
    """Lines of a configuration of so many services, all rows' among them."""
    own = [line for row in ENGINE_ROWS for line in row.services(SPAN)]
    if number < len(own):
        sys.exit(f"{number} services are fewer than the {len(own)} that the "
                 "rows have; give more")
    yield DEVICES
    yield from own
    for n in range(number - len(own)):
        yield (f"service s{n} {{ vip {vip(FILLERS + n)} udp port {PORT}; "
               "sequence web; }\n")


def apply(bed, path, text=None):
    run([engine.PECTL, "-n", bed.name, "apply", "-f", path], text)


# --- all of it ---------------------------------------------------------------

class Bench:
    def __init__(self, path, numbers, names):
        self.path, self.numbers = path, numbers
        self.dir = os.path.dirname(os.path.dirname(path))
        self.names = names
        unknown = set(names) - {row.name for row in ROWS}
        if unknown:
            sys.exit(f"there is no row {', '.join(sorted(unknown))}; there "
                     f"are: {' '.join(row.name for row in ROWS)}")
        self.figures = {}

    def keep(self, name, result, less=0):
        """Write it down at once: the machine may not live."""
        runs = [round(r - less, 1) for r in result.runs]
        self.figures[name] = {"least": min(runs), "runs": runs}
        with open(self.path, "w") as file:
            json.dump(self.figures, file)
        print(f"{os.uname().release.split('-')[0]:>8} {name:24}"
              f"{min(runs):9.1f}  +{max(runs) - min(runs):.1f}",
              file=sys.stderr, flush=True)

    def floor(self, which):
        row = next(r for r in PLAIN if r.name == "floor")
        self.keep(which, row.measure())

    def wanted(self, rows):
        return [r for r in rows if r.name in self.names]

    def single(self):
        for row in self.wanted(ENGINE_ROWS):
            bed = Bed(PORTS)
            apply(bed, "-", DEVICES + "".join(row.services(1)))
            settle(QUIET)
            self.keep(f"{row.name}@1", Result(row.flow(1), row.sinks))
            bed.close()

    def walking(self, vary):
        """What pktgen takes to go from address to address."""
        bed = Bed(2)
        generator(bed)
        settle(QUIET)
        least = []
        for span in (1, SPAN):
            flow = Flow(vip(0), src=vip(0) if vary == "src" else None,
                        vary=vary, span=span)
            least.append(Result(flow, ["i0"], bed).least())
        bed.close()
        return least[1] - least[0]

    def several(self, number, less):
        rows = self.wanted(ENGINE_ROWS)
        bed = Bed(PORTS)
        apply(bed, f"{self.dir}/services-{number}.conf")
        settle(QUIET)
        for row in rows:
            flow = row.flow(SPAN)
            self.keep(f"{row.name}@{number}", Result(flow, row.sinks),
                      0 if row.family.v6 else less[flow.vary])
        bed.close()

    def run(self):
        if "PROFILE" not in os.environ:
            self.floor("floor")
        for row in self.wanted(PLAIN):
            if row.name not in self.figures:
                self.keep(row.name, row.measure())
        if self.wanted(ENGINE_ROWS):
            engine.load()
            if 1 in self.numbers:
                self.single()
            many = [n for n in self.numbers if n > 1]
            if many:
                less = {vary: self.walking(vary) for vary in ("dst", "src")}
            for number in many:
                self.several(number, less)
        if "PROFILE" not in os.environ:
            self.floor("floor again")
        else:
            shutil.copy("/proc/kallsyms", os.path.dirname(self.path))


HOME = os.open("/proc/self/ns/net", os.O_RDONLY)
PKTGEN = "/proc/net/pktgen/"


def main():
    path, *names = sys.argv[1:]
    if path == "rows":
        json.dump([{"name": row.name, "text": row.text, "many": row.many}
                   for row in ROWS], sys.stdout)
        return
    numbers, *names = names
    if path == "conf":
        sys.stdout.writelines(configuration(int(numbers)))
        return
    run(["modprobe", "-a", "pktgen", "veth", "cls_matchall", "act_gact",
         "act_mirred", "act_skbmod", "sch_ingress", "cls_flower"])
    write("/proc/sys/net/core/netdev_max_backlog", "400000")
    for which in ("all", "default"):
        write(f"/proc/sys/net/ipv6/conf/{which}/disable_ipv6", "1")
    Bench(path, [int(n) for n in numbers.split(",")], names).run()


main()
