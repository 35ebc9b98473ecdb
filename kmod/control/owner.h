/* SPDX-License-Identifier: GPL-2.0-only */
/* Who acts, and what that owner may touch. */
#ifndef _PE_CONTROL_OWNER_H
#define _PE_CONTROL_OWNER_H

#include <net/genetlink.h>

#include "../model/object.h"

struct pe_change;
struct pe_net;
struct pe_refusal;
struct pe_txn;

int pe_owner_parse(struct pe_net *pn, const struct genl_info *info,
		   const struct nlattr *attr, struct pe_owner **owner,
		   struct pe_refusal *refusal);
int pe_owner_same(const struct genl_info *info, const struct nlattr *attr,
		  const struct pe_txn *txn, struct pe_refusal *refusal);
int pe_owner_of_change(struct pe_net *pn, const struct genl_info *info,
		       const struct pe_txn *txn, struct pe_change *change,
		       struct pe_refusal *refusal);
int pe_owner_may(const struct pe_txn *txn, const struct pe_object *obj,
		 enum pe_noun noun, struct pe_refusal *refusal);

#endif /* _PE_CONTROL_OWNER_H */
