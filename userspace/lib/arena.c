// SPDX-License-Identifier: GPL-2.0-only

#include "arena.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define PE_BLOCK_SIZE (256 * 1024)
#define PE_BLOCK_HEAD 16

struct pe_block {
	struct pe_block *next;
	size_t room;
};

/**
 * pe_xrealloc() - realloc() that ends the program instead of failing
 * @p: what to resize, or NULL
 * @size: bytes wanted
 *
 * Return: the memory.
 */
void *pe_xrealloc(void *p, size_t size)
{
	p = realloc(p, size);
	if (!p) {
		fputs("pectl: error: out of memory\n", stderr);
		exit(1);
	}
	return p;
}

static void pe_arena_grow(struct pe_arena *arena, size_t size)
{
	size_t room = size > PE_BLOCK_SIZE ? size : PE_BLOCK_SIZE;
	struct pe_block *block = pe_xrealloc(NULL, PE_BLOCK_HEAD + room);

	block->next = arena->blocks;
	block->room = room;
	arena->blocks = block;
	arena->next = (char *)block + PE_BLOCK_HEAD;
	arena->left = room;
}

static void *pe_arena_take(struct pe_arena *arena, size_t size)
{
	char *p;

	if (size > arena->left)
		pe_arena_grow(arena, size);
	p = arena->next;
	arena->next += size;
	arena->left -= size;
	return p;
}

/**
 * pe_arena_alloc() - take zeroed memory, aligned for any object
 * @arena: where from
 * @size: bytes wanted
 *
 * Return: the memory, never NULL.
 */
void *pe_arena_alloc(struct pe_arena *arena, size_t size)
{
	size_t pad = -(size_t)arena->next & 7;

	if (pad > arena->left) {
		arena->left = 0;
	} else if (pad) {
		arena->next += pad;
		arena->left -= pad;
	}
	return memset(pe_arena_take(arena, size), 0, size);
}

/**
 * pe_arena_strndup() - keep a copy of a string
 * @arena: where to keep it
 * @s: the characters
 * @len: how many
 *
 * Return: the copy, with a final zero.
 */
char *pe_arena_strndup(struct pe_arena *arena, const char *s, size_t len)
{
	char *copy = pe_arena_take(arena, len + 1);

	memcpy(copy, s, len);
	copy[len] = '\0';
	return copy;
}

/**
 * pe_arena_memdup() - keep a copy of an object
 * @arena: where to keep it
 * @p: the object
 * @len: its size
 *
 * Return: the copy, or NULL when there was nothing to copy.
 */
void *pe_arena_memdup(struct pe_arena *arena, const void *p, size_t len)
{
	if (!len)
		return NULL;
	return memcpy(pe_arena_alloc(arena, len), p, len);
}

/**
 * pe_arena_reset() - take everything back but keep a block for what comes
 * @arena: empty afterwards
 */
void pe_arena_reset(struct pe_arena *arena)
{
	struct pe_block *block = arena->blocks, *next;

	if (!block)
		return;
	while ((next = block->next)) {
		block->next = next->next;
		free(next);
	}
	arena->next = (char *)block + PE_BLOCK_HEAD;
	arena->left = block->room;
}

/**
 * pe_arena_free() - give everything back
 * @arena: empty afterwards and ready for use
 */
void pe_arena_free(struct pe_arena *arena)
{
	struct pe_block *block;

	while ((block = arena->blocks)) {
		arena->blocks = block->next;
		free(block);
	}
	memset(arena, 0, sizeof(*arena));
}
