// SPDX-License-Identifier: GPL-2.0-only

#include "place.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "kernel.h"
#include "options.h"

/* Whether a file is the network namespace that this process is in; -1 if unknown. */
static int place_is_here(int dir, const char *name)
{
	struct stat here, there;

	if (stat("/proc/self/ns/net", &here) < 0 || fstatat(dir, name, &there, 0) < 0)
		return -1;
	return here.st_ino == there.st_ino && here.st_dev == there.st_dev;
}

/* The name of this network namespace; of several the first. */
static char *place_name(const struct options *options)
{
	DIR *dir = opendir(KERNEL_NETNS_DIR);
	const char *wanted = options->netns;
	struct dirent *entry;
	char *name = NULL;

	if (!dir)
		return NULL;
	if (wanted && !strchr(wanted, '/') && place_is_here(dirfd(dir), wanted) > 0)
		name = strdup(wanted);
	while (!name && (entry = readdir(dir)))
		if (entry->d_name[0] != '.' && place_is_here(dirfd(dir), entry->d_name) > 0)
			name = strdup(entry->d_name);
	closedir(dir);
	return name;
}

/**
 * place_find() - find where revisions of this network namespace are kept
 * @place: set to it
 * @options: the options; the network namespace they name has been entered
 * @quiet: do not tell why not
 *
 * Without a directory named, and without the usual one, none are kept. That of
 * the machine is the network namespace of its first process. One that is
 * neither that nor has a name could not be told from the next one.
 *
 * Return: EXIT_DONE, or another code after having told why.
 */
int place_find(struct place *place, const struct options *options, bool quiet)
{
	const char *path = options->state ? options->state : PLACE_DEFAULT;

	memset(place, 0, sizeof(*place));
	place->path = realpath(path, NULL);
	if (!place->path && !options->state && errno == ENOENT)
		return EXIT_DONE;
	if (!place->path) {
		if (!quiet)
			fprintf(stderr, "pectl: error: cannot keep revisions in %s: %s\n", path,
				strerror(errno));
		return EXIT_REFUSED;
	}
	if (place_is_here(AT_FDCWD, "/proc/1/ns/net") > 0)
		return EXIT_DONE;
	place->name = place_name(options);
	if (place->name || place_is_here(AT_FDCWD, "/proc/1/ns/net") < 0)
		return EXIT_DONE;
	if (!quiet)
		fputs("pectl: error: this network namespace has no name to keep revisions under: give it one (ip netns attach), or keep none (--no-revision)\n",
		      stderr);
	place_free(place);
	return EXIT_REFUSED;
}

/**
 * place_copy() - remember it once more
 * @place: set to it
 * @from: where revisions are kept
 */
void place_copy(struct place *place, const struct place *from)
{
	place->path = from->path ? strdup(from->path) : NULL;
	place->name = from->name ? strdup(from->name) : NULL;
}

/**
 * place_free() - forget it
 * @place: where revisions were kept
 */
void place_free(struct place *place)
{
	free(place->path);
	free(place->name);
	memset(place, 0, sizeof(*place));
}
