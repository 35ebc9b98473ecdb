// SPDX-License-Identifier: GPL-2.0-only
/* A configuration file against the kernel: make it so, or tell what differs. */

#include "apply.h"

#include <errno.h>
#include <inttypes.h>
#include <noun.h>
#include <stdio.h>
#include <string.h>

#include "commands.h"
#include "confirm.h"
#include "kernel.h"
#include "parse.h"
#include "print_object.h"
#include "printer.h"

/* What a file does not say is the owner's that it is applied as; others' is refused. */
static bool apply_own(struct apply *apply, struct pe_object *object)
{
	const char *owner = apply->options->owner;

	if (!pe_noun_of(object)->attr_owner) {
		source_error(&apply->source, source_word_at(&apply->source, object->at - 1),
			     "the %s is nobody's, so who acts as %s may not touch it: leave it out",
			     pe_noun_of(object)->name, owner);
		return false;
	}
	if (!object->owner)
		object->owner = owner;
	if (pe_object_is_of(object, owner))
		return true;
	source_error(
		&apply->source, source_word_at(&apply->source, object->owner_at - 1),
		"%s '%s' is of %s, which who acts as %s may not touch: leave it out, or act as %s",
		pe_noun_of(object)->name, object->name, object->owner, owner, object->owner);
	return false;
}

static bool apply_own_all(struct apply *apply)
{
	int kind;
	uint32_t i;

	if (!apply->options->owner)
		return true;
	for (kind = 0; kind < PE_OBJECT_ALL; kind++) {
		const struct pe_table *table = &apply->wanted.tables[kind];

		for (i = 0; i < table->count; i++)
			if (!apply_own(apply, table->items[i]))
				return false;
	}
	return true;
}

static bool apply_parse(struct apply *apply)
{
	struct parse parse = { .source = &apply->source,
			       .mode = PARSE_CONFIG,
			       .config = &apply->wanted };

	return parse_source(&parse);
}

/**
 * apply_read_text() - take the text of a revision
 * @apply: what will be applied or compared
 * @number: of the revision
 * @text: what it says
 *
 * Return: EXIT_DONE, or another code after having told why.
 */
int apply_read_text(struct apply *apply, uint32_t number, const char *text)
{
	snprintf(apply->name, sizeof(apply->name), "revision %" PRIu32, number);
	source_take_string(&apply->source, apply->name, text);
	if (!apply_parse(apply))
		return EXIT_REFUSED;
	if (apply->options->owner)
		pe_config_keep(&apply->wanted, apply->options->owner);
	return EXIT_DONE;
}

/**
 * apply_read_revision() - take a revision for the text
 * @apply: with the revisions open
 * @number: of the revision
 *
 * Return: EXIT_DONE, or another code after having told why.
 */
int apply_read_revision(struct apply *apply, uint32_t number)
{
	struct pe_kept kept;
	int code;

	if (pe_store_read(&apply->history.store, number, &kept, &apply->refusal))
		return kernel_refused(&apply->refusal);
	code = apply_read_text(apply, number, kept.text);
	pe_kept_free(&kept);
	return code;
}

static int apply_open(struct apply *apply)
{
	if (!apply->options->file) {
		fputs("pectl: error: which file? Name it with -f FILE; - is standard input\n",
		      stderr);
		return EXIT_SYNTAX;
	}
	if (!source_read(&apply->source, apply->options->file) || !apply_parse(apply) ||
	    !apply_own_all(apply))
		return EXIT_SYNTAX;
	return kernel_open(&apply->sock, apply->options);
}

/**
 * apply_close() - forget everything
 * @apply: what was applied or compared
 */
void apply_close(struct apply *apply)
{
	history_close(&apply->history);
	pe_diff_free(&apply->diff);
	pe_config_free(&apply->wanted);
	source_free(&apply->source);
	if (apply->sock.buf)
		pe_sock_close(&apply->sock);
	apply->sock.buf = NULL;
}

static int apply_feed(const struct nlmsghdr *nlh, void *arg)
{
	struct apply *apply = arg;
	int err = pe_diff_feed(&apply->diff, nlh);

	return err ? err : history_feed(&apply->history, nlh);
}

