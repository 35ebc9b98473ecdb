// SPDX-License-Identifier: GPL-2.0-only
/*
 * Fires frames at the engine from the far ends of its links and judges each
 * one that comes out: it must be one that went in, changed in nothing but what
 * a router and the engine change, with the right addresses for the place it is
 * at, on a way that a service has, with checksums as right as they were.
 *
 * It is told what to do on standard input, a line each:
 *
 *   port INDEX IFNAME ENGINE-MAC HOST-MAC      a link's far end
 *   own ADDRESS INDEX BITS                     the engine's, and its prefix
 *   way KIND to|from ADDRESS IN OUT [ADDRESS [PORT]]
 *                                              of packets to or from an address
 *   marker PORT FRAME                          comes out if anything does
 *   load FILE                                  frames: port, length, bytes
 *   fire                                       each of them once
 *   mutate COUNT SEED                          that many made of them
 *
 * Addresses are in hexadecimal, port -1 is any. It answers every 'fire' and
 * 'mutate' with a line of JSON. An ICMP error comes from an address also when
 * what it quotes went there. The kinds of ways are
 *
 *   steer     the packet is handed on as it is
 *   copy      a tap's: the time to live stays as well
 *   deliver   the kernel routes it, as it is
 *   nat       it is to the second address, and port, from there on
 *   back      it is from the second address, and port, from there on
 *   plain     it is no service's after all, and the kernel routes it
 *
 * In upper case they hold for any link-layer source, which is what clients
 * are, otherwise for what the port's host sends.
 */
#define _GNU_SOURCE
#include <ctype.h>
#include <errno.h>
#include <inttypes.h>
#include <poll.h>

#include "packets.h"

#define PORTS 16
#define WAYS 512
#define OWN 64
#define RECENT 256
#define MARK_EVERY 64
#define MARK_WAIT 5000 /* milliseconds */
#define CORPUS 65536
#define SAID_MAX 5

enum kind { STEER, COPY, DELIVER, NAT, BACK, PLAIN, KINDS };

static const char *const kind_names[KINDS] = { "steer", "copy", "deliver", "nat", "back", "plain" };

struct port {
	int ifindex;
	uint8_t engine[6];
	uint8_t host[6];
};

struct address {
	bool partly; /* a service's by some ports only */
	int port; /* the engine's own: where it is */
	unsigned int bits; /* and its prefix */
	unsigned int len;
	uint8_t byte[16];
};

struct way {
	enum kind kind;
	bool any_mac;
	bool to;
	int in, out;
	struct address addr;
	struct address other;
	unsigned int port;
};

struct frame {
	int port;
	unsigned int len;
	uint8_t data[FRAME_MAX];
};

static struct port ports[PORTS];
static struct way ways[WAYS];
static unsigned int ways_n;
static struct address own[OWN], services[WAYS];
static unsigned int own_n, services_n;

static struct frame *corpus[CORPUS];
static unsigned int corpus_n;

/* What went in lately: a frame comes out before the next one is sent, unless
 * the kernel puts it off. So now and then a marker is sent, and waited for.
 */
static struct frame recent[RECENT];
static uint64_t fired;
static struct frame marker;
static bool marked; /* the last marker came out */

static struct {
	uint64_t refused, v4, v6, kind[KINDS], either, own, bad;
} seen;

static int sock;

static void complain(const char *why, int port, const uint8_t *frame, unsigned int len,
		     const struct frame *in)
{
	if (seen.bad++ >= SAID_MAX)
		return;
	printf("# frame %" PRIu64 ", out at %d: %s\n", fired, port, why);
	print_hex("out", frame, len);
	if (!in)
		in = &recent[(fired - 1) % RECENT];
	printf("# in at %d\n", in->port);
	print_hex("in ", in->data, in->len);
}

static bool is_address(const uint8_t *a, const struct address *b, unsigned int alen)
{
	return b->len == alen && !memcmp(a, b->byte, alen);
}

