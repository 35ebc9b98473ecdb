// SPDX-License-Identifier: GPL-2.0-only
/* Namespaces: what each owns, made when it is born and freed when it dies. */

#include <linux/netfilter.h>
#include <linux/rhashtable.h>
#include <net/net_namespace.h>
#include <net/netns/generic.h>

#include "control/noun.h"
#include "control/notify.h"
#include "control/retire.h"
#include "control/session.h"
#include "control/sysctl.h"
#include "doctor.h"
#include "herald.h"
#include "model/announce.h"
#include "model/checker.h"
#include "model/drain.h"
#include "model/owner.h"
#include "model/prefix.h"
#include "model/service.h"
#include "model/table.h"
#include "model/watcher.h"
#include "netns.h"
#include "path/path.h"

static unsigned int pe_net_id __read_mostly;

/**
 * pe_net() - what a network namespace owns
 * @net: the namespace
 */
struct pe_net *pe_net(const struct net *net)
{
	return net_generic(net, pe_net_id);
}

/**
 * pe_net_hooks() - see packets, where there is something to do with them
 * @pn: namespace
 * @guard: those that are forwarded too
 * @arp: questions for IPv4 addresses on a link too
 *
 * Context: process context, pe_net.lock held.
 * Return: 0 or a negative errno.
 */
int pe_net_hooks(struct pe_net *pn, bool guard, bool arp)
{
	int err;

	lockdep_assert_held(&pn->lock);
	if (!pn->steering) {
		err = nf_register_net_hooks(pn->net, pn->hooks,
					    PE_HOOKS_PREROUTING);
		if (err)
			return err;
		pn->steering = true;
	}
	if (guard && !pn->guarding) {
		err = nf_register_net_hooks(pn->net,
					    pn->hooks + PE_HOOKS_FORWARD_AT,
					    PE_HOOKS_FORWARD);
		if (err)
			return err;
		pn->guarding = true;
	}
	if (arp && !pn->listening) {
		err = nf_register_net_hook(pn->net, &pn->arp_hook);
		if (err)
			return err;
		pn->listening = true;
	}
	return 0;
}

/**
 * pe_net_hooks_pass() - see what is no service's, too
 * @pn: namespace
 *
 * Context: process context, pe_net.lock held.
 * Return: 0 or a negative errno.
 */
int pe_net_hooks_pass(struct pe_net *pn)
{
	int err;

	lockdep_assert_held(&pn->lock);
	if (pn->passing)
		return 0;
	err = nf_register_net_hooks(pn->net, pn->hooks + PE_HOOKS_PASS_AT,
				    PE_HOOKS_PASS);
	pn->passing = !err;
	return err;
}

/**
 * pe_net_hooks_trim() - see no packets where there is nothing to do with them
 * @pn: namespace
 *
 * Context: process context, pe_net.lock held.
 */
void pe_net_hooks_trim(struct pe_net *pn)
{
	lockdep_assert_held(&pn->lock);
	if (pn->listening && !pn->announcing[PE_IPV4]) {
		nf_unregister_net_hook(pn->net, &pn->arp_hook);
		pn->listening = false;
	}
	if (pn->guarding && !pn->guard_count) {
		nf_unregister_net_hooks(pn->net,
					pn->hooks + PE_HOOKS_FORWARD_AT,
					PE_HOOKS_FORWARD);
		pn->guarding = false;
	}
	if (pn->passing && !pn->pass_count) {
		nf_unregister_net_hooks(pn->net, pn->hooks + PE_HOOKS_PASS_AT,
					PE_HOOKS_PASS);
		pn->passing = false;
	}
	if (pn->steering && !pn->address_count) {
		nf_unregister_net_hooks(pn->net, pn->hooks,
					PE_HOOKS_PREROUTING);
		pn->steering = false;
	}
}

static int pe_net_init_tables(struct pe_net *pn)
{
	int err, noun;

	for (noun = 0; noun < PE_NOUNS; noun++) {
		err = pe_objects_init(&pn->objects[noun]);
		if (err)
			goto destroy_objects;
	}
	err = rhashtable_init(&pn->owners, &pe_owner_params);
	if (err)
		goto destroy_objects;
	err = rhashtable_init(&pn->sequences, &pe_sequence_params);
	if (err)
		goto destroy_owners;
	err = rhltable_init(&pn->announces, &pe_announce_params);
	if (err)
		goto destroy_sequences;
	return 0;

destroy_sequences:
	rhashtable_destroy(&pn->sequences);
destroy_owners:
	rhashtable_destroy(&pn->owners);
destroy_objects:
	while (noun--)
		pe_objects_destroy(&pn->objects[noun]);
	return err;
}

static int pe_net_init_flows(struct pe_net *pn)
{
	int err = pe_flows_init(&pn->flows);

	if (err)
		return err;
	err = pe_sysctl_begin(pn);
	if (err)
		pe_flows_destroy(&pn->flows);
	return err;
}

