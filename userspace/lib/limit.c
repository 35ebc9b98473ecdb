// SPDX-License-Identifier: GPL-2.0-only

#include "limit.h"

#include <linux/pe.h>
#include <string.h>

#include "attr.h"

/**
 * pe_limit_put() - append a limit
 * @nlh: the message
 * @type: attribute around it
 * @limit: the limit
 */
void pe_limit_put(struct nlmsghdr *nlh, uint16_t type, const struct pe_limit *limit)
{
	struct nlattr *nest = mnl_attr_nest_start(nlh, type);

	if (limit->packets)
		mnl_attr_put_u64(nlh, PE_LIMIT_PACKETS, limit->packets);
	if (limit->bytes)
		mnl_attr_put_u64(nlh, PE_LIMIT_BYTES, limit->bytes);
	if (limit->flows)
		mnl_attr_put_u64(nlh, PE_LIMIT_FLOWS, limit->flows);
	mnl_attr_nest_end(nlh, nest);
}

/**
 * pe_limit_get() - read a limit
 * @limit: where to store it; cleared first
 * @nest: the attribute around it
 */
void pe_limit_get(struct pe_limit *limit, const struct nlattr *nest)
{
	const struct nlattr *attr;

	memset(limit, 0, sizeof(*limit));
	mnl_attr_for_each_nested(attr, nest) {
		if (mnl_attr_get_type(attr) == PE_LIMIT_PACKETS)
			limit->packets = pe_attr_u64(attr);
		else if (mnl_attr_get_type(attr) == PE_LIMIT_BYTES)
			limit->bytes = pe_attr_u64(attr);
		else if (mnl_attr_get_type(attr) == PE_LIMIT_FLOWS)
			limit->flows = pe_attr_u64(attr);
	}
}

/**
 * pe_limit_equal() - compare two limits
 * @a: one
 * @b: the other
 *
 * Return: whether it means the same.
 */
bool pe_limit_equal(const struct pe_limit *a, const struct pe_limit *b)
{
	return a->packets == b->packets && a->bytes == b->bytes && a->flows == b->flows;
}
