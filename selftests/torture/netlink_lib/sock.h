/* SPDX-License-Identifier: GPL-2.0-only */
/* A socket, what was sent on it, and whether the answers are right. */
#ifndef NETLINK_SOCK_H
#define NETLINK_SOCK_H

#include <linux/netlink.h>
#include <stdbool.h>
#include <stdint.h>

#define BATCH_MAX (256 * 1024)
#define PENDING 1024

/**
 * struct pending - a message that was sent, and what came of it
 * @head: its header
 * @cmd: command, if the module sees it
 * @name: name of a device or service in it
 * @framed: the kernel can find it
 * @acked: it wants to be told of success
 * @foreign: it is another family's
 * @silent: the kernel refuses it without a word and without the module
 * @dump: it starts a dump
 * @check: it asks for a commit that changes nothing
 * @ended: it was answered to the end
 * @core: it was refused without the module
 * @err: why it was refused, 0 if it was not
 */
struct pending {
	struct nlmsghdr head;
	uint8_t cmd;
	char name[32];
	bool framed;
	bool acked;
	bool foreign;
	bool silent;
	bool dump;
	bool check;
	bool ended;
	bool core;
	int err;
};

/**
 * struct sock - a socket
 * @fd: of it, or -1
 * @port: its address
 * @seq: last sequence number
 * @first: sequence number of the first message that has not been judged
 * @open: it has a transaction
 * @lost: answers did not fit into its queue
 * @noise: behind a message that is said to end early, the rest was sent as others
 * @pending: what was sent
 * @buf: messages to be sent
 * @used: bytes of them
 */
struct sock {
	int fd;
	uint32_t port;
	uint32_t seq;
	uint32_t first;
	bool open;
	bool lost;
	bool noise;
	struct pending pending[PENDING];
	uint8_t buf[BATCH_MAX] __attribute__((aligned(8)));
	uint32_t used;
};

/**
 * struct tally - what happened
 * @sent: messages
 * @taken: of them that were done
 * @refused: of them that were refused
 * @sentences: of the refusals that said why
 * @core: of the refusals that the kernel gave before the module was asked
 * @busy: of the refusals that only said that there were too many
 * @replies: messages with attributes that were heard and looked at
 * @notifications: of them that nobody had asked for
 * @commits: changes that must have raised the generation
 * @lost: times that answers did not fit into a queue
 * @faults: what was wrong
 */
struct tally {
	uint64_t sent;
	uint64_t taken;
	uint64_t refused;
	uint64_t sentences;
	uint64_t core;
	uint64_t busy;
	uint64_t replies;
	uint64_t notifications;
	uint64_t commits;
	uint64_t lost;
	uint64_t faults;
};

extern struct tally tally;
extern uint16_t family_id;
extern uint32_t family_groups[2];

struct message;

__attribute__((format(printf, 1, 2))) void fault(const char *format, ...);

bool sock_open(struct sock *sock);
void sock_close(struct sock *sock);
bool sock_family(void);
void sock_join(struct sock *sock);
void sock_add(struct sock *sock, const struct message *message, bool bytes);
void sock_send(struct sock *sock);
bool sock_hear(struct sock *sock);
void sock_settle(struct sock *sock);
const struct pending *sock_ask(struct sock *sock, const struct message *message);

/* Called for each message with attributes that a socket hears, if set. */
typedef void hear_fn(const struct nlmsghdr *nlh, void *arg);
extern hear_fn *sock_heard;
extern void *sock_heard_arg;

#endif