static int apply_compare_once(struct apply *apply)
{
	int kind, err = 0;

	pe_config_free(&apply->history.before);
	pe_diff_free(&apply->diff);
	pe_diff_start(&apply->diff, &apply->wanted, apply->options->owner);
	for (kind = 0; kind < PE_OBJECT_ALL && !err; kind++)
		err = kernel_dump(&apply->sock, kind, false, apply_feed, apply, &apply->refusal);
	if (!err)
		pe_diff_finish(&apply->diff);
	return err;
}

static int apply_compare(struct apply *apply)
{
	int err, tries = KERNEL_TRIES;

	do {
		err = apply_compare_once(apply);
	} while (err == -EINTR && --tries);
	return err;
}

static int apply_changes(struct apply *apply, uint32_t generation)
{
	uint32_t first = apply->sock.seq + 1;
	int err;

	if (!apply->diff.changes.count)
		return pe_txn_abort(&apply->sock, &apply->refusal);
	err = pe_txn_send(&apply->sock, &apply->diff.changes, &apply->blame, &apply->refusal);
	if (err)
		return err;
	err = pe_txn_commit(&apply->sock, generation, apply->options->check, &apply->refusal);
	if (err)
		pe_txn_blame(&apply->sock, &apply->diff.changes, first, &apply->refusal,
			     &apply->blame);
	return err;
}

/* What the kernel will have when an owner's part was applied: what others own stays. */
static void apply_whole(const struct apply *apply, struct pe_config *whole)
{
	const char *owner = apply->options->owner;
	int kind;
	uint32_t i;

	for (kind = 0; kind < PE_OBJECT_ALL; kind++) {
		const struct pe_table *wanted = &apply->wanted.tables[kind];
		const struct pe_table *before = &apply->history.before.tables[kind];

		for (i = 0; i < wanted->count; i++)
			pe_table_add(&whole->tables[kind], wanted->items[i]);
		for (i = 0; i < before->count; i++)
			if (!pe_object_is_of(before->items[i], owner))
				pe_table_add(&whole->tables[kind], before->items[i]);
	}
}

static int apply_note(struct apply *apply, uint32_t generation)
{
	size_t changes = apply->diff.changes.count;
	struct pe_config whole = { 0 };
	int err;

	if (!apply->options->owner)
		return history_prepare(&apply->history, &apply->wanted, changes, generation,
				       &apply->refusal);
	apply_whole(apply, &whole);
	err = history_prepare(&apply->history, &whole, changes, generation, &apply->refusal);
	pe_config_free(&whole);
	return err;
}

/*
 * The transaction is begun before the kernel's configuration is read: what
 * anybody commits from then on makes the commit fail.
 */
static int apply_attempt(struct apply *apply)
{
	const struct options *options = apply->options;
	const uint32_t *expected = options->has_generation ? &options->generation : NULL;
	struct pe_refusal ignored;
	uint32_t generation = 0;
	int err;

	apply->blame.change = PE_NOWHERE;
	err = pe_txn_begin(&apply->sock, options->owner, expected, &generation, &apply->refusal);
	if (err)
		return err;
	err = apply_compare(apply);
	if (!err)
		err = apply_note(apply, generation);
	if (!err)
		err = apply_changes(apply, generation);
	if (!err)
		return 0;
	history_undo(&apply->history);
	pe_txn_abort(&apply->sock, &ignored);
	return err;
}

static void apply_tell_revision(struct printer *p, const struct history *history)
{
	if (history->next.number)
		print_uint(p, "revision", "; revision %llu", history->next.number);
	if (history->found)
		print_uint(p, "found", "; what was there before is revision %llu", history->found);
	if (!history->own.revision)
		return;
	print_uint(p, "confirm", "\nto be confirmed within %llu s (pectl confirm)",
		   history->own.seconds);
	print_uint(p, "back", "; else revision %llu comes back", history->own.back);
}

static void apply_summary(const struct apply *apply)
{
	const struct pe_diff *diff = &apply->diff;
	bool check = apply->options->check;
	struct printer p;

	printer_init(&p, stdout, apply->options);
	print_object(&p, NULL);
	print_uint(&p, "version", NULL, PRINTER_VERSION);
	if (check)
		print_true(&p, "check", "would be: ");
	print_uint(&p, "added", "%llu added", diff->added);
	print_uint(&p, "changed", ", %llu changed", diff->changed);
	print_uint(&p, "deleted", ", %llu deleted", diff->deleted);
	print_uint(&p, "unchanged", ", %llu unchanged", diff->unchanged);
	apply_tell_revision(&p, &apply->history);
	print_text(&p, "\n");
	print_close(&p);
}

