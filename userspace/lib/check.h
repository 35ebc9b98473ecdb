/* SPDX-License-Identifier: GPL-2.0-only */
/* One check of a device: what is sent, and what came of it. */
#ifndef PE_CHECK_H
#define PE_CHECK_H

#include <linux/pe.h>
#include <stdbool.h>
#include <stdint.h>

#include "addr.h"
#include "frame.h"

struct event;
struct pe_checker;
struct pe_ear;

#define PE_CHECK_EVIDENCE 160
#define PE_CHECK_IFNAME 16

/* How far what goes through a device gets at most, should it go astray. */
#define PE_CHECK_TTL 8

/**
 * enum pe_check_kind - what a check sends
 * @PE_CHECK_NOTHING: nothing; what it would need is missing
 * @PE_CHECK_TCP: a SYN, and its answer
 * @PE_CHECK_UDP: a datagram, and one back
 * @PE_CHECK_ICMP: an echo request and its reply
 * @PE_CHECK_HTTP: a request for a page
 * @PE_CHECK_ARP: an ARP request, or for IPv6 a neighbour solicitation
 */
enum pe_check_kind {
	PE_CHECK_NOTHING,
	PE_CHECK_TCP,
	PE_CHECK_UDP,
	PE_CHECK_ICMP,
	PE_CHECK_HTTP,
	PE_CHECK_ARP,
};

/**
 * enum pe_check_way - how a check goes
 * @PE_CHECK_AT: to the device by its link-layer address, and the answer back
 * @PE_CHECK_THROUGH: in at its outside and out of its inside, and an answer in
 *	at its inside and out of its outside
 * @PE_CHECK_ROUTED: to the device by its network address and the kernel's route
 */
enum pe_check_way {
	PE_CHECK_AT,
	PE_CHECK_THROUGH,
	PE_CHECK_ROUTED,
};

enum pe_health {
	PE_HEALTH_UNKNOWN,
	PE_HEALTH_UP,
	PE_HEALTH_DOWN,
};

/**
 * enum pe_check_cause - why that is known of its health
 * @PE_CHECK_CAUSE_NONE: nothing is known
 * @PE_CHECK_CAUSE_ANSWERED: it did what it should
 * @PE_CHECK_CAUSE_INSTEAD: it answered for the server
 * @PE_CHECK_CAUSE_TIMEOUT: it did nothing in time
 * @PE_CHECK_CAUSE_ONE_WAY: packets come through it only on the way to the server
 * @PE_CHECK_CAUSE_REFUSED: nobody listens at the port
 * @PE_CHECK_CAUSE_REJECTED: an ICMP error came back
 * @PE_CHECK_CAUSE_ASTRAY: what came through it came out at the wrong place
 * @PE_CHECK_CAUSE_LINK: its interface is not there or down
 * @PE_CHECK_CAUSE_NEIGHBOUR: its link-layer address is not known
 * @PE_CHECK_CAUSE_ERROR: the kernel could not send
 * @PE_CHECK_CAUSE_STATUS: a page with a status that means trouble
 */
enum pe_check_cause {
	PE_CHECK_CAUSE_NONE,
	PE_CHECK_CAUSE_ANSWERED,
	PE_CHECK_CAUSE_INSTEAD,
	PE_CHECK_CAUSE_TIMEOUT,
	PE_CHECK_CAUSE_ONE_WAY,
	PE_CHECK_CAUSE_REFUSED,
	PE_CHECK_CAUSE_REJECTED,
	PE_CHECK_CAUSE_ASTRAY,
	PE_CHECK_CAUSE_LINK,
	PE_CHECK_CAUSE_NEIGHBOUR,
	PE_CHECK_CAUSE_ERROR,
	PE_CHECK_CAUSE_STATUS,
};

/**
 * struct pe_check_end - a side of a device
 * @dev: the engine's interface there
 * @ifindex: its index
 * @own: the link-layer address to send from
 * @mac: the link-layer address to send to, from which packets come back
 * @ear: hears what comes there
 */
struct pe_check_end {
	char dev[PE_CHECK_IFNAME];
	uint32_t ifindex;
	uint8_t own[PE_MAC_LEN];
	uint8_t mac[PE_MAC_LEN];
	struct pe_ear *ear;
};

/**
 * struct pe_check - a check
 * @kind: enum pe_check_kind
 * @way: enum pe_check_way
 * @out: side that it goes in at
 * @in: side that it comes out of, where it goes through
 * @from: the router's address that it is sent from
 * @to: address that it is sent to
 * @port: port there
 * @sport: port it is sent from
 * @path: page that is asked for
 * @timeout: in milliseconds
 * @done: called with @arg when it is over
 * @arg: handed to @done
 * @checker: who does it
 * @index: its place there
 * @token: of this round, in what is sent
 * @sent: time of this round, in nanoseconds
 * @running: whether a round is under way
 * @through: whether what was sent came out of the other side
 * @timer: ends it
 * @event: its socket's
 * @fd: its socket, or -1
 * @got: bytes of the answer so far
 * @answer: the beginning of a page's first line
 * @health: enum pe_health
 * @cause: enum pe_check_cause
 * @spent: from what was sent to what came back, in nanoseconds
 * @evidence: a sentence, empty where there is nothing to say
 */
struct pe_check {
	uint8_t kind;
	uint8_t way;
	struct pe_check_end out;
	struct pe_check_end in;
	struct pe_addr from;
	struct pe_addr to;
	uint16_t port;
	uint16_t sport;
	const char *path;
	uint32_t timeout;
	void (*done)(struct pe_check *check, void *arg);
	void *arg;

	struct pe_checker *checker;
	uint32_t index;
	uint32_t token;
	uint64_t sent;
	bool running;
	bool through;
	struct event *timer;
	struct event *event;
	int fd;
	uint8_t got;
	char answer[16];

	uint8_t health;
	uint8_t cause;
	uint64_t spent;
	char evidence[PE_CHECK_EVIDENCE];
};

const char *pe_check_kind_name(unsigned int kind);
const char *pe_check_cause_name(unsigned int cause);
const char *pe_health_name(unsigned int health);

void pe_check_finish(struct pe_check *check, enum pe_health health, enum pe_check_cause cause,
		     const char *format, ...) __attribute__((format(printf, 4, 5)));
void pe_check_pass(struct pe_check *check);
void pe_check_find(struct pe_check *check, enum pe_health health, enum pe_check_cause cause,
		   const char *format, ...) __attribute__((format(printf, 4, 5)));

/* Of checker and kinds of checks among each other. */
void pe_check_send(struct pe_check *check);
void pe_check_hear(struct pe_check *check, const struct pe_ear *ear, const struct pe_frame *frame);
void pe_check_expire(struct pe_check *check);
void pe_check_connect(struct pe_check *check);
void pe_check_disconnect(struct pe_check *check);

#endif
