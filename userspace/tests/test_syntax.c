// SPDX-License-Identifier: GPL-2.0-only
/* Every error in a text is told with its place and a sentence. */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ktap.h"
#include "text.h"

#define HOP "lladdr 02:00:00:00:00:01"
#define NAME31 "n234567890123456789012345678901"
#define DEVICE_WORDS \
	"'}', address, dev, guard, inline, inside, lladdr, measure, mode, outside, owner, remote, server, tap, transparent, via or vni"
#define SERVICE_WORDS \
	"acl, announce, client, dscp, dynamic, exit, icmp, icmpv6, iif, limit, mark, owner, port, priority, proto, sctp, sequence, state, tcp, track, udp or vip"

struct syntax_case {
	const char *text;
	const char *error;
};

/* Texts for apply, and the first line of the error. */
static const struct syntax_case config_cases[] = {
	/* words */
	{ "devcie a { }",
	  "1:1: error: unknown word 'devcie'; expected acl, device, engine, pool or service" },
	{ "chain fw { members a; }",
	  "1:1: error: unknown word 'chain'; expected acl, device, engine, pool or service" },
	{ "}", "1:1: error: '}' is out of place; expected acl, device, engine, pool or service" },
	{ "tcp",
	  "1:1: error: 'tcp' is out of place; expected acl, device, engine, pool or service" },
	{ "device a { chain; }", "1:12: error: unknown word 'chain'; expected " DEVICE_WORDS },
	{ "device a { tap de e; }", "1:16: error: unknown word 'de'; expected " DEVICE_WORDS },
	{ "device a { service }",
	  "1:12: error: 'service' is out of place; expected " DEVICE_WORDS },
	{ "service a { clients 1.2.3.0/24; }",
	  "1:13: error: unknown word 'clients'; expected '}', " SERVICE_WORDS },
	{ "service a { vip 1.2.3.4; sequence b c; }",
	  "1:37: error: unknown word 'c'; expected ',', '}', acl, announce, client, dscp, dynamic, emits, exit, fail, icmp, icmpv6, iif, limit, mark, owner, port, priority, proto, sctp, sequence, state, tcp, track, udp or vip" },
	{ "service a { vip 1.2.3.4; sequence b emits; }",
	  "1:42: error: 'emits' needs a protocol such as tcp, but here is ';'" },
	{ "service a { vip 1.2.3.4; sequence b emits port 80; }",
	  "1:43: error: 'emits' needs a protocol such as tcp, but here is 'port'" },
	{ "service a { vip 1.2.3.4; sequence b emits tcp port 0; }",
	  "1:52: error: '0' is no port; it is a number from 1 to 65535" },
	{ "service a { vip 1.2.3.4 tcp port 21 dynamic; sequence b; }",
	  "1:44: error: 'dynamic' needs ports such as 1025-1125, but here is ';'" },
	{ "service a { dev }", "1:13: error: 'dev' is out of place; expected '}', " SERVICE_WORDS },
	{ "device a tap", "1:10: error: 'tap' is out of place; expected '{'" },
	{ "device a { server mode fast; }",
	  "1:24: error: 'mode' needs loopback, alias or nat, but here is 'fast'" },
	{ "device a { guard }\n\n  # b\n\tsrevice x {\n",
	  "1:8: error: device 'a' lacks its kind: server, inline or tap" },
	{ "device a { tap dev e " HOP "; }\n\n  # b\n\tsrevice x {\n",
	  "4:2: error: unknown word 'srevice'; expected acl, device, engine, pool or service" },
	{ "\001\002",
	  "1:1: error: unknown word '\?\?'; expected acl, device, engine, pool or service" },
	{ "a234567890123456789012345678901234567890x",
	  "1:1: error: unknown word 'a234567890123456789012345678901234567890...'; expected acl, device, engine, pool or service" },
	/* values that are missing */
	{ "device",
	  "1:1: error: 'device' needs the name of a device, but here is the end of the line" },
	{ "device {", "1:8: error: 'device' needs the name of a device, but here is '{'" },
	{ "service { }", "1:9: error: 'service' needs the name of a service, but here is '{'" },
	{ "device a { tap dev; }",
	  "1:19: error: 'dev' needs the name of an interface, but here is ';'" },
	{ "device a { tap dev e lladdr; }",
	  "1:28: error: 'lladdr' needs a link-layer address such as 02:00:00:00:01:01, but here is ';'" },
	{ "device a { tap dev e via }",
	  "1:26: error: 'via' needs an IPv4 or IPv6 address, but here is '}'" },
	{ "device a { server address mode nat; }",
	  "1:27: error: 'address' needs an IPv4 or IPv6 address, but here is 'mode'" },
	{ "device a { server mode; }",
	  "1:23: error: 'mode' needs loopback, alias or nat, but here is ';'" },
	{ "service a { vip; }",
	  "1:16: error: 'vip' needs an IPv4 or IPv6 address, but here is ';'" },
	{ "service a { client; }",
	  "1:19: error: 'client' needs a prefix such as 192.0.2.0/24, but here is ';'" },
	{ "service a { client 192.0.2.1/24; sequence b; }",
	  "1:20: error: '192.0.2.1/24' has bits set behind the first 24" },
	{ "service a { client 2001:db8::/32/8; sequence b; }",
	  "1:31: error: '32/8' is no prefix length; it is a number from 0 to 128" },
	{ "service a { client 192.0.2.0/33; sequence b; }",
	  "1:30: error: '33' is no prefix length; it is a number from 0 to 32" },
	{ "service a { client 192.0.2.0/; sequence b; }",
	  "1:30: error: '' is no prefix length; it is a number from 0 to 32" },
	{ "service a { client x/8; sequence b; }",
	  "1:20: error: 'x' is neither an IPv4 nor an IPv6 address" },
	{ "service a { client 1.2.3.4 vip 1.2.3.4; sequence b; }",
	  "1:20: error: service 'a' has both vip and client: give one of them" },
	{ "service a { vip 1.2.3.4; sequence b; exit; }",
	  "1:42: error: ';' is out of place; expected table or via" },
	{ "service a { vip 1.2.3.4; sequence b; exit table; }",
	  "1:48: error: 'table' needs the number of a routing table, but here is ';'" },
	{ "service a { vip 1.2.3.4; sequence b; exit table 0; }",
	  "1:49: error: '0' is no routing table; it is a number from 1 to 4294967295" },
	{ "service a { vip 1.2.3.4; sequence b; exit table 4294967296; }",
	  "1:49: error: '4294967296' is no routing table; it is a number from 1 to 4294967295" },
	{ "service a { vip 1.2.3.4; sequence b; exit table 9 exit via 1.1.1.1; }",
	  "1:49: error: service 'a' has both an exit via and an exit table: give one of them" },
	{ "service a { vip tcp port 80; }",
	  "1:17: error: 'vip' needs an IPv4 or IPv6 address, but here is 'tcp'" },
	{ "service a { vip 1.2.3.4 tcp port; }",
	  "1:33: error: 'port' needs a port number, but here is ';'" },
	{ "service a { vip 1.2.3.4 tcp port 80,; }",
	  "1:37: error: ',' needs a port number, but here is ';'" },
	{ "service a { vip 1.2.3.4 proto; }",
	  "1:30: error: 'proto' needs the number of a protocol, but here is ';'" },
	{ "service a { vip 1.2.3.4 track; }",
	  "1:30: error: 'track' needs link, dscp, vlan, mpls or nsh, but here is ';'" },
	{ "service a { vip 1.2.3.4 track dscp 64; }",
	  "1:36: error: '64' is no DSCP; it is a number from 1 to 63" },
	{ "service a { vip 1.2.3.4 track vlan 0; }",
	  "1:36: error: '0' is no VLAN; it is a number from 1 to 4094" },
	{ "service a { vip 1.2.3.4 track mpls 15; }",
	  "1:36: error: '15' is no label; it is a number from 16 to 1048575" },
	{ "service a { vip 1.2.3.4 track nsh 8388608; }",
	  "1:35: error: '8388608' is no service path; it is a number from 1 to 8388607" },
	{ "service a { vip 1.2.3.4 track link 1; }", "1:36: error: 'track link' has no codes" },
	{ "service a { track dscp track vlan; }",
	  "1:24: error: 'track' says again what service 'a' has been told" },
	{ "service a { dscp forward 1; dscp forward 2; }",
	  "1:29: error: 'dscp' says again what service 'a' has been told" },
	{ "service a { dscp reverse 64; }",
	  "1:26: error: '64' is no DSCP; it is a number from 0 to 63" },
	{ "service a { mark 4294967296; }",
	  "1:18: error: '4294967296' is no mark; it is a number from 0 to 4294967295" },
	{ "service a { priority; }", "1:21: error: 'priority' needs a number, but here is ';'" },
	{ "engine { }",
	  "1:1: error: nothing is said of the engine: give it a limit, or leave it out" },
	{ "engine { limit flows 5; limit packets 6; }",
	  "1:25: error: 'limit' says again what the engine has been told" },
	{ "engine a { limit flows 5; }",
	  "1:8: error: unknown word 'a'; expected '{', add, change, del or replace" },
	{ "engine { limit flows 5; }\nengine { limit flows 5; }",
	  "2:1: error: engine 'engine' stands already in line 1" },
	{ "engine { limit flows 5;",
	  "1:1: error: the block of 'engine' is not closed: '}' is missing" },
	{ "service a { limit; }",
	  "1:18: error: 'limit' needs packets, bytes or flows, but here is ';'" },
	{ "service a { limit packets 0; }",
	  "1:27: error: '0' is no number of packets a second; it is a number from 1 to 1000000000000" },
	{ "service a { limit bytes 1000000000001; }",
	  "1:25: error: '1000000000001' is no number of bytes a second; it is a number from 1 to 1000000000000" },
	{ "service a { limit flows 5 flows 6; }",
	  "1:27: error: 'flows' says again how many are let in" },
	{ "service a { limit flows 5; limit packets 6; }",
	  "1:28: error: 'limit' says again what service 'a' has been told" },
	{ "service a { vip 1.2.3.4; track dscp; dscp 64; sequence b; }",
	  "1:43: error: '64' is no DSCP; it is a number from 0 to 63" },
	{ "service a { vip 1.2.3.4 iif; }",
	  "1:28: error: 'iif' needs the name of an interface, but here is ';'" },
	{ "service a { vip 1.2.3.4 announce e; }", "1:34: error: unknown word 'e'; expected dev" },
	{ "service a { vip 1.2.3.4 announce dev; }",
	  "1:37: error: 'dev' needs the name of an interface, but here is ';'" },
	{ "service a { vip 1.2.3.4; sequence; }",
	  "1:34: error: 'sequence' needs the name of a device or pool, but here is ';'" },
	{ "service a { vip 1.2.3.4; sequence b,; }",
	  "1:37: error: ',' needs the name of a device, but here is ';'" },
	{ "service a { vip 1.2.3.4; sequence b port; }",
	  "1:41: error: 'port' needs a port number, but here is ';'" },
	{ "device a { tap dev",
	  "1:16: error: 'dev' needs the name of an interface, but here is the end of the file" },
	/* blocks */
	{ "device a { tap", "1:8: error: the block of 'a' is not closed: '}' is missing" },
	{ "device b { tap dev e " HOP "; }\nservice a {\nvip 1.2.3.4",
	  "2:9: error: the block of 'a' is not closed: '}' is missing" },
	{ "device a\n", "2:1: error: the end of the file is out of place; expected '{'" },
	{ "device a { tap dev e " HOP "; } }",
	  "1:50: error: '}' is out of place; expected acl, device, engine, pool or service" },
	/* link-layer addresses */
	{ "device a { tap dev e lladdr 02:00:00:00:00; }",
	  "1:29: error: '02:00:00:00:00' is no link-layer address; one looks like 02:00:00:00:01:01" },
	{ "device a { tap dev e lladdr 02:00:00:00:00:0g; }",
	  "1:29: error: '02:00:00:00:00:0g' is no link-layer address; one looks like 02:00:00:00:01:01" },
	{ "device a { tap dev e lladdr 02-00-00-00-00-01; }",
	  "1:29: error: '02-00-00-00-00-01' is no link-layer address; one looks like 02:00:00:00:01:01" },
	{ "device a { tap dev e lladdr 02:00:00:00:00:01:02; }",
	  "1:29: error: '02:00:00:00:00:01:02' is no link-layer address; one looks like 02:00:00:00:01:01" },
	{ "device a { tap dev e lladdr 03:00:00:00:00:01; }",
	  "1:29: error: '03:00:00:00:00:01' is not the link-layer address of one station" },
	{ "device a { tap dev e lladdr 00:00:00:00:00:00; }",
	  "1:29: error: '00:00:00:00:00:00' is not the link-layer address of one station" },
	/* network addresses */
	{ "service a { vip 1.2.3; }",
	  "1:17: error: '1.2.3' is neither an IPv4 nor an IPv6 address" },
	{ "service a { vip 1.2.3.256; }",
	  "1:17: error: '1.2.3.256' is neither an IPv4 nor an IPv6 address" },
	{ "service a { vip 1.2.3.04; }",
	  "1:17: error: '1.2.3.04' is neither an IPv4 nor an IPv6 address" },
	{ "service a { vip 1.2.3.4.5; }",
	  "1:17: error: '1.2.3.4.5' is neither an IPv4 nor an IPv6 address" },
	{ "service a { vip 1::2::3; }",
	  "1:17: error: '1::2::3' is neither an IPv4 nor an IPv6 address" },
	{ "service a { vip 1.2.3.4/24; }",
	  "1:17: error: '1.2.3.4/24' is a prefix; one address is needed here" },
	{ "service a { vip 1.2.3.4/33; }",
	  "1:17: error: '1.2.3.4/33' is a prefix; one address is needed here" },
	{ "service a { vip 2001:db8::/32; }",
	  "1:17: error: '2001:db8::/32' is a prefix; one address is needed here" },
	{ "device a { tap dev e via 10.0.0.x; }",
	  "1:26: error: '10.0.0.x' is neither an IPv4 nor an IPv6 address" },
	/* numbers */
	{ "service a { vip 1.2.3.4 tcp port 0; }",
	  "1:34: error: '0' is no port; it is a number from 1 to 65535" },
	{ "service a { vip 1.2.3.4 tcp port 65536; }",
	  "1:34: error: '65536' is no port; it is a number from 1 to 65535" },
	{ "service a { vip 1.2.3.4 tcp port 4294967376; }",
	  "1:34: error: '4294967376' is no port; it is a number from 1 to 65535" },
	{ "service a { vip 1.2.3.4 tcp port https; }",
	  "1:34: error: 'https' is no port; it is a number from 1 to 65535" },
	{ "service a { vip 1.2.3.4 tcp port 80-; }",
	  "1:37: error: '' is no port; it is a number from 1 to 65535" },
	{ "service a { vip 1.2.3.4 tcp port 80-70; }",
	  "1:34: error: the range 80-70 ends before it starts" },
	{ "service a { vip 1.2.3.4 tcp port 80-90-99; }",
	  "1:37: error: '90-99' is no port; it is a number from 1 to 65535" },
	{ "service a { vip 1.2.3.4 tcp port 80,70-80; }",
	  "1:37: error: '70-80' overlaps with ports before it" },
	{ "service a { vip 1.2.3.4 tcp port 1,3,5,7,9,11,13,15,17,19,21,23,25,27,29,31,33; }",
	  "1:77: error: service 'a' has more than 16 ports or ranges of them" },
	{ "service a { vip 1.2.3.4 proto 256; }",
	  "1:31: error: '256' is no protocol; it is a number from 0 to 255" },
	{ "service a { vip 1.2.3.4; sequence b port 0; }",
	  "1:42: error: '0' is no port; it is a number from 1 to 65535" },
	{ "service a { vip 1.2.3.4; sequence b port 80-90; }",
	  "1:42: error: '80-90' is no port; it is a number from 1 to 65535" },
	/* names */
	{ "device " NAME31 "2 { }",
	  "1:8: error: this name of a device has 32 bytes; at most 31 are possible" },
	{ "service " NAME31 "2 { }",
	  "1:9: error: this name of a service has 32 bytes; at most 31 are possible" },
	{ "device -a { }",
	  "1:8: error: '-a' is no name of a device: letters, digits, '_', '.' and '-' make one, not starting with '.' or '-'" },
	{ "service a/b { }",
	  "1:9: error: 'a/b' is no name of a service: letters, digits, '_', '.' and '-' make one, not starting with '.' or '-'" },
	{ "service a { vip 1.2.3.4; sequence x@y; }",
	  "1:35: error: 'x@y' is no name of a device: letters, digits, '_', '.' and '-' make one, not starting with '.' or '-'" },
	{ "service a { vip 1.2.3.4; sequence x@y port 8; }",
	  "1:35: error: 'x@y' is no name of a device: letters, digits, '_', '.' and '-' make one, not starting with '.' or '-'" },
	{ "device a { tap dev a234567890123456; }",
	  "1:20: error: this name of an interface has 16 bytes; at most 15 are possible" },
	{ "device a { tap dev e:1; }", "1:20: error: 'e:1' is no name of an interface" },
	{ "device a { tap dev ../x; }", "1:20: error: '../x' is no name of an interface" },
	{ "device a { tap dev e " HOP "; }\ndevice b { tap dev e " HOP
	  "; }\ndevice a { tap dev f " HOP "; }",
	  "3:8: error: device 'a' stands already in line 1" },
	{ "service a { vip 1.2.3.4; sequence b; } service a { vip 1.2.3.4; sequence b; }",
	  "1:48: error: service 'a' stands already in line 1" },
	{ "device a { owner .b; }",
	  "1:18: error: '.b' is no name of an owner: letters, digits, '_', '.' and '-' make one, not starting with '.' or '-'" },
	{ "pool a { owner; }", "1:15: error: 'owner' needs the name of an owner, but here is ';'" },
	/* said twice */
	{ "acl a { owner b; permit; owner b; }",
	  "1:26: error: 'owner' says again what acl 'a' has been told" },
	{ "device a { tap inline; }",
	  "1:16: error: 'inline' says again what device 'a' has been told" },
	{ "device a { measure; measure; }",
	  "1:21: error: 'measure' says again what device 'a' has been told" },
	{ "pool a { oneway; oneway; }",
	  "1:18: error: 'oneway' says again what pool 'a' has been told" },
	{ "device a { guard guard; }",
	  "1:18: error: 'guard' says again what device 'a' has been told" },
	{ "device a { tap dev e dev f; }",
	  "1:22: error: 'dev' says again what this port has been told" },
	{ "device a { inline dev e remote }",
	  "1:32: error: 'remote' needs an IPv4 or IPv6 address, but here is '}'" },
	{ "device a { inline dev e remote 1.2.3.4 vni; }",
	  "1:43: error: 'vni' needs a VXLAN network identifier, but here is ';'" },
	{ "device a { inline dev e remote 1.2.3.4 vni 16777216; }",
	  "1:44: error: '16777216' is no VXLAN network identifier; it is a number from 0 to 16777215" },
	{ "device a { inline dev e remote 1.2.3.4; }",
	  "1:12: error: device 'a' lacks the VXLAN network identifier of the tunnel (vni)" },
	{ "device a { inline dev e " HOP " vni 1; }",
	  "1:12: error: device 'a' lacks the address of the tunnel's other end (remote)" },
	{ "device a { inline dev e remote 1::1 vni 1 via 1.2.3.4; }",
	  "1:43: error: a port behind a tunnel (remote) has no link-layer address: lladdr and via do not belong there" },
	{ "device a { tap dev e remote 1.2.3.4 vni 1; }",
	  "1:29: error: only an inline device can be behind a tunnel (remote)" },
	{ "device a { tap dev e via 1.2.3.4 " HOP "; }",
	  "1:34: error: a port has either a link-layer address (lladdr) or one found by address (via), not both" },
	{ "device a { address 1.2.3.4; address 1.2.3.5; }",
	  "1:29: error: 'address' says again what device 'a' has been told" },
	{ "device a { server mode nat mode alias; }",
	  "1:28: error: 'mode' says again what device 'a' has been told" },
	{ "device a { inline outside dev e " HOP " outside dev f; }",
	  "1:58: error: 'outside' says again what device 'a' has been told" },
	{ "service a { vip 1.2.3.4 vip 1.2.3.4; }",
	  "1:25: error: 'vip' says again what service 'a' has been told" },
	{ "service a { vip 1.2.3.4 tcp udp; }",
	  "1:29: error: 'udp' says again what service 'a' has been told" },
	{ "service a { tcp port 80 port 81; }",
	  "1:25: error: 'port' says again what service 'a' has been told" },
	{ "service a { tcp port 80 dynamic 81 dynamic 82; }",
	  "1:36: error: 'dynamic' says again what service 'a' has been told" },
	{ "service a { tcp port 80 dynamic 70-80; }",
	  "1:33: error: '70-80' overlaps with ports before it" },
	{ "service a { iif e iif f; }",
	  "1:19: error: 'iif' says again what service 'a' has been told" },
	{ "service a { announce dev e announce dev f; }",
	  "1:28: error: 'announce' says again what service 'a' has been told" },
	{ "service a { sequence b; sequence c; }",
	  "1:25: error: 'sequence' says again what service 'a' has been told" },
	/* what does not belong together */
	{ "device a { dev e; tap; }",
	  "1:12: error: 'dev' must follow server, inline, tap, outside or inside" },
	{ "device a { tap; dev e; }",
	  "1:17: error: 'dev' must follow server, inline, tap, outside or inside" },
	{ "device a { tap transparent; }",
	  "1:16: error: 'transparent' is for inline devices: 'inline' must stand before it" },
	{ "device a { outside dev e; }",
	  "1:12: error: 'outside' is for inline devices: 'inline' must stand before it" },
	{ "device a { tap dev e " HOP " mode nat; }", "1:47: error: only a server has a mode" },
	{ "device a { mode nat; tap dev e " HOP "; }", "1:12: error: only a server has a mode" },
	{ "device a { inline transparent outside dev e " HOP " inside dev f; }",
	  "1:43: error: a transparent device has no link-layer address: only dev belongs here" },
	{ "service a { vip 1.2.3.4 port 80; sequence b; }",
	  "1:25: error: only tcp, udp and sctp have ports: one of them must be named" },
	{ "service a { vip 1.2.3.4 tcp dynamic 80; sequence b; }",
	  "1:37: error: dynamic ports are negotiated over others: name those with port" },
	{ "service a { vip 1.2.3.4 icmp port 80; sequence b; }",
	  "1:30: error: only tcp, udp and sctp have ports: one of them must be named" },
	/* what a whole object lacks */
	{ "device a { }", "1:8: error: device 'a' lacks its kind: server, inline or tap" },
	{ "device a { tap; }",
	  "1:12: error: device 'a' lacks the interface it is attached to (dev)" },
	{ "device a { tap dev e; }",
	  "1:12: error: device 'a' lacks a link-layer address (lladdr) or the address that gives it (via)" },
	{ "device a { server mode loopback; }",
	  "1:12: error: device 'a' lacks the interface it is attached to (dev)" },
	{ "device a { server mode nat; }",
	  "1:19: error: device 'a' lacks its address, which mode nat needs" },
	{ "device a { inline inside dev e " HOP "; }",
	  "1:19: error: device 'a' lacks its outside" },
	{ "device a { inline outside dev e " HOP "; }",
	  "1:19: error: device 'a' lacks its inside" },
	{ "device a { inline outside dev e " HOP " inside; }",
	  "1:58: error: device 'a' lacks the interface it is attached to (dev)" },
	{ "device a { inline transparent dev e; }",
	  "1:19: error: device 'a' lacks its inside: a transparent device has two sides" },
	{ "device a { tap dev e " HOP "; guard; }",
	  "1:48: error: device 'a' lacks the address that is to be guarded (address)" },
	{ "service a { }",
	  "1:9: error: service 'a' lacks its address (vip) or its clients (client)" },
	{ "service a { vip 1.2.3.4; }", "1:9: error: service 'a' lacks its sequence" },
	/* commands */
	{ "flush",
	  "1:1: error: a configuration has no commands; a file with commands is for 'pectl -f'" },
	{ "device add b tap dev e " HOP,
	  "1:1: error: a configuration has no commands; a file with commands is for 'pectl -f'" },
	{ "service del web",
	  "1:13: error: a configuration has no commands; a file with commands is for 'pectl -f'" },
};

