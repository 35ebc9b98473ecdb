/* SPDX-License-Identifier: GPL-2.0-only */
/* Whether what the kernel says is well formed, and says something. */
#ifndef NETLINK_ANSWER_H
#define NETLINK_ANSWER_H

#include <linux/netlink.h>

struct pending;

void answer_error(struct pending *pending, const struct nlmsghdr *nlh);
void answer_reply(const struct pending *pending, const struct nlmsghdr *nlh);
void answer_notification(const struct nlmsghdr *nlh);
void answer_sentence(const struct pending *pending, const char *text);

#endif
