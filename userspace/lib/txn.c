// SPDX-License-Identifier: GPL-2.0-only

#include "txn.h"

#include <errno.h>
#include <libmnl/libmnl.h>
#include <linux/genetlink.h>
#include <linux/pe.h>
#include <stdlib.h>
#include <string.h>

#include "arena.h"
#include "attr.h"
#include "object.h"
#include "refusal.h"
#include "sock.h"

#define PE_BATCH_SIZE (96 * 1024)

static int pe_txn_read_generation(const struct nlmsghdr *nlh, void *arg)
{
	const struct nlattr *attr;

	mnl_attr_for_each(attr, nlh, sizeof(struct genlmsghdr))
		if (mnl_attr_get_type(attr) == PE_TXN_GENERATION)
			*(uint32_t *)arg = pe_attr_u32(attr);
	return 0;
}

/**
 * pe_txn_begin() - open a transaction
 * @sock: the socket it belongs to
 * @owner: as whom it acts, or NULL for one that may touch everything
 * @expected: generation that the configuration must be at, or NULL
 * @generation: set to the generation it is at
 * @refusal: says why not
 *
 * Return: 0 or a negative error number.
 */
int pe_txn_begin(struct pe_sock *sock, const char *owner, const uint32_t *expected,
		 uint32_t *generation, struct pe_refusal *refusal)
{
	struct nlmsghdr *nlh = pe_sock_request(sock, PE_CMD_TXN_BEGIN, NLM_F_ACK);

	if (expected)
		mnl_attr_put_u32(nlh, PE_TXN_GENERATION, *expected);
	if (owner)
		mnl_attr_put_strz(nlh, PE_TXN_OWNER, owner);
	return pe_sock_ask(sock, nlh, pe_txn_read_generation, generation, refusal);
}

static int pe_txn_read_now(const struct nlmsghdr *nlh, void *arg)
{
	const struct nlattr *attr;

	mnl_attr_for_each(attr, nlh, sizeof(struct genlmsghdr))
		if (mnl_attr_get_type(attr) == PE_INFO_GENERATION)
			*(uint32_t *)arg = pe_attr_u32(attr);
	return 0;
}

/* The answer to a commit may be lost, as where the kernel had no memory for it, but
 * not what it has done.
 */
static int pe_txn_find_out(struct pe_sock *sock, uint32_t generation, struct pe_refusal *refusal)
{
	struct nlmsghdr *nlh = pe_sock_request(sock, PE_CMD_INFO_GET, NLM_F_ACK);
	struct pe_refusal ignored;
	uint32_t now = generation;

	if (pe_sock_ask(sock, nlh, pe_txn_read_now, &now, &ignored) || now == generation)
		return -refusal->err;
	refusal->err = 0;
	return 0;
}

/**
 * pe_txn_commit() - make a transaction effective
 * @sock: the socket it belongs to
 * @generation: that the configuration must still be at
 * @check: only find out whether it could be
 * @refusal: says why not
 *
 * Return: 0 or a negative error number, -ESTALE when somebody else was faster.
 */
int pe_txn_commit(struct pe_sock *sock, uint32_t generation, bool check, struct pe_refusal *refusal)
{
	struct nlmsghdr *nlh = pe_sock_request(sock, PE_CMD_TXN_COMMIT, NLM_F_ACK);
	int err;

	mnl_attr_put_u32(nlh, PE_TXN_GENERATION, generation);
	if (check)
		mnl_attr_put(nlh, PE_TXN_CHECK, 0, NULL);
	err = pe_sock_ask(sock, nlh, NULL, NULL, refusal);
	/* Only what the kernel refuses is about a message. */
	if (!err || check || refusal->seq)
		return err;
	return pe_txn_find_out(sock, generation, refusal);
}

/**
 * pe_txn_abort() - forget a transaction
 * @sock: the socket it belongs to
 * @refusal: says why not
 *
 * Return: 0 or a negative error number.
 */
int pe_txn_abort(struct pe_sock *sock, struct pe_refusal *refusal)
{
	struct nlmsghdr *nlh = pe_sock_request(sock, PE_CMD_TXN_ABORT, NLM_F_ACK);

	return pe_sock_ask(sock, nlh, NULL, NULL, refusal);
}

/*
 * Changes on their way. The kernel answers only what it refuses, and the last
 * message of each batch.
 */
struct pe_stream {
	struct pe_sock *sock;
	struct pe_refusal *refusal;
	char *buf;
	size_t used;
	struct nlmsghdr *last;
	bool acked;
};

static int pe_stream_message(const struct nlmsghdr *nlh, void *arg)
{
	struct pe_stream *stream = arg;
	struct pe_refusal heard;

	if (nlh->nlmsg_type != NLMSG_ERROR)
		return 0;
	pe_refusal_read(&heard, nlh);
	if (heard.err && !stream->refusal->err)
		*stream->refusal = heard;
	if (nlh->nlmsg_seq == stream->last->nlmsg_seq)
		stream->acked = true;
	return 0;
}

/*
 * Refusals that did not fit into the receive queue are lost, and maybe the
 * acknowledgement with them, so from there on nothing is waited for. Of one that
 * was lost alone, nothing but that is known.
 */
static int pe_stream_wait(struct pe_stream *stream)
{
	bool lost = false;
	int err = 0;

	stream->acked = false;
	while (!stream->acked && err != -EAGAIN) {
		err = pe_sock_receive(stream->sock, pe_stream_message, stream);
		if (err == -ENOBUFS)
			lost = true;
		else if (err && err != -EINTR && err != -EAGAIN)
			break;
		stream->sock->patient = !lost;
	}
	stream->sock->patient = true;
	if (stream->refusal->err)
		return -stream->refusal->err;
	if (lost)
		err = -ENOBUFS;
	else if (stream->acked)
		return 0;
	return pe_refusal_set(stream->refusal, -err, "cannot hear the kernel: %s", strerror(-err));
}

