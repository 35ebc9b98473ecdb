// SPDX-License-Identifier: GPL-2.0-only

#include "sock.h"

#include <errno.h>
#include <libmnl/libmnl.h>
#include <linux/genetlink.h>
#include <linux/pe.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "arena.h"
#include "attr.h"
#include "object.h"
#include "refusal.h"

#define PE_SOCK_BUFFER (256 * 1024)
#define PE_SOCK_QUEUE (8 * 1024 * 1024)

static void pe_sock_option(int fd, int level, int option, int value)
{
	/* All of these only make things better; without them it still works. */
	(void)setsockopt(fd, level, option, &value, sizeof(value));
}

static int pe_sock_create(struct pe_sock *sock, struct pe_refusal *refusal)
{
	struct sockaddr_nl local = { .nl_family = AF_NETLINK };

	sock->fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_GENERIC);
	if (sock->fd < 0 || bind(sock->fd, (struct sockaddr *)&local, sizeof(local)) < 0)
		return pe_refusal_set(refusal, errno, "cannot open a netlink socket: %s",
				      strerror(errno));
	pe_sock_option(sock->fd, SOL_NETLINK, NETLINK_EXT_ACK, 1);
	pe_sock_option(sock->fd, SOL_NETLINK, NETLINK_CAP_ACK, 1);
	pe_sock_option(sock->fd, SOL_NETLINK, NETLINK_GET_STRICT_CHK, 1);
	pe_sock_option(sock->fd, SOL_SOCKET, SO_RCVBUF, PE_SOCK_QUEUE);
	pe_sock_option(sock->fd, SOL_SOCKET, SO_RCVBUFFORCE, PE_SOCK_QUEUE);
	pe_sock_option(sock->fd, SOL_SOCKET, SO_SNDBUF, PE_SOCK_QUEUE);
	pe_sock_option(sock->fd, SOL_SOCKET, SO_SNDBUFFORCE, PE_SOCK_QUEUE);
	return 0;
}

static void pe_sock_read_group(struct pe_sock *sock, const struct nlattr *nest)
{
	const char *name = NULL;
	const struct nlattr *attr;
	uint32_t id = 0;

	mnl_attr_for_each_nested(attr, nest) {
		if (mnl_attr_get_type(attr) == CTRL_ATTR_MCAST_GRP_NAME)
			name = mnl_attr_get_str(attr);
		else if (mnl_attr_get_type(attr) == CTRL_ATTR_MCAST_GRP_ID)
			id = pe_attr_u32(attr);
	}
	if (name && !strcmp(name, PE_MCGRP_CONFIG))
		sock->config_group = id;
	else if (name && !strcmp(name, PE_MCGRP_EVENTS))
		sock->events_group = id;
}

static int pe_sock_read_family(const struct nlmsghdr *nlh, void *arg)
{
	struct pe_sock *sock = arg;
	const struct nlattr *attr, *group;

	mnl_attr_for_each(attr, nlh, sizeof(struct genlmsghdr)) {
		if (mnl_attr_get_type(attr) == CTRL_ATTR_FAMILY_ID)
			sock->family = pe_attr_u16(attr);
		if (mnl_attr_get_type(attr) != CTRL_ATTR_MCAST_GROUPS)
			continue;
		mnl_attr_for_each_nested(group, attr)
			pe_sock_read_group(sock, group);
	}
	return 0;
}

static int pe_sock_resolve(struct pe_sock *sock, struct pe_refusal *refusal)
{
	struct nlmsghdr *nlh;
	int err;

	sock->family = GENL_ID_CTRL;
	nlh = pe_sock_request(sock, CTRL_CMD_GETFAMILY, NLM_F_ACK);
	mnl_attr_put_strz(nlh, CTRL_ATTR_FAMILY_NAME, PE_GENL_NAME);
	err = pe_sock_ask(sock, nlh, pe_sock_read_family, sock, refusal);
	if (err == -ENOENT)
		return pe_refusal_set(
			refusal, ENOENT,
			"the kernel module pe is not loaded here; load it with 'modprobe pe', or with 'insmod pe.ko' where it was built");
	return err;
}

/**
 * pe_sock_open() - open a socket to the engine of this network namespace
 * @sock: the socket
 * @refusal: says why not
 *
 * Return: 0 or a negative error number, -ENOENT when the module is not there.
 */
