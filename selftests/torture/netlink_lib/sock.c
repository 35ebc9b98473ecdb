// SPDX-License-Identifier: GPL-2.0-only

#include "sock.h"

#include <errno.h>
#include <libmnl/libmnl.h>
#include <linux/genetlink.h>
#include <linux/pe.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "answer.h"
#include "mutate.h"
#include "tree.h"

#define QUEUE (16 * 1024 * 1024)
#define FAULTS_SHOWN 10

struct tally tally;
uint16_t family_id;
uint32_t family_groups[2];
hear_fn *sock_heard;
void *sock_heard_arg;

/**
 * fault() - something is not as it must be
 * @format: what
 */
void fault(const char *format, ...)
{
	va_list args;

	if (++tally.faults > FAULTS_SHOWN)
		return;
	fputs("# FAULT: ", stdout);
	va_start(args, format);
	vprintf(format, args);
	va_end(args);
	putchar('\n');
	fflush(stdout);
}

static void option(int fd, int level, int name, int value)
{
	if (setsockopt(fd, level, name, &value, sizeof(value)))
		fault("setsockopt %d: %s", name, strerror(errno));
}

/**
 * sock_open() - open a socket in the namespace of this thread
 * @sock: the socket
 */
bool sock_open(struct sock *sock)
{
	struct sockaddr_nl local = { .nl_family = AF_NETLINK };
	socklen_t len = sizeof(local);

	sock->fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_GENERIC);
	if (sock->fd < 0 || bind(sock->fd, (struct sockaddr *)&local, len) ||
	    getsockname(sock->fd, (struct sockaddr *)&local, &len)) {
		fault("socket: %s", strerror(errno));
		return false;
	}
	option(sock->fd, SOL_NETLINK, NETLINK_EXT_ACK, 1);
	option(sock->fd, SOL_NETLINK, NETLINK_CAP_ACK, 1);
	option(sock->fd, SOL_SOCKET, SO_RCVBUFFORCE, QUEUE);
	option(sock->fd, SOL_SOCKET, SO_SNDBUFFORCE, QUEUE);
	sock->port = local.nl_pid;
	sock->seq = 0;
	sock->used = 0;
	sock->first = 1;
	sock->open = sock->lost = sock->noise = false;
	memset(sock->pending, 0, sizeof(sock->pending));
	return true;
}

/**
 * sock_close() - close a socket, whatever is under way
 * @sock: the socket
 */
void sock_close(struct sock *sock)
{
	if (sock->fd >= 0)
		close(sock->fd);
	sock->fd = -1;
	sock->open = false;
}

/**
 * sock_join() - listen to all that the family tells
 * @sock: the socket
 */
void sock_join(struct sock *sock)
{
	option(sock->fd, SOL_NETLINK, NETLINK_ADD_MEMBERSHIP, (int)family_groups[0]);
	option(sock->fd, SOL_NETLINK, NETLINK_ADD_MEMBERSHIP, (int)family_groups[1]);
}

static int family_attr(const struct nlattr *attr, void *arg)
{
	const struct nlattr *group, *inner;
	unsigned int n = 0;

	(void)arg;
	if (mnl_attr_get_type(attr) == CTRL_ATTR_FAMILY_ID)
		family_id = mnl_attr_get_u16(attr);
	if (mnl_attr_get_type(attr) != CTRL_ATTR_MCAST_GROUPS)
		return MNL_CB_OK;
	mnl_attr_for_each_nested(group, attr)
		mnl_attr_for_each_nested(inner, group)
			if (mnl_attr_get_type(inner) == CTRL_ATTR_MCAST_GRP_ID && n < 2)
				family_groups[n++] = mnl_attr_get_u32(inner);
	return MNL_CB_OK;
}

static int family_message(const struct nlmsghdr *nlh, void *arg)
{
	return mnl_attr_parse(nlh, sizeof(struct genlmsghdr), family_attr, arg);
}

/**
 * sock_family() - find the family
 *
 * Return: whether it is there.
 */
bool sock_family(void)
{
	char buf[8192];
	struct nlmsghdr *nlh = mnl_nlmsg_put_header(buf);
	struct mnl_socket *nl = mnl_socket_open(NETLINK_GENERIC);
	struct genlmsghdr *genl;
	ssize_t got;

	nlh->nlmsg_type = GENL_ID_CTRL;
	nlh->nlmsg_flags = NLM_F_REQUEST;
	genl = mnl_nlmsg_put_extra_header(nlh, sizeof(*genl));
	genl->cmd = CTRL_CMD_GETFAMILY;
	mnl_attr_put_strz(nlh, CTRL_ATTR_FAMILY_NAME, PE_GENL_NAME);
	family_id = 0;
	if (!nl || mnl_socket_bind(nl, 0, MNL_SOCKET_AUTOPID) ||
	    mnl_socket_sendto(nl, nlh, nlh->nlmsg_len) < 0)
		return false;
	got = mnl_socket_recvfrom(nl, buf, sizeof(buf));
	if (got > 0)
		mnl_cb_run(buf, (size_t)got, 0, mnl_socket_get_portid(nl), family_message, NULL);
	mnl_socket_close(nl);
	return family_id;
}

