// SPDX-License-Identifier: GPL-2.0-only
/*
 * Does one thing again and again, each time with another allocation failing,
 * until none is left that could; or with each allocation failing now and then.
 * What the configuration is afterwards is what it was, or what it should be.
 *
 * Orders come by standard input, a line each:
 *
 *   walk nth|PERCENT:TIMES BEFORE WORD...	BEFORE is a file with a
 *				configuration, - for none, or 'absent' for no
 *				module; the words are what is done:
 *				pectl ARGUMENT..., unshare, link add|del NAME,
 *				or insmod FILE
 *   memory mark		remember how much is in use
 *   memory same		no more is in use than then
 *
 * and each is answered by comments and then 'good' or 'bad'.
 */

#include <errno.h>
#include <fcntl.h>
#include <libmnl/libmnl.h>
#include <linux/genetlink.h>
#include <linux/if_link.h>
#include <linux/pe.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <sched.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "memory.h"

#define WORDS 40
#define NTH_MAX 100000
#define TOLD 8

int pectl_main_of_program(int argc, char **argv);
extern int optind;

/**
 * struct walk - something that is done
 * @words: what
 * @count: how many words
 * @before: how everything is before
 * @percent: of the allocations that fail, 0 for one after another
 * @times: how often, with @percent
 * @home: namespace
 * @state: what there is before
 * @after: what there is after, if all goes well
 * @said: what was said
 * @code: and how it ended
 * @runs: how often it was done
 * @refused: of them that did not succeed
 * @wrong: of them that were not as they must be
 */
struct walk {
	char *words[WORDS + 1];
	int count;
	const char *before;
	unsigned int percent;
	unsigned int times;
	int home;
	char *state;
	char *after;
	char *said;
	int code;
	unsigned int runs;
	unsigned int refused;
	unsigned int wrong;
};

static void put_file(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC);

	if (fd < 0 || write(fd, text, strlen(text)) < 0) {
		printf("# %s: %s\n", path, strerror(errno));
		exit(1);
	}
	close(fd);
}

/* ---- pectl, in this process ---- */

static FILE *memory_file(void)
{
	int fd = memfd_create("walk", MFD_CLOEXEC);
	FILE *file = fd < 0 ? NULL : fdopen(fd, "w+");

	if (!file)
		abort();
	return file;
}

static char *file_text(FILE *file)
{
	long size = ftell(file);
	char *text = calloc(1, (size_t)size + 1);

	rewind(file);
	if (!text || fread(text, 1, (size_t)size, file) != (size_t)size)
		abort();
	fclose(file);
	return text;
}

/* The exit code; all that was written is in *said. */
static int pectl(char **words, int count, char **said)
{
	FILE *out = stdout, *err = stderr;
	int code;

	stdout = stderr = memory_file();
	optind = 0;
	code = pectl_main_of_program(count, words);
	fflush(stdout);
	*said = file_text(stdout);
	stdout = out;
	stderr = err;
	return code;
}

static char *pectl_say(const char *a, const char *b, const char *c, int *code)
{
	char *words[] = { "pectl", (char *)a, (char *)b, (char *)c, NULL };
	char *said;
	int count = 1;

	while (words[count])
		count++;
	*code = pectl(words, count, &said);
	return said;
}

/* ---- what else can be done ---- */

static int link_talk(uint16_t type, uint16_t flags, const char *name)
{
	char buf[1024];
	struct nlmsghdr *nlh = mnl_nlmsg_put_header(buf);
	struct ifinfomsg *info = mnl_nlmsg_put_extra_header(nlh, sizeof(*info));
	struct mnl_socket *nl = mnl_socket_open(NETLINK_ROUTE);
	struct nlattr *nest;
	ssize_t got = -1;
	int err = 0;

	nlh->nlmsg_type = type;
	nlh->nlmsg_flags = NLM_F_REQUEST | NLM_F_ACK | flags;
	info->ifi_flags = info->ifi_change = IFF_UP;
	mnl_attr_put_strz(nlh, IFLA_IFNAME, name);
	nest = mnl_attr_nest_start(nlh, IFLA_LINKINFO);
	mnl_attr_put_strz(nlh, IFLA_INFO_KIND, "dummy");
	mnl_attr_nest_end(nlh, nest);
	if (nl && !mnl_socket_bind(nl, 0, MNL_SOCKET_AUTOPID) &&
	    mnl_socket_sendto(nl, nlh, nlh->nlmsg_len) > 0)
		got = mnl_socket_recvfrom(nl, buf, sizeof(buf));
	if (got <= 0 || mnl_cb_run(buf, (size_t)got, 0, mnl_socket_get_portid(nl), NULL, NULL) < 0)
		err = errno;
	if (nl)
		mnl_socket_close(nl);
	return err;
}

