// SPDX-License-Identifier: GPL-2.0-only
/* Who is told what packets meet, and of which of them. */

#include <linux/slab.h>
#include <linux/string.h>

#include "netns.h"
#include "watcher.h"

DEFINE_STATIC_KEY_FALSE(pe_watched);

/**
 * pe_watcher_find() - the watcher of a socket
 * @pn: namespace
 * @portid: of the socket
 *
 * Context: pe_net.lock held.
 * Return: the watcher or NULL.
 */
struct pe_watcher *pe_watcher_find(struct pe_net *pn, u32 portid)
{
	struct pe_watcher *watcher;

	list_for_each_entry(watcher, &pn->watchers, list)
		if (watcher->portid == portid)
			return watcher;
	return NULL;
}

/**
 * pe_watcher_add() - tell a socket from now on
 * @pn: namespace
 * @watcher: the socket, and what it wants; complete but for its place
 *
 * Context: process context, pe_net.lock held.
 * Return: 0 or a negative errno, -ENOSPC when there are too many.
 */
int pe_watcher_add(struct pe_net *pn, struct pe_watcher *watcher)
{
	int err = 0;

	lockdep_assert_held(&pn->lock);
	if (pn->watcher_count == PE_WATCHERS_LIMIT)
		return -ENOSPC;
	if (pe_watcher_names_address(watcher))
		err = pe_net_hooks_pass(pn);
	if (err)
		return err;
	pn->watcher_count++;
	pn->pass_count += pe_watcher_names_address(watcher);
	list_add_tail_rcu(&watcher->list, &pn->watchers);
	static_branch_inc(&pe_watched);
	return 0;
}

/**
 * pe_watcher_del() - tell a socket no more
 * @pn: namespace
 * @watcher: the socket; packets may see it for a grace period
 *
 * Context: process context, pe_net.lock held.
 */
void pe_watcher_del(struct pe_net *pn, struct pe_watcher *watcher)
{
	lockdep_assert_held(&pn->lock);
	static_branch_dec(&pe_watched);
	list_del_rcu(&watcher->list);
	pn->watcher_count--;
	pn->pass_count -= pe_watcher_names_address(watcher);
	pe_net_hooks_trim(pn);
	kfree_rcu(watcher, rcu);
}

/**
 * pe_watcher_del_all() - the module goes
 * @pn: namespace
 *
 * Context: process context, pe_net.lock held.
 */
void pe_watcher_del_all(struct pe_net *pn)
{
	struct pe_watcher *watcher, *tmp;

	list_for_each_entry_safe(watcher, tmp, &pn->watchers, list)
		pe_watcher_del(pn, watcher);
}

static bool pe_filter_covers(const union nf_inet_addr *prefix, u8 len,
			     const union nf_inet_addr *addr)
{
	u8 bytes = len / 8, bits = len % 8;
	const u8 *p = (const u8 *)prefix, *a = (const u8 *)addr;

	return !memcmp(p, a, bytes) &&
	       (!bits || !((p[bytes] ^ a[bytes]) >> (8 - bits)));
}

static bool pe_filter_wants_addr(u8 family, const union nf_inet_addr *prefix,
				 u8 len, const struct pe_ends *ends,
				 const union nf_inet_addr *addr)
{
	return family == NFPROTO_UNSPEC ||
	       (family == ends->family && pe_filter_covers(prefix, len, addr));
}

static bool pe_filter_wants_ends(const struct pe_filter *f,
				 const struct pe_ends *ends,
				 const union nf_inet_addr *client,
				 const union nf_inet_addr *service, u16 port)
{
	return pe_filter_wants_addr(f->from_family, &f->from, f->from_len,
				    ends, client) &&
	       pe_filter_wants_addr(f->to_family, &f->to, f->to_len, ends,
				    service) &&
	       (!f->port || (ends->ports && f->port == port));
}

/* In either direction. */
static bool pe_filter_wants_flow(const struct pe_filter *f,
				 const struct pe_ends *ends)
{
	if (f->has_proto && f->proto != ends->proto)
		return false;
	return pe_filter_wants_ends(f, ends, &ends->saddr, &ends->daddr,
				    ends->dport) ||
	       pe_filter_wants_ends(f, ends, &ends->daddr, &ends->saddr,
				    ends->sport);
}

static const struct pe_service *pe_sight_service(const struct pe_sight *sight)
{
	return sight->hit ? sight->hit->svc : NULL;
}

static bool pe_filter_wants_step(const struct pe_filter *f,
				 const struct pe_sight *sight)
{
	if (f->step == PE_NO_STEP)
		return true;
	return f->step == (sight->action == PE_ACTION_ARRIVE ?
				   sight->hit->stage->from_step : sight->step);
}

static bool pe_watcher_wants(const struct pe_watcher *watcher,
			     const struct pe_sight *sight)
{
	const struct pe_service *svc = pe_sight_service(sight);
	const struct pe_filter *f = &watcher->filter;

	switch (sight->action) {
	case PE_ACTION_ARRIVE:
		if (!watcher->frames)
			return false;
		break;
	case PE_ACTION_ACCEPT:
		if (!pe_watcher_names_address(watcher))
			return false;
		break;
	case PE_ACTION_DROP:
		/* It neither enters nor leaves anything. */
		if (watcher->frames)
			return false;
		break;
	}
	if (f->service[0] && (!svc || strcmp(f->service, svc->obj->name)))
		return false;
	if (f->iif[0] && (!sight->iif || strcmp(f->iif, sight->iif->name)))
		return false;
	if (watcher->frames && !pe_filter_wants_step(f, sight))
		return false;
	return pe_filter_wants_flow(f, sight->flow) ||
	       pe_filter_wants_flow(f, sight->now);
}

/**
 * pe_watchers_any() - does anybody watch in this namespace?
 * @pn: namespace
 *
 * Context: any.
 */
bool pe_watchers_any(const struct pe_net *pn)
{
	return !list_empty(&pn->watchers);
}

/**
 * pe_watchers_tell() - tell who wants to know
 * @sight: what happened
 *
 * Context: bottom halves off, RCU read lock held.
 */
void pe_watchers_tell(const struct pe_sight *sight)
{
	struct pe_watcher *watcher;

	list_for_each_entry_rcu(watcher, &sight->pn->watchers, list)
		if (pe_watcher_wants(watcher, sight))
			watcher->tell(watcher, sight);
}
