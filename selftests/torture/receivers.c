// SPDX-License-Identifier: GPL-2.0-only
/*
 * Clients, appliances and servers at the far ends of the engine's links. Each
 * packet says in its payload which service it belongs to and where it was
 * last; whoever receives one knows whether that service could come to him from
 * there. Appliances and servers send it on, clients count what came back.
 *
 * Told on standard input, a line each:
 *
 *   port INDEX IFNAME IPV4 IPV6                host 0 of the link
 *   cross IN OUT                               an appliance's two sides
 *   twin A B                                   a bridge's two sides
 *   turn INDEX                                 a server is there
 *   service ID IPV4 IPV6                       address clients ask for, port 80
 *   server ID INDEX IPV4 IPV6 PORT             what the server there has instead
 *   edge ID forward|reverse FROM TO            from where to where it may go
 *   copy ID forward|reverse FROM TO            the same, of a tap's copies
 *   engine INDEX HOST                          the engine's address there, anew
 *   go | stop                                  clients ask, or do not
 *   figures                                    a line of JSON; counts anew
 *
 * Index -1 is nowhere: a client's packet begins there. Addresses are in
 * hexadecimal. Host n of a link has its address plus n and the link-layer
 * address 02:00:00:00:INDEX:n, the engine is host 14 and, at times, 15.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <inttypes.h>
#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>

#include "packets.h"

#define PORTS 16
#define SERVICES 16
#define FLOWS 32
#define BURST 8
#define TURN 256 /* packets that are received before commands have their turn */
#define ENGINE 14
#define HOSTS 5
#define SAID_MAX 5
#define PASSES 64
#define MAGIC 0x70655f74
#define TTL 64
#define CLIENT 0

enum { FORWARD, REVERSE };

/* What a packet says of itself, in the byte order of the wire. */
struct tale {
	uint8_t magic[4];
	uint8_t service;
	uint8_t dir;
	uint8_t passes; /* through the engine, in this direction */
	int8_t last; /* port that it left somebody by */
	uint8_t flow[2];
	uint8_t seq[4];
};

#define TALE_MIN (sizeof(struct tale))

struct port {
	char name[IFNAMSIZ];
	atomic_int ifindex;
	uint8_t v4[4], v6[16];
	int out; /* where an appliance lets out what it takes in here */
	int twin; /* a bridge's other side */
	bool turn;
	_Atomic uint8_t engine; /* last byte of its address as last seen */
};

struct server {
	bool known;
	uint8_t v4[4], v6[16];
	uint16_t port;
};

struct service {
	bool known;
	uint8_t v4[4], v6[16];
	struct server at[PORTS];
	/* By direction, from and to; nowhere is the last one. */
	bool edge[2][PORTS + 1][PORTS];
	bool copy[2][PORTS + 1][PORTS];
	uint64_t asked, served, answered, copied;
};

/* Sequence numbers seen lately, against packets that come twice. */
struct window {
	uint32_t top;
	uint64_t seen;
};

static struct port ports[PORTS];
static struct service services[SERVICES];
static struct window windows[SERVICES][FLOWS][2][PASSES][PORTS];
static uint64_t received, own_talk, bad, resolved;
static uint32_t seq[SERVICES][FLOWS];
static atomic_bool going;
static atomic_bool drained;
static int sock;

static void complain(const char *why, int at, const uint8_t *frame, unsigned int len)
{
	if (bad++ >= SAID_MAX)
		return;
	printf("# at %d: %s\n", at, why);
	print_hex("frame", frame, len < 120 ? len : 120);
}

static int lookup(int index)
{
	int found = (int)if_nametoindex(ports[index].name);

	atomic_store(&ports[index].ifindex, found);
	return found;
}

/* Interfaces come and go: one that is not known may be a new one. */
static int port_of(int ifindex)
{
	for (int again = 0; again < 2; again++) {
		for (int i = 0; i < PORTS; i++) {
			if (ports[i].name[0] && atomic_load(&ports[i].ifindex) == ifindex)
				return i;
		}
		for (int i = 0; i < PORTS && !again; i++) {
			if (ports[i].name[0])
				lookup(i);
		}
	}
	return -1;
}

static void send_by(int index, const uint8_t *frame, unsigned int len)
{
	if (packet_send(sock, atomic_load(&ports[index].ifindex), frame, len) < 0 &&
	    (errno == ENXIO || errno == ENODEV))
		lookup(index);
}