static int __net_init pe_net_init_net(struct net *net)
{
	struct pe_net *pn = pe_net(net);
	int i;

	pn->net = net;
	pn->generation = 1;
	pn->asked = jiffies - HZ;
	mutex_init(&pn->lock);
	spin_lock_init(&pn->ifaces_lock);
	INIT_LIST_HEAD(&pn->ifaces);
	INIT_LIST_HEAD(&pn->ports);
	INIT_LIST_HEAD(&pn->events);
	INIT_LIST_HEAD(&pn->announced);
	INIT_LIST_HEAD(&pn->drains);
	INIT_DELAYED_WORK(&pn->drain_work, pe_drain_work);
	INIT_DELAYED_WORK(&pn->announce_work, pe_herald_work);
	INIT_WORK(&pn->event_work, pe_notify_work);
	mutex_init(&pn->health_lock);
	INIT_LIST_HEAD(&pn->pools);
	INIT_DELAYED_WORK(&pn->doctor_work, pe_doctor_work);
	INIT_DELAYED_WORK(&pn->retire_work, pe_retire_work);
	INIT_WORK(&pn->settle_work, pe_sequences_settle);
	spin_lock_init(&pn->sessions_lock);
	INIT_LIST_HEAD(&pn->sessions);
	INIT_LIST_HEAD(&pn->watchers);
	INIT_LIST_HEAD(&pn->checkers);
	init_llist_head(&pn->hot);
	INIT_WORK(&pn->hot_work, pe_counts_spread);
	INIT_DELAYED_WORK(&pn->ask_work, pe_ports_ask_work);
	for (i = 0; i < PE_HOOKS; i++) {
		pn->hooks[i] = pe_hook_ops[i];
		pn->hooks[i].priv = pn;
	}
	pn->ingress = pe_ingress_ops;
	pn->ingress.priv = pn;
	pn->arp_hook = pe_announce_arp_ops;
	pn->arp_hook.priv = pn;
	pn->drops = netdev_alloc_pcpu_stats(struct pe_drops);
	if (!pn->drops)
		return -ENOMEM;
	i = pe_net_init_flows(pn);
	if (i)
		goto free_drops;
	i = pe_net_init_tables(pn);
	if (i)
		goto end_flows;
	return 0;

end_flows:
	pe_sysctl_end(pn);
	pe_flows_destroy(&pn->flows);
free_drops:
	free_percpu(pn->drops);
	return i;
}

/* Packets first: a grace period passes before the rest. */
static void __net_exit pe_net_pre_exit_net(struct net *net)
{
	struct pe_net *pn = pe_net(net);

	mutex_lock(&pn->lock);
	WRITE_ONCE(pn->dead, true);
	pe_watcher_del_all(pn);
	pe_checker_del_all(pn);
	pn->guard_count = 0;
	pn->address_count = 0;
	memset(pn->announcing, 0, sizeof(pn->announcing));
	pe_net_hooks_trim(pn);
	mutex_unlock(&pn->lock);
}

static void pe_net_free_clients(struct pe_net *pn, enum pe_family family)
{
	struct pe_prefixes *clients = pe_net_clients(pn, family);
	u8 i;

	for (i = 0; clients && i < clients->n; i++)
		pe_table_free_all(clients->level[i].table);
	RCU_INIT_POINTER(pn->clients[family], NULL);
	kvfree(clients);
}

static void pe_net_free_addrs(struct pe_net *pn)
{
	int i;

	for (i = 0; i < PE_FAMILIES; i++) {
		pe_net_free_clients(pn, i);
		pe_table_free_all(pe_net_table(pn, i));
		RCU_INIT_POINTER(pn->table[i], NULL);
	}
}

static void pe_net_free_objects(struct pe_net *pn, enum pe_noun noun)
{
	struct pe_object *obj;
	unsigned long id = 0;

	while ((obj = pe_object_after(pn, noun, &id))) {
		pe_noun_ops[noun].put(pn, obj->live);
		pe_object_free(pn, noun, obj);
		cond_resched();
	}
}

static void pe_net_free_announces(struct pe_net *pn)
{
	struct pe_announce *a, *tmp;

	list_for_each_entry_safe(a, tmp, &pn->announced, list)
		pe_announce_free(pn, a);
}

static void __net_exit pe_net_exit_net(struct net *net)
{
	struct pe_net *pn = pe_net(net);
	int noun;

	cancel_delayed_work_sync(&pn->retire_work);
	cancel_delayed_work_sync(&pn->drain_work);
	/* Each may have begun the other before the namespace was dead. */
	cancel_delayed_work_sync(&pn->ask_work);
	cancel_delayed_work_sync(&pn->doctor_work);
	cancel_work_sync(&pn->settle_work);
	cancel_delayed_work_sync(&pn->ask_work);
	cancel_delayed_work_sync(&pn->flows.work);
	pe_herald_stop(pn);
	pe_notify_drop(pn);
	pe_session_close_all(pn);
	mutex_lock(&pn->lock);
	pe_net_free_addrs(pn);
	pe_drain_free_all(pn);
	for (noun = PE_NOUNS - 1; noun >= 0; noun--)
		pe_net_free_objects(pn, noun);
	pe_net_free_announces(pn);
	mutex_unlock(&pn->lock);
	flush_work(&pn->hot_work);
	rhltable_destroy(&pn->announces);
	rhashtable_destroy(&pn->sequences);
	rhashtable_destroy(&pn->owners);
	for (noun = 0; noun < PE_NOUNS; noun++)
		pe_objects_destroy(&pn->objects[noun]);
	pe_sysctl_end(pn);
	pe_flows_destroy(&pn->flows);
	free_percpu(pn->drops);
}

static struct pernet_operations pe_net_ops = {
	.init		= pe_net_init_net,
	.pre_exit	= pe_net_pre_exit_net,
	.exit		= pe_net_exit_net,
	.id		= &pe_net_id,
	.size		= sizeof(struct pe_net),
};

/**
 * pe_net_init() - every namespace, those to come too
 *
 * Return: 0 or a negative errno.
 */
int __init pe_net_init(void)
{
	int err = pe_flows_start();

	if (err)
		return err;
	err = register_pernet_subsys(&pe_net_ops);
	if (err)
		pe_flows_stop();
	return err;
}

/**
 * pe_net_exit() - every namespace; nothing of them is left
 */
void pe_net_exit(void)
{
	unregister_pernet_subsys(&pe_net_ops);
	/* Versions and flows are freed by callbacks, which are in this module. */
	rcu_barrier();
	pe_flows_stop();
}
