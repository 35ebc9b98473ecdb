/* SPDX-License-Identifier: GPL-2.0-only */
/* The hash of what tells a flow, which is chosen by those who send packets.
 *
 * It is SipHash-1-3, as the kernel's hsiphash() is where words have 64 bits. The
 * length of what is hashed is known here, and all there is of IPv4 fits into the
 * last block: that is one round less, and no call.
 */
#ifndef _PE_FLOW_HASH_H
#define _PE_FLOW_HASH_H

#include <linux/compiler.h>
#include <linux/random.h>
#include <linux/siphash.h>
#include <linux/types.h>

#include "compat.h"

/* A state of SipHash; a secret is the one to begin with. */
struct pe_sip {
	u64			a;
	u64			b;
	u64			c;
	u64			d;
};

/**
 * pe_sip_seed() - a new secret
 * @sip: out: the secret
 */
static inline void pe_sip_seed(struct pe_sip *sip)
{
	siphash_key_t key;

	get_random_bytes(&key, sizeof(key));
	sip->a = SIPHASH_CONST_0 ^ key.key[0];
	sip->b = SIPHASH_CONST_1 ^ key.key[1];
	sip->c = SIPHASH_CONST_2 ^ key.key[0];
	sip->d = SIPHASH_CONST_3 ^ key.key[1];
}

static __always_inline void pe_sip_block(struct pe_sip *sip, u64 block)
{
	sip->d ^= block;
	SIPHASH_PERMUTATION(sip->a, sip->b, sip->c, sip->d);
	sip->a ^= block;
}

static __always_inline u32 pe_sip_last(struct pe_sip *sip, u64 block)
{
	pe_sip_block(sip, block);
	sip->c ^= 0xff;
	SIPHASH_PERMUTATION(sip->a, sip->b, sip->c, sip->d);
	SIPHASH_PERMUTATION(sip->a, sip->b, sip->c, sip->d);
	SIPHASH_PERMUTATION(sip->a, sip->b, sip->c, sip->d);
	return sip->a ^ sip->b ^ sip->c ^ sip->d;
}

/**
 * pe_flow_hash4() - the hash of a flow of IPv4
 * @secret: of its service
 * @addr: address of the client
 * @ends: what tells the flow besides; its uppermost byte tells the family
 *
 * That byte stands where the length would, as each family has but one.
 */
static __always_inline u32 pe_flow_hash4(const struct pe_sip *secret,
					 __be32 addr, u32 ends)
{
	struct pe_sip sip = *secret;

	return pe_sip_last(&sip, (u64)ends << 32 | (__force u32)addr);
}

/**
 * pe_flow_hash6() - the same of IPv6
 * @secret: of its service
 * @addr: address of the client, four words
 * @ends: what tells the flow besides; its uppermost byte tells the family
 */
static __always_inline u32 pe_flow_hash6(const struct pe_sip *secret,
					 const __be32 *addr, u32 ends)
{
	struct pe_sip sip = *secret;

	pe_sip_block(&sip, get_unaligned((const u64 *)addr));
	pe_sip_block(&sip, get_unaligned((const u64 *)(addr + 2)));
	return pe_sip_last(&sip, (u64)ends << 32);
}

#endif /* _PE_FLOW_HASH_H */
