// SPDX-License-Identifier: GPL-2.0-only
/* What lives at an address: put together, put in order, checked. */

#include <linux/mm.h>
#include <linux/slab.h>
#include <linux/sort.h>

#include "addr.h"
#include "refusal.h"
#include "service.h"

/**
 * pe_addr_new() - an address where nothing lives yet
 * @addr: the address
 * @proto: NFPROTO_* of it
 * @length: of the prefix of clients that it is, or PE_ADDR_WHOLE
 * @size: entries to make room for
 *
 * Context: process context.
 * Return: the address, or NULL when memory is short.
 */
struct pe_addr *pe_addr_new(const union nf_inet_addr *addr, u8 proto,
			    u8 length, u32 size)
{
	struct pe_addr *a;

	a = kvzalloc(struct_size(a, entry, size), GFP_KERNEL_ACCOUNT);
	if (!a)
		return NULL;
	a->addr = *addr;
	a->proto = proto;
	a->length = length;
	a->size = size;
	return a;
}

/**
 * pe_addr_copy() - what lives at an address, to be changed
 * @a: the address
 * @size: entries to make room for, at least as many as there are
 *
 * Context: process context.
 * Return: the copy, or NULL when memory is short.
 */
struct pe_addr *pe_addr_copy(const struct pe_addr *a, u32 size)
{
	struct pe_addr *new = pe_addr_new(&a->addr, a->proto, a->length,
					  size);

	if (!new)
		return NULL;
	new->guards = a->guards;
	new->checks = a->checks;
	new->n = a->n;
	new->ports = a->ports;
	RCU_INIT_POINTER(new->past, pe_addr_older(a));
	memcpy(new->entry, a->entry, a->n * sizeof(a->entry[0]));
	return new;
}

/**
 * pe_addr_add() - one more entry
 * @a: address that packets don't see
 * @entry: the entry
 *
 * Return: false when there is no room.
 */
bool pe_addr_add(struct pe_addr *a, const struct pe_entry *entry)
{
	if (a->n == a->size)
		return false;
	a->entry[a->n++] = *entry;
	return true;
}

/**
 * pe_addr_is_vip() - is anything at an address addressed to a service?
 * @a: what lives at the address, or NULL
 *
 * Context: RCU read lock held, or pe_net.lock.
 * Return: false where no more than a server's own address is.
 */
bool pe_addr_is_vip(const struct pe_addr *a)
{
	u32 i;

	for (i = 0; a && i < a->n; i++)
		if (a->entry[i].role & PE_ROLE_FORWARD)
			return true;
	return false;
}

/**
 * pe_addr_drain() - one more entry of what is going to drain
 * @a: address that packets don't see
 * @entry: the entry
 *
 * Context: process context, pe_net.lock held.
 * Return: false when memory is short.
 */
bool pe_addr_drain(struct pe_addr *a, const struct pe_entry *entry)
{
	struct pe_addr *past = pe_addr_fresh(a), *more;

	if (past && pe_addr_add(past, entry))
		return true;
	if (past) {
		more = pe_addr_copy(past, 2 * past->size);
	} else {
		more = pe_addr_new(&a->addr, a->proto, a->length, 1);
		if (more)
			RCU_INIT_POINTER(more->past, pe_addr_older(a));
	}
	if (!more)
		return false;
	kvfree(past);
	RCU_INIT_POINTER(a->past, more);
	return pe_addr_add(more, entry);
}

/* Is the entry that of a version which is about to be replaced? */
static bool pe_entry_is_stale(const struct pe_entry *e)
{
	const struct pe_object *obj = e->svc->obj;

	return pe_object_touched(obj) && obj->next != e->svc;
}

static void pe_addr_drop_stale(struct pe_addr *a)
{
	u32 from, to = 0;

	for (from = 0; from < a->n; from++)
		if (!pe_entry_is_stale(&a->entry[from]))
			a->entry[to++] = a->entry[from];
	a->n = to;
}

/* Entries to look at in turn before a search is cheaper. */
#define PE_ENTRIES_FEW	8

static int pe_entry_cmp(const void *x, const void *y)
{
	const struct pe_entry *a = x, *b = y;

	if (a->level != b->level)
		return a->level - b->level;
	if (a->proto != b->proto)
		return a->proto - b->proto;
	if (a->first != b->first)
		return a->first - b->first;
	/* Those that look at the interface of arrival come first. */
	if (!a->iif != !b->iif)
		return !a->iif - !b->iif;
	return a->last - b->last;
}

static int pe_entry_same_key(const struct pe_entry *a,
			     const struct pe_entry *b,
			     struct pe_refusal *refusal)
{
	const char *one = a->svc->obj->name, *two = b->svc->obj->name;
	const char *key = pe_service_key(b->svc);

