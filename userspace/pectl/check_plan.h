/* SPDX-License-Identifier: GPL-2.0-only */
/* Which checks tell how devices are, as the services use them. */
#ifndef PECTL_CHECK_PLAN_H
#define PECTL_CHECK_PLAN_H

#include <check.h>
#include <config.h>
#include <device.h>
#include <links.h>
#include <service.h>
#include <stddef.h>

struct nlmsghdr;
struct pe_changes;
struct request_check;

/**
 * struct leg - a device, or its place in a service, and the check of it
 * @device: the device
 * @service: whose packets it is checked with, or NULL
 * @step: its place in the sequence of that, from 0
 * @proto: protocol that it is handed there, 0 for any
 * @port: port that it is handed there, 0 for any
 * @rank: how well that suits a check
 * @server: packets end there
 * @check: the check
 */
struct leg {
	const struct pe_device *device;
	const struct pe_service *service;
	unsigned int step;
	uint8_t proto;
	uint16_t port;
	uint8_t rank;
	bool server;
	struct pe_check check;
};

/**
 * struct plan - all that is to be checked
 * @config: devices and services, as the kernel has them
 * @links: interfaces, as they are now
 * @what: how to check
 * @legs: what to check, in the order of names or of a sequence
 * @count: how many
 * @absent: how many of the names are not there
 */
struct plan {
	struct pe_config config;
	struct pe_links links;
	const struct request_check *what;
	struct leg *legs;
	size_t count;
	size_t absent;
};

void plan_names(struct plan *plan, const struct pe_changes *names, size_t told);
bool plan_has_neighbour(const struct plan *plan, const struct nlmsghdr *nlh);
void plan_free(struct plan *plan);

#endif
