// SPDX-License-Identifier: GPL-2.0-only

#include "changes.h"

#include <stdlib.h>
#include <string.h>

#include "arena.h"

/**
 * pe_changes_add() - append a statement
 * @changes: the list
 * @object: what it is about, with its verb
 */
void pe_changes_add(struct pe_changes *changes, struct pe_object *object)
{
	if (changes->count == changes->room) {
		changes->room = changes->room ? 2 * changes->room : 16;
		changes->list = pe_xrealloc(changes->list, changes->room * sizeof(*changes->list));
	}
	changes->list[changes->count++] = object;
}

/**
 * pe_changes_free() - forget all statements
 * @changes: empty afterwards; the objects themselves are left alone
 */
void pe_changes_free(struct pe_changes *changes)
{
	free(changes->list);
	memset(changes, 0, sizeof(*changes));
}
