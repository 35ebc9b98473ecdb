/* SPDX-License-Identifier: GPL-2.0-only */
/* Where the revisions of this network namespace are kept. */
#ifndef PECTL_PLACE_H
#define PECTL_PLACE_H

#include <stdbool.h>

#define PLACE_DEFAULT "/var/lib/pectl"

struct options;

/**
 * struct place - where revisions are kept
 * @path: the directory, absolute, or NULL if there is none
 * @name: of the network namespace, or NULL for the machine's own
 */
struct place {
	char *path;
	char *name;
};

int place_find(struct place *place, const struct options *options, bool quiet);
void place_copy(struct place *place, const struct place *from);
void place_free(struct place *place);

#endif
