/* SPDX-License-Identifier: ((GPL-2.0 WITH Linux-syscall-note) OR BSD-3-Clause) */
/* Do not edit directly, auto-generated from: */
/*	Documentation/netlink/specs/pe.yaml */
/* YNL-GEN kernel header */

#ifndef _LINUX_PE_GEN_H
#define _LINUX_PE_GEN_H

#include <net/netlink.h>
#include <net/genetlink.h>

#include <uapi/linux/pe.h>

/* Common nested types */
extern const struct nla_policy pe_counter_nl_policy[PE_COUNTER_BYTES + 1];
extern const struct nla_policy pe_limit_nl_policy[PE_LIMIT_FLOWS + 1];
extern const struct nla_policy pe_member_nl_policy[PE_MEMBER_SLOTS + 1];
extern const struct nla_policy pe_port_nl_policy[PE_PORT_VNI + 1];
extern const struct nla_policy pe_range_nl_policy[PE_RANGE_DYNAMIC + 1];
extern const struct nla_policy pe_rule_nl_policy[PE_RULE_HITS + 1];
extern const struct nla_policy pe_state_nl_policy[PE_STATE_FORMER + 1];
extern const struct nla_policy pe_step_nl_policy[PE_STEP_SKIPPED + 1];

extern const struct nla_policy pe_info_get_nl_policy[PE_INFO_STATS + 1];

extern const struct nla_policy pe_txn_begin_nl_policy[PE_TXN_OWNER + 1];

extern const struct nla_policy pe_txn_commit_nl_policy[PE_TXN_CHECK + 1];

extern const struct nla_policy pe_txn_abort_nl_policy[PE_TXN_GENERATION + 1];

extern const struct nla_policy pe_device_new_nl_policy[PE_DEVICE_MEASURE + 1];

extern const struct nla_policy pe_device_del_nl_policy[PE_DEVICE_ACTS_AS + 1];

extern const struct nla_policy pe_device_get_nl_policy[PE_DEVICE_STATS + 1];

extern const struct nla_policy pe_service_new_nl_policy[PE_SERVICE_STATE + 1];

extern const struct nla_policy pe_service_del_nl_policy[PE_SERVICE_ACTS_AS + 1];

extern const struct nla_policy pe_service_get_nl_policy[PE_SERVICE_STATS + 1];

extern const struct nla_policy pe_flush_nl_policy[PE_TXN_OWNER + 1];

extern const struct nla_policy pe_explain_nl_policy[PE_EXPLAIN_SERVICE + 1];

extern const struct nla_policy pe_watch_start_nl_policy[PE_WATCH_SNAPLEN + 1];

extern const struct nla_policy pe_watch_stop_nl_policy[PE_WATCH_KEEP + 1];

extern const struct nla_policy pe_pool_new_nl_policy[PE_POOL_ONE_WAY + 1];

extern const struct nla_policy pe_pool_del_nl_policy[PE_POOL_ACTS_AS + 1];

extern const struct nla_policy pe_pool_get_nl_policy[PE_POOL_STATS + 1];

extern const struct nla_policy pe_device_state_nl_policy[PE_DEVICE_ACTS_AS + 1];

extern const struct nla_policy pe_check_from_nl_policy[PE_CHECK_ADDRESS + 1];

extern const struct nla_policy pe_acl_new_nl_policy[PE_ACL_ACTS_AS + 1];

extern const struct nla_policy pe_acl_del_nl_policy[PE_ACL_ACTS_AS + 1];

extern const struct nla_policy pe_acl_get_nl_policy[PE_ACL_STATS + 1];

extern const struct nla_policy pe_engine_new_nl_policy[PE_ENGINE_LIMIT + 1];

extern const struct nla_policy pe_engine_del_nl_policy[PE_ENGINE_NAME + 1];

extern const struct nla_policy pe_engine_get_nl_policy[PE_ENGINE_STATS + 1];

extern const struct nla_policy pe_flow_get_nl_policy[PE_FLOW_DEVICE + 1];

extern const struct nla_policy pe_flow_flush_nl_policy[PE_FLOW_DEVICE + 1];

/* Ops table for pe */
extern const struct genl_ops pe_nl_ops[27];

int pe_nl_info_get_doit(struct sk_buff *skb, struct genl_info *info);
int pe_nl_txn_begin_doit(struct sk_buff *skb, struct genl_info *info);
int pe_nl_txn_commit_doit(struct sk_buff *skb, struct genl_info *info);
int pe_nl_txn_abort_doit(struct sk_buff *skb, struct genl_info *info);
int pe_nl_device_new_doit(struct sk_buff *skb, struct genl_info *info);
int pe_nl_device_del_doit(struct sk_buff *skb, struct genl_info *info);
int pe_nl_device_get_doit(struct sk_buff *skb, struct genl_info *info);
int pe_nl_device_get_dumpit(struct sk_buff *skb, struct netlink_callback *cb);
int pe_nl_service_new_doit(struct sk_buff *skb, struct genl_info *info);
int pe_nl_service_del_doit(struct sk_buff *skb, struct genl_info *info);
int pe_nl_service_get_doit(struct sk_buff *skb, struct genl_info *info);
int pe_nl_service_get_dumpit(struct sk_buff *skb, struct netlink_callback *cb);
int pe_nl_flush_doit(struct sk_buff *skb, struct genl_info *info);
int pe_nl_explain_doit(struct sk_buff *skb, struct genl_info *info);
int pe_nl_watch_start_doit(struct sk_buff *skb, struct genl_info *info);
int pe_nl_watch_stop_doit(struct sk_buff *skb, struct genl_info *info);
int pe_nl_pool_new_doit(struct sk_buff *skb, struct genl_info *info);
int pe_nl_pool_del_doit(struct sk_buff *skb, struct genl_info *info);
int pe_nl_pool_get_doit(struct sk_buff *skb, struct genl_info *info);
int pe_nl_pool_get_dumpit(struct sk_buff *skb, struct netlink_callback *cb);
int pe_nl_device_state_doit(struct sk_buff *skb, struct genl_info *info);
int pe_nl_check_from_doit(struct sk_buff *skb, struct genl_info *info);
int pe_nl_acl_new_doit(struct sk_buff *skb, struct genl_info *info);
int pe_nl_acl_del_doit(struct sk_buff *skb, struct genl_info *info);
int pe_nl_acl_get_doit(struct sk_buff *skb, struct genl_info *info);
int pe_nl_acl_get_dumpit(struct sk_buff *skb, struct netlink_callback *cb);
int pe_nl_engine_new_doit(struct sk_buff *skb, struct genl_info *info);
int pe_nl_engine_del_doit(struct sk_buff *skb, struct genl_info *info);
int pe_nl_engine_get_doit(struct sk_buff *skb, struct genl_info *info);
int pe_nl_engine_get_dumpit(struct sk_buff *skb, struct netlink_callback *cb);
int pe_nl_flow_get_doit(struct sk_buff *skb, struct genl_info *info);
int pe_nl_flow_get_dumpit(struct sk_buff *skb, struct netlink_callback *cb);
int pe_nl_flow_flush_doit(struct sk_buff *skb, struct genl_info *info);

enum {
	PE_NLGRP_CONFIG,
	PE_NLGRP_EVENTS,
};

#endif /* _LINUX_PE_GEN_H */
