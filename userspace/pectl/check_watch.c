// SPDX-License-Identifier: GPL-2.0-only
/* Devices checked again and again; the kernel is told of changes. */

#include <arena.h>
#include <checker.h>
#include <device.h>
#include <errno.h>
#include <event.h>
#include <event2/event.h>
#include <libmnl/libmnl.h>
#include <linux/genetlink.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <refusal.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "check_plan.h"
#include "check_print.h"
#include "commands.h"
#include "kernel.h"
#include "printer.h"

/* Checks begin at whole ticks, so that several are done at one awakening. */
#define WATCH_TICK_NS 10000000ULL
#define WATCH_MS 1000000ULL

/* Changes come in bunches, and what is not there now may be there soon. */
#define WATCH_SOON_MS 100
#define WATCH_RETRY_MS 1000
#define WATCH_AGAIN_MS 5000

/* Room for what is told of an interface, or of several. */
#define WATCH_LINKS_SIZE 32768

/**
 * struct ward - a device that is watched
 * @o: its name
 * @watch: who watches it
 * @leg: how it is checked
 * @id: number that the kernel gave it
 * @good: rounds in a row in which it did what it should
 * @bad: rounds in a row in which it did not
 * @known: enum pe_health that the kernel knows, or was told in vain
 * @broken: whether a new plan has broken a round off
 * @vain: whether the kernel did not take @known
 * @stuck: whether it has been told that it cannot be checked
 * @judged: whether the plan itself found it dead, and that was counted
 */
struct ward {
	struct pe_object o;
	struct watching *watch;
	struct leg *leg;
	uint32_t id;
	unsigned int good;
	unsigned int bad;
	uint8_t known;
	bool broken;
	bool vain;
	bool stuck;
	bool judged;
};

/**
 * struct watching - devices that are watched
 * @request: which, and how
 * @sock: tells the kernel
 * @news: hears from the kernel
 * @links: hears of interfaces
 * @plan: what to check
 * @checker: what does it
 * @wards: the devices
 * @names: the same by name
 * @count: how many
 * @next: the one to be checked next
 * @cycle: when the round began that is under way
 * @planned: when the plan was made
 * @missed: whether something was not heard that the kernel said
 * @changed: whether the configuration has changed since
 * @p: where it is told of
 * @arena: the memory of an event
 * @turn: begins checks
 * @renew: plans anew, soon
 * @again: plans anew where nobody tells that something has changed
 * @ears: of @news, @links and of signals
 * @code: how to end
 */
struct watching {
	const struct request *request;
	struct pe_sock sock;
	struct pe_sock news;
	int links;
	struct plan plan;
	struct pe_checker checker;
	struct ward *wards;
	struct pe_table names;
	size_t count;
	size_t next;
	uint64_t cycle;
	uint64_t planned;
	bool missed;
	bool changed;
	struct printer p;
	struct pe_arena arena;
	struct event *turn;
	struct event *renew;
	struct event *again;
	struct event *ears[4];
	int code;
};

static void watch_after(struct event *event, unsigned int ms)
{
	struct timeval after = { ms / 1000, ms % 1000 * 1000 };

	event_add(event, &after);
}

/* Rounds that the last plan began anew end before they are broken off again. */
static void watch_renew_soon(struct watching *watch)
{
	uint64_t passed = (pe_checker_now() - watch->planned) / WATCH_MS;
	uint64_t whole = watch->request->check.timeout + WATCH_SOON_MS;
	uint64_t left = passed < whole ? whole - passed : 0;

	if (!evtimer_pending(watch->renew, NULL))
		watch_after(watch->renew,
			    left > WATCH_SOON_MS ? (unsigned int)left : WATCH_SOON_MS);
}

/* ---- what the kernel is told ---- */

static int device_state_set(struct pe_sock *sock, const char *name, uint32_t state,
			    const char *evidence, struct pe_refusal *refusal)
{
	struct nlmsghdr *nlh = pe_sock_request(sock, PE_CMD_DEVICE_STATE, NLM_F_ACK);

	pe_device_put_state(nlh, name, state, PE_CAUSE_CHECK, evidence);
	return pe_sock_ask(sock, nlh, NULL, NULL, refusal);
}

