/* SPDX-License-Identifier: GPL-2.0-only */
/* From versions of what is configured to netlink attributes. */
#ifndef _PE_FILL_H
#define _PE_FILL_H

#include <linux/skbuff.h>

#include "../model/service.h"
#include "../netns.h"

struct pe_walk;
struct pe_walk_at;

int pe_fill_device(struct sk_buff *skb, const struct pe_object *obj,
		   bool stats);
int pe_fill_pool(struct sk_buff *skb, const struct pe_object *obj, bool stats);
int pe_fill_acl(struct sk_buff *skb, const struct pe_object *obj, bool stats);
int pe_fill_acl_part(struct sk_buff *skb, const struct pe_object *obj,
		     bool stats, u32 *at, bool *all);
int pe_fill_service(struct sk_buff *skb, const struct pe_object *obj,
		    bool stats);
int pe_fill_engine(struct sk_buff *skb, const struct pe_object *obj,
		   bool stats);
int pe_fill_name(struct sk_buff *skb, const struct pe_object *obj,
		 enum pe_noun noun);
int pe_fill_object(struct sk_buff *skb, const struct pe_object *obj,
		   enum pe_noun noun, bool stats);
int pe_fill_addr(struct sk_buff *skb, u16 type, const union nf_inet_addr *addr,
		 u8 family);
int pe_fill_sum(struct sk_buff *skb, u16 type, const struct pe_sum *sum);
int pe_fill_rates(struct sk_buff *skb, u16 type, const struct pe_rates *rates);
int pe_fill_drops(struct sk_buff *skb, struct pe_net *pn);
int pe_fill_flow_counts(struct sk_buff *skb, struct pe_net *pn);
int pe_fill_walk(struct sk_buff *skb, const struct pe_walk *w,
		 const struct pe_walk_at *at);

#endif /* _PE_FILL_H */
