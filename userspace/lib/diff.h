/* SPDX-License-Identifier: GPL-2.0-only */
/* What has to change for one configuration to become another. */
#ifndef PE_DIFF_H
#define PE_DIFF_H

#include "arena.h"
#include "changes.h"
#include "config.h"

struct pe_acl;

/**
 * struct pe_diff - a comparison in progress
 * @wanted: the configuration that is wanted
 * @owner: whose objects are compared, others being left alone; or NULL for all
 * @scratch: memory of the object that is being compared
 * @arena: memory of objects that are to go, or to become others
 * @acl: access list of which more messages are to come, or NULL
 * @old: those objects, as they are
 * @changes: what to send, once finished
 * @added: how many objects come
 * @changed: how many become others
 * @deleted: how many go
 * @unchanged: how many stay as they are
 */
struct pe_diff {
	struct pe_config *wanted;
	const char *owner;
	struct pe_arena scratch;
	struct pe_arena arena;
	struct pe_acl *acl;
	struct pe_changes old;
	struct pe_changes changes;
	size_t added;
	size_t changed;
	size_t deleted;
	size_t unchanged;
};

void pe_diff_start(struct pe_diff *diff, struct pe_config *wanted, const char *owner);
int pe_diff_feed(struct pe_diff *diff, const struct nlmsghdr *nlh);
void pe_diff_finish(struct pe_diff *diff);
void pe_diff_free(struct pe_diff *diff);

#endif