/* What the kernel does not take from a check is not said again until something
 * else changes.
 */
static void ward_tell(struct ward *ward, enum pe_health health)
{
	struct watching *watch = ward->watch;
	struct pe_refusal refusal = { .err = 0 };
	const struct pe_check *check = &ward->leg->check;
	bool up = health == PE_HEALTH_UP;

	ward->known = (uint8_t)health;
	ward->vain = false;
	if (device_state_set(&watch->sock, ward->o.name,
			     up ? PE_DEVICE_STATE_UP : PE_DEVICE_STATE_DOWN,
			     up ? "it answers again" : check->evidence, &refusal)) {
		fprintf(stderr, "pectl: %s\n", refusal.text);
		ward->vain = true;
	}
	/* Who reads of it may look at the device at once. */
	print_leg(&watch->p, ward->leg, false);
	fflush(watch->p.out);
}

/* Why a device cannot be checked is told once, until it can. What the plan knows of
 * that it says itself.
 */
static void ward_stuck(struct ward *ward)
{
	const struct pe_check *check = &ward->leg->check;

	if (check->cause == PE_CHECK_CAUSE_ERROR && !ward->stuck)
		fprintf(stderr, "pectl: warning: device %s cannot be checked: %s\n", ward->o.name,
			check->evidence);
	ward->stuck = check->cause == PE_CHECK_CAUSE_ERROR;
}

/* What a plan found of an address, which nobody tells of, is an observation of that
 * time, however many rounds pass until the next plan.
 */
static bool ward_was_judged(struct ward *ward)
{
	const struct pe_check *check = &ward->leg->check;
	bool judged = ward->judged;

	if (check->kind != PE_CHECK_NOTHING || check->cause != PE_CHECK_CAUSE_NEIGHBOUR)
		return false;
	ward->judged = true;
	watch_renew_soon(ward->watch);
	return judged;
}

static void ward_checked(struct pe_check *check, void *arg)
{
	const struct request_check *what = &((struct ward *)arg)->watch->request->check;
	struct ward *ward = arg;

	if (check->health == PE_HEALTH_UNKNOWN) {
		ward_stuck(ward);
		return;
	}
	ward->stuck = false;
	if (ward_was_judged(ward))
		return;
	if (check->health == PE_HEALTH_UP) {
		ward->good++;
		ward->bad = 0;
	} else {
		ward->bad++;
		ward->good = 0;
	}
	if (ward->good >= what->rise && ward->known != PE_HEALTH_UP)
		ward_tell(ward, PE_HEALTH_UP);
	else if (ward->bad >= what->fall && ward->known != PE_HEALTH_DOWN)
		ward_tell(ward, PE_HEALTH_DOWN);
}

/* ---- when to check ---- */

/* Spread over the interval. */
static uint64_t watch_due(const struct watching *watch, size_t at)
{
	uint64_t interval = watch->request->check.interval * WATCH_MS;
	uint64_t phase = interval / WATCH_TICK_NS * at / watch->count * WATCH_TICK_NS;

	return watch->cycle + phase;
}

static void watch_sleep(struct watching *watch, uint64_t now)
{
	uint64_t due = watch_due(watch, watch->next);
	uint64_t left = due > now ? (due - now) / 1000 : 0;
	struct timeval after = { (time_t)(left / 1000000), (suseconds_t)(left % 1000000) };

	event_add(watch->turn, &after);
}

static void watch_turn(evutil_socket_t fd, short what, void *arg)
{
	struct watching *watch = arg;
	uint64_t interval = watch->request->check.interval * WATCH_MS, now = pe_checker_now();

	(void)fd;
	(void)what;
	/* Whoever was held up for long begins anew instead of hurrying. */
	if (now > watch->cycle + 3 * interval)
		watch->cycle = now;
	while (watch_due(watch, watch->next) <= now) {
		pe_checker_start(&watch->wards[watch->next].leg->check);
		if (++watch->next < watch->count)
			continue;
		watch->next = 0;
		watch->cycle += interval;
	}
	watch_sleep(watch, now);
}

/* ---- what to check ---- */

static uint8_t ward_known(const struct pe_device *device)
{
	return device->state == PE_DEVICE_STATE_DOWN ? PE_HEALTH_DOWN : PE_HEALTH_UP;
}

