/* SPDX-License-Identifier: GPL-2.0-only */
/* What one network namespace owns. */
#ifndef _PE_NETNS_H
#define _PE_NETNS_H

#include <linux/list.h>
#include <linux/llist.h>
#include <linux/lockdep.h>
#include <linux/mutex.h>
#include <linux/netfilter.h>
#include <linux/rcupdate.h>
#include <linux/rhashtable-types.h>
#include <linux/spinlock.h>
#include <linux/workqueue.h>

#include "model/flow.h"
#include "model/object.h"

struct ctl_table_header;
struct net;
struct pe_drops;
struct pe_limit;
struct pe_memos;
struct pe_prefixes;
struct pe_table;
struct pe_text;

#define PE_VERSION	"0.1"

#define PE_DEVICES_LIMIT	65536
#define PE_POOLS_LIMIT		16384
#define PE_ACLS_LIMIT		65536
#define PE_SERVICES_LIMIT	4194304
#define PE_IFACES_LIMIT		16384
#define PE_ANNOUNCES_LIMIT	16384
#define PE_EVENTS_LIMIT		4096
#define PE_SESSIONS_LIMIT	1024
#define PE_WATCHERS_LIMIT	16
#define PE_CHECKERS_LIMIT	64

enum pe_family {
	PE_IPV4,
	PE_IPV6,
	PE_FAMILIES,
};

/* Hooks of one namespace, each for both families: PREROUTING, then FORWARD,
 * then PREROUTING for what the first let pass.
 */
#define PE_HOOKS_PREROUTING	2
#define PE_HOOKS_FORWARD	2
#define PE_HOOKS_PASS		2
#define PE_HOOKS_FORWARD_AT	PE_HOOKS_PREROUTING
#define PE_HOOKS_PASS_AT	(PE_HOOKS_FORWARD_AT + PE_HOOKS_FORWARD)
#define PE_HOOKS		(PE_HOOKS_PASS_AT + PE_HOOKS_PASS)

/**
 * struct pe_net - all of one network namespace
 * @table: addresses by family; read by the packet path under RCU, replaced
 *	under @lock
 * @clients: prefixes of clients by family, NULL where there are none; read and
 *	replaced like @table
 * @drops: per CPU, packets dropped by reason
 * @limit: how much all clients may send, NULL for any; read and replaced like
 *	@table
 * @net: the namespace; it outlives this
 * @lock: serialises every change of the configuration and every reader of it
 *	but the packet path; taken outside of RTNL
 * @generation: counts the transactions that were committed; never 0
 * @objects: what is configured, by noun
 * @owners: whose that is, by name
 * @sequences: sequences by their steps, shared by the services that have them
 * @address_count: addresses in @table, and prefixes in @clients
 * @guard_count: addresses in @table that are guarded
 * @iface_count: interfaces in @ifaces
 * @drains: what transactions replaced and drains, the oldest first
 * @draining: versions of services in @drains
 * @drain_work: ends it
 * @staged: changes in the transactions of all sockets
 * @session_count: sessions in @sessions
 * @announce_count: announcements in @announced
 * @announcing: addresses that are answered for, by family; read by the packet
 *	path
 * @dead: no work is to be queued any more
 * @texts: refusals, or NULL until there is one
 * @text_next: where in @texts the next one goes
 * @announces: addresses that are announced, by address
 * @ifaces_lock: protects @ifaces, @ports, @events, @announced and what notifiers write in them;
 *	taken with bottom halves off, inside @lock and RTNL
 * @ifaces: interfaces that are named by the configuration
 * @ports: ports whose link-layer address can change by itself
 * @events: what happened and is to be told of
 * @event_count: events in @events
 * @event_missed: there were more than it may hold
 * @announced: addresses that are announced; changed under @lock too
 * @health_lock: protects @pools, the states of devices and what pools make of
 *	them; taken inside @lock, so that a dead device is replaced while a large
 *	transaction is committed
 * @pools: pools that are live
 * @rounds: of the doctor
 * @doctor_work: looks at their members
 * @settle_work: has sequences skip steps whose device does not work, or not
 * @sessions_lock: protects @sessions
 * @sessions: netlink sockets with a transaction or a refusal of theirs
 * @event_work: tells of @events
 * @announce_work: does what @announced want done
 * @hot: counts that ask to be spread over the CPUs
 * @hot_work: spreads them
 * @ask_work: reads the neighbours of @ports, and asks for them
 * @ask_again: @ask_work is to ask for those too that were asked for in vain
 * @asked: when @ask_work was last asked for by a packet, in jiffies
 * @hooks: as registered, with this as their private pointer
 * @ingress: what is registered at interfaces that devices return packets to
 *	which no hook of IP meets
 * @steering: PREROUTING hooks are registered
 * @guarding: FORWARD hooks are registered
 * @arp_hook: likewise, for questions about announced addresses
 * @listening: @arp_hook is registered
 * @passing: hooks for what is no service's are registered
 * @watchers: sockets that are told what packets meet; changed under @lock,
 *	read under RCU
 * @watcher_count: how many
 * @pass_count: those of them that are told of what is no service's
 * @checkers: sockets that check devices; changed under @lock
 * @checker_count: how many
 * @memos: what CPUs found in access lists, NULL while there are none; under @lock
 * @acl_versions: how many versions lists had; under @lock
 * @flows: what services with state remember
 * @formers: services that know former servers; under @lock
 * @retire_work: has them forget those that no flow keeps to
 * @sysctl: how many flows that may be, NULL where this kernel has no sysctl
 */
