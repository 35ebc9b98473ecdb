/* SPDX-License-Identifier: GPL-2.0-only */
/* What one of the supported kernels has and another has not, told apart by
 * looking for the feature, never by the kernel's version.
 */
#ifndef _PE_COMPAT_H
#define _PE_COMPAT_H

#if __has_include(<linux/unaligned.h>)
#include <linux/unaligned.h>
#else
#include <asm/unaligned.h>
#endif

#if __has_include(<net/gso.h>)
#include <net/gso.h>
#endif

#include <net/genetlink.h>

/* PE_HAVE_GENL_INFO_DUMP comes from Kbuild. */
static inline struct nlattr **pe_dump_attrs(struct netlink_callback *cb)
{
#ifdef PE_HAVE_GENL_INFO_DUMP
	return genl_info_dump(cb)->attrs;
#else
	return genl_dumpit_info(cb)->attrs;
#endif
}

#endif /* _PE_COMPAT_H */