int pe_sock_open(struct pe_sock *sock, struct pe_refusal *refusal)
{
	int err;

	memset(sock, 0, sizeof(*sock));
	sock->patient = true;
	sock->size = PE_SOCK_BUFFER;
	sock->buf = pe_xrealloc(NULL, sock->size);
	sock->request = pe_xrealloc(NULL, PE_MESSAGE_MAX);
	memset(sock->request, 0, PE_MESSAGE_MAX);
	err = pe_sock_create(sock, refusal);
	if (!err)
		err = pe_sock_resolve(sock, refusal);
	if (err)
		pe_sock_close(sock);
	return err;
}

/**
 * pe_sock_close() - close a socket; the kernel forgets its transaction
 * @sock: the socket
 */
void pe_sock_close(struct pe_sock *sock)
{
	if (sock->fd >= 0)
		close(sock->fd);
	free(sock->buf);
	free(sock->request);
	sock->fd = -1;
	sock->buf = NULL;
	sock->request = NULL;
}

static int pe_sock_join_group(struct pe_sock *sock, uint32_t group, struct pe_refusal *refusal)
{
	if (!setsockopt(sock->fd, SOL_NETLINK, NETLINK_ADD_MEMBERSHIP, &group, sizeof(group)))
		return 0;
	return pe_refusal_set(refusal, errno, "cannot subscribe to notifications: %s",
			      strerror(errno));
}

/**
 * pe_sock_join_end() - subscribe to the end of the module
 * @sock: the socket
 * @refusal: says why not
 *
 * Return: 0 or a negative error number.
 */
int pe_sock_join_end(struct pe_sock *sock, struct pe_refusal *refusal)
{
	/* The one group in which families come and go has a fixed number: that of
	 * the family which says so.
	 */
	return pe_sock_join_group(sock, GENL_ID_CTRL, refusal);
}

/**
 * pe_sock_join() - subscribe to a multicast group, and to the end of the module
 * @sock: the socket
 * @group: its config_group or events_group
 * @refusal: says why not
 *
 * Return: 0 or a negative error number.
 */
int pe_sock_join(struct pe_sock *sock, uint32_t group, struct pe_refusal *refusal)
{
	int err = pe_sock_join_group(sock, group, refusal);

	return err ? err : pe_sock_join_end(sock, refusal);
}

/**
 * pe_sock_request() - start a request
 * @sock: the socket, which keeps the message until the next one
 * @cmd: PE_CMD_...
 * @flags: NLM_F_... beside NLM_F_REQUEST
 *
 * Return: the message, to which attributes can be appended.
 */
struct nlmsghdr *pe_sock_request(struct pe_sock *sock, uint8_t cmd, uint16_t flags)
{
	struct nlmsghdr *nlh = mnl_nlmsg_put_header(sock->request);
	struct genlmsghdr *genl = mnl_nlmsg_put_extra_header(nlh, sizeof(*genl));

	nlh->nlmsg_type = sock->family;
	nlh->nlmsg_flags = NLM_F_REQUEST | flags;
	genl->cmd = cmd;
	genl->version = PE_GENL_VERSION;
	return nlh;
}

/**
 * pe_sock_send() - send messages
 * @sock: the socket
 * @buf: the messages
 * @len: bytes of them
 * @refusal: says why not
 *
 * Return: 0 or a negative error number.
 */
int pe_sock_send(struct pe_sock *sock, const void *buf, size_t len, struct pe_refusal *refusal)
{
	ssize_t sent;

	do {
		sent = send(sock->fd, buf, len, 0);
	} while (sent < 0 && errno == EINTR);
	if (sent == (ssize_t)len)
		return 0;
	return pe_refusal_set(refusal, errno, "cannot send to the kernel: %s", strerror(errno));
}

/* Was the module unloaded, by what a message says? Another one will have another
 * family and other groups.
 */
static bool pe_sock_is_over(const struct pe_sock *sock, const struct nlmsghdr *nlh)
{
	const struct genlmsghdr *genl = mnl_nlmsg_get_payload(nlh);
	const struct nlattr *attr;

	if (nlh->nlmsg_type != GENL_ID_CTRL || mnl_nlmsg_get_payload_len(nlh) < sizeof(*genl) ||
	    genl->cmd != CTRL_CMD_DELFAMILY)
		return false;
	mnl_attr_for_each(attr, nlh, sizeof(*genl))
		if (mnl_attr_get_type(attr) == CTRL_ATTR_FAMILY_ID &&
		    pe_attr_u16(attr) == sock->family)
			return true;
	return false;
}

/**
 * pe_sock_error() - what is wrong with a socket, in words
 * @err: negative error number that pe_sock_receive() gave back
 */
