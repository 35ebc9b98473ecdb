// SPDX-License-Identifier: GPL-2.0-only
/* Is there room for one more packet? */

#include <linux/sctp.h>

#include "path.h"

/* Does it begin a flow, as far as a packet by itself can tell? */
static bool pe_limit_opens(const struct sk_buff *skb, u8 proto, unsigned int l4)
{
	const struct sctp_chunkhdr *chunk;
	struct sctp_chunkhdr _chunk;

	if (proto == IPPROTO_TCP)
		return pe_tcp_opens(skb, l4);
	if (proto != IPPROTO_SCTP)
		return false;
	chunk = skb_header_pointer(skb, l4 + sizeof(struct sctphdr),
				   sizeof(_chunk), &_chunk);
	return chunk && chunk->type == SCTP_CID_INIT;
}

/* What is dropped by all CPUs writes nothing that they share. */
static bool pe_limit_take(struct pe_limit *limit, struct pe_limit_cpu *mine,
			  const s64 *cost)
{
	unsigned long now = jiffies;
	bool enough = true;
	s64 portion;
	int i;

	for (i = 0; i < PE_MEASURES; i++) {
		portion = READ_ONCE(limit->portion[i]);
		if (!portion)
			continue;
		/* It was borrowed before the limit was lowered. */
		if (unlikely(mine->left[i] > max(portion, cost[i])))
			mine->left[i] = max(portion, cost[i]);
		if (likely(mine->left[i] >= cost[i]))
			continue;
		if (mine->dry[i] == now)
			return false;
		enough = false;
	}
	if (unlikely(!enough) && !pe_limit_borrow(limit, cost))
		return false;
	for (i = 0; i < PE_MEASURES; i++)
		if (READ_ONCE(limit->portion[i]))
			mine->left[i] -= cost[i];
	return true;
}

/**
 * pe_limit_lets() - is there room for a packet?
 * @limit: the limit; what is not let in is counted there
 * @skb: the packet, data at the network header
 * @proto: protocol of the transport header, 0 for what begins no flow
 * @l4: offset of it
 *
 * A super-packet takes what its segments would.
 *
 * Context: bottom halves off, RCU read lock held.
 */
bool pe_limit_lets(struct pe_limit *limit, const struct sk_buff *skb, u8 proto,
		   unsigned int l4)
{
	struct pe_limit_cpu *mine = this_cpu_ptr(limit->cpu);
	struct pe_sum size = pe_size(skb);
	s64 cost[PE_MEASURES] = {
		[PE_MEASURE_PACKETS]	= size.packets * HZ,
		[PE_MEASURE_BYTES]	= size.bytes * HZ,
	};

	if (READ_ONCE(limit->portion[PE_MEASURE_FLOWS]) &&
	    pe_limit_opens(skb, proto, l4))
		cost[PE_MEASURE_FLOWS] = HZ;
	if (likely(pe_limit_take(limit, mine, cost)))
		return true;
	pe_count_add(&mine->syncp, &mine->dropped, size);
	return false;
}
