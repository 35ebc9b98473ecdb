// SPDX-License-Identifier: GPL-2.0-only
/*
 * Any bytes as the answers of the kernel, to whole commands of pectl: the
 * functions that talk to a socket are wrapped by the linker.
 *
 * The first byte tells the command, and whether the question for the family is
 * answered from the bytes as well. Then come the answers, as what one recv()
 * gives: its size (16 bits, little endian) and as many bytes. A message whose
 * sequence number is 0 answers what was asked last.
 */

#include <errno.h>
#include <libmnl/libmnl.h>
#include <linux/genetlink.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#include "fuzz.h"

/* What lies in the buffer behind an answer is no part of it. */
#ifdef __SANITIZE_ADDRESS__
#include <sanitizer/asan_interface.h>
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#include <sanitizer/asan_interface.h>
#endif
#endif
#ifndef ASAN_POISON_MEMORY_REGION
#define ASAN_POISON_MEMORY_REGION(at, size) ((void)(at), (void)(size))
#define ASAN_UNPOISON_MEMORY_REGION(at, size) ((void)(at), (void)(size))
#endif

#define FAMILY 77
#define OWN_FAMILY 0x80
#define ARGS_MAX 16

int pectl_main_of_program(int argc, char **argv);
extern int optind;

static const char CONFIG[] =
	"device fw1 { inline outside dev i1 lladdr 02:00:00:00:01:01 inside dev i2 via 10.0.2.9; }\n"
	"device web1 { server dev i4 lladdr 02:00:00:00:04:01 mode loopback; }\n"
	"device nat6 { server address 2001:db8:4::21 mode nat; guard; }\n"
	"service web { vip 192.0.2.10 tcp port 80; sequence fw1, web1; }\n"
	"service n6 { vip 2001:db8:2::13 tcp port 80; sequence nat6 port 8080; }\n";

static const char BATCH[] = "service del web\n"
			    "device add more { tap dev i2 lladdr 02:00:00:00:02:51; }\n"
			    "service change n6 sequence nat6 port 81\n";

/* FILE and BATCH stand for files with those texts. */
static const char *const commands[] = {
	"pectl show",
	"pectl -s -d -j -p show",
	"pectl -s -o service show web",
	"pectl -j device show fw1",
	"pectl -s stats",
	"pectl -j stats",
	"pectl diff -f FILE",
	"pectl -j diff -f FILE",
	"pectl apply --no-revision -f FILE",
	"pectl apply --no-revision --check --generation 7 -f FILE",
	"pectl -f BATCH",
	"pectl service change web sequence fw1, web1",
	"pectl device del fw1",
	"pectl flush",
	"pectl explain from 198.51.100.1 to 192.0.2.10 tcp port 80 iif i0",
	"pectl -j explain from 2001:db8:99::1 to 2001:db8:2::13 tcp port 80 iif i0",
	"pectl -t monitor",
	"pectl -j monitor events",
	"pectl stats --openmetrics",
};

static const uint8_t *feed;
static size_t feed_left;
static bool answer_family;
static uint32_t asked_seq;
static uint16_t asked_type;

static size_t answer_with_family(void *buf)
{
	struct nlmsghdr *nlh = mnl_nlmsg_put_header(buf);
	struct nlattr *groups, *group;
	struct genlmsghdr *genl;

	nlh->nlmsg_type = GENL_ID_CTRL;
	nlh->nlmsg_seq = asked_seq;
	genl = mnl_nlmsg_put_extra_header(nlh, sizeof(*genl));
	genl->cmd = CTRL_CMD_NEWFAMILY;
	mnl_attr_put_u16(nlh, CTRL_ATTR_FAMILY_ID, FAMILY);
	groups = mnl_attr_nest_start(nlh, CTRL_ATTR_MCAST_GROUPS);
	group = mnl_attr_nest_start(nlh, 1);
	mnl_attr_put_u32(nlh, CTRL_ATTR_MCAST_GRP_ID, 5);
	mnl_attr_put_strz(nlh, CTRL_ATTR_MCAST_GRP_NAME, "config");
	mnl_attr_nest_end(nlh, group);
	mnl_attr_nest_end(nlh, groups);
	return nlh->nlmsg_len;
}

static size_t answer_with_ack(void *buf)
{
	struct nlmsghdr *nlh = mnl_nlmsg_put_header(buf);
	struct nlmsgerr *e;

	nlh->nlmsg_type = NLMSG_ERROR;
	nlh->nlmsg_seq = asked_seq;
	e = mnl_nlmsg_put_extra_header(nlh, sizeof(*e));
	e->msg.nlmsg_seq = asked_seq;
	return nlh->nlmsg_len;
}

