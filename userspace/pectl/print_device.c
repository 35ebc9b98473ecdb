// SPDX-License-Identifier: GPL-2.0-only

#include <device.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "options.h"
#include "print_object.h"
#include "printer.h"

static const char *const device_kinds[] = {
	[PE_DEVICE_KIND_SERVER] = "server",
	[PE_DEVICE_KIND_INLINE] = "inline",
	[PE_DEVICE_KIND_TAP] = "tap",
};

static const char *const device_modes[] = {
	[PE_SERVER_MODE_LOOPBACK] = "loopback",
	[PE_SERVER_MODE_ALIAS] = "alias",
	[PE_SERVER_MODE_NAT] = "nat",
};

#define WORD_OF(words, i) ((i) < sizeof(words) / sizeof(*(words)) ? (words)[i] : "unknown")

static bool port_is(const struct pe_port *port, int attr)
{
	return port->has & PE_HAS(attr);
}

static bool device_is(const struct pe_device *device, int attr)
{
	return device->has & PE_HAS(attr);
}

/**
 * print_state() - print how a device is and why
 * @p: the printer
 * @state: enum pe_device_state
 * @cause: enum pe_cause
 * @since: nanoseconds since 1970
 * @evidence: what was seen, an empty string for nothing
 */
void print_state(struct printer *p, uint32_t state, uint32_t cause, uint64_t since,
		 const char *evidence)
{
	time_t seconds = (time_t)(since / 1000000000);
	char now[64] = "", text[80];
	struct tm tm;

	if (gmtime_r(&seconds, &tm))
		strftime(now, sizeof(now), "%Y-%m-%dT%H:%M:%S", &tm);
	snprintf(text, sizeof(text), "%s.%03uZ", now, (unsigned int)(since / 1000000 % 1000));
	print_string(p, "state", "%s", pe_state_name(state));
	print_string(p, "since", " since %s", text);
	print_string(p, "cause", " by %s", pe_cause_name(cause));
	if (*evidence)
		print_string(p, "evidence", ": %s", evidence);
}

static void print_port_now(struct printer *p, const struct pe_port *port)
{
	char buf[PE_MAC_STRLEN];

	if (!p->options->details)
		return;
	if (port_is(port, PE_PORT_IFINDEX))
		print_uint(p, "ifindex", NULL, port->ifindex);
	if (port_is(port, PE_PORT_RESOLVED))
		print_string(p, "resolved", NULL, pe_mac_format(port->resolved, buf));
}

static void print_port(struct printer *p, const struct pe_port *port, const char *key)
{
	char buf[PE_ADDR_STRLEN];

	print_object(p, key);
	if (port_is(port, PE_PORT_DEV))
		print_string(p, "dev", " dev %s", port->dev);
	if (port_is(port, PE_PORT_LLADDR))
		print_string(p, "lladdr", " lladdr %s", pe_mac_format(port->lladdr, buf));
	if (port_is(port, PE_PORT_VIA))
		print_string(p, "via", " via %s", pe_addr_format(&port->via, buf));
	if (port_is(port, PE_PORT_REMOTE))
		print_string(p, "remote", " remote %s", pe_addr_format(&port->remote, buf));
	if (port_is(port, PE_PORT_VNI))
		print_uint(p, "vni", " vni %llu", port->vni);
	print_port_now(p, port);
	print_close(p);
}

static void print_device_ports(struct printer *p, const struct pe_device *device)
{
	bool two_sided = device_is(device, PE_DEVICE_INSIDE);

	if (two_sided && device_is(device, PE_DEVICE_OUTSIDE))
		print_text(p, " outside");
	if (device_is(device, PE_DEVICE_OUTSIDE))
		print_port(p, &device->outside, "outside");
	if (two_sided) {
		print_text(p, " inside");
		print_port(p, &device->inside, "inside");
	}
}

static void print_device_address(struct printer *p, const struct pe_device *device,
				 const char *format)
{
	char buf[PE_ADDR_STRLEN];

	if (device_is(device, PE_DEVICE_ADDRESS))
		print_string(p, "address", format, pe_addr_format(&device->address, buf));
}

