/* SPDX-License-Identifier: GPL-2.0-only */
/* An appliance or server that the engine hands packets to. */
#ifndef _PE_DEVICE_H
#define _PE_DEVICE_H

#include <linux/etherdevice.h>
#include <linux/netfilter.h>
#include <linux/rcupdate.h>
#include <linux/workqueue.h>
#include <uapi/linux/pe.h>

#include "compat.h"
#include "health.h"
#include "iface.h"
#include "meter.h"
#include "object.h"
#include "route.h"
#include "stats.h"
#include "tunnel.h"

struct neighbour;

/* How a port's link-layer address comes about. */
enum pe_port_kind {
	PE_PORT_KIND_NONE,	/* no port */
	PE_PORT_KIND_FIXED,	/* configured */
	PE_PORT_KIND_MIRROR,	/* the engine's own on the device's other side */
	PE_PORT_KIND_VIA,	/* from the neighbour table */
	PE_PORT_KIND_TUNNEL,	/* none, but a peer behind a VXLAN-GPE interface */
};

/**
 * struct pe_port - where a device is attached to the engine
 * @iface: interface
 * @mac: link-layer address of what is there as pe_mac() makes it, 0 while not
 *	known: packets are sent to it and must come from it
 * @kind: how @mac comes about; PE_PORT_KIND_VIA and PE_PORT_KIND_MIRROR can
 *	change it
 * @via_proto: NFPROTO_* of @via
 * @via: address that is looked up in the neighbour table, or that of the peer
 *	at the other end of a tunnel
 * @vni: VXLAN network identifier towards and from that peer
 * @tunnel: what tells the tunnel's interface of both
 * @peer: the other side of a transparent device
 * @lost: the kernel asked for its link-layer address in vain
 * @failed: the kernel's entry for it that has failed and was not deleted since;
 *	only to be compared, under pe_net.ifaces_lock
 * @failed_at: when it did, in jiffies
 * @list: in pe_net.ports while the device is live and @mac can change
 * @device: whose port it is
 */
struct pe_port {
	struct pe_iface		*iface;
	u64			mac;
	u8			kind;
	u8			via_proto;
	union nf_inet_addr	via;
	u32			vni;
	struct metadata_dst	*tunnel;
	bool			lost;
	const struct neighbour	*failed;
	unsigned long		failed_at;
	struct pe_port		*peer;
	struct list_head	list;
	struct pe_device	*device;
};

/**
 * struct pe_device - one version of a device
 * @stats: counters, those of @obj
 * @health: whether it works, that of @obj
 * @meter: how long it takes, shared by its versions; NULL where that is not
 *	measured
 * @outside: towards the client, or the only port
 * @inside: towards the server, of an inline device with two sides
 * @route: the way to @address, of a server that the kernel's route reaches
 * @obj: its name
 * @users: object and sequences that point here; under pe_net.lock
 * @kind: enum pe_device_kind
 * @mode: enum pe_server_mode, of a server
 * @proto: NFPROTO_* of @address, NFPROTO_UNSPEC without one
 * @transparent: a bridge
 * @guard: @address is unreachable except through services
 * @measure: it is to have a meter
 * @address_is_via: @address was not given but is what @outside is reached by
 * @generation: of the transaction that made it
 * @address: the device's own address
 * @rcu: freed when no packet can see it
 *
 * Immutable once live, but for what pe_port says.
 */
struct pe_device {
	struct pe_device_stats __percpu *stats;
	struct pe_health	*health;
	struct pe_meter		*meter;
	struct pe_port		outside;
	struct pe_port		inside;
	struct pe_route		*route;
	struct pe_object	*obj;
	u32			users;
	u8			kind;
	u8			mode;
	u8			proto;
	bool			transparent;
	bool			guard;
	bool			measure;
	bool			address_is_via;
	u32			generation;
	union nf_inet_addr	address;
	struct rcu_head		rcu;
};

/**
 * pe_mac() - a link-layer address as a number that compares in one step
 * @addr: six bytes, at any alignment
 */
static inline u64 pe_mac(const u8 *addr)
{
	return get_unaligned((const u32 *)addr) |
	       (u64)get_unaligned((const u16 *)(addr + 4)) << 32;
}

/**
 * pe_mac_put() - the six bytes of a link-layer address
 * @addr: out: six bytes, at any alignment
 * @mac: the address as pe_mac() made it
 */
static inline void pe_mac_put(u8 *addr, u64 mac)
{
	put_unaligned((u32)mac, (u32 *)addr);
	put_unaligned((u16)(mac >> 32), (u16 *)(addr + 4));
}

/**
 * pe_device_two_sided() - does it let packets out elsewhere than it took them?
 * @dev: device
 */
static inline bool pe_device_two_sided(const struct pe_device *dev)
{
	return dev->inside.kind != PE_PORT_KIND_NONE;
}

/**
 * pe_device_port() - the port that faces the client or the server
 * @dev: device
 * @server_side: which of the two; both are the same where it has one port
 */
static inline const struct pe_port *
pe_device_port(const struct pe_device *dev, bool server_side)
{
	return server_side && pe_device_two_sided(dev) ? &dev->inside :
							 &dev->outside;
}

/**
 * pe_device_is_nat() - is it a server that is addressed by its own address?
 * @dev: device
 */
static inline bool pe_device_is_nat(const struct pe_device *dev)
{
	return dev->kind == PE_DEVICE_KIND_SERVER &&
	       dev->mode == PE_SERVER_MODE_NAT;
}

/**
 * pe_device_is_tunnelled() - is any of its ports behind a tunnel?
 * @dev: device
 */
static inline bool pe_device_is_tunnelled(const struct pe_device *dev)
{
	return dev->outside.kind == PE_PORT_KIND_TUNNEL ||
	       dev->inside.kind == PE_PORT_KIND_TUNNEL;
}

u64 pe_neighbour_mac(struct neighbour *n);
struct pe_device *pe_device_new(void);
void pe_device_put(struct pe_net *pn, struct pe_device *dev);
void pe_device_attach(struct pe_net *pn, struct pe_device *dev,
		      const struct pe_device *old);
void pe_ports_ask_work(struct work_struct *work);
void pe_ports_ask(struct pe_net *pn);
void pe_ports_mirror(struct pe_net *pn);
void pe_ports_ask_soon(struct pe_net *pn);
void pe_ports_refresh(struct pe_net *pn);
void pe_ports_neighbour(struct pe_net *pn, struct neighbour *n);
bool pe_port_same_place(const struct pe_port *a, const struct pe_port *b);

#endif /* _PE_DEVICE_H */
