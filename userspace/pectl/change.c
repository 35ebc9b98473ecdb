// SPDX-License-Identifier: GPL-2.0-only
/* Statements of the command line and of batches. */

#include <acl.h>
#include <config.h>
#include <errno.h>
#include <libmnl/libmnl.h>
#include <noun.h>
#include <refusal.h>
#include <service.h>
#include <stdio.h>
#include <string.h>
#include <txn.h>

#include "commands.h"
#include "kernel.h"
#include "parse.h"

/*
 * An attempt to bring a batch about, as an owner or none: what was asked for, the same with changes
 * made whole, and what that says last of each name.
 */
struct change {
	struct pe_sock *sock;
	const char *owner;
	const struct pe_changes *asked;
	struct pe_changes whole;
	struct pe_table last[PE_OBJECT_ALL];
	bool flushed;
	struct pe_arena arena;
	struct pe_refusal refusal;
	struct pe_blame blame;
};

struct change_found {
	struct pe_arena *arena;
	struct pe_object *object;
	int kind;
};

static int change_keep(const struct nlmsghdr *nlh, void *arg)
{
	struct change_found *found = arg;
	struct pe_object *object;
	int err = pe_object_decode(&object, found->arena, nlh);

	if (err || object->kind != found->kind)
		return err ? err : -EBADMSG;
	if (found->object && object->kind == PE_OBJECT_ACL)
		pe_acl_join((struct pe_acl *)found->object, found->arena, (struct pe_acl *)object);
	else
		found->object = object;
	return 0;
}

static int change_missing(struct change *change, const struct pe_object *object)
{
	return pe_refusal_set(&change->refusal, ENOENT, "%s %s cannot be %s: it was deleted before",
			      pe_noun_of(object)->name, object->name,
			      object->verb == PE_VERB_COPY ? "copied" : "changed");
}

/* What the batch itself said of an object before, or what the kernel has. */
static int change_base(struct change *change, const struct pe_object *object,
		       struct pe_object **base)
{
	struct change_found found = { .arena = &change->arena, .kind = object->kind };
	struct pe_object **before;
	int err;

	before = pe_table_find(&change->last[object->kind], object->name, strlen(object->name));
	*base = before ? *before : NULL;
	if (before ? (*before)->verb == PE_VERB_DEL : change->flushed && !change->owner)
		return change_missing(change, object);
	if (before)
		return 0;
	err = kernel_get(change->sock, object, false, change_keep, &found, &change->refusal);
	if (!err && !found.object)
		err = pe_refusal_set(&change->refusal, EBADMSG,
				     "the kernel did not tell what %s is", object->name);
	/* What others own is left by a flush. */
	if (!err && change->flushed && pe_object_is_of(found.object, change->owner))
		return change_missing(change, object);
	*base = found.object;
	return err;
}

static void change_forget_last(struct change *change)
{
	int kind;

	for (kind = 0; kind < PE_OBJECT_ALL; kind++)
		pe_table_free(&change->last[kind]);
}

static void change_remember(struct change *change, struct pe_object *object)
{
	struct pe_object **before;

	if (object->kind == PE_OBJECT_ALL) {
		change_forget_last(change);
		change->flushed = true;
		return;
	}
	before = pe_table_find(&change->last[object->kind], object->name, strlen(object->name));
	if (before)
		*before = object;
	else
		pe_table_add(&change->last[object->kind], object);
}

/* What is kept of is what a change changes, or what a copy names. */
static struct pe_object change_base_name(const struct pe_object *object)
{
	const struct pe_service *service = (const struct pe_service *)object;
	struct pe_object name = *object;

	if (object->verb == PE_VERB_COPY) {
		name.name = service->from;
		name.at = service->from_at;
	}
	return name;
}

/* A rule is inserted between others or behind them, and one that is there deleted. */
static int change_position(struct change *change, const struct pe_object *object,
			   const struct pe_object *base)
{
	const struct pe_acl *acl = (const struct pe_acl *)object;
	const struct pe_acl *old = (const struct pe_acl *)base;

	if ((object->verb != PE_VERB_INSERT || acl->position <= old->nrules + 1) &&
	    (object->verb != PE_VERB_CUT || acl->position <= old->nrules))
		return 0;
	return pe_refusal_set(&change->refusal, ENOENT,
			      "acl %s has %u rules, and no position %u: see them with show",
			      object->name, old->nrules, acl->position);
}

/* It is made of what there is. */
static bool change_has_base(const struct pe_object *object)
{
	return object->verb == PE_VERB_CHANGE || object->verb == PE_VERB_COPY ||
	       object->verb == PE_VERB_INSERT || object->verb == PE_VERB_CUT;
}