static void print_device_statements(struct printer *p, const struct pe_device *device)
{
	bool server = device_is(device, PE_DEVICE_KIND) && device->kind == PE_DEVICE_KIND_SERVER;

	if (device_is(device, PE_DEVICE_KIND))
		print_string(p, "kind", " %s", WORD_OF(device_kinds, device->kind));
	if (device_is(device, PE_DEVICE_TRANSPARENT))
		print_true(p, "transparent", " transparent");
	print_device_ports(p, device);
	if (server)
		print_device_address(p, device, " address %s");
	if (device_is(device, PE_DEVICE_MODE))
		print_string(p, "mode", " mode %s", WORD_OF(device_modes, device->mode));
	print_text(p, ";");
	if (!server)
		print_device_address(p, device, " address %s;");
	if (device_is(device, PE_DEVICE_GUARD))
		print_true(p, "guard", " guard;");
	print_owner(p, &device->o, " owner %s;");
	if (device_is(device, PE_DEVICE_MEASURE))
		print_true(p, "measure", " measure;");
}

static void print_port_comment(struct printer *p, const char *side, const struct pe_port *port)
{
	char buf[PE_MAC_STRLEN];

	if (p->options->json || !port_is(port, PE_PORT_DEV))
		return;
	print_comment(p);
	print_string(p, NULL, "%s", side);
	if (port->ifindex)
		print_uint(p, NULL, " ifindex %llu", port->ifindex);
	else
		print_text(p, " interface not there");
	if (!port_is(port, PE_PORT_VIA))
		return;
	if (port_is(port, PE_PORT_RESOLVED))
		print_string(p, NULL, ", lladdr now %s", pe_mac_format(port->resolved, buf));
	else
		print_text(p, ", lladdr not known");
}

static void print_device_details(struct printer *p, const struct pe_device *device)
{
	bool two_sided = device_is(device, PE_DEVICE_INSIDE);

	print_comment(p);
	print_uint(p, "id", "id %llu", device->id);
	print_uint(p, "users", ", used by %llu services", device->users);
	print_uint(p, "generation", ", generation %llu", device->generation);
	if (device_is(device, PE_DEVICE_OUTSIDE))
		print_port_comment(p, two_sided ? "outside" : "port", &device->outside);
	if (two_sided)
		print_port_comment(p, "inside", &device->inside);
}

/* A device that works needs no mention. */
static void print_device_state(struct printer *p, const struct pe_device *device)
{
	const struct options *options = p->options;

	if (!device_is(device, PE_DEVICE_STATE))
		return;
	if (device->state == PE_DEVICE_STATE_UP && !options->details && !options->stats)
		return;
	print_comment(p);
	print_state(p, device->state, device->cause, device->since, device->evidence);
}

static void print_device_full(struct printer *p, const struct pe_device *device)
{
	print_object(p, "device");
	print_string(p, "name", "device %s {", device->o.name);
	print_device_statements(p, device);
	print_text(p, " }");
	if (p->options->details)
		print_device_details(p, device);
	print_device_state(p, device);
	if (p->options->stats && device_is(device, PE_DEVICE_FORWARD)) {
		print_comment(p);
		print_counters(p, &device->forward, &device->reverse);
		if (device->nlatency)
			print_latency(p, device->latency, device->nlatency);
	}
	print_comments_end(p);
	print_close(p);
}

static void print_device_brief(struct printer *p, const struct pe_device *device)
{
	const char *mode = device_is(device, PE_DEVICE_MODE) ? WORD_OF(device_modes, device->mode) :
							       "-";
	char buf[PE_ADDR_STRLEN];

	print_string(p, NULL, "%-16s", device->o.name);
	print_string(p, NULL, " %-7s", WORD_OF(device_kinds, device->kind));
	print_string(p, NULL, " %-12s",
		     device_is(device, PE_DEVICE_TRANSPARENT) ? "transparent" : mode);
	if (device_is(device, PE_DEVICE_OUTSIDE))
		print_string(p, NULL, " %s", device->outside.dev);
	if (device_is(device, PE_DEVICE_INSIDE))
		print_string(p, NULL, " %s", device->inside.dev);
	if (device_is(device, PE_DEVICE_ADDRESS))
		print_string(p, NULL, " %s", pe_addr_format(&device->address, buf));
	if (device->state != PE_DEVICE_STATE_UP)
		print_string(p, NULL, " %s", pe_state_name(device->state));
	print_owner(p, &device->o, " owner %s");
	print_text(p, "\n");
}

/**
 * print_device() - print a device
 * @p: the printer
 * @device: the device
 */
void print_device(struct printer *p, const struct pe_device *device)
{
	if (p->options->brief && !p->options->json)
		print_device_brief(p, device);
	else
		print_device_full(p, device);
}
