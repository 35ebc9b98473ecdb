// SPDX-License-Identifier: GPL-2.0-only

#include "source.h"

#include <arena.h>
#include <errno.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#define SOURCE_FIRST (64 * 1024)
#define SOURCE_MAX (UINT32_MAX - 16)
#define SOURCE_LINE_MAX 160

static bool source_fail(const struct source *source, const char *what, const char *why)
{
	fprintf(source->err, "pectl: error: cannot %s %s: %s\n", what, source->name, why);
	return false;
}

/* Room for a whole file at once, where its size is known. */
static size_t source_guess(FILE *file)
{
	struct stat st;

	if (fstat(fileno(file), &st) < 0 || !S_ISREG(st.st_mode) || st.st_size < 0)
		return SOURCE_FIRST;
	return (size_t)st.st_size + 16;
}

static bool source_fill(struct source *source, FILE *file)
{
	size_t room = source_guess(file), len = 0;

	do {
		if (room > SOURCE_MAX)
			return source_fail(source, "read", "longer than 4 GB");
		source->text = pe_xrealloc(source->text, room + 2);
		len += fread(source->text + len, 1, room - len, file);
		if (len < room)
			break;
		room *= 2;
	} while (true);
	if (ferror(file))
		return source_fail(source, "read", strerror(errno));
	source->len = (uint32_t)len;
	memset(source->text + len, 0, 2);
	return true;
}

/**
 * source_read() - read a file
 * @source: the text
 * @name: of the file, "-" for standard input
 *
 * Return: whether it worked; if not, why has been told.
 */
bool source_read(struct source *source, const char *name)
{
	bool is_stdin = !strcmp(name, "-");
	FILE *file;
	bool ok;

	memset(source, 0, sizeof(*source));
	source->err = stderr;
	source->name = is_stdin ? "<stdin>" : name;
	file = is_stdin ? stdin : fopen(name, "re");
	if (!file)
		return source_fail(source, "open", strerror(errno));
	ok = source_fill(source, file);
	if (!is_stdin)
		fclose(file);
	return ok;
}

/**
 * source_take_string() - read from memory
 * @source: the text
 * @name: what it is called in errors
 * @text: the characters, which are copied
 */
void source_take_string(struct source *source, const char *name, const char *text)
{
	memset(source, 0, sizeof(*source));
	source->err = stderr;
	source->name = name;
	source->len = (uint32_t)strlen(text);
	source->text = pe_xrealloc(NULL, source->len + 2);
	memcpy(source->text, text, source->len);
	memset(source->text + source->len, 0, 2);
}

/**
 * source_take_arguments() - read the arguments of the command line
 * @source: the text, in which blanks separate them
 * @args: the arguments
 * @count: how many
 */
void source_take_arguments(struct source *source, char **args, int count)
{
	size_t len = 2;
	char *p;
	int i;

	memset(source, 0, sizeof(*source));
	source->err = stderr;
	for (i = 0; i < count; i++)
		len += strlen(args[i]) + 1;
	p = source->text = pe_xrealloc(NULL, len);
	for (i = 0; i < count; i++) {
		if (i)
			*p++ = ' ';
		p = stpcpy(p, args[i]);
	}
	source->len = (uint32_t)(p - source->text);
	memset(p, 0, 2);
}

/**
 * source_free() - forget a text
 * @source: the text
 */
void source_free(struct source *source)
{
	free(source->text);
	source->text = NULL;
}

/**
 * source_word_at() - find the end of a word
 * @source: the text
 * @at: where the word starts
 *
 * Return: the word.
 */
struct word source_word_at(const struct source *source, uint32_t at)
{
	struct word word = { .at = at };

	if (at < source->len)
		word.len = (uint32_t)strcspn(source->text + at, " \t\r\n,;{}#");
	return word;
}

static uint32_t source_line_start(const struct source *source, uint32_t at)
{
	while (at && source->text[at - 1] != '\n')
		at--;
	return at;
}

static unsigned long source_line_number(const struct source *source, uint32_t start)
{
	const char *p = source->text, *end = p + start;
	unsigned long line = 1;

	while ((p = memchr(p, '\n', (size_t)(end - p)))) {
		line++;
		p++;
	}
	return line;
}

/* The line with the word in it and a mark under the word. */
static void source_show(const struct source *source, uint32_t start, struct word word)
{
	const char *line = source->text + start;
	const char *end = memchr(line, '\n', source->len - start);
	size_t len = end ? (size_t)(end - line) : source->len - start;
	size_t before = word.at - start, i;

	if (len > before && line[len - 1] == '\r')
		len--;
	if (before > SOURCE_LINE_MAX / 2) {
		line += before - SOURCE_LINE_MAX / 2;
		len -= before - SOURCE_LINE_MAX / 2;
		before = SOURCE_LINE_MAX / 2;
	}
	if (len > SOURCE_LINE_MAX)
		len = SOURCE_LINE_MAX;
	fputs("    ", source->err);
	for (i = 0; i < len; i++)
		fputc((unsigned char)line[i] < ' ' && line[i] != '\t' ? '?' : line[i], source->err);
	fputs("\n    ", source->err);
	for (i = 0; i < before; i++)
		fputc(line[i] == '\t' ? '\t' : ' ', source->err);
	fputc('^', source->err);
	for (i = 1; i < word.len && before + i < SOURCE_LINE_MAX; i++)
		fputc('~', source->err);
	fputc('\n', source->err);
}

/**
 * source_error() - report an error
 * @source: the text
 * @word: what it is about
 * @format: one sentence, as for printf()
 */
void source_error(const struct source *source, struct word word, const char *format, ...)
{
	uint32_t start = source_line_start(source, word.at);
	va_list args;

	if (source->name)
		fprintf(source->err, "%s:%lu:%u: error: ", source->name,
			source_line_number(source, start), word.at - start + 1);
	else
		fputs("pectl: error: ", source->err);
	va_start(args, format);
	vfprintf(source->err, format, args);
	va_end(args);
	fputc('\n', source->err);
	source_show(source, start, word);
}
