// SPDX-License-Identifier: GPL-2.0-only
/*
 * A revision is written under another name, is brought to the disk and only
 * then gets its own, so it is there whole or not at all. Whoever writes holds
 * the lock; whoever reads needs none. What goes wrong is always EIO with a
 * sentence, so that nobody takes it for an answer of the kernel.
 */

#include "store.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "arena.h"
#include "refusal.h"

#define PE_STORE_NEW ".new"
#define PE_STORE_LOCK "lock"
#define PE_STORE_NAME 32
#define PE_STORE_DIR (O_RDONLY | O_DIRECTORY | O_CLOEXEC)

/* How often, a tenth of a second apart, who does not wait tries to lock it. */
#define PE_STORE_TRIES 50
#define PE_STORE_PAUSE_NS 100000000L

static int pe_store_fail(const struct pe_store *store, const char *what, struct pe_refusal *refusal)
{
	return pe_refusal_set(refusal, EIO, "cannot %s revisions in %s: %s", what, store->path,
			      strerror(errno));
}

static void pe_store_name(uint32_t number, char *name)
{
	snprintf(name, PE_STORE_NAME, "%u.conf", number);
}

/* ---- opening ---- */

static void pe_store_add(struct pe_store *store, uint32_t number)
{
	if (store->count == store->room) {
		store->room = store->room ? 2 * store->room : 128;
		store->numbers = pe_xrealloc(store->numbers, store->room * sizeof(*store->numbers));
	}
	store->numbers[store->count++] = number;
}

static int pe_number_compare(const void *a, const void *b)
{
	uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;

	return (x > y) - (x < y);
}

static int pe_store_list(struct pe_store *store)
{
	int fd = openat(store->dir, ".", PE_STORE_DIR);
	DIR *dir = fd < 0 ? NULL : fdopendir(fd);
	char name[PE_STORE_NAME];
	struct dirent *entry;

	if (!dir) {
		if (fd >= 0)
			close(fd);
		return -1;
	}
	while ((entry = readdir(dir))) {
		unsigned long number = strtoul(entry->d_name, NULL, 10);

		if (!number || number > UINT32_MAX)
			continue;
		pe_store_name((uint32_t)number, name);
		if (!strcmp(name, entry->d_name))
			pe_store_add(store, (uint32_t)number);
	}
	closedir(dir);
	if (store->count)
		qsort(store->numbers, store->count, sizeof(*store->numbers), pe_number_compare);
	return 0;
}

/* Goes into a directory of the one that is open, which is made where it is missing. */
static int pe_store_enter(struct pe_store *store, const char *name, bool make)
{
	int dir;

	if (make && mkdirat(store->dir, name, 0700) < 0 && errno != EEXIST)
		return -1;
	dir = openat(store->dir, name, PE_STORE_DIR | O_NOFOLLOW);
	if (dir < 0)
		return -1;
	if (make)
		fsync(store->dir);
	close(store->dir);
	store->dir = dir;
	return 0;
}

static int pe_store_descend(struct pe_store *store, const char *path, const char *name, bool make)
{
	store->dir = open(path, PE_STORE_DIR);
	if (store->dir < 0)
		return -1;
	if (!name)
		return 0;
	return pe_store_enter(store, "netns", make) || pe_store_enter(store, name, make) ? -1 : 0;
}

static int pe_store_lock_wait(const struct pe_store *store)
{
	int err;

	do {
		err = flock(store->lock, LOCK_EX);
	} while (err < 0 && errno == EINTR);
	return err;
}

static int pe_store_lock_try(const struct pe_store *store)
{
	const struct timespec pause = { .tv_nsec = PE_STORE_PAUSE_NS };
	int tries = PE_STORE_TRIES;

	while (flock(store->lock, LOCK_EX | LOCK_NB) < 0) {
		if ((errno != EWOULDBLOCK && errno != EINTR) || !--tries)
			return -1;
		nanosleep(&pause, NULL);
	}
	return 0;
}

/* It can be locked where nothing can be written any more, too. */
static int pe_store_lock(struct pe_store *store, enum pe_store_use use)
{
	store->lock = openat(store->dir, PE_STORE_LOCK, O_RDONLY | O_CREAT | O_CLOEXEC | O_NOFOLLOW,
			     0600);
	if (store->lock < 0)
		return -1;
	return use == PE_STORE_TRY ? pe_store_lock_try(store) : pe_store_lock_wait(store);
}

/**
 * pe_store_open() - open a directory of revisions
 * @store: the directory
 * @path: its name
 * @name: network namespace whose revisions are meant, or NULL for the machine's own
 * @use: what for; what belongs to @name is made if it is missing, unless it is only
 *	read
 * @refusal: says why not
 *
 * Return: 0 or a negative error number. With PE_STORE_READ it is no error if there
 * is nothing about @name; dir is -1 then.
 */
