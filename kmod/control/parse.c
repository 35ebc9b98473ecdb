// SPDX-License-Identifier: GPL-2.0-only
/* Messages to versions: whatever a message alone can be refused for. */

#include <linux/ctype.h>
#include <linux/etherdevice.h>
#include <linux/slab.h>
#include <net/ipv6.h>

#include "../model/engine.h"
#include "../model/prefix.h"
#include "../model/service.h"
#include "nl-gen.h"
#include "noun.h"
#include "parse.h"
#include "parse_attr.h"

/**
 * pe_parse_nest() - what a nest holds by type
 * @tb: out: it; of what is there more than once, the last
 * @max: greatest type
 * @nest: the nest
 *
 * Policy was applied to it when the message was received.
 */
void pe_parse_nest(struct nlattr **tb, int max, const struct nlattr *nest)
{
	struct nlattr *attr;
	int left;

	memset(tb, 0, (max + 1) * sizeof(*tb));
	nla_for_each_nested(attr, nest, left)
		if (nla_type(attr) <= max)
			tb[nla_type(attr)] = attr;
}

/**
 * pe_parse_addr() - an IPv4 or IPv6 address
 * @attr: attribute that holds it
 * @what: whose address, for the refusal
 * @link: it may be one that is only valid on its link
 * @addr: out: the address
 * @family: out: NFPROTO_* of it
 * @extack: out: the attribute, when it is refused
 * @refusal: out: why not
 *
 * Return: 0 or -EINVAL.
 */
int pe_parse_addr(const struct nlattr *attr, const char *what, bool link,
		  union nf_inet_addr *addr, u8 *family,
		  struct netlink_ext_ack *extack, struct pe_refusal *refusal)
{
	memset(addr, 0, sizeof(*addr));
	switch (nla_len(attr)) {
	case sizeof(struct in_addr):
		addr->ip = nla_get_in_addr(attr);
		*family = NFPROTO_IPV4;
		if (!ipv4_is_multicast(addr->ip) && !ipv4_is_lbcast(addr->ip) &&
		    !ipv4_is_zeronet(addr->ip) && !ipv4_is_loopback(addr->ip))
			return 0;
		break;
	case sizeof(struct in6_addr):
		if (!ipv6_mod_enabled())
			return pe_bad(extack, refusal, attr, -EAFNOSUPPORT,
				      "the address of %s is IPv6, which this kernel was started without: give an IPv4 address",
				      what);
		addr->in6 = nla_get_in6_addr(attr);
		*family = NFPROTO_IPV6;
		if (!ipv6_addr_is_multicast(&addr->in6) &&
		    !ipv6_addr_any(&addr->in6) &&
		    !ipv6_addr_loopback(&addr->in6) &&
		    (link || !(ipv6_addr_type(&addr->in6) &
			       IPV6_ADDR_LINKLOCAL)))
			return 0;
		break;
	default:
		return pe_bad(extack, refusal, attr, -EINVAL,
			      "the address of %s has %d bytes: give an IPv4 address of 4 or an IPv6 address of 16",
			      what, nla_len(attr));
	}
	return pe_bad(extack, refusal, attr, -EINVAL,
		      "the address of %s is not one host's everywhere: give a global unicast address",
		      what);
}

/**
 * pe_name_is_valid() - can this be a name?
 * @name: what is to be one
 */
bool pe_name_is_valid(const char *name)
{
	if (!isalnum(*name) && *name != '_')
		return false;
	for (name++; *name; name++)
		if (!isalnum(*name) && !strchr("_.-", *name))
			return false;
	return true;
}

/**
 * pe_parse_name() - is this the name of an object?
 * @info: the message
 * @attr: attribute that holds it, or NULL
 * @type: of that attribute
 * @noun: what it is to be the name of
 * @refusal: out: why not
 *
 * Return: 0 or -EINVAL.
 */
int pe_parse_name(struct genl_info *info, const struct nlattr *attr, u16 type,
		  const char *noun, struct pe_refusal *refusal)
{
	if (!attr)
		return pe_refuse(refusal, -EINVAL, type, 0,
				 "a %s without a name: give it one", noun);
	if (pe_name_is_valid(nla_data(attr)))
		return 0;
	return pe_bad(info->extack, refusal, attr, -EINVAL,
		      "'%s' is no name of a %s: use letters, digits, '_', '.' and '-', the first one no '.' or '-'",
		      (const char *)nla_data(attr), noun);
}

/* A peer behind a VXLAN-GPE interface. */
static int pe_parse_port_remote(struct genl_info *info, struct nlattr **tb,
				const char *name, struct pe_port *port,
				struct pe_refusal *refusal)
{
	const struct nlattr *remote = tb[PE_PORT_REMOTE], *vni = tb[PE_PORT_VNI];
	int err;

	if (!remote)
		return pe_bad(info->extack, refusal, vni, -EINVAL,
			      "a port of device %s has vni and no remote: give the address of the peer, or leave vni out",
			      name);
	if (tb[PE_PORT_LLADDR] || tb[PE_PORT_VIA])
		return pe_bad(info->extack, refusal, remote, -EINVAL,
			      "a port of device %s has remote, and behind a tunnel there is no link-layer address: leave lladdr and via out",
			      name);
	if (!vni || nla_get_u32(vni) > PE_VNI_MAX)
		return pe_bad(info->extack, refusal, vni ?: remote, -EINVAL,
			      "a port of device %s has remote without a VXLAN network identifier: give vni from 0 to %u",
			      name, PE_VNI_MAX);
	err = pe_parse_addr(remote, name, false, &port->via, &port->via_proto,
			    info->extack, refusal);
	if (err)
		return err;
	port->kind = PE_PORT_KIND_TUNNEL;
	port->mac = PE_MAC_TUNNEL;
	port->vni = nla_get_u32(vni);
	port->tunnel = pe_tunnel_new(&port->via, port->via_proto, port->vni);
	return port->tunnel ? 0 : -ENOMEM;
}

/* Everything but what a port is attached to. */
static int pe_parse_port_addr(struct genl_info *info, struct nlattr **tb,
			      const char *name, struct pe_port *port,
			      struct pe_refusal *refusal)
{
	const struct nlattr *ll = tb[PE_PORT_LLADDR], *via = tb[PE_PORT_VIA];

	if (tb[PE_PORT_REMOTE] || tb[PE_PORT_VNI])
		return pe_parse_port_remote(info, tb, name, port, refusal);
	if (ll && via)
		return pe_bad(info->extack, refusal, via, -EINVAL,
			      "a port of device %s has both lladdr and via: give one of them",
			      name);
	if (via) {
		port->kind = PE_PORT_KIND_VIA;
		return pe_parse_addr(via, name, true, &port->via, &port->via_proto,
				     info->extack, refusal);
	}
	port->kind = PE_PORT_KIND_FIXED;
	if (!ll)
		return 0;
	if (!is_valid_ether_addr(nla_data(ll)))
		return pe_bad(info->extack, refusal, ll, -EINVAL,
			      "lladdr %pM of device %s is not one station's: give a unicast address",
			      nla_data(ll), name);
	port->mac = pe_mac(nla_data(ll));
	return 0;
}

/**
 * pe_parse_iface() - an interface by name
 * @pn: namespace
 * @attr: attribute that holds the name
 * @tunnel: it has to be one of VXLAN-GPE
 * @refusal: out: why not
 *
 * Context: process context, pe_net.lock held.
 * Return: the interface with a reference, or an error pointer.
 */
