/* SPDX-License-Identifier: GPL-2.0-only */
/* What everything has in common that is configured: a name and what becomes of it. */
#ifndef PE_OBJECT_H
#define PE_OBJECT_H

#include <stdbool.h>
#include <stdint.h>

struct nlmsghdr;
struct pe_blame;

enum pe_object_kind {
	PE_OBJECT_DEVICE,
	PE_OBJECT_POOL,
	PE_OBJECT_ACL,
	PE_OBJECT_SERVICE,
	PE_OBJECT_ENGINE,
	PE_OBJECT_ALL, /* everything there is, to be flushed; how many kinds there are */
};

enum pe_verb {
	PE_VERB_ADD, /* must not exist */
	PE_VERB_REPLACE, /* may exist */
	PE_VERB_CHANGE, /* must exist, keeps what is not given */
	PE_VERB_DEL,
	PE_VERB_COPY, /* must not exist, has what is not given from another */
	PE_VERB_INSERT, /* must exist, gets another rule */
	PE_VERB_CUT, /* must exist, loses a rule */
};

/**
 * enum pe_verdict - what a comparison found out about an object
 * @PE_VERDICT_NEW: the other side has no object of that name
 * @PE_VERDICT_SAME: it has the same
 * @PE_VERDICT_CHANGED: it has another one of that name
 */
enum pe_verdict {
	PE_VERDICT_NEW,
	PE_VERDICT_SAME,
	PE_VERDICT_CHANGED,
};

/**
 * struct pe_object - first member of everything that has a name
 * @name: its name
 * @owner: whose it is, or NULL
 * @at: where its statement stands in the source, plus one; 0 if nowhere
 * @owner_at: the same of its owner
 * @kind: enum pe_object_kind
 * @verb: enum pe_verb
 * @verdict: enum pe_verdict
 */
struct pe_object {
	const char *name;
	const char *owner;
	uint32_t at;
	uint32_t owner_at;
	uint8_t kind;
	uint8_t verb;
	uint8_t verdict;
};

/**
 * struct pe_counter - what went by
 * @packets: how many
 * @bytes: how many, from the network header on
 */
struct pe_counter {
	uint64_t packets;
	uint64_t bytes;
};

#define PE_HAS(attr) (1U << (attr))

/* PE_HAS() of every kind. */
#define PE_ALL_KINDS (PE_HAS(PE_OBJECT_ALL) - 1)

/* Longest message that any object makes, with room to spare. */
#define PE_MESSAGE_MAX 4096

void pe_object_encode(const struct pe_object *object, struct nlmsghdr *nlh, uint16_t family);
void pe_object_encode_part(const struct pe_object *object, struct nlmsghdr *nlh, uint16_t family,
			   uint32_t first);
uint32_t pe_object_next(const struct pe_object *object, uint32_t first);
bool pe_object_is_of(const struct pe_object *object, const char *owner);
bool pe_object_equal(const struct pe_object *a, const struct pe_object *b);
void pe_object_merge(struct pe_object *object, const struct pe_object *base);
uint32_t pe_object_where(const struct pe_object *object, const struct pe_blame *blame);

#endif
