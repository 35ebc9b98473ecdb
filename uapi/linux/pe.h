/* SPDX-License-Identifier: ((GPL-2.0 WITH Linux-syscall-note) OR BSD-3-Clause) */
/* Do not edit directly, auto-generated from: */
/*	Documentation/netlink/specs/pe.yaml */
/* YNL-GEN uapi header */

#ifndef _UAPI_LINUX_PE_H
#define _UAPI_LINUX_PE_H

#define PE_GENL_NAME	"pe"
#define PE_GENL_VERSION	1

#define PE_NAME_MAX		31
#define PE_STEPS_MAX		32
#define PE_PORTS_MAX		16
#define PE_MEMBERS_MAX		64
#define PE_FLOW_PINS_MAX	8
#define PE_FLOW_TIMEOUT_MAX	86400
#define PE_EVIDENCE_MAX		127
#define PE_LATENCY_BUCKETS	26
#define PE_LATENCY_SHIFT	8

/**
 * enum pe_device_kind - What an appliance does with the packets it is handed.
 * @PE_DEVICE_KIND_SERVER: Ends a sequence, answers the client.
 * @PE_DEVICE_KIND_INLINE: Takes packets in on one side and lets them out on
 *   the other.
 * @PE_DEVICE_KIND_TAP: Gets copies.
 */
enum pe_device_kind {
	PE_DEVICE_KIND_SERVER,
	PE_DEVICE_KIND_INLINE,
	PE_DEVICE_KIND_TAP,
};

/**
 * enum pe_server_mode - How a server takes packets addressed to a service.
 * @PE_SERVER_MODE_LOOPBACK: Accepts any service address and answers from it.
 * @PE_SERVER_MODE_ALIAS: Owns the service addresses as non-ARP aliases.
 * @PE_SERVER_MODE_NAT: Is addressed by its own address, which the engine
 *   translates.
 */
enum pe_server_mode {
	PE_SERVER_MODE_LOOPBACK,
	PE_SERVER_MODE_ALIAS,
	PE_SERVER_MODE_NAT,
};

/**
 * enum pe_direction
 * @PE_DIRECTION_FORWARD: From client to server.
 * @PE_DIRECTION_REVERSE: From server to client.
 */
enum pe_direction {
	PE_DIRECTION_FORWARD,
	PE_DIRECTION_REVERSE,
};

/**
 * enum pe_action - What becomes of a packet at a stage.
 * @PE_ACTION_ACCEPT: Belongs to no service and is left alone.
 * @PE_ACTION_STEER: Handed to a device's port.
 * @PE_ACTION_TRANSLATE: Addresses or port rewritten, then routed by the
 *   kernel.
 * @PE_ACTION_DELIVER: Leaves the sequence and is routed by the kernel.
 * @PE_ACTION_DROP: Dropped for the reason given.
 * @PE_ACTION_EXIT: Leaves the sequence by the service's own next hop or
 *   routing table.
 * @PE_ACTION_COPY: A copy of it handed to a tap; the packet itself goes on.
 * @PE_ACTION_ARRIVE: Came to the stage; what becomes of it is told next.
 */
enum pe_action {
	PE_ACTION_ACCEPT,
	PE_ACTION_STEER,
	PE_ACTION_TRANSLATE,
	PE_ACTION_DELIVER,
	PE_ACTION_DROP,
	PE_ACTION_EXIT,
	PE_ACTION_COPY,
	PE_ACTION_ARRIVE,
};

/**
 * enum pe_track - How it is known which device of a sequence a packet comes
 *   from.
 * @PE_TRACK_LINK: By interface and link-layer address alone.
 * @PE_TRACK_DSCP: By the DSCP as well, which devices leave as it is.
 * @PE_TRACK_VLAN: By an 802.1Q tag as well, with which devices return packets.
 * @PE_TRACK_MPLS: By an MPLS label as well, with which devices return packets.
 * @PE_TRACK_NSH: By a network service header as well (RFC 8300).
 */
enum pe_track {
	PE_TRACK_LINK,
	PE_TRACK_DSCP,
	PE_TRACK_VLAN,
	PE_TRACK_MPLS,
	PE_TRACK_NSH,
};