/* What the kernel does of itself, before the module is asked. */
static void pending_expect(struct pending *pending, const struct nlmsghdr *nlh, uint32_t size)
{
	const struct genlmsghdr *genl = (const struct genlmsghdr *)(nlh + 1);
	bool dump = (nlh->nlmsg_flags & NLM_F_DUMP) == NLM_F_DUMP;
	const struct spec_op *op = NULL;

	pending->head = *nlh;
	pending->framed = nlh->nlmsg_len >= NLMSG_HDRLEN && nlh->nlmsg_len <= size;
	if (!pending->framed)
		return;
	pending->acked = nlh->nlmsg_flags & NLM_F_ACK;
	if (!(nlh->nlmsg_flags & NLM_F_REQUEST) || nlh->nlmsg_type < NLMSG_MIN_TYPE)
		return;
	if (nlh->nlmsg_type != family_id) {
		pending->foreign = true;
		return;
	}
	if (nlh->nlmsg_len >= NLMSG_HDRLEN + GENL_HDRLEN && genl->cmd < spec_ops_count)
		op = &spec_ops[genl->cmd];
	if (!op || !(dump ? op->dump : op->one)) {
		pending->silent = true;
		return;
	}
	pending->cmd = genl->cmd;
	pending->dump = dump;
}

/* The name that a message gives to a device or service, if it can be one. */
static void pending_read(struct pending *pending, const struct nlmsghdr *nlh)
{
	const struct nlattr *attr;
	const char *s;

	if (!pending->cmd)
		return;
	mnl_attr_for_each(attr, nlh, GENL_HDRLEN) {
		s = mnl_attr_get_payload(attr);
		if (pending->cmd == PE_CMD_TXN_COMMIT && mnl_attr_get_type(attr) == PE_TXN_CHECK)
			pending->check = true;
		if (spec_ops[pending->cmd].set->attrs[PE_DEVICE_NAME].kind == SPEC_STRING &&
		    mnl_attr_get_type(attr) == PE_DEVICE_NAME &&
		    strnlen(s, mnl_attr_get_payload_len(attr)) < sizeof(pending->name))
			snprintf(pending->name, sizeof(pending->name), "%.*s",
				 mnl_attr_get_payload_len(attr), s);
	}
}

/**
 * sock_add() - one more message to be sent
 * @sock: the socket
 * @message: the message
 * @bytes: bend some bytes of it as well
 *
 * What lies about its size, or about whose it is, ends what is sent at once.
 */
void sock_add(struct sock *sock, const struct message *message, bool bytes)
{
	struct nlmsghdr *nlh = (struct nlmsghdr *)(sock->buf + sock->used);
	struct pending *pending = &sock->pending[++sock->seq % PENDING];
	uint32_t len;

	len = message_encode(message, family_id, sock->seq, nlh);
	if (bytes)
		mutate_bytes((uint8_t *)nlh, len);
	memset(pending, 0, sizeof(*pending));
	pending_expect(pending, nlh, len);
	if (pending->framed)
		pending_read(pending, nlh);
	sock->used += len;
	sock->noise |= message->lies && message->lie >= NLMSG_HDRLEN && message->lie < len;
	tally.sent++;
	if (message->lies || sock->used > BATCH_MAX - MESSAGE_MAX)
		sock_send(sock);
	if (sock->seq - sock->first > PENDING / 2)
		sock_settle(sock);
}

/**
 * sock_send() - send what was added, and hear nothing yet
 * @sock: the socket
 */
void sock_send(struct sock *sock)
{
	if (!sock->used)
		return;
	if (send(sock->fd, sock->buf, sock->used, 0) != (ssize_t)sock->used)
		fault("send of %u bytes: %s", sock->used, strerror(errno));
	sock->used = 0;
}

static void sock_hear_answer(struct sock *sock, struct pending *pending, const struct nlmsghdr *nlh)
{
	if (nlh->nlmsg_type == NLMSG_ERROR) {
		pending->ended = true;
		answer_error(pending, nlh);
		if (!pending->err && !pending->acked)
			fault("an acknowledgement that nobody wants: cmd %u", pending->cmd);
	} else if (nlh->nlmsg_type == NLMSG_DONE) {
		pending->ended = true;
		if (!pending->dump)
			fault("the end of a dump that was none: cmd %u", pending->cmd);
	} else {
		tally.replies++;
		answer_reply(pending, nlh);
		if (sock_heard)
			sock_heard(nlh, sock_heard_arg);
	}
	if (nlh->nlmsg_pid != sock->port)
		fault("an answer to port %u instead of %u", nlh->nlmsg_pid, sock->port);
}

