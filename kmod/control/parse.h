/* SPDX-License-Identifier: GPL-2.0-only */
/* From netlink attributes to versions of devices and services. */
#ifndef _PE_PARSE_H
#define _PE_PARSE_H

#include <net/genetlink.h>

#include "txn.h"

struct pe_change *pe_parse_device(struct pe_net *pn, struct pe_txn *txn,
				  struct genl_info *info,
				  struct pe_refusal *refusal);
struct pe_change *pe_parse_pool(struct pe_net *pn, struct pe_txn *txn,
				struct genl_info *info,
				struct pe_refusal *refusal);
struct pe_change *pe_parse_acl(struct pe_net *pn, struct pe_txn *txn,
			       struct genl_info *info,
			       struct pe_refusal *refusal);
struct pe_change *pe_parse_service(struct pe_net *pn, struct pe_txn *txn,
				   struct genl_info *info,
				   struct pe_refusal *refusal);
struct pe_change *pe_parse_engine(struct pe_net *pn, struct pe_txn *txn,
				  struct genl_info *info,
				  struct pe_refusal *refusal);
struct pe_change *pe_parse_delete(struct pe_txn *txn, struct genl_info *info,
				  u8 noun, struct pe_refusal *refusal);
int pe_parse_addr(const struct nlattr *attr, const char *what, bool link,
		  union nf_inet_addr *addr, u8 *family,
		  struct netlink_ext_ack *extack, struct pe_refusal *refusal);

#endif /* _PE_PARSE_H */
