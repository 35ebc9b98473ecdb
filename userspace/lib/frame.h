/* SPDX-License-Identifier: GPL-2.0-only */
/* Ethernet frames of the few kinds that devices are checked with. */
#ifndef PE_FRAME_H
#define PE_FRAME_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "addr.h"

/* Room for the largest that is made here. */
#define PE_FRAME_MAX 128

#define PE_FRAME_SYN 0x02
#define PE_FRAME_RST 0x04
#define PE_FRAME_ACK 0x10

/**
 * enum pe_frame_kind - what a frame is
 * @PE_FRAME_NONE: nothing that a check knows of
 * @PE_FRAME_TCP: a TCP segment
 * @PE_FRAME_UDP: a datagram with a token in it
 * @PE_FRAME_ECHO: an echo request
 * @PE_FRAME_REPLY: an echo reply
 * @PE_FRAME_ERROR: an ICMP error, about one of the others
 * @PE_FRAME_ASK: an ARP request or neighbour solicitation
 * @PE_FRAME_TELL: an ARP reply or neighbour advertisement
 */
enum pe_frame_kind {
	PE_FRAME_NONE,
	PE_FRAME_TCP,
	PE_FRAME_UDP,
	PE_FRAME_ECHO,
	PE_FRAME_REPLY,
	PE_FRAME_ERROR,
	PE_FRAME_ASK,
	PE_FRAME_TELL,
};

/**
 * struct pe_frame - what a frame says
 * @kind: enum pe_frame_kind
 * @flags: of a TCP segment, PE_FRAME_SYN ...
 * @ttl: time to live or hop limit
 * @type: of an ICMP error
 * @code: of an ICMP error
 * @smac: source at the link
 * @dmac: destination at the link
 * @from: source address; of an error who complains
 * @to: destination address
 * @sport: source port
 * @dport: destination port
 * @token: tells whose check it is: the sequence number of a TCP segment, of an
 *	error that of what it quotes
 * @ack: acknowledgement number of a TCP segment
 */
struct pe_frame {
	uint8_t kind;
	uint8_t flags;
	uint8_t ttl;
	uint8_t type;
	uint8_t code;
	uint8_t smac[PE_MAC_LEN];
	uint8_t dmac[PE_MAC_LEN];
	struct pe_addr from;
	struct pe_addr to;
	uint16_t sport;
	uint16_t dport;
	uint32_t token;
	uint32_t ack;
};

size_t pe_frame_make(const struct pe_frame *frame, uint8_t *buf);
bool pe_frame_read(struct pe_frame *frame, const uint8_t *buf, size_t len);
void pe_frame_answer(struct pe_frame *frame, const struct pe_frame *asked);
uint16_t pe_frame_sum(const void *data, size_t len, uint32_t sum);

#endif
