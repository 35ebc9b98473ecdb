// SPDX-License-Identifier: GPL-2.0-only

#include "tables.h"

#include <stddef.h>

#include "options.h"

const struct command_entry command_table[] = {
	{ "apply", "apply -f FILE [--check] [--generation N]",
	  "make the kernel have exactly what FILE says",
	  "Compares with what the kernel has and sends only what differs, in one transaction: all of it happens or nothing. What did not change is not touched, and its counters go on. If somebody else changes the configuration at the same time, the comparison is done again; with --generation it is refused instead." },
	{ "diff", "diff -f FILE", "tell how the kernel's configuration differs from FILE",
	  "Prints a line with + for what is only in FILE, - for what is only in the kernel, and ~ for what differs. Ends with 0 if nothing does, with 4 if something does." },
	{ "show", "show", "print the whole configuration in the form that apply reads",
	  "Sorted by name, where digits count as numbers. Counters and details stand in comments, so that the output can always be applied again." },
	{ "flush", "flush", "delete every service and device", "" },
	{ "device add", "device add NAME DEVICE", "create a device; it must not exist", "" },
	{ "device replace", "device replace NAME DEVICE", "create a device or make it another one",
	  "" },
	{ "device change", "device change NAME DEVICE",
	  "change what is given of a device that exists",
	  "What is not given stays. What is to be taken away takes replace." },
	{ "device del", "device del NAME", "delete a device that no service uses", "" },
	{ "device show", "device show [NAME ...]", "print devices", "" },
	{ "service add", "service add NAME SERVICE", "create a service; it must not exist", "" },
	{ "service replace", "service replace NAME SERVICE",
	  "create a service or make it another one", "" },
	{ "service change", "service change NAME SERVICE",
	  "change what is given of a service that exists",
	  "What is not given stays. What is to be taken away takes replace." },
	{ "service del", "service del NAME", "delete a service", "" },
	{ "service show", "service show [NAME ...]", "print services", "" },
	{ "explain",
	  "explain from ADDRESS to ADDRESS [tcp | udp | sctp | icmp | icmpv6 | proto N] [port N] [sport N] iif DEV",
	  "print every stage that a packet would meet, there and back",
	  "The kernel walks the packet through the functions that steer real ones; nothing is sent and nothing is counted." },
	{ "stats", "stats", "print the generation, how much there is, and why packets were dropped",
	  "" },
	{ "monitor", "monitor [config] [events]", "print changes and events as they happen",
	  "Without a word both are printed. Changes have the form of the configuration, behind add or delete." },
	{ "help", "help [COMMAND]", "print this, or more about one command", "" },
	{ 0 },
};

const struct option_entry option_table[] = {
	{ 'f', "-f", "file", "FILE",
	  "read FILE, or standard input for -; without a command its statements are added in one transaction" },
	{ OPTION_CHECK, NULL, "check", NULL,
	  "let the kernel validate everything, but change nothing" },
	{ OPTION_GENERATION, NULL, "generation", "N",
	  "refuse to change anything if the configuration is not at generation N" },
	{ 'n', "-n", "netns", "NETNS", "work in the network namespace NETNS" },
	{ 'j', "-j", "json", NULL, "print JSON" },
	{ 'p', "-p", "pretty", NULL, "print JSON over several lines" },
	{ 's', "-s", "stats", NULL, "print counters" },
	{ 'd', "-d", "details", NULL, "print what the kernel knows beside the configuration" },
	{ OPTION_BRIEF, "-br", "brief", NULL, "print a table with one line for each object" },
	{ 'o', "-o", "oneline", NULL, "print each object with its comments in one line" },
	{ 't', "-t", "timestamp", NULL, "print when something happened" },
	{ 'h', "-h", "help", NULL, "print help" },
	{ 'V', "-V", "version", NULL, "print the version" },
	{ 0 },
};

const struct clause_entry clause_table[] = {
	{ "device", "server dev DEV {lladdr MAC | via ADDRESS} mode {loopback | alias}",
	  "A server on the same link, that accepts any service address (loopback, which is meant where no mode is given) or has the service addresses as aliases that it does not answer ARP for (alias)." },
	{ "device", "server address ADDRESS mode nat",
	  "A server that is addressed by its own address, which the engine translates; the kernel's own route leads there." },
	{ "device",
	  "inline outside dev DEV {lladdr MAC | via ADDRESS} inside dev DEV {lladdr MAC | via ADDRESS}",
	  "An appliance with two sides: outside is the one towards the client." },
	{ "device", "inline dev DEV {lladdr MAC | via ADDRESS}",
	  "An appliance with one arm, which lets packets out where they came in." },
	{ "device", "inline dev DEV remote ADDRESS vni N",
	  "The same behind a tunnel: DEV is a VXLAN interface in GPE mode, and ADDRESS the other end. For services with track nsh; outside and inside can be given like that too." },
	{ "device", "inline transparent outside dev DEV inside dev DEV",
	  "A bridge: it keeps the link-layer addresses and has none of its own." },
	{ "device", "tap dev DEV {lladdr MAC | via ADDRESS}", "Gets a copy of every packet." },
	{ "device", "address ADDRESS", "The device's own address." },
	{ "device", "guard",
	  "The device's own address can be reached only through services. It is the one given by address, or by via." },
	{ "service",
	  "vip ADDRESS [tcp | udp | sctp | icmp | icmpv6 | proto N] [port PORTS] [iif DEV]",
	  "What packets of the service are addressed to: an IPv4 or IPv6 address; a protocol, or every one; ports such as 80, or 80,443,1025-1125, or every port; and the interface on which they arrive from clients, or any." },
	{ "service", "sequence DEVICE [port PORT], DEVICE [port PORT], ...",
	  "The devices its packets visit, in the order from client to server; up to 32. A port behind the last one is the port of the service there." },
	{ 0 },
};

const struct exit_entry exit_table[] = {
	{ EXIT_DONE, "done" },
	{ EXIT_SYNTAX, "wrong usage or syntax; nothing was asked of the kernel" },
	{ EXIT_REFUSED, "the kernel refused; nothing was changed" },
	{ EXIT_NO_MODULE, "the kernel module is not there" },
	{ EXIT_DIFFERS, "diff found differences" },
	{ 0, NULL },
};
