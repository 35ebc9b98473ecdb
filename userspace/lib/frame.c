// SPDX-License-Identifier: GPL-2.0-only

#include "frame.h"

#include <arpa/inet.h>
#include <linux/if_arp.h>
#include <linux/if_ether.h>
#include <netinet/icmp6.h>
#include <netinet/in.h>
#include <netinet/ip.h>
#include <netinet/ip6.h>
#include <netinet/ip_icmp.h>
#include <netinet/tcp.h>
#include <netinet/udp.h>
#include <string.h>

/* What a datagram of ours begins with, in front of its token. */
#define PE_FRAME_MAGIC 0x70656368U

#define PE_FRAME_WINDOW 65535
#define PE_FRAME_MSS 1460

/* Next to each other behind the header of UDP. */
struct pe_frame_note {
	uint32_t magic;
	uint32_t token;
};

/* An ARP packet of Ethernet and IPv4. */
struct pe_frame_arp {
	struct arphdr head;
	uint8_t smac[PE_MAC_LEN];
	uint8_t from[4];
	uint8_t tmac[PE_MAC_LEN];
	uint8_t to[4];
} __attribute__((packed));

/* A solicitation or advertisement with the one option that matters. */
struct pe_frame_nd {
	struct icmp6_hdr head;
	uint8_t target[16];
	uint8_t option;
	uint8_t units;
	uint8_t mac[PE_MAC_LEN];
};

/**
 * pe_frame_sum() - checksum of the Internet
 * @data: what is summed up
 * @len: bytes of it
 * @sum: of what comes before it, not folded
 *
 * Return: the checksum, as it stands in a packet.
 */
uint16_t pe_frame_sum(const void *data, size_t len, uint32_t sum)
{
	const uint8_t *p = data;

	for (; len > 1; p += 2, len -= 2)
		sum += (uint32_t)(p[0] << 8 | p[1]);
	if (len)
		sum += (uint32_t)(p[0] << 8);
	while (sum >> 16)
		sum = (sum & 0xffff) + (sum >> 16);
	return htons((uint16_t)~sum);
}

/* What the checksums of upper layers cover beside themselves. */
static uint32_t pe_frame_pseudo(const struct pe_frame *frame, uint8_t proto, size_t len)
{
	uint32_t sum = (uint32_t)len + proto;
	int i;

	for (i = 0; i < frame->from.len; i += 2) {
		sum += (uint32_t)(frame->from.b[i] << 8 | frame->from.b[i + 1]);
		sum += (uint32_t)(frame->to.b[i] << 8 | frame->to.b[i + 1]);
	}
	return sum;
}

static size_t pe_frame_put_tcp(const struct pe_frame *frame, uint8_t *at)
{
	static const uint8_t mss[] = { TCPOPT_MAXSEG, TCPOLEN_MAXSEG, PE_FRAME_MSS >> 8,
				       PE_FRAME_MSS & 0xff };
	size_t len = sizeof(struct tcphdr) + (frame->flags & PE_FRAME_SYN ? sizeof(mss) : 0);
	struct tcphdr tcp = {
		.th_sport = htons(frame->sport),
		.th_dport = htons(frame->dport),
		.th_seq = htonl(frame->token),
		.th_ack = htonl(frame->ack),
		.th_off = (uint8_t)(len / 4) & 0xf,
		.th_flags = frame->flags,
		.th_win = htons(frame->flags & PE_FRAME_RST ? 0 : PE_FRAME_WINDOW),
	};

	memcpy(at + sizeof(tcp), mss, len - sizeof(tcp));
	memcpy(at, &tcp, sizeof(tcp));
	tcp.th_sum = pe_frame_sum(at, len, pe_frame_pseudo(frame, IPPROTO_TCP, len));
	memcpy(at, &tcp, sizeof(tcp));
	return len;
}

static size_t pe_frame_put_udp(const struct pe_frame *frame, uint8_t *at)
{
	struct pe_frame_note note = { htonl(PE_FRAME_MAGIC), htonl(frame->token) };
	size_t len = sizeof(struct udphdr) + sizeof(note);
	struct udphdr udp = {
		.uh_sport = htons(frame->sport),
		.uh_dport = htons(frame->dport),
		.uh_ulen = htons((uint16_t)len),
	};

	memcpy(at + sizeof(udp), &note, sizeof(note));
	memcpy(at, &udp, sizeof(udp));
	udp.uh_sum = pe_frame_sum(at, len, pe_frame_pseudo(frame, IPPROTO_UDP, len));
	if (!udp.uh_sum)
		udp.uh_sum = 0xffff;
	memcpy(at, &udp, sizeof(udp));
	return len;
}