static struct address *find_service(const uint8_t *addr, unsigned int alen)
{
	for (unsigned int i = 0; i < services_n; i++) {
		if (is_address(addr, &services[i], alen))
			return &services[i];
	}
	return NULL;
}

static bool is_services(const uint8_t *addr, unsigned int alen)
{
	const struct address *known = find_service(addr, alen);

	return known && !known->partly;
}

/* Does a packet go to an address, or come from it? Of an error the packet it
 * quotes is asked as well, unless only its destination says.
 */
static bool bears(const uint8_t *frame, const struct view *v, bool to, const struct address *addr)
{
	struct view quoted;

	if (is_address(frame + (to ? v->dst : v->src), addr, v->alen))
		return true;
	if (to || !view_is_error(frame, v))
		return false;
	if (!find_service(frame + v->src, v->alen) && is_services(frame + v->dst, v->alen))
		return false;
	return view_ip(frame, v->l4 + 8, v->end, &quoted) &&
	       is_address(frame + quoted.dst, addr, quoted.alen);
}

static bool is_own(const uint8_t *frame, const struct view *v)
{
	static const uint8_t none[16];

	if (v->alen == 16 && (!memcmp(frame + v->src, none, 16) ||
			      (frame[v->src] == 0xfe && (frame[v->src + 1] & 0xc0) == 0x80)))
		return true;
	for (unsigned int i = 0; i < own_n; i++) {
		if (is_address(frame + v->src, &own[i], v->alen))
			return true;
	}
	return false;
}

static bool same_prefix(const uint8_t *a, const uint8_t *b, unsigned int bits)
{
	if (memcmp(a, b, bits / 8))
		return false;
	return !(bits % 8) || !((a[bits / 8] ^ b[bits / 8]) >> (8 - bits % 8));
}

/* The kernel routes a packet to where its destination is. */
static bool routed_to(const uint8_t *frame, const struct view *v, int out)
{
	for (unsigned int i = 0; i < own_n; i++) {
		if (own[i].port == out && own[i].len == v->alen &&
		    same_prefix(frame + v->dst, own[i].byte, own[i].bits))
			return true;
	}
	return false;
}

/* Bytes that translation may change: two addresses, ports and sums, of the
 * packet and of one that it quotes.
 */
#define NAT_BYTES_MAX (16 + 2 + 2 + 2 + 16 + 2 + 2 + 2)

static bool is_address_byte(const struct view *v, unsigned int at)
{
	return (at >= v->src && at < v->src + v->alen) || (at >= v->dst && at < v->dst + v->alen);
}

/* How one packet differs from another, beyond what every router changes. */
struct unlike {
	unsigned int options; /* bytes of IPv4's options, which routers fill in */
	unsigned int others;
};

static bool alike(const uint8_t *a, const struct view *va, const uint8_t *b, const struct view *vb,
		  struct unlike *unlike)
{
	unsigned int len = va->end - va->ip;

	*unlike = (struct unlike){ 0 };
	if (va->family != vb->family || len != vb->end - vb->ip)
		return false;
	for (unsigned int i = 0; i < len; i++) {
		if (a[va->ip + i] == b[vb->ip + i])
			continue;
		if (va->family == 4 ? i == 8 || i == 10 || i == 11 : i == 7)
			continue;
		if (va->family == 4 && i >= 20 && i < (a[va->ip] & 15) * 4u) {
			unlike->options++;
			continue;
		}
		/* Not in the fixed header, where nothing else changes. */
		if (i < (va->family == 4 ? 12u : 8u) ||
		    (!is_address_byte(va, va->ip + i) && !va->l4))
			return false;
		if (++unlike->others > NAT_BYTES_MAX)
			return false;
	}
	return true;
}