/* A device that was watched before goes on where it was, another one of the same
 * name does not.
 */
static void ward_take(struct watching *watch, struct ward *ward, struct leg *leg)
{
	const char *name = leg->device->o.name;
	struct pe_object **found = pe_table_find(&watch->names, name, strlen(name));
	const struct ward *old = found ? (const struct ward *)*found : NULL;

	if (old && old->id == leg->device->id)
		*ward = *old;
	else
		memset(ward, 0, sizeof(*ward));
	if (ward->id != leg->device->id || watch->missed || (ward->vain && watch->changed)) {
		ward->known = ward_known(leg->device);
		ward->vain = false;
	}
	ward->judged = false;
	ward->id = leg->device->id;
	ward->o.name = name;
	ward->watch = watch;
	ward->leg = leg;
}

/* Each device once, however many of the services that are named use it. */
static void watch_take(struct watching *watch, const struct plan *plan)
{
	struct ward *wards = pe_xrealloc(NULL, (plan->count + 1) * sizeof(*wards));
	struct pe_table names = { .count = 0 };
	size_t i, count = 0;

	for (i = 0; i < plan->count; i++) {
		struct leg *leg = &plan->legs[i];

		if (pe_table_find(&names, leg->device->o.name, strlen(leg->device->o.name)))
			continue;
		ward_take(watch, &wards[count], leg);
		pe_table_add(&names, &wards[count++].o);
	}
	free(watch->wards);
	pe_table_free(&watch->names);
	watch->wards = wards;
	watch->names = names;
	watch->count = count;
}

static int watch_listen(struct watching *watch)
{
	struct pe_refusal refusal;
	size_t i;

	for (i = 0; i < watch->count; i++) {
		struct pe_check *check = &watch->wards[i].leg->check;

		check->done = ward_checked;
		check->arg = &watch->wards[i];
		pe_checker_add(&watch->checker, check);
	}
	if (!pe_checker_listen(&watch->checker, &watch->sock, &refusal))
		return EXIT_DONE;
	/* Deaf, it would find everything dead. */
	pe_checker_clear(&watch->checker);
	return kernel_refused(&refusal);
}

/* Is there a device that nothing can be sent to before something changes, of
 * which nobody tells?
 */
static bool watch_is_stale(const struct watching *watch)
{
	size_t i;

	for (i = 0; i < watch->count; i++) {
		const struct pe_check *check = &watch->wards[i].leg->check;

		if (check->cause == PE_CHECK_CAUSE_NEIGHBOUR ||
		    check->cause == PE_CHECK_CAUSE_LINK || check->cause == PE_CHECK_CAUSE_ERROR)
			return true;
	}
	return false;
}

static int watch_read(struct watching *watch, struct plan *plan)
{
	struct pe_refusal refusal;

	plan->what = &watch->request->check;
	if (kernel_read(&watch->sock, &plan->config, PE_ALL_KINDS, false, &refusal))
		return kernel_refused(&refusal);
	if (pe_links_read(&plan->links)) {
		perror("pectl: error: cannot read the interfaces");
		return EXIT_REFUSED;
	}
	plan_names(plan, &watch->request->names, watch->plan.absent);
	/* To begin with, all of them have to be there. */
	return plan->absent && !watch->planned ? EXIT_REFUSED : EXIT_DONE;
}

/* Rounds that are under way will begin anew. */
static void watch_break(struct watching *watch)
{
	size_t i;

	for (i = 0; i < watch->count; i++)
		if (watch->wards[i].leg->check.running)
			watch->wards[i].broken = true;
	pe_checker_clear(&watch->checker);
	event_del(watch->turn);
}

/* The round that is under way goes on with those whose turn is still to come. */
static void watch_resume(struct watching *watch)
{
	uint64_t now = pe_checker_now();
	size_t i;

	for (i = 0; i < watch->count; i++) {
		if (watch->wards[i].broken)
			pe_checker_start(&watch->wards[i].leg->check);
		watch->wards[i].broken = false;
	}
	if (!watch->planned)
		watch->cycle = now;
	watch->planned = now;
	watch->missed = false;
	watch->changed = false;
	watch->next = 0;
	while (watch->next < watch->count && watch_due(watch, watch->next) < now)
		watch->next++;
	if (!watch->count)
		return;
	if (watch->next == watch->count) {
		watch->next = 0;
		watch->cycle += watch->request->check.interval * WATCH_MS;
	}
	watch_sleep(watch, now);
}

