// SPDX-License-Identifier: GPL-2.0-only
/* What a commit makes of addresses, and of prefixes of clients. */

#include <linux/slab.h>

#include "../model/service.h"
#include "../model/table.h"
#include "prepare.h"

/* Where addresses or prefixes of this length are kept that change. */
static struct pe_table **pe_prepare_table(struct pe_prepare *p,
					  enum pe_family family, u8 length)
{
	struct pe_txn *txn = p->txn;

	if (length == PE_ADDR_WHOLE)
		return &txn->addrs[family];
	if (!txn->clients[family])
		txn->clients[family] = kzalloc(sizeof(*txn->clients[family]),
					       GFP_KERNEL_ACCOUNT);
	if (!txn->clients[family])
		return NULL;
	return &txn->clients[family]->table[length];
}

/* Those that packets see. */
static const struct pe_table *pe_prepare_live(struct pe_prepare *p,
					      enum pe_family family, u8 length)
{
	if (length == PE_ADDR_WHOLE)
		return pe_net_table(p->pn, family);
	return pe_prefixes_table(pe_net_clients(p->pn, family), length);
}

/* The address as it will be; what lives there now is copied to be changed. */
static struct pe_addr *pe_prepare_addr(struct pe_prepare *p,
				       const union nf_inet_addr *addr, u8 proto,
				       u8 length, u32 room)
{
	enum pe_family family = pe_family_of(proto);
	struct pe_table **table = pe_prepare_table(p, family, length);
	const struct pe_addr *live;
	struct pe_table *grown;
	struct pe_addr *a, *old;

	if (!table)
		return NULL;
	old = pe_table_find(*table, addr, proto);
	if (old && old->size - old->n >= room)
		return old;
	if (old) {
		a = pe_addr_copy(old, old->n + max(old->n, room));
		if (!a)
			return NULL;
		pe_table_replace(*table, old, a);
		kvfree(old);
		return a;
	}
	live = pe_table_find(pe_prepare_live(p, family, length), addr, proto);
	grown = pe_table_grown(*table, proto, 1);
	if (IS_ERR(grown))
		return NULL;
	if (grown) {
		pe_table_free(*table);
		*table = grown;
	}
	a = live ? pe_addr_copy(live, live->n + room) :
		   pe_addr_new(addr, proto, length, room);
	if (a)
		pe_table_insert(*table, a);
	return a;
}

static int pe_prepare_entry_old(void *arg, const union nf_inet_addr *addr,
				u8 family, const struct pe_entry *entry)
{
	return pe_prepare_addr(arg, addr, family, entry->svc->length, 0) ?
		       0 : -ENOMEM;
}

/* The old one's stay behind what will live there. */
static int pe_prepare_entry_past(void *arg, const union nf_inet_addr *addr,
				 u8 family, const struct pe_entry *entry)
{
	struct pe_addr *a = pe_prepare_addr(arg, addr, family,
					    entry->svc->length, 0);

	return a && pe_addr_drain(a, entry) ? 0 : -ENOMEM;
}

static int pe_prepare_entry_new(void *arg, const union nf_inet_addr *addr,
				u8 family, const struct pe_entry *entry)
{
	struct pe_addr *a = pe_prepare_addr(arg, addr, family,
					    entry->svc->length, 1);

	if (!a)
		return -ENOMEM;
	pe_addr_add(a, entry);
	return 0;
}

/* Where the old version stands. Its entries go when the address is settled. */
static int pe_prepare_old_addrs(struct pe_prepare *p, struct pe_object *obj)
{
	struct pe_txn *txn = p->txn;

	if (!pe_service_drains(obj->next, obj->live))
		return pe_service_entries(obj->live, pe_prepare_entry_old, p);
	if (!txn->drain)
		txn->drain = pe_drain_new();
	if (!txn->drain)
		return -ENOMEM;
	return pe_service_entries(obj->live, pe_prepare_entry_past, p);
}

