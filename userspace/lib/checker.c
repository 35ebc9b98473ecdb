// SPDX-License-Identifier: GPL-2.0-only

#include "checker.h"

#include <errno.h>
#include <event2/event.h>
#include <libmnl/libmnl.h>
#include <linux/netlink.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#include "arena.h"
#include "object.h"
#include "refusal.h"
#include "sock.h"

/* Of a token: which check, and which round of it. */
#define PE_TOKEN_ROUND 16
#define PE_TOKEN_MASK 0xffffU

/* No program is given these ports unless it asks for one of them. */
#define PE_CHECKER_PORT 61440
#define PE_CHECKER_PORTS 4096

/* The kernel takes no more; that many are many. */
#define PE_CHECKER_SOURCES 512

#define PE_NS 1000000000ULL

/* Nine tenths of a millisecond: that much of a timeout must have passed. */
#define PE_TIMEOUT_NS 900000ULL

/**
 * pe_checker_now() - a time that only goes on
 *
 * Return: nanoseconds.
 */
uint64_t pe_checker_now(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * PE_NS + (uint64_t)now.tv_nsec;
}

/* As many sockets as the process may have at all. */
static void checker_raise_limit(void)
{
	struct rlimit limit;

	if (getrlimit(RLIMIT_NOFILE, &limit))
		return;
	limit.rlim_cur = limit.rlim_max;
	(void)setrlimit(RLIMIT_NOFILE, &limit);
}

/**
 * pe_checker_open() - get ready to check devices
 * @checker: what will do it
 * @refusal: says why not
 *
 * Return: 0 or a negative error number.
 */
int pe_checker_open(struct pe_checker *checker, struct pe_refusal *refusal)
{
	memset(checker, 0, sizeof(*checker));
	checker->ping[0] = checker->ping[1] = -1;
	checker_raise_limit();
	checker->base = event_base_new();
	if (checker->base)
		return 0;
	return pe_refusal_set(refusal, ENOMEM, "cannot make a loop of events");
}

static void checker_close_pings(struct pe_checker *checker)
{
	int i;

	for (i = 0; i < 2; i++) {
		if (checker->pinged[i])
			event_free(checker->pinged[i]);
		if (checker->ping[i] >= 0)
			close(checker->ping[i]);
		checker->pinged[i] = NULL;
		checker->ping[i] = -1;
	}
}

/**
 * pe_checker_clear() - forget all checks
 * @checker: what did them; ready for others
 */
void pe_checker_clear(struct pe_checker *checker)
{
	struct pe_ear *ear;
	size_t i;

	for (i = 0; i < checker->count; i++) {
		pe_checker_stop(checker->checks[i]);
		if (checker->checks[i]->timer)
			event_free(checker->checks[i]->timer);
		checker->checks[i]->timer = NULL;
	}
	checker->count = 0;
	while ((ear = checker->ears)) {
		checker->ears = ear->next;
		pe_ear_close(ear);
		free(ear->sources);
		free(ear);
	}
	checker_close_pings(checker);
}

/**
 * pe_checker_close() - check no more
 * @checker: what did it
 */
void pe_checker_close(struct pe_checker *checker)
{
	pe_checker_clear(checker);
	free(checker->checks);
	event_base_free(checker->base);
	memset(checker, 0, sizeof(*checker));
}

static void checker_expire(evutil_socket_t fd, short what, void *arg)
{
	struct pe_check *check = arg;

	(void)fd;
	(void)what;
	if (check->running)
		pe_check_expire(check);
}

/* What hears at a side of a device, and what it has to hear. */
static void checker_attach(struct pe_checker *checker, struct pe_check_end *end,
			   const struct pe_addr *source)
{
	struct pe_ear *ear;
	size_t i;

	for (ear = checker->ears; ear; ear = ear->next)
		if (ear->ifindex == end->ifindex)
			break;
	if (!ear) {
		ear = pe_xrealloc(NULL, sizeof(*ear));
		memset(ear, 0, sizeof(*ear));
		ear->checker = checker;
		ear->ifindex = end->ifindex;
		ear->fd = -1;
		memcpy(ear->dev, end->dev, sizeof(ear->dev));
		ear->next = checker->ears;
		checker->ears = ear;
	}
	end->ear = ear;
	for (i = 0; i < ear->nsources; i++)
		if (pe_addr_equal(&ear->sources[i], source))
			return;
	ear->sources = pe_xrealloc(ear->sources, (i + 1) * sizeof(*ear->sources));
	ear->sources[ear->nsources++] = *source;
}

/**
 * pe_checker_add() - one more check
 * @checker: what does it
 * @check: the check, complete but for what the checker knows; stays where it is
 *	until the checker is cleared
 */
void pe_checker_add(struct pe_checker *checker, struct pe_check *check)
{
	if (checker->count == checker->room) {
		checker->room = checker->room ? 2 * checker->room : 64;
		checker->checks =
			pe_xrealloc(checker->checks, checker->room * sizeof(struct pe_check *));
	}
	check->checker = checker;
	check->index = (uint32_t)checker->count;
	check->fd = -1;
	check->sport = (uint16_t)(PE_CHECKER_PORT + check->index % PE_CHECKER_PORTS);
	checker->checks[checker->count++] = check;
	if (check->kind == PE_CHECK_NOTHING)
		return;
	check->timer = evtimer_new(checker->base, checker_expire, check);
	if (check->way == PE_CHECK_ROUTED)
		return;
	checker_attach(checker, &check->out, &check->from);
	if (check->way == PE_CHECK_THROUGH)
		checker_attach(checker, &check->in, &check->from);
}