struct pe_iface *pe_parse_iface(struct pe_net *pn, const struct nlattr *attr,
				bool tunnel, struct pe_refusal *refusal)
{
	struct pe_iface *iface = pe_iface_get(pn, nla_data(attr), tunnel);

	if (iface == ERR_PTR(-ENOSPC))
		pe_refuse(refusal, -ENOSPC, 0, 0,
			  "interface %s is one too many for this namespace: use those that devices and services name already",
			  (const char *)nla_data(attr));
	return iface;
}

static int pe_parse_port(struct pe_net *pn, struct genl_info *info,
			 const struct nlattr *attr, const char *name,
			 struct pe_port *port, struct pe_refusal *refusal)
{
	struct nlattr *tb[PE_PORT_MAX + 1];
	struct pe_iface *iface;
	int err;

	pe_parse_nest(tb, PE_PORT_MAX, attr);
	if (tb[PE_PORT_IFINDEX] || tb[PE_PORT_RESOLVED])
		return pe_bad(info->extack, refusal, attr, -EINVAL,
			      "a port of device %s has ifindex or resolved, which are only read: leave them out",
			      name);
	if (!tb[PE_PORT_DEV] || !nla_len(tb[PE_PORT_DEV]) ||
	    !dev_valid_name(nla_data(tb[PE_PORT_DEV])))
		return pe_bad(info->extack, refusal, attr, -EINVAL,
			      "a port of device %s names no interface: give it one with dev",
			      name);
	err = pe_parse_port_addr(info, tb, name, port, refusal);
	if (err)
		return err;
	iface = pe_parse_iface(pn, tb[PE_PORT_DEV],
			       port->kind == PE_PORT_KIND_TUNNEL, refusal);
	if (IS_ERR(iface))
		return PTR_ERR(iface);
	port->iface = iface;
	return 0;
}

static int pe_check_server(const struct pe_device *dev, const char *name,
			   struct pe_refusal *refusal)
{
	bool nat = dev->mode == PE_SERVER_MODE_NAT;

	if (dev->transparent)
		return pe_refuse(refusal, -EINVAL, PE_DEVICE_TRANSPARENT, 0,
				 "server %s cannot be transparent: only an inline device can",
				 name);
	if (pe_device_two_sided(dev))
		return pe_refuse(refusal, -EINVAL, PE_DEVICE_INSIDE, 0,
				 "server %s has an inside, but nothing goes through it: give it one port",
				 name);
	if (nat && !dev->proto)
		return pe_refuse(refusal, -EINVAL, PE_DEVICE_MODE, 0,
				 "server %s is in mode nat and has no address: give its own with address",
				 name);
	if (nat && dev->outside.kind != PE_PORT_KIND_NONE)
		return pe_refuse(refusal, -EINVAL, PE_DEVICE_OUTSIDE, 0,
				 "server %s is in mode nat, which the kernel routes: leave dev, lladdr and via out",
				 name);
	return 0;
}

static int pe_check_transparent(const struct pe_device *dev, const char *name,
				struct pe_refusal *refusal)
{
	if (dev->kind != PE_DEVICE_KIND_INLINE || !pe_device_two_sided(dev))
		return pe_refuse(refusal, -EINVAL, PE_DEVICE_TRANSPARENT, 0,
				 "transparent device %s must be inline and have an outside and an inside: give both",
				 name);
	if (dev->outside.mac || dev->outside.kind == PE_PORT_KIND_VIA ||
	    dev->inside.mac || dev->inside.kind == PE_PORT_KIND_VIA)
		return pe_refuse(refusal, -EINVAL, PE_DEVICE_TRANSPARENT, 0,
				 "transparent device %s has no address of its own on the link: leave lladdr, via and remote out",
				 name);
	if (dev->outside.iface == dev->inside.iface)
		return pe_refuse(refusal, -EINVAL, PE_DEVICE_INSIDE, 0,
				 "transparent device %s has both sides at the same interface: name two",
				 name);
	return 0;
}

static bool pe_port_lacks_addr(const struct pe_port *port)
{
	return port->kind == PE_PORT_KIND_FIXED && !port->mac;
}

static int pe_check_device(const struct pe_device *dev, const char *name,
			   struct pe_refusal *refusal)
{
	bool nat = pe_device_is_nat(dev);
	int err = 0;

	if (dev->kind == PE_DEVICE_KIND_SERVER)
		err = pe_check_server(dev, name, refusal);
	else if (dev->kind == PE_DEVICE_KIND_TAP && pe_device_two_sided(dev))
		err = pe_refuse(refusal, -EINVAL, PE_DEVICE_INSIDE, 0,
				"tap %s has an inside, but nothing goes through it: give it one port",
				name);
	if (!err && dev->transparent)
		err = pe_check_transparent(dev, name, refusal);
	if (!err && dev->kind != PE_DEVICE_KIND_INLINE &&
	    dev->outside.kind == PE_PORT_KIND_TUNNEL)
		err = pe_refuse(refusal, -EINVAL, PE_DEVICE_OUTSIDE, 0,
				"device %s has remote, but only an inline device takes packets by a tunnel: give lladdr or via",
				name);
	if (err)
		return err;
	if (!nat && dev->outside.kind == PE_PORT_KIND_NONE)
		return pe_refuse(refusal, -EINVAL, PE_DEVICE_OUTSIDE, 0,
				 "device %s is not attached anywhere: give dev and lladdr or via",
				 name);
	if (!dev->transparent && (pe_port_lacks_addr(&dev->outside) ||
				  pe_port_lacks_addr(&dev->inside)))
		return pe_refuse(refusal, -EINVAL,
				 pe_port_lacks_addr(&dev->outside) ?
					 PE_DEVICE_OUTSIDE : PE_DEVICE_INSIDE, 0,
				 "a port of device %s has no address on the link: give lladdr or via",
				 name);
	if (dev->guard && !dev->proto)
		return pe_refuse(refusal, -EINVAL, PE_DEVICE_GUARD, 0,
				 "device %s has no address to guard: give its own with address",
				 name);
	if (dev->measure && dev->kind == PE_DEVICE_KIND_TAP)
		return pe_refuse(refusal, -EINVAL, PE_DEVICE_MEASURE, 0,
				 "tap %s returns nothing whose time could be measured: leave measure out",
				 name);
	return 0;
}

static void pe_parse_mirror(struct pe_device *dev)
{
	dev->outside.kind = PE_PORT_KIND_MIRROR;
	dev->outside.peer = &dev->inside;
	dev->inside.kind = PE_PORT_KIND_MIRROR;
	dev->inside.peer = &dev->outside;
}

static int pe_parse_kind(struct genl_info *info, const char *name,
			 struct pe_device *dev, struct pe_refusal *refusal)
{
	struct nlattr **a = info->attrs;

