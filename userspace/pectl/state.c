// SPDX-License-Identifier: GPL-2.0-only
/* Devices put up, down, into maintenance, or drained. */

#include <device.h>
#include <libmnl/libmnl.h>
#include <linux/pe.h>
#include <object.h>
#include <refusal.h>

#include "commands.h"
#include "kernel.h"

/**
 * command_state() - say that devices are in a state
 * @request: which devices, and which state
 * @options: the options
 *
 * Return: the exit code.
 */
int command_state(const struct request *request, const struct options *options)
{
	struct pe_refusal refusal;
	struct nlmsghdr *nlh;
	struct pe_sock sock;
	int code, err = 0;
	size_t i;

	code = kernel_open(&sock, options);
	if (code)
		return code;
	for (i = 0; i < request->names.count && !err; i++) {
		nlh = pe_sock_request(&sock, PE_CMD_DEVICE_STATE, NLM_F_ACK);
		pe_device_put_state(nlh, request->names.list[i]->name, request->state,
				    PE_CAUSE_COMMAND, NULL);
		if (options->owner)
			mnl_attr_put_strz(nlh, PE_DEVICE_ACTS_AS, options->owner);
		err = pe_sock_ask(&sock, nlh, NULL, NULL, &refusal);
	}
	if (err)
		code = kernel_refused(&refusal);
	pe_sock_close(&sock);
	return code;
}