static int link_add(const char *name)
{
	return link_talk(RTM_NEWLINK, NLM_F_CREATE | NLM_F_EXCL, name);
}

static int link_del(const char *name)
{
	return link_talk(RTM_DELLINK, 0, name);
}

static int insmod(const char *path)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	long err = syscall(SYS_finit_module, fd, "", 0);

	err = err ? errno : 0;
	close(fd);
	return (int)err;
}

static bool is(const struct walk *walk, const char *first, const char *second)
{
	return !strcmp(walk->words[0], first) && (!second || !strcmp(walk->words[1], second));
}

static int act_plain(const struct walk *walk)
{
	if (is(walk, "unshare", NULL))
		return unshare(CLONE_NEWNET) ? errno : 0;
	if (is(walk, "link", "add"))
		return link_add(walk->words[2]);
	if (is(walk, "link", "del"))
		return link_del(walk->words[2]);
	if (is(walk, "insmod", NULL))
		return insmod(walk->words[1]);
	return ENOSYS;
}

static void act(struct walk *walk)
{
	free(walk->said);
	if (is(walk, "pectl", NULL)) {
		walk->code = pectl(walk->words, walk->count, &walk->said);
		return;
	}
	walk->code = act_plain(walk);
	walk->said = strdup(strerror(walk->code));
}

/* What was not the configuration's business is as it was. */
static void act_undo(struct walk *walk)
{
	if (is(walk, "unshare", NULL) && setns(walk->home, CLONE_NEWNET))
		abort();
	if (is(walk, "link", "del"))
		link_add(walk->words[2]);
}

/* ---- one walk ---- */

static char *state(void)
{
	char *said;
	int code;

	if (access("/sys/module/pe", F_OK))
		return strdup("absent");
	said = pectl_say("show", NULL, NULL, &code);
	if (code)
		printf("# show ended with %d: %s\n", code, said);
	return said;
}

static bool reset(const struct walk *walk)
{
	char *said = NULL;
	int code = 0;

	if (is(walk, "link", "add"))
		link_del(walk->words[2]);
	if (!strcmp(walk->before, "absent"))
		code = access("/sys/module/pe", F_OK) ? 0 :
							(int)syscall(SYS_delete_module, "pe", 0);
	else if (!strcmp(walk->before, "-"))
		said = pectl_say("flush", NULL, NULL, &code);
	else
		said = pectl_say("apply", "-f", walk->before, &code);
	if (code)
		printf("# cannot go back: %d: %s\n", code, said ? said : strerror(errno));
	free(said);
	return !code;
}

__attribute__((format(printf, 2, 3))) static void wrong(struct walk *walk, const char *format, ...)
{
	va_list args;

	if (++walk->wrong > TOLD)
		return;
	printf("# run %u, exit code %d: ", walk->runs, walk->code);
	va_start(args, format);
	vprintf(format, args);
	va_end(args);
	printf("; it said: %s\n", walk->said);
}

static bool says_why(const struct walk *walk)
{
	return !is(walk, "pectl", NULL) ||
	       (strstr(walk->said, "error: ") && strstr(walk->said, "not enough memory"));
}

static void judge(struct walk *walk)
{
	char *now = state();
	bool same = !strcmp(now, walk->state), done = !strcmp(now, walk->after);

	walk->refused += !!walk->code;
	if (!same && !done)
		wrong(walk, "half is done:\n%s", now);
	else if (!walk->code && !done)
		wrong(walk, "it says that it is done, and is not");
	else if (walk->code && done && !same)
		wrong(walk, "it is done, and says that it is not");
	if (walk->code && !says_why(walk))
		wrong(walk, "refused without a word of memory");
	free(now);
	if (!same && !reset(walk))
		wrong(walk, "cannot go back");
}

