// SPDX-License-Identifier: GPL-2.0-only
/* Refusals: written where the fault is seen. */

#include <linux/ctype.h>
#include <linux/kernel.h>

#include "refusal.h"

/**
 * pe_refuse() - say why not
 * @refusal: out: the refusal; one that was written before is kept
 * @err: negative errno to return
 * @attr: attribute at fault, 0 for the whole
 * @index: which one, of an attribute that can be repeated
 * @fmt: sentence that names the thing and what to do
 *
 * Return: @err.
 */
int pe_refuse(struct pe_refusal *refusal, int err, u16 attr, u16 index,
	      const char *fmt, ...)
{
	va_list args;
	char *p;

	if (refusal->text[0])
		return err;
	va_start(args, fmt);
	vscnprintf(refusal->text, sizeof(refusal->text), fmt, args);
	va_end(args);
	/* What a message says is quoted, but it stays one line. */
	for (p = refusal->text; *p; p++)
		if (iscntrl(*p))
			*p = '?';
	refusal->attr = attr;
	refusal->index = index;
	return err;
}
