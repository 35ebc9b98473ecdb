/* SPDX-License-Identifier: GPL-2.0-only */
/* Many changes that happen together or not at all. */
#ifndef PE_TXN_H
#define PE_TXN_H

#include <stdbool.h>
#include <stdint.h>

#include "changes.h"

struct pe_refusal;
struct pe_sock;

#define PE_NOWHERE SIZE_MAX

/**
 * struct pe_blame - which statement a refusal is about
 * @change: its index among the changes, or PE_NOWHERE
 * @attr: type of the attribute at fault, or 0
 * @nested: type of the attribute inside of that one, or 0
 * @index: which one of a repeated attribute
 */
struct pe_blame {
	size_t change;
	uint16_t attr;
	uint16_t nested;
	unsigned int index;
};

int pe_txn_begin(struct pe_sock *sock, const char *owner, const uint32_t *expected,
		 uint32_t *generation, struct pe_refusal *refusal);
int pe_txn_send(struct pe_sock *sock, const struct pe_changes *changes, struct pe_blame *blame,
		struct pe_refusal *refusal);
int pe_txn_commit(struct pe_sock *sock, uint32_t generation, bool check,
		  struct pe_refusal *refusal);
int pe_txn_abort(struct pe_sock *sock, struct pe_refusal *refusal);
void pe_txn_blame(struct pe_sock *sock, const struct pe_changes *changes, uint32_t first,
		  const struct pe_refusal *refusal, struct pe_blame *blame);

#endif