	if (!a[PE_DEVICE_KIND])
		return pe_refuse(refusal, -EINVAL, PE_DEVICE_KIND, 0,
				 "device %s has no kind: say server, inline or tap",
				 name);
	dev->kind = nla_get_u32(a[PE_DEVICE_KIND]);
	if (dev->kind != PE_DEVICE_KIND_SERVER && a[PE_DEVICE_MODE])
		return pe_bad(info->extack, refusal, a[PE_DEVICE_MODE], -EINVAL,
			      "device %s is no server and has no mode: leave it out",
			      name);
	if (dev->kind == PE_DEVICE_KIND_SERVER && !a[PE_DEVICE_MODE])
		return pe_refuse(refusal, -EINVAL, PE_DEVICE_MODE, 0,
				 "server %s has no mode: say loopback, alias or nat",
				 name);
	if (a[PE_DEVICE_MODE])
		dev->mode = nla_get_u32(a[PE_DEVICE_MODE]);
	dev->transparent = nla_get_flag(a[PE_DEVICE_TRANSPARENT]);
	dev->guard = nla_get_flag(a[PE_DEVICE_GUARD]);
	dev->measure = nla_get_flag(a[PE_DEVICE_MEASURE]);
	return 0;
}

static int pe_parse_device_attrs(struct pe_net *pn, struct genl_info *info,
				 const char *name, struct pe_device *dev,
				 struct pe_refusal *refusal)
{
	struct nlattr **a = info->attrs;
	int err;

	err = pe_parse_kind(info, name, dev, refusal);
	if (!err && a[PE_DEVICE_ADDRESS])
		err = pe_parse_addr(a[PE_DEVICE_ADDRESS], name, false, &dev->address,
				    &dev->proto, info->extack, refusal);
	if (!err && a[PE_DEVICE_OUTSIDE])
		err = pe_parse_port(pn, info, a[PE_DEVICE_OUTSIDE], name,
				    &dev->outside, refusal);
	if (!err && a[PE_DEVICE_INSIDE])
		err = pe_parse_port(pn, info, a[PE_DEVICE_INSIDE], name,
				    &dev->inside, refusal);
	if (!err && dev->guard && !dev->proto &&
	    dev->outside.kind == PE_PORT_KIND_VIA) {
		dev->address = dev->outside.via;
		dev->proto = dev->outside.via_proto;
		dev->address_is_via = true;
	}
	if (!err)
		err = pe_check_device(dev, name, refusal);
	if (!err && dev->transparent)
		pe_parse_mirror(dev);
	if (!err && pe_device_is_nat(dev)) {
		dev->route = pe_route_new(&dev->address, dev->proto);
		if (!dev->route)
			err = -ENOMEM;
	}
	return err;
}

/**
 * pe_parse_new() - a change that a message is about
 * @txn: transaction that it is for
 * @info: the message
 * @name: of the object
 * @noun: enum pe_noun of it
 * @data: bytes of further names
 * @steps: of a service
 *
 * Return: the change, or NULL when memory is short.
 */
struct pe_change *pe_parse_new(struct pe_txn *txn, struct genl_info *info,
			       const char *name, u8 noun, size_t data, u8 steps)
{
	struct pe_change *change;

	change = pe_change_new(txn, strlen(name) + 1 + data, steps);
	if (!change)
		return NULL;
	change->seq = info->snd_seq;
	change->flags = info->nlhdr->nlmsg_flags;
	change->op = PE_OP_NEW;
	change->noun = noun;
	memcpy(change->data, name, strlen(name) + 1);
	return change;
}

/**
 * pe_parse_device() - a device as a message describes it
 * @pn: namespace
 * @txn: transaction that it is for
 * @info: the message
 * @refusal: out: why not
 *
 * Context: process context, pe_net.lock held.
 * Return: the change or an error pointer.
 */
struct pe_change *pe_parse_device(struct pe_net *pn, struct pe_txn *txn,
				  struct genl_info *info,
				  struct pe_refusal *refusal)
{
	const struct nlattr *attr = info->attrs[PE_DEVICE_NAME];
	struct pe_change *change;
	struct pe_device *dev;
	const char *name;
	int err;

	err = pe_parse_name(info, attr, PE_DEVICE_NAME, "device", refusal);
	if (err)
		return ERR_PTR(err);
	name = nla_data(attr);
	change = pe_parse_new(txn, info, name, PE_NOUN_DEVICE, 0, 0);
	if (!change)
		return ERR_PTR(-ENOMEM);
	dev = pe_device_new();
	change->version = dev;
	err = dev ? pe_parse_device_attrs(pn, info, name, dev, refusal) :
		    -ENOMEM;
	if (err) {
		pe_change_drop(pn, txn, change);
		return ERR_PTR(err);
	}
	return change;
}

/**
 * pe_next() - the next attribute of a type
 * @info: the message
 * @type: the type
 * @attr: the one before, or NULL for the first
 *
 * What can be there more than once is found by walking the message.
 *
 * Return: the attribute, or NULL.
 */
const struct nlattr *pe_next(const struct genl_info *info, u16 type,
			     const struct nlattr *attr)
{
	const struct nlattr *head = nlmsg_attrdata(info->nlhdr, GENL_HDRLEN);
	int left = nlmsg_attrlen(info->nlhdr, GENL_HDRLEN);

	if (attr) {
		left -= (const char *)attr - (const char *)head;
		attr = nla_next(attr, &left);
	} else {
		attr = head;
	}
	while (nla_ok(attr, left)) {
		if (nla_type(attr) == type)
			return attr;
		attr = nla_next(attr, &left);
	}
	return NULL;
}

static int pe_parse_member(struct genl_info *info, const struct nlattr *attr,
			   const char *name, struct pe_member *member,
			   const struct nlattr **device,
			   struct pe_refusal *refusal)
{
	struct nlattr *tb[PE_MEMBER_MAX + 1];

	pe_parse_nest(tb, PE_MEMBER_MAX, attr);
	if (tb[PE_MEMBER_SLOTS])
		return pe_bad(info->extack, refusal, attr, -EINVAL,
			      "a member of pool %s has slots, which are only read: leave them out",
			      name);
	*device = tb[PE_MEMBER_DEVICE];
	if (!*device || !*(char *)nla_data(*device))
		return pe_bad(info->extack, refusal, attr, -EINVAL,
			      "a member of pool %s names no device: give it one",
			      name);
	member->weight = tb[PE_MEMBER_WEIGHT] ?
				 nla_get_u16(tb[PE_MEMBER_WEIGHT]) : 1;
	return 0;
}

static int pe_parse_members(struct genl_info *info, const char *name,
			    struct pe_pool *pool, char *at,
			    struct pe_refusal *refusal)
{
	const struct nlattr *attr = NULL, *device;
	u8 i = 0;
	int err, len;

	while ((attr = pe_next(info, PE_POOL_MEMBER, attr))) {
		err = pe_parse_member(info, attr, name, &pool->member[i++],
				      &device, refusal);
		if (err)
			return err;
		len = strlen(nla_data(device)) + 1;
		memcpy(at, nla_data(device), len);
		at += len;
	}
	return 0;
}

/* Longer than anybody waits for an answer; jiffies are safe below. */
#define PE_WINDOW_MAX	3600000

static int pe_parse_detect(struct genl_info *info, const char *name,
			   struct pe_pool *pool, struct pe_refusal *refusal)
{
	struct nlattr **a = info->attrs;

