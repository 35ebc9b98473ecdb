// SPDX-License-Identifier: GPL-2.0-only
/* How much the kernel has, and what it dropped. */

#include <config.h>
#include <errno.h>
#include <info.h>
#include <libmnl/libmnl.h>
#include <linux/pe.h>
#include <object.h>
#include <refusal.h>
#include <stdio.h>

#include "commands.h"
#include "kernel.h"
#include "openmetrics.h"
#include "printer.h"

static int stats_hear(const struct nlmsghdr *nlh, void *arg)
{
	pe_info_get(arg, nlh);
	return 0;
}

static int stats_ask(struct pe_sock *sock, struct pe_info *info, struct pe_refusal *refusal)
{
	struct nlmsghdr *nlh = pe_sock_request(sock, PE_CMD_INFO_GET, NLM_F_ACK);

	mnl_attr_put(nlh, PE_INFO_STATS, 0, NULL);
	return pe_sock_ask(sock, nlh, stats_hear, info, refusal);
}

/* What is counted and what is there, of one generation. */
static int stats_read(struct pe_sock *sock, struct pe_info *info, struct pe_config *config,
		      struct pe_refusal *refusal)
{
	int err, tries = KERNEL_TRIES;

	do {
		err = stats_ask(sock, info, refusal);
		if (!err)
			err = kernel_read(sock, config, PE_ALL_KINDS, true, refusal);
	} while (!err && info->generation != config->generation && --tries);
	if (!err && !tries)
		err = pe_refusal_set(refusal, EINTR,
				     "the configuration kept changing while it was read");
	return err;
}

static int stats_metrics(struct pe_sock *sock)
{
	struct pe_config config = { 0 };
	struct pe_refusal refusal;
	struct pe_info info = { 0 };
	int code = EXIT_DONE;

	if (stats_read(sock, &info, &config, &refusal))
		code = kernel_refused(&refusal);
	else
		openmetrics_print(stdout, &info, &config);
	pe_config_free(&config);
	return code;
}

static void print_most(struct printer *p, const char *key, uint32_t limit)
{
	if (limit)
		print_uint(p, key, " of at most %llu", limit);
	print_text(p, "\n");
}

static void print_drops(struct printer *p, const struct pe_info *info)
{
	uint32_t i;

	print_array(p, "drops");
	for (i = 0; i < PE_INFO_DROPS; i++) {
		if (!info->dropped[i] || i == PE_DROP_NONE)
			continue;
		print_object(p, NULL);
		print_string(p, "reason", "dropped %-15s", pe_drop_name(i));
		print_uint(p, "packets", " %llu packets", info->drops[i]);
		print_string(p, "text", "  (%s)\n", pe_drop_text(i));
		print_close(p);
	}
	print_close(p);
}

static void print_flow_counts(struct printer *p, const struct pe_info *info)
{
	const uint64_t *counts = info->flow_counts;

	print_uint(p, "flows", "flows %llu", info->flows);
	print_uint(p, "flows_max", " of at most %llu\n", info->flows_max);
	if (!info->flows_counted)
		return;
	print_object(p, "flow_counts");
	print_uint(p, "made", "flows made %llu\n", counts[PE_FLOW_COUNTS_MADE]);
	print_uint(
		p, "over",
		"flows over %llu packets  (of flows that there was no room to remember; they went on without)\n",
		counts[PE_FLOW_COUNTS_OVER]);
	print_uint(p, "evicted",
		   "flows evicted %llu  (nothing had come back, forgotten early to make room)\n",
		   counts[PE_FLOW_COUNTS_EVICTED]);
	print_uint(p, "failed",
		   "flows failed %llu packets  (of flows that there was no memory to remember)\n",
		   counts[PE_FLOW_COUNTS_FAILED]);
	print_close(p);
}

static void print_info(struct printer *p, const struct pe_info *info)
{
	print_object(p, NULL);
	print_uint(p, "version", NULL, PRINTER_VERSION);
	if (info->version[0])
		print_string(p, "module", "module %s\n", info->version);
	print_uint(p, "generation", "generation %llu\n", info->generation);
	print_uint(p, "devices", "devices %llu", info->devices);
	print_most(p, "devices_max", info->devices_max);
	print_uint(p, "pools", "pools %llu", info->pools);
	print_most(p, "pools_max", info->pools_max);
	print_uint(p, "acls", "acls %llu", info->acls);
	print_most(p, "acls_max", info->acls_max);
	print_uint(p, "services", "services %llu", info->services);
	print_most(p, "services_max", info->services_max);
	print_uint(p, "addresses", "addresses %llu\n", info->addresses);
	print_flow_counts(p, info);
	print_drops(p, info);
	print_close(p);
}

static int stats_text(struct pe_sock *sock, const struct options *options)
{
	struct pe_info info = { 0 };
	struct pe_refusal refusal;
	struct printer p;

	if (stats_ask(sock, &info, &refusal))
		return kernel_refused(&refusal);
	printer_init(&p, stdout, options);
	print_info(&p, &info);
	return EXIT_DONE;
}

/**
 * command_stats() - print how much the kernel has, and what it dropped
 * @options: the options
 *
 * Return: the exit code.
 */
int command_stats(const struct options *options)
{
	struct pe_sock sock;
	int code = kernel_open(&sock, options);

	if (code)
		return code;
	code = options->openmetrics ? stats_metrics(&sock) : stats_text(&sock, options);
	pe_sock_close(&sock);
	return code;
}