/**
 * apply_run() - make the kernel have what the text says
 * @apply: with the text read, and the kernel and the revisions open
 *
 * Return: the exit code.
 */
int apply_run(struct apply *apply)
{
	int err, tries = KERNEL_TRIES;

	do {
		err = apply_attempt(apply);
	} while (err == -ESTALE && !apply->options->has_generation && --tries);
	if (err)
		return kernel_refused_change(&apply->refusal, &apply->blame, &apply->diff.changes,
					     &apply->source);
	history_done(&apply->history);
	/* Nobody waits for whoever reads what is printed. */
	pe_store_unlock(&apply->history.store);
	apply_summary(apply);
	return EXIT_DONE;
}

static int apply_act(struct apply *apply)
{
	int code = history_open(&apply->history, apply->options, HISTORY_APPLY, NULL);

	return code ? code : apply_run(apply);
}

/**
 * command_apply() - make the kernel have what a file says
 * @options: the options, with the file
 *
 * Return: the exit code.
 */
int command_apply(const struct options *options)
{
	struct apply apply = { .options = options };
	int code = apply_open(&apply);

	if (!code)
		code = confirm_run(&apply, apply_act);
	apply_close(&apply);
	return code;
}

/* ---- differences ---- */

static const char *const diff_words[] = {
	[PE_VERB_ADD] = "add",
	[PE_VERB_REPLACE] = "change",
	[PE_VERB_DEL] = "delete",
};

static const char *const diff_signs[] = {
	[PE_VERB_ADD] = "+ ",
	[PE_VERB_REPLACE] = "~ ",
	[PE_VERB_DEL] = "- ",
};

static void diff_index_old(const struct pe_diff *diff, struct pe_table *tables)
{
	size_t i;

	for (i = 0; i < diff->old.count; i++)
		pe_table_add(&tables[diff->old.list[i]->kind], diff->old.list[i]);
}

static void diff_print_change(struct printer *p, const struct pe_object *object,
			      const struct pe_table *old)
{
	struct pe_object **was = NULL;

	print_object(p, NULL);
	print_string(p, "change", NULL, diff_words[object->verb]);
	print_text(p, diff_signs[object->verb]);
	print_any(p, object);
	if (object->verb == PE_VERB_REPLACE)
		was = pe_table_find(&old[object->kind], object->name, strlen(object->name));
	if (was) {
		print_object(p, "was");
		print_text(p, "  # was ");
		print_any(p, *was);
		print_close(p);
	}
	print_close(p);
}

static void diff_print(const struct apply *apply)
{
	struct pe_table old[PE_OBJECT_ALL] = { 0 };
	struct options options = *apply->options;
	struct printer p;
	int kind;
	size_t i;

	options.brief = options.stats = options.details = false;
	printer_init(&p, stdout, &options);
	diff_index_old(&apply->diff, old);
	print_document(&p);
	print_list(&p, "differences");
	for (i = 0; i < apply->diff.changes.count; i++)
		diff_print_change(&p, apply->diff.changes.list[i], old);
	print_list_end(&p);
	print_document_end(&p);
	for (kind = 0; kind < PE_OBJECT_ALL; kind++)
		pe_table_free(&old[kind]);
}

static int diff_run(struct apply *apply)
{
	if (apply_compare(apply))
		return kernel_refused(&apply->refusal);
	diff_print(apply);
	return apply->diff.changes.count ? EXIT_DIFFERS : EXIT_DONE;
}

static int diff_open(struct apply *apply)
{
	int code;

	if (!apply->revision)
		return apply_open(apply);
	code = kernel_open(&apply->sock, apply->options);
	if (!code)
		code = history_open(&apply->history, apply->options, HISTORY_READ, NULL);
	if (!code)
		code = apply_read_revision(apply, apply->revision);
	return code;
}

/**
 * command_diff() - tell how the kernel's configuration differs from a text
 * @request: with the number of a revision
 * @options: the options, with a file if that is none
 *
 * Return: the exit code.
 */
int command_diff(const struct request *request, const struct options *options)
{
	struct apply apply = { .options = options, .revision = request->revision };
	int code = diff_open(&apply);

	if (!code)
		code = diff_run(&apply);
	apply_close(&apply);
	return code;
}