/**
 * pe_prepare_service_addrs() - where versions stood and will stand
 * @p: the commit
 * @obj: the service
 *
 * Return: 0 or a negative errno.
 */
int pe_prepare_service_addrs(struct pe_prepare *p, struct pe_object *obj)
{
	int err = 0;

	p->change = obj->change;
	if (obj->next == obj->live)
		return 0;
	if (obj->live)
		err = pe_prepare_old_addrs(p, obj);
	if (!err && obj->next)
		err = pe_service_entries(obj->next, pe_prepare_entry_new, p);
	return err;
}

static int pe_prepare_guard(struct pe_prepare *p, const struct pe_device *dev,
			    int by)
{
	struct pe_addr *a;

	if (!dev || !dev->guard)
		return 0;
	a = pe_prepare_addr(p, &dev->address, dev->proto, PE_ADDR_WHOLE, 0);
	if (!a)
		return -ENOMEM;
	a->guards += by;
	return 0;
}

/**
 * pe_prepare_guards() - addresses of devices that are guarded, or no more
 * @p: the commit
 *
 * Return: 0 or a negative errno.
 */
int pe_prepare_guards(struct pe_prepare *p)
{
	struct pe_object *obj;
	int err;

	list_for_each_entry(obj, &p->txn->touched[PE_NOUN_DEVICE], touched) {
		if (obj->next == obj->live)
			continue;
		p->change = obj->change;
		err = pe_prepare_guard(p, obj->next, 1);
		if (!err)
			err = pe_prepare_guard(p, obj->live, -1);
		if (err)
			return err;
	}
	return 0;
}

/* The one of two services that collide which this transaction touches. */
static void pe_prepare_blame(struct pe_prepare *p)
{
	const struct pe_service *svc = p->refusal->subject;

	p->change = NULL;
	if (svc && pe_object_touched(svc->obj)) {
		p->change = svc->obj->change;
		return;
	}
	svc = p->refusal->other;
	if (svc && pe_object_touched(svc->obj))
		p->change = svc->obj->change;
	p->refusal->attr = 0;
}

static int pe_prepare_settle_table(struct pe_prepare *p,
				   struct pe_table *table)
{
	struct pe_addr *a, *fit;
	u32 at = 0;
	int err;

	while ((a = pe_table_next(table, &at))) {
		err = pe_addr_settle(a, p->refusal);
		if (err) {
			pe_prepare_blame(p);
			return err;
		}
		cond_resched();
		if (a->n == a->size)
			continue;
		fit = pe_addr_copy(a, a->n);
		if (!fit)
			return -ENOMEM;
		fit->searchable = a->searchable;
		fit->lookup = a->lookup;
		fit->codes = a->codes;
		fit->formers = a->formers;
		pe_table_replace(table, a, fit);
		kvfree(a);
	}
	return 0;
}

static int pe_prepare_settle(struct pe_prepare *p, enum pe_family family)
{
	const struct pe_draft *draft = p->txn->clients[family];
	int err, i;

	err = pe_prepare_settle_table(p, p->txn->addrs[family]);
	for (i = 0; draft && !err && i < PE_PREFIX_LENGTHS; i++)
		err = pe_prepare_settle_table(p, draft->table[i]);
	return err;
}

/* The prefixes of one length as they will be: those that stay and those that
 * are new. NULL when there are none.
 */
static struct pe_table *pe_prepare_prefixes(const struct pe_table *live,
					    const struct pe_table *changed,
					    u8 proto)
{
	u32 n = changed->n + (live ? live->n : 0), at = 0;
	struct pe_table *table;
	struct pe_addr *a;

	table = pe_table_grown(NULL, proto, n);
	if (IS_ERR(table))
		return table;
	while ((a = pe_table_next(changed, &at)))
		if (!pe_addr_is_empty(a))
			pe_table_insert(table, a);
	for (at = 0; (a = pe_table_next(live, &at)); cond_resched())
		if (!pe_table_find(changed, &a->addr, proto))
			pe_table_insert(table, a);
	if (table->n)
		return table;
	pe_table_free(table);
	return NULL;
}

