// SPDX-License-Identifier: GPL-2.0-only

#include "object.h"

#include <libmnl/libmnl.h>
#include <linux/genetlink.h>
#include <linux/pe.h>
#include <string.h>

#include "acl.h"
#include "noun.h"
#include "txn.h"

static const uint16_t pe_verb_flags[] = {
	[PE_VERB_ADD] = NLM_F_CREATE | NLM_F_EXCL,
	[PE_VERB_REPLACE] = NLM_F_CREATE | NLM_F_REPLACE,
	[PE_VERB_CHANGE] = NLM_F_REPLACE,
	[PE_VERB_DEL] = 0,
	[PE_VERB_COPY] = NLM_F_CREATE | NLM_F_EXCL,
	[PE_VERB_INSERT] = NLM_F_REPLACE,
	[PE_VERB_CUT] = NLM_F_REPLACE,
};

static uint8_t pe_object_command(const struct pe_object *object)
{
	if (object->kind == PE_OBJECT_ALL)
		return PE_CMD_FLUSH;
	return object->verb == PE_VERB_DEL ? pe_noun_of(object)->cmd_del :
					     pe_noun_of(object)->cmd_new;
}

static void pe_object_put(const struct pe_object *object, struct nlmsghdr *nlh, uint32_t first)
{
	const struct pe_noun *noun = pe_noun_of(object);

	if (object->verb == PE_VERB_DEL)
		mnl_attr_put_strz(nlh, noun->attr_name, object->name);
	else if (object->kind == PE_OBJECT_ACL)
		pe_acl_put(nlh, (const struct pe_acl *)object, first);
	else
		noun->put(nlh, object);
	if (object->owner && object->verb != PE_VERB_DEL && !first)
		mnl_attr_put_strz(nlh, noun->attr_owner, object->owner);
}

/**
 * pe_object_next() - where the message behind one of a statement goes on
 * @object: the object, with its verb
 * @first: where that one began; 0 for the first of them
 *
 * Return: where, 0 if there is no other message.
 */
uint32_t pe_object_next(const struct pe_object *object, uint32_t first)
{
	if (object->kind != PE_OBJECT_ACL || object->verb == PE_VERB_DEL)
		return 0;
	return pe_acl_next((const struct pe_acl *)object, first);
}

/**
 * pe_object_encode() - make the message that a statement asks for
 * @object: the object, with its verb
 * @nlh: where, with PE_MESSAGE_MAX bytes of room; its sequence number is left 0
 * @family: number of the netlink family
 */
void pe_object_encode(const struct pe_object *object, struct nlmsghdr *nlh, uint16_t family)
{
	pe_object_encode_part(object, nlh, family, 0);
}

/**
 * pe_object_encode_part() - make one of the messages that a statement asks for
 * @object: the object, with its verb
 * @nlh: where, with PE_MESSAGE_MAX bytes of room; its sequence number is left 0
 * @family: number of the netlink family
 * @first: where it begins, as pe_object_next() says
 */
void pe_object_encode_part(const struct pe_object *object, struct nlmsghdr *nlh, uint16_t family,
			   uint32_t first)
{
	struct genlmsghdr *genl;

	mnl_nlmsg_put_header(nlh);
	nlh->nlmsg_type = family;
	nlh->nlmsg_flags = NLM_F_REQUEST | pe_verb_flags[object->verb];
	genl = mnl_nlmsg_put_extra_header(nlh, sizeof(*genl));
	genl->cmd = pe_object_command(object);
	genl->version = PE_GENL_VERSION;
	if (object->kind != PE_OBJECT_ALL)
		pe_object_put(object, nlh, first);
}

/**
 * pe_object_is_of() - is an object somebody's?
 * @object: the object
 * @owner: who, or NULL for nobody
 *
 * Return: whether it is.
 */
bool pe_object_is_of(const struct pe_object *object, const char *owner)
{
	if (!owner || !object->owner)
		return owner == object->owner;
	return !strcmp(owner, object->owner);
}

/**
 * pe_object_equal() - compare what a user can say of two objects
 * @a: one
 * @b: the other, of the same kind
 *
 * Return: whether it means the same.
 */
bool pe_object_equal(const struct pe_object *a, const struct pe_object *b)
{
	return pe_object_is_of(a, b->owner) && pe_noun_of(a)->equal(a, b);
}

/**
 * pe_object_merge() - fill what a change does not say
 * @object: the change
 * @base: the object as it is, in memory that lives as long
 */
void pe_object_merge(struct pe_object *object, const struct pe_object *base)
{
	if (!object->owner)
		object->owner = base->owner;
	pe_noun_of(object)->merge(object, base);
}

/**
 * pe_object_where() - where something of an object stands in the source
 * @object: the object
 * @blame: what
 *
 * Return: the place plus one, 0 if it is not known.
 */
uint32_t pe_object_where(const struct pe_object *object, const struct pe_blame *blame)
{
	if (object->verb == PE_VERB_DEL)
		return object->at;
	if (blame->attr == pe_noun_of(object)->attr_owner && object->owner_at)
		return object->owner_at;
	return pe_noun_of(object)->where(object, blame);
}
