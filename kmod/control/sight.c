// SPDX-License-Identifier: GPL-2.0-only
/* Commands of who watches packets, and the messages that say what was seen. */

#include <linux/jiffies.h>
#include <linux/ktime.h>
#include <linux/slab.h>
#include <net/genetlink.h>

#include "../model/watcher.h"
#include "../netns.h"
#include "fill.h"
#include "nl-gen.h"
#include "notify.h"
#include "session.h"
#include "sight.h"

/* Room for everything but the frame. */
#define PE_SIGHT_SIZE	768

/* An attribute cannot be much larger; a super-packet can. */
#define PE_SIGHT_PIECE	32768

/* ---- messages; in the packet path ---- */

static int pe_sight_fill_ends(struct sk_buff *msg, const struct pe_ends *came,
			      const struct pe_ends *now)
{
	u8 family = came->family;

	if (nla_put_u8(msg, PE_SIGHT_PROTO, came->proto) ||
	    pe_fill_addr(msg, PE_SIGHT_SADDR, &came->saddr, family) ||
	    pe_fill_addr(msg, PE_SIGHT_DADDR, &came->daddr, family) ||
	    (came->ports &&
	     (nla_put_u16(msg, PE_SIGHT_SPORT, came->sport) ||
	      nla_put_u16(msg, PE_SIGHT_DPORT, came->dport))))
		return -EMSGSIZE;
	if ((memcmp(&now->saddr, &came->saddr, sizeof(now->saddr)) &&
	     pe_fill_addr(msg, PE_SIGHT_TO_SADDR, &now->saddr, family)) ||
	    (memcmp(&now->daddr, &came->daddr, sizeof(now->daddr)) &&
	     pe_fill_addr(msg, PE_SIGHT_TO_DADDR, &now->daddr, family)) ||
	    (now->sport != came->sport &&
	     nla_put_u16(msg, PE_SIGHT_TO_SPORT, now->sport)) ||
	    (now->dport != came->dport &&
	     nla_put_u16(msg, PE_SIGHT_TO_DPORT, now->dport)))
		return -EMSGSIZE;
	return 0;
}

/* The device that a packet comes from, or the pool whose server it is. */
static const char *pe_sight_from(const struct pe_hit *hit)
{
	const struct pe_sequence *seq = hit->svc->seq;
	const struct pe_former *former;

	if (hit->stage->from)
		return hit->stage->from->device->obj->name;
	former = pe_stage_former(seq, hit->stage);
	return former ? former->device->obj->name :
			pe_step_name(&seq->step[hit->stage->from_step]);
}

static int pe_sight_fill_hit(struct sk_buff *msg, const struct pe_hit *hit)
{
	const struct pe_stage *stage;

	if (!hit || !hit->svc)
		return 0;
	stage = hit->stage;
	if (nla_put_string(msg, PE_SIGHT_SERVICE, hit->svc->obj->name) ||
	    nla_put_u32(msg, PE_SIGHT_DIRECTION, stage->direction))
		return -EMSGSIZE;
	if (hit->match < PE_MATCH_OPEN || stage->from_step == PE_NO_STEP)
		return 0;
	return nla_put_string(msg, PE_SIGHT_FROM, pe_sight_from(hit)) ?:
	       nla_put_u32(msg, PE_SIGHT_FROM_STEP, stage->from_step);
}

static bool pe_sight_mac_known(const u8 *mac)
{
	return memcmp(mac, pe_mac_none, ETH_ALEN);
}

static int pe_sight_fill_to(struct sk_buff *msg, const struct pe_sight *sight)
{
	if (sight->device &&
	    nla_put_string(msg, PE_SIGHT_DEVICE, sight->device->obj->name))
		return -EMSGSIZE;
	if (sight->step != PE_NO_STEP &&
	    nla_put_u32(msg, PE_SIGHT_STEP, sight->step))
		return -EMSGSIZE;
	if (sight->oif && nla_put_string(msg, PE_SIGHT_OIF, sight->oif->name))
		return -EMSGSIZE;
	if (!pe_sight_mac_known(sight->lladdr))
		return 0;
	return nla_put(msg, PE_SIGHT_LLADDR, ETH_ALEN, sight->lladdr);
}

static int pe_sight_fill_came(struct sk_buff *msg,
			      const struct pe_sight *sight)
{
	if (sight->iif && nla_put_string(msg, PE_SIGHT_IIF, sight->iif->name))
		return -EMSGSIZE;
	if (!pe_sight_mac_known(sight->source))
		return 0;
	return nla_put(msg, PE_SIGHT_SOURCE, ETH_ALEN, sight->source);
}

