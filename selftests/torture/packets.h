/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Frames as the programs beside see them: headers, checksums, namespaces.
 * Written from the RFCs and not from the module, so that both may disagree.
 */
#ifndef _TORTURE_PACKETS_H
#define _TORTURE_PACKETS_H

#include <arpa/inet.h>
#include <err.h>
#include <fcntl.h>
#include <linux/if_packet.h>
#include <net/ethernet.h>
#include <net/if.h>
#include <sched.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define FRAME_MAX 2048
#define P_HOPOPTS 0
#define P_ICMP 1
#define P_TCP 6
#define P_UDP 17
#define P_ROUTING 43
#define P_FRAGMENT 44
#define P_AH 51
#define P_ICMP6 58
#define P_NONE 59
#define P_DSTOPTS 60
#define P_SCTP 132

#ifndef PACKET_IGNORE_OUTGOING
#define PACKET_IGNORE_OUTGOING 23
#endif

/* Headers of a packet, as offsets from the frame's first byte. */
struct view {
	uint8_t family; /* 4, 6, or 0: no packet */
	uint8_t alen; /* bytes of an address */
	uint8_t ttl;
	uint8_t proto;
	bool piece; /* a fragment, the first or a later one */
	bool later; /* a later one */
	unsigned int ip, src, dst;
	unsigned int l4; /* 0: the headers end too early */
	unsigned int end;
};

static inline uint16_t get16(const uint8_t *p)
{
	return (uint16_t)(p[0] << 8 | p[1]);
}

static inline void put16(uint8_t *p, uint16_t value)
{
	p[0] = (uint8_t)(value >> 8);
	p[1] = (uint8_t)value;
}

static inline uint32_t get32(const uint8_t *p)
{
	return (uint32_t)get16(p) << 16 | get16(p + 2);
}

static inline void put32(uint8_t *p, uint32_t value)
{
	put16(p, (uint16_t)(value >> 16));
	put16(p + 2, (uint16_t)value);
}

/* One's complement sum, not folded. */
static inline uint32_t sum_add(uint32_t sum, const uint8_t *p, unsigned int len)
{
	for (; len > 1; p += 2, len -= 2)
		sum += get16(p);
	return len ? sum + (uint32_t)(p[0] << 8) : sum;
}

static inline uint16_t sum_fold(uint32_t sum)
{
	while (sum >> 16)
		sum = (sum & 0xffff) + (sum >> 16);
	return (uint16_t)sum;
}

static inline uint32_t crc32c(const uint8_t *p, unsigned int len)
{
	uint32_t crc = ~0u;

	for (unsigned int i = 0; i < len; i++) {
		/* The checksum itself counts as zero. */
		crc ^= i >= 8 && i < 12 ? 0 : p[i];
		for (int bit = 0; bit < 8; bit++)
			crc = crc >> 1 ^ (crc & 1 ? 0x82f63b78 : 0);
	}
	return ~crc;
}

static inline bool is_extension(uint8_t proto)
{
	return proto == P_HOPOPTS || proto == P_ROUTING || proto == P_DSTOPTS || proto == P_AH;
}

static inline void view_ipv6_chain(const uint8_t *frame, struct view *v)
{
	unsigned int at = v->ip + 40;

	for (;;) {
		if (v->proto == P_FRAGMENT) {
			if (at + 8 > v->end)
				return;
			/* One that is all of a datagram is whole: RFC 6946. */
			v->piece |= (get16(frame + at + 2) & 0xfff9) != 0;
			v->later = get16(frame + at + 2) & 0xfff8;
			v->proto = frame[at];
			at += 8;
			if (v->later)
				break;
		} else if (is_extension(v->proto)) {
			if (at + 8 > v->end)
				return;
			unsigned int unit = v->proto == P_AH ? 4 : 8;
			unsigned int more = v->proto == P_AH ? 2 : 1;

			v->proto = frame[at];
			at += (frame[at + 1] + more) * unit;
		} else {
			break;
		}
	}
	if (at <= v->end)
		v->l4 = at;
}

