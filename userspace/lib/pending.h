/* SPDX-License-Identifier: GPL-2.0-only */
/* A revision that is undone unless somebody confirms it. */
#ifndef PE_PENDING_H
#define PE_PENDING_H

#include <stdbool.h>
#include <stdint.h>

#include "store.h"

struct pe_refusal;

#define PE_BOOT_ID_MAX 63

/**
 * struct pe_pending - what waits to be confirmed
 * @revision: its number, 0 if nothing waits
 * @back: number of the revision that is gone back to
 * @seconds: how long it waits in all
 * @until: when it is undone, in seconds since 1970
 * @netns: inode of the network namespace
 * @boot: which start of the machine it was
 * @watched: whether the process lives that undoes it
 * @fd: file that this process holds to show that it lives, or -1
 */
struct pe_pending {
	uint32_t revision;
	uint32_t back;
	uint32_t seconds;
	int64_t until;
	uint64_t netns;
	char boot[PE_BOOT_ID_MAX + 1];
	bool watched;
	int fd;
};

void pe_pending_now(struct pe_pending *pending);
bool pe_pending_is_void(const struct pe_pending *pending);
int pe_pending_start(const struct pe_store *store, struct pe_pending *pending,
		     struct pe_refusal *refusal);
int pe_pending_read(const struct pe_store *store, struct pe_pending *pending,
		    struct pe_refusal *refusal);
bool pe_pending_is_mine(const struct pe_store *store, const struct pe_pending *pending);
int pe_pending_end(const struct pe_store *store, struct pe_refusal *refusal);

#endif
