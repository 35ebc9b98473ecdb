// SPDX-License-Identifier: GPL-2.0-only
/* Transactions and dumps against a kernel that is played by a thread. */

#include <attr.h>
#include <errno.h>
#include <libmnl/libmnl.h>
#include <linux/genetlink.h>
#include <linux/netlink.h>
#include <linux/pe.h>
#include <pthread.h>
#include <refusal.h>
#include <sock.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <txn.h>
#include <unistd.h>

#include "ktap.h"
#include "text.h"

#define FAMILY 77
#define BUFFER (256 * 1024)
#define LITTLE 4096

/*
 * The kernel: what it shall do, and what it has seen. Messages that are to be
 * refused are named by their number among all changes, from 0.
 */
struct kernel {
	int fd;
	pthread_t thread;
	size_t refuse_from;
	size_t refuse_to;
	int commit_error;
	bool commit_cookie;
	bool commit_lost;
	uint32_t after;
	uint32_t cookie[3];
	int dump_flags;
	int dump_status;

	size_t changes;
	size_t packets;
	size_t acks_asked;
	size_t biggest;
	uint32_t commit_generation;
	bool commit_check;
	char out[4096] __attribute__((aligned(8)));
};

static void kernel_send(struct kernel *kernel, struct nlmsghdr *nlh)
{
	if (send(kernel->fd, nlh, nlh->nlmsg_len, MSG_NOSIGNAL) < 0 && errno != EPIPE)
		perror("# kernel");
}

static struct nlmsghdr *kernel_status(struct kernel *kernel, const struct nlmsghdr *to, int error)
{
	struct nlmsghdr *nlh = mnl_nlmsg_put_header(kernel->out);
	struct nlmsgerr *e;

	nlh->nlmsg_type = NLMSG_ERROR;
	nlh->nlmsg_flags = 0x300;
	nlh->nlmsg_seq = to->nlmsg_seq;
	e = mnl_nlmsg_put_extra_header(nlh, sizeof(*e));
	e->error = -error;
	e->msg = *to;
	return nlh;
}

/* More than anybody can hear, as an answer is that was lost. */
static void kernel_lose(struct kernel *kernel)
{
	static const char much[LITTLE + 1];

	if (send(kernel->fd, much, sizeof(much), MSG_NOSIGNAL) < 0)
		perror("# kernel");
}

static void kernel_generation(struct kernel *kernel, const struct nlmsghdr *to, uint16_t attr,
			      uint32_t generation)
{
	struct nlmsghdr *nlh = mnl_nlmsg_put_header(kernel->out);

	nlh->nlmsg_type = FAMILY;
	nlh->nlmsg_seq = to->nlmsg_seq;
	mnl_nlmsg_put_extra_header(nlh, sizeof(struct genlmsghdr));
	mnl_attr_put_u32(nlh, attr, generation);
	kernel_send(kernel, nlh);
}

static void kernel_commit(struct kernel *kernel, const struct nlmsghdr *to)
{
	const struct nlattr *attr;
	struct nlmsghdr *nlh;

	mnl_attr_for_each(attr, to, sizeof(struct genlmsghdr)) {
		if (mnl_attr_get_type(attr) == PE_TXN_GENERATION)
			kernel->commit_generation = pe_attr_u32(attr);
		if (mnl_attr_get_type(attr) == PE_TXN_CHECK)
			kernel->commit_check = true;
	}
	nlh = kernel_status(kernel, to, kernel->commit_error);
	if (kernel->commit_lost) {
		kernel_lose(kernel);
		return;
	}
	if (kernel->commit_cookie) {
		mnl_attr_put_strz(nlh, NLMSGERR_ATTR_MSG, "not so");
		mnl_attr_put(nlh, NLMSGERR_ATTR_COOKIE, sizeof(kernel->cookie), kernel->cookie);
	}
	kernel_send(kernel, nlh);
}

static void kernel_dump(struct kernel *kernel, const struct nlmsghdr *to)
{
	struct nlmsghdr *nlh = mnl_nlmsg_put_header(kernel->out);
	struct genlmsghdr *genl;

	nlh->nlmsg_type = FAMILY;
	nlh->nlmsg_flags = (uint16_t)(NLM_F_MULTI | kernel->dump_flags);
	nlh->nlmsg_seq = to->nlmsg_seq;
	genl = mnl_nlmsg_put_extra_header(nlh, sizeof(*genl));
	genl->cmd = PE_CMD_DEVICE_NEW;
	mnl_attr_put_strz(nlh, PE_DEVICE_NAME, "a");
	kernel_send(kernel, nlh);
	nlh = mnl_nlmsg_put_header(kernel->out);
	nlh->nlmsg_type = NLMSG_DONE;
	nlh->nlmsg_flags = NLM_F_MULTI;
	nlh->nlmsg_seq = to->nlmsg_seq;
	memcpy(mnl_nlmsg_put_extra_header(nlh, sizeof(int)), &kernel->dump_status, sizeof(int));
	kernel_send(kernel, nlh);
}

