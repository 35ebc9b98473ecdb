/* SPDX-License-Identifier: GPL-2.0-only */
/* A directory of revisions. */
#ifndef PE_STORE_H
#define PE_STORE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "revision.h"

struct pe_refusal;

/* How many revisions are kept; the oldest go. */
#define PE_STORE_MAX 100

/**
 * struct pe_store - the directory
 * @path: its name
 * @dir: it is open as, -1 if there is none
 * @lock: file that is locked, or -1
 * @numbers: of the revisions there are, in their order
 * @count: how many
 * @room: for how many there is room in @numbers
 * @spared: number of one that is kept whatever comes, or 0
 */
struct pe_store {
	char *path;
	int dir;
	int lock;
	uint32_t *numbers;
	size_t count;
	size_t room;
	uint32_t spared;
};

/**
 * enum pe_store_use - what a directory is opened for
 * @PE_STORE_READ: to look at it
 * @PE_STORE_CHANGE: to change it; it is locked against others, who are waited for
 * @PE_STORE_TRY: the same, but it fails where others have it locked for seconds
 */
enum pe_store_use {
	PE_STORE_READ,
	PE_STORE_CHANGE,
	PE_STORE_TRY,
};

/**
 * struct pe_kept - a revision that was read
 * @revision: what is told of it
 * @file: all of the file
 * @text: the configuration in it
 * @len: bytes of that
 */
struct pe_kept {
	struct pe_revision revision;
	char *file;
	const char *text;
	size_t len;
};

int pe_store_open(struct pe_store *store, const char *path, const char *name, enum pe_store_use use,
		  struct pe_refusal *refusal);
void pe_store_unlock(struct pe_store *store);
void pe_store_close(struct pe_store *store);
uint32_t pe_store_last(const struct pe_store *store);
bool pe_store_has(const struct pe_store *store, uint32_t number);

int pe_store_read(const struct pe_store *store, uint32_t number, struct pe_kept *kept,
		  struct pe_refusal *refusal);
bool pe_store_look(const struct pe_store *store, uint32_t number, struct pe_revision *revision);
void pe_kept_free(struct pe_kept *kept);

int pe_store_write(struct pe_store *store, struct pe_revision *revision, const char *text,
		   size_t len, struct pe_refusal *refusal);
int pe_store_keep(struct pe_store *store, uint32_t number, struct pe_refusal *refusal);
void pe_store_prune(struct pe_store *store);
void pe_store_drop(struct pe_store *store);
void pe_store_forget(struct pe_store *store, uint32_t number);

/* For those who keep something else there. */
int pe_store_put(const struct pe_store *store, const char *name, const void *const *parts,
		 const size_t *sizes, int count);
int pe_store_rename(const struct pe_store *store, const char *from, const char *to);
int pe_store_load(const struct pe_store *store, const char *name, char **file, size_t *size);

#endif
