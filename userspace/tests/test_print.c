// SPDX-License-Identifier: GPL-2.0-only
/* What is printed is what was read, in the one form that is read again. */

#include <options.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ktap.h"
#include "text.h"

struct print_case {
	const char *text;
	const char *printed; /* NULL for the same */
};

static const struct print_case cases[] = {
	/* the lines that were promised */
	{ "device ids1 { tap dev eth3 lladdr 02:00:00:00:03:01; }", NULL },
	{ "device fw1  { inline outside dev eth1 lladdr 02:00:00:00:01:01 inside dev eth2 lladdr 02:00:00:00:01:02; }",
	  "device fw1 { inline outside dev eth1 lladdr 02:00:00:00:01:01 inside dev eth2 lladdr 02:00:00:00:01:02; }" },
	{ "device vpn1 { inline dev eth2 lladdr 02:00:00:00:02:01; }          # one-armed",
	  "device vpn1 { inline dev eth2 lladdr 02:00:00:00:02:01; }" },
	{ "device web1 { server dev eth4 lladdr 02:00:00:00:04:01 mode loopback; }", NULL },
	{ "device web2 { server dev eth4 lladdr 02:00:00:00:04:02 mode alias; }", NULL },
	{ "device web3 { server address 10.0.4.13 mode nat; }", NULL },
	{ "device a { inline vni 7 remote 1::1 dev e }",
	  "device a { inline dev e remote 1::1 vni 7; }" },
	{ "device fw2 { inline outside dev eth1 via 10.0.1.9 inside dev eth2 via 10.0.2.9; }",
	  NULL },
	{ "device fw3 { inline transparent outside dev eth5 inside dev eth6; }", NULL },
	{ "service web { vip 192.0.2.10 tcp port 80; sequence ids1, fw, web1; }", NULL },
	{ "service alt { vip 192.0.2.10 tcp port 8080 iif eth0; sequence fw1, web3 port 80; }",
	  NULL },
	{ "service all { vip 192.0.2.13; sequence fw1, web1; }", NULL },
	{ "service a { vip 1.2.3.4; sequence limit, bytes; acl b; limit packets 1 bytes 1000000000000 flows 7; }",
	  NULL },
	{ "service a { vip 1.2.3.4; dscp 5; dscp forward 0; dscp reverse 63; priority 0; mark 4294967295; sequence mark; }",
	  NULL },
	{ "service a { mark 1 priority 2 vip 1.2.3.4 sequence b }",
	  "service a { vip 1.2.3.4; priority 2; mark 1; sequence b; }" },
	{ "engine { limit packets 5 flows 3; }", NULL },
	{ "engine\n{ limit flows 3 }", "engine { limit flows 3; }" },
	{ "service engine { vip 1.2.3.4; sequence engine, limit; }", NULL },
	{ "service a { limit flows 3 vip 1.2.3.4 sequence b }",
	  "service a { vip 1.2.3.4; sequence b; limit flows 3; }" },
	{ "acl web     { deny tcp from 203.0.113.0/24; permit from 198.51.100.7 count; permit; }",
	  "acl web { deny tcp from 203.0.113.0/24; permit from 198.51.100.7 count; permit; default deny; }" },
	{ "acl insert { permit tcp from 2001:db8::/32 to 2001:db8::1 sport 1-2,5 port 80, 443 flags syn,!ack dscp 3 iif a count deny icmpv6 type 128 code 0 default permit }",
	  "acl insert { permit tcp from 2001:db8::/32 to 2001:db8::1 sport 1-2,5 port 80,443 flags syn,!ack dscp 3 iif a count; deny icmpv6 type 128 code 0; default permit; }" },
	{ "acl a { permit fragments udp; }", "acl a { permit udp fragments; default deny; }" },
	{ "acl a { deny proto 47 from 0.0.0.0/0; permit; permit; }",
	  "acl a { deny proto 47 from 0.0.0.0/0; permit; permit; default deny; }" },
	{ "acl a { }", "acl a { default deny; }" },
	{ "pool fw     { members fw1, fw2; policy failover; }",
	  "pool fw { members fw1, fw2; policy failover; }" },
	{ "pool a { policy maglev members a weight 2, b; }",
	  "pool a { members a weight 2, b; policy maglev; }" },
	{ "pool pool { key client; policy maglev; detect packets 3 window 2s; revive; members policy, key weight 0 }",
	  "pool pool { members policy, key weight 0; policy maglev; key client; detect packets 3 window 2s; revive; }" },
	{ "device a { measure; server dev e lladdr 02:00:00:00:00:01 mode alias guard address 1.2.3.4 }",
	  "device a { server dev e lladdr 02:00:00:00:00:01 address 1.2.3.4 mode alias; guard; measure; }" },
	{ "pool a { policy failover; oneway; members a; detect packets 3; revive }",
	  "pool a { members a; policy failover; detect packets 3; oneway; revive; }" },
	{ "pool a { policy maglev; detect off; revive 1500ms; members a }",
	  "pool a { members a; policy maglev; detect off; revive 1500ms; }" },
	{ "pool a { policy failover; key flow; members a; detect window 1m }",
	  "pool a { members a; policy failover; detect window 60s; }" },
	{ "service a { vip 1.2.3.4; sequence fail fail open, open fail closed, b; }",
	  "service a { vip 1.2.3.4; sequence fail fail open, open, b; }" },
	{ "service a { state; vip 1.2.3.4; sequence b; }",
	  "service a { vip 1.2.3.4; sequence b; state; }" },
	{ "service a { vip 1.2.3.4; state timeout 5m flows 100; sequence flows, state; acl b; }",
	  "service a { vip 1.2.3.4; sequence flows, state; acl b; state flows 100 timeout 300s; }" },
	{ "service a { vip 1.2.3.4; sequence b; state off; }",
	  "service a { vip 1.2.3.4; sequence b; }" },
	/* other ways to say it */
	{ "device a{tap dev e lladdr 02:AA:00:00:00:01}",
	  "device a { tap dev e lladdr 02:aa:00:00:00:01; }" },
	{ "device a\n{\n\ttap\n\tdev e # x\n\tlladdr 02:00:00:00:00:01\n}\n",
	  "device a { tap dev e lladdr 02:00:00:00:00:01; }" },
	{ "device a { server dev e lladdr 02:00:00:00:00:01; }",
	  "device a { server dev e lladdr 02:00:00:00:00:01 mode loopback; }" },
	{ "device a { guard; address 1.2.3.4; tap lladdr 02:00:00:00:00:01 dev e }",
	  "device a { tap dev e lladdr 02:00:00:00:00:01; address 1.2.3.4; guard; }" },
	{ "device a { server mode nat guard address 2001:DB8:0::1 }",
	  "device a { server address 2001:db8::1 mode nat; guard; }" },
	{ "device a { inline inside dev f via 1::2 outside dev e via 1::1 }",
	  "device a { inline outside dev e via 1::1 inside dev f via 1::2; }" },
	{ "service far { vip 192.0.2.14 udp port 53; track dscp; sequence fw1, vpn1, web1; }",
	  NULL },
	{ "service a { dscp 46 track dscp 9 vip 1::1; sequence track, vlan, dscp }",
	  "service a { vip 1::1; track dscp 9; dscp 46; sequence track, vlan, dscp; }" },
	{ "service a { vip 1::1 track link; sequence b }", "service a { vip 1::1; sequence b; }" },
	{ "service a { vip 1::1; track mpls 1048575; sequence b; }", NULL },
	{ "service lan { sequence b; announce dev eth0 vip 192.0.2.15 tcp port 443; }",
	  "service lan { vip 192.0.2.15 tcp port 443 announce dev eth0; sequence b; }" },
	{ "service a { sequence b; port 80, 443,1025-1125 tcp iif e vip 1::1; }",
	  "service a { vip 1::1 tcp port 80,443,1025-1125 iif e; sequence b; }" },
	{ "service a { vip 1.2.3.4 proto 6 port 1-65535; sequence b }",
	  "service a { vip 1.2.3.4 tcp port 1-65535; sequence b; }" },
	{ "service a { client 198.51.100.0/25; sequence b; exit via 203.0.113.1; }", NULL },
	{ "service a { exit table 4294967295 client ::/0 udp port 53; sequence b; }",
	  "service a { client ::/0 udp port 53; sequence b; exit table 4294967295; }" },
	{ "service a { exit via fe80::1 dev e; client 1.2.3.4 iif f; sequence b; }",
	  "service a { client 1.2.3.4/32 iif f; sequence b; exit via fe80::1 dev e; }" },
	{ "service a { vip 1.2.3.4 proto 47; sequence b }",
	  "service a { vip 1.2.3.4 proto 47; sequence b; }" },
	{ "service a { vip 1.2.3.4 proto 0; sequence b }",
	  "service a { vip 1.2.3.4 proto 0; sequence b; }" },
	{ "service a { vip 1.2.3.4 icmp; sequence b }",
	  "service a { vip 1.2.3.4 icmp; sequence b; }" },
	{ "service a { vip 1::1 icmpv6; sequence b }",
	  "service a { vip 1::1 icmpv6; sequence b; }" },
	{ "service a { vip 1.2.3.4 sctp port 7; sequence b port 8, c }",
	  "service a { vip 1.2.3.4 sctp port 7; sequence b port 8, c; }" },
	{ "service ftp { vip 192.0.2.11 tcp port 21 dynamic 1025-1125; sequence fw1, web3; }",
	  NULL },
	{ "service a { dynamic 1025-1125 vip 1.2.3.4 tcp port 21,990; sequence b }",
	  "service a { vip 1.2.3.4 tcp port 21,990 dynamic 1025-1125; sequence b; }" },
	{ "service vpn { vip 192.0.2.12 udp port 1194; sequence fw1, vpn1 emits tcp port 80, ids1, web1; }",
	  NULL },
	{ "service a { vip 1.2.3.4; sequence b emits udp, c emits proto 50 port 8 }",
	  "service a { vip 1.2.3.4; sequence b emits udp, c emits proto 50 port 8; }" },
	/* words of the language as names */
	{ "device tap { tap dev dev lladdr 02:00:00:00:00:01; }", NULL },
	{ "device add { tap dev port lladdr 02:00:00:00:00:01; }", NULL },
	{ "device flush\n\n{ tap dev iif lladdr 02:00:00:00:00:01; }",
	  "device flush { tap dev iif lladdr 02:00:00:00:00:01; }" },
	{ "device copy\n{ tap dev copy lladdr 02:00:00:00:00:01; }",
	  "device copy { tap dev copy lladdr 02:00:00:00:00:01; }" },
	{ "service copy { vip 1.2.3.4; sequence copy; }", NULL },
	{ "service rev { vip 1.2.3.4 iif confirm; sequence rollback, revision; }", NULL },
	{ "device with { tap dev with lladdr 02:00:00:00:00:01; }", NULL },
	{ "service with { vip 1.2.3.4; sequence with; }", NULL },
	{ "service service { vip 1.2.3.4 iif vip; sequence port port 7, sequence, tcp; }", NULL },
	{ "service a { vip 1.2.3.4 iif dynamic; sequence emits emits tcp port 7, dynamic; }",
	  NULL },
	{ "device 80 { tap dev 1-2 lladdr 02:00:00:00:00:01; }", NULL },
	{ "", "" },
	{ "\n;; # nothing\n", "" },
};

