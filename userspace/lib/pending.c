// SPDX-License-Identifier: GPL-2.0-only
/*
 * The file is there as long as nobody has confirmed or undone. The process
 * that will undo it holds a lock on it, so it can be told whether that lives.
 */

#include "pending.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "refusal.h"

#define PE_PENDING_FILE "confirm"
#define PE_PENDING_NEW ".confirm"
#define PE_PENDING_SIZE 512

static const char pe_pending_format[] = "revision %" SCNu32 "\nback %" SCNu32 "\nseconds %" SCNu32
					"\nuntil %" SCNd64 "\nnetns %" SCNu64 "\nboot %63s\nend%n";

/**
 * pe_pending_now() - which network namespace and start of the machine this is
 * @pending: that is set to it
 */
void pe_pending_now(struct pe_pending *pending)
{
	FILE *file = fopen("/proc/sys/kernel/random/boot_id", "re");
	struct stat st;

	strcpy(pending->boot, "unknown");
	if (file) {
		if (fscanf(file, "%63s", pending->boot) != 1)
			strcpy(pending->boot, "unknown");
		fclose(file);
	}
	pending->netns = stat("/proc/self/ns/net", &st) < 0 ? 0 : (uint64_t)st.st_ino;
}

/**
 * pe_pending_is_void() - ask whether there is nothing left to be undone
 * @pending: what was read
 *
 * Return: whether the machine was started again, or the network namespace is
 * another one of the same name: the kernel has nothing of it any more.
 */
bool pe_pending_is_void(const struct pe_pending *pending)
{
	struct pe_pending now;

	pe_pending_now(&now);
	return now.netns != pending->netns || strcmp(now.boot, pending->boot) != 0;
}

static int pe_pending_fail(const struct pe_store *store, const char *what,
			   struct pe_refusal *refusal)
{
	return pe_refusal_set(refusal, EIO, "cannot %s what waits to be confirmed in %s: %s", what,
			      store->path, strerror(errno));
}

/**
 * pe_pending_start() - note that a revision waits to be confirmed
 * @store: the directory, locked
 * @pending: what waits; this process and its children are who undoes it
 * @refusal: says why not
 *
 * Return: 0 or a negative error number.
 */
int pe_pending_start(const struct pe_store *store, struct pe_pending *pending,
		     struct pe_refusal *refusal)
{
	char text[PE_PENDING_SIZE];
	const void *part = text;
	size_t size;
	int fd;

	pe_pending_now(pending);
	size = (size_t)snprintf(text, sizeof(text),
				"revision %u\nback %u\nseconds %u\nuntil %" PRId64
				"\nnetns %" PRIu64 "\nboot %s\nend\n",
				pending->revision, pending->back, pending->seconds, pending->until,
				pending->netns, pending->boot);
	fd = pe_store_put(store, PE_PENDING_NEW, &part, &size, 1);
	if (fd < 0)
		return pe_pending_fail(store, "note", refusal);
	/* Not to be written, lest it keep a file system from becoming read-only. */
	close(fd);
	pending->fd = openat(store->dir, PE_PENDING_NEW, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	pending->watched = true;
	if (pending->fd >= 0 && !flock(pending->fd, LOCK_EX | LOCK_NB) &&
	    !pe_store_rename(store, PE_PENDING_NEW, PE_PENDING_FILE))
		return 0;
	pe_pending_fail(store, "note", refusal);
	/* It may have got its name, and that not be on the disk. */
	unlinkat(store->dir, PE_PENDING_NEW, 0);
	unlinkat(store->dir, PE_PENDING_FILE, 0);
	if (pending->fd >= 0)
		close(pending->fd);
	pending->fd = -1;
	return -EIO;
}

/* A shared lock of ours is gone with the file; that of who undoes it excludes it. */
static bool pe_pending_is_watched(const struct pe_store *store)
{
	int fd = openat(store->dir, PE_PENDING_FILE, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	bool watched;

	if (fd < 0)
		return false;
	watched = flock(fd, LOCK_SH | LOCK_NB) < 0;
	close(fd);
	return watched;
}

static bool pe_pending_parse(struct pe_pending *pending, const char *text)
{
	int used = 0;

	return sscanf(text, pe_pending_format, &pending->revision, &pending->back,
		      &pending->seconds, &pending->until, &pending->netns, pending->boot,
		      &used) == 6 &&
	       used && pending->revision;
}

/**
 * pe_pending_read() - look for something that waits to be confirmed
 * @store: the directory
 * @pending: set to it
 * @refusal: says why not
 *
 * Return: 0 or a negative error number.
 */
int pe_pending_read(const struct pe_store *store, struct pe_pending *pending,
		    struct pe_refusal *refusal)
{
	char *text = NULL;
	size_t size;
	bool ok;

	memset(pending, 0, sizeof(*pending));
	pending->fd = -1;
	if (store->dir < 0)
		return 0;
	if (pe_store_load(store, PE_PENDING_FILE, &text, &size))
		return errno == ENOENT ? 0 : pe_pending_fail(store, "read", refusal);
	ok = pe_pending_parse(pending, text);
	free(text);
	if (!ok)
		return pe_refusal_set(
			refusal, EIO,
			"the file " PE_PENDING_FILE
			" in %s is damaged, and with it what waits to be confirmed: remove it",
			store->path);
	pending->watched = pe_pending_is_watched(store);
	return 0;
}

/**
 * pe_pending_is_mine() - ask whether what this process is to undo still waits
 * @store: the directory
 * @pending: what this process noted
 *
 * Return: whether nobody has confirmed or undone it, as far as that can be told.
 */
bool pe_pending_is_mine(const struct pe_store *store, const struct pe_pending *pending)
{
	struct stat mine, there;

	if (fstatat(store->dir, PE_PENDING_FILE, &there, AT_SYMLINK_NOFOLLOW) < 0)
		return errno != ENOENT;
	return fstat(pending->fd, &mine) < 0 ||
	       (mine.st_ino == there.st_ino && mine.st_dev == there.st_dev);
}

/**
 * pe_pending_end() - nothing waits any more
 * @store: the directory, locked
 * @refusal: says why not
 *
 * Return: 0 or a negative error number.
 */
int pe_pending_end(const struct pe_store *store, struct pe_refusal *refusal)
{
	if (unlinkat(store->dir, PE_PENDING_FILE, 0) < 0)
		return pe_pending_fail(store, "end", refusal);
	/* Should it be there again after a crash, it is void. */
	fsync(store->dir);
	return 0;
}