/* A list that the original has by its name is the copy's by being said, lest that
 * let in everybody.
 */
static int change_take_list(struct change *change, struct pe_service *copy)
{
	struct pe_object list = { .kind = PE_OBJECT_ACL, .name = copy->from };
	struct pe_object **before;
	int err = 0;

	before = pe_table_find(&change->last[PE_OBJECT_ACL], list.name, strlen(list.name));
	if (before ? (*before)->verb == PE_VERB_DEL : change->flushed && !change->owner)
		return 0;
	if (!before)
		err = kernel_find(change->sock, &list, &change->refusal);
	if (!err)
		copy->acl = copy->from;
	return err == -ENOENT ? 0 : err;
}

static int change_merge(struct change *change, const struct pe_object *object,
			struct pe_object **whole)
{
	struct pe_object *base, name = change_base_name(object);
	int err = change_base(change, &name, &base);

	if (err) {
		/* The refusal is about a name that is not there, and its place. */
		name.verb = PE_VERB_DEL;
		*whole = pe_arena_memdup(&change->arena, &name, sizeof(name));
		return err;
	}
	err = change_position(change, object, base);
	*whole = pe_arena_memdup(&change->arena, object, pe_noun_of(object)->size);
	if (err)
		return err;
	pe_object_merge(*whole, base);
	/* What an owner writes is that owner's, whoever has what it is made of. */
	if (change->owner)
		(*whole)->owner = object->owner;
	if (object->verb != PE_VERB_COPY || ((struct pe_service *)*whole)->acl)
		return 0;
	return change_take_list(change, (struct pe_service *)*whole);
}

static int change_complete(struct change *change)
{
	int err = 0;
	size_t i;

	for (i = 0; i < change->asked->count && !err; i++) {
		struct pe_object *object = change->asked->list[i];

		if (change_has_base(object))
			err = change_merge(change, object, &object);
		pe_changes_add(&change->whole, object);
		change_remember(change, object);
	}
	if (err)
		change->blame.change = i - 1;
	return err;
}

static int change_transaction(struct change *change, const struct options *options)
{
	const uint32_t *expected = options->has_generation ? &options->generation : NULL;
	uint32_t first, generation = 0;
	int err;

	err = pe_txn_begin(change->sock, change->owner, expected, &generation, &change->refusal);
	if (!err)
		err = change_complete(change);
	if (err)
		return err;
	first = change->sock->seq + 1;
	err = pe_txn_send(change->sock, &change->whole, &change->blame, &change->refusal);
	if (err)
		return err;
	err = pe_txn_commit(change->sock, generation, options->check, &change->refusal);
	if (err)
		pe_txn_blame(change->sock, &change->whole, first, &change->refusal, &change->blame);
	return err;
}

static bool change_is_simple(const struct pe_changes *asked, const struct options *options)
{
	return asked->count == 1 && !change_has_base(asked->list[0]) &&
	       !pe_object_next(asked->list[0], 0) && !options->check && !options->has_generation &&
	       !options->owner;
}

static int change_attempt(struct change *change, const struct options *options)
{
	memset(&change->blame, 0, sizeof(change->blame));
	change->blame.change = PE_NOWHERE;
	if (!change_is_simple(change->asked, options))
		return change_transaction(change, options);
	pe_changes_add(&change->whole, change->asked->list[0]);
	return pe_txn_send(change->sock, &change->whole, &change->blame, &change->refusal);
}

static void change_forget(struct change *change)
{
	pe_changes_free(&change->whole);
	change_forget_last(change);
	change->flushed = false;
	pe_arena_free(&change->arena);
}

static int change_run(struct change *change, const struct options *options,
		      const struct source *source)
{
	int err, tries = KERNEL_TRIES, code = EXIT_DONE;
	struct pe_refusal ignored;

	do {
		change_forget(change);
		err = change_attempt(change, options);
		if (err)
			pe_txn_abort(change->sock, &ignored);
	} while ((err == -ESTALE || err == -EINTR) && !options->has_generation && --tries);
	if (err)
		code = kernel_refused_change(&change->refusal, &change->blame, &change->whole,
					     source);
	change_forget(change);
	return code;
}

/**
 * command_change() - bring statements about, all or none
 * @parse: the statements
 * @options: the options
 *
 * Return: the exit code.
 */
int command_change(struct parse *parse, const struct options *options)
{
	struct pe_sock sock;
	struct change change = { .sock = &sock, .owner = options->owner, .asked = parse->changes };
	int code;

	code = kernel_open(&sock, options);
	if (code)
		return code;
	if (parse->changes->count)
		code = change_run(&change, options, parse->source);
	pe_sock_close(&sock);
	return code;
}
