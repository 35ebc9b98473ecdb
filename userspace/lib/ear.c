// SPDX-License-Identifier: GPL-2.0-only
/* A packet socket that hears what checks may have to do with, and nothing else. */

#include <arpa/inet.h>
#include <errno.h>
#include <event2/event.h>
#include <linux/filter.h>
#include <linux/if_arp.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "arena.h"
#include "checker.h"
#include "refusal.h"

/* Frames that are read before anybody else gets a turn. */
#define PE_EAR_TURN 64

#define PE_EAR_SNAP 512

/* Of Ethernet, and of the network header behind it. */
#define PE_EAR_PROTO (2 * PE_MAC_LEN)
#define PE_EAR_IPV4_FROM (ETH_HLEN + 12)
#define PE_EAR_IPV4_TO (ETH_HLEN + 16)
#define PE_EAR_IPV6_FROM (ETH_HLEN + 8)
#define PE_EAR_IPV6_TO (ETH_HLEN + 24)

/* A comparison of an address takes two instructions a word, and one to accept. */
#define PE_EAR_CODE_OF(words) (2U * (words) + 1)

/* Where the words do not make more of the filter than the kernel takes. */
#define PE_EAR_SOURCES 64

/* A filter in the making. */
struct ear_code {
	struct sock_filter *code;
	unsigned short len;
};

static void ear_put(struct ear_code *c, uint16_t code, uint8_t yes, uint8_t no, uint32_t k)
{
	c->code[c->len++] = (struct sock_filter){ code, yes, no, k };
}

static uint32_t ear_word(const struct pe_addr *addr, unsigned int word)
{
	uint32_t value;

	memcpy(&value, addr->b + 4 * word, 4);
	return ntohl(value);
}

/* Accept what has the address at an offset, else go on behind. */
static void ear_put_addr(struct ear_code *c, const struct pe_addr *addr, uint32_t at)
{
	unsigned int i, words = addr->len / 4;

	/* The last words tell most addresses apart. */
	for (i = words; i-- > 0;) {
		uint8_t skip = (uint8_t)(2 * i + 1);

		ear_put(c, BPF_LD | BPF_W | BPF_ABS, 0, 0, at + 4 * i);
		ear_put(c, BPF_JMP | BPF_JEQ | BPF_K, 0, skip, ear_word(addr, i));
	}
	ear_put(c, BPF_RET | BPF_K, 0, 0, PE_EAR_SNAP);
}

/* From and to each address of a family; what is of another family goes on
 * behind all of it.
 */
static void ear_put_family(struct ear_code *c, const struct pe_ear *ear, uint8_t len,
			   uint32_t proto, uint32_t from, uint32_t to)
{
	unsigned short jump;
	size_t i;

	ear_put(c, BPF_JMP | BPF_JEQ | BPF_K, 1, 0, proto);
	jump = c->len;
	ear_put(c, BPF_JMP | BPF_JA, 0, 0, 0);
	for (i = 0; i < ear->nsources; i++) {
		if (ear->sources[i].len != len)
			continue;
		ear_put_addr(c, &ear->sources[i], to);
		ear_put_addr(c, &ear->sources[i], from);
	}
	ear_put(c, BPF_RET | BPF_K, 0, 0, 0);
	c->code[jump].k = (uint32_t)(c->len - jump - 1);
}