/* How many more allocations would have had to be made. */
static int fail_left(void)
{
	char text[32] = "";
	int fd = open("/proc/thread-self/fail-nth", O_RDWR | O_CLOEXEC);

	if (fd < 0 || read(fd, text, sizeof(text) - 1) < 0 || pwrite(fd, "0", 1, 0) < 0) {
		printf("# fail-nth: %s\n", strerror(errno));
		exit(1);
	}
	close(fd);
	return atoi(text);
}

static void walk_nth(struct walk *walk)
{
	char number[16];
	int n, left;

	for (n = 1; n < NTH_MAX && walk->wrong <= TOLD; n++) {
		snprintf(number, sizeof(number), "%d", n);
		put_file("/proc/thread-self/fail-nth", number);
		act(walk);
		left = fail_left();
		act_undo(walk);
		if (left)
			break;
		walk->runs++;
		judge(walk);
		if (is(walk, "link", "add"))
			reset(walk);
	}
	if (n > 1 && !reset(walk))
		walk->wrong++;
}

static void walk_percent(struct walk *walk)
{
	char number[16];

	snprintf(number, sizeof(number), "%u", walk->percent);
	while (walk->runs < walk->times && walk->wrong <= TOLD) {
		put_file("/sys/kernel/debug/failslab/probability", number);
		put_file("/sys/kernel/debug/fail_page_alloc/probability", number);
		put_file("/proc/self/make-it-fail", "1");
		act(walk);
		put_file("/proc/self/make-it-fail", "0");
		put_file("/sys/kernel/debug/failslab/probability", "0");
		put_file("/sys/kernel/debug/fail_page_alloc/probability", "0");
		act_undo(walk);
		walk->runs++;
		judge(walk);
	}
}

static bool walk_run(struct walk *walk)
{
	if (!reset(walk))
		return false;
	walk->state = state();
	act(walk);
	act_undo(walk);
	walk->after = state();
	if (walk->code && walk->code != 4) {
		printf("# without a failure it ends with %d: %s\n", walk->code, walk->said);
		return false;
	}
	if (!reset(walk))
		return false;
	if (walk->percent)
		walk_percent(walk);
	else
		walk_nth(walk);
	if (is(walk, "link", "add"))
		link_add(walk->words[2]);
	printf("# %u runs, %u of them refused, %u wrong\n", walk->runs, walk->refused, walk->wrong);
	return !walk->wrong && walk->runs;
}

static bool order_walk(char **words, int count)
{
	struct walk walk = { .before = words[2] };
	bool ok;
	int i;

	if (strcmp(words[1], "nth") && sscanf(words[1], "%u:%u", &walk.percent, &walk.times) != 2)
		return false;
	for (i = 3; i < count; i++)
		walk.words[walk.count++] = words[i];
	walk.home = open("/proc/thread-self/ns/net", O_RDONLY | O_CLOEXEC);
	ok = walk_run(&walk);
	close(walk.home);
	free(walk.state);
	free(walk.after);
	free(walk.said);
	return ok;
}

static bool order_memory(const char *what)
{
	static struct memory mark;
	struct memory now;

	if (!strcmp(what, "mark"))
		return memory_read(&mark);
	return memory_read(&now) && memory_same(&mark, &now, 100);
}

static bool order(char *line)
{
	char *words[WORDS + 1], *save, *word;
	int count = 0;

	for (word = strtok_r(line, " \n", &save); word && count < WORDS;
	     word = strtok_r(NULL, " \n", &save))
		words[count++] = word;
	words[count] = NULL;
	if (count == 2 && !strcmp(words[0], "memory"))
		return order_memory(words[1]);
	if (count > 3 && !strcmp(words[0], "walk"))
		return order_walk(words, count);
	printf("# no such order\n");
	return false;
}

int main(void)
{
	char *line = NULL;
	size_t size = 0;

	setvbuf(stdout, NULL, _IOLBF, 0);
	while (getline(&line, &size, stdin) > 0)
		puts(order(line) ? "good" : "bad");
	free(line);
	return 0;
}