static const struct syntax_case batch_cases[] = {
	{ "show",
	  "1:1: error: 'show' is out of place; expected acl, device, engine, flush, pool or service" },
	{ "device show a",
	  "1:8: error: 'show' is for the command line; it does not stand in files" },
	{ "device a { tap dev e " HOP "; }\ndevice add a tap dev e " HOP "\n",
	  "2:12: error: device 'a' stands already in line 1" },
	{ "service copy a to a/b vip 1.2.3.4\n",
	  "1:19: error: 'a/b' is no name of a service: letters, digits, '_', '.' and '-' make one, not starting with '.' or '-'" },
	{ "service copy a\n", "1:14: error: something is missing behind 'a': expected to" },
	{ "service copy\n",
	  "1:9: error: 'copy' needs the name of a service, but here is the end of the line" },
	{ "service copy a to b vip 1.2.3.4 vip 1.2.3.5\n",
	  "1:33: error: 'vip' says again what service 'b' has been told" },
	{ "service copy a to b\nservice copy a to b\n",
	  "2:19: error: service 'b' stands already in line 1" },
	{ "service del a b", "1:15: error: unknown word 'b'; expected the end of the line" },
	{ "service del", "1:9: error: 'del' needs a name, but here is the end of the line" },
	{ "service del\n", "1:9: error: 'del' needs a name, but here is the end of the line" },
	{ "service add a vip 1.2.3.4\n", "1:13: error: service 'a' lacks its sequence" },
	{ "service add a vip 1.2.3.4 sequence b,\nc",
	  "1:37: error: ',' needs the name of a device, but here is the end of the line" },
};

