// SPDX-License-Identifier: ((GPL-2.0 WITH Linux-syscall-note) OR BSD-3-Clause)
/* Do not edit directly, auto-generated from: */
/*	Documentation/netlink/specs/pe.yaml */
/* YNL-GEN kernel source */

#include <net/netlink.h>
#include <net/genetlink.h>

#include "nl-gen.h"

#include <uapi/linux/pe.h>

/* Common nested types */
const struct nla_policy pe_counter_nl_policy[PE_COUNTER_BYTES + 1] = {
	[PE_COUNTER_PACKETS] = { .type = NLA_U64, },
	[PE_COUNTER_BYTES] = { .type = NLA_U64, },
};

const struct nla_policy pe_limit_nl_policy[PE_LIMIT_FLOWS + 1] = {
	[PE_LIMIT_PACKETS] = { .type = NLA_U64, },
	[PE_LIMIT_BYTES] = { .type = NLA_U64, },
	[PE_LIMIT_FLOWS] = { .type = NLA_U64, },
};

const struct nla_policy pe_member_nl_policy[PE_MEMBER_SLOTS + 1] = {
	[PE_MEMBER_DEVICE] = { .type = NLA_NUL_STRING, .len = PE_NAME_MAX, },
	[PE_MEMBER_WEIGHT] = { .type = NLA_U16, },
	[PE_MEMBER_SLOTS] = { .type = NLA_U32, },
};

const struct nla_policy pe_port_nl_policy[PE_PORT_VNI + 1] = {
	[PE_PORT_DEV] = { .type = NLA_NUL_STRING, .len = 15, },
	[PE_PORT_LLADDR] = NLA_POLICY_EXACT_LEN(6),
	[PE_PORT_VIA] = { .type = NLA_BINARY, },
	[PE_PORT_IFINDEX] = { .type = NLA_U32, },
	[PE_PORT_RESOLVED] = NLA_POLICY_EXACT_LEN(6),
	[PE_PORT_REMOTE] = { .type = NLA_BINARY, },
	[PE_PORT_VNI] = { .type = NLA_U32, },
};

const struct nla_policy pe_range_nl_policy[PE_RANGE_DYNAMIC + 1] = {
	[PE_RANGE_FIRST] = { .type = NLA_U16, },
	[PE_RANGE_LAST] = { .type = NLA_U16, },
	[PE_RANGE_DYNAMIC] = { .type = NLA_FLAG, },
};

const struct nla_policy pe_rule_nl_policy[PE_RULE_HITS + 1] = {
	[PE_RULE_PERMIT] = { .type = NLA_FLAG, },
	[PE_RULE_FROM] = { .type = NLA_BINARY, },
	[PE_RULE_FROM_LEN] = NLA_POLICY_MAX(NLA_U8, 128),
	[PE_RULE_TO] = { .type = NLA_BINARY, },
	[PE_RULE_TO_LEN] = NLA_POLICY_MAX(NLA_U8, 128),
	[PE_RULE_PROTO] = { .type = NLA_U8, },
	[PE_RULE_SPORT] = NLA_POLICY_NESTED(pe_range_nl_policy),
	[PE_RULE_PORT] = NLA_POLICY_NESTED(pe_range_nl_policy),
	[PE_RULE_FLAGS_MASK] = { .type = NLA_U8, },
	[PE_RULE_FLAGS] = { .type = NLA_U8, },
	[PE_RULE_TYPE] = { .type = NLA_U8, },
	[PE_RULE_CODE] = { .type = NLA_U8, },
	[PE_RULE_DSCP] = NLA_POLICY_MAX(NLA_U8, 63),
	[PE_RULE_IIF] = { .type = NLA_NUL_STRING, .len = 15, },
	[PE_RULE_FRAGMENTS] = { .type = NLA_FLAG, },
	[PE_RULE_COUNT] = { .type = NLA_FLAG, },
	[PE_RULE_HITS] = NLA_POLICY_NESTED(pe_counter_nl_policy),
};

