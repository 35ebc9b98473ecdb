/* SPDX-License-Identifier: GPL-2.0-only */
/* What reading messages of any noun needs. */
#ifndef _PE_PARSE_ATTR_H
#define _PE_PARSE_ATTR_H

#include <net/genetlink.h>

#include "../model/iface.h"
#include "txn.h"

struct pe_rates;
struct pe_service;

/* A refusal that points at an attribute of the message. */
#define pe_bad(extack, refusal, attr, err, ...)				\
({									\
	const struct nlattr *_attr = (attr);				\
									\
	NL_SET_BAD_ATTR(extack, _attr);					\
	pe_refuse(refusal, err, nla_type(_attr), 0, __VA_ARGS__);	\
})

/* parse.c */
bool pe_name_is_valid(const char *name);
void pe_parse_nest(struct nlattr **tb, int max, const struct nlattr *nest);
int pe_parse_name(struct genl_info *info, const struct nlattr *attr, u16 type,
		  const char *noun, struct pe_refusal *refusal);
struct pe_iface *pe_parse_iface(struct pe_net *pn, const struct nlattr *attr,
				bool tunnel, struct pe_refusal *refusal);
struct pe_change *pe_parse_new(struct pe_txn *txn, struct genl_info *info,
			       const char *name, u8 noun, size_t data, u8 steps);
const struct nlattr *pe_next(const struct genl_info *info, u16 type,
			     const struct nlattr *attr);
bool pe_proto_can_have_ports(u8 proto);

/* parse_key.c */
int pe_parse_what(struct genl_info *info, const char *name,
		  struct pe_service *svc, struct pe_refusal *refusal);
int pe_parse_iif(struct pe_net *pn, struct genl_info *info, const char *name,
		 struct pe_service *svc, struct pe_refusal *refusal);

/* parse_engine.c */
int pe_parse_limit(struct genl_info *info, const struct nlattr *attr,
		   const char *noun, const char *name, struct pe_rates *rates,
		   struct pe_refusal *refusal);

#endif /* _PE_PARSE_ATTR_H */