	pool->detect_packets = PE_DETECT_PACKETS;
	pool->one_way = nla_get_flag(a[PE_POOL_ONE_WAY]);
	pool->detect_window = pool->one_way ? PE_DETECT_WINDOW_ONE_WAY :
					      PE_DETECT_WINDOW;
	if (a[PE_POOL_DETECT_PACKETS])
		pool->detect_packets = nla_get_u32(a[PE_POOL_DETECT_PACKETS]);
	if (a[PE_POOL_DETECT_WINDOW])
		pool->detect_window = nla_get_u32(a[PE_POOL_DETECT_WINDOW]);
	pool->detect_given = a[PE_POOL_DETECT_PACKETS] ||
			     a[PE_POOL_DETECT_WINDOW];
	if (pool->detect_window < 1 || pool->detect_window > PE_WINDOW_MAX)
		return pe_bad(info->extack, refusal, a[PE_POOL_DETECT_WINDOW],
			      -EINVAL,
			      "pool %s finds a member dead after %u ms without an answer: give a window from 1 to %u ms",
			      name, pool->detect_window, PE_WINDOW_MAX);
	pool->revives = a[PE_POOL_REVIVE];
	if (pool->revives)
		pool->revive = nla_get_u32(a[PE_POOL_REVIVE]);
	if (pool->revive > PE_WINDOW_MAX)
		return pe_bad(info->extack, refusal, a[PE_POOL_REVIVE], -EINVAL,
			      "pool %s tries dead members again after %u ms: give at most %u ms",
			      name, pool->revive, PE_WINDOW_MAX);
	return 0;
}

static int pe_parse_pool_attrs(struct genl_info *info, const char *name,
			       struct pe_pool *pool, char *names,
			       struct pe_refusal *refusal)
{
	struct nlattr **a = info->attrs;
	int err;

	if (!a[PE_POOL_POLICY])
		return pe_refuse(refusal, -EINVAL, PE_POOL_POLICY, 0,
				 "pool %s has no policy: say failover or maglev",
				 name);
	pool->policy = nla_get_u32(a[PE_POOL_POLICY]);
	if (a[PE_POOL_KEY])
		pool->key = nla_get_u32(a[PE_POOL_KEY]);
	if (pool->key && pool->policy == PE_POOL_POLICY_FAILOVER)
		return pe_bad(info->extack, refusal, a[PE_POOL_KEY], -EINVAL,
			      "pool %s has policy failover, where one member gets everything, and a key: leave the key out, or use maglev",
			      name);
	err = pe_parse_members(info, name, pool, names, refusal);
	return err ?: pe_parse_detect(info, name, pool, refusal);
}

/**
 * pe_parse_pool() - a pool as a message describes it
 * @pn: namespace
 * @txn: transaction that it is for
 * @info: the message
 * @refusal: out: why not
 *
 * Context: process context, pe_net.lock held.
 * Return: the change or an error pointer.
 */
struct pe_change *pe_parse_pool(struct pe_net *pn, struct pe_txn *txn,
				struct genl_info *info,
				struct pe_refusal *refusal)
{
	const struct nlattr *attr = info->attrs[PE_POOL_NAME], *member = NULL;
	struct pe_change *change;
	unsigned int n = 0;
	size_t names = 0;
	const char *name;
	int err;

	err = pe_parse_name(info, attr, PE_POOL_NAME, "pool", refusal);
	if (err)
		return ERR_PTR(err);
	name = nla_data(attr);
	while ((member = pe_next(info, PE_POOL_MEMBER, member))) {
		names += nla_len(member);
		n++;
	}
	if (!n || n > PE_MEMBERS_MAX)
		return ERR_PTR(pe_refuse(refusal, -EINVAL, PE_POOL_MEMBER,
					 n ? PE_MEMBERS_MAX : 0,
					 "pool %s has %u members: give it 1 to %u",
					 name, n, PE_MEMBERS_MAX));
	change = pe_parse_new(txn, info, name, PE_NOUN_POOL, names, 0);
	if (!change)
		return ERR_PTR(-ENOMEM);
	change->version = pe_pool_new(n);
	err = change->version ?
		      pe_parse_pool_attrs(info, name, change->version,
					  change->data + strlen(name) + 1,
					  refusal) : -ENOMEM;
	if (err) {
		pe_change_drop(pn, txn, change);
		return ERR_PTR(err);
	}
	return change;
}

/* How much there is of what a service has more than one of. */
struct pe_parts {
	unsigned int		ranges;
	unsigned int		steps;
	size_t			names;	/* bytes that hold those of all steps */
};

static void pe_count_parts(const struct genl_info *info, struct pe_parts *parts)
{
	const struct nlattr *attr;
	int left;

	memset(parts, 0, sizeof(*parts));
	nlmsg_for_each_attr(attr, info->nlhdr, GENL_HDRLEN, left) {
		switch (nla_type(attr)) {
		case PE_SERVICE_PORT:
			parts->ranges++;
			break;
		case PE_SERVICE_STEP:
			parts->steps++;
			parts->names += nla_len(attr);
			break;
		case PE_SERVICE_ACL:
			parts->names += PE_NAME_MAX + 1;
			break;
		}
	}
}

static int pe_parse_range(struct genl_info *info, const struct nlattr *attr,
			  const char *name, struct pe_range *range,
			  struct pe_refusal *refusal)
{
	struct nlattr *tb[PE_RANGE_MAX + 1];

	pe_parse_nest(tb, PE_RANGE_MAX, attr);
	if (!tb[PE_RANGE_FIRST])
		return pe_bad(info->extack, refusal, attr, -EINVAL,
			      "a port range of service %s has no first port: give it one",
			      name);
	range->first = nla_get_u16(tb[PE_RANGE_FIRST]);
	range->last = tb[PE_RANGE_LAST] ? nla_get_u16(tb[PE_RANGE_LAST]) :
					  range->first;
	if (!range->first || range->last < range->first)
		return pe_bad(info->extack, refusal, attr, -EINVAL,
			      "ports %u-%u of service %s are no range: give ports from 1 to 65535, the smaller first",
			      range->first, range->last, name);
	range->dynamic = nla_get_flag(tb[PE_RANGE_DYNAMIC]);
	return 0;
}

/* Dynamic ranges come last, else in the order of the message. */
static void pe_add_range(struct pe_service *svc, u8 n,
			 const struct pe_range *range)
{
	while (n && !range->dynamic && svc->range[n - 1].dynamic) {
		svc->range[n] = svc->range[n - 1];
		n--;
	}
	svc->range[n] = *range;
}

static int pe_parse_ranges(struct genl_info *info, const char *name,
			   struct pe_service *svc, struct pe_refusal *refusal)
{
	const struct nlattr *attr = NULL;
	struct pe_range range;
	u8 n = 0, i;
	int err;

	while ((attr = pe_next(info, PE_SERVICE_PORT, attr))) {
		err = pe_parse_range(info, attr, name, &range, refusal);
		if (err)
			return err;
		for (i = 0; i < n; i++)
			if (svc->range[i].first <= range.last &&
			    range.first <= svc->range[i].last)
				return pe_bad(info->extack, refusal, attr,
					      -EINVAL,
					      "ports %u-%u and %u-%u of service %s overlap: name each port once",
					      svc->range[i].first,
					      svc->range[i].last, range.first,
					      range.last, name);
		pe_add_range(svc, n++, &range);
	}
	if (svc->range[0].dynamic)
		return pe_refuse(refusal, -EINVAL, PE_SERVICE_PORT, 0,
				 "service %s has dynamic ports and none over which they are negotiated: give it one with port",
				 name);
	return 0;
}

/**
 * pe_proto_can_have_ports() - does a protocol have ports?
 * @proto: IP protocol
 */
