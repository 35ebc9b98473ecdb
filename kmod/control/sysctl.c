// SPDX-License-Identifier: GPL-2.0-only
/* What of a namespace is set by sysctl: how many flows it may remember. */

#include <linux/slab.h>
#include <linux/sysctl.h>
#include <net/net_namespace.h>

#include "../compat.h"
#include "../netns.h"
#include "sysctl.h"

static const unsigned int pe_sysctl_flows_max = PE_FLOWS_LIMIT;

/* A template, and the end of it that older kernels look for. */
static const struct ctl_table pe_sysctl_table[] = {
	{
		.procname	= "max_flows",
		.maxlen		= sizeof(unsigned int),
		.mode		= 0644,
		.proc_handler	= proc_douintvec_minmax,
		.extra2		= (void *)&pe_sysctl_flows_max,
	},
	{ }
};

/**
 * pe_sysctl_begin() - show what can be set
 * @pn: namespace that is being made
 *
 * Return: 0 or -ENOMEM.
 */
int pe_sysctl_begin(struct pe_net *pn)
{
	struct ctl_table *table;

	if (!IS_ENABLED(CONFIG_SYSCTL))
		return 0;
	table = kmemdup(pe_sysctl_table, sizeof(pe_sysctl_table), GFP_KERNEL);
	if (!table)
		return -ENOMEM;
	table[0].data = &pn->flows.limit;
	/* What memory the flows of a container take is not its own to say. */
	if (pn->net->user_ns != &init_user_ns)
		table[0].mode = 0444;
	pn->sysctl = pe_register_net_sysctl(pn->net, "net/pe", table, 1);
	if (pn->sysctl)
		return 0;
	kfree(table);
	return -ENOMEM;
}

/**
 * pe_sysctl_end() - show it no longer
 * @pn: namespace that goes
 */
void pe_sysctl_end(struct pe_net *pn)
{
	const struct ctl_table *table;

	if (!pn->sysctl)
		return;
	table = pn->sysctl->ctl_table_arg;
	unregister_net_sysctl_table(pn->sysctl);
	kfree(table);
}
