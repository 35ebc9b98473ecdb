// SPDX-License-Identifier: GPL-2.0-only
/* Messages to versions of devices. */

#include <linux/etherdevice.h>

#include "nl-gen.h"
#include "parse.h"
#include "parse_attr.h"

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
