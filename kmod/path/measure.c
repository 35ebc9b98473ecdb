// SPDX-License-Identifier: GPL-2.0-only
/* How long devices take: packets are known again by what devices leave alone. */

#include <linux/jhash.h>
#include <linux/tcp.h>
#include <linux/udp.h>

#include "../netns.h"
#include "path.h"
#include "tcp.h"

/* Bytes at either end that tell a packet from the next one. */
#define PE_MARK_BYTES	8
#define PE_MARK_WORDS	(PE_MARK_BYTES / sizeof(u32))

/**
 * struct pe_mark - what a fingerprint is made of
 * @client: its address, or a hash of it
 * @port: its port
 * @step: where the device is in the sequence
 * @head: sequence and acknowledgment number of TCP; what others begin with
 * @tail: what others end with
 * @id: of an IPv4 datagram that is not TCP
 */
struct pe_mark {
	u32			client;
	u16			port;
	u16			step;
	u32			head[PE_MARK_WORDS];
	u32			tail[PE_MARK_WORDS];
	u32			id;
};

static u32 pe_mark_print(const struct pe_mark *mark,
			 const struct pe_meter *meter)
{
	return jhash2((const u32 *)mark, sizeof(*mark) / sizeof(u32),
		      meter->seed);
}

/* The client's end, which is that of the first port where it is the source. */
static bool pe_mark_client(struct pe_mark *mark, const struct pe_passing *p,
			   bool forward)
{
	const __be16 *ports;
	__be16 _ports[2];

	if (p->family == NFPROTO_IPV4)
		mark->client = (__force u32)(forward ? pe_iph(p->skb)->saddr :
						       pe_iph(p->skb)->daddr);
	else
		mark->client = jhash2((const u32 *)(forward ?
					      &pe_ip6h(p->skb)->saddr :
					      &pe_ip6h(p->skb)->daddr), 4, 0);
	if (!pe_proto_has_ports(p->proto))
		return true;
	ports = skb_header_pointer(p->skb, p->l4, sizeof(_ports), _ports);
	if (ports)
		mark->port = (__force u16)ports[!forward];
	return ports;
}

static const struct tcphdr *pe_passing_tcp(const struct pe_passing *p,
					   struct tcphdr *buf)
{
	return p->proto == IPPROTO_TCP ? pe_tcp_header(p->skb, p->l4, buf) :
					 NULL;
}

/* What tells a packet of TCP from others, whatever segments it is carried in. */
static bool pe_mark_tcp(struct pe_mark *mark, const struct pe_passing *p)
{
	struct tcphdr _th;
	const struct tcphdr *th = pe_passing_tcp(p, &_th);

	if (!th)
		return false;
	mark->head[0] = (__force u32)th->seq;
	mark->head[1] = (__force u32)th->ack_seq;
	return true;
}

/* Behind what has a sum of what an appliance might change. Bytes of two packets
 * that are all the same here make these one.
 */
static bool pe_mark_other(struct pe_mark *mark, const struct pe_passing *p)
{
	unsigned int off = p->l4;
	unsigned int len;

	off += p->proto == IPPROTO_UDP ? sizeof(struct udphdr) : sizeof(u32);
	if (p->family == NFPROTO_IPV4)
		mark->id = (__force u16)pe_iph(p->skb)->id;
	if (off >= p->skb->len)
		return true;
	len = min_t(unsigned int, p->skb->len - off, PE_MARK_BYTES);
	return !skb_copy_bits(p->skb, off, mark->head, len) &&
	       !skb_copy_bits(p->skb, p->skb->len - len, mark->tail, len);
}

/* Protocol 0 is that of later fragments, which a device may put together. */
static bool pe_mark_inline(struct pe_mark *mark, const struct pe_passing *p,
			   u8 step, bool forward)
{
	if (!p->proto || !pe_mark_client(mark, p, forward))
		return false;
	mark->step = step;
	return p->proto == IPPROTO_TCP ? pe_mark_tcp(mark, p) :
					 pe_mark_other(mark, p);
}

