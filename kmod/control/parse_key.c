// SPDX-License-Identifier: GPL-2.0-only
/* Messages to versions of services: whose packets they get. */

#include <net/ipv6.h>

#include "../model/prefix.h"
#include "../model/service.h"
#include "nl-gen.h"
#include "parse.h"
#include "parse_attr.h"

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

/**
 * pe_parse_what() - whose packets a service gets: address or client, protocol, ports
 * @info: the message
 * @name: of the service
 * @svc: out: the version, made for as many ranges of ports as the message has
 * @refusal: out: why not
 *
 * Return: 0 or a negative errno.
 */
int pe_parse_what(struct genl_info *info, const char *name,
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

/**
 * pe_parse_iif() - the interface by which a service's clients come, if it names one
 * @pn: namespace
 * @info: the message
 * @name: of the service
 * @svc: out: the version
 * @refusal: out: why not
 *
 * Context: process context, pe_net.lock held.
 * Return: 0 or a negative errno.
 */
int pe_parse_iif(struct pe_net *pn, struct genl_info *info,
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