/* What is checked now goes on until it is known what is to be checked. */
static int watch_plan(struct watching *watch)
{
	struct plan plan = { .count = 0 };
	int code = watch_read(watch, &plan);

	if (code) {
		plan_free(&plan);
		return code;
	}
	watch_break(watch);
	watch_take(watch, &plan);
	plan_free(&watch->plan);
	watch->plan = plan;
	code = watch_listen(watch);
	if (code)
		return code;
	watch_resume(watch);
	watch_after(watch->again, WATCH_AGAIN_MS);
	return EXIT_DONE;
}

/* What can't be done now can soon. */
static void watch_renew(evutil_socket_t fd, short what, void *arg)
{
	struct watching *watch = arg;

	(void)fd;
	(void)what;
	if (watch_plan(watch))
		watch_after(watch->renew, WATCH_RETRY_MS);
}

static void watch_again(evutil_socket_t fd, short what, void *arg)
{
	struct watching *watch = arg;

	if (watch_is_stale(watch))
		watch_renew(fd, what, arg);
	else
		watch_after(watch->again, WATCH_AGAIN_MS);
}

/* ---- what is heard ---- */

/* Somebody else said what a device is: it is said again what checks find. */
static void watch_state(struct watching *watch, const struct nlmsghdr *nlh)
{
	struct pe_occurrence event;
	struct pe_object **found;
	struct ward *ward;

	pe_event_get(&event, &watch->arena, nlh);
	if (event.kind == PE_EVENT_DEVICE_STATE && event.cause != PE_CAUSE_CHECK &&
	    event.ndevices) {
		found = pe_table_find(&watch->names, event.devices[0], strlen(event.devices[0]));
		if (found) {
			ward = (struct ward *)*found;
			ward->known = event.state == PE_DEVICE_STATE_DOWN ? PE_HEALTH_DOWN :
									    PE_HEALTH_UP;
			ward->good = ward->bad = 0;
		}
	}
	pe_arena_reset(&watch->arena);
}

static int watch_heard(const struct nlmsghdr *nlh, void *arg)
{
	const struct genlmsghdr *genl = mnl_nlmsg_get_payload(nlh);
	struct watching *watch = arg;

	if (nlh->nlmsg_type != watch->news.family || mnl_nlmsg_get_payload_len(nlh) < sizeof(*genl))
		return 0;
	if (genl->cmd == PE_CMD_EVENT_NTF) {
		watch_state(watch, nlh);
	} else {
		watch->changed = true;
		watch_renew_soon(watch);
	}
	return 0;
}

/* What was missed may have been anything. */
static void watch_news(evutil_socket_t fd, short what, void *arg)
{
	struct watching *watch = arg;
	int err;

	(void)fd;
	(void)what;
	do {
		err = pe_sock_receive(&watch->news, watch_heard, watch);
		if (err == -ENOBUFS) {
			watch->missed = true;
			watch_renew_soon(watch);
		}
	} while (!err || err == -ENOBUFS || err == -EINTR);
	if (err == -EAGAIN)
		return;
	watch->code = kernel_is_deaf(err);
	event_base_loopbreak(watch->checker.base);
}

/* Neighbours come and go all the time: few are devices that have moved. */
static int watch_link(const struct nlmsghdr *nlh, void *arg)
{
	struct watching *watch = arg;

	if ((nlh->nlmsg_type != RTM_NEWNEIGH && nlh->nlmsg_type != RTM_DELNEIGH) ||
	    plan_has_neighbour(&watch->plan, nlh))
		watch_renew_soon(watch);
	return MNL_CB_OK;
}

static void watch_links(evutil_socket_t fd, short what, void *arg)
{
	struct watching *watch = arg;
	char buf[WATCH_LINKS_SIZE];
	ssize_t got;

	(void)what;
	do {
		got = recv(fd, buf, sizeof(buf), MSG_DONTWAIT);
		if (got > 0)
			mnl_cb_run(buf, (size_t)got, 0, 0, watch_link, watch);
		else if (got < 0 && errno == ENOBUFS)
			watch_renew_soon(watch);
	} while (got > 0 || (got < 0 && (errno == ENOBUFS || errno == EINTR)));
}

