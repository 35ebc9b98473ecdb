// SPDX-License-Identifier: GPL-2.0-only
/* The command of who checks devices. */

#include <linux/inetdevice.h>
#include <linux/overflow.h>
#include <linux/slab.h>
#include <net/addrconf.h>
#include <net/genetlink.h>
#include <net/route.h>

#include "../model/checker.h"
#include "../netns.h"
#include "check.h"
#include "nl-gen.h"
#include "session.h"

static bool pe_check_is_local(const struct pe_net *pn,
			      const struct pe_source *source)
{
	if (source->family == NFPROTO_IPV4)
		return inet_addr_type(pn->net, source->addr.ip) == RTN_LOCAL;
	return ipv6_chk_addr(pn->net, &source->addr.in6, NULL, 0);
}

static int pe_check_source(struct pe_net *pn, const struct nlattr *attr,
			   struct pe_source *source, u32 index,
			   struct pe_refusal *refusal)
{
	int len = nla_len(attr);

	if (len != sizeof(source->addr.ip) && len != sizeof(source->addr.in6))
		return pe_refuse(refusal, -EINVAL, PE_CHECK_ADDRESS, index,
				 "an address to check from has %d bytes: give an IPv4 address of 4 or an IPv6 address of 16",
				 len);
	memcpy(&source->addr, nla_data(attr), len);
	source->family = len == sizeof(source->addr.ip) ? NFPROTO_IPV4 :
							  NFPROTO_IPV6;
	if (pe_check_is_local(pn, source))
		return 0;
	return pe_refuse(refusal, -EADDRNOTAVAIL, PE_CHECK_ADDRESS, index,
			 "an address to check from is none of the router's own: give one that is on an interface here");
}

static u32 pe_check_count(const struct genl_info *info)
{
	const struct nlattr *attr;
	u32 n = 0;
	int left;

	nlmsg_for_each_attr(attr, info->nlhdr, GENL_HDRLEN, left)
		n += nla_type(attr) == PE_CHECK_ADDRESS;
	return n;
}

static int pe_check_parse(struct pe_net *pn, const struct genl_info *info,
			  struct pe_checker *checker,
			  struct pe_refusal *refusal)
{
	const struct nlattr *attr;
	int left, err;

	nlmsg_for_each_attr(attr, info->nlhdr, GENL_HDRLEN, left) {
		if (nla_type(attr) != PE_CHECK_ADDRESS)
			continue;
		err = pe_check_source(pn, attr, &checker->source[checker->n],
				      checker->n, refusal);
		if (err) {
			NL_SET_BAD_ATTR(info->extack, attr);
			return err;
		}
		checker->n++;
	}
	return 0;
}

static struct pe_checker *pe_check_new(struct pe_net *pn,
				       const struct genl_info *info,
				       struct pe_refusal *refusal)
{
	u32 n = pe_check_count(info);
	struct pe_checker *checker;
	int err;

	if (n > PE_CHECKER_ADDRS)
		return ERR_PTR(pe_refuse(refusal, -ENOSPC, PE_CHECK_ADDRESS,
					 PE_CHECKER_ADDRS,
					 "more than %u addresses to check from: give fewer",
					 PE_CHECKER_ADDRS));
	checker = kvzalloc(struct_size(checker, source, n), GFP_KERNEL_ACCOUNT);
	if (!checker)
		return ERR_PTR(-ENOMEM);
	checker->portid = info->snd_portid;
	err = pe_check_parse(pn, info, checker, refusal);
	if (!err)
		return checker;
	kvfree(checker);
	return ERR_PTR(err);
}

/* Its new addresses take the place of those that the socket named before. */
static int pe_check_from(struct pe_net *pn, const struct genl_info *info,
			 struct pe_refusal *refusal)
{
	struct pe_checker *old = pe_checker_find(pn, info->snd_portid);
	struct pe_checker *checker;
	int err;

	checker = pe_check_new(pn, info, refusal);
	if (IS_ERR(checker))
		return PTR_ERR(checker);
	err = pe_checker_add(pn, checker);
	if (err == -ENOSPC)
		pe_refuse(refusal, err, 0, 0,
			  "%u sockets check devices already: close one and repeat",
			  PE_CHECKERS_LIMIT);
	if (err)
		kvfree(checker);
	else if (old)
		pe_checker_del(pn, old);
	return err;
}

/* PE_CMD_CHECK_FROM */
int pe_nl_check_from_doit(struct sk_buff *skb, struct genl_info *info)
{
	struct pe_net *pn = pe_net(genl_info_net(info));
	struct pe_refusal refusal;
	int err;

	pe_refusal_init(&refusal);
	mutex_lock(&pn->lock);
	err = pe_check_from(pn, info, &refusal);
	if (err)
		pe_session_refuse(pn, err, &refusal, 0, info->extack);
	mutex_unlock(&pn->lock);
	return err;
}

/**
 * pe_check_closed() - a socket was closed, which may have checked devices
 * @pn: namespace
 * @portid: of the socket, which cannot send any more
 *
 * Context: process context.
 */
void pe_check_closed(struct pe_net *pn, u32 portid)
{
	struct pe_checker *checker;

	/* Whoever is in the list was put there by a message of its socket. */
	if (list_empty_careful(&pn->checkers))
		return;
	mutex_lock(&pn->lock);
	checker = pe_checker_find(pn, portid);
	if (checker)
		pe_checker_del(pn, checker);
	mutex_unlock(&pn->lock);
}
