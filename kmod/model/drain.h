/* SPDX-License-Identifier: GPL-2.0-only */
/* Versions of services that were replaced, while packets are on their way. */
#ifndef _PE_DRAIN_H
#define _PE_DRAIN_H

#include <linux/jiffies.h>
#include <linux/list.h>
#include <linux/types.h>

struct pe_addr;
struct pe_net;
struct pe_service;
struct work_struct;

/* How long a packet can be inside a device and still be of use: longer than
 * the queues of any appliance, and than a client waits before it sends again
 * (TCP: one second at first, RFC 6298); so is a server's answer.
 */
#define PE_DRAIN_TIME	(2 * HZ)

/**
 * struct pe_drain - what one transaction replaced
 * @list: in pe_net.drains, in the order of @until
 * @services: versions, by pe_service.draining
 * @addrs: what of them lived at which address, by pe_addr.next
 * @n: how many @services
 * @until: when it ends, in jiffies
 */
struct pe_drain {
	struct list_head	list;
	struct list_head	services;
	struct pe_addr		*addrs;
	u32			n;
	unsigned long		until;
};

struct pe_drain *pe_drain_new(void);
void pe_drain_addr(struct pe_drain *drain, struct pe_addr *past);
void pe_drain_service(struct pe_drain *drain, struct pe_service *svc);
void pe_drain_begin(struct pe_net *pn, struct pe_drain *drain);
void pe_drain_work(struct work_struct *work);
void pe_drain_free_all(struct pe_net *pn);

#endif /* _PE_DRAIN_H */