	switch (b->level) {
	case PE_LEVEL_PORT:
		if (a->first == b->first && a->last == b->last)
			return pe_refuse(refusal, -EEXIST, PE_SERVICE_PORT, 0,
					 "services %s and %s have the same %s, protocol and port (%u): give one of them another",
					 one, two, key, b->first);
		return pe_refuse(refusal, -EEXIST, PE_SERVICE_PORT, 0,
				 "ports %u-%u of service %s overlap ports %u-%u of service %s at the same %s: keep them apart",
				 a->first, a->last, one, b->first, b->last,
				 two, key);
	case PE_LEVEL_PROTO:
		return pe_refuse(refusal, -EEXIST, PE_SERVICE_PROTO, 0,
				 "services %s and %s have the same %s and protocol: give one of them another",
				 one, two, key);
	default:
		return pe_refuse(refusal, -EEXIST,
				 b->svc->client ? PE_SERVICE_CLIENT :
						  PE_SERVICE_VIP, 0,
				 "services %s and %s have the same %s: give one of them another",
				 one, two, key);
	}
}

/* Does the entry stand for what a device of the sequence emits? */
static bool pe_entry_is_emitted(const struct pe_entry *e)
{
	return e->special > 1;
}

/* Who sends that from elsewhere is in the wrong place, and no client. */
static int pe_entry_same_as_emitted(const struct pe_entry *a,
				    const struct pe_entry *b,
				    struct pe_refusal *refusal)
{
	const struct pe_entry *e = pe_entry_is_emitted(b) ? b : a;
	const struct pe_sequence *seq = e->svc->seq;
	u8 step = seq->leg[e->special - 1].step;
	const char *other = (e == b ? a : b)->svc->obj->name;
	const char *device = pe_step_name(&seq->step[step]);
	bool port = e->level == PE_LEVEL_PORT;
	u16 attr = port ? PE_SERVICE_PORT : PE_SERVICE_PROTO;

	if (e == b)
		attr = PE_SERVICE_STEP;
	if (port)
		return pe_refuse(refusal, -EEXIST, attr, e == b ? step : 0,
				 "port %u of service %s is what step %u (%s) of service %s emits at the same address: give one of them another",
				 e->first, other, step + 1, device,
				 e->svc->obj->name);
	return pe_refuse(refusal, -EEXIST, attr, e == b ? step : 0,
			 "the protocol of service %s is what step %u (%s) of service %s emits at the same address: give one of them another",
			 other, step + 1, device, e->svc->obj->name);
}

static int pe_entry_ambiguous(const struct pe_entry *a,
			      const struct pe_entry *b,
			      struct pe_refusal *refusal)
{
	const char *one = a->svc->obj->name, *two = b->svc->obj->name;
	const struct pe_stage *x, *y = NULL;

	x = pe_sequence_ambiguous(a, b, &y);
	if (!x)
		return 0;
	if (!x->from)
		return pe_refuse(refusal, -EINVAL, PE_SERVICE_STEP,
				 b->svc->seq->steps - 1,
				 "services %s and %s are answered from the same address and port (%u) of server %s, so answers could not be told apart: use another port or another address of the server for one",
				 one, two, max(a->first, b->first),
				 pe_step_name(&b->svc->seq->step[b->svc->seq->steps - 1]));
	return pe_refuse(refusal, -EINVAL, PE_SERVICE_STEP, y->from_step,
			 "step %u (%s) of service %s and step %u (%s) of service %s cannot be told apart, packets to the same address and port come from both by %s: use another device or interface for one",
			 x->from_step + 1, x->from->device->obj->name, one,
			 y->from_step + 1, y->from->device->obj->name, two,
			 x->from->iface->name);
}

/* Does the server of the service answer from where its clients ask? */
static bool pe_entry_mirrors(const struct pe_entry *a,
			     const struct pe_entry *b)
{
	const struct pe_service *x = a->svc, *y = b->svc;

	return !memcmp(&x->vip, &y->vip, sizeof(x->vip)) &&
	       !pe_service_translates(x) && !pe_service_translates(y);
}

/* Answers from one port of a server may be those of a service that has it, or
 * of one that has all of them. Clients of the same address are told apart by
 * the port that they ask; of two addresses or after port translation, not.
 */
static int pe_entry_check_levels(const struct pe_entry *a,
				 const struct pe_entry *b,
				 struct pe_refusal *refusal)
{
	if (a->svc == b->svc ||
	    !(a->role & b->role & PE_ROLE_SERVER) ||
	    (a->role & b->role & PE_ROLE_FORWARD) ||
	    pe_entry_mirrors(a, b))
		return 0;
	refusal->subject = b->svc;
	refusal->other = a->svc;
	return pe_entry_ambiguous(a, b, refusal);
}

static int pe_addr_check_levels(struct pe_addr *a, u32 i,
				struct pe_refusal *refusal)
{
	const struct pe_entry *e = a->entry;
	u32 j;
	int err;

	for (j = max(i + 1, a->ports); j < a->n; j++) {
		if (e[j].level == e[i].level ||
		    (e[j].level == PE_LEVEL_PROTO && e[j].proto != e[i].proto))
			continue;
		a->lookup = PE_LOOKUP_ALL;
		err = pe_entry_check_levels(&e[i], &e[j], refusal);
		if (err)
			return err;
	}
	return 0;
}

