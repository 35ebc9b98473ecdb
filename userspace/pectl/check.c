// SPDX-License-Identifier: GPL-2.0-only
/* Whether devices do what they should, now. */

#include <checker.h>
#include <event2/event.h>
#include <object.h>
#include <refusal.h>
#include <stdio.h>
#include <string.h>

#include "check_plan.h"
#include "check_print.h"
#include "commands.h"
#include "kernel.h"
#include "printer.h"

/* Checks begun at once: an interface has a queue, and its peers have too. */
#define CHECK_BURST 64
#define CHECK_PAUSE_US 2000

/**
 * struct checking - one round of everything
 * @sock: to the engine
 * @plan: what to check
 * @checker: what does it
 * @begun: checks begun
 * @left: checks that are not over
 * @more: begins the next ones
 */
struct checking {
	struct pe_sock sock;
	struct plan plan;
	struct pe_checker checker;
	size_t begun;
	size_t left;
	struct event *more;
};

static void check_over(struct pe_check *check, void *arg)
{
	struct checking *checking = arg;

	(void)check;
	if (!--checking->left)
		event_base_loopbreak(checking->checker.base);
}

static void check_begin(evutil_socket_t fd, short what, void *arg)
{
	static const struct timeval pause = { 0, CHECK_PAUSE_US };
	struct checking *checking = arg;
	int burst = CHECK_BURST;

	(void)fd;
	(void)what;
	while (burst-- && checking->begun < checking->plan.count)
		pe_checker_start(&checking->plan.legs[checking->begun++].check);
	if (checking->begun < checking->plan.count)
		event_add(checking->more, &pause);
}

static void check_loop(struct checking *checking)
{
	checking->left = checking->plan.count;
	if (!checking->left)
		return;
	checking->more = evtimer_new(checking->checker.base, check_begin, checking);
	event_active(checking->more, EV_TIMEOUT, 0);
	event_base_dispatch(checking->checker.base);
	event_free(checking->more);
}

static int check_run(struct checking *checking)
{
	struct pe_refusal refusal;
	size_t i;

	if (pe_checker_open(&checking->checker, &refusal))
		return kernel_refused(&refusal);
	for (i = 0; i < checking->plan.count; i++) {
		struct pe_check *check = &checking->plan.legs[i].check;

		check->done = check_over;
		check->arg = checking;
		pe_checker_add(&checking->checker, check);
	}
	if (pe_checker_listen(&checking->checker, &checking->sock, &refusal)) {
		pe_checker_close(&checking->checker);
		return kernel_refused(&refusal);
	}
	check_loop(checking);
	pe_checker_close(&checking->checker);
	return EXIT_DONE;
}

static bool check_any_down(const struct plan *plan)
{
	size_t i;

	for (i = 0; i < plan->count; i++)
		if (plan->legs[i].check.health == PE_HEALTH_DOWN)
			return true;
	return false;
}

static int check_planned(struct checking *checking, const struct request *request,
			 const struct options *options)
{
	int code = check_run(checking);
	struct printer p;

	if (code)
		return code;
	printer_init(&p, stdout, options);
	print_legs(&p, &checking->plan, request->kind == REQUEST_VALIDATE);
	return check_any_down(&checking->plan) ? EXIT_DOWN : EXIT_DONE;
}

static int check_plan(struct checking *checking, const struct request *request)
{
	struct plan *plan = &checking->plan;
	struct pe_refusal refusal;

	plan->what = &request->check;
	if (kernel_read(&checking->sock, &plan->config, PE_ALL_KINDS, false, &refusal))
		return kernel_refused(&refusal);
	if (pe_links_read(&plan->links)) {
		perror("pectl: error: cannot read the interfaces");
		return EXIT_REFUSED;
	}
	plan_names(plan, &request->names, 0);
	return plan->absent ? EXIT_REFUSED : EXIT_DONE;
}

/**
 * command_check() - check devices once
 * @request: which, and how
 * @options: the options
 *
 * Return: the exit code, EXIT_DOWN where one of them is down.
 */
int command_check(const struct request *request, const struct options *options)
{
	struct checking checking = { .begun = 0 };
	int code = kernel_open(&checking.sock, options);

	if (code)
		return code;
	code = check_plan(&checking, request);
	if (!code)
		code = check_planned(&checking, request, options);
	plan_free(&checking.plan);
	pe_sock_close(&checking.sock);
	return code;
}

/**
 * command_validate() - check a service once, leg by leg
 * @request: which
 * @options: the options
 *
 * Return: the exit code, EXIT_DOWN where a leg of it is down.
 */
int command_validate(const struct request *request, const struct options *options)
{
	return command_check(request, options);
}