bool pe_proto_can_have_ports(u8 proto)
{
	return proto == IPPROTO_TCP || proto == IPPROTO_UDP ||
	       proto == IPPROTO_SCTP || proto == IPPROTO_UDPLITE ||
	       proto == IPPROTO_DCCP;
}

/* No router forwards what comes from there, wherever in the prefix. */
static bool pe_prefix_is_nobodys(const struct pe_service *svc)
{
	if (!svc->length)
		return false;
	if (svc->family == NFPROTO_IPV4)
		return ipv4_is_multicast(svc->vip.ip) ||
		       ipv4_is_loopback(svc->vip.ip) ||
		       ipv4_is_lbcast(svc->vip.ip);
	return ipv6_addr_type(&svc->vip.in6) &
	       (IPV6_ADDR_MULTICAST | IPV6_ADDR_LOOPBACK |
		IPV6_ADDR_LINKLOCAL);
}

static int pe_check_client(struct genl_info *info, const char *name,
			   const struct pe_service *svc,
			   struct pe_refusal *refusal)
{
	const struct nlattr *length = info->attrs[PE_SERVICE_CLIENT_LEN];
	const struct nlattr *attr = info->attrs[PE_SERVICE_CLIENT];
	u8 bits = svc->family == NFPROTO_IPV4 ? 32 : 128;
	union nf_inet_addr mask;
	int i;

	if (svc->length > bits)
		return pe_bad(info->extack, refusal, length, -EINVAL,
			      "the client prefix of service %s has %u bits, but an address of its family has %u: give a prefix of at most that",
			      name, svc->length, bits);
	pe_prefix_mask(&mask, svc->family, svc->length);
	for (i = 0; i < ARRAY_SIZE(mask.ip6); i++)
		if (svc->vip.ip6[i] & ~mask.ip6[i])
			return pe_bad(info->extack, refusal, attr, -EINVAL,
				      "the client prefix of service %s has bits set behind its %u: give the first address of the prefix, or a longer prefix",
				      name, svc->length);
	if (pe_prefix_is_nobodys(svc))
		return pe_bad(info->extack, refusal, attr, -EINVAL,
			      "the client prefix of service %s is not one of hosts beyond their link: give a unicast prefix",
			      name);
	return 0;
}

static int pe_parse_client(struct genl_info *info, const char *name,
			   struct pe_service *svc, struct pe_refusal *refusal)
{
	const struct nlattr *length = info->attrs[PE_SERVICE_CLIENT_LEN];
	const struct nlattr *attr = info->attrs[PE_SERVICE_CLIENT];

	if (!length)
		return pe_bad(info->extack, refusal, attr, -EINVAL,
			      "the client prefix of service %s has no length: give it one, as in 192.0.2.0/24",
			      name);
	svc->client = true;
	svc->length = nla_get_u8(length);
	switch (nla_len(attr)) {
	case sizeof(struct in_addr):
		svc->family = NFPROTO_IPV4;
		svc->vip.ip = nla_get_in_addr(attr);
		break;
	case sizeof(struct in6_addr):
		if (!ipv6_mod_enabled())
			return pe_bad(info->extack, refusal, attr, -EAFNOSUPPORT,
				      "the client prefix of service %s is IPv6, which this kernel was started without: give an IPv4 prefix",
				      name);
		svc->family = NFPROTO_IPV6;
		svc->vip.in6 = nla_get_in6_addr(attr);
		break;
	default:
		return pe_bad(info->extack, refusal, attr, -EINVAL,
			      "the client prefix of service %s has %d bytes: give an IPv4 prefix of 4 or an IPv6 prefix of 16",
			      name, nla_len(attr));
	}
	return pe_check_client(info, name, svc, refusal);
}

/* Whose packets the service gets: either those to an address, or those of
 * clients.
 */
static int pe_parse_key(struct genl_info *info, const char *name,
			struct pe_service *svc, struct pe_refusal *refusal)
{
	struct nlattr **a = info->attrs;

	if (a[PE_SERVICE_VIP] && a[PE_SERVICE_CLIENT])
		return pe_bad(info->extack, refusal, a[PE_SERVICE_CLIENT],
			      -EINVAL,
			      "service %s has both vip and client: give one of them",
			      name);
	if (a[PE_SERVICE_CLIENT])
		return pe_parse_client(info, name, svc, refusal);
	if (a[PE_SERVICE_CLIENT_LEN])
		return pe_bad(info->extack, refusal, a[PE_SERVICE_CLIENT_LEN],
			      -EINVAL,
			      "service %s has the length of a client prefix without the prefix: give it with client",
			      name);
	if (!a[PE_SERVICE_VIP])
		return pe_refuse(refusal, -EINVAL, PE_SERVICE_VIP, 0,
				 "service %s has no address: give it one with vip, or a prefix of clients with client",
				 name);
	return pe_parse_addr(a[PE_SERVICE_VIP], name, false, &svc->vip,
			     &svc->family, info->extack, refusal);
}

static int pe_parse_what(struct genl_info *info, const char *name,
			 struct pe_service *svc, struct pe_refusal *refusal)
{
	struct nlattr **a = info->attrs;
	int err;

	err = pe_parse_key(info, name, svc, refusal);
	if (err)
		return err;
	svc->level = PE_LEVEL_ADDRESS;
	if (a[PE_SERVICE_PROTO]) {
		svc->level = PE_LEVEL_PROTO;
		svc->proto = nla_get_u8(a[PE_SERVICE_PROTO]);
	}
	if (!svc->ranges)
		return 0;
	if (!a[PE_SERVICE_PROTO] || !pe_proto_can_have_ports(svc->proto))
		return pe_bad(info->extack, refusal, a[PE_SERVICE_PORT],
			      -EINVAL,
			      "service %s has a port but no protocol that has ports: say tcp, udp, sctp, udplite or dccp, or leave the port out",
			      name);
	svc->level = PE_LEVEL_PORT;
	return pe_parse_ranges(info, name, svc, refusal);
}

static int pe_parse_iif(struct pe_net *pn, struct genl_info *info,
			const char *name, struct pe_service *svc,
			struct pe_refusal *refusal)
{
	const struct nlattr *attr = info->attrs[PE_SERVICE_IIF];
	struct pe_iface *iface;

	if (!attr)
		return 0;
	if (!dev_valid_name(nla_data(attr)))
		return pe_bad(info->extack, refusal, attr, -EINVAL,
			      "'%s' is no interface that clients of service %s could come by: name one",
			      (const char *)nla_data(attr), name);
	iface = pe_parse_iface(pn, attr, false, refusal);
	if (IS_ERR(iface))
		return PTR_ERR(iface);
	svc->iif = iface;
	return 0;
}

/* Each step gets the next code, whether its device bears it or not. */
static int pe_parse_track_first(struct genl_info *info,
				const struct nlattr *attr, const char *name,
				struct pe_service *svc, unsigned int steps,
				struct pe_refusal *refusal)
{
	u32 min = pe_track_min(svc->track.method);
	u32 max = pe_track_max(svc->track.method);
	u32 first = nla_get_u32(attr);