/* Identifier and sequence number together are the token, in either family. */
static size_t pe_frame_put_echo(const struct pe_frame *frame, uint8_t *at)
{
	bool reply = frame->kind == PE_FRAME_REPLY, ipv6 = frame->from.len == 16;
	struct pe_frame_note note = { htonl(PE_FRAME_MAGIC), htonl(frame->token) };
	struct icmp6_hdr icmp = { .icmp6_data32 = { htonl(frame->token) } };
	size_t len = sizeof(icmp) + sizeof(note);
	uint32_t sum = ipv6 ? pe_frame_pseudo(frame, IPPROTO_ICMPV6, len) : 0;

	if (ipv6)
		icmp.icmp6_type = reply ? ICMP6_ECHO_REPLY : ICMP6_ECHO_REQUEST;
	else
		icmp.icmp6_type = reply ? ICMP_ECHOREPLY : ICMP_ECHO;
	memcpy(at + sizeof(icmp), &note, sizeof(note));
	memcpy(at, &icmp, sizeof(icmp));
	icmp.icmp6_cksum = pe_frame_sum(at, len, sum);
	memcpy(at, &icmp, sizeof(icmp));
	return len;
}

static size_t pe_frame_put_nd(const struct pe_frame *frame, uint8_t *at)
{
	struct pe_frame_nd nd = {
		.head.icmp6_type = ND_NEIGHBOR_SOLICIT,
		.option = 1, /* source link-layer address */
		.units = 1,
	};

	memcpy(nd.target, frame->to.b, sizeof(nd.target));
	memcpy(nd.mac, frame->smac, sizeof(nd.mac));
	nd.head.icmp6_cksum =
		pe_frame_sum(&nd, sizeof(nd), pe_frame_pseudo(frame, IPPROTO_ICMPV6, sizeof(nd)));
	memcpy(at, &nd, sizeof(nd));
	return sizeof(nd);
}

static size_t pe_frame_put_upper(const struct pe_frame *frame, uint8_t *at, uint8_t *proto)
{
	switch (frame->kind) {
	case PE_FRAME_TCP:
		*proto = IPPROTO_TCP;
		return pe_frame_put_tcp(frame, at);
	case PE_FRAME_UDP:
		*proto = IPPROTO_UDP;
		return pe_frame_put_udp(frame, at);
	case PE_FRAME_ASK:
		*proto = IPPROTO_ICMPV6;
		return pe_frame_put_nd(frame, at);
	default:
		*proto = frame->from.len == 16 ? IPPROTO_ICMPV6 : IPPROTO_ICMP;
		return pe_frame_put_echo(frame, at);
	}
}

static size_t pe_frame_put_ipv4(const struct pe_frame *frame, uint8_t *at)
{
	struct ip ip = { .ip_v = 4, .ip_hl = 5, .ip_ttl = frame->ttl };
	size_t len = sizeof(ip);

	len += pe_frame_put_upper(frame, at + sizeof(ip), &ip.ip_p);
	ip.ip_len = htons((uint16_t)len);
	ip.ip_id = htons((uint16_t)frame->token);
	memcpy(&ip.ip_src, frame->from.b, 4);
	memcpy(&ip.ip_dst, frame->to.b, 4);
	ip.ip_sum = pe_frame_sum(&ip, sizeof(ip), 0);
	memcpy(at, &ip, sizeof(ip));
	return len;
}

static size_t pe_frame_put_ipv6(const struct pe_frame *frame, uint8_t *at)
{
	struct ip6_hdr ip6 = { 0 };
	size_t len;

	len = pe_frame_put_upper(frame, at + sizeof(ip6), &ip6.ip6_nxt);
	ip6.ip6_vfc = 6 << 4;
	ip6.ip6_plen = htons((uint16_t)len);
	ip6.ip6_hlim = frame->kind == PE_FRAME_ASK ? 255 : frame->ttl;
	memcpy(&ip6.ip6_src, frame->from.b, 16);
	memcpy(&ip6.ip6_dst, frame->to.b, 16);
	memcpy(at, &ip6, sizeof(ip6));
	return sizeof(ip6) + len;
}

static size_t pe_frame_put_arp(const struct pe_frame *frame, uint8_t *at)
{
	struct pe_frame_arp arp = {
		.head = {
			.ar_hrd = htons(ARPHRD_ETHER),
			.ar_pro = htons(ETH_P_IP),
			.ar_hln = PE_MAC_LEN,
			.ar_pln = 4,
			.ar_op = htons(ARPOP_REQUEST),
		},
	};

	memcpy(arp.smac, frame->smac, PE_MAC_LEN);
	memcpy(arp.from, frame->from.b, 4);
	memcpy(arp.to, frame->to.b, 4);
	memcpy(at, &arp, sizeof(arp));
	return sizeof(arp);
}