int pe_store_open(struct pe_store *store, const char *path, const char *name, enum pe_store_use use,
		  struct pe_refusal *refusal)
{
	bool change = use != PE_STORE_READ;
	int err;

	memset(store, 0, sizeof(*store));
	store->dir = store->lock = -1;
	store->path = pe_xrealloc(NULL, strlen(path) + (name ? strlen(name) : 0) + 8);
	sprintf(store->path, name ? "%s/netns/%s" : "%s", path, name);
	err = pe_store_descend(store, path, name, change);
	if (err && name && !change && errno == ENOENT && store->dir >= 0) {
		close(store->dir);
		store->dir = -1;
		return 0;
	}
	if (!err && change)
		err = pe_store_lock(store, use);
	if (!err)
		err = pe_store_list(store);
	if (!err)
		return 0;
	err = pe_store_fail(store, change ? "keep" : "read", refusal);
	pe_store_close(store);
	return err;
}

/**
 * pe_store_unlock() - let others change a directory of revisions
 * @store: the directory, which is only read from now on
 */
void pe_store_unlock(struct pe_store *store)
{
	/* A child may still have it open. */
	if (store->lock >= 0) {
		flock(store->lock, LOCK_UN);
		close(store->lock);
	}
	store->lock = -1;
}

/**
 * pe_store_close() - close a directory of revisions, and let others change it
 * @store: the directory
 */
void pe_store_close(struct pe_store *store)
{
	pe_store_unlock(store);
	if (store->dir >= 0)
		close(store->dir);
	free(store->numbers);
	free(store->path);
	memset(store, 0, sizeof(*store));
	store->dir = store->lock = -1;
}

/**
 * pe_store_last() - the newest revision
 * @store: the directory
 *
 * Return: its number, or 0 if there is none.
 */
uint32_t pe_store_last(const struct pe_store *store)
{
	return store->count ? store->numbers[store->count - 1] : 0;
}

/**
 * pe_store_has() - look for a revision
 * @store: the directory
 * @number: of the revision
 *
 * Return: whether it is there.
 */
bool pe_store_has(const struct pe_store *store, uint32_t number)
{
	return store->count && bsearch(&number, store->numbers, store->count,
				       sizeof(*store->numbers), pe_number_compare);
}

/* ---- files ---- */

static int pe_store_write_all(int fd, const char *bytes, size_t len)
{
	ssize_t done;

	for (; len; bytes += done, len -= (size_t)done) {
		done = write(fd, bytes, len);
		if (done < 0 && errno != EINTR)
			return -1;
		if (done < 0)
			done = 0;
	}
	return 0;
}

/**
 * pe_store_put() - write a file, and wait until it is on the disk
 * @store: the directory, locked
 * @name: of the file
 * @parts: what it consists of
 * @sizes: bytes of each part
 * @count: how many parts
 *
 * Return: the file, open, or -1 with errno.
 */
int pe_store_put(const struct pe_store *store, const char *name, const void *const *parts,
		 const size_t *sizes, int count)
{
	int fd =
		openat(store->dir, name, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600);
	int i, err = 0;

	if (fd < 0)
		return -1;
	for (i = 0; i < count && !err; i++)
		err = pe_store_write_all(fd, parts[i], sizes[i]);
	if (!err && !fsync(fd))
		return fd;
	err = errno;
	unlinkat(store->dir, name, 0);
	close(fd);
	errno = err;
	return -1;
}

/**
 * pe_store_rename() - give a file its name, and wait until that is on the disk
 * @store: the directory, locked
 * @from: its name so far
 * @to: its new name
 *
 * Return: 0, or -1 with errno.
 */
int pe_store_rename(const struct pe_store *store, const char *from, const char *to)
{
	if (renameat(store->dir, from, store->dir, to) < 0)
		return -1;
	return fsync(store->dir);
}

/**
 * pe_store_load() - read a file
 * @store: the directory
 * @name: of the file
 * @file: set to its bytes, with a zero behind them, to be freed
 * @size: set to how many there are
 *
 * Return: 0, or -1 with errno.
 */
