// SPDX-License-Identifier: GPL-2.0-only
/* What the kernel has. */

#include <config.h>
#include <errno.h>
#include <noun.h>
#include <refusal.h>
#include <stdio.h>
#include <string.h>

#include "commands.h"
#include "kernel.h"
#include "print_object.h"
#include "printer.h"

static int show_add(const struct nlmsghdr *nlh, void *arg)
{
	return pe_config_add_message(arg, nlh);
}

static int show_named(struct pe_sock *sock, struct pe_config *config, const struct request *request,
		      const struct options *options)
{
	struct pe_refusal refusal;
	size_t i;

	if (kernel_generation(sock, &config->generation, &refusal))
		return kernel_refused(&refusal);
	for (i = 0; i < request->names.count; i++) {
		const struct pe_object *name = request->names.list[i];

		if (!kernel_get(sock, name, options->stats, show_add, config, &refusal))
			continue;
		fprintf(stderr, "pectl: error: %s '%s': %s\n", pe_noun_of(name)->name, name->name,
			refusal.text);
		return EXIT_REFUSED;
	}
	return EXIT_DONE;
}

/* Who acts as an owner is shown only what is that owner's. */
static int show_own(struct pe_config *config, const struct request *request, const char *owner)
{
	size_t i;

	pe_config_keep(config, owner);
	for (i = 0; i < request->names.count; i++) {
		const struct pe_object *name = request->names.list[i];

		if (pe_table_find(&config->tables[name->kind], name->name, strlen(name->name)))
			continue;
		fprintf(stderr, "pectl: error: %s '%s' is not %s's: show it without --owner\n",
			pe_noun_of(name)->name, name->name, owner);
		return EXIT_REFUSED;
	}
	return EXIT_DONE;
}

static int show_all(struct pe_sock *sock, struct pe_config *config, int kinds,
		    const struct options *options)
{
	struct pe_refusal refusal;

	if (kernel_read(sock, config, kinds, options->stats, &refusal))
		return kernel_refused(&refusal);
	return EXIT_DONE;
}

/**
 * command_show() - print what the kernel has
 * @request: all of it, all of a kind, or some by name
 * @options: the options
 *
 * Return: the exit code.
 */
int command_show(const struct request *request, const struct options *options)
{
	int kinds = request->object == PE_OBJECT_ALL ? PE_ALL_KINDS : PE_HAS(request->object);
	struct pe_config config = { 0 };
	struct pe_sock sock;
	struct printer p;
	int code;

	code = kernel_open(&sock, options);
	if (code)
		return code;
	if (request->names.count)
		code = show_named(&sock, &config, request, options);
	else
		code = show_all(&sock, &config, kinds, options);
	if (!code && options->owner)
		code = show_own(&config, request, options->owner);
	printer_init(&p, stdout, options);
	if (!code)
		print_config(&p, &config, kinds);
	pe_config_free(&config);
	pe_sock_close(&sock);
	return code;
}