static int pe_entry_check(const struct pe_entry *a, const struct pe_entry *b,
			  struct pe_refusal *refusal)
{
	if (a->svc == b->svc)
		return 0;
	refusal->subject = b->svc;
	refusal->other = a->svc;
	if (a->role & b->role & PE_ROLE_FORWARD) {
		if (pe_entry_is_emitted(a) || pe_entry_is_emitted(b))
			return pe_entry_same_as_emitted(a, b, refusal);
		if (a->iif == b->iif)
			return pe_entry_same_key(a, b, refusal);
	}
	return pe_entry_ambiguous(a, b, refusal);
}

/* Codes of the steps of one service more. */
static void pe_addr_add_codes(struct pe_addr *a, const struct pe_service *svc)
{
	const struct pe_sequence *seq = svc->seq;
	struct pe_codes *codes = &a->codes;
	u32 code;
	u8 i;

	if (!pe_track_encapsulates(seq->track.method))
		return;
	for (i = 0; i < seq->steps; i++) {
		code = pe_sequence_code(seq, i);
		if (!code)
			continue;
		/* Any path and index: a wrong one is to be told. */
		if (seq->track.method == PE_TRACK_NSH) {
			codes->methods |= BIT(PE_TRACK_NSH);
			break;
		}
		codes->min = codes->max ? min(codes->min, code) : code;
		codes->max = max(codes->max, code);
		codes->methods |= BIT(seq->track.method);
	}
}

static void pe_addr_sort(struct pe_addr *a)
{
	u32 i;

	sort(a->entry, a->n, sizeof(a->entry[0]), pe_entry_cmp, NULL);
	for (a->ports = 0; a->ports < a->n; a->ports++)
		if (a->entry[a->ports].level != PE_LEVEL_PORT)
			break;
	a->searchable = a->ports > PE_ENTRIES_FEW;
	a->codes = (struct pe_codes) {};
	a->formers = false;
	for (i = 0; i < a->n; i++)
		a->formers |= !!(a->entry[i].role & PE_ROLE_FORMER);
}

/* What drains lived there together, so nothing collides. */
static void pe_addr_settle_past(struct pe_addr *a)
{
	const struct pe_entry *e = a->entry;
	u32 i;

	pe_addr_sort(a);
	for (i = 0; i < a->n; i++) {
		pe_addr_add_codes(a, e[i].svc);
		/* Of ranges that overlap, two neighbours do. */
		if (i + 1 < a->ports && e[i].proto == e[i + 1].proto &&
		    e[i].last >= e[i + 1].first &&
		    (e[i].first != e[i + 1].first ||
		     e[i].last != e[i + 1].last))
			a->searchable = false;
	}
}

/**
 * pe_addr_settle() - put an address in order and see that nothing collides
 * @a: address that packets don't see
 * @refusal: out: why not
 *
 * Entries of versions that the transaction being committed replaces go first.
 *
 * Context: pe_net.lock held.
 * Return: 0 or a negative errno.
 */
int pe_addr_settle(struct pe_addr *a, struct pe_refusal *refusal)
{
	const struct pe_entry *e = a->entry;
	u32 i, j;
	int err;

	pe_addr_drop_stale(a);
	pe_addr_sort(a);
	a->lookup = a->searchable ? PE_LOOKUP_SEARCH : PE_LOOKUP_FEW;
	for (i = 0; i < a->n; i++) {
		/* The short way has no eye for what is special. */
		if (e[i].special)
			a->lookup = PE_LOOKUP_ALL;
		pe_addr_add_codes(a, e[i].svc);
		for (j = i + 1; j < a->n && e[j].level == e[i].level &&
		     e[j].proto == e[i].proto && e[j].first <= e[i].last; j++) {
			a->lookup = PE_LOOKUP_ALL;
			err = pe_entry_check(&e[i], &e[j], refusal);
			if (err)
				return err;
			if (e[i].first != e[j].first || e[i].last != e[j].last)
				a->searchable = false;
		}
		err = pe_addr_check_levels(a, i, refusal);
		if (err)
			return err;
	}
	if (pe_addr_fresh(a))
		pe_addr_settle_past(pe_addr_fresh(a));
	if (pe_addr_older(a))
		a->lookup |= PE_LOOKUP_PAST;
	return 0;
}

/**
 * pe_addr_forget() - what drains at an address is not looked for too far back
 * @a: what lives there
 *
 * What is cut off stays until its time is up, though no packet finds it.
 *
 * Context: pe_net.lock held.
 */
void pe_addr_forget(struct pe_addr *a)
{
	int i;

	for (i = 0; a && i < PE_PAST_MAX; i++)
		a = pe_addr_older(a);
	if (a)
		rcu_assign_pointer(a->past, NULL);
}

/**
 * pe_addr_free() - free an address that packets never saw, or see no more
 * @a: address
 *
 * What drains there is not freed, but for what a transaction was going to.
 */
void pe_addr_free(struct pe_addr *a)
{
	kvfree(pe_addr_fresh(a));
	kvfree(a);
}

/**
 * pe_addr_free_rcu() - free an address when no packet can see it
 * @a: address, or NULL
 */
void pe_addr_free_rcu(struct pe_addr *a)
{
	if (a)
		kvfree_rcu(a, rcu);
}