/**
 * enum pe_drop - Why a packet was dropped.
 * @PE_DROP_NONE: It was not.
 * @PE_DROP_WRONG_PLACE: Claims a place in a sequence but did not come from
 *   there.
 * @PE_DROP_TTL: The time to live or hop limit ran out.
 * @PE_DROP_MTU: Too big for the next interface; the sender was told.
 * @PE_DROP_NO_INTERFACE: The interface of the next device is not there.
 * @PE_DROP_INTERFACE_DOWN: The interface of the next device is down.
 * @PE_DROP_NO_NEIGHBOUR: The link-layer address of the next device is not
 *   known.
 * @PE_DROP_NO_MEMORY: No memory to make the packet writable.
 * @PE_DROP_FRAGMENT: A fragment that cannot be put together, or an ICMP error
 *   about one without ports.
 * @PE_DROP_MALFORMED: Headers that contradict each other or end too early.
 * @PE_DROP_GUARD: Addressed to a guarded device directly.
 * @PE_DROP_TAP_COPY: A copy for a tap could not be made or sent; the packet
 *   went on.
 * @PE_DROP_ENCAPSULATE: What tracks the packet could not be put around it.
 * @PE_DROP_NO_ROUTE: No route to where packets of the service leave its
 *   sequence.
 * @PE_DROP_NO_DEVICE: No device of the step is up, and the step fails closed.
 * @PE_DROP_CHECK: What a check sent came back from its device, or was
 *   answered.
 * @PE_DROP_DENIED: An access list of the service does not let it in.
 * @PE_DROP_LIMIT: More than the service's limit lets in.
 * @PE_DROP_OVERLOAD: More than the engine's limit lets in.
 */
enum pe_drop {
	PE_DROP_NONE,
	PE_DROP_WRONG_PLACE,
	PE_DROP_TTL,
	PE_DROP_MTU,
	PE_DROP_NO_INTERFACE,
	PE_DROP_INTERFACE_DOWN,
	PE_DROP_NO_NEIGHBOUR,
	PE_DROP_NO_MEMORY,
	PE_DROP_FRAGMENT,
	PE_DROP_MALFORMED,
	PE_DROP_GUARD,
	PE_DROP_TAP_COPY,
	PE_DROP_ENCAPSULATE,
	PE_DROP_NO_ROUTE,
	PE_DROP_NO_DEVICE,
	PE_DROP_CHECK,
	PE_DROP_DENIED,
	PE_DROP_LIMIT,
	PE_DROP_OVERLOAD,
};

/**
 * enum pe_obstacle - Why the kernel will not, or not at once, forward what is
 *   left to it.
 * @PE_OBSTACLE_NONE: Nothing that is known of.
 * @PE_OBSTACLE_NO_ROUTE: There is no route to where it is going, or one that
 *   refuses.
 * @PE_OBSTACLE_FORWARDING_OFF: Forwarding is off for the interface that it
 *   came by.
 * @PE_OBSTACLE_SOURCE: Source validation (rp_filter) does not let it in there.
 * @PE_OBSTACLE_INTERFACE_DOWN: The interface that the route leaves by is down.
 * @PE_OBSTACLE_NO_NEIGHBOUR: The next hop's link-layer address is being asked
 *   for.
 */
enum pe_obstacle {
	PE_OBSTACLE_NONE,
	PE_OBSTACLE_NO_ROUTE,
	PE_OBSTACLE_FORWARDING_OFF,
	PE_OBSTACLE_SOURCE,
	PE_OBSTACLE_INTERFACE_DOWN,
	PE_OBSTACLE_NO_NEIGHBOUR,
};

/**
 * enum pe_event
 * @PE_EVENT_INTERFACE_GONE: An interface that devices are attached to went
 *   away.
 * @PE_EVENT_INTERFACE_BACK: An interface that devices are attached to came
 *   back.
 * @PE_EVENT_ADDRESS_CLAIMED: Another host says that it has an address
 *   announced on an interface.
 * @PE_EVENT_DEVICE_STATE: A device is up, down, draining or in maintenance
 *   now.
 * @PE_EVENT_POOL_CHANGED: Other members of a pool get its packets now.
 * @PE_EVENT_POOL_EMPTY: No member of a pool is up.
 */
