// SPDX-License-Identifier: GPL-2.0-only

#include <engine.h>

#include "options.h"
#include "print_object.h"
#include "printer.h"

/* Text needs no name for what there is one of. */
static void print_engine_full(struct printer *p, const struct pe_engine *engine)
{
	print_object(p, "engine");
	print_string(p, "name", "%s { limit", engine->o.name);
	print_limit(p, "limit", &engine->limit);
	print_text(p, "; }");
	if (p->options->details) {
		print_comment(p);
		print_uint(p, "id", "id %llu", engine->id);
		print_uint(p, "generation", ", generation %llu", engine->generation);
	}
	if (p->options->stats) {
		print_comment(p);
		print_counter(p, "limited", &engine->limited);
	}
	print_comments_end(p);
	print_close(p);
}

/**
 * print_engine() - print what is said of the engine
 * @p: the printer
 * @engine: the engine
 */
void print_engine(struct printer *p, const struct pe_engine *engine)
{
	if (!p->options->brief || p->options->json) {
		print_engine_full(p, engine);
		return;
	}
	print_string(p, NULL, "%-16s limit", engine->o.name);
	print_limit(p, "limit", &engine->limit);
	print_text(p, "\n");
}
