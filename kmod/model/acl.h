/* SPDX-License-Identifier: GPL-2.0-only */
/* Access lists: which packets of clients a service lets in. */
#ifndef _PE_ACL_H
#define _PE_ACL_H

#include <linux/netfilter.h>
#include <linux/percpu.h>
#include <linux/u64_stats_sync.h>

#include "classify.h"
#include "iface.h"
#include "memo.h"
#include "netns.h"
#include "object.h"
#include "stats.h"

struct pe_refusal;

/* Interfaces that the rules of one list can name. */
#define PE_ACL_IFACES	32
static_assert(PE_ACL_IFACES <= PE_MEMO_IIF);

/* Rules of one list, with one more for each pair of port ranges but the first. */
#define PE_ACL_BOXES_MAX	1048576

/* Clients that each CPU counts apart for one list, and how many places a client
 * can be at.
 */
#define PE_ACL_CLIENTS	1024
#define PE_ACL_PROBES	8

enum pe_acl_has {
	PE_ACL_PERMITS		= BIT(0),
	PE_ACL_PROTO		= BIT(1),
	PE_ACL_TYPE		= BIT(2),
	PE_ACL_CODE		= BIT(3),
	PE_ACL_DSCP		= BIT(4),
	PE_ACL_COUNTS		= BIT(5),
	PE_ACL_FRAGMENTS	= BIT(6),
	PE_ACL_FROM		= BIT(7),
	PE_ACL_TO		= BIT(8),
};

struct pe_acl_ports {
	u16			first;
	u16			last;
};

/* One CPU's counters of a rule. */
struct pe_tally_cpu {
	struct u64_stats_sync	syncp;
	struct pe_count		count;
};

/**
 * struct pe_tally - what a rule matched, in all versions of its list
 * @cpu: counters of each CPU
 * @users: versions that have the rule; under pe_net.lock
 * @rcu: freed when no packet can see it
 */
struct pe_tally {
	struct pe_tally_cpu __percpu *cpu;
	u32			users;
	struct rcu_head		rcu;
};

/**
 * struct pe_acl_rule - what packets a rule matches, and what becomes of them
 * @from: source prefix
 * @to: destination prefix
 * @port: port ranges, those of the source first, in pe_acl.ports
 * @has: set of enum pe_acl_has
 * @family: NFPROTO_* of the prefixes, or 0 where there are none
 * @from_len: bits of @from that count
 * @to_len: bits of @to that count
 * @sports: source port ranges, 0 for any port
 * @dports: destination port ranges, 0 for any port
 * @proto: IP protocol
 * @mask: TCP flags that count
 * @flags: those of them that are set
 * @type: ICMP type
 * @code: ICMP code
 * @dscp: DSCP
 * @iif: interface of arrival, place in pe_acl.iface plus one; 0 for any
 *
 * Compared as a whole: there is nothing in it that means nothing.
 */
struct pe_acl_rule {
	union nf_inet_addr	from;
	union nf_inet_addr	to;
	u32			port;
	u16			has;
	u8			family;
	u8			from_len;
	u8			to_len;
	u8			sports;
	u8			dports;
	u8			proto;
	u8			mask;
	u8			flags;
	u8			type;
	u8			code;
	u8			dscp;
	u8			iif;
	u16			reserved;
};

/* One CPU's count of a client; the place is free while @family is 0. */
struct pe_acl_client {
	union nf_inet_addr	addr;
	struct pe_count		count;
	u32			family;
};

/**
 * struct pe_acl_clients - one CPU's count of clients
 * @syncp: of all counts
 * @others: what there was no place for
 * @client: by hash of the address
 */
struct pe_acl_clients {
	struct u64_stats_sync	syncp;
	struct pe_count		others;
	struct pe_acl_client	client[PE_ACL_CLIENTS];
};

/**
 * struct pe_gate - an access list by name, whatever rules it has
 * @acl: the rules now; packets read it, a commit replaces it
 * @obj: its name
 * @users: versions of the list and of services; under pe_net.lock
 * @seed: of the hash of clients, which nobody outside knows
 * @unmatched: what no rule matched
 * @clients: per CPU, what clients sent that was counted; NULL until a rule counts
 * @rcu: freed when no packet can see it
 *
 * Services point here and not to the rules, so that these change for all of
 * them in one store, and no service is touched.
 */