enum pe_event {
	PE_EVENT_INTERFACE_GONE,
	PE_EVENT_INTERFACE_BACK,
	PE_EVENT_ADDRESS_CLAIMED,
	PE_EVENT_DEVICE_STATE,
	PE_EVENT_POOL_CHANGED,
	PE_EVENT_POOL_EMPTY,
};

/**
 * enum pe_latency_of - What of a device is measured.
 * @PE_LATENCY_OF_FORWARD: From handing an inline device a packet for the
 *   server to its return.
 * @PE_LATENCY_OF_REVERSE: From handing an inline device a packet for the
 *   client to its return.
 * @PE_LATENCY_OF_CONNECT: From handing a server what opens a TCP connection to
 *   its answer.
 * @PE_LATENCY_OF_ANSWER: From a server's acknowledging data to the first data
 *   it sends afterwards on the connection.
 */
enum pe_latency_of {
	PE_LATENCY_OF_FORWARD,
	PE_LATENCY_OF_REVERSE,
	PE_LATENCY_OF_CONNECT,
	PE_LATENCY_OF_ANSWER,
};

/**
 * enum pe_pool_policy - Which member of a pool gets a packet.
 * @PE_POOL_POLICY_FAILOVER: The first one that is up, in the order of the
 *   pool.
 * @PE_POOL_POLICY_MAGLEV: One for each flow or client, found by a consistent
 *   hash.
 */
enum pe_pool_policy {
	PE_POOL_POLICY_FAILOVER,
	PE_POOL_POLICY_MAGLEV,
};

/**
 * enum pe_pool_key - What of the client decides between the members of a pool.
 * @PE_POOL_KEY_FLOW: Address and port; of a service without ports and of
 *   protocols that have none, the address.
 * @PE_POOL_KEY_CLIENT: Address.
 */
enum pe_pool_key {
	PE_POOL_KEY_FLOW,
	PE_POOL_KEY_CLIENT,
};

/**
 * enum pe_device_state
 * @PE_DEVICE_STATE_UP: Gets packets.
 * @PE_DEVICE_STATE_DOWN: Gets none, for it does not work.
 * @PE_DEVICE_STATE_DRAIN: Gets packets only where no other member of its pool
 *   is up.
 * @PE_DEVICE_STATE_MAINTENANCE: Gets none, for somebody works at it.
 */
enum pe_device_state {
	PE_DEVICE_STATE_UP,
	PE_DEVICE_STATE_DOWN,
	PE_DEVICE_STATE_DRAIN,
	PE_DEVICE_STATE_MAINTENANCE,
};

/**
 * enum pe_cause - What brought a device's state about.
 * @PE_CAUSE_BEGIN: It has been so since the device was added.
 * @PE_CAUSE_COMMAND: Somebody said so.
 * @PE_CAUSE_CHECK: An active check found out.
 * @PE_CAUSE_SILENCE: It returned nothing of what it was handed.
 * @PE_CAUSE_UNANSWERED: It did not answer what opens a connection.
 * @PE_CAUSE_REFUSED: It refused what it was asked.
 * @PE_CAUSE_NEIGHBOUR: Its link-layer address could not be found, or could
 *   again.
 * @PE_CAUSE_INTERFACE: Its interface is gone or down, or came back.
 * @PE_CAUSE_REVIVE: Its pool lets it try again after a while.
 */
enum pe_cause {
	PE_CAUSE_BEGIN,
	PE_CAUSE_COMMAND,
	PE_CAUSE_CHECK,
	PE_CAUSE_SILENCE,
	PE_CAUSE_UNANSWERED,
	PE_CAUSE_REFUSED,
	PE_CAUSE_NEIGHBOUR,
	PE_CAUSE_INTERFACE,
	PE_CAUSE_REVIVE,
};

/**
 * enum pe_flow_phase - How far a flow is that a service remembers.
 * @PE_FLOW_PHASE_NEW: Nothing came back yet.
 * @PE_FLOW_PHASE_ESTABLISHED: Packets were seen both ways.
 * @PE_FLOW_PHASE_CLOSING: One end has closed the connection.
 * @PE_FLOW_PHASE_CLOSED: Both ends have, or one has reset it.
 */