static bool way_holds(const struct way *w, const struct frame *in, int out, const uint8_t *frame,
		      const struct view *a, const struct view *b, const struct unlike *unlike)
{
	const struct port *from = &ports[in->port];

	if ((w->in >= 0 && w->in != in->port) || (w->out >= 0 && w->out != out) ||
	    (!w->any_mac && memcmp(in->data + 6, from->host, 6)) ||
	    !bears(in->data, a, w->to, &w->addr))
		return false;
	if (w->kind != STEER && w->kind != COPY && !routed_to(frame, b, out))
		return false;
	switch (w->kind) {
	case NAT:
	case BACK:
		return a->ttl == b->ttl + 1 && bears(frame, b, w->to, &w->other) &&
		       (!w->port || view_is_error(frame, b) ||
			get16(frame + b->l4 + (w->to ? 2 : 0)) == w->port);
	case COPY:
	case STEER:
		return a->ttl == b->ttl + 1 && !unlike->others && !unlike->options;
	default:
		return a->ttl == b->ttl + 1 && !unlike->others;
	}
}

/* Neighbours' own talk, which no service is asked about: only they can send it
 * with this hop limit, and it is never forwarded.
 */
static bool is_link_talk(const uint8_t *frame, const struct view *v)
{
	uint8_t type = v->l4 && v->l4 < v->end ? frame[v->l4] : 0;

	return v->family == 6 && v->proto == P_ICMP6 && !v->later &&
	       ((type >= 133 && type <= 137 && v->ttl == 255) ||
		(((type >= 130 && type <= 132) || type == 143) && v->ttl == 1));
}

/* A quote whose headers end early may be understood, or not. */
static bool quotes_whole(const uint8_t *frame, const struct view *v)
{
	struct view quoted;

	return view_is_error(frame, v) && view_ip(frame, v->l4 + 8, v->end, &quoted) && quoted.l4;
}

/* What is no service's is routed, if it is routed, unchanged. An error about a
 * service that is to and from others is a service's only at its devices.
 */
static bool is_plain(const struct frame *in, const struct view *a, const struct view *b,
		     const struct unlike *unlike)
{
	struct view outer = *a;

	if (unlike->others || a->ttl != b->ttl + 1)
		return false;
	if (is_link_talk(in->data, a))
		return true;
	outer.l4 = 0;
	for (unsigned int i = 0; i < ways_n; i++) {
		const struct way *w = &ways[i];
		bool there = !w->any_mac && w->in == in->port && quotes_whole(in->data, a) &&
			     !memcmp(in->data + 6, ports[in->port].host, 6);

		if (bears(in->data, there ? a : &outer, w->to, &w->addr))
			return false;
	}
	return true;
}

/* The kinds of all ways that hold, a bit each. */
static unsigned int kinds_of(const struct frame *in, int out, const uint8_t *frame,
			     const struct view *a, const struct view *b,
			     const struct unlike *unlike)
{
	unsigned int kinds = 0;

	for (unsigned int i = 0; i < ways_n; i++) {
		if (!(kinds & 1u << ways[i].kind) &&
		    way_holds(&ways[i], in, out, frame, a, b, unlike))
			kinds |= 1u << ways[i].kind;
	}
	if (!kinds && routed_to(frame, b, out) && is_plain(in, a, b, unlike))
		kinds = 1u << PLAIN;
	return kinds;
}

static const char *sums_wrong(const uint8_t *in, const struct view *a, const uint8_t *out,
			      const struct view *b)
{
	struct view inner_a, inner_b;

	if (!view_header_sum(out, b))
		return "header checksum";
	if (view_l4_sum(in, a) > 0 && view_l4_sum(out, b) == 0)
		return "transport checksum was right when it went in";
	if (!view_is_error(in, a) || !view_ip(in, a->l4 + 8, a->end, &inner_a) ||
	    inner_a.family != 4 || (in[inner_a.ip] & 15) * 4u > inner_a.end - inner_a.ip ||
	    !view_header_sum(in, &inner_a))
		return NULL;
	if (!view_ip(out, b->l4 + 8, b->end, &inner_b) || !view_header_sum(out, &inner_b))
		return "quoted header checksum was right when it went in";
	return NULL;
}

