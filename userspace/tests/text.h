/* SPDX-License-Identifier: GPL-2.0-only */
/* Configurations as text, for tests: read it, print it. */
#ifndef TESTS_TEXT_H
#define TESTS_TEXT_H

#include <changes.h>
#include <config.h>
#include <parse.h>

struct options;

/**
 * struct text - what was read
 * @config: devices and services
 * @changes: statements of a batch or command
 * @request: the command
 * @error: what was reported, or NULL
 */
struct text {
	struct pe_config config;
	struct pe_changes changes;
	struct request request;
	char *error;
};

bool text_read(struct text *text, enum parse_mode mode, const char *input);
void text_free(struct text *text);
char *text_print(const struct pe_config *config);
char *text_print_with(const struct pe_config *config, const struct options *options);

#endif
