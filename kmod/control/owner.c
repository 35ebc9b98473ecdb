// SPDX-License-Identifier: GPL-2.0-only
/* Who acts, and what that owner may touch. */

#include <uapi/linux/pe.h>

#include "../model/owner.h"
#include "noun.h"
#include "owner.h"
#include "parse_attr.h"
#include "txn.h"

static int pe_owner_check(const struct genl_info *info,
			  const struct nlattr *attr, struct pe_refusal *refusal)
{
	if (pe_name_is_valid(nla_data(attr)))
		return 0;
	return pe_bad(info->extack, refusal, attr, -EINVAL,
		      "'%s' is no name of an owner: use letters, digits, '_', '.' and '-', the first one no '.' or '-'",
		      (const char *)nla_data(attr));
}

/**
 * pe_owner_parse() - the owner that an attribute names
 * @pn: namespace
 * @info: the message
 * @attr: the attribute, or NULL for nobody
 * @owner: out: the owner with a user more, or NULL
 * @refusal: out: why not
 *
 * Context: process context, pe_net.lock held.
 * Return: 0 or a negative errno.
 */
int pe_owner_parse(struct pe_net *pn, const struct genl_info *info,
		   const struct nlattr *attr, struct pe_owner **owner,
		   struct pe_refusal *refusal)
{
	int err;

	*owner = NULL;
	if (!attr)
		return 0;
	err = pe_owner_check(info, attr, refusal);
	if (err)
		return err;
	*owner = pe_owner_get(pn, nla_data(attr));
	return *owner ? 0 : -ENOMEM;
}

/**
 * pe_owner_same() - does a message act as the transaction it is part of?
 * @info: the message
 * @attr: attribute that says whom it acts as, or NULL where it does not say
 * @txn: the socket's transaction
 * @refusal: out: why not
 *
 * Return: 0, -EINVAL or -EACCES.
 */
int pe_owner_same(const struct genl_info *info, const struct nlattr *attr,
		  const struct pe_txn *txn, struct pe_refusal *refusal)
{
	int err;

	if (!attr || (txn->owner && !nla_strcmp(attr, txn->owner->name)))
		return 0;
	err = pe_owner_check(info, attr, refusal);
	if (err)
		return err;
	if (!txn->owner)
		return pe_bad(info->extack, refusal, attr, -EACCES,
			      "this message acts as %s, but is part of a transaction that acts as no owner: begin one that acts as %s",
			      (const char *)nla_data(attr),
			      (const char *)nla_data(attr));
	return pe_bad(info->extack, refusal, attr, -EACCES,
		      "this message acts as %s, but is part of a transaction that acts as %s: begin another one for it",
		      (const char *)nla_data(attr), txn->owner->name);
}

/**
 * pe_owner_of_change() - whose an object will be that a message describes
 * @pn: namespace
 * @info: the message
 * @txn: transaction that it is for
 * @change: in and out: what the message asks for
 * @refusal: out: why not
 *
 * What a transaction makes that acts as an owner is that owner's.
 *
 * Context: process context, pe_net.lock held.
 * Return: 0 or a negative errno.
 */
int pe_owner_of_change(struct pe_net *pn, const struct genl_info *info,
		       const struct pe_txn *txn, struct pe_change *change,
		       struct pe_refusal *refusal)
{
	const struct pe_noun_ops *ops = &pe_noun_ops[change->noun];
	const struct nlattr *attr = info->attrs[ops->owner];

	if (!txn->owner)
		return pe_owner_parse(pn, info, attr, &change->owner, refusal);
	if (!ops->owner)
		return pe_refuse(refusal, -EACCES, 0, 0,
				 "the %s is nobody's, so who acts as %s may not touch it: act as no owner",
				 ops->name, txn->owner->name);
	if (attr && nla_strcmp(attr, txn->owner->name))
		return pe_bad(info->extack, refusal, attr, -EACCES,
			      "%s %s cannot become %s's by a transaction that acts as %s: leave owner out, or act as no owner",
			      ops->name, change->data,
			      (const char *)nla_data(attr), txn->owner->name);
	change->owner = pe_owner_hold(txn->owner);
	return 0;
}

/**
 * pe_owner_may() - may a transaction touch an object?
 * @txn: the transaction
 * @obj: the object
 * @noun: what it is
 * @refusal: out: why not
 *
 * Who acts as no owner may touch everything, who acts as one what is live and
 * that owner's, and what the transaction has created itself.
 *
 * Context: pe_net.lock held.
 * Return: 0, -EINVAL or -EACCES.
 */
int pe_owner_may(const struct pe_txn *txn, const struct pe_object *obj,
		 enum pe_noun noun, struct pe_refusal *refusal)
{
	const char *what = pe_noun_ops[noun].name;

	if (!txn->owner || !obj->live || obj->owner == txn->owner)
		return 0;
	if (!obj->owner)
		return pe_refuse(refusal, -EACCES, PE_DEVICE_NAME, 0,
				 "%s %s has no owner, so who acts as %s may not touch it: use another name, or act as no owner",
				 what, obj->name, txn->owner->name);
	return pe_refuse(refusal, -EACCES, PE_DEVICE_NAME, 0,
			 "%s %s is owned by %s, so who acts as %s may not touch it: use another name, or act as %s",
			 what, obj->name, obj->owner->name, txn->owner->name,
			 obj->owner->name);
}
