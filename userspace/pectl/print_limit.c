// SPDX-License-Identifier: GPL-2.0-only

#include <limit.h>

#include "print_object.h"
#include "printer.h"

/**
 * print_limit() - print how much is let in each second
 * @p: the printer
 * @key: what it is called
 * @limit: how much
 */
void print_limit(struct printer *p, const char *key, const struct pe_limit *limit)
{
	print_object(p, key);
	if (limit->packets)
		print_uint(p, "packets", " packets %llu", limit->packets);
	if (limit->bytes)
		print_uint(p, "bytes", " bytes %llu", limit->bytes);
	if (limit->flows)
		print_uint(p, "flows", " flows %llu", limit->flows);
	print_close(p);
}
