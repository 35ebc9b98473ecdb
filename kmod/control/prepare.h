/* SPDX-License-Identifier: GPL-2.0-only */
/* What a commit makes beside what is, for prepare*.c and retire.c alone. */
#ifndef _PE_PREPARE_H
#define _PE_PREPARE_H

#include "txn.h"

struct pe_service;

/**
 * struct pe_prepare - what a commit is at
 * @pn: namespace
 * @txn: the transaction
 * @refusal: out: why not
 * @change: whom to blame when it fails
 */
struct pe_prepare {
	struct pe_net		*pn;
	struct pe_txn		*txn;
	struct pe_refusal	*refusal;
	const struct pe_change	*change;
};

/* prepare.c */
void pe_object_set(struct pe_prepare *p, struct pe_object *obj, u8 noun,
		   void *version);
bool pe_object_named(struct pe_prepare *p, enum pe_noun noun, const char *name);

/* prepare_device.c */
int pe_prepare_iface(struct pe_prepare *p, const struct pe_iface *iface,
		     const char *noun, const struct pe_object *obj, u16 attr);
int pe_prepare_devices(struct pe_prepare *p);

/* prepare_pool.c */
int pe_prepare_pools(struct pe_prepare *p);

/* prepare_acl.c */
int pe_prepare_acls(struct pe_prepare *p);
int pe_prepare_gate(struct pe_prepare *p, struct pe_service *svc, bool asked);

/* prepare_service.c */
int pe_prepare_dependants(struct pe_prepare *p);
int pe_prepare_services(struct pe_prepare *p);

/* prepare_addr.c */
int pe_prepare_service_addrs(struct pe_prepare *p, struct pe_object *obj);
int pe_prepare_guards(struct pe_prepare *p);
int pe_prepare_addrs(struct pe_prepare *p);

#endif /* _PE_PREPARE_H */