const char *pe_sock_error(int err)
{
	return err == -ENODEV ? "the kernel module pe was unloaded" : strerror(-err);
}

/**
 * pe_sock_receive() - wait for messages and hand on each of them
 * @sock: the socket
 * @fn: called for each message; stops at other than 0
 * @arg: handed to @fn
 *
 * Return: what @fn returned, or a negative error number; -ENODEV when the module
 * was unloaded, for whoever subscribed to that.
 */
int pe_sock_receive(struct pe_sock *sock, pe_message_fn *fn, void *arg)
{
	const struct nlmsghdr *nlh = (const struct nlmsghdr *)sock->buf;
	ssize_t got = recv(sock->fd, sock->buf, sock->size,
			   MSG_TRUNC | (sock->patient ? 0 : MSG_DONTWAIT));
	int err, left;

	if (got < 0)
		return -errno;
	if ((size_t)got > sock->size)
		return -EMSGSIZE;
	for (left = (int)got; mnl_nlmsg_ok(nlh, left); nlh = mnl_nlmsg_next(nlh, &left)) {
		err = pe_sock_is_over(sock, nlh) ? -ENODEV : fn(nlh, arg);
		if (err)
			return err;
	}
	return 0;
}

/* An answer that is being waited for. */
struct pe_ask {
	pe_message_fn *fn;
	void *arg;
	struct pe_refusal *refusal;
	struct pe_sock *sock;
	uint32_t seq;
	uint16_t family;
	bool interrupted;
};

#define PE_ASK_DONE 1

static int pe_ask_end(struct pe_ask *ask, const struct nlmsghdr *nlh)
{
	const int *status = mnl_nlmsg_get_payload(nlh);

	if (nlh->nlmsg_type == NLMSG_ERROR) {
		pe_refusal_read(ask->refusal, nlh);
		return ask->refusal->err ? -ask->refusal->err : PE_ASK_DONE;
	}
	if (mnl_nlmsg_get_payload_len(nlh) >= sizeof(*status) && *status < 0 &&
	    *status >= -PE_ERRNO_MAX) {
		pe_refusal_read_done(ask->refusal, nlh);
		return *status;
	}
	if (ask->interrupted)
		return pe_refusal_set(ask->refusal, EINTR,
				      "the configuration kept changing while it was read");
	return PE_ASK_DONE;
}

static int pe_ask_message(const struct nlmsghdr *nlh, void *arg)
{
	struct pe_ask *ask = arg;
	int err;

	if (nlh->nlmsg_seq != ask->seq)
		return ask->sock->other ? ask->sock->other(nlh, ask->sock->other_arg) : 0;
	if (nlh->nlmsg_flags & NLM_F_DUMP_INTR)
		ask->interrupted = true;
	if (nlh->nlmsg_type == NLMSG_ERROR || nlh->nlmsg_type == NLMSG_DONE)
		return pe_ask_end(ask, nlh);
	if (nlh->nlmsg_type != ask->family || !ask->fn)
		return 0;
	err = ask->fn(nlh, ask->arg);
	if (err < 0)
		return pe_refusal_set(
			ask->refusal, -err,
			"the kernel's answer makes no sense: are pectl and the module of one version?");
	return 0;
}

/**
 * pe_sock_ask() - send a request and wait for its whole answer
 * @sock: the socket
 * @nlh: the request, with NLM_F_ACK or NLM_F_DUMP
 * @fn: called for each message of the answer, or NULL
 * @arg: handed to @fn
 * @refusal: says why not
 *
 * Return: 0 or a negative error number; -EINTR for a dump that has to be done
 * again because something changed in between.
 */
int pe_sock_ask(struct pe_sock *sock, struct nlmsghdr *nlh, pe_message_fn *fn, void *arg,
		struct pe_refusal *refusal)
{
	struct pe_ask ask = {
		.fn = fn,
		.arg = arg,
		.refusal = refusal,
		.sock = sock,
		.seq = ++sock->seq,
		.family = sock->family,
	};
	int err;

	nlh->nlmsg_seq = ask.seq;
	refusal->err = 0;
	err = pe_sock_send(sock, nlh, nlh->nlmsg_len, refusal);
	while (!err) {
		err = pe_sock_receive(sock, pe_ask_message, &ask);
		if (err == -EINTR && !refusal->err)
			err = 0;
	}
	if (err == PE_ASK_DONE)
		return 0;
	if (!refusal->err)
		pe_refusal_set(refusal, -err, "cannot hear the kernel: %s", pe_sock_error(err));
	return err;
}
