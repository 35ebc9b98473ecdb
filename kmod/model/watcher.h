/* SPDX-License-Identifier: GPL-2.0-only */
/* Sockets that are told what packets meet. */
#ifndef _PE_WATCHER_H
#define _PE_WATCHER_H

#include <linux/atomic.h>
#include <linux/if.h>
#include <linux/if_ether.h>
#include <linux/jump_label.h>
#include <linux/list.h>
#include <linux/netfilter.h>
#include <linux/rcupdate.h>
#include <uapi/linux/pe.h>

#include "match.h"

struct pe_net;
struct pe_watcher;

/* Somebody watches, in some namespace. While nobody does, this is a nop where
 * the packet path asks; while somebody does, all packets of that namespace take
 * the long way, which tells.
 */
DECLARE_STATIC_KEY_FALSE(pe_watched);

/**
 * struct pe_ends - both ends of a packet
 * @saddr: source address
 * @daddr: destination address
 * @sport: source port in host order
 * @dport: destination port in host order
 * @family: NFPROTO_*
 * @proto: IP protocol
 * @ports: @sport and @dport are known
 */
struct pe_ends {
	union nf_inet_addr	saddr;
	union nf_inet_addr	daddr;
	u16			sport;
	u16			dport;
	u8			family;
	u8			proto;
	bool			ports;
};

/* Of Ethernet and what devices are told apart by. */
#define PE_SIGHT_ROOM	64

/**
 * struct pe_sight - something that happened to a packet
 * @pn: namespace
 * @skb: the packet as it is now, data behind the link-layer header
 * @hit: where it is, NULL or without a service where it is nobody's
 * @came: its ends as it arrived
 * @now: its ends now
 * @flow: ends of the flow that it belongs to: @came, but for an ICMP error
 * @iif: interface it arrived on, or NULL
 * @source: link-layer address it came from, or pe_mac_none
 * @action: enum pe_action
 * @reason: enum pe_drop
 * @step: position of @device in the sequence, or PE_NO_STEP
 * @device: what it is handed to, or NULL
 * @oif: interface that it leaves by, or NULL
 * @lladdr: link-layer address it is sent to, or pe_mac_none
 * @link: link-layer header as it came or will leave
 * @link_len: bytes of that, 0 where there is none (yet)
 */
struct pe_sight {
	struct pe_net		*pn;
	const struct sk_buff	*skb;
	const struct pe_hit	*hit;
	const struct pe_ends	*came;
	const struct pe_ends	*now;
	const struct pe_ends	*flow;
	const struct net_device	*iif;
	const u8		*source;
	u8			action;
	u8			reason;
	u8			step;
	const struct pe_device	*device;
	const struct net_device	*oif;
	u8			lladdr[ETH_ALEN];
	u8			link[PE_SIGHT_ROOM] __aligned(2);
	u8			link_len;
};

/**
 * struct pe_filter - which packets somebody wants to be told of
 * @from: prefix of the end that is the client's, where @from_family says so
 * @to: prefix of the end that is the service's, where @to_family says so
 * @from_family: NFPROTO_*, NFPROTO_UNSPEC for any address
 * @to_family: the same of @to
 * @from_len: bits of @from that count
 * @to_len: bits of @to that count
 * @has_proto: only packets of @proto
 * @proto: IP protocol
 * @step: only frames to or from this step, PE_NO_STEP for all
 * @port: of the service, 0 for any
 * @service: its name, empty for any
 * @iif: interface of arrival, empty for any
 */
struct pe_filter {
	union nf_inet_addr	from;
	union nf_inet_addr	to;
	u8			from_family;
	u8			to_family;
	u8			from_len;
	u8			to_len;
	bool			has_proto;
	u8			proto;
	u8			step;
	u16			port;
	char			service[PE_NAME_MAX + 1];
	char			iif[IFNAMSIZ];
};

/* Says it to who watches; in the packet path. */
typedef void (*pe_watcher_tell_t)(struct pe_watcher *watcher,
				  const struct pe_sight *sight);

/**
 * struct pe_watcher - a socket that is told
 * @list: in pe_net.watchers; changed under pe_net.lock, read under RCU
 * @tell: says it
 * @portid: of the socket
 * @frames: it wants packets, not what becomes of them
 * @snaplen: bytes of each packet at most
 * @full: until when there is no room, in jiffies
 * @seen: what it was sent
 * @lost: what it should have been sent
 * @rcu: freed when no packet sees it
 * @filter: what it wants to be told of
 *
 * Immutable once in the list, but for @full, @seen and @lost.
 */
struct pe_watcher {
	struct list_head	list;
	pe_watcher_tell_t	tell;
	u32			portid;
	bool			frames;
	u32			snaplen;
	unsigned long		full;
	atomic64_t		seen;
	atomic64_t		lost;
	struct rcu_head		rcu;
	struct pe_filter	filter;
};

/**
 * pe_watcher_names_address() - is it told of packets that are no service's?
 * @watcher: the watcher
 *
 * Only where it says which: of all of them there would be no end.
 */
static inline bool pe_watcher_names_address(const struct pe_watcher *watcher)
{
	return !watcher->frames && !watcher->filter.service[0] &&
	       (watcher->filter.from_family || watcher->filter.to_family);
}

struct pe_watcher *pe_watcher_find(struct pe_net *pn, u32 portid);
int pe_watcher_add(struct pe_net *pn, struct pe_watcher *watcher);
void pe_watcher_del(struct pe_net *pn, struct pe_watcher *watcher);
void pe_watcher_del_all(struct pe_net *pn);
bool pe_watchers_any(const struct pe_net *pn);
void pe_watchers_tell(const struct pe_sight *sight);

#endif /* _PE_WATCHER_H */
