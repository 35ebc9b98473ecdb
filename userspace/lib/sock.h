/* SPDX-License-Identifier: GPL-2.0-only */
/* A netlink socket that speaks with the engine. */
#ifndef PE_SOCK_H
#define PE_SOCK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct nlmsghdr;
struct pe_refusal;

typedef int pe_message_fn(const struct nlmsghdr *nlh, void *arg);

/**
 * struct pe_sock - a socket
 * @fd: its descriptor
 * @family: number of the netlink family
 * @seq: sequence number used last
 * @config_group: number of the multicast group of changes
 * @events_group: number of the multicast group of events
 * @buf: what was received last
 * @size: room there
 * @request: where a small request is made
 * @patient: whether receiving waits for what has not come yet
 * @other: called for what comes between a request and its answer, or NULL
 * @other_arg: handed to @other
 */
struct pe_sock {
	int fd;
	uint16_t family;
	uint32_t seq;
	uint32_t config_group;
	uint32_t events_group;
	char *buf;
	size_t size;
	char *request;
	bool patient;
	pe_message_fn *other;
	void *other_arg;
};

int pe_sock_open(struct pe_sock *sock, struct pe_refusal *refusal);
void pe_sock_close(struct pe_sock *sock);
int pe_sock_join_end(struct pe_sock *sock, struct pe_refusal *refusal);
int pe_sock_join(struct pe_sock *sock, uint32_t group, struct pe_refusal *refusal);

struct nlmsghdr *pe_sock_request(struct pe_sock *sock, uint8_t cmd, uint16_t flags);
int pe_sock_ask(struct pe_sock *sock, struct nlmsghdr *nlh, pe_message_fn *fn, void *arg,
		struct pe_refusal *refusal);
int pe_sock_send(struct pe_sock *sock, const void *buf, size_t len, struct pe_refusal *refusal);
int pe_sock_receive(struct pe_sock *sock, pe_message_fn *fn, void *arg);
const char *pe_sock_error(int err);

#endif