static void kernel_change(struct kernel *kernel, const struct nlmsghdr *nlh)
{
	size_t number = kernel->changes++;
	bool refused = number >= kernel->refuse_from && number < kernel->refuse_to;
	struct nlmsghdr *status;

	kernel->acks_asked += !!(nlh->nlmsg_flags & NLM_F_ACK);
	if (!refused && !(nlh->nlmsg_flags & NLM_F_ACK))
		return;
	status = kernel_status(kernel, nlh, refused ? EEXIST : 0);
	if (refused)
		mnl_attr_put_strz(status, NLMSGERR_ATTR_MSG, "there is one");
	kernel_send(kernel, status);
}

static void kernel_message(struct kernel *kernel, const struct nlmsghdr *nlh)
{
	const struct genlmsghdr *genl = mnl_nlmsg_get_payload(nlh);

	switch (genl->cmd) {
	case PE_CMD_TXN_BEGIN:
		kernel_generation(kernel, nlh, PE_TXN_GENERATION, 42);
		kernel_send(kernel, kernel_status(kernel, nlh, 0));
		break;
	case PE_CMD_INFO_GET:
		kernel_generation(kernel, nlh, PE_INFO_GENERATION, kernel->after);
		kernel_send(kernel, kernel_status(kernel, nlh, 0));
		break;
	case PE_CMD_TXN_COMMIT:
		kernel_commit(kernel, nlh);
		break;
	case PE_CMD_DEVICE_GET:
		kernel_dump(kernel, nlh);
		break;
	default:
		kernel_change(kernel, nlh);
	}
}

static void *kernel_thread(void *arg)
{
	char *buf = malloc(BUFFER);
	struct kernel *kernel = arg;
	const struct nlmsghdr *nlh;
	ssize_t got;
	int left;

	while ((got = recv(kernel->fd, buf, BUFFER, 0)) > 0) {
		kernel->packets++;
		if ((size_t)got > kernel->biggest)
			kernel->biggest = (size_t)got;
		nlh = (struct nlmsghdr *)buf;
		for (left = (int)got; mnl_nlmsg_ok(nlh, left); nlh = mnl_nlmsg_next(nlh, &left))
			kernel_message(kernel, nlh);
	}
	free(buf);
	return NULL;
}

static void kernel_start(struct kernel *kernel, struct pe_sock *sock)
{
	int fds[2];

	if (socketpair(AF_UNIX, SOCK_SEQPACKET, 0, fds) < 0)
		exit(4);
	memset(sock, 0, sizeof(*sock));
	sock->fd = fds[0];
	sock->family = FAMILY;
	sock->seq = 1000;
	sock->patient = true;
	sock->size = BUFFER;
	sock->buf = malloc(BUFFER);
	sock->request = calloc(1, PE_MESSAGE_MAX);
	kernel->fd = fds[1];
	pthread_create(&kernel->thread, NULL, kernel_thread, kernel);
}

static void kernel_stop(struct kernel *kernel, struct pe_sock *sock)
{
	pe_sock_close(sock);
	pthread_join(kernel->thread, NULL);
	close(kernel->fd);
}

/* ---- tests ---- */

#define MANY 5000

static void many_read(struct text *text)
{
	char *input;
	size_t len;
	FILE *out = open_memstream(&input, &len);
	int i;

	for (i = 0; i < MANY; i++)
		fprintf(out, "service s%d { vip 10.0.%d.%d tcp port 80; sequence a, b, c; }\n", i,
			i / 256, i % 256);
	fclose(out);
	text_read(text, PARSE_BATCH, input);
	free(input);
}

static void test_accepted(const struct text *text)
{
	struct kernel kernel = { 0 };
	struct pe_refusal refusal;
	struct pe_blame blame;
	struct pe_sock sock;
	int err;

	kernel_start(&kernel, &sock);
	err = pe_txn_send(&sock, &text->changes, &blame, &refusal);
	kernel_stop(&kernel, &sock);
	ktap_result(!err && kernel.changes == MANY, "all changes arrive");
	ktap_result(kernel.packets < 20 && kernel.biggest > 64 * 1024, "many in one packet");
	ktap_result(kernel.acks_asked == kernel.packets, "one acknowledgement a packet");
}

