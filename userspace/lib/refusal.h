/* SPDX-License-Identifier: GPL-2.0-only */
/* Why the kernel did not do something. */
#ifndef PE_REFUSAL_H
#define PE_REFUSAL_H

#include <stdbool.h>
#include <stdint.h>

struct nlmsghdr;

#define PE_REFUSAL_TEXT 256

/* The largest error number that the kernel tells. */
#define PE_ERRNO_MAX 4095

/**
 * struct pe_refusal - what is known of a refusal
 * @err: positive error number, 0 if there was none
 * @text: a sentence, the kernel's if it had one
 * @seq: sequence number of the message refused
 * @offset: of the attribute at fault from the start of that message, or 0
 * @missing: type of an attribute that should be there, or 0
 * @missing_nest: offset of the attribute it should be in, or 0
 * @cookie: whether the next three are there
 * @cookie_seq: sequence number of the change at fault
 * @cookie_attr: type of its attribute at fault, or 0
 * @cookie_index: which one of a repeated attribute
 */
struct pe_refusal {
	int err;
	char text[PE_REFUSAL_TEXT];
	uint32_t seq;
	uint32_t offset;
	uint16_t missing;
	uint32_t missing_nest;
	bool cookie;
	uint32_t cookie_seq;
	uint32_t cookie_attr;
	uint32_t cookie_index;
};

void pe_refusal_read(struct pe_refusal *refusal, const struct nlmsghdr *nlh);
void pe_refusal_read_done(struct pe_refusal *refusal, const struct nlmsghdr *nlh);
int pe_refusal_set(struct pe_refusal *refusal, int err, const char *text, ...)
	__attribute__((format(printf, 3, 4)));

#endif
