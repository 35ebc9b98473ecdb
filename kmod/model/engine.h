/* SPDX-License-Identifier: GPL-2.0-only */
/* What is said of the engine as a whole. */
#ifndef _PE_ENGINE_H
#define _PE_ENGINE_H

#include "limit.h"
#include "object.h"

/* The name of the only one. */
#define PE_ENGINE	"engine"

/**
 * struct pe_engine - one version of what is said of the engine
 * @obj: its name
 * @limit: how much all clients may send, NULL for any; shared by versions
 * @rates: what @limit has, from this version on
 * @generation: of the transaction that made it
 *
 * Packets see @limit alone, by pe_net.limit.
 */
struct pe_engine {
	struct pe_object	*obj;
	struct pe_limit		*limit;
	struct pe_rates		rates;
	u32			generation;
};

struct pe_engine *pe_engine_new(void);
void pe_engine_put(struct pe_engine *engine);
void pe_engine_attach(struct pe_net *pn, struct pe_engine *engine);

#endif /* _PE_ENGINE_H */
