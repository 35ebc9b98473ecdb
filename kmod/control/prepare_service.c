// SPDX-License-Identifier: GPL-2.0-only
/* What a commit makes of services, but where they stand. */

#include <linux/inetdevice.h>
#include <net/addrconf.h>
#include <net/route.h>

#include "../model/former.h"
#include "../model/service.h"
#include "prepare.h"

/* Who has one already goes on with it, whatever else changes. */
static int pe_prepare_limit(struct pe_service *svc)
{
	const struct pe_service *live = svc->obj->live;

	if (!pe_rates_any(&svc->rates))
		return 0;
	svc->limit = live && live->limit ? pe_limit_get(live->limit) :
					   pe_limit_new();
	return svc->limit ? 0 : -ENOMEM;
}

/* The change that touches a device of the sequence, or NULL. */
static const struct pe_change *
pe_sequence_touched(const struct pe_sequence *seq)
{
	const struct pe_object *obj;
	u8 i;

	for (i = 0; i < seq->steps; i++)
		if (pe_object_touched(pe_step_object(&seq->step[i])))
			return pe_step_object(&seq->step[i])->change;
	for (i = 0; i < seq->formers; i++) {
		obj = seq->former[i].device->obj;
		if (pe_object_touched(obj))
			return obj->change;
	}
	return NULL;
}

/**
 * pe_prepare_dependants() - services whose devices change, but not they
 * @p: the commit
 *
 * Context: after devices and pools.
 * Return: 0 or a negative errno.
 */
int pe_prepare_dependants(struct pe_prepare *p)
{
	const struct pe_change *change;
	struct pe_service *svc;
	struct pe_object *obj;
	unsigned long id = 0;
	bool used = false;

	list_for_each_entry(obj, &p->txn->touched[PE_NOUN_DEVICE], touched)
		used |= (obj->users || obj->former) && obj->next != obj->live;
	list_for_each_entry(obj, &p->txn->touched[PE_NOUN_POOL], touched)
		used |= obj->users && obj->next != obj->live;
	if (!used)
		return 0;
	while ((obj = pe_object_after(p->pn, PE_NOUN_SERVICE, &id))) {
		cond_resched();
		if (pe_object_touched(obj))
			continue;
		svc = obj->live;
		change = pe_sequence_touched(svc->seq);
		if (!change)
			continue;
		svc = pe_service_copy(p->pn, svc);
		if (!svc)
			return -ENOMEM;
		p->change = change;
		pe_object_set(p, obj, PE_NOUN_SERVICE, svc);
	}
	return 0;
}

static int pe_prepare_step(struct pe_prepare *p, const struct pe_object *svc,
			   const char *name, u8 i, struct pe_step *step)
{
	struct pe_object *pool, *obj;

	pool = pe_object_find(p->pn, PE_NOUN_POOL, name);
	step->pool = pool ? pe_object_current(pool) : NULL;
	if (step->pool) {
		step->device = step->pool->member[0].device;
		return 0;
	}
	obj = pe_object_find(p->pn, PE_NOUN_DEVICE, name);
	step->device = obj ? pe_object_current(obj) : NULL;
	if (step->device)
		return 0;
	obj = obj && obj->live && obj->users ? obj : pool;
	if (obj && obj->live && obj->users)
		return pe_refuse(p->refusal, -EBUSY, PE_SERVICE_STEP, i,
				 "%s %s is in use as step %u of service %s: take it out of the sequence first",
				 obj == pool ? "pool" : "device", name, i + 1,
				 svc->name);
	return pe_refuse(p->refusal, -ENOENT, PE_SERVICE_STEP, i,
			 "there is no device %s for step %u of service %s: add it first",
			 name, i + 1, svc->name);
}

/* Steps by name where the service is asked for, else those it has. */
static int pe_prepare_steps(struct pe_prepare *p, const struct pe_object *obj,
			    bool asked, struct pe_step *step, u8 *n)
{
	const struct pe_change *change = obj->change;
	const struct pe_service *live = obj->live;
	const char *name = change->data;
	int err;
	u8 i;

	*n = asked ? change->steps : live->seq->steps;
	for (i = 0; i < *n; i++) {
		if (asked) {
			name += strlen(name) + 1;
			step[i] = change->step[i];
		} else {
			step[i] = live->seq->step[i];
			name = pe_step_name(&step[i]);
		}
		err = pe_prepare_step(p, obj, name, i, &step[i]);
		if (err)
			return err;
	}
	return 0;
}

