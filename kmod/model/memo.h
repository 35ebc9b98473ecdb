/* SPDX-License-Identifier: GPL-2.0-only */
/* What each CPU found of access lists before. */
#ifndef _PE_MEMO_H
#define _PE_MEMO_H

#include <linux/cache.h>
#include <linux/bitops.h>
#include <linux/build_bug.h>
#include <linux/hash.h>
#include <linux/types.h>

#include "classify.h"

/* Places of each CPU. */
#define PE_MEMO_LOG	12

/* One word with everything but addresses, then these: of IPv4 both in one, of
 * IPv6 two halves of each.
 */
#define PE_MEMO_WORDS	5

/* A list whose dearest look-up takes no more than this is looked up each time: to
 * find what was found before takes about as much, and not to find it more.
 */
#define PE_MEMO_COST	64

/* Where fields are in the first word, and how much of it they have. Ports are
 * those of packets that have them, flags have %PE_CLASS_NO_FLAGS above them.
 */
#define PE_MEMO_SPORT_AT	48
#define PE_MEMO_PORT_AT		32
#define PE_MEMO_IPV6_AT		31
#define PE_MEMO_IIF_AT		24
#define PE_MEMO_FLAGS_AT	14
#define PE_MEMO_DSCP_AT		8
#define PE_MEMO_PROTO_AT	0
#define PE_MEMO_PORT		0xffffULL
#define PE_MEMO_IIF		0x3fULL
#define PE_MEMO_FLAGS		0x1ffULL
#define PE_MEMO_DSCP		0x3fULL
#define PE_MEMO_PROTO		0xffULL

/**
 * struct pe_memo - what one packet matched
 * @version: of the list; 0 while the place is free
 * @word: what the packet had, as far as the list asks for it
 * @index: what pe_class_find() said
 *
 * Read and written with bottom halves off by the CPU whose it is, and by no
 * other: nobody sees half of it, as long as no two run there at once.
 */
struct pe_memo {
	u64	version;
	u64	word[PE_MEMO_WORDS];
	u32	index;
} ____cacheline_aligned;

/**
 * struct pe_memos - what all CPUs found before, in one namespace
 * @users: versions of lists that use it; under pe_net.lock
 * @cpu: places of each CPU, by hash
 */
struct pe_memos {
	u32		users;
	struct pe_memo	*cpu[];
};

struct pe_memos *pe_memos_new(void);
void pe_memos_free(struct pe_memos *memos);
u64 pe_memo_asked(const struct pe_class *class);
u32 pe_memo_find(const u64 *word, bool ipv6, const struct pe_class *class);
u32 pe_memo_seek(struct pe_memo *memo, u64 version, const u64 *word, bool ipv6,
		 const struct pe_class *class);

/**
 * pe_memo_word() - the first word, of a packet with ports
 * @sport: source port
 * @port: destination port
 * @proto: protocol
 * @dscp: DSCP
 * @flags: of TCP, or %PE_CLASS_NO_FLAGS
 * @ipv6: not IPv4
 *
 * Return: the word, without an interface.
 */
static __always_inline u64 pe_memo_word(u64 sport, u64 port, u64 proto,
					u64 dscp, u64 flags, bool ipv6)
{
	return sport << PE_MEMO_SPORT_AT | port << PE_MEMO_PORT_AT |
	       (u64)ipv6 << PE_MEMO_IPV6_AT | flags << PE_MEMO_FLAGS_AT |
	       dscp << PE_MEMO_DSCP_AT | proto << PE_MEMO_PROTO_AT;
}

/**
 * pe_memo_at() - the place of a packet among those of a CPU
 * @memo: places of the CPU
 * @word: what the packet has
 * @ipv6: all words count, or two
 *
 * Halves of addresses are turned against each other, so that no prefix of one is
 * the other's too. No secret is in it: whoever knows a flow can have each packet
 * of it looked up, for as many packets of his own.
 */
static __always_inline struct pe_memo *
pe_memo_at(struct pe_memo *memo, const u64 *word, bool ipv6)
{
	u64 hash = word[0] ^ rol64(word[1], 17);

	if (ipv6)
		hash ^= rol64(word[2], 29) ^ rol64(word[3], 41) ^
			rol64(word[4], 53);
	return &memo[hash_64(hash, PE_MEMO_LOG)];
}

/**
 * pe_memo_is() - is this what such a packet matched?
 * @memo: place of the packet
 * @version: of the list
 * @word: what the packet has
 * @ipv6: all words count, or two
 */
static __always_inline bool pe_memo_is(const struct pe_memo *memo, u64 version,
				       const u64 *word, bool ipv6)
{
	if (memo->version != version || memo->word[0] != word[0] ||
	    memo->word[1] != word[1])
		return false;
	return !ipv6 || (memo->word[2] == word[2] &&
			 memo->word[3] == word[3] && memo->word[4] == word[4]);
}

#endif /* _PE_MEMO_H */