static void put_mac(uint8_t *to, int index, uint8_t host)
{
	const uint8_t mac[6] = { 2, 0, 0, 0, (uint8_t)index, host };

	memcpy(to, mac, 6);
}

static bool is_mac(const uint8_t *mac, int index, uint8_t first, uint8_t last)
{
	uint8_t wanted[6];

	put_mac(wanted, index, mac[5]);
	return !memcmp(mac, wanted, 6) && mac[5] >= first && mac[5] <= last;
}

/* --- what clients send ------------------------------------------------------ */

static unsigned int make_request(uint8_t *frame, int id, unsigned int flow)
{
	const struct service *s = &services[id];
	bool v6 = flow & 1;
	unsigned int head = v6 ? 40 : 20, size = TALE_MIN + (flow * 97) % 1200;
	uint8_t *ip = frame + 14, *udp = ip + head;
	struct tale *tale = (struct tale *)(udp + 8);
	struct view v;

	memset(frame, 0, 14 + head + 8 + size);
	put_mac(frame, CLIENT, atomic_load(&ports[CLIENT].engine));
	put_mac(frame + 6, CLIENT, 1);
	put16(frame + 12, v6 ? ETHERTYPE_IPV6 : ETHERTYPE_IP);
	if (v6) {
		ip[0] = 0x60;
		put16(ip + 4, (uint16_t)(8 + size));
		ip[6] = P_UDP;
		ip[7] = TTL;
		memcpy(ip + 8, ports[CLIENT].v6, 16);
		ip[23] = (uint8_t)(1 + flow % HOSTS);
		memcpy(ip + 24, s->v6, 16);
	} else {
		ip[0] = 0x45;
		put16(ip + 2, (uint16_t)(head + 8 + size));
		put16(ip + 6, 0x4000); /* not to be fragmented */
		ip[8] = TTL;
		ip[9] = P_UDP;
		memcpy(ip + 12, ports[CLIENT].v4, 4);
		ip[15] = (uint8_t)(ip[15] + 1 + flow % HOSTS);
		memcpy(ip + 16, s->v4, 4);
	}
	put16(udp, (uint16_t)(7000 + flow));
	put16(udp + 2, 80);
	put16(udp + 4, (uint16_t)(8 + size));
	put32(tale->magic, MAGIC);
	tale->service = (uint8_t)id;
	tale->dir = FORWARD;
	tale->last = -1;
	put16(tale->flow, (uint16_t)flow);
	put32(tale->seq, ++seq[id][flow]);
	view_frame(frame, 14 + head + 8 + size, &v);
	view_mend(frame, &v);
	return 14 + head + 8 + size;
}

static void burst(unsigned int round)
{
	static uint8_t frame[FRAME_MAX];

	for (unsigned int i = 0; i < BURST; i++) {
		for (int id = 0; id < SERVICES; id++) {
			if (!services[id].known)
				continue;
			send_by(CLIENT, frame,
				make_request(frame, id, (round * BURST + i) % FLOWS));
			services[id].asked++;
		}
	}
}

/* On the first processor, as fast as what is sent is received. */
static void *clients(void *unused)
{
	unsigned int round = 0;
	cpu_set_t cpu;

	CPU_ZERO(&cpu);
	CPU_SET(0, &cpu);
	sched_setaffinity(0, sizeof(cpu), &cpu);
	for (;;) {
		if (!atomic_load(&going)) {
			usleep(1000);
			continue;
		}
		atomic_store(&drained, false);
		burst(round++);
		for (int wait = 0; wait < 20000 && !atomic_load(&drained); wait++)
			usleep(100);
	}
	return unused;
}

/* --- what anybody receives --------------------------------------------------- */

static bool came_twice(const struct tale *tale, int at)
{
	struct window *w =
		&windows[tale->service][get16(tale->flow)][tale->dir][tale->passes % PASSES][at];
	uint32_t number = get32(tale->seq), ahead = number - w->top;

	if ((int32_t)ahead > 0) {
		w->seen = ahead < 64 ? w->seen << ahead | 1 : 1;
		w->top = number;
		return false;
	}
	if (w->top - number >= 64)
		return false;
	if (w->seen & 1ull << (w->top - number))
		return true;
	w->seen |= 1ull << (w->top - number);
	return false;
}