static const struct frame *find(const uint8_t *frame, const struct view *v, int out,
				unsigned int *kinds)
{
	const struct frame *like = NULL;
	uint64_t back = fired < RECENT ? fired : RECENT;
	struct unlike unlike;
	struct view a;

	*kinds = 0;
	for (uint64_t i = 0; i < back; i++) {
		const struct frame *in = &recent[(fired - 1 - i) % RECENT];

		if (!view_frame(in->data, in->len, &a) || !alike(in->data, &a, frame, v, &unlike))
			continue;
		if (!like)
			like = in;
		*kinds = kinds_of(in, out, frame, &a, v, &unlike);
		if (*kinds)
			return in;
	}
	return like;
}

/* Of two services, by the packet itself and by what it quotes, it may be
 * either's.
 */
static void count(unsigned int kinds)
{
	int kind = 0;

	if (kinds != 1u << PLAIN)
		kinds &= ~(1u << PLAIN);
	if (kinds & 1u << STEER && kinds & ~(1u << STEER)) {
		seen.either++;
		return;
	}
	while (!(kinds & 1u << kind))
		kind++;
	seen.kind[kind]++;
}

static void judge(int out, const uint8_t *frame, unsigned int len)
{
	const struct port *port = &ports[out];
	const struct frame *in;
	const char *wrong;
	unsigned int kinds;
	struct view v, a;

	if (len == marker.len && !memcmp(frame + len - 8, marker.data + len - 8, 8))
		marked = true;
	if (len >= 14 && get16(frame + 12) == ETHERTYPE_ARP)
		return;
	if (!view_frame(frame, len, &v)) {
		complain("no IP packet", out, frame, len, NULL);
		return;
	}
	if (memcmp(frame + 6, port->engine, 6)) {
		complain("not from the engine's address", out, frame, len, NULL);
		return;
	}
	in = find(frame, &v, out, &kinds);
	if (!kinds && is_own(frame, &v)) {
		seen.own++;
		if (!view_header_sum(frame, &v) || view_l4_sum(frame, &v) == 0)
			complain("checksum of the engine's own", out, frame, len, in);
		return;
	}
	if (!kinds) {
		complain(in ? "no way leads here" : "nothing like it went in", out, frame, len, in);
		return;
	}
	if (memcmp(frame, port->host, 6)) {
		complain("not to the host's address", out, frame, len, in);
		return;
	}
	view_frame(in->data, in->len, &a);
	wrong = sums_wrong(in->data, &a, frame, &v);
	if (wrong)
		complain(wrong, out, frame, len, in);
	count(kinds);
}

/* Take in what came out; give up after so many milliseconds of nothing. */
static void listen_for(int wait)
{
	static uint8_t frame[65536];
	struct sockaddr_ll from;
	struct pollfd p = { .fd = sock, .events = POLLIN };
	socklen_t len;
	ssize_t got;
	int i;

	for (;;) {
		len = sizeof(from);
		got = recvfrom(sock, frame, sizeof(frame), MSG_DONTWAIT, (struct sockaddr *)&from,
			       &len);
		if (got < 0) {
			if (errno == EAGAIN && (!wait || poll(&p, 1, wait) <= 0))
				return;
			continue;
		}
		for (i = 0; i < PORTS && ports[i].ifindex != from.sll_ifindex; i++)
			;
		if (i < PORTS)
			judge(i, frame, (unsigned int)got);
	}
}

/* Would the engine's IP take it for its own to handle, of which family? */
static void count_family(const struct frame *f)
{
	unsigned int at = 12;
	uint16_t type = get16(f->data + at);

	if (memcmp(f->data, ports[f->port].engine, 6) && !(f->data[0] & 1))
		return;
	while ((type == ETHERTYPE_VLAN || type == 0x88a8) && f->len >= at + 6 &&
	       !(get16(f->data + at + 2) & 0xfff)) {
		at += 4;
		type = get16(f->data + at);
	}
	seen.v4 += type == ETHERTYPE_IP;
	seen.v6 += type == ETHERTYPE_IPV6;
}

static void fire_one(const struct frame *f)
{
	recent[fired++ % RECENT] = *f;
	if (packet_send(sock, ports[f->port].ifindex, f->data, f->len) < 0)
		seen.refused++;
	else
		count_family(f);
	listen_for(0);
}

