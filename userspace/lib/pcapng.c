// SPDX-License-Identifier: GPL-2.0-only
/*
 * The part of pcapng that a capture with comments needs, written by hand: of
 * what Debian has, libpcap writes no pcapng, DPDK's librte-pcapng only what its
 * own buffers hold, and Wireshark's libwiretap has no stable interface and
 * brings a hundred megabytes. Format: draft-ietf-opsawg-pcapng. Numbers are in
 * the order of this machine, which section 4.1 lets a reader tell by the magic.
 */

#include "pcapng.h"

#include <stdlib.h>
#include <string.h>

#include "arena.h"

/* Types of blocks: sections 4.1, 4.2 and 4.3. */
#define BLOCK_SECTION 0x0a0d0d0a
#define BLOCK_INTERFACE 1
#define BLOCK_PACKET 6

#define SECTION_MAGIC 0x1a2b3c4d

/* Options: of every block, section 3.5; of those above, as there. */
#define OPTION_END 0
#define OPTION_COMMENT 1
#define OPTION_SECTION_PROGRAM 4
#define OPTION_INTERFACE_NAME 2
#define OPTION_INTERFACE_RESOLUTION 9
#define OPTION_PACKET_FLAGS 2

/* Timestamps in units of 10^-9 seconds. */
#define RESOLUTION_NANOSECONDS 9

static size_t pad(size_t len)
{
	return (len + 3) & ~(size_t)3;
}

static void put_u32(FILE *out, uint32_t value)
{
	fwrite(&value, sizeof(value), 1, out);
}

static void put_u16(FILE *out, uint16_t value)
{
	fwrite(&value, sizeof(value), 1, out);
}

static void put_padded(FILE *out, const void *data, size_t len)
{
	static const char zeros[4];

	if (len)
		fwrite(data, 1, len, out);
	fwrite(zeros, 1, pad(len) - len, out);
}

static size_t option_size(size_t len)
{
	return 4 + pad(len);
}

static void put_option(FILE *out, uint16_t code, const void *value, size_t len)
{
	put_u16(out, code);
	put_u16(out, (uint16_t)len);
	put_padded(out, value, len);
}

/* Section 3.1: type, length, what it holds, length again. */
static void block_begin(FILE *out, uint32_t type, size_t size)
{
	put_u32(out, type);
	put_u32(out, (uint32_t)(size + 12));
}

static void block_end(FILE *out, size_t size)
{
	put_option(out, OPTION_END, NULL, 0);
	put_u32(out, (uint32_t)(size + 12));
}

/**
 * pe_pcapng_begin() - begin a file
 * @file: the file
 * @out: where it goes, which is asked for errors by who ends it
 * @snaplen: bytes of each frame at most, 0 for all
 * @program: that writes it
 */
void pe_pcapng_begin(struct pe_pcapng *file, FILE *out, uint32_t snaplen, const char *program)
{
	size_t size = 16 + option_size(strlen(program)) + option_size(0);

	memset(file, 0, sizeof(*file));
	file->out = out;
	file->snaplen = snaplen;
	block_begin(out, BLOCK_SECTION, size);
	put_u32(out, SECTION_MAGIC);
	put_u16(out, 1);
	put_u16(out, 0);
	/* How long the section is, is not known. */
	put_u32(out, UINT32_MAX);
	put_u32(out, UINT32_MAX);
	put_option(out, OPTION_SECTION_PROGRAM, program, strlen(program));
	block_end(out, size);
}

static void pcapng_put_interface(struct pe_pcapng *file,
				 const struct pe_pcapng_interface *interface)
{
	static const uint8_t resolution = RESOLUTION_NANOSECONDS;
	size_t name = strlen(interface->name);
	size_t size = 8 + option_size(name) + option_size(1) + option_size(0);

	block_begin(file->out, BLOCK_INTERFACE, size);
	put_u16(file->out, interface->link);
	put_u16(file->out, 0);
	/* As for us, 0 is as much as there is. */
	put_u32(file->out, file->snaplen);
	put_option(file->out, OPTION_INTERFACE_NAME, interface->name, name);
	put_option(file->out, OPTION_INTERFACE_RESOLUTION, &resolution, 1);
	block_end(file->out, size);
}

/* The number of an interface, which the file names before its first frame. */
static uint32_t pcapng_interface(struct pe_pcapng *file, const char *name, enum pe_pcapng_link link)
{
	struct pe_pcapng_interface *interface;
	uint32_t i;

	for (i = 0; i < file->count; i++) {
		interface = &file->interfaces[i];
		if (interface->link == link && !strcmp(interface->name, name))
			return i;
	}
	file->interfaces =
		pe_xrealloc(file->interfaces, (file->count + 1) * sizeof(*file->interfaces));
	interface = &file->interfaces[file->count];
	memset(interface, 0, sizeof(*interface));
	strncpy(interface->name, name, sizeof(interface->name) - 1);
	interface->link = link;
	pcapng_put_interface(file, interface);
	return file->count++;
}

/**
 * pe_pcapng_write() - write a frame
 * @file: the file
 * @frame: the frame
 */
void pe_pcapng_write(struct pe_pcapng *file, const struct pe_pcapng_frame *frame)
{
	uint32_t number = pcapng_interface(file, frame->interface, frame->link);
	size_t comment = strlen(frame->comment);
	size_t size = 20 + pad(frame->have) + option_size(comment) + option_size(sizeof(uint32_t)) +
		      option_size(0);
	uint32_t flags = frame->way;

	block_begin(file->out, BLOCK_PACKET, size);
	put_u32(file->out, number);
	put_u32(file->out, (uint32_t)(frame->time >> 32));
	put_u32(file->out, (uint32_t)frame->time);
	put_u32(file->out, (uint32_t)frame->have);
	put_u32(file->out, (uint32_t)frame->len);
	put_padded(file->out, frame->data, frame->have);
	put_option(file->out, OPTION_COMMENT, frame->comment, comment);
	put_option(file->out, OPTION_PACKET_FLAGS, &flags, sizeof(flags));
	block_end(file->out, size);
}

/**
 * pe_pcapng_end() - no more frames
 * @file: the file, which stays open
 */
void pe_pcapng_end(struct pe_pcapng *file)
{
	free(file->interfaces);
	file->interfaces = NULL;
}
