/* SPDX-License-Identifier: GPL-2.0-only */
/* What is done alike with everything that has a name. */
#ifndef PE_NOUN_H
#define PE_NOUN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "object.h"

struct nlmsghdr;
struct pe_arena;
struct pe_blame;

/**
 * struct pe_noun - a kind of object, for those who handle all of them
 * @name: the word for it
 * @plural: the word for several
 * @size: of an object
 * @cmd_new: command that describes one
 * @cmd_del: command that deletes one
 * @cmd_get: command that asks for one or all
 * @attr_name: attribute that bears the name
 * @attr_owner: attribute that says whose it is, 0 for what is never anybody's
 * @attr_stats: attribute that asks for counters
 * @put: append what a user can say of it to a message
 * @get: read it from a message; 0, or -EBADMSG if that has none
 * @equal: is what a user can say of two the same?
 * @merge: fill what a change does not say from what there is
 * @where: where something of it stands in the source, plus one; 0 if not known
 */
struct pe_noun {
	const char *name;
	const char *plural;
	size_t size;
	uint8_t cmd_new;
	uint8_t cmd_del;
	uint8_t cmd_get;
	uint16_t attr_name;
	uint16_t attr_owner;
	uint16_t attr_stats;
	void (*put)(struct nlmsghdr *nlh, const struct pe_object *object);
	int (*get)(struct pe_object *object, struct pe_arena *arena, const struct nlmsghdr *nlh);
	bool (*equal)(const struct pe_object *a, const struct pe_object *b);
	void (*merge)(struct pe_object *object, const struct pe_object *base);
	uint32_t (*where)(const struct pe_object *object, const struct pe_blame *blame);
};

extern const struct pe_noun pe_nouns[PE_OBJECT_ALL];

/**
 * pe_noun_of() - the noun of an object
 * @object: the object, not of PE_OBJECT_ALL
 */
static inline const struct pe_noun *pe_noun_of(const struct pe_object *object)
{
	return &pe_nouns[object->kind];
}

int pe_noun_by_command(uint8_t cmd);

#endif
