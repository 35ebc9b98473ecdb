// SPDX-License-Identifier: GPL-2.0-only
/*
 * What each CPU found of access lists before.
 *
 * Packets come in flows, and what one of a flow matched the next one matches too
 * while the list is the same. A CPU keeps that in a table of its own, which has a
 * place for each hash, so that nothing has to be taken from elsewhere and nothing
 * is ever full: what comes later has the place. Routers have done so for as long
 * as there are lists (the exact-match cache of Open vSwitch: Pfaff et al., "The
 * Design and Implementation of Open vSwitch", NSDI 2015). It is no state: a packet
 * of which nothing is kept is looked up (classify.c), for a bounded cost, with the
 * same result.
 *
 * What that is worth depends on the traffic. Found again, a packet costs less than
 * any look-up of a long list; not found, a look-up and 90 instructions. Where more
 * flows are busy on a CPU than there are places, and each as much as the others,
 * most are not found.
 *
 * Nothing is forgotten by itself. Versions of lists have numbers that no other
 * one will have, and with the next version what was found in the last one is not
 * found any more.
 */

#include <linux/build_bug.h>
#include <linux/cpumask.h>
#include <linux/sched.h>
#include <linux/slab.h>
#include <linux/topology.h>

#include "memo.h"

static_assert(PE_CLASS_FIELDS == 10, "another field needs a place in the word");
static_assert(PE_CLASS_NO_FLAGS <= PE_MEMO_FLAGS);

/**
 * pe_memo_asked() - what of the first word the rules of a list ask for
 * @class: the rules
 *
 * Addresses always count, and so does which family they are of.
 *
 * Return: a mask.
 */
u64 pe_memo_asked(const struct pe_class *class)
{
	u64 asked = 1ULL << PE_MEMO_IPV6_AT;

	if (class->asks & BIT(PE_CLASS_SPORT))
		asked |= PE_MEMO_PORT << PE_MEMO_SPORT_AT;
	if (class->asks & BIT(PE_CLASS_PORT))
		asked |= PE_MEMO_PORT << PE_MEMO_PORT_AT;
	if (class->asks & BIT(PE_CLASS_IIF))
		asked |= PE_MEMO_IIF << PE_MEMO_IIF_AT;
	if (class->asks & BIT(PE_CLASS_FLAGS))
		asked |= PE_MEMO_FLAGS << PE_MEMO_FLAGS_AT;
	if (class->asks & BIT(PE_CLASS_DSCP))
		asked |= PE_MEMO_DSCP << PE_MEMO_DSCP_AT;
	if (class->asks & BIT(PE_CLASS_PROTO))
		asked |= PE_MEMO_PROTO << PE_MEMO_PROTO_AT;
	return asked;
}

/* The fields that it was made of, 0 where no rule asks for one. */
static void pe_memo_key(const u64 *word, bool ipv6, struct pe_class_key *key)
{
	u64 first = word[0];

	key->field[PE_CLASS_SPORT] = first >> PE_MEMO_SPORT_AT;
	key->field[PE_CLASS_PORT] = first >> PE_MEMO_PORT_AT & PE_MEMO_PORT;
	key->field[PE_CLASS_IIF] = first >> PE_MEMO_IIF_AT & PE_MEMO_IIF;
	key->field[PE_CLASS_FLAGS] = first >> PE_MEMO_FLAGS_AT & PE_MEMO_FLAGS;
	key->field[PE_CLASS_DSCP] = first >> PE_MEMO_DSCP_AT & PE_MEMO_DSCP;
	key->field[PE_CLASS_PROTO] = first >> PE_MEMO_PROTO_AT & PE_MEMO_PROTO;
	if (ipv6) {
		key->field[PE_CLASS_SOURCE] = word[1];
		key->field[PE_CLASS_SOURCE_LOW] = word[2];
		key->field[PE_CLASS_DEST] = word[3];
		key->field[PE_CLASS_DEST_LOW] = word[4];
		return;
	}
	key->field[PE_CLASS_SOURCE] = word[1] >> 32;
	key->field[PE_CLASS_DEST] = (u32)word[1];
	key->field[PE_CLASS_SOURCE_LOW] = 0;
	key->field[PE_CLASS_DEST_LOW] = 0;
}

/**
 * pe_memo_find() - look a packet up
 * @word: what it has
 * @ipv6: all words count, or two
 * @class: rules of the list
 *
 * Context: RCU read lock held.
 * Return: index of the first rule that it matches, or %PE_CLASS_NONE.
 */
u32 pe_memo_find(const u64 *word, bool ipv6, const struct pe_class *class)
{
	struct pe_class_key key __uninitialized;

	pe_memo_key(word, ipv6, &key);
	return pe_class_find(class, &key);
}

/**
 * pe_memo_seek() - look a packet up of which nothing is kept, and keep it
 * @memo: its place
 * @version: of the list
 * @word: what it has
 * @ipv6: all words count, or two
 * @class: rules of the list
 *
 * Context: bottom halves off, RCU read lock held.
 * Return: index of the first rule that it matches, or %PE_CLASS_NONE.
 */
u32 pe_memo_seek(struct pe_memo *memo, u64 version, const u64 *word, bool ipv6,
		 const struct pe_class *class)
{
	u32 index = pe_memo_find(word, ipv6, class);

	memo->index = index;
	memo->version = version;
	memo->word[0] = word[0];
	memo->word[1] = word[1];
	if (ipv6) {
		memo->word[2] = word[2];
		memo->word[3] = word[3];
		memo->word[4] = word[4];
	}
	return index;
}

/**
 * pe_memos_free() - free what all CPUs kept
 * @memos: it, or NULL
 *
 * Context: any; no packet sees a list that uses it any more.
 */
void pe_memos_free(struct pe_memos *memos)
{
	int cpu;

	if (!memos)
		return;
	for_each_possible_cpu(cpu)
		kvfree(memos->cpu[cpu]);
	kvfree(memos);
}

/**
 * pe_memos_new() - room for what all CPUs find
 *
 * Context: process context.
 * Return: it, or NULL without memory.
 */
struct pe_memos *pe_memos_new(void)
{
	struct pe_memos *memos;
	size_t size = sizeof(*memos->cpu[0]) << PE_MEMO_LOG;
	int cpu;

	memos = kvzalloc(struct_size(memos, cpu, nr_cpu_ids),
			 GFP_KERNEL_ACCOUNT);
	if (!memos)
		return NULL;
	for_each_possible_cpu(cpu) {
		memos->cpu[cpu] = kvzalloc_node(size, GFP_KERNEL_ACCOUNT,
						cpu_to_node(cpu));
		if (!memos->cpu[cpu]) {
			pe_memos_free(memos);
			return NULL;
		}
		cond_resched();
	}
	return memos;
}
