// SPDX-License-Identifier: GPL-2.0-only

#include "watch.h"

#include <errno.h>
#include <libmnl/libmnl.h>
#include <linux/genetlink.h>
#include <linux/netlink.h>
#include <linux/pe.h>
#include <poll.h>
#include <refusal.h>
#include <signal.h>
#include <string.h>
#include <sys/socket.h>

#include "kernel.h"
#include "options.h"

static volatile sig_atomic_t watch_interrupted;

static void watch_interrupt(int number)
{
	(void)number;
	watch_interrupted = 1;
}

/* From here on only waiting is interrupted: what was heard is written whole. */
static void watch_signals(void)
{
	struct sigaction action = { .sa_handler = watch_interrupt };
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGTERM);
	sigprocmask(SIG_BLOCK, &set, NULL);
	sigaction(SIGINT, &action, NULL);
	sigaction(SIGTERM, &action, NULL);
}

static bool watch_is_enough(const struct watch *watch)
{
	return watch->count && watch->told == watch->count;
}

static int watch_message(const struct nlmsghdr *nlh, void *arg)
{
	const struct genlmsghdr *genl = mnl_nlmsg_get_payload(nlh);
	struct watch *watch = arg;
	struct pe_sight sight;

	if (nlh->nlmsg_type != watch->sock.family ||
	    mnl_nlmsg_get_payload_len(nlh) < sizeof(*genl) || genl->cmd != PE_CMD_SIGHT_NTF ||
	    watch_is_enough(watch))
		return 0;
	if (!pe_sight_get(&sight, &watch->arena, nlh)) {
		watch->tell(&sight, watch->arg);
		watch->told++;
	}
	pe_arena_reset(&watch->arena);
	return 0;
}

/**
 * watch_start() - ask to be told
 * @watch: what will listen; its socket is opened
 * @what: to be told of
 * @options: the options
 *
 * Return: EXIT_DONE, or another code after having told why.
 */
int watch_start(struct watch *watch, const struct pe_watch *what, const struct options *options)
{
	int code = kernel_open(&watch->sock, options), on = 1;
	struct pe_refusal refusal;
	struct nlmsghdr *nlh;

	if (code)
		return code;
	/* What is lost is counted by the kernel. */
	(void)setsockopt(watch->sock.fd, SOL_NETLINK, NETLINK_NO_ENOBUFS, &on, sizeof(on));
	watch_signals();
	watch->sock.other = watch_message;
	watch->sock.other_arg = watch;
	nlh = pe_sock_request(&watch->sock, PE_CMD_WATCH_START, NLM_F_ACK);
	pe_watch_put(nlh, what);
	if (!pe_sock_join_end(&watch->sock, &refusal) &&
	    !pe_sock_ask(&watch->sock, nlh, NULL, NULL, &refusal))
		return EXIT_DONE;
	watch_close(watch);
	return kernel_refused(&refusal);
}

static int watch_sum(const struct nlmsghdr *nlh, void *arg)
{
	pe_watch_sum_get(arg, nlh);
	return 0;
}

/* What the kernel sent before it stopped is told before the sum. */
static int watch_stop(struct watch *watch, const char *what)
{
	static const int room = 64 * 1024 * 1024;
	struct pe_watch_sum sum = { 0 };
	struct pe_refusal refusal;
	struct nlmsghdr *nlh;

	watch->sock.patient = true;
	/* Where there is no room for packets, there is for the answer. */
	(void)setsockopt(watch->sock.fd, SOL_SOCKET, SO_RCVBUFFORCE, &room, sizeof(room));
	nlh = pe_sock_request(&watch->sock, PE_CMD_WATCH_STOP, NLM_F_ACK);
	if (pe_sock_ask(&watch->sock, nlh, watch_sum, &sum, &refusal))
		return kernel_refused(&refusal);
	fflush(watch->out);
	fprintf(stderr, "pectl: %llu %s, %llu lost\n", (unsigned long long)watch->told, what,
		(unsigned long long)sum.lost);
	return EXIT_DONE;
}

static void watch_wait(struct watch *watch)
{
	struct pollfd fd = { .fd = watch->sock.fd, .events = POLLIN };
	sigset_t none;

	sigemptyset(&none);
	ppoll(&fd, 1, NULL, &none);
}

/**
 * watch_listen() - listen until there is enough, or somebody interrupts
 * @watch: what listens
 * @what: is being counted, for the sum at the end
 *
 * Return: the exit code.
 */
int watch_listen(struct watch *watch, const char *what)
{
	int err = 0;

	fputs("pectl: watching; interrupt to end\n", stderr);
	watch->sock.patient = false;
	while (!watch_interrupted && !watch_is_enough(watch)) {
		err = pe_sock_receive(&watch->sock, watch_message, watch);
		if (err == -EAGAIN) {
			/* Whoever reads on sees all that there is. */
			if (fflush(watch->out))
				return EXIT_DONE;
			watch_wait(watch);
		} else if (err && err != -EINTR && err != -ENOBUFS) {
			return kernel_is_deaf(err);
		}
	}
	return watch_stop(watch, what);
}

/**
 * watch_close() - hear no more
 * @watch: what listened
 */
void watch_close(struct watch *watch)
{
	pe_arena_free(&watch->arena);
	pe_sock_close(&watch->sock);
}