int pe_store_load(const struct pe_store *store, const char *name, char **file, size_t *size)
{
	int fd = openat(store->dir, name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	size_t room = 0, len = 0;
	char *bytes = NULL;
	ssize_t got;

	if (fd < 0)
		return -1;
	do {
		if (len + 1 >= room) {
			room = room ? 2 * room : 16 * 1024;
			bytes = pe_xrealloc(bytes, room);
		}
		got = read(fd, bytes + len, room - len - 1);
		len += got > 0 ? (size_t)got : 0;
	} while (got > 0 || (got < 0 && errno == EINTR));
	close(fd);
	if (got < 0) {
		free(bytes);
		return -1;
	}
	bytes[len] = '\0';
	*file = bytes;
	*size = len;
	return 0;
}

/* ---- revisions ---- */

/**
 * pe_store_read() - read a revision
 * @store: the directory
 * @number: of the revision
 * @kept: set to it, to be freed
 * @refusal: says why not
 *
 * Return: 0 or a negative error number.
 */
int pe_store_read(const struct pe_store *store, uint32_t number, struct pe_kept *kept,
		  struct pe_refusal *refusal)
{
	char name[PE_STORE_NAME];
	size_t size;

	memset(kept, 0, sizeof(*kept));
	pe_store_name(number, name);
	if (store->dir < 0 || (pe_store_load(store, name, &kept->file, &size) && errno == ENOENT))
		return pe_refusal_set(refusal, EIO, "there is no revision %u in %s", number,
				      store->path);
	if (!kept->file)
		return pe_refusal_set(refusal, EIO, "cannot read revision %u in %s: %s", number,
				      store->path, strerror(errno));
	if (pe_revision_read(&kept->revision, kept->file, size, &kept->text, &kept->len) &&
	    kept->revision.number == number)
		return 0;
	pe_kept_free(kept);
	return pe_refusal_set(refusal, EIO,
			      "revision %u in %s is damaged: it is not as it was written", number,
			      store->path);
}

/**
 * pe_store_look() - read only what is told of a revision
 * @store: the directory
 * @number: of the revision
 * @revision: set to it
 *
 * Return: whether it is there and has the length it was written with.
 */
bool pe_store_look(const struct pe_store *store, uint32_t number, struct pe_revision *revision)
{
	char name[PE_STORE_NAME], head[PE_REVISION_HEAD];
	struct stat st;
	ssize_t got;
	int fd;

	pe_store_name(number, name);
	fd = openat(store->dir, name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	if (fd < 0)
		return false;
	got = fstat(fd, &st) < 0 ? -1 : pread(fd, head, sizeof(head), 0);
	close(fd);
	return got > 0 && pe_revision_look(revision, head, (size_t)got, (size_t)st.st_size) &&
	       revision->number == number;
}

/**
 * pe_kept_free() - forget a revision that was read
 * @kept: the revision
 */
void pe_kept_free(struct pe_kept *kept)
{
	free(kept->file);
	memset(kept, 0, sizeof(*kept));
}

/**
 * pe_store_write() - write a revision, which is none yet
 * @store: the directory, locked
 * @revision: what is told of it; its number is set to the next one
 * @text: the configuration
 * @len: bytes of it
 * @refusal: says why not
 *
 * What can fail fails here: pe_store_keep() needs no more room. Another one
 * that was written before and was not kept is forgotten.
 *
 * Return: 0 or a negative error number.
 */
int pe_store_write(struct pe_store *store, struct pe_revision *revision, const char *text,
		   size_t len, struct pe_refusal *refusal)
{
	char head[PE_REVISION_HEAD];
	const void *parts[] = { head, text };
	size_t sizes[] = { 0, len };
	int fd;

	revision->number = pe_store_last(store) + 1;
	if (!revision->number)
		return pe_refusal_set(refusal, EIO, "the numbers of revisions in %s have run out",
				      store->path);
	sizes[0] = pe_revision_head(revision, text, len, head);
	fd = pe_store_put(store, PE_STORE_NEW, parts, sizes, 2);
	if (fd < 0)
		return pe_store_fail(store, "keep", refusal);
	close(fd);
	return 0;
}

/**
 * pe_store_prune() - forget the oldest revisions, where there are too many
 * @store: the directory, locked
 *
 * The newest is what is in force, and stays.
 */
void pe_store_prune(struct pe_store *store)
{
	size_t i = 0;

	while (store->count > PE_STORE_MAX && i < store->count - 1) {
		if (store->numbers[i] == store->spared)
			i++;
		else
			pe_store_forget(store, store->numbers[i]);
	}
}

/**
 * pe_store_keep() - make a revision of what was written last
 * @store: the directory, locked
 * @number: that it was given
 * @refusal: says why not
 *
 * Return: 0 or a negative error number.
 */
int pe_store_keep(struct pe_store *store, uint32_t number, struct pe_refusal *refusal)
{
	char name[PE_STORE_NAME];

	pe_store_name(number, name);
	if (pe_store_rename(store, PE_STORE_NEW, name))
		return pe_store_fail(store, "keep", refusal);
	pe_store_add(store, number);
	return 0;
}

/**
 * pe_store_drop() - forget what was written and is not kept
 * @store: the directory, locked
 */
void pe_store_drop(struct pe_store *store)
{
	unlinkat(store->dir, PE_STORE_NEW, 0);
}

/**
 * pe_store_forget() - delete a revision
 * @store: the directory, locked
 * @number: of the revision
 */
void pe_store_forget(struct pe_store *store, uint32_t number)
{
	char name[PE_STORE_NAME];
	size_t i, n = 0;

	pe_store_name(number, name);
	unlinkat(store->dir, name, 0);
	for (i = 0; i < store->count; i++)
		if (store->numbers[i] != number)
			store->numbers[n++] = store->numbers[i];
	store->count = n;
}