	if (svc->track.method == PE_TRACK_NSH) {
		svc->track.first = first;
		if (first >= min && first <= max)
			return 0;
		return pe_bad(info->extack, refusal, attr, -EINVAL,
			      "service %s has no service path %u: give one from %u to %u, the way back takes that plus %u",
			      name, first, min, max, max + 1);
	}
	if (!max)
		return pe_bad(info->extack, refusal, attr, -EINVAL,
			      "service %s is tracked by the link, which has no codes: leave the first one out",
			      name);
	if (first < min || first > max || max - first < steps - 1)
		return pe_bad(info->extack, refusal, attr, -EINVAL,
			      "%u steps of service %s have no codes from %u on with track %s: give a first one from %u to %u",
			      steps, name, first,
			      pe_track_name(svc->track.method), min,
			      max - (steps - 1));
	svc->track.first = first;
	return 0;
}

static int pe_parse_dscp(struct genl_info *info, u16 type, const char *name,
			 struct pe_service *svc, u8 *dscp,
			 struct pe_refusal *refusal)
{
	const struct nlattr *attr = info->attrs[type];

	*dscp = nla_get_u8(attr);
	if (*dscp <= PE_DSCP_MAX)
		return 0;
	return pe_bad(info->extack, refusal, attr, -EINVAL,
		      "%u is no DSCP for packets of service %s: give one from 0 to %u",
		      *dscp, name, PE_DSCP_MAX);
}

/* Of one direction alone comes before that of both. */
static int pe_parse_dscps(struct genl_info *info, const char *name,
			  struct pe_service *svc, struct pe_refusal *refusal)
{
	static const u16 types[] = {
		[PE_DIRECTION_FORWARD]	= PE_SERVICE_DSCP_FORWARD,
		[PE_DIRECTION_REVERSE]	= PE_SERVICE_DSCP_REVERSE,
	};
	struct pe_quality *quality = &svc->quality;
	int err = 0, i;

	if (info->attrs[PE_SERVICE_DSCP]) {
		quality->has |= PE_QUALITY_DSCP;
		err = pe_parse_dscp(info, PE_SERVICE_DSCP, name, svc,
				    &quality->all, refusal);
	}
	for (i = 0; !err && i < PE_DIRECTIONS; i++) {
		quality->dscp[i] = quality->all;
		quality->sets[i] = quality->has & PE_QUALITY_DSCP;
		if (!info->attrs[types[i]])
			continue;
		err = pe_parse_dscp(info, types[i], name, svc,
				    &quality->dscp[i], refusal);
		quality->sets[i] = true;
	}
	if (info->attrs[PE_SERVICE_DSCP_FORWARD])
		quality->has |= PE_QUALITY_FORWARD;
	if (info->attrs[PE_SERVICE_DSCP_REVERSE])
		quality->has |= PE_QUALITY_REVERSE;
	return err;
}

static int pe_parse_quality(struct genl_info *info, const char *name,
			    struct pe_service *svc, struct pe_refusal *refusal)
{
	const struct nlattr *priority = info->attrs[PE_SERVICE_PRIORITY];
	const struct nlattr *mark = info->attrs[PE_SERVICE_MARK];
	struct pe_quality *quality = &svc->quality;

	if (priority) {
		quality->has |= PE_QUALITY_PRIORITY;
		quality->priority = nla_get_u32(priority);
	}
	if (mark) {
		quality->has |= PE_QUALITY_MARK;
		quality->mark = nla_get_u32(mark);
	}
	return pe_parse_dscps(info, name, svc, refusal);
}

static int pe_parse_track(struct genl_info *info, const char *name,
			  struct pe_service *svc, unsigned int steps,
			  struct pe_refusal *refusal)
{
	struct nlattr **a = info->attrs;
	int err = 0;

	if (a[PE_SERVICE_TRACK])
		svc->track.method = nla_get_u32(a[PE_SERVICE_TRACK]);
	if (svc->track.method && svc->client)
		return pe_bad(info->extack, refusal, a[PE_SERVICE_TRACK],
			      -EOPNOTSUPP,
			      "service %s is that of clients, whose packets are told by the link alone: leave track %s out",
			      name, pe_track_name(svc->track.method));
	if (a[PE_SERVICE_TRACK_FIRST])
		err = pe_parse_track_first(info, a[PE_SERVICE_TRACK_FIRST],
					   name, svc, steps, refusal);
	return err;
}

static int pe_parse_announce(struct pe_net *pn, struct genl_info *info,
			     const char *name, struct pe_service *svc,
			     struct pe_refusal *refusal)
{
	const struct nlattr *attr = info->attrs[PE_SERVICE_ANNOUNCE];
	struct pe_announce *announce;
	struct pe_iface *iface;

	if (!attr)
		return 0;
	if (svc->client)
		return pe_bad(info->extack, refusal, attr, -EINVAL,
			      "service %s has clients instead of an address that could be announced: leave announce out, or give it a vip",
			      name);
	if (!dev_valid_name(nla_data(attr)))
		return pe_bad(info->extack, refusal, attr, -EINVAL,
			      "'%s' is no interface that service %s could be announced on: name one",
			      (const char *)nla_data(attr), name);
	iface = pe_parse_iface(pn, attr, false, refusal);
	if (IS_ERR(iface))
		return PTR_ERR(iface);
	if (svc->iif && svc->iif != iface) {
		pe_iface_put(pn, iface);
		return pe_bad(info->extack, refusal, attr, -EINVAL,
			      "service %s is announced on %s but takes clients by %s only: name the same interface",
			      name, (const char *)nla_data(attr),
			      svc->iif->name);
	}
	announce = pe_announce_get(pn, iface, &svc->vip, svc->family);
	pe_iface_put(pn, iface);
	if (announce == ERR_PTR(-ENOSPC))
		return pe_bad(info->extack, refusal, attr, -ENOSPC,
			      "the address of service %s is one too many to be announced in this namespace: have it routed here instead",
			      name);
	if (IS_ERR(announce))
		return PTR_ERR(announce);
	svc->announce = announce;
	return 0;
}

static int pe_parse_exit_table(struct genl_info *info, const char *name,
			       struct pe_exit *exit, struct pe_refusal *refusal)
{
	const struct nlattr *attr = info->attrs[PE_SERVICE_EXIT_TABLE];

	exit->table = nla_get_u32(attr);
	if (!exit->table || exit->table == RT_TABLE_LOCAL)
		return pe_bad(info->extack, refusal, attr, -EINVAL,
			      "routing table %u leads service %s nowhere: give another one, from 1 to 4294967295",
			      exit->table, name);
	return 0;
}

static int pe_parse_exit_via(struct pe_net *pn, struct genl_info *info,
			     const char *name, struct pe_exit *exit,
			     struct pe_refusal *refusal)
{
	const struct nlattr *via = info->attrs[PE_SERVICE_EXIT_VIA];
	const struct nlattr *dev = info->attrs[PE_SERVICE_EXIT_DEV];
	char what[sizeof("the exit of service ") + PE_NAME_MAX];
	struct pe_iface *iface;
	int err;

	snprintf(what, sizeof(what), "the exit of service %s", name);
	err = pe_parse_addr(via, what, dev, &exit->via, &exit->via_proto,
			    info->extack, refusal);
	if (err)
		return err;
	if (!dev) {
		exit->route = pe_route_new(&exit->via, exit->via_proto);
		return exit->route ? 0 : -ENOMEM;
	}
	if (!dev_valid_name(nla_data(dev)))
		return pe_bad(info->extack, refusal, dev, -EINVAL,
			      "'%s' is no interface that the exit of service %s could be at: name one",
			      (const char *)nla_data(dev), name);
	iface = pe_parse_iface(pn, dev, false, refusal);
	if (IS_ERR(iface))
		return PTR_ERR(iface);
	exit->iface = iface;
	return 0;
}

