// SPDX-License-Identifier: GPL-2.0-only
/* Changes and events as they happen. */

#include <arena.h>
#include <config.h>
#include <errno.h>
#include <event.h>
#include <libmnl/libmnl.h>
#include <linux/genetlink.h>
#include <linux/pe.h>
#include <noun.h>
#include <refusal.h>
#include <stdio.h>
#include <string.h>
#include <sys/time.h>
#include <time.h>

#include "commands.h"
#include "kernel.h"
#include "print_object.h"
#include "printer.h"

#define MONITOR_TIME 64

/* What listens. */
struct monitor {
	struct pe_sock *sock;
	struct pe_arena arena;
	struct printer p;
};

static void monitor_time(char *buf)
{
	struct timeval now;
	struct tm tm;
	size_t len;

	gettimeofday(&now, NULL);
	localtime_r(&now.tv_sec, &tm);
	len = strftime(buf, MONITOR_TIME - 16, "%Y-%m-%dT%H:%M:%S", &tm);
	snprintf(buf + len, MONITOR_TIME - len, ".%06ld", (long)now.tv_usec);
}

static void monitor_start_line(struct monitor *monitor)
{
	struct printer *p = &monitor->p;
	char now[MONITOR_TIME];

	print_object(p, NULL);
	print_uint(p, "version", NULL, PRINTER_VERSION);
	if (!p->options->timestamp)
		return;
	monitor_time(now);
	print_string(p, "timestamp", "[%s] ", now);
}

static void monitor_object(struct monitor *monitor, const struct nlmsghdr *nlh)
{
	struct printer *p = &monitor->p;
	struct pe_object *object;
	const char *what;

	if (pe_object_decode(&object, &monitor->arena, nlh))
		return;
	what = pe_noun_of(object)->name;
	monitor_start_line(monitor);
	if (object->verb != PE_VERB_DEL) {
		print_string(p, "event", "%s ",
			     nlh->nlmsg_flags & NLM_F_REPLACE ? "change" : "add");
		print_any(p, object);
	} else {
		print_string(p, "event", "%s ", "delete");
		print_string(p, NULL, "%s ", what);
		print_object(p, what);
		print_string(p, "name", "%s", object->name);
		print_owner(p, object, " owner %s");
		print_text(p, "\n");
		print_close(p);
	}
	print_close(p);
}

static void monitor_claim(struct printer *p, const struct pe_occurrence *event)
{
	char address[PE_ADDR_STRLEN], mac[PE_MAC_STRLEN];

	print_string(p, "address", " address %s", pe_addr_format(&event->address, address));
	print_string(p, "lladdr", " lladdr %s", pe_mac_format(event->lladdr, mac));
}

static void monitor_devices(struct printer *p, const struct pe_occurrence *event)
{
	unsigned int i;

	print_array(p, "devices");
	for (i = 0; i < event->ndevices; i++)
		print_string(p, "device", i ? ", %s" : " devices %s", event->devices[i]);
	print_close(p);
}

static void monitor_state(struct printer *p, const struct pe_occurrence *event)
{
	if (event->ndevices)
		print_string(p, "device", " device %s ", event->devices[0]);
	print_state(p, event->state, event->cause, event->since,
		    event->evidence ? event->evidence : "");
}

static void monitor_services(struct printer *p, const struct pe_occurrence *event)
{
	unsigned int i;

	print_array(p, "services");
	for (i = 0; i < event->nservices; i++)
		print_string(p, "service", i ? ", %s" : " services %s", event->services[i]);
	print_close(p);
}

static void monitor_event(struct monitor *monitor, const struct nlmsghdr *nlh)
{
	struct printer *p = &monitor->p;
	struct pe_occurrence event;

	pe_event_get(&event, &monitor->arena, nlh);
	monitor_start_line(monitor);
	print_string(p, "event", "%s", pe_event_name(event.kind));
	if (event.kind == PE_EVENT_DEVICE_STATE)
		monitor_state(p, &event);
	if (event.pool)
		print_string(p, "pool", " pool %s", event.pool);
	if (event.dev)
		print_string(p, "dev", " dev %s", event.dev);
	if (event.address.len)
		monitor_claim(p, &event);
	else if (event.ndevices && event.kind != PE_EVENT_DEVICE_STATE)
		monitor_devices(p, &event);
	if (event.nservices)
		monitor_services(p, &event);
	print_text(p, "\n");
	print_close(p);
}

static int monitor_message(const struct nlmsghdr *nlh, void *arg)
{
	const struct genlmsghdr *genl = mnl_nlmsg_get_payload(nlh);
	struct monitor *monitor = arg;

	if (nlh->nlmsg_type != monitor->sock->family ||
	    mnl_nlmsg_get_payload_len(nlh) < sizeof(*genl))
		return 0;
	if (genl->cmd == PE_CMD_EVENT_NTF)
		monitor_event(monitor, nlh);
	else
		monitor_object(monitor, nlh);
	pe_arena_reset(&monitor->arena);
	return 0;
}

static int monitor_listen(struct monitor *monitor)
{
	int err;

	do {
		err = pe_sock_receive(monitor->sock, monitor_message, monitor);
		if (err == -ENOBUFS)
			fputs("pectl: warning: more happened than could be read; some of it is lost\n",
			      stderr);
		if (fflush(monitor->p.out))
			return EXIT_DONE;
	} while (!err || err == -ENOBUFS || err == -EINTR);
	return kernel_is_deaf(err);
}

static int monitor_join(struct pe_sock *sock, unsigned int groups)
{
	struct pe_refusal refusal;

	if ((groups & REQUEST_MONITOR_CONFIG) && pe_sock_join(sock, sock->config_group, &refusal))
		return kernel_refused(&refusal);
	if ((groups & REQUEST_MONITOR_EVENTS) && pe_sock_join(sock, sock->events_group, &refusal))
		return kernel_refused(&refusal);
	return EXIT_DONE;
}

/**
 * command_monitor() - print changes and events as they happen
 * @request: which of them
 * @options: the options
 *
 * Return: the exit code; normally it does not return.
 */
int command_monitor(const struct request *request, const struct options *options)
{
	unsigned int groups = request->groups ? request->groups :
						REQUEST_MONITOR_CONFIG | REQUEST_MONITOR_EVENTS;
	struct options line = *options;
	struct pe_sock sock;
	struct monitor monitor = { .sock = &sock };
	int code;

	line.pretty = line.brief = false;
	line.oneline = true;
	code = kernel_open(&sock, options);
	if (code)
		return code;
	printer_init(&monitor.p, stdout, &line);
	code = monitor_join(&sock, groups);
	if (!code)
		code = monitor_listen(&monitor);
	pe_arena_free(&monitor.arena);
	pe_sock_close(&sock);
	return code;
}
