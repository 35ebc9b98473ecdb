/* SPDX-License-Identifier: GPL-2.0-only */
/* A whole configuration: from a file, or what the kernel has. */
#ifndef PE_CONFIG_H
#define PE_CONFIG_H

#include <stdbool.h>

#include "arena.h"
#include "object.h"
#include "table.h"

struct nlmsghdr;

/**
 * struct pe_config - everything that has a name
 * @arena: the memory of all of them
 * @tables: the objects, by enum pe_object_kind
 * @generation: of the kernel's configuration, when it was read from there
 */
struct pe_config {
	struct pe_arena arena;
	struct pe_table tables[PE_OBJECT_ALL];
	uint32_t generation;
};

int pe_config_add_message(struct pe_config *config, const struct nlmsghdr *nlh);
void pe_config_clear(struct pe_config *config);
void pe_config_keep(struct pe_config *config, const char *owner);
void pe_config_sort(struct pe_config *config);
bool pe_config_equal(const struct pe_config *a, const struct pe_config *b);
void pe_config_free(struct pe_config *config);

int pe_object_decode(struct pe_object **object, struct pe_arena *arena, const struct nlmsghdr *nlh);

#endif
