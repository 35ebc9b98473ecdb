/* SPDX-License-Identifier: GPL-2.0-only */
/* Objects in the order in which they came, found by name. */
#ifndef PE_TABLE_H
#define PE_TABLE_H

#include <stddef.h>
#include <stdint.h>

struct pe_object;

struct pe_slot {
	uint32_t hash;
	uint32_t item;
};

/**
 * struct pe_table - objects by name
 * @items: the objects
 * @slots: hash table of indices into @items, plus one
 * @count: how many objects
 * @room: how many fit
 * @mask: size of @slots minus one
 */
struct pe_table {
	struct pe_object **items;
	struct pe_slot *slots;
	uint32_t count;
	uint32_t room;
	uint32_t mask;
};

struct pe_object **pe_table_find(const struct pe_table *table, const char *name, size_t len);
void pe_table_add(struct pe_table *table, struct pe_object *object);
void pe_table_sort(struct pe_table *table);
void pe_table_free(struct pe_table *table);

#endif