static void pe_measure_inline_out(struct pe_meter *meter,
				  const struct pe_stage *stage,
				  const struct pe_passing *p)
{
	bool forward = stage->direction == PE_DIRECTION_FORWARD;
	struct pe_mark mark = {};

	if (pe_meter_due(meter, stage->direction) &&
	    pe_mark_inline(&mark, p, stage->to_step, forward))
		pe_meter_begin(meter, stage->direction,
			       pe_mark_print(&mark, meter));
}

static void pe_measure_inline_in(struct pe_meter *meter,
				 const struct pe_stage *stage,
				 const struct pe_passing *p)
{
	bool forward = stage->direction == PE_DIRECTION_FORWARD;
	struct pe_mark mark = {};

	if (pe_meter_waits(meter, stage->direction) &&
	    pe_mark_inline(&mark, p, stage->from_step, forward))
		pe_meter_end(meter, stage->direction,
			     pe_mark_print(&mark, meter));
}

#define PE_CONNECT	0
#define PE_ANSWER	1

/* A server is asked for a connection by this number, and answers with it. */
static bool pe_mark_connect(struct pe_mark *mark, const struct pe_passing *p,
			    bool forward, u32 number)
{
	mark->head[0] = number;
	return pe_mark_client(mark, p, forward);
}

static void pe_measure_server_out(struct pe_meter *meter,
				  const struct pe_passing *p)
{
	struct pe_mark mark = {};
	struct tcphdr _th;
	const struct tcphdr *th = pe_passing_tcp(p, &_th);

	if (th && th->syn && !th->ack && pe_meter_due(meter, PE_CONNECT) &&
	    pe_mark_connect(&mark, p, true, ntohl(th->seq) + 1))
		pe_meter_begin(meter, PE_CONNECT, pe_mark_print(&mark, meter));
}

/* What has data has the numbers of the acknowledgment before it, if that was of
 * the last that the client sent.
 */
static void pe_measure_answer(struct pe_meter *meter,
			      const struct pe_passing *p, bool data)
{
	struct pe_mark mark = {};

	if (!(data ? pe_meter_waits(meter, PE_ANSWER) :
		     pe_meter_due(meter, PE_ANSWER)) ||
	    !pe_mark_client(&mark, p, false) || !pe_mark_tcp(&mark, p))
		return;
	if (data)
		pe_meter_end(meter, PE_ANSWER, pe_mark_print(&mark, meter));
	else
		pe_meter_begin(meter, PE_ANSWER, pe_mark_print(&mark, meter));
}

static void pe_measure_server_in(struct pe_meter *meter,
				 const struct pe_passing *p)
{
	struct pe_mark mark = {};
	struct tcphdr _th;
	const struct tcphdr *th = pe_passing_tcp(p, &_th);

	if (!th || !th->ack || th->rst)
		return;
	if (!th->syn) {
		if (!th->fin)
			pe_measure_answer(meter, p, p->skb->len >
					  p->l4 + __tcp_hdrlen(th));
	} else if (pe_meter_waits(meter, PE_CONNECT) &&
		   pe_mark_connect(&mark, p, false, ntohl(th->ack_seq))) {
		pe_meter_end(meter, PE_CONNECT, pe_mark_print(&mark, meter));
	}
}

/**
 * pe_measure_out() - a device with a meter may be handed a packet
 * @stage: stage with PE_EXTRA_TIMED
 * @device: device that it leads to
 * @p: the packet
 *
 * Context: bottom halves off, RCU read lock held.
 */
void pe_measure_out(const struct pe_stage *stage,
		    const struct pe_device *device, const struct pe_passing *p)
{
	struct pe_meter *meter = device->meter;

	if (!meter)
		return;
	if (meter->kind == PE_DEVICE_KIND_SERVER)
		pe_measure_server_out(meter, p);
	else
		pe_measure_inline_out(meter, stage, p);
}

/**
 * pe_measure_in() - a packet has come that may be from a device with a meter
 * @dev: the device, or NULL
 * @stage: its stage
 * @p: the packet
 *
 * Context: bottom halves off, RCU read lock held.
 */
void pe_measure_in(const struct pe_device *dev, const struct pe_stage *stage,
		   const struct pe_passing *p)
{
	struct pe_meter *meter = dev ? dev->meter : NULL;

	if (!meter)
		return;
	if (meter->kind == PE_DEVICE_KIND_SERVER)
		pe_measure_server_in(meter, p);
	else
		pe_measure_inline_in(meter, stage, p);
}
