/* SPDX-License-Identifier: GPL-2.0-only */
/* The text that is read, and where in it something stands. */
#ifndef PECTL_SOURCE_H
#define PECTL_SOURCE_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

/**
 * struct source - a text
 * @name: of the file, or NULL for the arguments of the command line
 * @text: the characters, with two zeroes behind
 * @len: how many
 * @err: where errors in it are reported
 */
struct source {
	const char *name;
	char *text;
	uint32_t len;
	FILE *err;
};

/**
 * struct word - a piece of a text
 * @at: where it starts
 * @len: how long it is
 */
struct word {
	uint32_t at;
	uint32_t len;
};

bool source_read(struct source *source, const char *name);
void source_take_string(struct source *source, const char *name, const char *text);
void source_take_arguments(struct source *source, char **args, int count);
void source_free(struct source *source);

struct word source_word_at(const struct source *source, uint32_t at);
void source_error(const struct source *source, struct word word, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

#endif
