/* SPDX-License-Identifier: GPL-2.0-only */
/* Making the kernel have what a text says. */
#ifndef PECTL_APPLY_H
#define PECTL_APPLY_H

#include <config.h>
#include <diff.h>
#include <refusal.h>
#include <sock.h>
#include <txn.h>

#include "history.h"
#include "source.h"

#define APPLY_NAME 32

struct options;

/**
 * struct apply - a text, and what the kernel has instead
 * @options: the options
 * @revision: that is asked for, or 0
 * @source: the text
 * @name: of the text, if it is a revision
 * @wanted: what it says
 * @diff: what the kernel has instead
 * @sock: the socket to the kernel
 * @refusal: what the kernel said
 * @blame: what that is about
 * @history: the revisions
 */
struct apply {
	const struct options *options;
	uint32_t revision;
	struct source source;
	char name[APPLY_NAME];
	struct pe_config wanted;
	struct pe_diff diff;
	struct pe_sock sock;
	struct pe_refusal refusal;
	struct pe_blame blame;
	struct history history;
};

int apply_read_text(struct apply *apply, uint32_t number, const char *text);
int apply_read_revision(struct apply *apply, uint32_t number);
int apply_run(struct apply *apply);
void apply_close(struct apply *apply);

#endif
