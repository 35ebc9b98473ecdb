// SPDX-License-Identifier: GPL-2.0-only

#include "text.h"

#include <object.h>
#include <options.h>
#include <print_object.h>
#include <printer.h>
#include <stdlib.h>
#include <string.h>

/**
 * text_read() - read a text
 * @text: what is read is kept there until text_free()
 * @mode: what kind of text it is
 * @input: the text
 *
 * Return: whether it could be understood.
 */
bool text_read(struct text *text, enum parse_mode mode, const char *input)
{
	struct parse parse = { .mode = mode };
	struct source source;
	size_t len;
	bool ok;

	memset(text, 0, sizeof(*text));
	source_take_string(&source, "t", input);
	source.err = open_memstream(&text->error, &len);
	parse.source = &source;
	parse.config = &text->config;
	parse.changes = mode == PARSE_CONFIG ? NULL : &text->changes;
	parse.request = &text->request;
	ok = parse_source(&parse);
	fclose(source.err);
	source_free(&source);
	return ok;
}

/**
 * text_free() - forget what was read
 * @text: what
 */
void text_free(struct text *text)
{
	pe_changes_free(&text->request.names);
	pe_changes_free(&text->changes);
	pe_config_free(&text->config);
	free(text->error);
	text->error = NULL;
}

/**
 * text_print_with() - print a configuration
 * @config: the configuration
 * @options: how
 *
 * Return: the text, to be freed.
 */
char *text_print_with(const struct pe_config *config, const struct options *options)
{
	struct printer p;
	char *text;
	size_t len;
	FILE *out = open_memstream(&text, &len);

	printer_init(&p, out, options);
	print_config(&p, config, PE_ALL_KINDS);
	fclose(out);
	return text;
}

/**
 * text_print() - print a configuration in the form in which it is read
 * @config: the configuration
 *
 * Return: the text, to be freed.
 */
char *text_print(const struct pe_config *config)
{
	const struct options options = { 0 };

	return text_print_with(config, &options);
}