/* Wait until everything that was sent has been dealt with. */
static void catch_up(void)
{
	struct view v;

	put32(marker.data + marker.len - 4, (uint32_t)fired);
	view_frame(marker.data, marker.len, &v);
	view_mend(marker.data, &v);
	marked = false;
	fire_one(&marker);
	for (int i = 0; i < MARK_WAIT && !marked; i++)
		listen_for(1);
	if (!marked)
		complain("the marker never came", -1, marker.data, marker.len, &marker);
}

static void fire(const struct frame *f)
{
	if (f->len < 14)
		return;
	fire_one(f);
	if (fired % MARK_EVERY == 0)
		catch_up();
}

/* --- mutation ------------------------------------------------------------- */

static uint64_t state;

static unsigned int pick(unsigned int n)
{
	return below(&state, n);
}

static uint8_t odd_byte(void)
{
	static const uint8_t odd[] = { 0,    1,	   2,	 4,    7,    8,	   0x0f, 0x40, 0x45,
				       0x46, 0x4f, 0x60, 0x7f, 0x80, 0x81, 0xfe, 0xff };

	return odd[pick(sizeof(odd))];
}

static uint8_t odd_proto(void)
{
	static const uint8_t odd[] = { 0,  43, 44, 51, 60,  59,	 6,   17,  58,	1,
				       33, 47, 50, 94, 132, 135, 136, 139, 140, 253 };

	return odd[pick(sizeof(odd))];
}

static void insert(struct frame *f, unsigned int at, unsigned int n)
{
	if (f->len + n > FRAME_MAX || at > f->len)
		return;
	memmove(f->data + at + n, f->data + at, f->len - at);
	for (unsigned int i = 0; i < n; i++)
		f->data[at + i] = pick(3) ? odd_byte() : (uint8_t)rnd(&state);
	f->len += n;
}

static void cross(struct frame *f)
{
	const struct frame *other = corpus[pick(corpus_n)];
	unsigned int keep = 14 + pick(f->len - 13), from = 14 + pick(other->len - 13);
	unsigned int n = other->len - from;

	if (keep + n > FRAME_MAX)
		n = FRAME_MAX - keep;
	memcpy(f->data + keep, other->data + from, n);
	f->len = keep + n;
}

/* Between header and payload of IPv6, a header that fits in. */
static void insert_extension(struct frame *f)
{
	unsigned int size = 8 * (1 + pick(3));
	uint8_t next = f->data[20];

	if (f->len < 54 || f->data[14] >> 4 != 6 || f->len + size > FRAME_MAX)
		return;
	insert(f, 54, size);
	f->data[20] = odd_proto();
	f->data[54] = next;
	f->data[55] = pick(4) ? (uint8_t)(size / 8 - 1) : odd_byte();
	if (f->data[20] == P_FRAGMENT)
		put16(f->data + 56, (uint16_t)(pick(2) ? pick(8) : rnd(&state)));
}

/* Between header and payload of IPv4, options. */
static void insert_options(struct frame *f)
{
	unsigned int words = 1 + pick(10), header;

	if (f->len < 34 || f->data[14] >> 4 != 4)
		return;
	header = (f->data[14] & 15) * 4;
	if (header / 4 + words > 15)
		return;
	insert(f, 14 + header, words * 4);
	f->data[14 + header] = (uint8_t)rnd(&state);
	f->data[14 + header + 1] = pick(3) ? (uint8_t)(words * 4) : odd_byte();
	f->data[14] = (uint8_t)(0x40 | (header / 4 + words));
}

