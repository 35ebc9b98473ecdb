/* SPDX-License-Identifier: GPL-2.0-only */
/* The one way to print: each call says what it is as text and as JSON. */
#ifndef PECTL_PRINTER_H
#define PECTL_PRINTER_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#define PRINTER_VERSION 1
#define PRINTER_DEPTH 8

struct options;

/**
 * struct printer - where output goes
 * @out: the file
 * @options: how it shall look
 * @stack: JSON values that are not complete yet
 * @keys: their names in the value around them
 * @depth: how many
 * @listed: objects printed in the list that is open
 * @in_list: whether one is
 * @commented: whether the object being printed has a comment already
 */
struct printer {
	FILE *out;
	const struct options *options;
	json_t *stack[PRINTER_DEPTH];
	const char *keys[PRINTER_DEPTH];
	int depth;
	unsigned long listed;
	bool in_list;
	bool commented;
};

void printer_init(struct printer *p, FILE *out, const struct options *options);

/* A JSON document with lists in it, or just text. */
void print_document(struct printer *p);
void print_document_uint(struct printer *p, const char *key, uint64_t value);
void print_document_end(struct printer *p);
void print_list(struct printer *p, const char *key);
void print_list_end(struct printer *p);

/* Values; a key of NULL leaves out of JSON, a format of NULL out of text. */
void print_object(struct printer *p, const char *key);
void print_array(struct printer *p, const char *key);
void print_close(struct printer *p);
void print_text(struct printer *p, const char *text);
void print_string(struct printer *p, const char *key, const char *format, const char *value);
void print_uint(struct printer *p, const char *key, const char *format, uint64_t value);
void print_true(struct printer *p, const char *key, const char *text);

/* Comments, which only text has. */
void print_comment(struct printer *p);
void print_comments_end(struct printer *p);

#endif