static int pe_parse_exit(struct pe_net *pn, struct genl_info *info,
			 const char *name, struct pe_service *svc,
			 struct pe_refusal *refusal)
{
	struct nlattr **a = info->attrs;

	if (a[PE_SERVICE_EXIT_VIA] && a[PE_SERVICE_EXIT_TABLE])
		return pe_bad(info->extack, refusal, a[PE_SERVICE_EXIT_TABLE],
			      -EINVAL,
			      "the exit of service %s has both via and table: give one of them",
			      name);
	if (a[PE_SERVICE_EXIT_DEV] && !a[PE_SERVICE_EXIT_VIA])
		return pe_bad(info->extack, refusal, a[PE_SERVICE_EXIT_DEV],
			      -EINVAL,
			      "the exit of service %s has an interface but no next hop there: give it with via",
			      name);
	if (!a[PE_SERVICE_EXIT_VIA] && !a[PE_SERVICE_EXIT_TABLE])
		return 0;
	svc->exit = pe_exit_new();
	if (!svc->exit)
		return -ENOMEM;
	if (a[PE_SERVICE_EXIT_TABLE])
		return pe_parse_exit_table(info, name, svc->exit, refusal);
	return pe_parse_exit_via(pn, info, name, svc->exit, refusal);
}

/* The measures, as the attributes of a limit have them. */
static const struct {
	u16 attr;
	const char *name;
} pe_measures[] = {
	[PE_MEASURE_PACKETS]	= { PE_LIMIT_PACKETS, "packets" },
	[PE_MEASURE_BYTES]	= { PE_LIMIT_BYTES, "bytes" },
	[PE_MEASURE_FLOWS]	= { PE_LIMIT_FLOWS, "flows" },
};

/* @noun comes before @name in a refusal. */
static int pe_parse_limit(struct genl_info *info, const struct nlattr *attr,
			  const char *noun, const char *name,
			  struct pe_rates *rates, struct pe_refusal *refusal)
{
	struct nlattr *tb[PE_LIMIT_MAX + 1], *rate;
	int i;

	if (!attr)
		return 0;
	pe_parse_nest(tb, PE_LIMIT_MAX, attr);
	for (i = 0; i < PE_MEASURES; i++) {
		rate = tb[pe_measures[i].attr];
		if (!rate)
			continue;
		rates->rate[i] = nla_get_u64(rate);
		if (!rates->rate[i] || rates->rate[i] > PE_RATE_MAX)
			return pe_bad(info->extack, refusal, attr, -EINVAL,
				      "%s%s is limited to %llu %s a second: give a number from 1 to %llu",
				      noun, name, rates->rate[i],
				      pe_measures[i].name, PE_RATE_MAX);
	}
	if (pe_rates_any(rates))
		return 0;
	return pe_bad(info->extack, refusal, attr, -EINVAL,
		      "the limit of %s%s says nothing: give packets, bytes or flows, or leave it out",
		      noun, name);
}

static int pe_parse_step(struct genl_info *info, const struct nlattr *attr,
			 const char *name, struct nlattr **tb,
			 struct pe_refusal *refusal)
{
	pe_parse_nest(tb, PE_STEP_MAX, attr);
	if (tb[PE_STEP_FORWARD] || tb[PE_STEP_REVERSE] || tb[PE_STEP_SKIPPED])
		return pe_bad(info->extack, refusal, attr, -EINVAL,
			      "a step of service %s has counters, which are only read: leave them out",
			      name);
	if (!tb[PE_STEP_DEVICE] || !*(char *)nla_data(tb[PE_STEP_DEVICE]))
		return pe_bad(info->extack, refusal, attr, -EINVAL,
			      "a step of service %s names no device: give it one",
			      name);
	if (tb[PE_STEP_PORT] && !nla_get_u16(tb[PE_STEP_PORT]))
		return pe_bad(info->extack, refusal, attr, -EINVAL,
			      "a step of service %s translates to port 0: give a port from 1 to 65535",
			      name);
	return 0;
}

/* What the device of step @i returns, where that is another protocol or port. */
static int pe_parse_emits(const char *name, struct nlattr **tb, u32 i,
			  struct pe_step *step, struct pe_refusal *refusal)
{
	const char *device = nla_data(tb[PE_STEP_DEVICE]);

	if (!tb[PE_STEP_EMIT_PROTO]) {
		if (!tb[PE_STEP_EMIT_PORT])
			return 0;
		return pe_refuse(refusal, -EINVAL, PE_SERVICE_STEP, i,
				 "step %u (%s) of service %s emits a port and no protocol: say which",
				 i + 1, device, name);
	}
	step->emits = true;
	step->emit_proto = nla_get_u8(tb[PE_STEP_EMIT_PROTO]);
	if (!tb[PE_STEP_EMIT_PORT])
		return 0;
	step->emit_port = nla_get_u16(tb[PE_STEP_EMIT_PORT]);
	if (!step->emit_port)
		return pe_refuse(refusal, -EINVAL, PE_SERVICE_STEP, i,
				 "step %u (%s) of service %s emits port 0: give a port from 1 to 65535",
				 i + 1, device, name);
	if (!pe_proto_can_have_ports(step->emit_proto))
		return pe_refuse(refusal, -EINVAL, PE_SERVICE_STEP, i,
				 "step %u (%s) of service %s emits port %u of protocol %u, which has no ports: say tcp, udp, sctp, udplite or dccp, or leave the port out",
				 i + 1, device, name, step->emit_port,
				 step->emit_proto);
	return 0;
}

static struct pe_change *pe_parse_steps(struct pe_net *pn, struct pe_txn *txn,
					struct genl_info *info,
					const char *name,
					const struct pe_parts *parts,
					struct pe_refusal *refusal)
{
	unsigned int n = parts->steps, i = 0;
	struct nlattr *tb[PE_STEP_MAX + 1];
	const struct nlattr *attr = NULL;
	struct pe_change *change;
	int err, len;
	char *at;

	if (!n || n > PE_STEPS_MAX)
		return ERR_PTR(pe_refuse(refusal, -EINVAL, PE_SERVICE_STEP,
					 n ? PE_STEPS_MAX : 0,
					 "the sequence of service %s has %u steps: give it 1 to %u",
					 name, n, PE_STEPS_MAX));
	change = pe_parse_new(txn, info, name, PE_NOUN_SERVICE, parts->names, n);
	if (!change)
		return ERR_PTR(-ENOMEM);
	at = change->data + strlen(name) + 1;
	while ((attr = pe_next(info, PE_SERVICE_STEP, attr))) {
		err = pe_parse_step(info, attr, name, tb, refusal);
		if (!err)
			err = pe_parse_emits(name, tb, i, &change->step[i],
					     refusal);
		if (err) {
			NL_SET_BAD_ATTR(info->extack, attr);
			pe_change_drop(pn, txn, change);
			return ERR_PTR(err);
		}
		len = strlen(nla_data(tb[PE_STEP_DEVICE])) + 1;
		memcpy(at, nla_data(tb[PE_STEP_DEVICE]), len);
		at += len;
		if (tb[PE_STEP_PORT])
			change->step[i].port = nla_get_u16(tb[PE_STEP_PORT]);
		change->step[i].open = nla_get_flag(tb[PE_STEP_OPEN]);
		i++;
	}
	if (info->attrs[PE_SERVICE_ACL])
		nla_strscpy(at, info->attrs[PE_SERVICE_ACL], PE_NAME_MAX + 1);
	return change;
}