static void mutate_once(struct frame *f)
{
	unsigned int head = f->len - 14 < 80 ? f->len - 14 : 80;
	unsigned int at = 14 + (head ? pick(head) : 0);

	switch (head ? pick(14) : 3) {
	case 0:
		f->data[at] ^= (uint8_t)(1 << pick(8));
		break;
	case 1:
		f->data[at] = odd_byte();
		break;
	case 2:
		f->len = 14 + pick(f->len - 13);
		break;
	case 3:
		insert(f, f->len, 1 + pick(40));
		break;
	case 4:
		cross(f);
		break;
	case 5:
		if (at + 1 < f->len)
			put16(f->data + at, (uint16_t)rnd(&state));
		break;
	case 6:
		f->data[14] = (uint8_t)((f->data[14] & 0xf0) | pick(16));
		break;
	case 7:
		if (f->len > 23)
			f->data[f->data[14] >> 4 == 4 ? 23 : 20] = odd_proto();
		break;
	case 8:
		if (f->len > 21 && f->data[14] >> 4 == 4)
			put16(f->data + 20, pick(2) ? (uint16_t)(pick(8) << 13 | pick(4)) :
						      (uint16_t)rnd(&state));
		break;
	case 9:
		if (f->len > 22)
			f->data[f->data[14] >> 4 == 4 ? 22 : 21] = (uint8_t)pick(4);
		break;
	case 10:
		insert_extension(f);
		break;
	case 11:
		insert_options(f);
		break;
	case 12:
		insert(f, at, 1 + pick(8));
		break;
	default:
		f->port = corpus[pick(corpus_n)]->port;
		if (pick(2))
			memcpy(f->data + 6, ports[f->port].host, 6);
		memcpy(f->data, ports[f->port].engine, 6);
	}
}

/* Most of them must get past the first look at them to be worth anything. */
static void mend(struct frame *f)
{
	uint8_t *ip = f->data + 14;
	unsigned int len = f->len - 14;
	struct view v;

	if (pick(16) == 0)
		f->data[pick(14)] ^= (uint8_t)(1 << pick(8));
	if (len >= 20 && ip[0] >> 4 == 4 && pick(4))
		put16(ip + 2, (uint16_t)len);
	if (len >= 40 && ip[0] >> 4 == 6 && pick(4))
		put16(ip + 4, (uint16_t)(len - 40));
	if (!view_frame(f->data, f->len, &v) || !pick(8))
		return;
	if (v.family == 4 && (f->data[v.ip] & 15) * 4u > f->len - v.ip)
		return;
	/* The header's sum alone, or the transport's as well. */
	if (pick(2))
		v.l4 = 0;
	view_mend(f->data, &v);
}

static void mutate(uint64_t count, uint64_t seed)
{
	static struct frame f;

	/* Near seeds must not be near each other. */
	state = (seed + 1) * 0x9e3779b97f4a7c15;
	for (uint64_t i = 0; i < count; i++) {
		f = *corpus[pick(corpus_n)];
		for (unsigned int n = 1 + pick(3); n; n--)
			mutate_once(&f);
		mend(&f);
		fire(&f);
	}
}

/* --- what we are told ------------------------------------------------------ */

static void add_port(const char *line)
{
	char name[IFNAMSIZ], engine[32], host[32];
	int index;

	if (sscanf(line, "%d %15s %31s %31s", &index, name, engine, host) != 4 || index < 0 ||
	    index >= PORTS)
		errx(1, "port %s", line);
	ports[index].ifindex = (int)if_nametoindex(name);
	if (!ports[index].ifindex)
		err(1, "%s", name);
	unhex(engine, ports[index].engine, 6);
	unhex(host, ports[index].host, 6);
}

static void add_way(const char *line)
{
	char kind[16], to[8], addr[40], other[40] = "";
	struct way *w = &ways[ways_n++];
	int k;

	if (ways_n > WAYS || sscanf(line, "%15s %7s %39s %d %d %39s %u", kind, to, addr, &w->in,
				    &w->out, other, &w->port) < 5)
		errx(1, "way %s", line);
	w->any_mac = isupper((unsigned char)kind[0]);
	w->to = !strcmp(to, "to");
	for (k = 0; k < KINDS && strcasecmp(kind, kind_names[k]); k++)
		;
	if (k == KINDS)
		errx(1, "way %s", line);
	w->kind = (enum kind)k;
	w->addr.len = unhex(addr, w->addr.byte, 16);
	w->other.len = unhex(other, w->other.byte, 16);
	if (!find_service(w->addr.byte, w->addr.len))
		services[services_n++] = w->addr;
	if (w->kind == PLAIN)
		find_service(w->addr.byte, w->addr.len)->partly = true;
}