const struct nla_policy pe_state_nl_policy[PE_STATE_FORMER + 1] = {
	[PE_STATE_FLOWS] = { .type = NLA_U32, },
	[PE_STATE_TIMEOUT] = { .type = NLA_U32, },
	[PE_STATE_USED] = { .type = NLA_U32, },
	[PE_STATE_MADE] = { .type = NLA_U64, },
	[PE_STATE_OVER] = { .type = NLA_U64, },
	[PE_STATE_FORMER] = NLA_POLICY_NESTED(pe_step_nl_policy),
};

const struct nla_policy pe_step_nl_policy[PE_STEP_SKIPPED + 1] = {
	[PE_STEP_DEVICE] = { .type = NLA_NUL_STRING, .len = PE_NAME_MAX, },
	[PE_STEP_PORT] = { .type = NLA_U16, },
	[PE_STEP_FORWARD] = NLA_POLICY_NESTED(pe_counter_nl_policy),
	[PE_STEP_REVERSE] = NLA_POLICY_NESTED(pe_counter_nl_policy),
	[PE_STEP_EMIT_PROTO] = { .type = NLA_U8, },
	[PE_STEP_EMIT_PORT] = { .type = NLA_U16, },
	[PE_STEP_OPEN] = { .type = NLA_FLAG, },
	[PE_STEP_SKIPPED] = NLA_POLICY_NESTED(pe_counter_nl_policy),
};

/* PE_CMD_INFO_GET - do */
const struct nla_policy pe_info_get_nl_policy[PE_INFO_STATS + 1] = {
	[PE_INFO_STATS] = { .type = NLA_FLAG, },
};

/* PE_CMD_TXN_BEGIN - do */
const struct nla_policy pe_txn_begin_nl_policy[PE_TXN_OWNER + 1] = {
	[PE_TXN_GENERATION] = { .type = NLA_U32, },
	[PE_TXN_OWNER] = { .type = NLA_NUL_STRING, .len = PE_NAME_MAX, },
};

/* PE_CMD_TXN_COMMIT - do */
const struct nla_policy pe_txn_commit_nl_policy[PE_TXN_CHECK + 1] = {
	[PE_TXN_GENERATION] = { .type = NLA_U32, },
	[PE_TXN_CHECK] = { .type = NLA_FLAG, },
};

/* PE_CMD_TXN_ABORT - do */
const struct nla_policy pe_txn_abort_nl_policy[PE_TXN_GENERATION + 1] = {
	[PE_TXN_GENERATION] = { .type = NLA_U32, },
};

/* PE_CMD_DEVICE_NEW - do */
const struct nla_policy pe_device_new_nl_policy[PE_DEVICE_MEASURE + 1] = {
	[PE_DEVICE_NAME] = { .type = NLA_NUL_STRING, .len = PE_NAME_MAX, },
	[PE_DEVICE_KIND] = NLA_POLICY_MAX(NLA_U32, 2),
	[PE_DEVICE_MODE] = NLA_POLICY_MAX(NLA_U32, 2),
	[PE_DEVICE_ADDRESS] = { .type = NLA_BINARY, },
	[PE_DEVICE_TRANSPARENT] = { .type = NLA_FLAG, },
	[PE_DEVICE_GUARD] = { .type = NLA_FLAG, },
	[PE_DEVICE_OUTSIDE] = NLA_POLICY_NESTED(pe_port_nl_policy),
	[PE_DEVICE_INSIDE] = NLA_POLICY_NESTED(pe_port_nl_policy),
	[PE_DEVICE_OWNER] = { .type = NLA_NUL_STRING, .len = PE_NAME_MAX, },
	[PE_DEVICE_ACTS_AS] = { .type = NLA_NUL_STRING, .len = PE_NAME_MAX, },
	[PE_DEVICE_MEASURE] = { .type = NLA_FLAG, },
};

/* PE_CMD_DEVICE_DEL - do */
const struct nla_policy pe_device_del_nl_policy[PE_DEVICE_ACTS_AS + 1] = {
	[PE_DEVICE_NAME] = { .type = NLA_NUL_STRING, .len = PE_NAME_MAX, },
	[PE_DEVICE_ACTS_AS] = { .type = NLA_NUL_STRING, .len = PE_NAME_MAX, },
};

