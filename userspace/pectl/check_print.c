// SPDX-License-Identifier: GPL-2.0-only

#include "check_print.h"

#include <string.h>

#include "check_plan.h"
#include "options.h"
#include "printer.h"

#define PRINT_NS 1000ULL

static const char *const way_names[] = {
	[PE_CHECK_AT] = "at",
	[PE_CHECK_THROUGH] = "through",
	[PE_CHECK_ROUTED] = "routed",
};

static void print_leg_way(struct printer *p, const struct pe_check *check)
{
	print_string(p, "way", NULL, way_names[check->way]);
	if (check->way == PE_CHECK_ROUTED)
		return;
	if (check->way == PE_CHECK_AT) {
		print_string(p, "dev", " dev %s", check->out.dev);
		return;
	}
	print_string(p, "outside", " from %s", check->out.dev);
	print_string(p, "inside", " to %s", check->in.dev);
}

/* What was sent, where anything was. */
static void print_leg_sent(struct printer *p, const struct pe_check *check)
{
	char buf[PE_ADDR_STRLEN];

	if (check->kind == PE_CHECK_NOTHING)
		return;
	print_string(p, "kind", "  %s", pe_check_kind_name(check->kind));
	print_string(p, "from", NULL, pe_addr_format(&check->from, buf));
	print_string(p, "to", " %s", pe_addr_format(&check->to, buf));
	if (check->port)
		print_uint(p, "port", " port %llu", check->port);
	print_leg_way(p, check);
	if (check->health != PE_HEALTH_UP)
		return;
	print_uint(p, "microseconds", NULL, check->spent / PRINT_NS);
	print_uint(p, NULL, "  %llu us", check->spent / PRINT_NS);
}

static void print_leg_place(struct printer *p, const struct leg *leg)
{
	print_string(p, "service", "%s", leg->service->o.name);
	print_uint(p, "step", " step %llu  ", leg->step + 1);
}

/**
 * print_leg() - print what came of one check
 * @p: where to
 * @leg: what was checked
 * @steps: say which step of which service it is
 */
void print_leg(struct printer *p, const struct leg *leg, bool steps)
{
	const struct pe_check *check = &leg->check;

	print_object(p, NULL);
	if (steps && leg->service)
		print_leg_place(p, leg);
	print_string(p, "device", "%-15s", leg->device->o.name);
	print_string(p, "health", "  %-7s", pe_health_name(check->health));
	print_string(p, "cause", NULL, pe_check_cause_name(check->cause));
	print_leg_sent(p, check);
	if (check->evidence[0])
		print_string(p, "evidence", "  %s", check->evidence);
	print_text(p, "\n");
	print_close(p);
}

/**
 * print_legs() - print what came of all checks
 * @p: where to
 * @plan: what was checked
 * @steps: say which step of which service each is
 */
void print_legs(struct printer *p, const struct plan *plan, bool steps)
{
	size_t i;

	print_document(p);
	print_list(p, "checks");
	for (i = 0; i < plan->count; i++)
		print_leg(p, &plan->legs[i], steps);
	print_list_end(p);
	print_document_end(p);
}