static int pe_stream_flush(struct pe_stream *stream)
{
	int err;

	if (!stream->used)
		return 0;
	stream->last->nlmsg_flags |= NLM_F_ACK;
	err = pe_sock_send(stream->sock, stream->buf, stream->used, stream->refusal);
	if (!err)
		err = pe_stream_wait(stream);
	stream->used = 0;
	return err;
}

static int pe_stream_add_part(struct pe_stream *stream, const struct pe_object *object,
			      uint32_t first)
{
	struct nlmsghdr *nlh = (struct nlmsghdr *)(stream->buf + stream->used);

	pe_object_encode_part(object, nlh, stream->sock->family, first);
	nlh->nlmsg_seq = ++stream->sock->seq;
	stream->used += MNL_ALIGN(nlh->nlmsg_len);
	stream->last = nlh;
	if (stream->used + PE_MESSAGE_MAX <= PE_BATCH_SIZE)
		return 0;
	return pe_stream_flush(stream);
}

static int pe_stream_add(struct pe_stream *stream, const struct pe_object *object)
{
	uint32_t first = 0;
	int err;

	do {
		err = pe_stream_add_part(stream, object, first);
		first = pe_object_next(object, first);
	} while (!err && first);
	return err;
}

static struct nlattr *pe_attr_at(const struct nlmsghdr *nlh, const struct nlattr *nest,
				 uint32_t offset)
{
	struct nlattr *attr;

	if (nest) {
		mnl_attr_for_each_nested(attr, nest) {
			const char *start = (const char *)attr;

			if (offset < (uint32_t)(start - (const char *)nlh) + attr->nla_len)
				return attr;
		}
		return NULL;
	}
	mnl_attr_for_each(attr, nlh, sizeof(struct genlmsghdr)) {
		const char *start = (const char *)attr;

		if (offset < (uint32_t)(start - (const char *)nlh) + attr->nla_len)
			return attr;
	}
	return NULL;
}

/* Finds which attribute stands at an offset by making the message again. */
static void pe_blame_offset(const struct pe_object *object, uint16_t family, uint32_t first,
			    uint32_t offset, struct pe_blame *blame)
{
	struct nlmsghdr *nlh = pe_xrealloc(NULL, PE_MESSAGE_MAX);
	const struct nlattr *attr, *found, *inner;

	pe_object_encode_part(object, nlh, family, first);
	found = pe_attr_at(nlh, NULL, offset);
	if (found) {
		blame->attr = mnl_attr_get_type(found);
		mnl_attr_for_each(attr, nlh, sizeof(struct genlmsghdr))
			if (attr < found && mnl_attr_get_type(attr) == blame->attr)
				blame->index++;
	}
	if (found && (found->nla_type & NLA_F_NESTED) &&
	    offset > (uint32_t)((const char *)found - (const char *)nlh)) {
		inner = pe_attr_at(nlh, found, offset);
		blame->nested = inner ? mnl_attr_get_type(inner) : 0;
	}
	free(nlh);
}

/* The statement that a message belongs to, and where in it the message begins. */
static size_t pe_blame_message(const struct pe_changes *changes, uint32_t message, uint32_t *first)
{
	size_t i;

	for (i = 0; i < changes->count; i++) {
		*first = 0;
		do {
			if (!message--)
				return i;
			*first = pe_object_next(changes->list[i], *first);
		} while (*first);
	}
	return PE_NOWHERE;
}

/**
 * pe_txn_blame() - find the statement that a refusal is about
 * @sock: the socket that the changes were sent on
 * @changes: the changes
 * @first: sequence number of the first of them
 * @refusal: what the kernel said
 * @blame: set to what it is about
 */
void pe_txn_blame(struct pe_sock *sock, const struct pe_changes *changes, uint32_t first,
		  const struct pe_refusal *refusal, struct pe_blame *blame)
{
	uint32_t message = (refusal->cookie ? refusal->cookie_seq : refusal->seq) - first;
	uint32_t offset = refusal->offset ? refusal->offset : refusal->missing_nest;
	uint32_t begin = 0;

	memset(blame, 0, sizeof(*blame));
	blame->change = pe_blame_message(changes, message, &begin);
	if (blame->change == PE_NOWHERE)
		return;
	if (refusal->cookie) {
		blame->attr = (uint16_t)refusal->cookie_attr;
		blame->index = refusal->cookie_index;
	} else if (offset) {
		pe_blame_offset(changes->list[blame->change], sock->family, begin, offset, blame);
	}
	blame->index += begin;
}

/**
 * pe_txn_send() - send changes, into a transaction or each by itself
 * @sock: the socket
 * @changes: the changes, which have consecutive sequence numbers
 * @blame: set to what a refusal is about
 * @refusal: says why not
 *
 * Return: 0 or a negative error number.
 */
int pe_txn_send(struct pe_sock *sock, const struct pe_changes *changes, struct pe_blame *blame,
		struct pe_refusal *refusal)
{
	struct pe_stream stream = { .sock = sock, .refusal = refusal };
	uint32_t first = sock->seq + 1;
	int err = 0;
	size_t i;

	refusal->err = 0;
	stream.buf = pe_xrealloc(NULL, PE_BATCH_SIZE);
	memset(stream.buf, 0, PE_BATCH_SIZE);
	for (i = 0; i < changes->count && !err; i++)
		err = pe_stream_add(&stream, changes->list[i]);
	if (!err)
		err = pe_stream_flush(&stream);
	free(stream.buf);
	if (err)
		pe_txn_blame(sock, changes, first, refusal, blame);
	return err;
}