enum pe_flow_phase {
	PE_FLOW_PHASE_NEW,
	PE_FLOW_PHASE_ESTABLISHED,
	PE_FLOW_PHASE_CLOSING,
	PE_FLOW_PHASE_CLOSED,
};

enum {
	PE_COUNTER_PAD = 1,
	PE_COUNTER_PACKETS,
	PE_COUNTER_BYTES,

	__PE_COUNTER_MAX
};
#define PE_COUNTER_MAX (__PE_COUNTER_MAX - 1)

enum {
	PE_PORT_DEV = 1,
	PE_PORT_LLADDR,
	PE_PORT_VIA,
	PE_PORT_IFINDEX,
	PE_PORT_RESOLVED,
	PE_PORT_REMOTE,
	PE_PORT_VNI,

	__PE_PORT_MAX
};
#define PE_PORT_MAX (__PE_PORT_MAX - 1)

enum {
	PE_RANGE_FIRST = 1,
	PE_RANGE_LAST,
	PE_RANGE_DYNAMIC,

	__PE_RANGE_MAX
};
#define PE_RANGE_MAX (__PE_RANGE_MAX - 1)

enum {
	PE_LIMIT_PAD = 1,
	PE_LIMIT_PACKETS,
	PE_LIMIT_BYTES,
	PE_LIMIT_FLOWS,

	__PE_LIMIT_MAX
};
#define PE_LIMIT_MAX (__PE_LIMIT_MAX - 1)

enum {
	PE_STEP_DEVICE = 1,
	PE_STEP_PORT,
	PE_STEP_FORWARD,
	PE_STEP_REVERSE,
	PE_STEP_EMIT_PROTO,
	PE_STEP_EMIT_PORT,
	PE_STEP_OPEN,
	PE_STEP_SKIPPED,

	__PE_STEP_MAX
};
#define PE_STEP_MAX (__PE_STEP_MAX - 1)

enum {
	PE_MEMBER_DEVICE = 1,
	PE_MEMBER_WEIGHT,
	PE_MEMBER_SLOTS,

	__PE_MEMBER_MAX
};
#define PE_MEMBER_MAX (__PE_MEMBER_MAX - 1)

enum {
	PE_LATENCY_PAD = 1,
	PE_LATENCY_OF,
	PE_LATENCY_BUCKET,
	PE_LATENCY_SUM,
	PE_LATENCY_LOST,
	PE_LATENCY_WAITING,

	__PE_LATENCY_MAX
};
#define PE_LATENCY_MAX (__PE_LATENCY_MAX - 1)

enum {
	PE_DROPS_PAD = 1,
	PE_DROPS_REASON,
	PE_DROPS_PACKETS,

	__PE_DROPS_MAX
};
#define PE_DROPS_MAX (__PE_DROPS_MAX - 1)

enum {
	PE_HOP_ACTION = 1,
	PE_HOP_REASON,
	PE_HOP_DIRECTION,
	PE_HOP_SERVICE,
	PE_HOP_IIF,
	PE_HOP_FROM,
	PE_HOP_TAP,
	PE_HOP_DEVICE,
	PE_HOP_OIF,
	PE_HOP_LLADDR,
	PE_HOP_SADDR,
	PE_HOP_DADDR,
	PE_HOP_SPORT,
	PE_HOP_DPORT,
	PE_HOP_STEP,
	PE_HOP_PROTO,
	PE_HOP_TRACK,
	PE_HOP_CODE,
	PE_HOP_OBSTACLE,
	PE_HOP_ACL,
	PE_HOP_RULE,
	PE_HOP_LIMIT,
	PE_HOP_ENGINE_LIMIT,

	__PE_HOP_MAX
};
#define PE_HOP_MAX (__PE_HOP_MAX - 1)