static const struct syntax_case argument_cases[] = {
	{ "device",
	  "1:1: error: something is missing behind 'device': expected add, change, del, replace, show or state" },
	{ "device foo",
	  "1:8: error: unknown word 'foo'; expected add, change, del, replace, show or state" },
	{ "device replace a with",
	  "1:18: error: 'with' needs the name of a device, but here is the end of the file" },
	{ "device replace a with a/b",
	  "1:23: error: 'a/b' is no name of a device: letters, digits, '_', '.' and '-' make one, not starting with '.' or '-'" },
	{ "device replace with with with",
	  "1:26: error: device 'with' is to take its own place: name another" },
	{ "device replace a with b c",
	  "1:25: error: unknown word 'c'; expected the end of the line" },
	{ "device add a with b",
	  "1:14: error: 'with' is out of place; expected '{', address, dev, guard, inline, inside, lladdr, measure, mode, outside, owner, remote, server, tap, transparent, via or vni" },
	{ "show me", "1:6: error: unknown word 'me'; expected the end of the line" },
	{ "aply",
	  "1:1: error: unknown word 'aply'; expected acl, apply, capture, check, confirm, device, diff, engine, explain, flow, flush, help, monitor, pool, revision, rollback, service, show, stats, trace or watch" },
	{ "explain from 1.2.3.4",
	  "1:1: error: explain needs both ends of the packet: from A to B" },
	{ "explain from 1.2.3.4 to 1::2 iif e",
	  "1:1: error: both ends of the packet must be IPv4, or both IPv6" },
	{ "explain from 1.2.3.4 to 1.2.3.5",
	  "1:1: error: explain needs the interface of arrival: iif DEV" },
	{ "explain from 1.2.3.4 to 1.2.3.5 port 80 iif e",
	  "1:1: error: ports need a protocol: tcp, udp or sctp" },
	{ "trace from 1.2.3.4/33",
	  "1:20: error: '33' is no length of a prefix; it is a number from 0 to 32" },
	{ "trace from 1.2.3.4/",
	  "1:20: error: '' is no length of a prefix; it is a number from 0 to 32" },
	{ "trace from 1.2.3.4 to 1::2",
	  "1:1: error: both ends of a flow must be IPv4, or both IPv6" },
	{ "trace port 80", "1:1: error: a port needs a protocol: tcp, udp or sctp" },
	{ "trace service",
	  "1:7: error: 'service' needs the name of a service, but here is the end of the file" },
	{ "trace count 0", "1:13: error: '0' is no count; it is a number from 1 to 999999999" },
	{ "trace step 1",
	  "1:7: error: 'step' is out of place; expected count, from, icmp, icmpv6, iif, port, proto, sctp, service, tcp, to or udp" },
	{ "check timeout 5",
	  "1:15: error: '5' is no time from 10ms to 3600s; one looks like 50ms, 10s or 5m" },
	{ "watch interval 99ms",
	  "1:16: error: '99ms' is no time from 100ms to 3600s; one looks like 50ms, 10s or 5m" },
	{ "watch rise 0",
	  "1:12: error: '0' is no number of rounds; it is a number from 1 to 1000" },
	{ "watch device",
	  "1:7: error: 'device' needs the name of a device, but here is the end of the file" },
	{ "check interval 1s",
	  "1:7: error: 'interval' is out of place; expected arp, device, http, icmp, service, tcp, timeout or udp" },
	{ "check timeout 9ms",
	  "1:15: error: '9ms' is no time from 10ms to 3600s; one looks like 50ms, 10s or 5m" },
	{ "check timeout 61m",
	  "1:15: error: '61m' is no time from 10ms to 3600s; one looks like 50ms, 10s or 5m" },
	{ "check timeout",
	  "1:7: error: 'timeout' needs a time such as 500ms, but here is the end of the file" },
	{ "check http page",
	  "1:12: error: 'page' needs a path such as /health, but here is the end of the file" },
	{ "check http page health",
	  "1:17: error: 'health' is no page; one is a path such as /health, of ASCII and at most 255 characters" },
	{ "watch page /",
	  "1:7: error: 'page' is out of place; expected arp, device, fall, http, icmp, interval, rise, service, tcp, timeout or udp" },
	{ "check web1",
	  "1:7: error: unknown word 'web1'; expected arp, device, http, icmp, service, tcp, timeout or udp" },
	{ "check tcp device",
	  "1:11: error: 'device' needs the name of a device, but here is the end of the file" },
	{ "service validate",
	  "1:9: error: 'validate' needs the name of a service, but here is the end of the file" },
	{ "capture",
	  "1:1: error: 'capture' needs the name of a service, but here is the end of the file" },
	{ "capture web step 33", "1:18: error: '33' is no step; it is a number from 1 to 32" },
	{ "capture web from 1.2.3.4",
	  "1:13: error: 'from' is out of place; expected count, snaplen or step" },
	{ "diff rev",
	  "1:6: error: 'rev' needs the number of a revision, but here is the end of the file" },
	{ "rollback rev 0",
	  "1:14: error: '0' is no number of a revision; it is a number from 1 to 4294967295" },
	{ "rollback 3", "1:10: error: unknown word '3'; expected rev" },
	{ "revision", "1:1: error: something is missing behind 'revision': expected show" },
	{ "revision show x",
	  "1:15: error: 'x' is no number of a revision; it is a number from 1 to 4294967295" },
	{ "monitor all", "1:9: error: unknown word 'all'; expected config or events" },
	{ "device show a/b",
	  "1:13: error: 'a/b' is no name of a device: letters, digits, '_', '.' and '-' make one, not starting with '.' or '-'" },
};

