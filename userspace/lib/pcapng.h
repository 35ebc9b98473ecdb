/* SPDX-License-Identifier: GPL-2.0-only */
/* Files of captured packets, each with a comment. */
#ifndef PE_PCAPNG_H
#define PE_PCAPNG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#define PE_PCAPNG_NAME 32

/* What a frame begins with. */
enum pe_pcapng_link {
	PE_PCAPNG_ETHERNET = 1,
	PE_PCAPNG_IP = 101,
};

/* Which way it went, as seen by who captured. */
enum pe_pcapng_way {
	PE_PCAPNG_UNKNOWN,
	PE_PCAPNG_IN,
	PE_PCAPNG_OUT,
};

/* An interface that the file has named. */
struct pe_pcapng_interface {
	char name[PE_PCAPNG_NAME];
	enum pe_pcapng_link link;
};

/**
 * struct pe_pcapng - a file being written
 * @out: the file
 * @snaplen: bytes of each frame at most, 0 for all
 * @count: how many @interfaces
 * @interfaces: the interfaces of its frames, in the order of their numbers
 */
struct pe_pcapng {
	FILE *out;
	uint32_t snaplen;
	uint32_t count;
	struct pe_pcapng_interface *interfaces;
};

/**
 * struct pe_pcapng_frame - a frame to be written
 * @interface: it was seen at
 * @link: what it begins with
 * @way: which way it went
 * @time: nanoseconds since 1970
 * @data: its bytes
 * @have: how many of them
 * @len: how many there were
 * @comment: what there is to say of it
 */
struct pe_pcapng_frame {
	const char *interface;
	enum pe_pcapng_link link;
	enum pe_pcapng_way way;
	uint64_t time;
	const void *data;
	size_t have;
	size_t len;
	const char *comment;
};

void pe_pcapng_begin(struct pe_pcapng *file, FILE *out, uint32_t snaplen, const char *program);
void pe_pcapng_write(struct pe_pcapng *file, const struct pe_pcapng_frame *frame);
void pe_pcapng_end(struct pe_pcapng *file);

#endif