/* Answers to ARP; of IP what comes from or goes to one of the sources. */
static int ear_filter(const struct pe_ear *ear)
{
	size_t n = ear->nsources, i, room = 16;
	struct ear_code c = { NULL, 0 };
	struct sock_fprog prog;
	int err;

	if (n > PE_EAR_SOURCES)
		return 0;
	for (i = 0; i < n; i++)
		room += 2 * PE_EAR_CODE_OF(ear->sources[i].len / 4U);
	c.code = pe_xrealloc(NULL, room * sizeof(*c.code));
	ear_put(&c, BPF_LD | BPF_H | BPF_ABS, 0, 0, PE_EAR_PROTO);
	ear_put_family(&c, ear, 4, ETH_P_IP, PE_EAR_IPV4_FROM, PE_EAR_IPV4_TO);
	ear_put_family(&c, ear, 16, ETH_P_IPV6, PE_EAR_IPV6_FROM, PE_EAR_IPV6_TO);
	ear_put(&c, BPF_JMP | BPF_JEQ | BPF_K, 0, 2, ETH_P_ARP);
	ear_put(&c, BPF_LD | BPF_H | BPF_ABS, 0, 0, ETH_HLEN + 6);
	ear_put(&c, BPF_JMP | BPF_JEQ | BPF_K, 1, 0, ARPOP_REPLY);
	ear_put(&c, BPF_RET | BPF_K, 0, 0, 0);
	ear_put(&c, BPF_RET | BPF_K, 0, 0, PE_EAR_SNAP);
	prog.len = c.len;
	prog.filter = c.code;
	err = setsockopt(ear->fd, SOL_SOCKET, SO_ATTACH_FILTER, &prog, sizeof(prog)) ? -errno : 0;
	free(c.code);
	return err;
}

static void ear_read(evutil_socket_t fd, short what, void *arg)
{
	struct pe_ear *ear = arg;
	uint8_t buf[PE_EAR_SNAP];
	struct pe_frame frame;
	int turn = PE_EAR_TURN;
	ssize_t got;

	(void)what;
	while (turn--) {
		got = recv(fd, buf, sizeof(buf), MSG_DONTWAIT);
		if (got < 0)
			return;
		if (pe_frame_read(&frame, buf, (size_t)got))
			pe_checker_hear(ear->checker, ear, &frame);
	}
}

/* Filtered before it hears anything, and deaf to what the engine sends. */
static int ear_bind(struct pe_ear *ear)
{
	struct sockaddr_ll ll = {
		.sll_family = AF_PACKET,
		.sll_protocol = htons(ETH_P_ALL),
		.sll_ifindex = (int)ear->ifindex,
	};
	int on = 1, err = ear_filter(ear);

	if (err)
		return err;
	if (setsockopt(ear->fd, SOL_PACKET, PACKET_IGNORE_OUTGOING, &on, sizeof(on)) ||
	    bind(ear->fd, (struct sockaddr *)&ll, sizeof(ll)))
		return -errno;
	return 0;
}

/**
 * pe_ear_open() - hear what comes by an interface
 * @ear: has interface and sources
 * @refusal: says why not
 *
 * Return: 0 or a negative error number.
 */
int pe_ear_open(struct pe_ear *ear, struct pe_refusal *refusal)
{
	int err;

	ear->fd = socket(AF_PACKET, SOCK_RAW | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	err = ear->fd < 0 ? -errno : ear_bind(ear);
	if (err)
		return pe_refusal_set(refusal, -err, "cannot hear what comes by interface %s: %s",
				      ear->dev, strerror(-err));
	ear->event = event_new(ear->checker->base, ear->fd, EV_READ | EV_PERSIST, ear_read, ear);
	event_add(ear->event, NULL);
	return 0;
}

/**
 * pe_ear_close() - hear no more
 * @ear: what heard
 */
void pe_ear_close(struct pe_ear *ear)
{
	if (ear->event)
		event_free(ear->event);
	if (ear->fd >= 0)
		close(ear->fd);
	ear->event = NULL;
	ear->fd = -1;
}

/**
 * pe_ear_send() - send a frame by an interface
 * @ear: of the interface
 * @frame: the frame
 *
 * Return: 0 or a negative error number.
 */
int pe_ear_send(const struct pe_ear *ear, const struct pe_frame *frame)
{
	uint8_t buf[PE_FRAME_MAX];
	size_t len = pe_frame_make(frame, buf);

	return send(ear->fd, buf, len, MSG_DONTWAIT) < 0 ? -errno : 0;
}