enum {
	PE_INFO_GENERATION = 1,
	PE_INFO_DEVICES,
	PE_INFO_SERVICES,
	PE_INFO_ADDRESSES,
	PE_INFO_DEVICES_MAX,
	PE_INFO_SERVICES_MAX,
	PE_INFO_DROP,
	PE_INFO_VERSION,
	PE_INFO_STATS,
	PE_INFO_POOLS,
	PE_INFO_POOLS_MAX,
	PE_INFO_ACLS,
	PE_INFO_ACLS_MAX,
	PE_INFO_FLOWS,
	PE_INFO_FLOWS_MAX,
	PE_INFO_FLOW_COUNTS,

	__PE_INFO_MAX
};
#define PE_INFO_MAX (__PE_INFO_MAX - 1)

enum {
	PE_TXN_GENERATION = 1,
	PE_TXN_CHECK,
	PE_TXN_OWNER,

	__PE_TXN_MAX
};
#define PE_TXN_MAX (__PE_TXN_MAX - 1)

enum {
	PE_DEVICE_NAME = 1,
	PE_DEVICE_ID,
	PE_DEVICE_KIND,
	PE_DEVICE_MODE,
	PE_DEVICE_ADDRESS,
	PE_DEVICE_TRANSPARENT,
	PE_DEVICE_GUARD,
	PE_DEVICE_OUTSIDE,
	PE_DEVICE_INSIDE,
	PE_DEVICE_FORWARD,
	PE_DEVICE_REVERSE,
	PE_DEVICE_USERS,
	PE_DEVICE_GENERATION,
	PE_DEVICE_STATS,
	PE_DEVICE_PAD,
	PE_DEVICE_STATE,
	PE_DEVICE_CAUSE,
	PE_DEVICE_SINCE,
	PE_DEVICE_EVIDENCE,
	PE_DEVICE_OWNER,
	PE_DEVICE_ACTS_AS,
	PE_DEVICE_MEASURE,
	PE_DEVICE_LATENCY,

	__PE_DEVICE_MAX
};
#define PE_DEVICE_MAX (__PE_DEVICE_MAX - 1)

enum {
	PE_SERVICE_NAME = 1,
	PE_SERVICE_ID,
	PE_SERVICE_VIP,
	PE_SERVICE_PROTO,
	PE_SERVICE_PORT,
	PE_SERVICE_IIF,
	PE_SERVICE_STEP,
	PE_SERVICE_FORWARD,
	PE_SERVICE_REVERSE,
	PE_SERVICE_GENERATION,
	PE_SERVICE_STATS,
	PE_SERVICE_TRACK,
	PE_SERVICE_TRACK_FIRST,
	PE_SERVICE_DSCP,
	PE_SERVICE_ANNOUNCE,
	PE_SERVICE_CLIENT,
	PE_SERVICE_CLIENT_LEN,
	PE_SERVICE_EXIT_VIA,
	PE_SERVICE_EXIT_DEV,
	PE_SERVICE_EXIT_TABLE,
	PE_SERVICE_ACL,
	PE_SERVICE_LIMIT,
	PE_SERVICE_LIMITED,
	PE_SERVICE_OWNER,
	PE_SERVICE_ACTS_AS,
	PE_SERVICE_DSCP_FORWARD,
	PE_SERVICE_DSCP_REVERSE,
	PE_SERVICE_PRIORITY,
	PE_SERVICE_MARK,
	PE_SERVICE_STATE,

	__PE_SERVICE_MAX
};
#define PE_SERVICE_MAX (__PE_SERVICE_MAX - 1)

enum {
	PE_POOL_NAME = 1,
	PE_POOL_ID,
	PE_POOL_POLICY,
	PE_POOL_KEY,
	PE_POOL_MEMBER,
	PE_POOL_DETECT_PACKETS,
	PE_POOL_DETECT_WINDOW,
	PE_POOL_REVIVE,
	PE_POOL_USERS,
	PE_POOL_GENERATION,
	PE_POOL_STATS,
	PE_POOL_OWNER,
	PE_POOL_ACTS_AS,
	PE_POOL_ONE_WAY,

	__PE_POOL_MAX
};
#define PE_POOL_MAX (__PE_POOL_MAX - 1)