static void test_refused(const struct text *text, size_t from, size_t to, const char *name)
{
	struct kernel kernel = { .refuse_from = from, .refuse_to = to };
	struct pe_refusal refusal;
	struct pe_blame blame;
	struct pe_sock sock;
	int err;

	kernel_start(&kernel, &sock);
	err = pe_txn_send(&sock, &text->changes, &blame, &refusal);
	kernel_stop(&kernel, &sock);
	ktap_result(err == -EEXIST && blame.change == from && !strcmp(refusal.text, "there is one"),
		    "%s", name);
}

static void test_begin(void)
{
	struct kernel kernel = { 0 };
	struct pe_refusal refusal;
	uint32_t generation = 0;
	struct pe_sock sock;
	int err;

	kernel_start(&kernel, &sock);
	err = pe_txn_begin(&sock, NULL, NULL, &generation, &refusal);
	if (!err)
		err = pe_txn_commit(&sock, generation, true, &refusal);
	kernel_stop(&kernel, &sock);
	ktap_result(!err && generation == 42 && kernel.commit_generation == 42 &&
			    kernel.commit_check,
		    "begin and commit");
}

static void test_commit_refused(const struct text *text)
{
	struct kernel kernel = { .commit_error = EINVAL,
				 .commit_cookie = true,
				 .cookie = { 1001 + 4321, PE_SERVICE_STEP, 2 } };
	struct pe_refusal refusal;
	struct pe_blame blame;
	struct pe_sock sock;
	int err;

	kernel_start(&kernel, &sock);
	err = pe_txn_send(&sock, &text->changes, &blame, &refusal);
	if (!err)
		err = pe_txn_commit(&sock, 1, false, &refusal);
	pe_txn_blame(&sock, &text->changes, 1001, &refusal, &blame);
	kernel_stop(&kernel, &sock);
	ktap_result(err == -EINVAL && blame.change == 4321 && blame.attr == PE_SERVICE_STEP &&
			    blame.index == 2 && !strcmp(refusal.text, "not so"),
		    "commit refused, with what is to blame");
}

static void test_stale(void)
{
	struct kernel kernel = { .commit_error = ESTALE };
	struct pe_refusal refusal;
	struct pe_sock sock;
	int err;

	kernel_start(&kernel, &sock);
	err = pe_txn_commit(&sock, 1, false, &refusal);
	kernel_stop(&kernel, &sock);
	ktap_result(err == -ESTALE && refusal.err == ESTALE, "commit that comes too late");
}

/* What it has done is found out where its answer was lost. */
static void test_lost(uint32_t after, int wanted, const char *name)
{
	struct kernel kernel = { .commit_lost = true, .after = after };
	struct pe_refusal refusal;
	struct pe_sock sock;
	int err;

	kernel_start(&kernel, &sock);
	sock.size = LITTLE;
	err = pe_txn_commit(&sock, 42, false, &refusal);
	kernel_stop(&kernel, &sock);
	ktap_result(err == wanted && refusal.err == -wanted, "%s", name);
}

static int count_message(const struct nlmsghdr *nlh, void *arg)
{
	(void)nlh;
	++*(int *)arg;
	return 0;
}

static int misunderstand(const struct nlmsghdr *nlh, void *arg)
{
	(void)nlh;
	(void)arg;
	return -EBADMSG;
}

static void test_dump(int flags, int status, pe_message_fn *fn, int wanted, const char *name)
{
	struct kernel kernel = { .dump_flags = flags, .dump_status = status };
	struct pe_refusal refusal;
	struct pe_sock sock;
	int err, count = 0;

	kernel_start(&kernel, &sock);
	err = pe_sock_ask(&sock, pe_sock_request(&sock, PE_CMD_DEVICE_GET, NLM_F_DUMP), fn, &count,
			  &refusal);
	kernel_stop(&kernel, &sock);
	ktap_result(err == wanted && (!err || refusal.text[0]) && (fn == misunderstand || count),
		    "%s", name);
}

int main(void)
{
	struct text text;

	many_read(&text);
	ktap_start();
	test_accepted(&text);
	test_refused(&text, 0, 1, "the first change refused");
	test_refused(&text, 3210, 3211, "one change refused");
	test_refused(&text, MANY - 1, MANY, "the last change refused");
	test_refused(&text, 0, MANY, "all changes refused");
	test_begin();
	test_commit_refused(&text);
	test_stale();
	test_lost(43, 0, "commit that was done, with its answer lost");
	test_lost(42, -EMSGSIZE, "commit that was not done, with its answer lost");
	test_dump(0, 0, count_message, 0, "dump");
	test_dump(NLM_F_DUMP_INTR, 0, count_message, -EINTR, "dump while something changed");
	test_dump(0, -ENOMEM, count_message, -ENOMEM, "dump that fails at its end");
	test_dump(0, 0, misunderstand, -EBADMSG, "dump that makes no sense");
	text_free(&text);
	return ktap_end();
}
