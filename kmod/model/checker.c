// SPDX-License-Identifier: GPL-2.0-only
/* Where checks are sent from: in the table of addresses, for their answers and
 * what comes back of them look like a service's packets.
 */

#include <linux/err.h>
#include <linux/slab.h>

#include "checker.h"
#include "netns.h"
#include "table.h"

/**
 * pe_checker_find() - the checker of a socket
 * @pn: namespace
 * @portid: of the socket
 *
 * Context: pe_net.lock held.
 * Return: the checker or NULL.
 */
struct pe_checker *pe_checker_find(struct pe_net *pn, u32 portid)
{
	struct pe_checker *checker;

	list_for_each_entry(checker, &pn->checkers, list)
		if (checker->portid == portid)
			return checker;
	return NULL;
}

/* One more that is in the table, whoever else is there. */
static int pe_source_add(struct pe_net *pn, const struct pe_source *source)
{
	enum pe_family family = pe_family_of(source->family);
	struct pe_table *table = pe_net_table(pn, family), *grown;
	struct pe_addr *a;

	a = table ? pe_table_find(table, &source->addr, source->family) : NULL;
	if (a) {
		WRITE_ONCE(a->checks, a->checks + 1);
		return 0;
	}
	a = pe_addr_new(&source->addr, source->family, PE_ADDR_WHOLE, 0);
	if (!a)
		return -ENOMEM;
	a->checks = 1;
	grown = pe_table_grown(table, source->family, 1);
	if (IS_ERR(grown)) {
		kvfree(a);
		return PTR_ERR(grown);
	}
	if (grown) {
		rcu_assign_pointer(pn->table[family], grown);
		if (table)
			kvfree_rcu(table, rcu);
		table = grown;
	}
	pe_table_insert(table, a);
	return 0;
}

static void pe_source_del(struct pe_net *pn, const struct pe_source *source)
{
	struct pe_table *table = pe_net_table(pn, pe_family_of(source->family));
	struct pe_addr *a;

	a = pe_table_find(table, &source->addr, source->family);
	WRITE_ONCE(a->checks, a->checks - 1);
	if (!a->checks && !pe_addr_counts(a))
		pe_addr_free_rcu(pe_table_replace(table, a, NULL));
}

/* The first @n of its addresses. */
static void pe_checker_leave(struct pe_net *pn,
			     const struct pe_checker *checker, u32 n)
{
	while (n)
		pe_source_del(pn, &checker->source[--n]);
}

/**
 * pe_checker_add() - a socket checks devices from now on
 * @pn: namespace
 * @checker: the socket and its addresses; stays the caller's when it fails
 *
 * Context: process context, pe_net.lock held.
 * Return: 0 or a negative errno, -ENOSPC when there are too many.
 */
int pe_checker_add(struct pe_net *pn, struct pe_checker *checker)
{
	u32 i;
	int err;

	lockdep_assert_held(&pn->lock);
	if (pn->checker_count == PE_CHECKERS_LIMIT)
		return -ENOSPC;
	for (i = 0; i < checker->n; i++) {
		err = pe_source_add(pn, &checker->source[i]);
		if (err) {
			pe_checker_leave(pn, checker, i);
			return err;
		}
	}
	pn->checker_count++;
	list_add_tail(&checker->list, &pn->checkers);
	return 0;
}

/**
 * pe_checker_del() - a socket checks no more
 * @pn: namespace
 * @checker: the socket
 *
 * Context: process context, pe_net.lock held.
 */
void pe_checker_del(struct pe_net *pn, struct pe_checker *checker)
{
	lockdep_assert_held(&pn->lock);
	pe_checker_leave(pn, checker, checker->n);
	pn->checker_count--;
	list_del(&checker->list);
	kvfree(checker);
}

/**
 * pe_checker_del_all() - the module goes
 * @pn: namespace
 *
 * Context: process context, pe_net.lock held.
 */
void pe_checker_del_all(struct pe_net *pn)
{
	struct pe_checker *checker, *tmp;

	list_for_each_entry_safe(checker, tmp, &pn->checkers, list)
		pe_checker_del(pn, checker);
}