/* Only one port can become another; dynamic ones stay as they are. */
static int pe_prepare_port(struct pe_prepare *p, const struct pe_service *svc,
			   const struct pe_step *server, u8 at)
{
	const char *name = svc->obj->name, *device = pe_step_name(server);
	const struct pe_range *range;
	struct pe_traffic traffic;
	u8 i;

	pe_service_traffic(svc, svc->seq->legs - 1, &traffic);
	range = traffic.range;
	if (traffic.level != PE_LEVEL_PORT || range->first != range->last ||
	    (traffic.ranges > 1 && !range[1].dynamic))
		return pe_refuse(p->refusal, -EINVAL, PE_SERVICE_STEP, at,
				 "service %s translates to port %u of %s and so must have exactly one port itself: give it one, or leave the translation out",
				 name, server->port, device);
	for (i = 1; i < traffic.ranges; i++)
		if (server->port >= range[i].first &&
		    server->port <= range[i].last)
			return pe_refuse(p->refusal, -EINVAL, PE_SERVICE_STEP,
					 at,
					 "port %u of %s, which service %s translates to, is one of its dynamic ports %u-%u, so answers could not be told apart: use another",
					 server->port, device, name,
					 range[i].first, range[i].last);
	return 0;
}

/* One of the servers that a service is translated to. */
static int pe_prepare_nat(struct pe_prepare *p, const struct pe_service *svc,
			  const struct pe_device *dev)
{
	const char *name = svc->obj->name;
	u8 at = svc->seq->steps - 1;

	if (dev->proto != svc->family)
		return pe_refuse(p->refusal, -EINVAL, PE_SERVICE_STEP, at,
				 "service %s and server %s, whose address it is translated to, are not both IPv4 or both IPv6: use a server of the same family",
				 name, dev->obj->name);
	if (!memcmp(&dev->address, &svc->vip, sizeof(svc->vip)))
		return pe_refuse(p->refusal, -EINVAL, PE_SERVICE_STEP, at,
				 "service %s has the own address of server %s: give the service another, or use mode loopback",
				 name, dev->obj->name);
	return 0;
}

static int pe_prepare_server(struct pe_prepare *p, const struct pe_service *svc)
{
	const struct pe_step *server = pe_sequence_server(svc->seq);
	int err = 0;
	u8 i;

	if (!server)
		return 0;
	if (server->port)
		err = pe_prepare_port(p, svc, server, svc->seq->steps - 1);
	if (!pe_device_is_nat(server->device))
		return err;
	for (i = 0; i < pe_step_devices(server) && !err; i++)
		err = pe_prepare_nat(p, svc, pe_step_device(server, i));
	return err;
}

static bool pe_prepare_is_local(const struct pe_prepare *p,
				const struct pe_service *svc)
{
	if (svc->family == NFPROTO_IPV4)
		return inet_addr_type(p->pn->net, svc->vip.ip) == RTN_LOCAL;
	/* Tentative ones too, as there are none in IPv4. */
	return ipv6_chk_addr_and_flags(p->pn->net, &svc->vip.in6, NULL, true, 0,
				       0);
}

/* Can there be ARP and neighbour discovery on the interface? */
static bool pe_prepare_has_arp(const struct pe_iface *iface)
{
	const struct net_device *dev;
	bool has;

	rcu_read_lock();
	dev = rcu_dereference(iface->dev);
	has = dev && !(dev->flags & IFF_NOARP);
	rcu_read_unlock();
	return has;
}

static int pe_prepare_announce(struct pe_prepare *p,
			       const struct pe_service *svc)
{
	const struct pe_iface *iface = svc->announce->iface;
	const char *name = svc->obj->name;
	int err;

	err = pe_prepare_iface(p, iface, "service", svc->obj,
			       PE_SERVICE_ANNOUNCE);
	if (err)
		return err;
	if (!pe_prepare_has_arp(iface))
		return pe_refuse(p->refusal, -EINVAL, PE_SERVICE_ANNOUNCE, 0,
				 "nobody on interface %s asks who has the address of service %s, for ARP is off there: turn it on, or leave announce out",
				 iface->name, name);
	if (svc->family == NFPROTO_IPV4 &&
	    !IS_ENABLED(CONFIG_NETFILTER_FAMILY_ARP))
		return pe_refuse(p->refusal, -EOPNOTSUPP, PE_SERVICE_ANNOUNCE, 0,
				 "service %s cannot be announced, for this kernel shows ARP to no module: have its address routed here instead",
				 name);
	if (pe_prepare_is_local(p, svc))
		return pe_refuse(p->refusal, -EADDRINUSE, PE_SERVICE_ANNOUNCE, 0,
				 "the address of service %s is the router's own, for which the kernel answers: take it off its interface, or leave announce out",
				 name);
	return 0;
}

/* Who asks on an interface by which devices of the sequence return packets is
 * a client only where the service says so.
 */
static int pe_prepare_asked(struct pe_prepare *p, const struct pe_service *svc)
{
	const struct pe_sequence *seq = svc->seq;
	const struct pe_iface *iface;
	const struct pe_stage *at;

	if (!svc->announce || svc->iif)
		return 0;
	iface = svc->announce->iface;
	for (at = seq->stage + 1; at < seq->back; at++)
		if (at->from->iface == iface)
			return pe_refuse(p->refusal, -EINVAL,
					 PE_SERVICE_ANNOUNCE, 0,
					 "service %s is announced on %s, by which its device %s returns packets, so no client is known there: say iif %s as well, or announce it elsewhere",
					 svc->obj->name, iface->name,
					 at->from->device->obj->name,
					 iface->name);
	return 0;
}

