// SPDX-License-Identifier: GPL-2.0-only
/* Rounds of checks: when they begin and end, and what is told of them. */

#include <checker.h>
#include <device.h>
#include <libmnl/libmnl.h>
#include <linux/pe.h>
#include <refusal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "ktap.h"

#define TIMEOUT 100

/* A check through a device, whose ears are ends of sockets that nobody reads. */
struct lab {
	struct pe_checker checker;
	struct pe_check check;
	int fds[2][2];
	unsigned int done;
};

static void lab_done(struct pe_check *check, void *arg)
{
	struct lab *lab = arg;

	if (check->health == PE_HEALTH_DOWN)
		lab->done++;
}

static void lab_ear(struct pe_check_end *end, int *fds)
{
	if (socketpair(AF_UNIX, SOCK_DGRAM, 0, fds) < 0) {
		perror("# socketpair");
		exit(ktap_end() | 1);
	}
	end->ear->fd = fds[0];
}

static void lab_open(struct lab *lab, uint8_t len)
{
	struct pe_check *check = &lab->check;
	struct pe_refusal refusal;

	memset(lab, 0, sizeof(*lab));
	pe_checker_open(&lab->checker, &refusal);
	check->kind = PE_CHECK_TCP;
	check->way = PE_CHECK_THROUGH;
	check->timeout = TIMEOUT;
	check->port = 80;
	check->from.len = check->to.len = len;
	memset(check->from.b, 0xfd, len);
	memset(check->to.b, 0xfe, len);
	strcpy(check->out.dev, "enp129s0f0np0v1");
	strcpy(check->in.dev, "enp129s0f1np1v2");
	check->out.ifindex = 1;
	check->in.ifindex = 2;
	check->done = lab_done;
	check->arg = lab;
	pe_checker_add(&lab->checker, check);
	lab_ear(&check->out, lab->fds[0]);
	lab_ear(&check->in, lab->fds[1]);
}

static void lab_close(struct lab *lab)
{
	close(lab->fds[0][1]);
	close(lab->fds[1][1]);
	pe_checker_close(&lab->checker);
}

static unsigned int lab_sent(const struct lab *lab)
{
	unsigned int count = 0;
	char buf[PE_FRAME_MAX];

	while (recv(lab->fds[0][1], buf, sizeof(buf), MSG_DONTWAIT) > 0)
		count++;
	return count;
}

/* The next round is due exactly one timeout later, and comes before the timer. */
static void test_rounds(void)
{
	const struct timespec most = { .tv_nsec = 95 * TIMEOUT * 10000L };
	struct lab lab;

	lab_open(&lab, 4);
	pe_checker_start(&lab.check);
	ktap_result(lab_sent(&lab) == 1 && !lab.done, "a round begins");
	pe_checker_start(&lab.check);
	ktap_result(!lab_sent(&lab) && !lab.done && lab.check.running,
		    "it goes on where the next one comes at once");
	nanosleep(&most, NULL);
	pe_checker_start(&lab.check);
	ktap_result(lab_sent(&lab) == 1 && lab.done == 1 && lab.check.running,
		    "it ends, and another one begins, where that is due");
	lab_close(&lab);
}

/* The kernel takes what is told of a device, whole. */
static void told_whole(const struct lab *lab)
{
	char buf[PE_MESSAGE_MAX] __attribute__((aligned(8)));
	struct nlmsghdr *nlh = mnl_nlmsg_put_header(buf);
	const char *said = "";
	const struct nlattr *attr;

	pe_device_put_state(nlh, "fw", PE_DEVICE_STATE_DOWN, PE_CAUSE_CHECK, lab->check.evidence);
	mnl_attr_for_each(attr, nlh, 0)
		if (mnl_attr_get_type(attr) == PE_DEVICE_EVIDENCE)
			said = mnl_attr_get_str(attr);
	ktap_result(strlen(said) > 63 && strlen(said) <= PE_EVIDENCE_MAX &&
			    !strcmp(said, lab->check.evidence),
		    "the kernel is told the whole of: %s", lab->check.evidence);
}

static void test_evidence(void)
{
	struct pe_frame frame = { .kind = PE_FRAME_ERROR, .type = 255, .code = 255 };
	char buf[PE_MESSAGE_MAX] __attribute__((aligned(8)));
	struct nlmsghdr *nlh = mnl_nlmsg_put_header(buf);
	struct lab lab;
	char more[160];

	lab_open(&lab, 16);
	lab.check.timeout = 86400000;
	pe_checker_start(&lab.check);
	pe_check_expire(&lab.check);
	told_whole(&lab);
	pe_checker_start(&lab.check);
	lab.check.through = true;
	pe_check_expire(&lab.check);
	told_whole(&lab);
	pe_checker_start(&lab.check);
	frame.from = lab.check.from;
	pe_check_hear(&lab.check, lab.check.out.ear, &frame);
	told_whole(&lab);
	pe_checker_start(&lab.check);
	lab.check.kind = PE_CHECK_ARP;
	pe_check_expire(&lab.check);
	told_whole(&lab);
	lab.check.kind = PE_CHECK_TCP;
	lab.check.way = PE_CHECK_AT;
	memset(&frame, 0, sizeof(frame));
	frame.kind = PE_FRAME_REPLY;
	memset(frame.smac, 0xab, sizeof(frame.smac));
	pe_checker_start(&lab.check);
	pe_check_hear(&lab.check, lab.check.in.ear, &frame);
	told_whole(&lab);
	lab_close(&lab);

	memset(more, 'x', sizeof(more) - 1);
	more[sizeof(more) - 1] = '\0';
	pe_device_put_state(nlh, "fw", PE_DEVICE_STATE_DOWN, PE_CAUSE_CHECK, more);
	ktap_result(nlh->nlmsg_len == NLMSG_HDRLEN + 8 + 8 + 8 + NLA_HDRLEN + PE_EVIDENCE_MAX + 1,
		    "and no more of others than it takes");
}

int main(void)
{
	ktap_start();
	test_rounds();
	test_evidence();
	return ktap_end();
}