static bool checker_knows(const struct pe_addr *sources, size_t n, const struct pe_addr *addr)
{
	size_t i;

	for (i = 0; i < n; i++)
		if (pe_addr_equal(&sources[i], addr))
			return true;
	return false;
}

/* Every address that something is sent from, once. */
static size_t checker_sources(const struct pe_checker *checker, struct pe_addr *sources)
{
	size_t i, n = 0;

	for (i = 0; i < checker->count && n < PE_CHECKER_SOURCES; i++) {
		const struct pe_check *check = checker->checks[i];

		if (check->kind != PE_CHECK_NOTHING && check->from.len &&
		    !checker_knows(sources, n, &check->from))
			sources[n++] = check->from;
	}
	return n;
}

/* The engine is told, lest it steer what answers. */
static int checker_register(const struct pe_checker *checker, struct pe_sock *sock,
			    struct pe_refusal *refusal)
{
	struct pe_addr *sources = pe_xrealloc(NULL, PE_CHECKER_SOURCES * sizeof(*sources));
	size_t i, n = checker_sources(checker, sources);
	size_t size = PE_MESSAGE_MAX + n * (NLA_HDRLEN + sizeof(sources->b));
	struct nlmsghdr *nlh = pe_xrealloc(NULL, size);
	const struct nlmsghdr *head;
	int err;

	head = pe_sock_request(sock, PE_CMD_CHECK_FROM, NLM_F_ACK);
	memcpy(nlh, head, head->nlmsg_len);
	for (i = 0; i < n; i++)
		mnl_attr_put(nlh, PE_CHECK_ADDRESS, sources[i].len, sources[i].b);
	err = pe_sock_ask(sock, nlh, NULL, NULL, refusal);
	free(nlh);
	free(sources);
	return err;
}

/**
 * pe_checker_listen() - get ready to hear answers
 * @checker: what does the checks, all of which were added
 * @sock: socket to the engine, open as long as there are checks; or NULL where
 *	there is none
 * @refusal: says why not
 *
 * Return: 0 or a negative error number.
 */
int pe_checker_listen(struct pe_checker *checker, struct pe_sock *sock, struct pe_refusal *refusal)
{
	struct pe_ear *ear;
	int err = sock ? checker_register(checker, sock, refusal) : 0;

	for (ear = checker->ears; ear && !err; ear = ear->next)
		err = pe_ear_open(ear, refusal);
	return err;
}

static uint32_t checker_token(const struct pe_check *check)
{
	uint16_t round = 0;

	/* One that is guessed only makes a dead device look alive for a while. */
	if (getrandom(&round, sizeof(round), GRND_NONBLOCK) != sizeof(round))
		round = (uint16_t)(check->token + 1);
	return check->index << PE_TOKEN_ROUND | (round & (PE_TOKEN_MASK - 1));
}

/* A timer is set when a round begins, which may be later than it should have: the
 * next round is due up to that much before it.
 */
static bool checker_is_due(const struct pe_check *check)
{
	return pe_checker_now() - check->sent >= check->timeout * PE_TIMEOUT_NS;
}

/**
 * pe_checker_start() - begin a round of a check
 * @check: the check, which was added
 *
 * It ends, maybe at once, by its done(), or by the next one.  A round that has just
 * begun goes on instead.
 */
void pe_checker_start(struct pe_check *check)
{
	struct timeval timeout = { check->timeout / 1000, check->timeout % 1000 * 1000 };

	if (check->running && checker_is_due(check))
		pe_check_expire(check);
	if (check->running)
		return;
	check->sent = pe_checker_now();
	if (check->kind == PE_CHECK_NOTHING) {
		check->spent = 0;
		check->done(check, check->arg);
		return;
	}
	check->running = true;
	check->token = checker_token(check);
	event_add(check->timer, &timeout);
	if (check->way == PE_CHECK_ROUTED)
		pe_check_connect(check);
	else
		pe_check_send(check);
}

/**
 * pe_checker_stop() - end a round, whatever it knows
 * @check: the check
 */
void pe_checker_stop(struct pe_check *check)
{
	if (!check->running)
		return;
	check->running = false;
	event_del(check->timer);
	pe_check_disconnect(check);
}

/* Of an answer the number that it acknowledges tells. */
static uint32_t checker_token_of(const struct pe_frame *frame)
{
	if (frame->kind == PE_FRAME_TCP && frame->flags & PE_FRAME_ACK)
		return frame->ack - 1;
	return frame->token;
}

/* Who has an address says it to whoever asked. */
static void checker_hear_neighbour(struct pe_checker *checker, const struct pe_ear *ear,
				   const struct pe_frame *frame)
{
	size_t i;

	for (i = 0; i < checker->count; i++) {
		struct pe_check *check = checker->checks[i];

		if (check->running && check->kind == PE_CHECK_ARP && check->out.ear == ear)
			pe_check_hear(check, ear, frame);
	}
}

/**
 * pe_checker_hear() - a frame came that a check may wait for
 * @checker: what does the checks
 * @ear: where it came
 * @frame: the frame
 */
void pe_checker_hear(struct pe_checker *checker, const struct pe_ear *ear,
		     const struct pe_frame *frame)
{
	uint32_t token = checker_token_of(frame), index = token >> PE_TOKEN_ROUND;
	struct pe_check *check;

	if (frame->kind == PE_FRAME_TELL) {
		checker_hear_neighbour(checker, ear, frame);
		return;
	}
	if (index >= checker->count)
		return;
	check = checker->checks[index];
	if (check->running && check->token == token)
		pe_check_hear(check, ear, frame);
}