static bool addresses_hold(const struct service *s, const struct tale *tale, int at,
			   const uint8_t *frame, const struct view *v)
{
	const struct server *server = &s->at[at];
	bool v6 = v->family == 6, forward = tale->dir == FORWARD;
	const uint8_t *vip = v6 ? s->v6 : s->v4, *base = v6 ? ports[CLIENT].v6 : ports[CLIENT].v4;
	unsigned int flow = get16(tale->flow);
	uint16_t vip_port = 80;
	uint8_t client[16];

	if (server->known && forward) {
		vip = v6 ? server->v6 : server->v4;
		vip_port = server->port;
	}
	memcpy(client, base, v->alen);
	client[v->alen - 1] = (uint8_t)(client[v->alen - 1] + 1 + flow % HOSTS);
	return !memcmp(frame + (forward ? v->src : v->dst), client, v->alen) &&
	       !memcmp(frame + (forward ? v->dst : v->src), vip, v->alen) &&
	       get16(frame + v->l4 + (forward ? 0 : 2)) == 7000 + flow &&
	       get16(frame + v->l4 + (forward ? 2 : 0)) == vip_port;
}

static const char *wrong_with(const struct tale *tale, int at, const uint8_t *frame,
			      const struct view *v)
{
	const struct service *s = &services[tale->service];
	int from = tale->last < 0 ? PORTS : tale->last;
	bool copy = s->copy[tale->dir][from][at];

	if (!copy && !s->edge[tale->dir][from][at])
		return "this service does not come here from there";
	if (!is_mac(frame + 6, at, ENGINE, ENGINE + 1))
		return "not from the engine's address";
	if (ports[at].twin < 0 ? !is_mac(frame, at, 1, HOSTS) :
				 !is_mac(frame, ports[at].twin, ENGINE, ENGINE + 1))
		return "to nobody's link-layer address";
	if (!view_header_sum(frame, v) || view_l4_sum(frame, v) != 1)
		return "checksum";
	if (!addresses_hold(s, tale, at, frame, v))
		return "addresses or ports";
	if (v->ttl + tale->passes + 1 != TTL)
		return "time to live";
	if (came_twice(tale, at))
		return "came twice";
	return NULL;
}

static void swap(uint8_t *a, uint8_t *b, unsigned int len)
{
	while (len--) {
		uint8_t was = *a;

		*a++ = *b;
		*b++ = was;
	}
}

/* The server's answer takes the place of what was asked. */
static void turn_around(uint8_t *frame, const struct view *v, struct tale *tale)
{
	swap(frame, frame + 6, 6);
	swap(frame + v->src, frame + v->dst, v->alen);
	swap(frame + v->l4, frame + v->l4 + 2, 2);
	frame[v->ip + (v->family == 4 ? 8 : 7)] = TTL;
	tale->dir = REVERSE;
	tale->passes = 0;
}

static void send_on(int at, uint8_t *frame, unsigned int len, struct view *v, struct tale *tale)
{
	struct port *port = &ports[at];
	int out = port->turn ? at : port->twin >= 0 ? port->twin : port->out;
	uint8_t host = frame[5];

	tale->passes++;
	if (port->turn) {
		turn_around(frame, v, tale);
	} else if (port->twin < 0) {
		put_mac(frame, out, atomic_load(&ports[out].engine));
		put_mac(frame + 6, out, host);
	}
	tale->last = (int8_t)out;
	view_mend(frame, v);
	send_by(out, frame, len);
}

static void judge(int at, uint8_t *frame, unsigned int len, struct view *v, struct tale *tale)
{
	struct service *s;
	const char *wrong;

	if (tale->service >= SERVICES || !services[tale->service].known || tale->dir > REVERSE ||
	    tale->last >= PORTS || get16(tale->flow) >= FLOWS) {
		complain("a tale nobody told", at, frame, len);
		return;
	}
	s = &services[tale->service];
	wrong = wrong_with(tale, at, frame, v);
	if (wrong) {
		complain(wrong, at, frame, len);
		return;
	}
	received++;
	if (s->copy[tale->dir][tale->last < 0 ? PORTS : tale->last][at]) {
		s->copied++;
	} else if (at == CLIENT) {
		s->answered++;
	} else {
		s->served += ports[at].turn;
		send_on(at, frame, len, v, tale);
	}
}

/* --- neighbours -------------------------------------------------------------- */