static void print_test(const struct print_case *test)
{
	const char *wanted = test->printed ? test->printed : test->text;
	char *printed, *again = NULL;
	struct text text;

	text_read(&text, PARSE_CONFIG, test->text);
	printed = text_print(&text.config);
	printed[strcspn(printed, "\n")] = '\0';
	ktap_same(test->text[0] ? "printed as read" : "nothing", printed, wanted);
	text_free(&text);
	text_read(&text, PARSE_CONFIG, printed);
	again = text_print(&text.config);
	again[strcspn(again, "\n")] = '\0';
	ktap_same("read again", again, wanted);
	text_free(&text);
	free(printed);
	free(again);
}

#define TWO                                                                         \
	"device a { inline outside dev e via 1.2.3.4 inside dev f via 1.2.3.5; }\n" \
	"service b { vip 1.2.3.6 tcp port 80,90-99 dynamic 5-6 iif e; sequence a emits udp port 7, c port 81; }\n"

static void print_form(const char *name, const struct options *options, const char *wanted)
{
	struct text text;
	char *printed;

	text_read(&text, PARSE_CONFIG, TWO);
	printed = text_print_with(&text.config, options);
	ktap_same(name, printed, wanted);
	free(printed);
	text_free(&text);
}

int main(void)
{
	size_t i;

	ktap_start();
	for (i = 0; i < sizeof(cases) / sizeof(*cases); i++)
		print_test(&cases[i]);
	print_form("text", &(struct options){ 0 }, TWO);
	print_form(
		"brief", &(struct options){ .brief = true },
		"a                inline  -            e f\n"
		"b                vip 1.2.3.6 tcp port 80,90-99 dynamic 5-6 iif e -> a emits udp port 7, c port 81\n");
	print_form(
		"JSON", &(struct options){ .json = true },
		"{\"version\":1,\"generation\":0,\"devices\":[{\"name\":\"a\",\"kind\":\"inline\",\"outside\":{\"dev\":\"e\",\"via\":\"1.2.3.4\"},\"inside\":{\"dev\":\"f\",\"via\":\"1.2.3.5\"}}],\"pools\":[],\"acls\":[],\"services\":[{\"name\":\"b\",\"vip\":\"1.2.3.6\",\"proto\":\"tcp\",\"ports\":[{\"first\":80,\"last\":80},{\"first\":90,\"last\":99}],\"dynamic\":[{\"first\":5,\"last\":6}],\"iif\":\"e\",\"sequence\":[{\"device\":\"a\",\"emits\":{\"proto\":\"udp\",\"port\":7}},{\"device\":\"c\",\"port\":81}]}],\"engine\":[]}\n");
	print_form(
		"details", &(struct options){ .details = true, .oneline = true },
		"device a { inline outside dev e via 1.2.3.4 inside dev f via 1.2.3.5; } # id 0, used by 0 services, generation 0; outside interface not there, lladdr not known; inside interface not there, lladdr not known\n"
		"service b { vip 1.2.3.6 tcp port 80,90-99 dynamic 5-6 iif e; sequence a emits udp port 7, c port 81; } # id 0, generation 0\n");
	return ktap_end();
}