/* A length that libmnl takes for negative is beyond what it can be asked. */
static void answer_fix(char *buf, size_t size)
{
	struct nlmsghdr *nlh;
	size_t at;

	for (at = 0; at + sizeof(*nlh) <= size; at += MNL_ALIGN(nlh->nlmsg_len)) {
		nlh = (struct nlmsghdr *)(buf + at);
		if (nlh->nlmsg_len > size - at)
			nlh->nlmsg_len = 0;
		if (nlh->nlmsg_len < sizeof(*nlh))
			return;
		if (!nlh->nlmsg_seq)
			nlh->nlmsg_seq = asked_seq;
	}
}

int __wrap_socket(int domain, int type, int protocol);
int __wrap_bind(int fd, const struct sockaddr *addr, socklen_t len);
int __wrap_setsockopt(int fd, int level, int name, const void *value, socklen_t len);
ssize_t __wrap_send(int fd, const void *buf, size_t len, int flags);
ssize_t __wrap_recv(int fd, void *buf, size_t len, int flags);

int __wrap_socket(int domain, int type, int protocol)
{
	(void)domain;
	(void)type;
	(void)protocol;
	return dup(STDIN_FILENO);
}

int __wrap_bind(int fd, const struct sockaddr *addr, socklen_t len)
{
	(void)fd;
	(void)addr;
	(void)len;
	return 0;
}

int __wrap_setsockopt(int fd, int level, int name, const void *value, socklen_t len)
{
	(void)fd;
	(void)level;
	(void)name;
	(void)value;
	(void)len;
	return 0;
}

ssize_t __wrap_send(int fd, const void *buf, size_t len, int flags)
{
	const struct nlmsghdr *nlh = buf;
	int left;

	(void)fd;
	(void)flags;
	for (left = (int)len; mnl_nlmsg_ok(nlh, left); nlh = mnl_nlmsg_next(nlh, &left)) {
		asked_seq = nlh->nlmsg_seq;
		asked_type = nlh->nlmsg_type;
	}
	fuzz_check(!left, "bytes that are no message are sent");
	return (ssize_t)len;
}

ssize_t __wrap_recv(int fd, void *buf, size_t len, int flags)
{
	static bool told;
	size_t size;

	ASAN_UNPOISON_MEMORY_REGION(buf, len);
	(void)fd;
	(void)flags;
	if (asked_type == GENL_ID_CTRL && answer_family) {
		told = !told;
		if (told)
			return (ssize_t)answer_with_family(buf);
		asked_type = 0;
		return (ssize_t)answer_with_ack(buf);
	}
	if (feed_left < 2) {
		errno = ECONNRESET;
		return -1;
	}
	size = feed[0] | (size_t)feed[1] << 8;
	feed += 2;
	feed_left -= 2;
	if (size > feed_left)
		size = feed_left;
	if (size > len)
		size = len;
	memcpy(buf, feed, size);
	feed += size;
	feed_left -= size;
	answer_fix(buf, size);
	ASAN_POISON_MEMORY_REGION((char *)buf + size, len - size);
	return (ssize_t)size;
}

static const char *file_with(const char *text)
{
	static char paths[2][32];
	static int used;
	char *path = paths[used++];
	int fd = memfd_create("fuzz", 0);

	if (fd < 0 || write(fd, text, strlen(text)) < 0)
		abort();
	snprintf(path, sizeof(paths[0]), "/proc/self/fd/%d", fd);
	return path;
}

static char *argument(char *word)
{
	static const char *file, *batch;

	if (!file) {
		file = file_with(CONFIG);
		batch = file_with(BATCH);
	}
	if (!strcmp(word, "FILE"))
		return (char *)file;
	return !strcmp(word, "BATCH") ? (char *)batch : word;
}

static void run(const char *command)
{
	char words[128], *argv[ARGS_MAX + 1], *save, *word;
	int argc = 0;

	strcpy(words, command);
	for (word = strtok_r(words, " ", &save); word && argc < ARGS_MAX;
	     word = strtok_r(NULL, " ", &save))
		argv[argc++] = argument(word);
	argv[argc] = NULL;
	optind = 0;
	pectl_main_of_program(argc, argv);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	FILE *out = stdout, *err = stderr;
	static FILE *null;

	if (!size)
		return 0;
	if (!null)
		null = fopen("/dev/null", "w");
	feed = data + 1;
	feed_left = size - 1;
	answer_family = !(data[0] & OWN_FAMILY);
	asked_type = 0;
	stdout = stderr = null;
	run(commands[(data[0] & ~OWN_FAMILY) % (sizeof(commands) / sizeof(*commands))]);
	stdout = out;
	stderr = err;
	return 0;
}
