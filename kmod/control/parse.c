// SPDX-License-Identifier: GPL-2.0-only
/* Messages to versions: what messages of any noun have. */

#include <linux/ctype.h>
#include <net/ipv6.h>

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