/* PE_CMD_DEVICE_GET - do */
const struct nla_policy pe_device_get_nl_policy[PE_DEVICE_STATS + 1] = {
	[PE_DEVICE_NAME] = { .type = NLA_NUL_STRING, .len = PE_NAME_MAX, },
	[PE_DEVICE_STATS] = { .type = NLA_FLAG, },
};

/* PE_CMD_SERVICE_NEW - do */
const struct nla_policy pe_service_new_nl_policy[PE_SERVICE_STATE + 1] = {
	[PE_SERVICE_NAME] = { .type = NLA_NUL_STRING, .len = PE_NAME_MAX, },
	[PE_SERVICE_VIP] = { .type = NLA_BINARY, },
	[PE_SERVICE_CLIENT] = { .type = NLA_BINARY, },
	[PE_SERVICE_CLIENT_LEN] = NLA_POLICY_MAX(NLA_U8, 128),
	[PE_SERVICE_PROTO] = { .type = NLA_U8, },
	[PE_SERVICE_PORT] = NLA_POLICY_NESTED(pe_range_nl_policy),
	[PE_SERVICE_IIF] = { .type = NLA_NUL_STRING, .len = 15, },
	[PE_SERVICE_STEP] = NLA_POLICY_NESTED(pe_step_nl_policy),
	[PE_SERVICE_TRACK] = NLA_POLICY_MAX(NLA_U32, 4),
	[PE_SERVICE_TRACK_FIRST] = { .type = NLA_U32, },
	[PE_SERVICE_DSCP] = { .type = NLA_U8, },
	[PE_SERVICE_ANNOUNCE] = { .type = NLA_NUL_STRING, .len = 15, },
	[PE_SERVICE_EXIT_VIA] = { .type = NLA_BINARY, },
	[PE_SERVICE_EXIT_DEV] = { .type = NLA_NUL_STRING, .len = 15, },
	[PE_SERVICE_EXIT_TABLE] = { .type = NLA_U32, },
	[PE_SERVICE_ACL] = { .type = NLA_NUL_STRING, .len = PE_NAME_MAX, },
	[PE_SERVICE_LIMIT] = NLA_POLICY_NESTED(pe_limit_nl_policy),
	[PE_SERVICE_OWNER] = { .type = NLA_NUL_STRING, .len = PE_NAME_MAX, },
	[PE_SERVICE_ACTS_AS] = { .type = NLA_NUL_STRING, .len = PE_NAME_MAX, },
	[PE_SERVICE_DSCP_FORWARD] = { .type = NLA_U8, },
	[PE_SERVICE_DSCP_REVERSE] = { .type = NLA_U8, },
	[PE_SERVICE_PRIORITY] = { .type = NLA_U32, },
	[PE_SERVICE_MARK] = { .type = NLA_U32, },
	[PE_SERVICE_STATE] = NLA_POLICY_NESTED(pe_state_nl_policy),
};

/* PE_CMD_SERVICE_DEL - do */
const struct nla_policy pe_service_del_nl_policy[PE_SERVICE_ACTS_AS + 1] = {
	[PE_SERVICE_NAME] = { .type = NLA_NUL_STRING, .len = PE_NAME_MAX, },
	[PE_SERVICE_ACTS_AS] = { .type = NLA_NUL_STRING, .len = PE_NAME_MAX, },
};

/* PE_CMD_SERVICE_GET - do */
const struct nla_policy pe_service_get_nl_policy[PE_SERVICE_STATS + 1] = {
	[PE_SERVICE_NAME] = { .type = NLA_NUL_STRING, .len = PE_NAME_MAX, },
	[PE_SERVICE_STATS] = { .type = NLA_FLAG, },
};

/* PE_CMD_FLUSH - do */
const struct nla_policy pe_flush_nl_policy[PE_TXN_OWNER + 1] = {
	[PE_TXN_GENERATION] = { .type = NLA_U32, },
	[PE_TXN_OWNER] = { .type = NLA_NUL_STRING, .len = PE_NAME_MAX, },
};

