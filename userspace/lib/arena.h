/* SPDX-License-Identifier: GPL-2.0-only */
/* Memory that is given out piece by piece and taken back all at once. */
#ifndef PE_ARENA_H
#define PE_ARENA_H

#include <stddef.h>

struct pe_block;

struct pe_arena {
	struct pe_block *blocks;
	char *next;
	size_t left;
};

void *pe_arena_alloc(struct pe_arena *arena, size_t size);
char *pe_arena_strndup(struct pe_arena *arena, const char *s, size_t len);
void *pe_arena_memdup(struct pe_arena *arena, const void *p, size_t len);
void pe_arena_reset(struct pe_arena *arena);
void pe_arena_free(struct pe_arena *arena);

/* Memory or death: a command line has nothing better to do without it. */
void *pe_xrealloc(void *p, size_t size);

#endif
