// SPDX-License-Identifier: GPL-2.0-only

#include "coverage.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/kcov.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

/* Places that are remembered between two looks. */
#define PLACES (1024 * 1024)
#define TEXT_MAX (1024 * 1024)

/* A byte for each byte of the module's text; all processes share it. */
static uint8_t *hit;
static uint64_t *area;
static uint64_t text;
static bool wanted;

static uint64_t text_start(void)
{
	FILE *file = fopen("/sys/module/pe/sections/.text", "re");
	char line[64] = "";

	if (file && !fgets(line, sizeof(line), file))
		line[0] = '\0';
	if (file)
		fclose(file);
	return strtoull(line, NULL, 16);
}

/**
 * coverage_open() - remember what this process and its children come by
 *
 * Return: whether this kernel can tell.
 */
bool coverage_open(void)
{
	hit = mmap(NULL, TEXT_MAX, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	text = text_start();
	wanted = hit != MAP_FAILED && text && !access("/sys/kernel/debug/kcov", R_OK | W_OK);
	return wanted;
}

/**
 * coverage_start() - from now on, in this thread
 */
void coverage_start(void)
{
	int fd;

	if (!wanted)
		return;
	fd = open("/sys/kernel/debug/kcov", O_RDWR | O_CLOEXEC);
	if (fd < 0 || ioctl(fd, KCOV_INIT_TRACE, PLACES))
		return;
	area = mmap(NULL, PLACES * sizeof(*area), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (area == MAP_FAILED || ioctl(fd, KCOV_ENABLE, KCOV_TRACE_PC))
		area = NULL;
}

/**
 * coverage_take() - remember what was come by since the last time
 */
void coverage_take(void)
{
	uint64_t i, n, at;

	if (!area)
		return;
	n = __atomic_load_n(&area[0], __ATOMIC_RELAXED);
	for (i = 1; i <= n && i < PLACES; i++) {
		at = area[i] - text;
		if (at < TEXT_MAX)
			hit[at] = 1;
	}
	__atomic_store_n(&area[0], 0, __ATOMIC_RELAXED);
}

/**
 * coverage_write() - offsets in the module's text, one a line
 * @path: of the file
 *
 * Return: whether it could be written.
 */
bool coverage_write(const char *path)
{
	FILE *file = fopen(path, "we");
	uint32_t i;

	if (!file)
		return false;
	for (i = 0; i < TEXT_MAX; i++)
		if (hit[i])
			fprintf(file, "%x\n", i);
	return !fclose(file);
}