static int pe_sight_copy(const struct pe_sight *sight, u32 at, u8 *to, u32 len)
{
	u32 head = 0;

	if (at < sight->link_len) {
		head = min_t(u32, len, sight->link_len - at);
		memcpy(to, sight->link + at, head);
	}
	return skb_copy_bits(sight->skb, at + head - sight->link_len,
			     to + head, len - head);
}

static u32 pe_sight_len(const struct pe_sight *sight)
{
	return sight->link_len + sight->skb->len;
}

/* What is not linear, shared or a super-packet is copied like the rest. */
static int pe_sight_fill_frame(struct sk_buff *msg,
			       const struct pe_sight *sight, u32 snaplen)
{
	const struct sk_buff *skb = sight->skb;
	u32 len = min(pe_sight_len(sight), snaplen), at, piece;
	struct nlattr *attr;

	for (at = 0; at < len; at += piece) {
		piece = min_t(u32, len - at, PE_SIGHT_PIECE);
		attr = nla_reserve(msg, PE_SIGHT_FRAME, piece);
		if (!attr || pe_sight_copy(sight, at, nla_data(attr), piece))
			return -EMSGSIZE;
	}
	if (nla_put_u32(msg, PE_SIGHT_FRAME_LEN, pe_sight_len(sight)) ||
	    (sight->link_len && nla_put_flag(msg, PE_SIGHT_LINK)) ||
	    (skb_is_gso(skb) &&
	     nla_put_u32(msg, PE_SIGHT_SEGMENT, skb_shinfo(skb)->gso_size)) ||
	    (skb->ip_summed == CHECKSUM_PARTIAL &&
	     nla_put_flag(msg, PE_SIGHT_PARTIAL)))
		return -EMSGSIZE;
	return 0;
}

static int pe_sight_fill(struct sk_buff *msg, const struct pe_watcher *watcher,
			 const struct pe_sight *sight)
{
	u64 lost = atomic64_read(&watcher->lost);

	if (nla_put_u64_64bit(msg, PE_SIGHT_TIME, ktime_get_real_ns(),
			      PE_SIGHT_PAD) ||
	    nla_put_u64_64bit(msg, PE_SIGHT_CLOCK, ktime_get_ns(),
			      PE_SIGHT_PAD) ||
	    (lost &&
	     nla_put_u64_64bit(msg, PE_SIGHT_LOST, lost, PE_SIGHT_PAD)) ||
	    nla_put_u32(msg, PE_SIGHT_ACTION, sight->action) ||
	    (sight->reason &&
	     nla_put_u32(msg, PE_SIGHT_REASON, sight->reason)) ||
	    pe_sight_fill_came(msg, sight) ||
	    pe_sight_fill_hit(msg, sight->hit) ||
	    pe_sight_fill_ends(msg, sight->came, sight->now) ||
	    pe_sight_fill_to(msg, sight))
		return -EMSGSIZE;
	return watcher->frames ?
		       pe_sight_fill_frame(msg, sight, watcher->snaplen) : 0;
}

static int pe_sight_send(const struct pe_watcher *watcher,
			 const struct pe_sight *sight)
{
	size_t size = PE_SIGHT_SIZE;
	struct sk_buff *msg;
	void *header;

	if (watcher->frames)
		size += min(pe_sight_len(sight), watcher->snaplen) +
			(pe_sight_len(sight) / PE_SIGHT_PIECE + 1) * NLA_HDRLEN;
	msg = genlmsg_new(size, GFP_ATOMIC | __GFP_NOWARN);
	if (!msg)
		return -ENOMEM;
	header = genlmsg_put(msg, 0, 0, &pe_nl_family, 0, PE_CMD_SIGHT_NTF);
	if (!header || pe_sight_fill(msg, watcher, sight)) {
		nlmsg_free(msg);
		return -EMSGSIZE;
	}
	genlmsg_end(msg, header);
	return genlmsg_unicast(sight->pn->net, msg, watcher->portid);
}

/* Packets wait for nobody: a socket whose buffer is full misses what comes
 * until the next tick, and costs no more than a look at the clock until then.
 */
static void pe_sight_tell(struct pe_watcher *watcher,
			  const struct pe_sight *sight)
{
	if (time_before(jiffies, READ_ONCE(watcher->full)) ||
	    pe_sight_send(watcher, sight)) {
		WRITE_ONCE(watcher->full, jiffies + 1);
		atomic64_inc(&watcher->lost);
		return;
	}
	atomic64_inc(&watcher->seen);
}

/* ---- commands ---- */

