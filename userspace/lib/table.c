// SPDX-License-Identifier: GPL-2.0-only

#include "table.h"

#include <stdlib.h>
#include <string.h>

#include "arena.h"
#include "object.h"

#define PE_TABLE_FIRST 64

static uint32_t pe_table_hash(const char *name, size_t len)
{
	uint32_t hash = 2166136261U;

	while (len--)
		hash = (hash ^ (unsigned char)*name++) * 16777619U;
	return hash ^ hash >> 15;
}

/* Slots are kept at most half full. */
static void pe_table_index(struct pe_table *table, uint32_t item, uint32_t hash)
{
	uint32_t i = hash & table->mask;

	while (table->slots[i].item)
		i = (i + 1) & table->mask;
	table->slots[i].hash = hash;
	table->slots[i].item = item + 1;
}

static void pe_table_grow(struct pe_table *table)
{
	struct pe_slot *old = table->slots;
	uint32_t i, size = old ? table->mask + 1 : 0;

	table->room = table->room ? 2 * table->room : PE_TABLE_FIRST;
	table->mask = 2 * table->room - 1;
	table->items = pe_xrealloc(table->items, table->room * sizeof(struct pe_object *));
	table->slots = pe_xrealloc(NULL, 2 * table->room * sizeof(*table->slots));
	memset(table->slots, 0, 2 * table->room * sizeof(*table->slots));
	for (i = 0; i < size; i++)
		if (old[i].item)
			pe_table_index(table, old[i].item - 1, old[i].hash);
	free(old);
}

/**
 * pe_table_find() - find an object by name
 * @table: where to look
 * @name: the name, without a final zero
 * @len: its length
 *
 * Return: the place in the table that points to it, or NULL.
 */
struct pe_object **pe_table_find(const struct pe_table *table, const char *name, size_t len)
{
	uint32_t hash, i;

	if (!table->count)
		return NULL;
	hash = pe_table_hash(name, len);
	for (i = hash & table->mask; table->slots[i].item; i = (i + 1) & table->mask) {
		struct pe_object **found = &table->items[table->slots[i].item - 1];

		if (table->slots[i].hash == hash && !strncmp((*found)->name, name, len) &&
		    !(*found)->name[len])
			return found;
	}
	return NULL;
}

/**
 * pe_table_add() - add an object whose name is not there yet
 * @table: where
 * @object: the object, which must outlive the table
 */
void pe_table_add(struct pe_table *table, struct pe_object *object)
{
	if (table->count == table->room)
		pe_table_grow(table);
	pe_table_index(table, table->count, pe_table_hash(object->name, strlen(object->name)));
	table->items[table->count++] = object;
}

static int pe_object_compare(const void *a, const void *b)
{
	return strverscmp((*(const struct pe_object *const *)a)->name,
			  (*(const struct pe_object *const *)b)->name);
}

/**
 * pe_table_sort() - put the objects into the order of their names
 * @table: the table; numbers in names count as numbers
 */
void pe_table_sort(struct pe_table *table)
{
	uint32_t i;

	if (!table->count)
		return;
	qsort(table->items, table->count, sizeof(struct pe_object *), pe_object_compare);
	memset(table->slots, 0, (table->mask + 1) * sizeof(*table->slots));
	for (i = 0; i < table->count; i++)
		pe_table_index(table, i,
			       pe_table_hash(table->items[i]->name, strlen(table->items[i]->name)));
}

/**
 * pe_table_free() - forget all objects
 * @table: empty afterwards; the objects themselves are left alone
 */
void pe_table_free(struct pe_table *table)
{
	free(table->items);
	free(table->slots);
	memset(table, 0, sizeof(*table));
}
