// SPDX-License-Identifier: GPL-2.0-only

#include <inttypes.h>
#include <object.h>
#include <stdio.h>
#include <string.h>

#include "apply.h"
#include "commands.h"
#include "confirm.h"
#include "kernel.h"

static int rollback_refuse(const struct apply *apply, uint32_t newest)
{
	if (newest)
		fprintf(stderr,
			"pectl: error: revision %" PRIu32 " is in force, and the only one in %s\n",
			newest, apply->history.store.path);
	else
		fprintf(stderr, "pectl: error: there is no revision in %s to go back to\n",
			apply->history.store.path);
	return EXIT_REFUSED;
}

/* The newest in which the owner has anything else than now. */
static int rollback_choose_own(struct apply *apply, const struct pe_config *own, uint32_t *number)
{
	const struct pe_store *store = &apply->history.store;
	const char *owner = apply->options->owner;
	size_t i;

	for (i = store->count; i; i--)
		if (!history_is(&apply->history, store->numbers[i - 1], own, owner)) {
			*number = store->numbers[i - 1];
			return EXIT_DONE;
		}
	fprintf(stderr, "pectl: error: there is no revision in %s in which %s has anything else\n",
		store->path, owner);
	return EXIT_REFUSED;
}

/*
 * Where the kernel has what the newest revision says, it is the one before;
 * otherwise somebody changed the kernel since, and that is undone. Who acts as an
 * owner goes back to what that owner had, whatever others did since.
 */
static int rollback_choose(struct apply *apply, uint32_t *number)
{
	const struct pe_store *store = &apply->history.store;
	uint32_t newest = pe_store_last(store);
	struct pe_config config = { 0 };
	int code = EXIT_DONE;

	*number = apply->revision ? apply->revision : apply->history.waits.back;
	if (*number)
		return EXIT_DONE;
	if (!newest)
		return rollback_refuse(apply, newest);
	if (kernel_read(&apply->sock, &config, PE_ALL_KINDS, false, &apply->refusal)) {
		code = kernel_refused(&apply->refusal);
	} else if (apply->options->owner) {
		pe_config_keep(&config, apply->options->owner);
		code = rollback_choose_own(apply, &config, number);
	} else if (!history_is_newest(&apply->history, &config)) {
		*number = newest;
	} else if (store->count < 2) {
		code = rollback_refuse(apply, newest);
	} else {
		*number = store->numbers[store->count - 2];
	}
	pe_config_free(&config);
	return code;
}

static int rollback_to(struct apply *apply, uint32_t number)
{
	char *comment = apply->history.comment;
	int code = apply_read_revision(apply, number);

	if (code)
		return code;
	if (!comment[0])
		snprintf(comment, sizeof(apply->history.comment), "back to revision %" PRIu32,
			 number);
	return apply_run(apply);
}

static int rollback_act(struct apply *apply)
{
	uint32_t number;
	int code = history_open(&apply->history, apply->options, HISTORY_END, NULL);

	if (!code)
		code = rollback_choose(apply, &number);
	if (!code)
		code = rollback_to(apply, number);
	return code;
}

/**
 * command_rollback() - go back to a revision
 * @request: which
 * @options: the options
 *
 * Return: the exit code.
 */
int command_rollback(const struct request *request, const struct options *options)
{
	struct apply apply = { .options = options, .revision = request->revision };
	int code = kernel_open(&apply.sock, options);

	if (!code)
		code = confirm_run(&apply, rollback_act);
	apply_close(&apply);
	return code;
}