static void set_marker(const char *line)
{
	char hex[400];

	if (sscanf(line, "%d %399s", &marker.port, hex) != 2)
		errx(1, "marker %s", line);
	marker.len = unhex(hex, marker.data, FRAME_MAX);
}

static void add_own(const char *line)
{
	struct address *a = &own[own_n++];
	char hex[40];

	if (own_n > OWN || sscanf(line, "%39s %d %u", hex, &a->port, &a->bits) != 3)
		errx(1, "own %s", line);
	a->len = unhex(hex, a->byte, 16);
}

static void load(const char *path)
{
	FILE *file = fopen(path, "r");
	uint16_t head[2];

	if (!file)
		err(1, "%s", path);
	while (corpus_n)
		free(corpus[--corpus_n]);
	while (fread(head, sizeof(head), 1, file) == 1) {
		struct frame *f = calloc(1, sizeof(*f));

		if (!f || head[0] >= PORTS || head[1] > FRAME_MAX || corpus_n == CORPUS)
			errx(1, "%s: frame %u", path, corpus_n);
		f->port = head[0];
		f->len = head[1];
		if (fread(f->data, 1, f->len, file) != f->len)
			errx(1, "%s: frame %u", path, corpus_n);
		corpus[corpus_n++] = f;
	}
	fclose(file);
}

static void answer(uint64_t before)
{
	catch_up();
	listen_for(20);
	printf("{\"fired\": %" PRIu64 ", \"refused\": %" PRIu64 ", \"v4\": %" PRIu64
	       ", \"v6\": %" PRIu64 ", \"own\": %" PRIu64 ", \"bad\": %" PRIu64
	       ", \"either\": %" PRIu64 ", \"lost\": %u",
	       fired - before, seen.refused, seen.v4, seen.v6, seen.own, seen.bad, seen.either,
	       packet_lost(sock));
	for (int i = 0; i < KINDS; i++)
		printf(", \"%s\": %" PRIu64, kind_names[i], seen.kind[i]);
	printf("}\n");
}

static void command(char *line)
{
	uint64_t before = fired, count, seed;

	line[strcspn(line, "\n")] = '\0';
	memset(&seen, 0, sizeof(seen));
	if (!strncmp(line, "port ", 5)) {
		add_port(line + 5);
	} else if (!strncmp(line, "way ", 4)) {
		add_way(line + 4);
	} else if (!strncmp(line, "own ", 4)) {
		add_own(line + 4);
	} else if (!strncmp(line, "marker ", 7)) {
		set_marker(line + 7);
	} else if (!strncmp(line, "load ", 5)) {
		load(line + 5);
	} else if (!strcmp(line, "fire")) {
		for (unsigned int i = 0; i < corpus_n; i++)
			fire(corpus[i]);
		answer(before);
	} else if (sscanf(line, "mutate %" SCNu64 " %" SCNu64, &count, &seed) == 2) {
		mutate(count, seed);
		answer(before);
	} else {
		errx(1, "what is '%s'?", line);
	}
}

int main(int argc, char **argv)
{
	char *line = NULL;
	size_t room = 0;
	cpu_set_t cpu;

	if (argc != 2)
		errx(1, "usage: packets_fire NETNS-FILE <COMMANDS");
	enter_netns(argv[1]);
	/* What one processor sends stays in order. */
	CPU_ZERO(&cpu);
	CPU_SET(0, &cpu);
	sched_setaffinity(0, sizeof(cpu), &cpu);
	setvbuf(stdout, NULL, _IOLBF, 0);
	sock = packet_socket(ETH_P_ALL);
	while (getline(&line, &room, stdin) > 0)
		command(line);
	return 0;
}
