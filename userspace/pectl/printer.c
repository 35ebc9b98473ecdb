// SPDX-License-Identifier: GPL-2.0-only

#include "printer.h"

#include <stdlib.h>
#include <string.h>

#include "options.h"

/**
 * printer_init() - start printing
 * @p: the printer
 * @out: where to
 * @options: how
 */
void printer_init(struct printer *p, FILE *out, const struct options *options)
{
	memset(p, 0, sizeof(*p));
	p->out = out;
	p->options = options;
}

static const char *printer_break(const struct printer *p, const char *indent)
{
	return p->options->pretty ? indent : "";
}

/**
 * print_document() - start a JSON document
 * @p: the printer
 */
void print_document(struct printer *p)
{
	if (p->options->json)
		fprintf(p->out, "{%s\"version\":%s%d", printer_break(p, "\n  "),
			printer_break(p, " "), PRINTER_VERSION);
}

/**
 * print_document_uint() - a number of the document itself
 * @p: the printer
 * @key: its name
 * @value: the number
 */
void print_document_uint(struct printer *p, const char *key, uint64_t value)
{
	if (p->options->json)
		fprintf(p->out, ",%s\"%s\":%s%llu", printer_break(p, "\n  "), key,
			printer_break(p, " "), (unsigned long long)value);
}

/**
 * print_document_end() - end a JSON document
 * @p: the printer
 */
void print_document_end(struct printer *p)
{
	if (p->options->json)
		fprintf(p->out, "%s}\n", printer_break(p, "\n"));
}

/**
 * print_list() - start a list in a document
 * @p: the printer
 * @key: its name
 *
 * Objects in it are written as soon as they are complete.
 */
void print_list(struct printer *p, const char *key)
{
	if (p->options->json)
		fprintf(p->out, ",%s\"%s\":%s[", printer_break(p, "\n  "), key,
			printer_break(p, " "));
	p->in_list = true;
	p->listed = 0;
}

/**
 * print_list_end() - end a list in a document
 * @p: the printer
 */
void print_list_end(struct printer *p)
{
	if (p->options->json)
		fprintf(p->out, "%s]", p->listed ? printer_break(p, "\n  ") : "");
	p->in_list = false;
}

static void printer_indent(struct printer *p, const char *text)
{
	for (; *text; text++) {
		fputc(*text, p->out);
		if (*text == '\n')
			fputs("    ", p->out);
	}
}

/* Writes a value that is complete and belongs to no other. */
static void printer_emit(struct printer *p, json_t *value)
{
	bool pretty = p->options->pretty;
	char *text = json_dumps(value, pretty ? JSON_INDENT(2) : JSON_COMPACT);

	if (p->in_list)
		fprintf(p->out, "%s%s", p->listed++ ? "," : "", printer_break(p, "\n    "));
	if (text && p->in_list && pretty)
		printer_indent(p, text);
	else if (text)
		fputs(text, p->out);
	if (!p->in_list)
		fputc('\n', p->out);
	free(text);
	json_decref(value);
}

static void printer_push(struct printer *p, const char *key, json_t *value)
{
	if (!p->options->json)
		return;
	p->stack[p->depth] = value;
	p->keys[p->depth++] = key;
}

/* Puts a value into the one that is open. */
static void printer_put(struct printer *p, const char *key, json_t *value)
{
	json_t *around;

	if (!p->depth) {
		printer_emit(p, value);
		return;
	}
	around = p->stack[p->depth - 1];
	if (json_is_array(around))
		json_array_append_new(around, value);
	else
		json_object_set_new(around, key, value);
}

/**
 * print_object() - start an object
 * @p: the printer
 * @key: its name, if it is in another object
 */
void print_object(struct printer *p, const char *key)
{
	if (p->options->json)
		printer_push(p, key, json_object());
}

/**
 * print_array() - start an array
 * @p: the printer
 * @key: its name, if it is in an object
 */
void print_array(struct printer *p, const char *key)
{
	if (p->options->json)
		printer_push(p, key, json_array());
}

/**
 * print_close() - end an object or array
 * @p: the printer
 */
void print_close(struct printer *p)
{
	if (!p->options->json)
		return;
	p->depth--;
	printer_put(p, p->keys[p->depth], p->stack[p->depth]);
}

/**
 * print_text() - print what only text has
 * @p: the printer
 * @text: the text
 */
void print_text(struct printer *p, const char *text)
{
	if (!p->options->json)
		fputs(text, p->out);
}

/**
 * print_string() - print a string
 * @p: the printer
 * @key: its name in JSON
 * @format: its form as text, as for printf()
 * @value: the string
 */
void print_string(struct printer *p, const char *key, const char *format, const char *value)
{
	if (p->options->json && key)
		printer_put(p, key, json_string(value));
	else if (!p->options->json && format)
		fprintf(p->out, format, value);
}

/**
 * print_uint() - print a number
 * @p: the printer
 * @key: its name in JSON
 * @format: its form as text, as for printf() of an unsigned long long
 * @value: the number
 */
void print_uint(struct printer *p, const char *key, const char *format, uint64_t value)
{
	if (p->options->json && key)
		printer_put(p, key, json_integer((json_int_t)value));
	else if (!p->options->json && format)
		fprintf(p->out, format, (unsigned long long)value);
}

/**
 * print_true() - print that something is so
 * @p: the printer
 * @key: its name in JSON
 * @text: its form as text
 */
void print_true(struct printer *p, const char *key, const char *text)
{
	if (p->options->json && key)
		printer_put(p, key, json_true());
	else if (!p->options->json && text)
		fputs(text, p->out);
}

/**
 * print_comment() - start a comment about the object printed
 * @p: the printer
 */
void print_comment(struct printer *p)
{
	if (p->options->json)
		return;
	if (!p->options->oneline)
		fputs("\n\t# ", p->out);
	else
		fputs(p->commented ? "; " : " # ", p->out);
	p->commented = true;
}

/**
 * print_comments_end() - end the line of the object printed
 * @p: the printer
 */
void print_comments_end(struct printer *p)
{
	if (!p->options->json)
		fputc('\n', p->out);
	p->commented = false;
}
