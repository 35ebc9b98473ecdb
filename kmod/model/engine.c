// SPDX-License-Identifier: GPL-2.0-only
/* The engine as a whole: its limit. */

#include <linux/slab.h>

#include "engine.h"
#include "netns.h"
#include "sequence.h"

/**
 * pe_engine_new() - nothing is said of the engine yet
 *
 * Context: process context.
 * Return: the version, or NULL when memory is short.
 */
struct pe_engine *pe_engine_new(void)
{
	return kzalloc(sizeof(struct pe_engine), GFP_KERNEL_ACCOUNT);
}

/**
 * pe_engine_put() - a version that is not, or no longer, live
 * @engine: the version, or NULL
 *
 * Context: process context, pe_net.lock held.
 */
void pe_engine_put(struct pe_engine *engine)
{
	if (!engine)
		return;
	pe_limit_put(engine->limit);
	pe_object_put(engine->obj);
	kfree(engine);
}

/**
 * pe_engine_attach() - have packets see a version
 * @pn: namespace
 * @engine: the version, or NULL for none
 *
 * Where there is no limit, no sequence asks for one.
 *
 * Context: process context, pe_net.lock held.
 */
void pe_engine_attach(struct pe_net *pn, struct pe_engine *engine)
{
	struct pe_limit *limit = engine ? engine->limit : NULL;
	bool was = rcu_access_pointer(pn->limit);

	lockdep_assert_held(&pn->lock);
	if (limit)
		pe_limit_set(limit, &engine->rates);
	rcu_assign_pointer(pn->limit, limit);
	if (was != !!limit)
		pe_sequences_refresh(pn);
}