/* What devices return in a capsule, only a hook at the interface meets. */
static int pe_prepare_track(struct pe_prepare *p, const struct pe_service *svc)
{
	u8 method = svc->track.method;

	if (IS_ENABLED(CONFIG_NETFILTER_INGRESS) ||
	    !pe_track_encapsulates(method))
		return 0;
	return pe_refuse(p->refusal, -EOPNOTSUPP, PE_SERVICE_TRACK, 0,
			 "service %s cannot be tracked by %s, for this kernel shows no module what comes by an interface: use another method",
			 svc->obj->name, pe_track_name(method));
}

/* What names clients, or an exit, is for what leaves the sequence again. */
static int pe_prepare_open_end(struct pe_prepare *p,
			       const struct pe_service *svc)
{
	const struct pe_step *server = pe_sequence_server(svc->seq);
	const char *name = svc->obj->name;
	u8 at = svc->seq->steps - 1;

	if (svc->client && svc->seq->legs > 1)
		return pe_refuse(p->refusal, -EINVAL, PE_SERVICE_STEP,
				 svc->seq->leg[1].step,
				 "step %u of service %s emits another protocol or port, which may be those of what its clients send elsewhere: leave emits out, or give the service a vip",
				 svc->seq->leg[1].step + 1, name);
	if (server && svc->client)
		return pe_refuse(p->refusal, -EINVAL, PE_SERVICE_STEP, at,
				 "service %s is for what clients send anywhere, but step %u (%s) is a server, where it would end: leave it out, or give the service a vip",
				 name, at + 1, pe_step_name(server));
	if (server && svc->exit)
		return pe_refuse(p->refusal, -EINVAL, PE_SERVICE_STEP, at,
				 "service %s has an exit, but nothing leaves a sequence that step %u (%s), a server, ends: leave out one of them",
				 name, at + 1, pe_step_name(server));
	return 0;
}

static int pe_prepare_version(struct pe_prepare *p, struct pe_object *obj,
			      bool asked)
{
	struct pe_step step[PE_STEPS_MAX];
	struct pe_service *svc = obj->next;
	struct pe_sequence_key key;
	struct pe_sequence *seq;
	int err;
	u8 n;

	if (asked) {
		err = pe_prepare_iface(p, svc->iif, "service", obj,
				       PE_SERVICE_IIF);
		if (!err && svc->announce)
			err = pe_prepare_announce(p, svc);
		if (!err && svc->exit)
			err = pe_prepare_iface(p, svc->exit->iface, "service",
					       obj, PE_SERVICE_EXIT_DEV);
		if (!err)
			err = pe_prepare_track(p, svc);
		if (err)
			return err;
	}
	err = pe_prepare_steps(p, obj, asked, step, &n);
	if (err)
		return err;
	err = pe_prepare_gate(p, svc, asked);
	if (!err)
		err = pe_prepare_limit(svc);
	if (err)
		return err;
	key = (struct pe_sequence_key) {
		.step = step,
		.steps = n,
		.track = svc->track,
		.gated = pe_service_gated(svc),
		.marked = svc->quality.has,
		.stateful = svc->stateful,
	};
	pe_formers_choose(&key.formers, svc, obj->live, step, n);
	seq = pe_sequence_get(p->pn, obj->name, &key, p->refusal);
	if (IS_ERR(seq))
		return PTR_ERR(seq);
	pe_service_set_sequence(svc, seq);
	err = pe_service_remember(p->pn, svc, obj->live);
	if (!err)
		err = pe_prepare_open_end(p, svc);
	if (!err)
		err = pe_prepare_server(p, svc);
	if (!err)
		err = pe_service_check_legs(svc, p->refusal);
	if (!err)
		err = pe_prepare_asked(p, svc);
	if (err)
		return err;
	return pe_service_inherit(p->pn, svc, obj->live);
}

static int pe_prepare_service(struct pe_prepare *p, struct pe_object *obj)
{
	bool asked;
	int err;

	p->change = obj->change;
	if (!obj->next || obj->next == obj->live)
		return 0;
	asked = p->change->noun == PE_NOUN_SERVICE;
	err = pe_prepare_version(p, obj, asked);
	/* The attribute is the service's, the change a device's. */
	if (err && !asked)
		p->refusal->attr = 0;
	return err;
}

/**
 * pe_prepare_services() - services that are new or changed, and where they stand
 * @p: the commit
 *
 * Context: after what they use.
 * Return: 0 or a negative errno.
 */
int pe_prepare_services(struct pe_prepare *p)
{
	struct pe_object *obj;
	int err;

	list_for_each_entry(obj, &p->txn->touched[PE_NOUN_SERVICE], touched) {
		err = pe_prepare_service(p, obj);
		if (!err)
			err = pe_prepare_service_addrs(p, obj);
		if (err)
			return err;
		cond_resched();
	}
	return 0;
}
