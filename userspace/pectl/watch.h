/* SPDX-License-Identifier: GPL-2.0-only */
/* Hearing what becomes of packets, until there is enough of it. */
#ifndef PECTL_WATCH_H
#define PECTL_WATCH_H

#include <arena.h>
#include <sight.h>
#include <sock.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

struct options;

/**
 * struct watch - what listens
 * @out: where it is written to
 * @tell: called for each thing that happened
 * @arg: handed to @tell
 * @count: how many things are enough, or 0
 * @told: how many there were
 * @sock: the socket
 * @arena: the memory of one of them
 */
struct watch {
	FILE *out;
	void (*tell)(const struct pe_sight *sight, void *arg);
	void *arg;
	uint64_t count;
	uint64_t told;
	struct pe_sock sock;
	struct pe_arena arena;
};

int watch_start(struct watch *watch, const struct pe_watch *what, const struct options *options);
int watch_listen(struct watch *watch, const char *what);
void watch_close(struct watch *watch);

#endif