/* How often something drains at prefixes that change, because they do. */
static u32 pe_prepare_prefixes_fresh(const struct pe_table *changed)
{
	struct pe_addr *a;
	u32 at = 0, n = 0;

	while ((a = pe_table_next(changed, &at)))
		n += !!pe_addr_fresh(a);
	return n;
}

static int pe_prepare_clients(struct pe_prepare *p, enum pe_family family)
{
	u8 proto = family == PE_IPV4 ? NFPROTO_IPV4 : NFPROTO_IPV6;
	struct pe_draft *draft = p->txn->clients[family];
	const struct pe_prefixes *old = pe_net_clients(p->pn, family);
	struct pe_table *table;
	int i;

	if (!draft)
		return 0;
	draft->next = pe_prefixes_new();
	if (!draft->next)
		return -ENOMEM;
	draft->next->drains = old ? old->drains : 0;
	for (i = PE_PREFIX_LENGTHS - 1; i >= 0; i--) {
		draft->next->drains +=
			pe_prepare_prefixes_fresh(draft->table[i]);
		table = pe_prefixes_table(old, i);
		if (draft->table[i])
			table = pe_prepare_prefixes(table, draft->table[i],
						    proto);
		if (IS_ERR(table))
			return PTR_ERR(table);
		if (table)
			pe_prefixes_add(draft->next, table, proto, i);
	}
	return 0;
}

/* Room for new addresses, in a table that packets may read from now on. */
static int pe_prepare_room(struct pe_prepare *p, enum pe_family family)
{
	u8 proto = family == PE_IPV4 ? NFPROTO_IPV4 : NFPROTO_IPV6;
	const struct pe_table *addrs = p->txn->addrs[family];
	struct pe_table *old, *grown;

	/* Without a table the hook would look no further. */
	if (!addrs && !p->txn->clients[family])
		return 0;
	old = pe_net_table(p->pn, family);
	grown = pe_table_grown(old, proto, addrs ? addrs->n : 0);
	if (IS_ERR_OR_NULL(grown))
		return PTR_ERR_OR_ZERO(grown);
	rcu_assign_pointer(p->pn->table[family], grown);
	if (old)
		kvfree_rcu(old, rcu);
	return 0;
}

static bool pe_prepare_guarding(const struct pe_txn *txn)
{
	const struct pe_addr *a;
	u32 at;
	int i;

	for (i = 0; i < PE_FAMILIES; i++) {
		at = 0;
		while ((a = pe_table_next(txn->addrs[i], &at)))
			if (a->guards)
				return true;
	}
	return false;
}

/* Is there an IPv4 address among what the transaction has announced? */
static bool pe_prepare_arp(const struct pe_txn *txn)
{
	const struct pe_service *svc;
	const struct pe_object *obj;

	list_for_each_entry(obj, &txn->touched[PE_NOUN_SERVICE], touched) {
		svc = obj->next;
		if (svc && svc->announce && svc->family == NFPROTO_IPV4)
			return true;
	}
	return false;
}

/**
 * pe_prepare_addrs() - make of addresses what packets can be given
 * @p: the commit
 *
 * Context: after everything that stands at an address.
 * Return: 0 or a negative errno.
 */
int pe_prepare_addrs(struct pe_prepare *p)
{
	const struct pe_txn *txn = p->txn;
	int err = 0, i;

	for (i = 0; !err && i < PE_FAMILIES; i++)
		err = pe_prepare_settle(p, i);
	for (i = 0; !err && i < PE_FAMILIES; i++)
		err = pe_prepare_clients(p, i);
	for (i = 0; !err && i < PE_FAMILIES; i++)
		err = pe_prepare_room(p, i);
	if (!err && (txn->addrs[PE_IPV4] || txn->addrs[PE_IPV6] ||
		     txn->clients[PE_IPV4] || txn->clients[PE_IPV6]))
		err = pe_net_hooks(p->pn, pe_prepare_guarding(txn),
				   pe_prepare_arp(txn));
	return err;
}
