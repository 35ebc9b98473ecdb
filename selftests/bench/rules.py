# SPDX-License-Identifier: GPL-2.0-only
"""Access lists of any length, for the engine and for nftables."""
import ipaddress
import random

from lib.addr import F4, F6
from traffic import CLIENT, PORT

# In the net of so many bits around a client its packets have other addresses.
NEAR = 4
# Where rules' addresses are: the clients' and the services'.
NETS = {F4: ("10.0.0.0/9", "10.128.0.0/12"),
        F6: ("2001:db8:40::/42", "2001:db8::/42")}
LENGTHS = {F4: (12, 16, 20, 24, 24, 24, 28, 32, 32, 32),
           F6: (40, 48, 48, 56, 64, 64, 64, 96, 128, 128)}
WEB = (22, 25, 53, 80, 443)


class Rule:
    """One line: prefixes, protocol and ports, each or none."""

    def __init__(self, source=None, dest=None, proto=None, ports=None,
                 verdict="permit", sports=None):
        self.source, self.dest = source, dest
        self.proto, self.ports, self.verdict = proto, ports, verdict
        self.sports = sports

    def matches_flow(self, clients):
        """May a row's packets match it? Their service is not asked for."""
        return (self.proto in (None, "udp") and
                (not self.ports or
                 self.ports[0] <= PORT <= self.ports[1]) and
                (not self.source or self.source.overlaps(clients)))

    def words(self, source, dest, sport, port):
        for word, value in ((source, self.source), (dest, self.dest)):
            if value:
                yield f"{word} {value}"
        for word, value in ((sport, self.sports), (port, self.ports)):
            if value:
                first, last = value
                yield word + (f" {first}" if first == last else
                              f" {first}-{last}")

    def pectl(self):
        return " ".join([self.verdict, *([self.proto] if self.proto else []),
                         *self.words("from", "to", "sport", "port")]) + ";\n"

    def nft(self, ip):
        words = list(self.words(f"{ip} saddr", f"{ip} daddr",
                                f"{self.proto} sport",
                                f"{self.proto} dport"))
        if self.proto and not self.ports and not self.sports:
            words.append(f"meta l4proto {self.proto}")
        verdict = "accept" if self.verdict == "permit" else "drop"
        return f"add rule {ip} t c {' '.join(words)} {verdict}\n"


def prefix(dice, family, which, bits=None):
    """Some prefix of the clients or of the services."""
    net = ipaddress.ip_network(NETS[family][which])
    bits = bits or dice.choice(LENGTHS[family])
    bits = max(bits, net.prefixlen)
    addr = int(net.network_address) + dice.getrandbits(
        family.bits - net.prefixlen)
    return ipaddress.ip_network((addr >> family.bits - bits <<
                                 family.bits - bits, bits))


def any_ports(dice):
    kind = dice.randrange(4)
    low = dice.randrange(65536)
    if kind == 0:
        return low, low
    if kind == 1:
        return low, dice.randrange(low, 65536)
    if kind == 2:
        return 1024, 65535
    return (dice.choice(WEB),) * 2


def sources(dice, family):
    """A prefix and a port."""
    bits = family.bits + 1 - min(1 + int(dice.expovariate(1)), 16)
    return Rule(prefix(dice, family, 0, bits), proto="udp",
                ports=(dice.choice(WEB),) * 2)


def mixed(dice, family):
    """As in a firewall: a part of them has no source, a part no destination."""
    rule = Rule(verdict=dice.choice(("permit", "permit", "deny")))
    kind = dice.randrange(10)
    if kind > 1:
        rule.source = prefix(dice, family, 0)
    if kind < 2 or kind > 3:
        rule.dest = prefix(dice, family, 1)
    if dice.randrange(4):
        rule.proto = dice.choice(("tcp", "udp"))
        if dice.randrange(4):
            rule.ports = any_ports(dice)
    return rule


SHAPES = {"ports": sources, "mixed": mixed}


def rules(shape, number, family=F4, seed=1, new=False):
    """So many, of which the last is the first that a row's packets match. Where
    each of these is of a new flow, that rule asks for the port they differ by."""
    dice = random.Random(f"{seed} {shape} {number} {family}")
    clients = ipaddress.ip_network(CLIENT[family])
    if new:
        clients = clients.supernet(NEAR)
    while number > 1:
        rule = SHAPES[shape](dice, family)
        if not rule.matches_flow(clients):
            yield rule
            number -= 1
    yield Rule(clients, proto="udp", ports=(PORT, PORT),
               sports=(1, 65535) if new else None)


def acl(name, *args, **kwargs):
    """Lines of a configuration."""
    yield f"acl {name} {{\n"
    for rule in rules(*args, **kwargs):
        yield rule.pectl()
    yield "default deny; }\n"


def nft(ip, *args, **kwargs):
    """One after the other, where the engine has its hook."""
    yield (f"add table {ip} t\nadd chain {ip} t c {{ type filter hook "
           "prerouting priority raw; policy drop; }\n")
    for rule in rules(*args, **kwargs):
        yield rule.nft(ip)
