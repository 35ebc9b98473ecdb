/* SPDX-License-Identifier: GPL-2.0-only */
/* What lives at one address. */
#ifndef _PE_ADDR_H
#define _PE_ADDR_H

#include <linux/netfilter.h>
#include <linux/rcupdate.h>
#include <linux/types.h>
#include <uapi/linux/pe.h>

struct netlink_ext_ack;
struct pe_iface;
struct pe_net;
struct pe_refusal;
struct pe_service;

/* Which packets an entry is for. */
enum pe_role {
	PE_ROLE_FORWARD	= BIT(0),	/* addressed to it */
	PE_ROLE_REVERSE	= BIT(1),	/* from it, on their way back */
	PE_ROLE_SERVER	= BIT(2),	/* from it, just sent by the server */
	PE_ROLE_FORMER	= BIT(3),	/* sent by a former server, to a flow of it */
};

#define PE_ROLE_SOURCE	(PE_ROLE_REVERSE | PE_ROLE_SERVER)

/* How much of a packet an entry looks at; more comes first. */
enum pe_level {
	PE_LEVEL_PORT,		/* protocol and port */
	PE_LEVEL_PROTO,		/* protocol */
	PE_LEVEL_ADDRESS,	/* neither */
};

/* How the entry of a packet is found. */
enum pe_lookup {
	PE_LOOKUP_ALL,		/* several may be for one packet, or one is special */
	PE_LOOKUP_FEW,		/* one is, of a few */
	PE_LOOKUP_SEARCH,	/* one is, of many ports */
};

/* Besides, while something drains there: the short way leaves such an address
 * to the long one.
 */
#define PE_LOOKUP_PAST	0x80

/**
 * struct pe_entry - a service at an address
 * @svc: the service
 * @iif: interface that clients must come by, NULL for any
 * @first: first port
 * @last: last port
 * @proto: IP protocol
 * @level: enum pe_level
 * @role: set of enum pe_role
 * @special: 0, or the leg of the sequence that it stands for plus one: stages
 *	are those of the leg alone, or there is more to tell them by than
 *	interface and link-layer address
 */
struct pe_entry {
	struct pe_service	*svc;
	struct pe_iface		*iif;
	u16			first;
	u16			last;
	u8			proto;
	u8			level;
	u8			role;
	u8			special;
};

/* What is no prefix but an address that packets are sent to. */
#define PE_ADDR_WHOLE	0xff

/**
 * struct pe_codes - what packets of an address may come encapsulated with
 * @min: smallest code
 * @max: largest code
 * @methods: set of BIT(enum pe_track)
 */
struct pe_codes {
	u32			min;
	u32			max;
	u8			methods;
};

/**
 * struct pe_addr - one version of what lives at an address
 * @addr: the address
 * @proto: NFPROTO_* of @addr
 * @length: of the prefix of clients that it is, or PE_ADDR_WHOLE
 * @guards: guarded devices whose own address it is
 * @checks: sockets that check devices from it; changes in place
 * @n: entries
 * @ports: entries of PE_LEVEL_PORT, which come first
 * @codes: of all its services that have such
 * @lookup: enum pe_lookup, with PE_LOOKUP_PAST where there is @past
 * @searchable: many ports, none in two ranges that differ
 * @formers: any entry has PE_ROLE_FORMER
 * @past: what lived there before a change and drains, the newest first; at most
 *	PE_PAST_MAX of them in a row
 * @rcu: freed when no packet can see it
 * @next: of what drains: in pe_drain.addrs
 * @size: entries there is room for, while it is being made; 0 once it drains
 * @entry: by level, protocol and port, so that a binary search finds a port
 *
 * Immutable once it is in a table that packets see, but for @checks, @past and
 * what @lookup says of that. Where only @past is left, there are no entries.
 */
struct pe_addr {
	union nf_inet_addr	addr;
	u8			proto;
	u8			length;
	u8			lookup;
	bool			searchable;
	bool			formers;
	u32			guards;
	u32			checks;
	u32			n;
	u32			ports;
	struct pe_codes		codes;
	struct pe_addr __rcu	*past;
	union {
		struct rcu_head	rcu;
		struct {
			struct pe_addr	*next;
			u32		size;
		};
	};
	struct pe_entry		entry[];
};

/**
 * pe_addr_older() - what lived at an address before a change, and drains
 * @a: what lives there, or what lived there later
 *
 * Context: RCU read lock held, or pe_net.lock.
 * Return: what lived there, or NULL.
 */
static inline struct pe_addr *pe_addr_older(const struct pe_addr *a)
{
	return rcu_dereference_check(a->past, 1);
}

/* Changes of one address that are looked back at: with more, who changes it all
 * the time would make packets pay for it.
 */
#define PE_PAST_MAX	64

/**
 * pe_addr_is_empty() - has an address nothing that keeps it in a table?
 * @a: the address
 *
 * Context: pe_net.lock held.
 */
static inline bool pe_addr_is_empty(const struct pe_addr *a)
{
	return !a->n && !a->guards && !a->checks &&
	       !rcu_access_pointer(a->past);
}

/**
 * pe_addr_fresh() - what a transaction being committed is going to drain
 * @a: the address as it will be
 *
 * Context: pe_net.lock held.
 * Return: what drains, still being made, or NULL.
 */
static inline struct pe_addr *pe_addr_fresh(const struct pe_addr *a)
{
	struct pe_addr *past = rcu_dereference_protected(a->past, 1);

	return past && past->size ? past : NULL;
}

/**
 * pe_addr_has_code() - may packets of an address come encapsulated like this?
 * @a: what lives at the address, or NULL
 * @method: enum pe_track
 * @code: the code; of network service headers any will do, so that a wrong
 *	one is told
 *
 * Context: RCU read lock held.
 */
static inline bool pe_addr_has_code(const struct pe_addr *a, u8 method,
				    u32 code)
{
	for (; a; a = pe_addr_older(a))
		if (a->codes.methods & BIT(method) &&
		    (method == PE_TRACK_NSH ||
		     (code >= a->codes.min && code <= a->codes.max)))
			return true;
	return false;
}

/**
 * pe_addr_counts() - is an address one of the configuration's, or was it?
 * @a: what lives at the address, or NULL
 *
 * Context: pe_net.lock held.
 */
static inline bool pe_addr_counts(const struct pe_addr *a)
{
	return a && (a->n || a->guards || rcu_access_pointer(a->past));
}

/**
 * pe_addr_checks() - is it where checks are sent from, and nothing else?
 * @a: what lives at the address, or NULL
 */
static inline bool pe_addr_checks(const struct pe_addr *a)
{
	return a && READ_ONCE(a->checks) && !a->n;
}

bool pe_addr_is_vip(const struct pe_addr *a);
struct pe_addr *pe_addr_new(const union nf_inet_addr *addr, u8 proto,
			    u8 length, u32 size);
struct pe_addr *pe_addr_copy(const struct pe_addr *a, u32 size);
bool pe_addr_add(struct pe_addr *a, const struct pe_entry *entry);
bool pe_addr_drain(struct pe_addr *a, const struct pe_entry *entry);
int pe_addr_settle(struct pe_addr *a, struct pe_refusal *refusal);
void pe_addr_forget(struct pe_addr *a);
void pe_addr_free(struct pe_addr *a);
void pe_addr_free_rcu(struct pe_addr *a);

#endif /* _PE_ADDR_H */