enum {
	PE_RULE_PERMIT = 1,
	PE_RULE_FROM,
	PE_RULE_FROM_LEN,
	PE_RULE_TO,
	PE_RULE_TO_LEN,
	PE_RULE_PROTO,
	PE_RULE_SPORT,
	PE_RULE_PORT,
	PE_RULE_FLAGS_MASK,
	PE_RULE_FLAGS,
	PE_RULE_TYPE,
	PE_RULE_CODE,
	PE_RULE_DSCP,
	PE_RULE_IIF,
	PE_RULE_FRAGMENTS,
	PE_RULE_COUNT,
	PE_RULE_HITS,

	__PE_RULE_MAX
};
#define PE_RULE_MAX (__PE_RULE_MAX - 1)

enum {
	PE_ACL_CLIENT_ADDRESS = 1,
	PE_ACL_CLIENT_HITS,

	__PE_ACL_CLIENT_MAX
};
#define PE_ACL_CLIENT_MAX (__PE_ACL_CLIENT_MAX - 1)

enum {
	PE_ACL_NAME = 1,
	PE_ACL_ID,
	PE_ACL_PERMIT,
	PE_ACL_FIRST,
	PE_ACL_RULE,
	PE_ACL_RULES,
	PE_ACL_COST,
	PE_ACL_USERS,
	PE_ACL_GENERATION,
	PE_ACL_STATS,
	PE_ACL_UNMATCHED,
	PE_ACL_CLIENT,
	PE_ACL_OTHER_CLIENTS,
	PE_ACL_OWNER,
	PE_ACL_ACTS_AS,

	__PE_ACL_MAX
};
#define PE_ACL_MAX (__PE_ACL_MAX - 1)

enum {
	PE_ENGINE_NAME = 1,
	PE_ENGINE_ID,
	PE_ENGINE_GENERATION,
	PE_ENGINE_STATS,
	PE_ENGINE_LIMIT,
	PE_ENGINE_LIMITED,

	__PE_ENGINE_MAX
};
#define PE_ENGINE_MAX (__PE_ENGINE_MAX - 1)

enum {
	PE_EXPLAIN_SADDR = 1,
	PE_EXPLAIN_DADDR,
	PE_EXPLAIN_PROTO,
	PE_EXPLAIN_SPORT,
	PE_EXPLAIN_DPORT,
	PE_EXPLAIN_IIF,
	PE_EXPLAIN_HOP,
	PE_EXPLAIN_GENERATION,
	PE_EXPLAIN_SERVICE,

	__PE_EXPLAIN_MAX
};
#define PE_EXPLAIN_MAX (__PE_EXPLAIN_MAX - 1)

enum {
	PE_EV_KIND = 1,
	PE_EV_DEV,
	PE_EV_DEVICE,
	PE_EV_ADDRESS,
	PE_EV_LLADDR,
	PE_EV_PAD,
	PE_EV_POOL,
	PE_EV_STATE,
	PE_EV_CAUSE,
	PE_EV_EVIDENCE,
	PE_EV_SINCE,
	PE_EV_SERVICE,

	__PE_EV_MAX
};
#define PE_EV_MAX (__PE_EV_MAX - 1)

enum {
	PE_WATCH_PAD = 1,
	PE_WATCH_FROM,
	PE_WATCH_FROM_LEN,
	PE_WATCH_TO,
	PE_WATCH_TO_LEN,
	PE_WATCH_PROTO,
	PE_WATCH_PORT,
	PE_WATCH_SERVICE,
	PE_WATCH_IIF,
	PE_WATCH_STEP,
	PE_WATCH_FRAMES,
	PE_WATCH_SNAPLEN,
	PE_WATCH_SEEN,
	PE_WATCH_LOST,
	PE_WATCH_KEEP,

	__PE_WATCH_MAX
};
#define PE_WATCH_MAX (__PE_WATCH_MAX - 1)

enum {
	PE_FLOW_COUNTS_PAD = 1,
	PE_FLOW_COUNTS_MADE,
	PE_FLOW_COUNTS_OVER,
	PE_FLOW_COUNTS_EVICTED,
	PE_FLOW_COUNTS_FAILED,

	__PE_FLOW_COUNTS_MAX
};
#define PE_FLOW_COUNTS_MAX (__PE_FLOW_COUNTS_MAX - 1)

