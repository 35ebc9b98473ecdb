// SPDX-License-Identifier: GPL-2.0-only
/* What a commit makes of access lists. */

#include "../model/owner.h"
#include "../model/service.h"
#include "prepare.h"

static int pe_prepare_acl(struct pe_prepare *p, struct pe_object *obj)
{
	const struct pe_acl *live = obj->live;
	struct pe_acl *acl = obj->next;
	int err = 0;
	u32 i;

	p->change = obj->change;
	if (!acl || acl == live)
		return 0;
	for (i = 0; !err && i < acl->ifaces; i++)
		err = pe_prepare_iface(p, acl->iface[i], "acl", obj, 0);
	if (!err)
		err = pe_acl_build(p->pn, acl, live ? live->gate : NULL);
	if (err == -E2BIG)
		return pe_refuse(p->refusal, -E2BIG, PE_ACL_NAME, 0,
				 "acl %s has more rules, or pairs of port ranges in them, than can be looked up: make it shorter",
				 obj->name);
	return err;
}

/* The service that has a list's name gets it, or loses it. */
static int pe_prepare_acl_namesake(struct pe_prepare *p,
				   const struct pe_object *acl)
{
	struct pe_object *obj = pe_object_find(p->pn, PE_NOUN_SERVICE,
					       acl->name);
	struct pe_service *svc = obj ? obj->live : NULL;

	if (!svc || svc->acl_given || pe_object_touched(obj))
		return 0;
	p->change = acl->change;
	if (p->txn->owner && obj->owner != p->txn->owner)
		return pe_refuse(p->refusal, -EACCES, PE_ACL_NAME, 0,
				 "acl %s has the name of a service that is not %s's, which would be asked for that: use another name",
				 acl->name, p->txn->owner->name);
	svc = pe_service_copy(p->pn, svc);
	if (!svc)
		return -ENOMEM;
	pe_object_set(p, obj, PE_NOUN_SERVICE, svc);
	return 0;
}

/* A service that nobody touches and that names a list which is being deleted. */
static int pe_prepare_acl_missed(struct pe_prepare *p)
{
	const struct pe_service *svc;
	struct pe_object *obj;
	unsigned long id = 0;

	while ((obj = pe_object_after(p->pn, PE_NOUN_SERVICE, &id))) {
		cond_resched();
		svc = obj->live;
		if (pe_object_touched(obj) || !svc->acl_given ||
		    pe_object_current(svc->gate->obj))
			continue;
		p->change = svc->gate->obj->change;
		return pe_refuse(p->refusal, -EBUSY, 0, 0,
				 "acl %s is in use by service %s: take it out of the service first",
				 svc->gate->obj->name, obj->name);
	}
	return 0;
}

/**
 * pe_prepare_acls() - access lists that are new, changed or deleted
 * @p: the commit
 *
 * Return: 0 or a negative errno.
 */
int pe_prepare_acls(struct pe_prepare *p)
{
	struct pe_object *obj;
	bool used = false;
	int err = 0;

	list_for_each_entry(obj, &p->txn->touched[PE_NOUN_ACL], touched) {
		err = pe_prepare_acl(p, obj);
		if (!err && !obj->next != !obj->live)
			err = pe_prepare_acl_namesake(p, obj);
		if (err)
			return err;
		used |= !obj->next && obj->users;
		cond_resched();
	}
	return used ? pe_prepare_acl_missed(p) : 0;
}

/**
 * pe_prepare_gate() - the list that a service names, or that has its name
 * @p: the commit
 * @svc: version of the service
 * @asked: the transaction is about the service, and not what it uses
 *
 * Context: after access lists.
 * Return: 0 or a negative errno.
 */
int pe_prepare_gate(struct pe_prepare *p, struct pe_service *svc, bool asked)
{
	const struct pe_object *obj = svc->obj;
	const struct pe_service *live = obj->live;
	const char *name = obj->name;
	struct pe_acl *acl;
	u8 i;

	if (svc->acl_given && asked) {
		name = p->change->data;
		for (i = 0; i <= p->change->steps; i++)
			name += strlen(name) + 1;
	} else if (svc->acl_given) {
		name = live->gate->obj->name;
	}
	obj = pe_object_find(p->pn, PE_NOUN_ACL, name);
	acl = obj ? pe_object_current(obj) : NULL;
	if (acl) {
		svc->gate = acl->gate;
		svc->gate->users++;
	} else if (svc->acl_given) {
		return pe_refuse(p->refusal, -ENOENT, PE_SERVICE_ACL, 0,
				 "there is no acl %s for service %s: add it first",
				 name, svc->obj->name);
	}
	return 0;
}