/**
 * pe_frame_make() - write a frame
 * @frame: what it says; no error, and of questions and answers about neighbours
 *	the question only
 * @buf: room for PE_FRAME_MAX bytes
 *
 * Return: how many bytes it has.
 */
size_t pe_frame_make(const struct pe_frame *frame, uint8_t *buf)
{
	bool ipv6 = frame->from.len == 16;
	struct ethhdr eth;
	size_t len;

	memcpy(eth.h_dest, frame->dmac, PE_MAC_LEN);
	memcpy(eth.h_source, frame->smac, PE_MAC_LEN);
	eth.h_proto = htons(ipv6 ? ETH_P_IPV6 : ETH_P_IP);
	if (ipv6) {
		len = pe_frame_put_ipv6(frame, buf + sizeof(eth));
	} else if (frame->kind == PE_FRAME_ASK) {
		eth.h_proto = htons(ETH_P_ARP);
		len = pe_frame_put_arp(frame, buf + sizeof(eth));
	} else {
		len = pe_frame_put_ipv4(frame, buf + sizeof(eth));
	}
	memcpy(buf, &eth, sizeof(eth));
	return sizeof(eth) + len;
}

/* ---- reading ---- */

static uint32_t pe_frame_u32(const uint8_t *at)
{
	uint32_t value;

	memcpy(&value, at, sizeof(value));
	return ntohl(value);
}

static uint16_t pe_frame_u16(const uint8_t *at)
{
	return (uint16_t)(at[0] << 8 | at[1]);
}

/* Of TCP and ICMP the token stands in the first eight bytes, which errors quote. */
static bool pe_frame_get_token(struct pe_frame *frame, uint8_t proto, const uint8_t *at, size_t len)
{
	if (proto == IPPROTO_TCP || proto == IPPROTO_UDP) {
		if (len < 8)
			return false;
		frame->sport = pe_frame_u16(at);
		frame->dport = pe_frame_u16(at + 2);
	}
	if (proto != IPPROTO_UDP) {
		if (len < 8)
			return false;
		frame->token = pe_frame_u32(at + 4);
		return true;
	}
	if (len < sizeof(struct udphdr) + sizeof(struct pe_frame_note) ||
	    pe_frame_u32(at + sizeof(struct udphdr)) != PE_FRAME_MAGIC)
		return false;
	frame->token = pe_frame_u32(at + sizeof(struct udphdr) + 4);
	return true;
}

static bool pe_frame_get_tcp(struct pe_frame *frame, const uint8_t *at, size_t len)
{
	if (len < sizeof(struct tcphdr))
		return false;
	frame->kind = PE_FRAME_TCP;
	frame->ack = pe_frame_u32(at + 8);
	frame->flags = at[13];
	return pe_frame_get_token(frame, IPPROTO_TCP, at, len);
}

static bool pe_frame_get_quoted(struct pe_frame *frame, const uint8_t *at, size_t len)
{
	size_t head = sizeof(struct ip6_hdr);
	uint8_t proto;

	frame->kind = PE_FRAME_ERROR;
	if (len < sizeof(struct ip) || (frame->from.len == 16 && len < head))
		return false;
	if (frame->from.len == 16) {
		proto = at[6];
	} else {
		head = (size_t)(at[0] & 0xf) * 4;
		proto = at[9];
	}
	return head <= len && pe_frame_get_token(frame, proto, at + head, len - head);
}

static bool pe_frame_get_icmp(struct pe_frame *frame, const uint8_t *at, size_t len)
{
	if (len < 8)
		return false;
	frame->type = at[0];
	frame->code = at[1];
	switch (frame->type) {
	case ICMP_ECHO:
		frame->kind = PE_FRAME_ECHO;
		return pe_frame_get_token(frame, IPPROTO_ICMP, at, len);
	case ICMP_ECHOREPLY:
		frame->kind = PE_FRAME_REPLY;
		return pe_frame_get_token(frame, IPPROTO_ICMP, at, len);
	case ICMP_DEST_UNREACH:
	case ICMP_TIME_EXCEEDED:
	case ICMP_PARAMETERPROB:
		return pe_frame_get_quoted(frame, at + 8, len - 8);
	}
	return false;
}

/* The target of an advertisement is whose link-layer address it tells. */
static bool pe_frame_get_told(struct pe_frame *frame, const uint8_t *at, size_t len)
{
	if (len < sizeof(struct nd_neighbor_advert))
		return false;
	frame->kind = PE_FRAME_TELL;
	memcpy(frame->from.b, at + 8, 16);
	return true;
}