static void answer_arp(int at, uint8_t *frame)
{
	uint8_t *arp = frame + 14, target[4], host;

	memcpy(target, arp + 24, 4);
	host = (uint8_t)(target[3] - ports[at].v4[3]);
	if (get16(arp + 6) != 1 || memcmp(target, ports[at].v4, 3) || host < 1 || host > HOSTS)
		return;
	put16(arp + 6, 2);
	memcpy(arp + 18, arp + 8, 10);
	put_mac(arp + 8, at, host);
	memcpy(arp + 14, target, 4);
	memcpy(frame, frame + 6, 6);
	put_mac(frame + 6, at, host);
	send_by(at, frame, 42);
	resolved++;
}

static void answer_solicitation(int at, uint8_t *frame, struct view *v)
{
	uint8_t target[16], *icmp = frame + v->l4, host;

	memcpy(target, icmp + 8, 16);
	host = target[15];
	if (memcmp(target, ports[at].v6, 15) || host < 1 || host > HOSTS || !frame[v->src])
		return;
	memcpy(frame, frame + 6, 6);
	put_mac(frame + 6, at, host);
	memcpy(frame + v->dst, frame + v->src, 16);
	memcpy(frame + v->src, target, 16);
	icmp[0] = 136;
	put32(icmp + 4, 0x60000000);
	icmp[24] = 2;
	icmp[25] = 1;
	put_mac(icmp + 26, at, host);
	put16(frame + v->ip + 4, 32);
	v->end = v->l4 + 32;
	view_mend(frame, v);
	send_by(at, frame, v->end);
	resolved++;
}

/* What is no service's packet must be neighbours' talk or an error. */
static void hear(int at, uint8_t *frame, unsigned int len, struct view *v)
{
	uint8_t type = v->l4 && v->l4 < v->end ? frame[v->l4] : 0;

	if (v->family == 6 && v->proto == P_ICMP6 && type >= 130) {
		own_talk++;
		if (type == 135 && v->end >= v->l4 + 24)
			answer_solicitation(at, frame, v);
	} else if (view_is_error(frame, v)) {
		own_talk++;
	} else {
		complain("nobody sent such a packet", at, frame, len);
	}
}

static void take(int at, uint8_t *frame, unsigned int len)
{
	struct tale *tale;
	struct view v;

	if (len >= 42 && get16(frame + 12) == ETHERTYPE_ARP) {
		if (is_mac(frame + 6, at, ENGINE, ENGINE + 1))
			atomic_store(&ports[at].engine, frame[11]);
		answer_arp(at, frame);
		return;
	}
	if (!view_frame(frame, len, &v)) {
		complain("no IP packet", at, frame, len);
		return;
	}
	if (is_mac(frame + 6, at, ENGINE, ENGINE + 1))
		atomic_store(&ports[at].engine, frame[11]);
	tale = (struct tale *)(frame + v.l4 + 8);
	if (v.proto == P_UDP && v.l4 && v.end >= v.l4 + 8 + TALE_MIN && get32(tale->magic) == MAGIC)
		judge(at, frame, len, &v, tale);
	else
		hear(at, frame, len, &v);
}

static void listen_all(void)
{
	static uint8_t frame[65536];
	struct sockaddr_ll from;
	socklen_t size;
	ssize_t got;
	int at;

	for (int i = 0; i < TURN; i++) {
		size = sizeof(from);
		got = recvfrom(sock, frame, sizeof(frame), MSG_DONTWAIT, (struct sockaddr *)&from,
			       &size);
		if (got < 0 && errno == EAGAIN) {
			atomic_store(&drained, true);
			return;
		}
		if (got < 0) /* told once when an interface goes down */
			continue;
		at = port_of(from.sll_ifindex);
		if (at >= 0)
			take(at, frame, (unsigned int)got);
	}
}

/* --- what we are told -------------------------------------------------------- */

static void add_port(const char *line)
{
	char name[IFNAMSIZ], v4[16], v6[40];
	int i;

	if (sscanf(line, "%d %15s %15s %39s", &i, name, v4, v6) != 4 || i < 0 || i >= PORTS)
		errx(1, "port %s", line);
	strcpy(ports[i].name, name);
	unhex(v4, ports[i].v4, 4);
	unhex(v6, ports[i].v6, 16);
	ports[i].twin = -1;
	atomic_store(&ports[i].engine, ENGINE);
	if (!lookup(i))
		err(1, "%s", name);
}

static void add_server(const char *line)
{
	unsigned int id, at, port;
	char v4[16], v6[40];
	struct server *s;

	if (sscanf(line, "%u %u %15s %39s %u", &id, &at, v4, v6, &port) != 5 || id >= SERVICES ||
	    at >= PORTS)
		errx(1, "server %s", line);
	s = &services[id].at[at];
	s->known = true;
	unhex(v4, s->v4, 4);
	unhex(v6, s->v6, 16);
	s->port = (uint16_t)port;
}