/* PE_CMD_EXPLAIN - do */
const struct nla_policy pe_explain_nl_policy[PE_EXPLAIN_SERVICE + 1] = {
	[PE_EXPLAIN_SADDR] = { .type = NLA_BINARY, },
	[PE_EXPLAIN_DADDR] = { .type = NLA_BINARY, },
	[PE_EXPLAIN_PROTO] = { .type = NLA_U8, },
	[PE_EXPLAIN_SPORT] = { .type = NLA_U16, },
	[PE_EXPLAIN_DPORT] = { .type = NLA_U16, },
	[PE_EXPLAIN_IIF] = { .type = NLA_NUL_STRING, .len = 15, },
	[PE_EXPLAIN_SERVICE] = { .type = NLA_NUL_STRING, .len = PE_NAME_MAX, },
};

/* PE_CMD_WATCH_START - do */
const struct nla_policy pe_watch_start_nl_policy[PE_WATCH_SNAPLEN + 1] = {
	[PE_WATCH_FROM] = { .type = NLA_BINARY, },
	[PE_WATCH_FROM_LEN] = { .type = NLA_U8, },
	[PE_WATCH_TO] = { .type = NLA_BINARY, },
	[PE_WATCH_TO_LEN] = { .type = NLA_U8, },
	[PE_WATCH_PROTO] = { .type = NLA_U8, },
	[PE_WATCH_PORT] = { .type = NLA_U16, },
	[PE_WATCH_SERVICE] = { .type = NLA_NUL_STRING, .len = PE_NAME_MAX, },
	[PE_WATCH_IIF] = { .type = NLA_NUL_STRING, .len = 15, },
	[PE_WATCH_STEP] = { .type = NLA_U32, },
	[PE_WATCH_FRAMES] = { .type = NLA_FLAG, },
	[PE_WATCH_SNAPLEN] = { .type = NLA_U32, },
};

/* PE_CMD_WATCH_STOP - do */
const struct nla_policy pe_watch_stop_nl_policy[PE_WATCH_KEEP + 1] = {
	[PE_WATCH_KEEP] = { .type = NLA_FLAG, },
};

/* PE_CMD_POOL_NEW - do */
const struct nla_policy pe_pool_new_nl_policy[PE_POOL_ONE_WAY + 1] = {
	[PE_POOL_NAME] = { .type = NLA_NUL_STRING, .len = PE_NAME_MAX, },
	[PE_POOL_POLICY] = NLA_POLICY_MAX(NLA_U32, 1),
	[PE_POOL_KEY] = NLA_POLICY_MAX(NLA_U32, 1),
	[PE_POOL_MEMBER] = NLA_POLICY_NESTED(pe_member_nl_policy),
	[PE_POOL_DETECT_PACKETS] = { .type = NLA_U32, },
	[PE_POOL_DETECT_WINDOW] = { .type = NLA_U32, },
	[PE_POOL_REVIVE] = { .type = NLA_U32, },
	[PE_POOL_OWNER] = { .type = NLA_NUL_STRING, .len = PE_NAME_MAX, },
	[PE_POOL_ACTS_AS] = { .type = NLA_NUL_STRING, .len = PE_NAME_MAX, },
	[PE_POOL_ONE_WAY] = { .type = NLA_FLAG, },
};

/* PE_CMD_POOL_DEL - do */
const struct nla_policy pe_pool_del_nl_policy[PE_POOL_ACTS_AS + 1] = {
	[PE_POOL_NAME] = { .type = NLA_NUL_STRING, .len = PE_NAME_MAX, },
	[PE_POOL_ACTS_AS] = { .type = NLA_NUL_STRING, .len = PE_NAME_MAX, },
};

/* PE_CMD_POOL_GET - do */
const struct nla_policy pe_pool_get_nl_policy[PE_POOL_STATS + 1] = {
	[PE_POOL_NAME] = { .type = NLA_NUL_STRING, .len = PE_NAME_MAX, },
	[PE_POOL_STATS] = { .type = NLA_FLAG, },
};

/* PE_CMD_DEVICE_STATE - do */
const struct nla_policy pe_device_state_nl_policy[PE_DEVICE_ACTS_AS + 1] = {
	[PE_DEVICE_NAME] = { .type = NLA_NUL_STRING, .len = PE_NAME_MAX, },
	[PE_DEVICE_STATE] = NLA_POLICY_MAX(NLA_U32, 3),
	[PE_DEVICE_CAUSE] = NLA_POLICY_MAX(NLA_U32, 8),
	[PE_DEVICE_EVIDENCE] = { .type = NLA_NUL_STRING, .len = PE_EVIDENCE_MAX, },
	[PE_DEVICE_ACTS_AS] = { .type = NLA_NUL_STRING, .len = PE_NAME_MAX, },
};