static void watch_end(evutil_socket_t fd, short what, void *arg)
{
	struct watching *watch = arg;

	(void)fd;
	(void)what;
	event_base_loopbreak(watch->checker.base);
}

/* ---- beginning and end ---- */

static int watch_open_links(struct watching *watch)
{
	struct sockaddr_nl sa = {
		.nl_family = AF_NETLINK,
		.nl_groups = RTMGRP_LINK | RTMGRP_IPV4_IFADDR | RTMGRP_IPV6_IFADDR | RTMGRP_NEIGH,
	};

	watch->links = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE);
	if (watch->links >= 0 && !bind(watch->links, (struct sockaddr *)&sa, sizeof(sa)))
		return EXIT_DONE;
	perror("pectl: error: cannot hear of interfaces");
	return EXIT_REFUSED;
}

static int watch_open_news(struct watching *watch)
{
	struct pe_refusal refusal;

	if (pe_sock_open(&watch->news, &refusal) ||
	    pe_sock_join(&watch->news, watch->news.config_group, &refusal) ||
	    pe_sock_join(&watch->news, watch->news.events_group, &refusal))
		return kernel_refused(&refusal);
	watch->news.patient = false;
	return watch_open_links(watch);
}

static void watch_events(struct watching *watch)
{
	struct event_base *base = watch->checker.base;
	size_t i;

	watch->turn = evtimer_new(base, watch_turn, watch);
	watch->renew = evtimer_new(base, watch_renew, watch);
	watch->again = evtimer_new(base, watch_again, watch);
	watch->ears[0] = event_new(base, watch->news.fd, EV_READ | EV_PERSIST, watch_news, watch);
	watch->ears[1] = event_new(base, watch->links, EV_READ | EV_PERSIST, watch_links, watch);
	watch->ears[2] = evsignal_new(base, SIGINT, watch_end, watch);
	watch->ears[3] = evsignal_new(base, SIGTERM, watch_end, watch);
	for (i = 0; i < sizeof(watch->ears) / sizeof(*watch->ears); i++)
		event_add(watch->ears[i], NULL);
}

static void watch_free_events(struct watching *watch)
{
	size_t i;

	for (i = 0; i < sizeof(watch->ears) / sizeof(*watch->ears); i++)
		event_free(watch->ears[i]);
	event_free(watch->turn);
	event_free(watch->renew);
	event_free(watch->again);
}

static int watch_run(struct watching *watch)
{
	struct pe_refusal refusal;

	if (pe_checker_open(&watch->checker, &refusal))
		return kernel_refused(&refusal);
	watch_events(watch);
	watch->code = watch_plan(watch);
	if (!watch->code) {
		fprintf(stderr, "pectl: watching %zu devices; interrupt to end\n", watch->count);
		event_base_dispatch(watch->checker.base);
	}
	pe_checker_clear(&watch->checker);
	watch_free_events(watch);
	pe_checker_close(&watch->checker);
	return watch->code;
}

static void watch_free(struct watching *watch)
{
	if (watch->links >= 0)
		close(watch->links);
	if (watch->news.buf)
		pe_sock_close(&watch->news);
	pe_sock_close(&watch->sock);
	plan_free(&watch->plan);
	pe_table_free(&watch->names);
	pe_arena_free(&watch->arena);
	free(watch->wards);
}

/**
 * command_watch() - check devices until interrupted, and tell the kernel
 * @request: which, and how
 * @options: the options
 *
 * Return: the exit code.
 */
int command_watch(const struct request *request, const struct options *options)
{
	struct watching watch = { .request = request, .links = -1 };
	struct options line = *options;
	int code = kernel_open(&watch.sock, options);

	if (code)
		return code;
	line.pretty = line.brief = false;
	line.oneline = true;
	printer_init(&watch.p, stdout, &line);
	code = watch_open_news(&watch);
	if (!code)
		code = watch_run(&watch);
	watch_free(&watch);
	return code;
}
