/* SPDX-License-Identifier: GPL-2.0-only */
/* Sockets that check devices, and the addresses that they do it from. */
#ifndef _PE_CHECKER_H
#define _PE_CHECKER_H

#include <linux/list.h>
#include <linux/netfilter.h>
#include <linux/types.h>

struct pe_net;

#define PE_CHECKER_ADDRS	512

/**
 * struct pe_source - an address that checks are sent from
 * @addr: the address
 * @family: NFPROTO_* of it
 */
struct pe_source {
	union nf_inet_addr	addr;
	u8			family;
};

/**
 * struct pe_checker - a socket that checks devices
 * @list: in pe_net.checkers
 * @portid: of the socket
 * @n: how many addresses
 * @source: the addresses, each of them in the namespace's table
 */
struct pe_checker {
	struct list_head	list;
	u32			portid;
	u32			n;
	struct pe_source	source[];
};

struct pe_checker *pe_checker_find(struct pe_net *pn, u32 portid);
int pe_checker_add(struct pe_net *pn, struct pe_checker *checker);
void pe_checker_del(struct pe_net *pn, struct pe_checker *checker);
void pe_checker_del_all(struct pe_net *pn);

#endif /* _PE_CHECKER_H */
