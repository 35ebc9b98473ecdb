/* SPDX-License-Identifier: GPL-2.0-only */
/* What is done alike with everything that has a name. */
#ifndef _PE_NOUN_H
#define _PE_NOUN_H

#include <linux/types.h>

#include "../model/object.h"

struct pe_change;
struct pe_net;
struct pe_refusal;
struct pe_txn;
struct genl_info;
struct sk_buff;

/**
 * struct pe_noun_ops - a noun, for those who handle all of them
 * @name: the word for it
 * @cmd_new: enum pe_cmd of messages that describe one
 * @cmd_del: enum pe_cmd of messages that delete one
 * @stats: attribute by which counters are asked for
 * @owner: attribute that says whose it is, 0 for what is never anybody's
 * @acts_as: attribute that says as whom a message acts, likewise
 * @parse: a message to a change, or an error pointer
 * @own: tell a version whose it is
 * @put: a version, or NULL, is not needed any more
 * @fill: put what a live version is, behind the name
 */
struct pe_noun_ops {
	const char		*name;
	u8			cmd_new;
	u8			cmd_del;
	u16			stats;
	u16			owner;
	u16			acts_as;
	struct pe_change	*(*parse)(struct pe_net *pn, struct pe_txn *txn,
					  struct genl_info *info,
					  struct pe_refusal *refusal);
	void			(*own)(void *version, struct pe_object *obj);
	void			(*put)(struct pe_net *pn, void *version);
	int			(*fill)(struct sk_buff *skb,
					const struct pe_object *obj,
					bool stats);
};

extern const struct pe_noun_ops pe_noun_ops[];

#endif /* _PE_NOUN_H */