/* What it remembers of flows. */
static int pe_parse_state(struct genl_info *info, const char *name,
			  struct pe_service *svc, struct pe_refusal *refusal)
{
	const struct nlattr *attr = info->attrs[PE_SERVICE_STATE];
	struct nlattr *tb[PE_STATE_MAX + 1];

	if (!attr)
		return 0;
	pe_parse_nest(tb, PE_STATE_MAX, attr);
	if (tb[PE_STATE_USED] || tb[PE_STATE_MADE] || tb[PE_STATE_OVER])
		return pe_bad(info->extack, refusal, attr, -EINVAL,
			      "the state of service %s has counters, which are only read: leave them out",
			      name);
	svc->stateful = true;
	if (tb[PE_STATE_FLOWS])
		svc->state_flows = nla_get_u32(tb[PE_STATE_FLOWS]);
	if (tb[PE_STATE_TIMEOUT])
		svc->state_life = nla_get_u32(tb[PE_STATE_TIMEOUT]);
	if (svc->state_flows > PE_FLOWS_LIMIT ||
	    (tb[PE_STATE_FLOWS] && !svc->state_flows))
		return pe_bad(info->extack, refusal, attr, -EINVAL,
			      "service %s cannot remember %u flows: give from 1 to %u",
			      name, svc->state_flows, PE_FLOWS_LIMIT);
	if (svc->state_life > PE_FLOW_TIMEOUT_MAX ||
	    (tb[PE_STATE_TIMEOUT] && !svc->state_life))
		return pe_bad(info->extack, refusal, attr, -EINVAL,
			      "service %s cannot remember flows for %u seconds: give from 1 to %u",
			      name, svc->state_life, PE_FLOW_TIMEOUT_MAX);
	return 0;
}

/**
 * pe_parse_service() - a service as a message describes it
 * @pn: namespace
 * @txn: transaction that it is for
 * @info: the message
 * @refusal: out: why not
 *
 * Context: process context, pe_net.lock held.
 * Return: the change or an error pointer.
 */
struct pe_change *pe_parse_service(struct pe_net *pn, struct pe_txn *txn,
				   struct genl_info *info,
				   struct pe_refusal *refusal)
{
	const struct nlattr *attr = info->attrs[PE_SERVICE_NAME];
	struct pe_change *change;
	struct pe_service *svc;
	struct pe_parts parts;
	const char *name;
	int err;

	err = pe_parse_name(info, attr, PE_SERVICE_NAME, "service", refusal);
	if (err)
		return ERR_PTR(err);
	name = nla_data(attr);
	pe_count_parts(info, &parts);
	if (parts.ranges > PE_PORTS_MAX)
		return ERR_PTR(pe_refuse(refusal, -EINVAL, PE_SERVICE_PORT,
					 PE_PORTS_MAX,
					 "service %s has %u port ranges: give it at most %u",
					 name, parts.ranges, PE_PORTS_MAX));
	change = pe_parse_steps(pn, txn, info, name, &parts, refusal);
	if (IS_ERR(change))
		return change;
	svc = pe_service_new(parts.ranges);
	change->version = svc;
	err = svc ? pe_parse_what(info, name, svc, refusal) : -ENOMEM;
	if (!err)
		err = pe_parse_iif(pn, info, name, svc, refusal);
	if (!err)
		err = pe_parse_track(info, name, svc, parts.steps, refusal);
	if (!err)
		err = pe_parse_quality(info, name, svc, refusal);
	if (!err)
		err = pe_parse_announce(pn, info, name, svc, refusal);
	if (!err)
		err = pe_parse_exit(pn, info, name, svc, refusal);
	if (!err)
		err = pe_parse_limit(info, info->attrs[PE_SERVICE_LIMIT],
				     "service ", name, &svc->rates, refusal);
	if (!err)
		err = pe_parse_state(info, name, svc, refusal);
	if (!err && info->attrs[PE_SERVICE_ACL]) {
		svc->acl_given = true;
		err = pe_parse_name(info, info->attrs[PE_SERVICE_ACL],
				    PE_SERVICE_ACL, "acl", refusal);
	}
	if (err) {
		pe_change_drop(pn, txn, change);
		return ERR_PTR(err);
	}
	return change;
}

static int pe_parse_engine_attrs(struct genl_info *info,
				 struct pe_engine *engine,
				 struct pe_refusal *refusal)
{
	const struct nlattr *name = info->attrs[PE_ENGINE_NAME];
	int err;

	if (strcmp(nla_data(name), PE_ENGINE))
		return pe_bad(info->extack, refusal, name, -EINVAL,
			      "the engine is not called '%s', and there is no other: name it engine",
			      (const char *)nla_data(name));
	err = pe_parse_limit(info, info->attrs[PE_ENGINE_LIMIT], "the ",
			     PE_ENGINE, &engine->rates, refusal);
	if (err || pe_rates_any(&engine->rates))
		return err;
	return pe_refuse(refusal, -EINVAL, PE_ENGINE_LIMIT, 0,
			 "nothing is said of the engine: give it a limit, or delete it");
}

/**
 * pe_parse_engine() - the engine as a message describes it
 * @pn: namespace
 * @txn: transaction that it is for
 * @info: the message
 * @refusal: out: why not
 *
 * Context: process context, pe_net.lock held.
 * Return: the change or an error pointer.
 */
struct pe_change *pe_parse_engine(struct pe_net *pn, struct pe_txn *txn,
				  struct genl_info *info,
				  struct pe_refusal *refusal)
{
	const struct nlattr *name = info->attrs[PE_ENGINE_NAME];
	struct pe_change *change;
	int err;

	err = pe_parse_name(info, name, PE_ENGINE_NAME, "engine", refusal);
	if (err)
		return ERR_PTR(err);
	change = pe_parse_new(txn, info, nla_data(name), PE_NOUN_ENGINE, 0, 0);
	if (!change)
		return ERR_PTR(-ENOMEM);
	change->version = pe_engine_new();
	err = change->version ? pe_parse_engine_attrs(info, change->version,
						      refusal) : -ENOMEM;
	if (err) {
		pe_change_drop(pn, txn, change);
		return ERR_PTR(err);
	}
	return change;
}

/**
 * pe_parse_delete() - the deletion of a device or service
 * @txn: transaction that it is for
 * @info: the message
 * @noun: which
 * @refusal: out: why not
 *
 * Return: the change or an error pointer.
 */
struct pe_change *pe_parse_delete(struct pe_txn *txn, struct genl_info *info,
				  u8 noun, struct pe_refusal *refusal)
{
	const struct nlattr *attr = info->attrs[PE_DEVICE_NAME];
	struct pe_change *change;
	int err;

	BUILD_BUG_ON((int)PE_DEVICE_NAME != (int)PE_SERVICE_NAME);
	err = pe_parse_name(info, attr, PE_DEVICE_NAME,
			    pe_noun_ops[noun].name, refusal);
	if (err)
		return ERR_PTR(err);
	change = pe_parse_new(txn, info, nla_data(attr), noun, 0, 0);
	if (!change)
		return ERR_PTR(-ENOMEM);
	change->op = PE_OP_DEL;
	return change;
}