static void sock_hear_message(struct sock *sock, const struct nlmsghdr *nlh)
{
	struct pending *pending = &sock->pending[nlh->nlmsg_seq % PENDING];

	if (!nlh->nlmsg_seq && nlh->nlmsg_type == family_id) {
		tally.notifications++;
		answer_notification(nlh);
		return;
	}
	if (!pending->framed || pending->head.nlmsg_seq != nlh->nlmsg_seq) {
		if (sock->noise)
			return;
		fault("an answer to nothing: type %u seq %u", nlh->nlmsg_type, nlh->nlmsg_seq);
		return;
	}
	if (pending->foreign)
		return;
	if (pending->ended)
		fault("an answer behind the last: seq %u cmd %u type %u", nlh->nlmsg_seq,
		      pending->cmd, nlh->nlmsg_type);
	sock_hear_answer(sock, pending, nlh);
}

/**
 * sock_hear() - hear what there is to hear, without waiting
 * @sock: the socket
 *
 * Return: whether there was something.
 */
bool sock_hear(struct sock *sock)
{
	static char buf[128 * 1024] __attribute__((aligned(8)));
	const struct nlmsghdr *nlh = (const struct nlmsghdr *)buf;
	ssize_t got = recv(sock->fd, buf, sizeof(buf), MSG_DONTWAIT | MSG_TRUNC);
	int left = (int)got;

	if (got < 0 && errno == ENOBUFS) {
		sock->lost = true;
		return true;
	}
	if (got < 0) {
		if (errno != EAGAIN)
			fault("recv: %s", strerror(errno));
		return false;
	}
	if ((size_t)got > sizeof(buf)) {
		fault("an answer of %zd bytes", got);
		return true;
	}
	for (; mnl_nlmsg_ok(nlh, left); nlh = mnl_nlmsg_next(nlh, &left))
		sock_hear_message(sock, nlh);
	if (left)
		fault("%d bytes behind the last answer", left);
	return true;
}

static bool pending_changes(const struct pending *pending)
{
	return pending->cmd == PE_CMD_DEVICE_NEW || pending->cmd == PE_CMD_DEVICE_DEL ||
	       pending->cmd == PE_CMD_SERVICE_NEW || pending->cmd == PE_CMD_SERVICE_DEL ||
	       pending->cmd == PE_CMD_POOL_NEW || pending->cmd == PE_CMD_POOL_DEL ||
	       pending->cmd == PE_CMD_ACL_NEW || pending->cmd == PE_CMD_ACL_DEL ||
	       pending->cmd == PE_CMD_ENGINE_NEW || pending->cmd == PE_CMD_ENGINE_DEL ||
	       pending->cmd == PE_CMD_FLUSH;
}

/* What the message did to the socket's transaction and to the configuration. */
static void sock_follow(struct sock *sock, const struct pending *pending)
{
	if (!pending->cmd || pending->dump || pending->core)
		return;
	if (pending_changes(pending) && !pending->err && !sock->open)
		tally.commits++;
	if (pending->cmd == PE_CMD_TXN_COMMIT && sock->open) {
		tally.commits += !pending->err && !pending->check;
		sock->open = false;
	}
	if (pending->cmd == PE_CMD_TXN_BEGIN && !pending->err)
		sock->open = true;
	if (pending->cmd == PE_CMD_TXN_ABORT && !pending->err)
		sock->open = false;
}

static void sock_judge(struct sock *sock)
{
	struct pending *pending;

	for (; sock->first <= sock->seq; sock->first++) {
		pending = &sock->pending[sock->first % PENDING];
		if (!pending->framed || pending->foreign)
			continue;
		if (!pending->ended && (pending->acked || pending->dump || pending->silent) &&
		    !sock->lost)
			fault("no answer: seq %u cmd %u flags %#x type %u len %u", sock->first,
			      pending->cmd, pending->head.nlmsg_flags, pending->head.nlmsg_type,
			      pending->head.nlmsg_len);
		tally.taken += !pending->err;
		tally.refused += !!pending->err;
		sock_follow(sock, pending);
	}
	tally.lost += sock->lost;
	sock->lost = sock->noise = false;
}

/**
 * sock_settle() - send what was added, hear all answers and judge them
 * @sock: the socket
 */
void sock_settle(struct sock *sock)
{
	sock_send(sock);
	while (sock_hear(sock))
		;
	sock_judge(sock);
}

/**
 * sock_ask() - send one message and hear its answer
 * @sock: the socket
 * @message: the message
 *
 * Return: what came of it.
 */
const struct pending *sock_ask(struct sock *sock, const struct message *message)
{
	sock_settle(sock);
	sock_add(sock, message, false);
	sock_settle(sock);
	return &sock->pending[sock->seq % PENDING];
}
