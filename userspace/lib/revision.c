// SPDX-License-Identifier: GPL-2.0-only
/*
 * The file is a configuration with comments in front, so whatever reads
 * configurations reads it. The last of them has the length of the
 * configuration and a sum over everything else: what was torn, or written by
 * somebody else, is known.
 */

#include "revision.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* FNV-1a: against accidents, and nobody else. */
static uint64_t pe_revision_sum(uint64_t sum, const char *bytes, size_t len)
{
	size_t i;

	for (i = 0; i < len; i++)
		sum = (sum ^ (unsigned char)bytes[i]) * 0x100000001b3;
	return sum;
}

#define PE_REVISION_SUM 0xcbf29ce484222325

/**
 * pe_revision_head() - write what stands in front of the configuration
 * @revision: what is told of it; author and comment are one line each
 * @text: the configuration
 * @len: bytes of it
 * @head: where to, with room for PE_REVISION_HEAD bytes
 *
 * Return: how many bytes that are.
 */
size_t pe_revision_head(const struct pe_revision *revision, const char *text, size_t len,
			char *head)
{
	uint64_t sum = PE_REVISION_SUM;
	int size;

	size = snprintf(head, PE_REVISION_HEAD,
			"# revision %" PRIu32 "\n# time %" PRId64 "\n# author %s\n%s%s%s"
			"# generation %" PRIu32 "\n# comment %s\n",
			revision->number, revision->time, revision->author,
			revision->owner[0] ? "# owner " : "", revision->owner,
			revision->owner[0] ? "\n" : "", revision->generation, revision->comment);
	sum = pe_revision_sum(sum, head, (size_t)size);
	sum = pe_revision_sum(sum, text, len);
	size += snprintf(head + size, PE_REVISION_HEAD - (size_t)size, "# sum %016" PRIx64 " %zu\n",
			 sum, len);
	return (size_t)size;
}

/* Takes a line '# KEY VALUE' off, with a zero at its end. */
static bool pe_revision_line(const char **at, const char *end, const char *key, char *value,
			     size_t room)
{
	const char *line = *at, *stop = memchr(line, '\n', (size_t)(end - line));
	size_t len = strlen(key), left;

	if (!stop || (size_t)(stop - line) < len + 3 || memcmp(line, "# ", 2) != 0 ||
	    memcmp(line + 2, key, len) != 0 || line[len + 2] != ' ')
		return false;
	left = (size_t)(stop - line) - len - 3;
	if (left >= room)
		return false;
	memcpy(value, line + len + 3, left);
	value[left] = '\0';
	*at = stop + 1;
	return true;
}

static bool pe_revision_number(const char **at, const char *end, const char *key, int64_t max,
			       int64_t *number)
{
	char value[24], *stop;

	if (!pe_revision_line(at, end, key, value, sizeof(value)) || !value[0])
		return false;
	*number = strtoll(value, &stop, 10);
	return !*stop && *number >= 0 && *number <= max;
}

static bool pe_revision_fields(struct pe_revision *revision, const char **at, const char *end)
{
	int64_t number, generation;

	if (!pe_revision_number(at, end, "revision", UINT32_MAX, &number) ||
	    !pe_revision_number(at, end, "time", INT64_MAX, &revision->time) ||
	    !pe_revision_line(at, end, "author", revision->author, sizeof(revision->author)))
		return false;
	/* What was done as no owner has no such line. */
	pe_revision_line(at, end, "owner", revision->owner, sizeof(revision->owner));
	if (!pe_revision_number(at, end, "generation", UINT32_MAX, &generation) ||
	    !pe_revision_line(at, end, "comment", revision->comment, sizeof(revision->comment)))
		return false;
	revision->number = (uint32_t)number;
	revision->generation = (uint32_t)generation;
	return true;
}

/* What the last comment says, and where the first and the last of them end. */
struct pe_revision_end {
	uint64_t sum;
	size_t len;
	size_t fields;
	size_t head;
};

static bool pe_revision_parse(struct pe_revision *revision, const char *file, size_t size,
			      struct pe_revision_end *end)
{
	const char *at = file;
	char value[64];
	int used = 0;

	memset(revision, 0, sizeof(*revision));
	if (!pe_revision_fields(revision, &at, file + size))
		return false;
	end->fields = (size_t)(at - file);
	if (!pe_revision_line(&at, file + size, "sum", value, sizeof(value)) ||
	    sscanf(value, "%16" SCNx64 " %zu%n", &end->sum, &end->len, &used) != 2 || value[used])
		return false;
	end->head = (size_t)(at - file);
	return true;
}

/**
 * pe_revision_look() - read what is told of a configuration
 * @revision: set to that
 * @head: the first bytes of the file, PE_REVISION_HEAD of them if there are
 * @size: how many these are
 * @total: how many the file has
 *
 * Return: whether it is all there; the configuration may still be another.
 */
bool pe_revision_look(struct pe_revision *revision, const char *head, size_t size, size_t total)
{
	struct pe_revision_end end;

	return pe_revision_parse(revision, head, size, &end) && end.head + end.len == total;
}

/**
 * pe_revision_read() - read a file
 * @revision: set to what is told of the configuration
 * @file: the file
 * @size: bytes of it
 * @text: set to where the configuration starts in it
 * @len: set to the bytes of that
 *
 * Return: whether it is whole, just as it was written.
 */
bool pe_revision_read(struct pe_revision *revision, const char *file, size_t size,
		      const char **text, size_t *len)
{
	uint64_t sum = PE_REVISION_SUM;
	struct pe_revision_end end;

	if (!pe_revision_parse(revision, file, size, &end) || end.head + end.len != size)
		return false;
	*text = file + end.head;
	*len = end.len;
	sum = pe_revision_sum(sum, file, end.fields);
	return pe_revision_sum(sum, *text, *len) == end.sum;
}
