/* SPDX-License-Identifier: GPL-2.0-only */
/* What is kept for a netlink socket of userspace while it is open. */
#ifndef _PE_SESSION_H
#define _PE_SESSION_H

#include <linux/list.h>
#include <linux/netlink.h>

#include "txn.h"

/**
 * struct pe_session - what belongs to one socket
 * @list: in pe_net.sessions
 * @portid: of the socket
 * @open: @txn was begun
 * @txn: its transaction
 *
 * Made at the socket's first transaction, freed when it is closed.
 */
struct pe_session {
	struct list_head	list;
	u32			portid;
	bool			open;
	struct pe_txn		txn;
};

struct pe_session *pe_session_find(struct pe_net *pn, u32 portid);
struct pe_session *pe_session_get(struct pe_net *pn, u32 portid);
void pe_session_begin(struct pe_net *pn, struct pe_session *session,
		      struct pe_owner *owner);
void pe_session_end(struct pe_net *pn, struct pe_session *session);
void pe_session_refuse(struct pe_net *pn, int err,
		       const struct pe_refusal *refusal, u32 fault,
		       struct netlink_ext_ack *extack);
void pe_session_close_all(struct pe_net *pn);
int pe_session_init(void);
void pe_session_exit(void);

#endif /* _PE_SESSION_H */
