/* SPDX-License-Identifier: GPL-2.0-only */
/* What does checks: a loop of events, and a packet socket for each interface. */
#ifndef PE_CHECKER_H
#define PE_CHECKER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "addr.h"
#include "check.h"

struct event;
struct event_base;
struct pe_refusal;
struct pe_sock;

/**
 * struct pe_ear - what hears the packets of an interface
 * @next: the next one
 * @checker: whose it is
 * @dev: name of the interface
 * @ifindex: its index
 * @fd: a packet socket, to send with too
 * @event: something can be read
 * @sources: addresses whose packets it is to hear
 * @nsources: how many
 */
struct pe_ear {
	struct pe_ear *next;
	struct pe_checker *checker;
	char dev[PE_CHECK_IFNAME];
	uint32_t ifindex;
	int fd;
	struct event *event;
	struct pe_addr *sources;
	size_t nsources;
};

/**
 * struct pe_checker - what does checks
 * @base: the loop of events
 * @ears: those of all interfaces that checks use
 * @checks: all checks
 * @count: how many
 * @room: how many there is room for
 * @ping: raw sockets for echo requests by the kernel's route, IPv4 and IPv6, or
 *	-1
 * @pinged: something can be read there
 */
struct pe_checker {
	struct event_base *base;
	struct pe_ear *ears;
	struct pe_check **checks;
	size_t count;
	size_t room;
	int ping[2];
	struct event *pinged[2];
};

int pe_checker_open(struct pe_checker *checker, struct pe_refusal *refusal);
void pe_checker_close(struct pe_checker *checker);
void pe_checker_clear(struct pe_checker *checker);
void pe_checker_add(struct pe_checker *checker, struct pe_check *check);
int pe_checker_listen(struct pe_checker *checker, struct pe_sock *sock, struct pe_refusal *refusal);
void pe_checker_start(struct pe_check *check);
void pe_checker_stop(struct pe_check *check);
void pe_checker_hear(struct pe_checker *checker, const struct pe_ear *ear,
		     const struct pe_frame *frame);
uint64_t pe_checker_now(void);

int pe_ear_open(struct pe_ear *ear, struct pe_refusal *refusal);
void pe_ear_close(struct pe_ear *ear);
int pe_ear_send(const struct pe_ear *ear, const struct pe_frame *frame);

#endif