/* The first line is as expected, and the mark stands under its column. */
static bool syntax_is(const char *error, const char *wanted)
{
	const char *mark = strrchr(error, '^'), *line = mark;
	unsigned int number, column, seen = 0;

	if (strncmp(error, "t:", 2) != 0 || strncmp(error + 2, wanted, strlen(wanted)) != 0 ||
	    error[2 + strlen(wanted)] != '\n')
		return false;
	if (!mark || sscanf(wanted, "%u:%u:", &number, &column) != 2)
		return false;
	while (line[-1] != '\n')
		line--;
	for (; line < mark; line++)
		seen++;
	/* Long lines are cut. */
	return column > 80 || seen == column - 1 + 4;
}

static void syntax_test(enum parse_mode mode, const struct syntax_case *test)
{
	struct text text;
	bool ok = text_read(&text, mode, test->text);

	if (!ktap_result(!ok && syntax_is(text.error, test->error), "error: %.40s",
			 strstr(test->error, "error: ") + 7)) {
		ktap_comment("text", test->text);
		ktap_comment("seen", ok ? "no error" : text.error);
		ktap_comment("wanted", test->error);
	}
	text_free(&text);
}

static void syntax_steps(void)
{
	char buf[1024] = "service a { vip 1.2.3.4; sequence b";
	struct text text;
	int i;

	for (i = 1; i < 32; i++)
		strcat(buf, ", b");
	strcat(buf, "; }");
	ktap_result(text_read(&text, PARSE_CONFIG, buf), "32 steps");
	text_free(&text);
	strcpy(strchr(buf, '}') - 2, ", b; }");
	syntax_test(PARSE_CONFIG,
		    &(struct syntax_case){
			    buf,
			    "1:131: error: the sequence of service 'a' has more than 32 steps" });
}

#define TESTS(mode, cases)                                             \
	do {                                                           \
		for (i = 0; i < sizeof(cases) / sizeof(*(cases)); i++) \
			syntax_test(mode, &(cases)[i]);                \
	} while (0)

int main(void)
{
	size_t i;

	ktap_start();
	TESTS(PARSE_CONFIG, config_cases);
	TESTS(PARSE_BATCH, batch_cases);
	TESTS(PARSE_ARGUMENTS, argument_cases);
	syntax_steps();
	return ktap_end();
}
