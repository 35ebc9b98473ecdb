// SPDX-License-Identifier: GPL-2.0-only
/* Former servers that no flow keeps to any more go.
 *
 * A version without them takes the place of the one that has them, as in a
 * transaction; but as nothing that is configured changes, neither does the
 * generation, and nobody is told.
 */

#include "../model/former.h"
#include "../model/service.h"
#include "noun.h"
#include "prepare.h"
#include "retire.h"

/* How often they are looked for while there are any. */
#define PE_RETIRE_ROUND	(5 * HZ)

/* Services that get a version at once; the others have to wait for a round. */
#define PE_RETIRE_AT_ONCE	1024

/**
 * pe_retire_soon() - there are former servers
 * @pn: namespace
 *
 * Context: pe_net.lock held.
 */
void pe_retire_soon(struct pe_net *pn)
{
	queue_delayed_work(system_unbound_wq, &pn->retire_work,
			   PE_RETIRE_ROUND);
}

/* Versions without what was sought in vain, as many as memory allows. */
static void pe_retire_touch(struct pe_prepare *p)
{
	const struct pe_service *live;
	struct pe_service *svc;
	struct pe_object *obj;
	unsigned long id = 0;
	unsigned int n = 0;

	while (n < PE_RETIRE_AT_ONCE &&
	       (obj = pe_object_after(p->pn, PE_NOUN_SERVICE, &id))) {
		cond_resched();
		live = obj->live;
		if (!live->ledger || !live->ledger->sought)
			continue;
		svc = pe_service_copy(p->pn, live);
		if (!svc)
			return;
		svc->forget = live->ledger->sought;
		pe_object_set(p, obj, PE_NOUN_SERVICE, svc);
		n++;
	}
}

/* If it fails they stay, and are looked for again. */
static void pe_retire(struct pe_net *pn)
{
	const struct pe_change change = { .noun = PE_NOUN_DEVICE };
	struct pe_refusal refusal;
	struct pe_txn txn;
	struct pe_prepare p = {
		.pn = pn,
		.txn = &txn,
		.refusal = &refusal,
		.change = &change,
	};
	u32 fault;

	pe_refusal_init(&refusal);
	pe_txn_init(pn, &txn);
	txn.quiet = true;
	pe_retire_touch(&p);
	if (!list_empty(&txn.touched[PE_NOUN_SERVICE]))
		pe_txn_commit(pn, &txn, false, &refusal, &fault);
}

/**
 * pe_retire_work() - let go of former servers that no flow keeps to
 * @work: pe_net.retire_work
 *
 * Comes again while there are others.
 */
void pe_retire_work(struct work_struct *work)
{
	struct pe_net *pn = container_of(to_delayed_work(work), struct pe_net,
					 retire_work);

	pe_formers_search(pn);
	mutex_lock(&pn->lock);
	if (!pn->dead)
		pe_retire(pn);
	if (!pn->dead && pn->formers)
		pe_retire_soon(pn);
	mutex_unlock(&pn->lock);
}
