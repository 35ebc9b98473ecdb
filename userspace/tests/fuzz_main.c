// SPDX-License-Identifier: GPL-2.0-only
/*
 * Feeds files to a program that is made for a fuzzer: what once was found, or
 * leads far into the code, is tried in every run of the tests.
 */

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fuzz.h"
#include "ktap.h"

static uint8_t *read_file(const char *path, size_t *size)
{
	FILE *file = fopen(path, "re");
	uint8_t *data = NULL;

	*size = 0;
	if (!file) {
		perror(path);
		exit(1);
	}
	while (!feof(file)) {
		data = realloc(data, *size + 4096);
		if (!data)
			abort();
		*size += fread(data + *size, 1, 4096, file);
	}
	fclose(file);
	return data;
}

static void feed(const char *path)
{
	size_t size;
	uint8_t *data = read_file(path, &size);

	/* Shown if it is the last one. */
	fprintf(stderr, "# %s\n", path);
	LLVMFuzzerTestOneInput(data, size);
	free(data);
}

static unsigned int feed_all(const char *dir)
{
	unsigned int count = 0;
	struct dirent *entry;
	char path[4096];
	DIR *list = opendir(dir);

	while (list && (entry = readdir(list))) {
		if (entry->d_name[0] == '.')
			continue;
		snprintf(path, sizeof(path), "%s/%s", dir, entry->d_name);
		feed(path);
		count++;
	}
	if (list)
		closedir(list);
	return count;
}

int main(int argc, char **argv)
{
	unsigned int count;

	if (argc != 2) {
		fprintf(stderr, "usage: %s DIRECTORY\n", argv[0]);
		return 1;
	}
	count = feed_all(argv[1]);
	ktap_start();
	ktap_result(count, "inputs of %s", argv[1]);
	return ktap_end();
}