/* The packet that begins at an offset; it may end early, as in a quote. */
static inline bool view_ip(const uint8_t *frame, unsigned int ip, unsigned int len, struct view *v)
{
	unsigned int total;

	*v = (struct view){ .ip = ip };
	if (len < ip + 20)
		return false;
	if (frame[ip] >> 4 == 4) {
		unsigned int header = (frame[ip] & 15) * 4u;
		uint16_t frag = get16(frame + ip + 6);

		total = get16(frame + ip + 2);
		v->end = ip + total < len ? ip + total : len;
		v->src = ip + 12;
		v->dst = ip + 16;
		v->alen = 4;
		v->ttl = frame[ip + 8];
		v->proto = frame[ip + 9];
		v->piece = frag & 0x3fff;
		v->later = frag & 0x1fff;
		if (header < 20)
			return false;
		if (ip + header <= v->end)
			v->l4 = ip + header;
	} else if (frame[ip] >> 4 == 6 && len >= ip + 40) {
		total = get16(frame + ip + 4) + 40u;
		v->end = ip + total < len ? ip + total : len;
		v->src = ip + 8;
		v->dst = ip + 24;
		v->alen = 16;
		v->ttl = frame[ip + 7];
		v->proto = frame[ip + 6];
		view_ipv6_chain(frame, v);
	} else {
		return false;
	}
	v->family = frame[ip] >> 4;
	return true;
}

/* A whole frame; a priority tag (VLAN 0) is looked through. */
static inline bool view_frame(const uint8_t *frame, unsigned int len, struct view *v)
{
	unsigned int at = 12;
	uint16_t type;

	*v = (struct view){ 0 };
	if (len < 14)
		return false;
	type = get16(frame + at);
	while ((type == ETHERTYPE_VLAN || type == 0x88a8) && len >= at + 6) {
		if (get16(frame + at + 2) & 0xfff)
			return false;
		at += 4;
		type = get16(frame + at);
	}
	if (type != ETHERTYPE_IP && type != ETHERTYPE_IPV6)
		return false;
	return view_ip(frame, at + 2, len, v) && v->family == (type == ETHERTYPE_IP ? 4 : 6);
}

static inline bool view_is_error(const uint8_t *frame, const struct view *v)
{
	/* An error in pieces is none that anybody could judge. */
	if (!v->l4 || v->piece || v->end < v->l4 + 8)
		return false;
	if (v->family == 6)
		return v->proto == P_ICMP6 && frame[v->l4] < 128;
	return v->proto == P_ICMP && (frame[v->l4] == 3 || frame[v->l4] == 4 || frame[v->l4] == 5 ||
				      frame[v->l4] == 11 || frame[v->l4] == 12);
}

static inline uint32_t view_pseudo(const uint8_t *frame, const struct view *v)
{
	unsigned int len = v->end - v->l4;

	return sum_add(sum_add(0, frame + v->src, v->alen), frame + v->dst, v->alen) + v->proto +
	       (len >> 16) + (len & 0xffff);
}

static inline int view_sum_at(const struct view *v)
{
	switch (v->proto) {
	case P_TCP:
		return 16;
	case P_UDP:
		return 6;
	case P_ICMP:
		return v->family == 4 ? 2 : -1;
	case P_ICMP6:
		return v->family == 6 ? 2 : -1;
	case P_SCTP:
		return 8;
	default:
		return -1;
	}
}

/* Transport checksum: 1 right, 0 wrong, -1 there is none to tell. */
static inline int view_l4_sum(const uint8_t *frame, const struct view *v)
{
	int at = view_sum_at(v);
	unsigned int len = v->end - v->l4;

	if (!v->l4 || v->piece || at < 0 || len < (unsigned int)at + (v->proto == P_SCTP ? 4 : 2))
		return -1;
	if (v->proto == P_SCTP) {
		uint32_t crc = crc32c(frame + v->l4, len);

		/* In little-endian order, RFC 9260 appendix A. */
		return frame[v->l4 + 8] == (crc & 0xff) && frame[v->l4 + 9] == (crc >> 8 & 0xff) &&
		       frame[v->l4 + 10] == (crc >> 16 & 0xff) && frame[v->l4 + 11] == crc >> 24;
	}
	if (v->proto == P_UDP && v->family == 4 && !get16(frame + v->l4 + 6))
		return -1;
	return sum_fold(sum_add(v->proto == P_ICMP ? 0 : view_pseudo(frame, v), frame + v->l4,
				len)) == 0xffff;
}

