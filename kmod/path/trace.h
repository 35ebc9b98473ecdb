/* SPDX-License-Identifier: GPL-2.0-only */
/* Tracepoints of the packet path. */
#undef TRACE_SYSTEM
#define TRACE_SYSTEM pe

#if !defined(_PE_TRACE_H) || defined(TRACE_HEADER_MULTI_READ)
#define _PE_TRACE_H

#include <linux/skbuff.h>
#include <linux/tracepoint.h>
#include <uapi/linux/pe.h>

#define pe_show_reason(reason)						\
	__print_symbolic(reason,					\
		{ PE_DROP_WRONG_PLACE,		"wrong-place" },	\
		{ PE_DROP_TTL,			"ttl" },		\
		{ PE_DROP_MTU,			"mtu" },		\
		{ PE_DROP_NO_INTERFACE,		"no-interface" },	\
		{ PE_DROP_INTERFACE_DOWN,	"interface-down" },	\
		{ PE_DROP_NO_NEIGHBOUR,		"no-neighbour" },	\
		{ PE_DROP_NO_MEMORY,		"no-memory" },		\
		{ PE_DROP_FRAGMENT,		"fragment" },		\
		{ PE_DROP_MALFORMED,		"malformed" },		\
		{ PE_DROP_GUARD,		"guard" },		\
		{ PE_DROP_TAP_COPY,		"tap-copy" },		\
		{ PE_DROP_ENCAPSULATE,		"encapsulate" },	\
		{ PE_DROP_NO_ROUTE,		"no-route" },		\
		{ PE_DROP_NO_DEVICE,		"no-device" },		\
		{ PE_DROP_DENIED,		"denied" },		\
		{ PE_DROP_CHECK,		"check" })

TRACE_EVENT(pe_drop,
	TP_PROTO(const struct sk_buff *skb, enum pe_drop reason),
	TP_ARGS(skb, reason),
	TP_STRUCT__entry(
		__field(const void *, skbaddr)
		__field(int, ifindex)
		__field(unsigned int, len)
		__field(u8, reason)
	),
	TP_fast_assign(
		__entry->skbaddr = skb;
		__entry->ifindex = skb->dev ? skb->dev->ifindex : 0;
		__entry->len = skb->len;
		__entry->reason = reason;
	),
	TP_printk("skbaddr=%p ifindex=%d len=%u reason=%s", __entry->skbaddr,
		  __entry->ifindex, __entry->len,
		  pe_show_reason(__entry->reason))
);

#endif /* _PE_TRACE_H */

#undef TRACE_INCLUDE_PATH
#define TRACE_INCLUDE_PATH path
#undef TRACE_INCLUDE_FILE
#define TRACE_INCLUDE_FILE trace
#include <trace/define_trace.h>
