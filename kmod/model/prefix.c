// SPDX-License-Identifier: GPL-2.0-only
/* Client prefixes: put together under the configuration's lock. */

#include <linux/inetdevice.h>
#include <linux/slab.h>

#include "prefix.h"

/**
 * pe_prefix_mask() - the bits of an address that a prefix looks at
 * @mask: out: them
 * @proto: NFPROTO_* of the address
 * @length: how many
 */
void pe_prefix_mask(union nf_inet_addr *mask, u8 proto, u8 length)
{
	union nf_inet_addr all;

	memset(&all, 0xff, sizeof(all));
	memset(mask, 0, sizeof(*mask));
	if (proto == NFPROTO_IPV4)
		mask->ip = inet_make_mask(length);
	else
		ipv6_addr_prefix(&mask->in6, &all.in6, length);
}

/**
 * pe_prefixes_hold() - is an address some client's?
 * @prefixes: prefixes of its family, or NULL for none
 * @addr: address
 * @ipv4: it is one of IPv4
 *
 * The prefix of everybody is nobody's in particular.
 *
 * Context: RCU read lock held, or pe_net.lock.
 */
bool pe_prefixes_hold(const struct pe_prefixes *prefixes, const void *addr,
		      bool ipv4)
{
	const struct pe_addr *a;
	u8 i;

	for (i = 0; prefixes && i < prefixes->n; i++) {
		if (!prefixes->level[i].length)
			continue;
		a = pe_prefix_find(&prefixes->level[i], addr, ipv4);
		/* Where only something drains, nobody is a client. */
		if (a && a->n)
			return true;
	}
	return false;
}

/**
 * pe_prefixes_table() - the prefixes of one length
 * @prefixes: prefixes of one family, or NULL for none
 * @length: the length
 *
 * Context: pe_net.lock held.
 * Return: the table, or NULL where none is that long.
 */
struct pe_table *pe_prefixes_table(const struct pe_prefixes *prefixes,
				   u8 length)
{
	u8 i;

	for (i = 0; prefixes && i < prefixes->n; i++)
		if (prefixes->level[i].length == length)
			return prefixes->level[i].table;
	return NULL;
}

/**
 * pe_prefixes_new() - no prefixes yet, with room for every length
 *
 * Context: process context.
 * Return: the prefixes, or NULL when memory is short.
 */
struct pe_prefixes *pe_prefixes_new(void)
{
	struct pe_prefixes *prefixes;

	return kvzalloc(struct_size(prefixes, level, PE_PREFIX_LENGTHS),
			GFP_KERNEL_ACCOUNT);
}

/**
 * pe_prefixes_add() - prefixes of one more length, shorter than those before
 * @prefixes: prefixes that packets don't see
 * @table: the new ones, not empty
 * @proto: NFPROTO_* of them
 * @length: their length
 */
void pe_prefixes_add(struct pe_prefixes *prefixes, struct pe_table *table,
		     u8 proto, u8 length)
{
	struct pe_prefix_level *level;

	prefixes->n++;
	level = &prefixes->level[prefixes->n - 1];
	level->table = table;
	level->length = length;
	pe_prefix_mask(&level->mask, proto, length);
}

/**
 * pe_prefixes_have_empty() - is there a length of which no prefix is left?
 * @prefixes: prefixes of one family, or NULL for none
 *
 * Context: pe_net.lock held.
 */
bool pe_prefixes_have_empty(const struct pe_prefixes *prefixes)
{
	u8 i;

	for (i = 0; prefixes && i < prefixes->n; i++)
		if (!prefixes->level[i].table->n)
			return true;
	return false;
}

/**
 * pe_prefixes_copy_filled() - the lengths of which there are prefixes
 * @next: out: them
 * @old: prefixes of one family
 *
 * Context: pe_net.lock held.
 */
void pe_prefixes_copy_filled(struct pe_prefixes *next,
			     const struct pe_prefixes *old)
{
	u8 i;

	next->drains = old->drains;
	for (i = 0; i < old->n; i++) {
		if (!old->level[i].table->n)
			continue;
		next->n++;
		next->level[next->n - 1] = old->level[i];
	}
}
