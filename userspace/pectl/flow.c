// SPDX-License-Identifier: GPL-2.0-only
/* Flows that services with state remember. */

#include <addr.h>
#include <errno.h>
#include <flow.h>
#include <libmnl/libmnl.h>
#include <linux/netlink.h>
#include <linux/pe.h>
#include <refusal.h>
#include <stdio.h>

#include "commands.h"
#include "kernel.h"
#include "print_object.h"
#include "printer.h"

static void print_flow_devices(struct printer *p, const struct pe_flow *flow)
{
	unsigned int i;

	print_array(p, "devices");
	for (i = 0; i < flow->ndevices; i++)
		print_string(p, "", i ? ", %s" : " devices %s", flow->devices[i]);
	print_close(p);
}

static void print_flow_times(struct printer *p, const struct pe_flow *flow)
{
	/* The kernel notes it once a second. */
	print_uint(p, "idle", NULL, flow->idle);
	print_uint(p, NULL, ", idle %llus", flow->idle / 1000);
	print_uint(p, "left", NULL, flow->left);
	print_uint(p, NULL, ", left %llus", flow->left / 1000);
}

static void print_flow(struct printer *p, const struct pe_flow *flow)
{
	char buf[PE_ADDR_STRLEN];

	print_object(p, NULL);
	print_string(p, "service", "%s", flow->service);
	if (flow->has_proto)
		print_proto(p, flow->proto);
	print_string(p, "client", " client %s", pe_addr_format(&flow->client, buf));
	if (flow->port)
		print_uint(p, "port", " port %llu", flow->port);
	print_flow_devices(p, flow);
	print_string(p, "phase", "  (%s", pe_flow_phase_name(flow->phase));
	if (p->options->stats)
		print_flow_times(p, flow);
	print_text(p, ")\n");
	print_close(p);
}

static int flow_hear(const struct nlmsghdr *nlh, void *arg)
{
	struct pe_flow flow;

	if (pe_flow_get(&flow, nlh))
		return -EBADMSG;
	print_flow(arg, &flow);
	return 0;
}

static int flow_refused(struct pe_refusal *refusal)
{
	if (refusal->err == EPERM)
		pe_refusal_set(
			refusal, EACCES,
			"what flows there are is told only with CAP_NET_ADMIN in this network namespace (try sudo)");
	return kernel_refused(refusal);
}

/**
 * command_flow() - print flows that are remembered
 * @request: which
 * @options: the options
 *
 * There may be millions: each is printed as it comes.
 *
 * Return: the exit code.
 */
int command_flow(const struct request *request, const struct options *options)
{
	struct pe_refusal refusal;
	struct nlmsghdr *nlh;
	struct pe_sock sock;
	struct printer p;
	int code, err;

	code = kernel_open(&sock, options);
	if (code)
		return code;
	printer_init(&p, stdout, options);
	print_document(&p);
	print_list(&p, "flows");
	nlh = pe_sock_request(&sock, PE_CMD_FLOW_GET, NLM_F_DUMP);
	pe_flow_filter_put(nlh, &request->flows);
	err = pe_sock_ask(&sock, nlh, flow_hear, &p, &refusal);
	print_list_end(&p);
	print_document_end(&p);
	if (err)
		code = flow_refused(&refusal);
	pe_sock_close(&sock);
	return code;
}

static int flow_hear_count(const struct nlmsghdr *nlh, void *arg)
{
	*(uint32_t *)arg = pe_flow_count(nlh);
	return 0;
}

/**
 * command_flow_flush() - have flows forgotten
 * @request: which
 * @options: the options
 *
 * Return: the exit code.
 */
int command_flow_flush(const struct request *request, const struct options *options)
{
	struct pe_refusal refusal;
	struct nlmsghdr *nlh;
	struct pe_sock sock;
	uint32_t count = 0;
	struct printer p;
	int code;

	code = kernel_open(&sock, options);
	if (code)
		return code;
	nlh = pe_sock_request(&sock, PE_CMD_FLOW_FLUSH, NLM_F_ACK);
	pe_flow_filter_put(nlh, &request->flows);
	if (pe_sock_ask(&sock, nlh, flow_hear_count, &count, &refusal)) {
		code = flow_refused(&refusal);
	} else {
		printer_init(&p, stdout, options);
		print_object(&p, NULL);
		print_uint(&p, "version", NULL, PRINTER_VERSION);
		print_uint(&p, "forgotten", "%llu flows are forgotten\n", count);
		print_close(&p);
	}
	pe_sock_close(&sock);
	return code;
}
