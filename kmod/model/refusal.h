/* SPDX-License-Identifier: GPL-2.0-only */
/* Why a change is refused, in one sentence, and what of it is at fault. */
#ifndef _PE_REFUSAL_H
#define _PE_REFUSAL_H

#include <linux/types.h>

struct pe_service;

#define PE_REFUSAL_MAX	256

/**
 * struct pe_refusal - a refusal on its way to who asked
 * @text: the sentence, empty while there is none
 * @subject: service that is at fault, where two are held against each other
 * @other: the other of the two
 * @attr: attribute of it that is at fault, 0 for the whole
 * @index: which one, of an attribute that can be repeated
 */
struct pe_refusal {
	char			text[PE_REFUSAL_MAX];
	const struct pe_service	*subject;
	const struct pe_service	*other;
	u16			attr;
	u16			index;
};

/**
 * pe_refusal_init() - nothing was refused yet
 * @refusal: out: the refusal; what is behind the end of its text means nothing
 */
static inline void pe_refusal_init(struct pe_refusal *refusal)
{
	refusal->text[0] = '\0';
	refusal->subject = NULL;
	refusal->other = NULL;
	refusal->attr = 0;
	refusal->index = 0;
}

__printf(5, 6)
int pe_refuse(struct pe_refusal *refusal, int err, u16 attr, u16 index,
	      const char *fmt, ...);

#endif /* _PE_REFUSAL_H */
