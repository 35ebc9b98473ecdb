// SPDX-License-Identifier: GPL-2.0-only
/* How much the kernel has, and what it dropped. */

#include <info.h>
#include <libmnl/libmnl.h>
#include <linux/pe.h>
#include <refusal.h>
#include <stdio.h>

#include "commands.h"
#include "kernel.h"
#include "printer.h"

static int stats_hear(const struct nlmsghdr *nlh, void *arg)
{
	pe_info_get(arg, nlh);
	return 0;
}

static int stats_ask(struct pe_sock *sock, struct pe_info *info)
{
	struct nlmsghdr *nlh = pe_sock_request(sock, PE_CMD_INFO_GET, NLM_F_ACK);
	struct pe_refusal refusal;

	mnl_attr_put(nlh, PE_INFO_STATS, 0, NULL);
	if (pe_sock_ask(sock, nlh, stats_hear, info, &refusal))
		return kernel_refused(&refusal);
	return EXIT_DONE;
}

static void print_limit(struct printer *p, const char *key, uint32_t limit)
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

static void print_info(struct printer *p, const struct pe_info *info)
{
	print_object(p, NULL);
	print_uint(p, "version", NULL, PRINTER_VERSION);
	if (info->version[0])
		print_string(p, "module", "module %s\n", info->version);
	print_uint(p, "generation", "generation %llu\n", info->generation);
	print_uint(p, "devices", "devices %llu", info->devices);
	print_limit(p, "devices_max", info->devices_max);
	print_uint(p, "services", "services %llu", info->services);
	print_limit(p, "services_max", info->services_max);
	print_uint(p, "addresses", "addresses %llu\n", info->addresses);
	print_drops(p, info);
	print_close(p);
}

/**
 * command_stats() - print how much the kernel has, and what it dropped
 * @options: the options
 *
 * Return: the exit code.
 */
int command_stats(const struct options *options)
{
	struct pe_info info = { 0 };
	struct pe_sock sock;
	struct printer p;
	int code = kernel_open(&sock, options);

	if (code)
		return code;
	code = stats_ask(&sock, &info);
	pe_sock_close(&sock);
	printer_init(&p, stdout, options);
	if (!code)
		print_info(&p, &info);
	return code;
}
