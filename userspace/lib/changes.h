/* SPDX-License-Identifier: GPL-2.0-only */
/* A list of statements to be sent to the kernel. */
#ifndef PE_CHANGES_H
#define PE_CHANGES_H

#include <stddef.h>

struct pe_object;

struct pe_changes {
	struct pe_object **list;
	size_t count;
	size_t room;
};

void pe_changes_add(struct pe_changes *changes, struct pe_object *object);
void pe_changes_free(struct pe_changes *changes);

#endif
