// SPDX-License-Identifier: GPL-2.0-only
/* A device takes another's place in every service and pool. */

#include <arena.h>
#include <errno.h>
#include <noun.h>
#include <object.h>
#include <pool.h>
#include <refusal.h>
#include <service.h>
#include <stdio.h>
#include <string.h>
#include <txn.h>

#include "commands.h"
#include "kernel.h"
#include "parse.h"
#include "printer.h"

/*
 * An attempt: the services and pools that change, as they will be, and how many of
 * them are pools. @scratch has one while it is looked at, @fault what a refusal is
 * about.
 */
struct replace {
	const struct options *options;
	const struct pe_object *old;
	const struct pe_object *new;
	struct pe_sock sock;
	struct pe_arena arena;
	struct pe_arena scratch;
	struct pe_changes changes;
	size_t pools;
	struct pe_refusal refusal;
	struct pe_blame blame;
	const struct pe_object *fault;
};

static bool replace_name(const struct replace *replace, const char **name)
{
	if (strcmp(*name, replace->old->name) != 0)
		return false;
	*name = replace->new->name;
	return true;
}

/* Whether it names the device; it names the other one then. */
static bool replace_names(const struct replace *replace, struct pe_object *object)
{
	struct pe_service *service = (struct pe_service *)object;
	struct pe_pool *pool = (struct pe_pool *)object;
	bool found = false;
	unsigned int i;

	if (object->kind == PE_OBJECT_SERVICE)
		for (i = 0; i < service->nsteps; i++)
			found |= replace_name(replace, &service->steps[i].device);
	else if (object->kind == PE_OBJECT_POOL)
		for (i = 0; i < pool->nmembers; i++)
			found |= replace_name(replace, &pool->members[i].device);
	return found;
}

/* Who acts as an owner has that owner's services and pools changed. */
static bool replace_is_others(const struct replace *replace, const struct pe_object *object)
{
	const char *owner = replace->options->owner;

	return owner && !pe_object_is_of(object, owner);
}

static int replace_feed(const struct nlmsghdr *nlh, void *arg)
{
	struct replace *replace = arg;
	struct pe_object *object;
	int err;

	pe_arena_reset(&replace->scratch);
	err = pe_object_decode(&object, &replace->scratch, nlh);
	if (err)
		return err;
	if (replace_is_others(replace, object) || !replace_names(replace, object))
		return 0;
	err = pe_object_decode(&object, &replace->arena, nlh);
	if (err)
		return err;
	replace_names(replace, object);
	object->verb = PE_VERB_REPLACE;
	replace->pools += object->kind == PE_OBJECT_POOL;
	pe_changes_add(&replace->changes, object);
	return 0;
}

static void replace_forget(struct replace *replace)
{
	pe_changes_free(&replace->changes);
	replace->pools = 0;
	pe_arena_free(&replace->arena);
	replace->fault = NULL;
	replace->blame.change = PE_NOWHERE;
}

static int replace_read(struct replace *replace)
{
	int err, tries = KERNEL_TRIES;

	do {
		replace_forget(replace);
		err = kernel_dump(&replace->sock, PE_OBJECT_POOL, false, replace_feed, replace,
				  &replace->refusal);
		if (!err)
			err = kernel_dump(&replace->sock, PE_OBJECT_SERVICE, false, replace_feed,
					  replace, &replace->refusal);
	} while (err == -EINTR && --tries);
	return err;
}

static int replace_find(struct replace *replace, const struct pe_object *device)
{
	int err = kernel_find(&replace->sock, device, &replace->refusal);

	if (err)
		replace->fault = device;
	return err;
}

static int replace_prepare(struct replace *replace)
{
	int err = replace_read(replace);

	if (!err)
		err = replace_find(replace, replace->old);
	if (!err)
		err = replace_find(replace, replace->new);
	if (err || replace->changes.count)
		return err;
	replace->fault = replace->old;
	if (replace->options->owner)
		return pe_refusal_set(
			&replace->refusal, ENOENT,
			"no service and no pool of %s uses device %s, so nothing can take its place",
			replace->options->owner, replace->old->name);
	return pe_refusal_set(
		&replace->refusal, ENOENT,
		"no service and no pool uses device %s, so nothing can take its place",
		replace->old->name);
}

static int replace_commit(struct replace *replace, uint32_t generation)
{
	uint32_t first = replace->sock.seq + 1;
	int err;

	err = pe_txn_send(&replace->sock, &replace->changes, &replace->blame, &replace->refusal);
	if (err)
		return err;
	err = pe_txn_commit(&replace->sock, generation, replace->options->check, &replace->refusal);
	if (err)
		pe_txn_blame(&replace->sock, &replace->changes, first, &replace->refusal,
			     &replace->blame);
	return err;
}

/* Begun before services are read: who changes any of them then makes it fail. */
static int replace_attempt(struct replace *replace)
{
	const struct options *options = replace->options;
	const uint32_t *expected = options->has_generation ? &options->generation : NULL;
	struct pe_refusal ignored;
	uint32_t generation = 0;
	int err;

	replace_forget(replace);
	err = pe_txn_begin(&replace->sock, options->owner, expected, &generation,
			   &replace->refusal);
	if (err)
		return err;
	err = replace_prepare(replace);
	if (!err)
		err = replace_commit(replace, generation);
	if (err)
		pe_txn_abort(&replace->sock, &ignored);
	return err;
}

static void replace_summary(const struct replace *replace)
{
	size_t pools = replace->pools, services = replace->changes.count - pools;
	struct printer p;

	printer_init(&p, stdout, replace->options);
	print_object(&p, NULL);
	print_uint(&p, "version", NULL, PRINTER_VERSION);
	if (replace->options->check)
		print_true(&p, "check", "would be: ");
	print_uint(&p, "changed", services == 1 ? "%llu service" : "%llu services", services);
	if (pools)
		print_uint(&p, "pools", pools == 1 ? " and %llu pool" : " and %llu pools", pools);
	print_text(&p, " changed\n");
	print_close(&p);
}

static int replace_refused(const struct replace *replace, const struct source *source)
{
	if (!replace->fault || replace->refusal.err == EPERM)
		return kernel_refused_change(&replace->refusal, &replace->blame, &replace->changes,
					     source);
	source_error(source, source_word_at(source, replace->fault->at - 1), "%s",
		     replace->refusal.text);
	return EXIT_REFUSED;
}

static int replace_run(struct replace *replace, const struct source *source)
{
	int err, tries = KERNEL_TRIES;

	do {
		err = replace_attempt(replace);
	} while (err == -ESTALE && !replace->options->has_generation && --tries);
	if (err)
		return replace_refused(replace, source);
	replace_summary(replace);
	return EXIT_DONE;
}

/**
 * command_replace() - have every service and pool that uses a device use another
 * @parse: the devices
 * @options: the options
 *
 * Return: the exit code.
 */
int command_replace(struct parse *parse, const struct options *options)
{
	struct replace replace = { .options = options,
				   .old = parse->request->names.list[0],
				   .new = parse->request->names.list[1] };
	int code = kernel_open(&replace.sock, options);

	if (code)
		return code;
	code = replace_run(&replace, parse->source);
	replace_forget(&replace);
	pe_arena_free(&replace.scratch);
	pe_sock_close(&replace.sock);
	return code;
}