static void add_service(const char *line)
{
	unsigned int id;
	char v4[16], v6[40];

	if (sscanf(line, "%u %15s %39s", &id, v4, v6) != 3 || id >= SERVICES)
		errx(1, "service %s", line);
	unhex(v4, services[id].v4, 4);
	unhex(v6, services[id].v6, 16);
	services[id].known = true;
}

static void add_edge(const char *line, bool copy)
{
	unsigned int id;
	int from, to, dir;
	char way[16];

	if (sscanf(line, "%u %15s %d %d", &id, way, &from, &to) != 4 || id >= SERVICES ||
	    from >= PORTS || to < 0 || to >= PORTS)
		errx(1, "edge %s", line);
	dir = strcmp(way, "forward") ? REVERSE : FORWARD;
	if (from < 0)
		from = PORTS;
	if (copy)
		services[id].copy[dir][from][to] = true;
	else
		services[id].edge[dir][from][to] = true;
}

static void figures(void)
{
	printf("{\"received\": %" PRIu64 ", \"own\": %" PRIu64 ", \"resolved\": %" PRIu64
	       ", \"bad\": %" PRIu64 ", \"lost\": %u, \"services\": [",
	       received, own_talk, resolved, bad, packet_lost(sock));
	received = own_talk = resolved = bad = 0;
	for (int id = 0; id < SERVICES; id++) {
		struct service *s = &services[id];

		if (!s->known)
			continue;
		printf("%s{\"id\": %d, \"asked\": %" PRIu64 ", \"served\": %" PRIu64
		       ", \"answered\": %" PRIu64 ", \"copied\": %" PRIu64 "}",
		       id ? ", " : "", id, s->asked, s->served, s->answered, s->copied);
		s->asked = s->served = s->answered = s->copied = 0;
	}
	printf("]}\n");
}

static void command(char *line)
{
	int a, b;

	line[strcspn(line, "\n")] = '\0';
	if (!strncmp(line, "port ", 5)) {
		add_port(line + 5);
	} else if (sscanf(line, "cross %d %d", &a, &b) == 2) {
		ports[a].out = b;
		ports[b].out = a;
	} else if (sscanf(line, "twin %d %d", &a, &b) == 2) {
		ports[a].twin = b;
		ports[b].twin = a;
	} else if (sscanf(line, "turn %d", &a) == 1) {
		ports[a].turn = true;
	} else if (sscanf(line, "engine %d %d", &a, &b) == 2) {
		atomic_store(&ports[a].engine, (uint8_t)b);
	} else if (!strncmp(line, "service ", 8)) {
		add_service(line + 8);
	} else if (!strncmp(line, "server ", 7)) {
		add_server(line + 7);
	} else if (!strncmp(line, "edge ", 5)) {
		add_edge(line + 5, false);
	} else if (!strncmp(line, "copy ", 5)) {
		add_edge(line + 5, true);
	} else if (!strcmp(line, "go") || !strcmp(line, "stop")) {
		atomic_store(&going, line[0] == 'g');
	} else if (!strcmp(line, "figures")) {
		figures();
	} else {
		errx(1, "what is '%s'?", line);
	}
}

int main(int argc, char **argv)
{
	struct pollfd polls[2] = { { .fd = STDIN_FILENO, .events = POLLIN }, { .events = POLLIN } };
	char line[512];
	pthread_t thread;

	if (argc != 2)
		errx(1, "usage: receivers NETNS-FILE <COMMANDS");
	enter_netns(argv[1]);
	/* Lines that wait in a buffer of stdio's would not be polled. */
	setvbuf(stdin, NULL, _IONBF, 0);
	setvbuf(stdout, NULL, _IOLBF, 0);
	sock = packet_socket(ETH_P_ALL);
	polls[1].fd = sock;
	if (pthread_create(&thread, NULL, clients, NULL))
		errx(1, "thread");
	for (;;) {
		if (poll(polls, 2, 10) < 0)
			err(1, "poll");
		if (polls[1].revents)
			listen_all();
		else
			atomic_store(&drained, true);
		if (!polls[0].revents)
			continue;
		if (!fgets(line, sizeof(line), stdin))
			return 0;
		command(line);
	}
}