static bool pe_frame_get_icmpv6(struct pe_frame *frame, const uint8_t *at, size_t len)
{
	if (len < 8)
		return false;
	frame->type = at[0];
	frame->code = at[1];
	switch (frame->type) {
	case ICMP6_ECHO_REQUEST:
		frame->kind = PE_FRAME_ECHO;
		return pe_frame_get_token(frame, IPPROTO_ICMPV6, at, len);
	case ICMP6_ECHO_REPLY:
		frame->kind = PE_FRAME_REPLY;
		return pe_frame_get_token(frame, IPPROTO_ICMPV6, at, len);
	case ND_NEIGHBOR_ADVERT:
		return pe_frame_get_told(frame, at, len);
	case ICMP6_DST_UNREACH:
	case ICMP6_TIME_EXCEEDED:
	case ICMP6_PARAM_PROB:
		return pe_frame_get_quoted(frame, at + 8, len - 8);
	}
	return false;
}

static bool pe_frame_get_upper(struct pe_frame *frame, uint8_t proto, const uint8_t *at, size_t len)
{
	switch (proto) {
	case IPPROTO_TCP:
		return pe_frame_get_tcp(frame, at, len);
	case IPPROTO_UDP:
		frame->kind = PE_FRAME_UDP;
		return pe_frame_get_token(frame, proto, at, len);
	case IPPROTO_ICMP:
		return frame->from.len == 4 && pe_frame_get_icmp(frame, at, len);
	case IPPROTO_ICMPV6:
		return frame->from.len == 16 && pe_frame_get_icmpv6(frame, at, len);
	}
	return false;
}

static bool pe_frame_get_ipv4(struct pe_frame *frame, const uint8_t *at, size_t len)
{
	size_t head;

	if (len < sizeof(struct ip))
		return false;
	head = (size_t)(at[0] & 0xf) * 4;
	if (head < sizeof(struct ip) || head > len || pe_frame_u16(at + 6) & 0x1fff)
		return false;
	pe_addr_set(&frame->from, at + 12, 4);
	pe_addr_set(&frame->to, at + 16, 4);
	frame->ttl = at[8];
	return pe_frame_get_upper(frame, at[9], at + head, len - head);
}

static bool pe_frame_get_ipv6(struct pe_frame *frame, const uint8_t *at, size_t len)
{
	size_t head = sizeof(struct ip6_hdr);

	if (len < head)
		return false;
	pe_addr_set(&frame->from, at + 8, 16);
	pe_addr_set(&frame->to, at + 24, 16);
	frame->ttl = at[7];
	return pe_frame_get_upper(frame, at[6], at + head, len - head);
}

static bool pe_frame_get_arp(struct pe_frame *frame, const uint8_t *at, size_t len)
{
	struct pe_frame_arp arp;

	if (len < sizeof(arp))
		return false;
	memcpy(&arp, at, sizeof(arp));
	if (arp.head.ar_op != htons(ARPOP_REPLY) || arp.head.ar_pro != htons(ETH_P_IP))
		return false;
	frame->kind = PE_FRAME_TELL;
	pe_addr_set(&frame->from, arp.from, 4);
	return pe_addr_set(&frame->to, arp.to, 4);
}

/**
 * pe_frame_read() - read a frame
 * @frame: where to store what it says
 * @buf: the frame, or the beginning of it
 * @len: bytes there
 *
 * Return: whether it is of a kind that a check knows.
 */
bool pe_frame_read(struct pe_frame *frame, const uint8_t *buf, size_t len)
{
	const uint8_t *at = buf + sizeof(struct ethhdr);

	memset(frame, 0, sizeof(*frame));
	if (len < sizeof(struct ethhdr))
		return false;
	memcpy(frame->dmac, buf, PE_MAC_LEN);
	memcpy(frame->smac, buf + PE_MAC_LEN, PE_MAC_LEN);
	len -= sizeof(struct ethhdr);
	switch (pe_frame_u16(buf + 2 * PE_MAC_LEN)) {
	case ETH_P_IP:
		return pe_frame_get_ipv4(frame, at, len);
	case ETH_P_IPV6:
		return pe_frame_get_ipv6(frame, at, len);
	case ETH_P_ARP:
		return pe_frame_get_arp(frame, at, len);
	}
	return false;
}

/**
 * pe_frame_answer() - what a server would answer
 * @frame: where to store it, without link-layer addresses
 * @asked: a SYN, a datagram or an echo request
 */
void pe_frame_answer(struct pe_frame *frame, const struct pe_frame *asked)
{
	*frame = *asked;
	frame->from = asked->to;
	frame->to = asked->from;
	frame->sport = asked->dport;
	frame->dport = asked->sport;
	if (asked->kind == PE_FRAME_ECHO)
		frame->kind = PE_FRAME_REPLY;
	if (asked->kind != PE_FRAME_TCP)
		return;
	frame->flags = PE_FRAME_SYN | PE_FRAME_ACK;
	frame->ack = asked->token + 1;
}