static inline bool view_header_sum(const uint8_t *frame, const struct view *v)
{
	return v->family != 4 ||
	       sum_fold(sum_add(0, frame + v->ip, (frame[v->ip] & 15) * 4u)) == 0xffff;
}

/* Fill in both checksums, wherever there is room for them. */
static inline void view_mend(uint8_t *frame, const struct view *v)
{
	int at = view_sum_at(v);

	if (v->family == 4) {
		put16(frame + v->ip + 10, 0);
		put16(frame + v->ip + 10,
		      (uint16_t)~sum_fold(sum_add(0, frame + v->ip, (frame[v->ip] & 15) * 4u)));
	}
	if (!v->l4 || v->piece || at < 0 || v->end < v->l4 + (unsigned int)at + 4)
		return;
	if (v->proto == P_SCTP) {
		uint32_t crc = crc32c(frame + v->l4, v->end - v->l4);

		for (int i = 0; i < 4; i++)
			frame[v->l4 + 8 + i] = (uint8_t)(crc >> 8 * i);
		return;
	}
	put16(frame + v->l4 + at, 0);
	put16(frame + v->l4 + at,
	      (uint16_t)~sum_fold(sum_add(v->proto == P_ICMP ? 0 : view_pseudo(frame, v),
					  frame + v->l4, v->end - v->l4)));
	if (v->proto == P_UDP && !get16(frame + v->l4 + at))
		put16(frame + v->l4 + at, 0xffff);
}

static inline uint64_t rnd(uint64_t *state)
{
	*state ^= *state << 13;
	*state ^= *state >> 7;
	*state ^= *state << 17;
	return *state;
}

static inline unsigned int below(uint64_t *state, unsigned int n)
{
	return (unsigned int)((rnd(state) >> 11) % n);
}

static inline void enter_netns(const char *path)
{
	int fd = open(path, O_RDONLY);

	if (fd < 0 || setns(fd, CLONE_NEWNET))
		err(1, "%s", path);
	close(fd);
}

/* Hears every interface of the namespace, and sends by any. */
static inline int packet_socket(int protocol)
{
	int fd = socket(AF_PACKET, SOCK_RAW, htons(protocol)), one = 1, room = 64 << 20;

	if (fd < 0)
		err(1, "packet socket");
	setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &room, sizeof(room));
	if (setsockopt(fd, SOL_PACKET, PACKET_IGNORE_OUTGOING, &one, sizeof(one)))
		err(1, "PACKET_IGNORE_OUTGOING");
	return fd;
}

static inline ssize_t packet_send(int fd, int ifindex, const uint8_t *frame, unsigned int len)
{
	struct sockaddr_ll to = { .sll_family = AF_PACKET, .sll_ifindex = ifindex };

	return sendto(fd, frame, len, MSG_DONTWAIT, (struct sockaddr *)&to, sizeof(to));
}

/* How many frames the socket lost since it was last asked. */
static inline unsigned int packet_lost(int fd)
{
	struct tpacket_stats stats;
	socklen_t len = sizeof(stats);

	if (getsockopt(fd, SOL_PACKET, PACKET_STATISTICS, &stats, &len))
		err(1, "PACKET_STATISTICS");
	return stats.tp_drops;
}

/* Hexadecimal digits, with or without colons. */
static inline unsigned int unhex(const char *text, uint8_t *to, unsigned int room)
{
	unsigned int n = 0;
	int used;

	while (*text && n < room && sscanf(text, "%2hhx%n", to + n, &used) == 1) {
		text += used;
		text += *text == ':';
		n++;
	}
	return n;
}

static inline void print_hex(const char *what, const uint8_t *p, unsigned int len)
{
	printf("# %s ", what);
	for (unsigned int i = 0; i < len; i++)
		printf("%02x", p[i]);
	printf("\n");
}

#endif /* _TORTURE_PACKETS_H */