static int pe_watch_parse_prefix(struct genl_info *info, u16 type,
				 u16 len_type, union nf_inet_addr *addr,
				 u8 *family, u8 *len,
				 struct pe_refusal *refusal)
{
	const struct nlattr *attr = info->attrs[type];
	const struct nlattr *bits = info->attrs[len_type];

	if (!attr) {
		if (!bits)
			return 0;
		NL_SET_BAD_ATTR(info->extack, bits);
		return pe_refuse(refusal, -EINVAL, len_type, 0,
				 "the length of a prefix without its address: give both");
	}
	if (nla_len(attr) != sizeof(addr->ip) &&
	    nla_len(attr) != sizeof(addr->in6)) {
		NL_SET_BAD_ATTR(info->extack, attr);
		return pe_refuse(refusal, -EINVAL, type, 0,
				 "an address to watch has %d bytes: give an IPv4 address of 4 or an IPv6 address of 16",
				 nla_len(attr));
	}
	memcpy(addr, nla_data(attr), nla_len(attr));
	*family = nla_len(attr) == sizeof(addr->ip) ? NFPROTO_IPV4 :
						      NFPROTO_IPV6;
	*len = bits ? nla_get_u8(bits) : nla_len(attr) * 8;
	if (*len <= nla_len(attr) * 8)
		return 0;
	NL_SET_BAD_ATTR(info->extack, bits);
	return pe_refuse(refusal, -EINVAL, len_type, 0,
			 "a prefix of %u bits is longer than its address: give %d at most",
			 *len, nla_len(attr) * 8);
}

static int pe_watch_parse_service(struct pe_net *pn, struct genl_info *info,
				  struct pe_filter *f,
				  struct pe_refusal *refusal)
{
	const struct nlattr *name = info->attrs[PE_WATCH_SERVICE];
	const struct nlattr *step = info->attrs[PE_WATCH_STEP];
	const struct pe_service *svc;
	const struct pe_object *obj;

	f->step = PE_NO_STEP;
	if (!name) {
		if (!step)
			return 0;
		NL_SET_BAD_ATTR(info->extack, step);
		return pe_refuse(refusal, -EINVAL, PE_WATCH_STEP, 0,
				 "a step to watch without its service: give both");
	}
	obj = pe_object_find(pn, PE_NOUN_SERVICE, nla_data(name));
	if (!obj || !obj->live) {
		NL_SET_BAD_ATTR(info->extack, name);
		return pe_refuse(refusal, -ENOENT, PE_WATCH_SERVICE, 0,
				 "there is no service %s to watch: see what there is with show",
				 (const char *)nla_data(name));
	}
	nla_strscpy(f->service, name, sizeof(f->service));
	if (!step)
		return 0;
	svc = obj->live;
	if (nla_get_u32(step) >= svc->seq->steps) {
		NL_SET_BAD_ATTR(info->extack, step);
		return pe_refuse(refusal, -EINVAL, PE_WATCH_STEP, 0,
				 "service %s has no step %u: its last one is %u",
				 obj->name, nla_get_u32(step) + 1,
				 svc->seq->steps);
	}
	f->step = nla_get_u32(step);
	return 0;
}

static int pe_watch_parse(struct pe_net *pn, struct genl_info *info,
			  struct pe_watcher *watcher,
			  struct pe_refusal *refusal)
{
	struct pe_filter *f = &watcher->filter;
	struct nlattr **a = info->attrs;
	int err;

	err = pe_watch_parse_prefix(info, PE_WATCH_FROM, PE_WATCH_FROM_LEN,
				    &f->from, &f->from_family, &f->from_len,
				    refusal);
	if (!err)
		err = pe_watch_parse_prefix(info, PE_WATCH_TO, PE_WATCH_TO_LEN,
					    &f->to, &f->to_family, &f->to_len,
					    refusal);
	if (!err)
		err = pe_watch_parse_service(pn, info, f, refusal);
	if (err)
		return err;
	if (f->from_family && f->to_family && f->from_family != f->to_family)
		return pe_refuse(refusal, -EINVAL, PE_WATCH_TO, 0,
				 "one address to watch is IPv4 and the other IPv6: give two of the same family");
	f->has_proto = a[PE_WATCH_PROTO];
	if (f->has_proto)
		f->proto = nla_get_u8(a[PE_WATCH_PROTO]);
	if (a[PE_WATCH_PORT])
		f->port = nla_get_u16(a[PE_WATCH_PORT]);
	if (a[PE_WATCH_IIF])
		nla_strscpy(f->iif, a[PE_WATCH_IIF], sizeof(f->iif));
	watcher->frames = nla_get_flag(a[PE_WATCH_FRAMES]);
	watcher->snaplen = a[PE_WATCH_SNAPLEN] ?
				   nla_get_u32(a[PE_WATCH_SNAPLEN]) : U32_MAX;
	if (f->step != PE_NO_STEP && !watcher->frames)
		return pe_refuse(refusal, -EINVAL, PE_WATCH_STEP, 0,
				 "a step is watched by its frames only: ask for frames");
	return 0;
}