struct pe_net {
	struct pe_table __rcu	*table[PE_FAMILIES];
	struct pe_prefixes __rcu *clients[PE_FAMILIES];
	struct pe_drops __percpu *drops;
	struct pe_limit __rcu	*limit;
	struct net		*net;

	struct mutex		lock; /* changes and readers */
	u32			generation;
	struct pe_objects	objects[PE_NOUNS];
	struct rhashtable	owners;
	struct rhashtable	sequences;
	u32			address_count;
	u32			guard_count;
	u32			iface_count;
	struct list_head	drains;
	u32			draining;
	struct delayed_work	drain_work;
	u32			staged;
	u32			session_count;
	u32			announce_count;
	u32			announcing[PE_FAMILIES];
	bool			dead;
	struct pe_text		*texts;
	u32			text_next;

	struct rhltable		announces;

	spinlock_t		ifaces_lock; /* next 4 fields */
	struct list_head	ifaces;
	struct list_head	ports;
	struct list_head	events;
	u32			event_count;
	bool			event_missed;
	struct list_head	announced;

	struct work_struct	event_work;
	struct delayed_work	announce_work;

	struct mutex		health_lock; /* next 2 fields, states of devices */
	struct list_head	pools;
	u32			rounds;
	struct delayed_work	doctor_work;
	struct work_struct	settle_work;

	spinlock_t		sessions_lock; /* next field */
	struct list_head	sessions;

	struct llist_head	hot;
	struct work_struct	hot_work;
	struct delayed_work	ask_work;
	u32			ask_again;
	unsigned long		asked;

	struct nf_hook_ops	hooks[PE_HOOKS];
	struct nf_hook_ops	ingress;
	bool			steering;
	bool			guarding;
	struct nf_hook_ops	arp_hook;
	bool			listening;
	bool			passing;

	struct list_head	watchers;
	u32			watcher_count;
	u32			pass_count;

	struct list_head	checkers;
	u32			checker_count;

	struct pe_memos		*memos;
	u64			acl_versions;
	struct pe_flows		flows;
	u32			formers;
	struct delayed_work	retire_work;
	struct ctl_table_header	*sysctl;
};

/**
 * pe_family_of() - index of an address family in per-family arrays
 * @nfproto: NFPROTO_IPV4 or NFPROTO_IPV6
 */
static inline enum pe_family pe_family_of(u8 nfproto)
{
	return nfproto == NFPROTO_IPV4 ? PE_IPV4 : PE_IPV6;
}

/**
 * pe_net_table() - the address table, for those who may change it
 * @pn: namespace
 * @family: of the addresses
 *
 * Context: pe_net.lock held.
 */
static inline struct pe_table *pe_net_table(struct pe_net *pn,
					    enum pe_family family)
{
	return rcu_dereference_protected(pn->table[family],
					 lockdep_is_held(&pn->lock));
}

/**
 * pe_net_clients() - the client prefixes, for those who may change them
 * @pn: namespace
 * @family: of the prefixes
 *
 * Context: pe_net.lock held.
 */
static inline struct pe_prefixes *pe_net_clients(struct pe_net *pn,
						 enum pe_family family)
{
	return rcu_dereference_protected(pn->clients[family],
					 lockdep_is_held(&pn->lock));
}

struct pe_net *pe_net(const struct net *net);
int pe_net_hooks(struct pe_net *pn, bool guard, bool arp);
int pe_net_hooks_pass(struct pe_net *pn);
void pe_net_hooks_trim(struct pe_net *pn);
int pe_net_init(void);
void pe_net_exit(void);

#endif /* _PE_NETNS_H */