/* PE_CMD_CHECK_FROM - do */
const struct nla_policy pe_check_from_nl_policy[PE_CHECK_ADDRESS + 1] = {
	[PE_CHECK_ADDRESS] = { .type = NLA_BINARY, },
};

/* PE_CMD_ACL_NEW - do */
const struct nla_policy pe_acl_new_nl_policy[PE_ACL_ACTS_AS + 1] = {
	[PE_ACL_NAME] = { .type = NLA_NUL_STRING, .len = PE_NAME_MAX, },
	[PE_ACL_PERMIT] = { .type = NLA_FLAG, },
	[PE_ACL_FIRST] = { .type = NLA_U32, },
	[PE_ACL_RULE] = NLA_POLICY_NESTED(pe_rule_nl_policy),
	[PE_ACL_OWNER] = { .type = NLA_NUL_STRING, .len = PE_NAME_MAX, },
	[PE_ACL_ACTS_AS] = { .type = NLA_NUL_STRING, .len = PE_NAME_MAX, },
};

/* PE_CMD_ACL_DEL - do */
const struct nla_policy pe_acl_del_nl_policy[PE_ACL_ACTS_AS + 1] = {
	[PE_ACL_NAME] = { .type = NLA_NUL_STRING, .len = PE_NAME_MAX, },
	[PE_ACL_ACTS_AS] = { .type = NLA_NUL_STRING, .len = PE_NAME_MAX, },
};

/* PE_CMD_ACL_GET - do */
const struct nla_policy pe_acl_get_nl_policy[PE_ACL_STATS + 1] = {
	[PE_ACL_NAME] = { .type = NLA_NUL_STRING, .len = PE_NAME_MAX, },
	[PE_ACL_STATS] = { .type = NLA_FLAG, },
};

/* PE_CMD_ENGINE_NEW - do */
const struct nla_policy pe_engine_new_nl_policy[PE_ENGINE_LIMIT + 1] = {
	[PE_ENGINE_NAME] = { .type = NLA_NUL_STRING, .len = PE_NAME_MAX, },
	[PE_ENGINE_LIMIT] = NLA_POLICY_NESTED(pe_limit_nl_policy),
};

/* PE_CMD_ENGINE_DEL - do */
const struct nla_policy pe_engine_del_nl_policy[PE_ENGINE_NAME + 1] = {
	[PE_ENGINE_NAME] = { .type = NLA_NUL_STRING, .len = PE_NAME_MAX, },
};

/* PE_CMD_ENGINE_GET - do */
const struct nla_policy pe_engine_get_nl_policy[PE_ENGINE_STATS + 1] = {
	[PE_ENGINE_NAME] = { .type = NLA_NUL_STRING, .len = PE_NAME_MAX, },
	[PE_ENGINE_STATS] = { .type = NLA_FLAG, },
};

/* PE_CMD_FLOW_GET - do */
const struct nla_policy pe_flow_get_nl_policy[PE_FLOW_DEVICE + 1] = {
	[PE_FLOW_SERVICE] = { .type = NLA_NUL_STRING, .len = PE_NAME_MAX, },
	[PE_FLOW_CLIENT] = { .type = NLA_BINARY, },
	[PE_FLOW_CLIENT_LEN] = { .type = NLA_U8, },
	[PE_FLOW_PROTO] = { .type = NLA_U8, },
	[PE_FLOW_DEVICE] = { .type = NLA_STRING, .len = PE_NAME_MAX, },
};

/* PE_CMD_FLOW_FLUSH - do */
const struct nla_policy pe_flow_flush_nl_policy[PE_FLOW_DEVICE + 1] = {
	[PE_FLOW_SERVICE] = { .type = NLA_NUL_STRING, .len = PE_NAME_MAX, },
	[PE_FLOW_CLIENT] = { .type = NLA_BINARY, },
	[PE_FLOW_CLIENT_LEN] = { .type = NLA_U8, },
	[PE_FLOW_PROTO] = { .type = NLA_U8, },
	[PE_FLOW_DEVICE] = { .type = NLA_STRING, .len = PE_NAME_MAX, },
};