static int pe_watch_start(struct pe_net *pn, struct genl_info *info,
			  struct pe_refusal *refusal)
{
	struct pe_watcher *watcher;
	int err;

	if (pe_watcher_find(pn, info->snd_portid))
		return pe_refuse(refusal, -EBUSY, 0, 0,
				 "this socket watches already: stop that first");
	watcher = kzalloc(sizeof(*watcher), GFP_KERNEL_ACCOUNT);
	if (!watcher)
		return -ENOMEM;
	watcher->portid = info->snd_portid;
	watcher->tell = pe_sight_tell;
	watcher->full = jiffies;
	err = pe_watch_parse(pn, info, watcher, refusal);
	if (!err) {
		err = pe_watcher_add(pn, watcher);
		if (err == -ENOSPC)
			pe_refuse(refusal, err, 0, 0,
				  "%u sockets watch already: close one and repeat",
				  PE_WATCHERS_LIMIT);
	}
	if (err)
		kfree(watcher);
	return err;
}

/* PE_CMD_WATCH_START */
int pe_nl_watch_start_doit(struct sk_buff *skb, struct genl_info *info)
{
	struct pe_net *pn = pe_net(genl_info_net(info));
	struct pe_refusal refusal;
	int err;

	pe_refusal_init(&refusal);
	mutex_lock(&pn->lock);
	err = pe_watch_start(pn, info, &refusal);
	if (err)
		pe_session_refuse(pn, err, &refusal, 0, info->extack);
	mutex_unlock(&pn->lock);
	return err;
}

static int pe_watch_reply(struct genl_info *info,
			  const struct pe_watcher *watcher)
{
	struct sk_buff *msg;
	void *header;

	msg = genlmsg_new(NLMSG_DEFAULT_SIZE, GFP_KERNEL);
	if (!msg)
		return -ENOMEM;
	header = genlmsg_put_reply(msg, info, &pe_nl_family, 0,
				   PE_CMD_WATCH_STOP);
	if (!header ||
	    nla_put_u64_64bit(msg, PE_WATCH_SEEN, atomic64_read(&watcher->seen),
			      PE_WATCH_PAD) ||
	    nla_put_u64_64bit(msg, PE_WATCH_LOST, atomic64_read(&watcher->lost),
			      PE_WATCH_PAD)) {
		nlmsg_free(msg);
		return -EMSGSIZE;
	}
	genlmsg_end(msg, header);
	return genlmsg_reply(msg, info);
}

static int pe_watch_stop(struct pe_net *pn, struct genl_info *info,
			 struct pe_refusal *refusal)
{
	struct pe_watcher *watcher = pe_watcher_find(pn, info->snd_portid);
	int err;

	if (!watcher)
		return pe_refuse(refusal, -ENOENT, 0, 0,
				 "this socket watches nothing: start that first");
	err = pe_watch_reply(info, watcher);
	if (!nla_get_flag(info->attrs[PE_WATCH_KEEP]))
		pe_watcher_del(pn, watcher);
	return err;
}

/* PE_CMD_WATCH_STOP */
int pe_nl_watch_stop_doit(struct sk_buff *skb, struct genl_info *info)
{
	struct pe_net *pn = pe_net(genl_info_net(info));
	struct pe_refusal refusal;
	int err;

	pe_refusal_init(&refusal);
	mutex_lock(&pn->lock);
	err = pe_watch_stop(pn, info, &refusal);
	if (err)
		pe_session_refuse(pn, err, &refusal, 0, info->extack);
	mutex_unlock(&pn->lock);
	return err;
}

/**
 * pe_sight_closed() - a socket was closed, which may have watched
 * @pn: namespace
 * @portid: of the socket, which cannot send any more
 *
 * Context: process context.
 */
void pe_sight_closed(struct pe_net *pn, u32 portid)
{
	struct pe_watcher *watcher;

	/* Whoever is in the list was put there by a message of its socket. */
	if (list_empty_careful(&pn->watchers))
		return;
	mutex_lock(&pn->lock);
	watcher = pe_watcher_find(pn, portid);
	if (watcher)
		pe_watcher_del(pn, watcher);
	mutex_unlock(&pn->lock);
}
