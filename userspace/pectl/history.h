/* SPDX-License-Identifier: GPL-2.0-only */
/* Revisions: what becomes one, and what waits to be confirmed. */
#ifndef PECTL_HISTORY_H
#define PECTL_HISTORY_H

#include <config.h>
#include <pending.h>
#include <revision.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <store.h>

#include "place.h"

struct nlmsghdr;
struct options;
struct pe_refusal;

/**
 * enum history_use - what for
 * @HISTORY_READ: to look at revisions
 * @HISTORY_APPLY: to bring a configuration into force, if nothing waits
 * @HISTORY_END: to end what waits, or to go back
 * @HISTORY_UNDO: the same, but not to wait long for others
 */
enum history_use {
	HISTORY_READ,
	HISTORY_APPLY,
	HISTORY_END,
	HISTORY_UNDO,
};

/**
 * struct history - the revisions of a network namespace
 * @options: the options
 * @place: where they are
 * @keeps: whether revisions are kept
 * @store: the directory
 * @waits: what waited to be confirmed before
 * @own: what waits to be confirmed from now on
 * @back: text of the revision that it goes back to, or NULL
 * @before: what the kernel has
 * @next: the revision to come, with number 0 if there is none
 * @found: number of a revision of what the kernel had, if that was none; or 0
 * @differs: whether the kernel has nothing, unlike the newest revision
 * @comment: of the revision to come
 */
struct history {
	const struct options *options;
	struct place place;
	bool keeps;
	struct pe_store store;
	struct pe_pending waits;
	struct pe_pending own;
	char *back;
	struct pe_config before;
	struct pe_revision next;
	uint32_t found;
	bool differs;
	char comment[PE_REVISION_COMMENT_MAX + 1];
};

int history_open(struct history *history, const struct options *options, enum history_use use,
		 const struct place *place);
void history_none(struct history *history, const struct options *options);
void history_close(struct history *history);
void history_tell_waiting(const struct pe_pending *pending, FILE *out);
void history_time(int64_t when, char *buf, size_t size);

bool history_is(const struct history *history, uint32_t number, const struct pe_config *config,
		const char *owner);
bool history_is_newest(const struct history *history, const struct pe_config *config);
int history_feed(struct history *history, const struct nlmsghdr *nlh);
int history_prepare(struct history *history, struct pe_config *wanted, size_t changes,
		    uint32_t generation, struct pe_refusal *refusal);
void history_undo(struct history *history);
void history_done(struct history *history);

#endif
