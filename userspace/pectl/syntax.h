/* SPDX-License-Identifier: GPL-2.0-only */
/* Sentences about words that stand where they cannot. */
#ifndef PECTL_SYNTAX_H
#define PECTL_SYNTAX_H

struct parse;

void syntax_report(struct parse *parse, const char *const *expected, int count);

#endif