enum {
	PE_STATE_PAD = 1,
	PE_STATE_FLOWS,
	PE_STATE_TIMEOUT,
	PE_STATE_USED,
	PE_STATE_MADE,
	PE_STATE_OVER,
	PE_STATE_FORMER,

	__PE_STATE_MAX
};
#define PE_STATE_MAX (__PE_STATE_MAX - 1)

enum {
	PE_CHECK_ADDRESS = 1,

	__PE_CHECK_MAX
};
#define PE_CHECK_MAX (__PE_CHECK_MAX - 1)

enum {
	PE_SIGHT_PAD = 1,
	PE_SIGHT_TIME,
	PE_SIGHT_CLOCK,
	PE_SIGHT_LOST,
	PE_SIGHT_ACTION,
	PE_SIGHT_REASON,
	PE_SIGHT_DIRECTION,
	PE_SIGHT_SERVICE,
	PE_SIGHT_IIF,
	PE_SIGHT_SOURCE,
	PE_SIGHT_FROM,
	PE_SIGHT_FROM_STEP,
	PE_SIGHT_PROTO,
	PE_SIGHT_SADDR,
	PE_SIGHT_DADDR,
	PE_SIGHT_SPORT,
	PE_SIGHT_DPORT,
	PE_SIGHT_TO_SADDR,
	PE_SIGHT_TO_DADDR,
	PE_SIGHT_TO_SPORT,
	PE_SIGHT_TO_DPORT,
	PE_SIGHT_DEVICE,
	PE_SIGHT_STEP,
	PE_SIGHT_OIF,
	PE_SIGHT_LLADDR,
	PE_SIGHT_FRAME,
	PE_SIGHT_FRAME_LEN,
	PE_SIGHT_LINK,
	PE_SIGHT_SEGMENT,
	PE_SIGHT_PARTIAL,

	__PE_SIGHT_MAX
};
#define PE_SIGHT_MAX (__PE_SIGHT_MAX - 1)

enum {
	PE_FLOW_SERVICE = 1,
	PE_FLOW_CLIENT,
	PE_FLOW_CLIENT_LEN,
	PE_FLOW_PORT,
	PE_FLOW_PROTO,
	PE_FLOW_PHASE,
	PE_FLOW_IDLE,
	PE_FLOW_LEFT,
	PE_FLOW_DEVICE,
	PE_FLOW_COUNT,

	__PE_FLOW_MAX
};
#define PE_FLOW_MAX (__PE_FLOW_MAX - 1)

enum {
	PE_CMD_UNSPEC,
	PE_CMD_INFO_GET,
	PE_CMD_TXN_BEGIN,
	PE_CMD_TXN_COMMIT,
	PE_CMD_TXN_ABORT,
	PE_CMD_DEVICE_NEW,
	PE_CMD_DEVICE_DEL,
	PE_CMD_DEVICE_GET,
	PE_CMD_SERVICE_NEW,
	PE_CMD_SERVICE_DEL,
	PE_CMD_SERVICE_GET,
	PE_CMD_FLUSH,
	PE_CMD_EXPLAIN,
	PE_CMD_EVENT_NTF,
	PE_CMD_WATCH_START,
	PE_CMD_WATCH_STOP,
	PE_CMD_SIGHT_NTF,
	PE_CMD_POOL_NEW,
	PE_CMD_POOL_DEL,
	PE_CMD_POOL_GET,
	PE_CMD_DEVICE_STATE,
	PE_CMD_CHECK_FROM,
	PE_CMD_ACL_NEW,
	PE_CMD_ACL_DEL,
	PE_CMD_ACL_GET,
	PE_CMD_ENGINE_NEW,
	PE_CMD_ENGINE_DEL,
	PE_CMD_ENGINE_GET,
	PE_CMD_FLOW_GET,
	PE_CMD_FLOW_FLUSH,

	__PE_CMD_MAX
};
#define PE_CMD_MAX (__PE_CMD_MAX - 1)

#define PE_MCGRP_CONFIG	"config"
#define PE_MCGRP_EVENTS	"events"

#endif /* _UAPI_LINUX_PE_H */
