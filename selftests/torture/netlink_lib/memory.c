// SPDX-License-Identifier: GPL-2.0-only

#include "memory.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* Time for what waits for a grace period, and for works. */
#define MEMORY_WAIT 1500000

/* What is cached for each processor, or held back for KASAN, is not in use. */
static void memory_shrink(const char *cache)
{
	char path[128];
	int fd;

	snprintf(path, sizeof(path), "/sys/kernel/slab/%s/shrink", cache);
	fd = open(path, O_WRONLY | O_CLOEXEC);
	if (fd < 0)
		return;
	if (write(fd, "1", 1) != 1)
		printf("# %s: %s\n", path, strerror(errno));
	close(fd);
}

/* Memory that is accounted to who asked for it, as all of the module's is. */
static bool memory_wanted(const char *name)
{
	return !strncmp(name, "kmalloc-cg-", 11) || !strncmp(name, "pe_", 3);
}

static void memory_slab(struct memory *memory, const char *line)
{
	unsigned int i = memory->count;

	if (i == MEMORY_CACHES ||
	    sscanf(line, "%31s %ld", memory->name[i], &memory->objects[i]) != 2)
		return;
	memory->count += memory_wanted(memory->name[i]);
}

static bool memory_lines(struct memory *memory, const char *path,
			 void (*fn)(struct memory *memory, const char *line))
{
	FILE *file = fopen(path, "re");
	char line[512];

	if (!file) {
		printf("# %s: %s\n", path, strerror(errno));
		return false;
	}
	while (fgets(line, sizeof(line), file))
		fn(memory, line);
	fclose(file);
	return true;
}

static void memory_info(struct memory *memory, const char *line)
{
	sscanf(line, "Percpu: %ld", &memory->percpu);
}

static void memory_area(struct memory *memory, const char *line)
{
	memory->vmalloc += strstr(line, "[pe]") && !strstr(line, "load_module");
}

/**
 * memory_read() - look, when all that was given up has been freed
 * @memory: out
 *
 * Return: whether it could be found out.
 */
bool memory_read(struct memory *memory)
{
	unsigned int i;

	usleep(MEMORY_WAIT);
	memset(memory, 0, sizeof(*memory));
	if (!memory_lines(memory, "/proc/slabinfo", memory_slab))
		return false;
	for (i = 0; i < memory->count; i++)
		memory_shrink(memory->name[i]);
	memset(memory, 0, sizeof(*memory));
	return memory_lines(memory, "/proc/slabinfo", memory_slab) &&
	       memory_lines(memory, "/proc/meminfo", memory_info) &&
	       memory_lines(memory, "/proc/vmallocinfo", memory_area);
}

static bool grown(const char *what, long before, long after, long slack)
{
	if (after <= before + slack)
		return false;
	printf("# %s: %ld before, %ld after\n", what, before, after);
	return true;
}

/**
 * memory_same() - nothing is in use that was not before
 * @before: then
 * @after: now
 * @slack: objects of each cache that others may have taken meanwhile
 *
 * Return: whether it is so; if not, what has grown is told.
 */
bool memory_same(const struct memory *before, const struct memory *after, long slack)
{
	bool bad = false;
	unsigned int i;

	for (i = 0; i < before->count && i < after->count; i++)
		bad |= grown(before->name[i], before->objects[i], after->objects[i], slack);
	bad |= grown("kB for each processor", before->percpu, after->percpu, 64);
	bad |= grown("areas of the module", before->vmalloc, after->vmalloc, 0);
	return !bad;
}
