/* SPDX-License-Identifier: GPL-2.0-only */
/* A configuration that was in force, and what is told of it, as one file. */
#ifndef PE_REVISION_H
#define PE_REVISION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define PE_REVISION_AUTHOR_MAX 63
#define PE_REVISION_OWNER_MAX 31
#define PE_REVISION_COMMENT_MAX 255

/* Room for everything that stands in front of the configuration. */
#define PE_REVISION_HEAD 1024

/**
 * struct pe_revision - what is told of a configuration
 * @number: its own, from 1
 * @generation: that the kernel's configuration had with it
 * @time: when it came into force, in seconds since 1970
 * @author: who brought that about
 * @owner: as whom, or empty
 * @comment: why, or empty
 */
struct pe_revision {
	uint32_t number;
	uint32_t generation;
	int64_t time;
	char author[PE_REVISION_AUTHOR_MAX + 1];
	char owner[PE_REVISION_OWNER_MAX + 1];
	char comment[PE_REVISION_COMMENT_MAX + 1];
};

size_t pe_revision_head(const struct pe_revision *revision, const char *text, size_t len,
			char *head);
bool pe_revision_look(struct pe_revision *revision, const char *head, size_t size, size_t total);
bool pe_revision_read(struct pe_revision *revision, const char *file, size_t size,
		      const char **text, size_t *len);

#endif