/* Ops table for pe */
const struct genl_ops pe_nl_ops[27] = {
	{
		.cmd		= PE_CMD_INFO_GET,
		.doit		= pe_nl_info_get_doit,
		.policy		= pe_info_get_nl_policy,
		.maxattr	= PE_INFO_STATS,
	},
	{
		.cmd		= PE_CMD_TXN_BEGIN,
		.doit		= pe_nl_txn_begin_doit,
		.policy		= pe_txn_begin_nl_policy,
		.maxattr	= PE_TXN_OWNER,
		.flags		= GENL_UNS_ADMIN_PERM,
	},
	{
		.cmd		= PE_CMD_TXN_COMMIT,
		.doit		= pe_nl_txn_commit_doit,
		.policy		= pe_txn_commit_nl_policy,
		.maxattr	= PE_TXN_CHECK,
		.flags		= GENL_UNS_ADMIN_PERM,
	},
	{
		.cmd		= PE_CMD_TXN_ABORT,
		.doit		= pe_nl_txn_abort_doit,
		.policy		= pe_txn_abort_nl_policy,
		.maxattr	= PE_TXN_GENERATION,
		.flags		= GENL_UNS_ADMIN_PERM,
	},
	{
		.cmd		= PE_CMD_DEVICE_NEW,
		.doit		= pe_nl_device_new_doit,
		.policy		= pe_device_new_nl_policy,
		.maxattr	= PE_DEVICE_MEASURE,
		.flags		= GENL_UNS_ADMIN_PERM,
	},
	{
		.cmd		= PE_CMD_DEVICE_DEL,
		.doit		= pe_nl_device_del_doit,
		.policy		= pe_device_del_nl_policy,
		.maxattr	= PE_DEVICE_ACTS_AS,
		.flags		= GENL_UNS_ADMIN_PERM,
	},
	{
		.cmd		= PE_CMD_DEVICE_GET,
		.doit		= pe_nl_device_get_doit,
		.dumpit		= pe_nl_device_get_dumpit,
		.policy		= pe_device_get_nl_policy,
		.maxattr	= PE_DEVICE_STATS,
	},
	{
		.cmd		= PE_CMD_SERVICE_NEW,
		.doit		= pe_nl_service_new_doit,
		.policy		= pe_service_new_nl_policy,
		.maxattr	= PE_SERVICE_STATE,
		.flags		= GENL_UNS_ADMIN_PERM,
	},
	{
		.cmd		= PE_CMD_SERVICE_DEL,
		.doit		= pe_nl_service_del_doit,
		.policy		= pe_service_del_nl_policy,
		.maxattr	= PE_SERVICE_ACTS_AS,
		.flags		= GENL_UNS_ADMIN_PERM,
	},
	{
		.cmd		= PE_CMD_SERVICE_GET,
		.doit		= pe_nl_service_get_doit,
		.dumpit		= pe_nl_service_get_dumpit,
		.policy		= pe_service_get_nl_policy,
		.maxattr	= PE_SERVICE_STATS,
	},
	{
		.cmd		= PE_CMD_FLUSH,
		.doit		= pe_nl_flush_doit,
		.policy		= pe_flush_nl_policy,
		.maxattr	= PE_TXN_OWNER,
		.flags		= GENL_UNS_ADMIN_PERM,
	},
	{
		.cmd		= PE_CMD_EXPLAIN,
		.doit		= pe_nl_explain_doit,
		.policy		= pe_explain_nl_policy,
		.maxattr	= PE_EXPLAIN_SERVICE,
	},
	{
		.cmd		= PE_CMD_WATCH_START,
		.doit		= pe_nl_watch_start_doit,
		.policy		= pe_watch_start_nl_policy,
		.maxattr	= PE_WATCH_SNAPLEN,
		.flags		= GENL_UNS_ADMIN_PERM,
	},
	{
		.cmd		= PE_CMD_WATCH_STOP,
		.doit		= pe_nl_watch_stop_doit,
		.policy		= pe_watch_stop_nl_policy,
		.maxattr	= PE_WATCH_KEEP,
		.flags		= GENL_UNS_ADMIN_PERM,
	},
	{
		.cmd		= PE_CMD_POOL_NEW,
		.doit		= pe_nl_pool_new_doit,
		.policy		= pe_pool_new_nl_policy,
		.maxattr	= PE_POOL_ONE_WAY,
		.flags		= GENL_UNS_ADMIN_PERM,
	},
	{
		.cmd		= PE_CMD_POOL_DEL,
		.doit		= pe_nl_pool_del_doit,
		.policy		= pe_pool_del_nl_policy,
		.maxattr	= PE_POOL_ACTS_AS,
		.flags		= GENL_UNS_ADMIN_PERM,
	},
	{
		.cmd		= PE_CMD_POOL_GET,
		.doit		= pe_nl_pool_get_doit,
		.dumpit		= pe_nl_pool_get_dumpit,
		.policy		= pe_pool_get_nl_policy,
		.maxattr	= PE_POOL_STATS,
	},
	{
		.cmd		= PE_CMD_DEVICE_STATE,
		.doit		= pe_nl_device_state_doit,
		.policy		= pe_device_state_nl_policy,
		.maxattr	= PE_DEVICE_ACTS_AS,
		.flags		= GENL_UNS_ADMIN_PERM,
	},
	{
		.cmd		= PE_CMD_CHECK_FROM,
		.doit		= pe_nl_check_from_doit,
		.policy		= pe_check_from_nl_policy,
		.maxattr	= PE_CHECK_ADDRESS,
		.flags		= GENL_UNS_ADMIN_PERM,
	},
	{
		.cmd		= PE_CMD_ACL_NEW,
		.doit		= pe_nl_acl_new_doit,
		.policy		= pe_acl_new_nl_policy,
		.maxattr	= PE_ACL_ACTS_AS,
		.flags		= GENL_UNS_ADMIN_PERM,
	},
	{
		.cmd		= PE_CMD_ACL_DEL,
		.doit		= pe_nl_acl_del_doit,
		.policy		= pe_acl_del_nl_policy,
		.maxattr	= PE_ACL_ACTS_AS,
		.flags		= GENL_UNS_ADMIN_PERM,
	},
	{
		.cmd		= PE_CMD_ACL_GET,
		.doit		= pe_nl_acl_get_doit,
		.dumpit		= pe_nl_acl_get_dumpit,
		.policy		= pe_acl_get_nl_policy,
		.maxattr	= PE_ACL_STATS,
	},
	{
		.cmd		= PE_CMD_ENGINE_NEW,
		.doit		= pe_nl_engine_new_doit,
		.policy		= pe_engine_new_nl_policy,
		.maxattr	= PE_ENGINE_LIMIT,
		.flags		= GENL_UNS_ADMIN_PERM,
	},
	{
		.cmd		= PE_CMD_ENGINE_DEL,
		.doit		= pe_nl_engine_del_doit,
		.policy		= pe_engine_del_nl_policy,
		.maxattr	= PE_ENGINE_NAME,
		.flags		= GENL_UNS_ADMIN_PERM,
	},
	{
		.cmd		= PE_CMD_ENGINE_GET,
		.doit		= pe_nl_engine_get_doit,
		.dumpit		= pe_nl_engine_get_dumpit,
		.policy		= pe_engine_get_nl_policy,
		.maxattr	= PE_ENGINE_STATS,
	},
	{
		.cmd		= PE_CMD_FLOW_GET,
		.doit		= pe_nl_flow_get_doit,
		.dumpit		= pe_nl_flow_get_dumpit,
		.policy		= pe_flow_get_nl_policy,
		.maxattr	= PE_FLOW_DEVICE,
		.flags		= GENL_UNS_ADMIN_PERM,
	},
	{
		.cmd		= PE_CMD_FLOW_FLUSH,
		.doit		= pe_nl_flow_flush_doit,
		.policy		= pe_flow_flush_nl_policy,
		.maxattr	= PE_FLOW_DEVICE,
		.flags		= GENL_UNS_ADMIN_PERM,
	},
};
