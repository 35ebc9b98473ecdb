/* SPDX-License-Identifier: GPL-2.0-only */
/* What packets are addressed to, and the sequence that they take. */
#ifndef _PE_SERVICE_H
#define _PE_SERVICE_H

#include <linux/netfilter.h>
#include <uapi/linux/pe.h>

#include "acl.h"
#include "addr.h"
#include "announce.h"
#include "exit.h"
#include "flow.h"
#include "limit.h"
#include "object.h"
#include "quality.h"
#include "sequence.h"
#include "stats.h"

/* Ports from first to last; dynamic ones are negotiated over the others. */
struct pe_range {
	u16			first;
	u16			last;
	bool			dynamic;
};

/**
 * struct pe_traffic - what packets of a leg are addressed to
 * @range: the ports, where @level is PE_LEVEL_PORT
 * @ranges: how many
 * @proto: IP protocol, where @level is not PE_LEVEL_ADDRESS
 * @level: enum pe_level
 * @emitted: the range, where a device emits it
 */
struct pe_traffic {
	const struct pe_range	*range;
	u8			ranges;
	u8			proto;
	u8			level;
	struct pe_range		emitted;
};

/**
 * struct pe_service - one version of a service
 * @obj: its name
 * @seq: its sequence
 * @counts: its counters, shared by versions whose stages count the same
 * @iif: interface that clients must come by, NULL for any
 * @announce: where the address is announced, NULL for nowhere
 * @exit: where packets leave the sequence, NULL for the kernel's route
 * @gate: list of what clients may send, NULL for everything
 * @limit: how much clients may send, NULL for any; shared by versions
 * @ledger: what flows are remembered in, NULL for nothing
 * @forget: of the former servers of the version before, those that this one is
 *	not to have: a bit for each
 * @stateful: flows are remembered, as configured
 * @state_flows: how many at most, 0 for all that the namespace has room for
 * @state_life: for how many seconds, 0 for PE_FLOW_LIFE
 * @acl_given: it was named by the service, and does not just have its name
 * @vip: service address, or the prefix of the clients whose packets it gets
 * @family: NFPROTO_* of @vip
 * @proto: IP protocol, where @level is not PE_LEVEL_ADDRESS
 * @level: enum pe_level
 * @ranges: how many port ranges, where @level is PE_LEVEL_PORT
 * @server_level: enum pe_level of what reaches the server
 * @server_port: port of it that the server's own takes the place of
 * @quality: how its packets are marked
 * @track: how the stages of packets are known, as configured
 * @client: @vip is a prefix of clients
 * @length: of the prefix, else PE_ADDR_WHOLE
 * @generation: of the transaction that made it
 * @older: of the live version and those behind it, the next older version that
 *	drains; under pe_net.lock
 * @newer: of those behind it, the version whose @older it is
 * @rcu: freed when no packet can see it
 * @draining: in pe_drain.services
 * @rates: what @limit has, from this version on
 * @range: the ports; dynamic ones come last
 *
 * Immutable once live, but for @older and @newer.
 */
struct pe_service {
	struct pe_object	*obj;
	struct pe_sequence	*seq;
	struct pe_counts	*counts;
	struct pe_iface		*iif;
	struct pe_announce	*announce;
	struct pe_exit		*exit;
	struct pe_gate		*gate;
	struct pe_limit		*limit;
	struct pe_ledger	*ledger;
	union nf_inet_addr	vip;
	u8			family;
	u8			proto;
	u8			level;
	u8			ranges;
	u8			server_level;
	u16			server_port;
	struct pe_quality	quality;
	struct pe_tracking	track;
	bool			client;
	bool			acl_given;
	bool			stateful;
	u32			state_flows;
	u32			state_life;
	u8			length;
	u8			forget;
	u32			generation;
	struct pe_service	*older;
	struct pe_service	*newer;
	union {
		struct rcu_head	rcu;
		struct list_head draining;
	};
	struct pe_rates		rates;
	struct pe_range		range[] __counted_by(ranges);
};

/* Called for each address a service stands at, with the entry there. */
typedef int (*pe_service_entry_t)(void *arg, const union nf_inet_addr *addr,
				  u8 family, const struct pe_entry *entry);

/**
 * pe_service_translates() - does its server listen on a port of its own?
 * @svc: service with its sequence
 */
static inline bool pe_service_translates(const struct pe_service *svc)
{
	const struct pe_step *server = pe_sequence_server(svc->seq);

	return server && server->port;
}

/**
 * pe_service_gated() - is anything asked for that clients send?
 * @svc: service with its list, if it has one
 */
static inline bool pe_service_gated(const struct pe_service *svc)
{
	return svc->gate || svc->limit;
}

/**
 * pe_service_key() - what tells a service's packets, for a refusal
 * @svc: service
 */
static inline const char *pe_service_key(const struct pe_service *svc)
{
	return svc->client ? "clients" : "address";
}

struct pe_service *pe_service_new(u8 ranges);
struct pe_service *pe_service_copy(struct pe_net *pn,
				   const struct pe_service *svc);
void pe_service_put(struct pe_net *pn, struct pe_service *svc);
void pe_service_traffic(const struct pe_service *svc, u8 leg,
			struct pe_traffic *traffic);
void pe_service_set_sequence(struct pe_service *svc, struct pe_sequence *seq);
int pe_service_check_legs(const struct pe_service *svc,
			  struct pe_refusal *refusal);
int pe_service_entries(struct pe_service *svc, pe_service_entry_t fn,
		       void *arg);
int pe_service_inherit(struct pe_net *pn, struct pe_service *svc,
		       const struct pe_service *old);
bool pe_service_drains(const struct pe_service *svc,
		       const struct pe_service *old);
int pe_service_remember(struct pe_net *pn, struct pe_service *svc,
			const struct pe_service *old);
void pe_service_set_state(const struct pe_service *svc);
struct pe_flow *pe_service_flow(const struct pe_service *svc,
				const struct pe_client *client, u8 proto);
void pe_service_succeed(struct pe_service *svc, struct pe_service *old);
void pe_service_gather(struct pe_service *svc);
void pe_service_drained(struct pe_service *old);
void pe_service_step_sum(const struct pe_service *svc, u8 step,
			 enum pe_direction dir, struct pe_sum *sum);
void pe_service_skipped_sum(const struct pe_service *svc, u8 step,
			    struct pe_sum *sum);
void pe_service_sum(const struct pe_service *svc, enum pe_direction dir,
		    struct pe_sum *sum);

/**
 * pe_service_flow_has_port() - is the client's port of what tells a flow?
 * @svc: service
 *
 * Later fragments have no ports, and what a device emits may have others on the
 * way back: only where every packet of a flow shows them do they count.
 */
static __always_inline bool
pe_service_flow_has_port(const struct pe_service *svc)
{
	return svc->level == PE_LEVEL_PORT && svc->seq->legs == 1;
}

/**
 * pe_service_flow_key() - what tells a flow of a service
 * @svc: service with state
 * @client: the client's end of a packet of it, in either direction
 * @proto: IP protocol of the packet; a device that emits may return another
 * @key: out: that
 */
static inline void pe_service_flow_key(const struct pe_service *svc,
				       const struct pe_client *client, u8 proto,
				       struct pe_flow_key *key)
{
	pe_flow_key(key, svc->ledger, client, svc->seq->legs == 1 ? proto : 0);
}

#endif /* _PE_SERVICE_H */
