/* SPDX-License-Identifier: GPL-2.0-only */
/* Transactions: changes that become effective together or not at all. */
#ifndef _PE_TXN_H
#define _PE_TXN_H

#include <linux/list.h>
#include <linux/types.h>

#include "../model/drain.h"
#include "../model/object.h"
#include "../model/prefix.h"
#include "../model/refusal.h"
#include "../netns.h"

struct pe_owner;

enum pe_op {
	PE_OP_NEW,
	PE_OP_DEL,
	PE_OP_FLUSH,
};

/**
 * struct pe_change - one change, as it was asked for
 * @list: in pe_txn.changes
 * @seq: sequence number of the message that asked for it
 * @flags: NLM_F_CREATE, NLM_F_EXCL, NLM_F_REPLACE of the message
 * @op: what to do
 * @noun: with what
 * @steps: of a service, how many names of devices follow its own in @data
 * @version: new version of the device or service, NULL once it was taken
 * @owner: whose it will be, NULL for nobody's
 * @step: what is asked for of each step, without the device
 * @data: name, then the steps' names and that of the access
 *	list, where one is given, each with its final zero
 */
struct pe_change {
	struct list_head	list;
	u32			seq;
	u16			flags;
	u8			op;
	u8			noun;
	u8			steps;
	void			*version;
	struct pe_owner		*owner;
	struct pe_step		*step;
	char			data[];
};

struct pe_chunk;

/**
 * struct pe_draft - client prefixes of one family, while they are changed
 * @table: prefixes that change as they will be, by length
 * @next: all prefixes as they will be
 *
 * Of the lengths in @table, @next has tables of its own; the others it shares
 * with what packets see.
 */
struct pe_draft {
	struct pe_table		*table[PE_PREFIX_LENGTHS];
	struct pe_prefixes	*next;
};

/**
 * struct pe_txn - a transaction
 * @changes: in the order they were asked for
 * @chunks: memory of the changes
 * @owner: as whom it acts, NULL for one that may touch everything
 * @generation: the configuration's when it began
 * @quiet: what is configured stays as it is, and nobody is told
 * @touched: objects it touches, by noun, while it is being committed
 * @addrs: addresses as they will be, while it is being committed
 * @clients: the same of client prefixes, NULL where none changes
 * @drain: what it replaces and drains, while it is being committed; NULL for
 *	nothing
 */
struct pe_txn {
	struct list_head	changes;
	struct pe_chunk		*chunks;
	struct pe_owner		*owner;
	u32			generation;
	bool			quiet;
	struct list_head	touched[PE_NOUNS];
	struct pe_table		*addrs[PE_FAMILIES];
	struct pe_draft		*clients[PE_FAMILIES];
	struct pe_drain		*drain;
};

struct pe_change *pe_change_new(struct pe_txn *txn, size_t data, u8 steps);
void pe_change_drop(struct pe_net *pn, struct pe_txn *txn,
		    struct pe_change *change);

void pe_txn_init(struct pe_net *pn, struct pe_txn *txn);
void pe_txn_release(struct pe_net *pn, struct pe_txn *txn);
int pe_txn_add(struct pe_net *pn, struct pe_txn *txn,
	       struct pe_change *change);
int pe_txn_commit(struct pe_net *pn, struct pe_txn *txn, bool check,
		  struct pe_refusal *refusal, u32 *fault);

/* prepare.c: everything of a commit that can fail */
int pe_txn_prepare(struct pe_net *pn, struct pe_txn *txn,
		   struct pe_refusal *refusal, const struct pe_change **fault);

/* publish.c: everything that packets see */
void pe_txn_publish(struct pe_net *pn, struct pe_txn *txn);

#endif /* _PE_TXN_H */
