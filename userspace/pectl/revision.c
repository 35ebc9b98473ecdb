// SPDX-License-Identifier: GPL-2.0-only
/* Which revisions there are, and what they say. */

#include <object.h>
#include <string.h>

#include "apply.h"
#include "commands.h"
#include "kernel.h"
#include "print_object.h"
#include "printer.h"

static void revision_print_waiting(struct printer *p, const struct pe_pending *waits)
{
	char when[64];

	history_time(waits->until, when, sizeof(when));
	print_string(p, "confirm_until",
		     waits->watched ?
			     "  # waits to be confirmed until %s" :
			     "  # had to be confirmed until %s, but nobody undoes it any more",
		     when);
	if (!waits->watched)
		print_true(p, "unwatched", NULL);
}

static void revision_print(struct printer *p, const struct history *history, uint32_t number)
{
	struct pe_revision revision;
	char when[64];

	print_object(p, NULL);
	print_uint(p, "number", "%-6llu", number);
	if (pe_store_look(&history->store, number, &revision)) {
		history_time(revision.time, when, sizeof(when));
		print_string(p, "time", " %s", when);
		print_string(p, "author", " %-12s", revision.author);
		print_string(p, revision.owner[0] ? "owner" : NULL,
			     revision.owner[0] ? " as %s" : NULL, revision.owner);
		print_uint(p, "generation", NULL, revision.generation);
		print_string(p, revision.comment[0] ? "comment" : NULL, " %s", revision.comment);
	} else {
		print_true(p, "damaged", " damaged: it is not as it was written");
	}
	if (number == history->waits.revision)
		revision_print_waiting(p, &history->waits);
	print_text(p, "\n");
	print_close(p);
}

static int revision_list(const struct apply *apply)
{
	const struct pe_store *store = &apply->history.store;
	struct printer p;
	size_t i;

	printer_init(&p, stdout, apply->options);
	print_document(&p);
	print_list(&p, "revisions");
	for (i = 0; i < store->count; i++)
		revision_print(&p, &apply->history, store->numbers[i]);
	print_list_end(&p);
	print_document_end(&p);
	return EXIT_DONE;
}

static int revision_one(struct apply *apply, uint32_t number)
{
	struct options plain = *apply->options;
	struct printer p;
	int code = apply_read_revision(apply, number);

	if (code)
		return code;
	plain.stats = plain.details = false;
	printer_init(&p, stdout, &plain);
	print_config(&p, &apply->wanted, PE_ALL_KINDS);
	return EXIT_DONE;
}

/**
 * command_revision() - print which revisions there are, or one of them
 * @request: which
 * @options: the options
 *
 * Return: the exit code.
 */
int command_revision(const struct request *request, const struct options *options)
{
	struct apply apply = { .options = options };
	int code = kernel_enter(options);

	if (!code)
		code = history_open(&apply.history, options, HISTORY_READ, NULL);
	if (!code && request->revision)
		code = revision_one(&apply, request->revision);
	else if (!code)
		code = revision_list(&apply);
	apply_close(&apply);
	return code;
}