struct pe_gate {
	struct pe_acl __rcu	*acl;
	struct pe_object	*obj;
	u32			users;
	u32			seed;
	struct pe_tally		*unmatched;
	struct pe_acl_clients	**clients;
	struct rcu_head		rcu;
};

/**
 * struct pe_acl - one version of an access list
 * @class: its rules ready to be looked up, by enum pe_family
 * @asked: what of a packet's first word for struct pe_memo they ask for
 * @version: what no other list or version has in this namespace
 * @memos: what CPUs found before, of any list; NULL for a list that is looked up
 *	each time
 * @memos_last: no other version has @memos any more
 * @verdict: a byte for each rule: what of enum pe_acl_has the packet path asks
 * @tally: of each rule that counts, NULL where none does
 * @ifaces: how many @iface are in use
 * @permit: what no rule matches is let in
 * @iface: interfaces that rules name
 * @rule: the rules in their order
 * @n: how many
 * @room: for how many there is room
 * @ports: port ranges of all rules
 * @ports_n: how many
 * @ports_room: for how many there is room
 * @gate: the list whose version this is
 * @obj: its name
 * @cost: instructions that the dearest look-up takes, about
 * @generation: of the transaction that made it
 * @rcu: freed when no packet can see it
 *
 * Immutable once live.
 */
struct pe_acl {
	struct pe_class		*class[PE_FAMILIES];
	u64			asked[PE_FAMILIES];
	u64			version;
	struct pe_memos		*memos;
	bool			memos_last;
	u8			*verdict;
	struct pe_tally		**tally;
	u32			ifaces;
	bool			permit;
	struct pe_iface		*iface[PE_ACL_IFACES];

	struct pe_acl_rule	*rule;
	u32			n;
	u32			room;
	struct pe_acl_ports	*ports;
	u32			ports_n;
	u32			ports_room;
	struct pe_gate		*gate;
	struct pe_object	*obj;
	u32			cost;
	u32			generation;
	struct rcu_head		rcu;
};

/* How much a list had at a time. */
struct pe_acl_mark {
	u32			n;
	u32			ports_n;
	u32			ifaces;
};

/**
 * pe_acl_of() - the rules of a list, for those who may change them
 * @gate: the list
 *
 * Context: pe_net.lock held.
 */
static inline struct pe_acl *pe_acl_of(const struct pe_gate *gate)
{
	return rcu_dereference_protected(gate->acl, true);
}

struct pe_acl *pe_acl_new(void);
void pe_acl_put(struct pe_net *pn, struct pe_acl *acl);
struct pe_acl_rule *pe_acl_add(struct pe_acl *acl);
int pe_acl_add_ports(struct pe_acl *acl, u16 first, u16 last);
int pe_acl_add_iface(struct pe_net *pn, struct pe_acl *acl,
		     struct pe_iface *iface);
struct pe_acl_mark pe_acl_mark(const struct pe_acl *acl);
void pe_acl_back(struct pe_net *pn, struct pe_acl *acl,
		 const struct pe_acl_mark *mark);
int pe_acl_build(struct pe_net *pn, struct pe_acl *acl, struct pe_gate *gate);
void pe_gate_put(struct pe_gate *gate);
void pe_acl_client_sum(const struct pe_acl_clients *clients,
		       const struct pe_count *count, struct pe_sum *sum);
void pe_tally_sum(const struct pe_tally *tally, struct pe_sum *sum);
u32 pe_acl_iface(const struct pe_acl *acl, const struct net_device *dev);

/**
 * pe_acl_index() - the first rule that a packet matches
 * @acl: the rules
 * @family: NFPROTO_* of the packet
 * @key: the packet; its interface of arrival is filled in, where one is asked for
 * @dev: that interface
 *
 * Context: RCU read lock held, or pe_net.lock.
 * Return: place of the rule, or %PE_CLASS_NONE.
 */
static inline u32 pe_acl_index(const struct pe_acl *acl, u8 family,
			       struct pe_class_key *key,
			       const struct net_device *dev)
{
	if (unlikely(acl->ifaces))
		key->field[PE_CLASS_IIF] = pe_acl_iface(acl, dev);
	return pe_class_find(acl->class[pe_family_of(family)], key);
}

#endif /* _PE_ACL_H */
