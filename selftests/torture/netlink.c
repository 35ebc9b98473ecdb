// SPDX-License-Identifier: GPL-2.0-only
/*
 * Netlink messages that make sense, and the same bent in one place or another,
 * by the hundred thousand.  Whatever is sent, it is answered, the answer is
 * well formed, a refusal is a sentence and changes nothing, and when all is
 * gone no memory is missing.
 */

#include <errno.h>
#include <ktap.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "netlink_lib/answer.h"
#include "netlink_lib/coverage.h"
#include "netlink_lib/memory.h"
#include "netlink_lib/mutate.h"
#include "netlink_lib/random.h"
#include "netlink_lib/sane.h"
#include "netlink_lib/world.h"

#define WORKERS 2
#define BATCH 24
#define ROUNDS_OF_WORLD 400

uint64_t random_state;

static unsigned long seed;
static bool lengthy;
/* What each worker counts, for all to see. */
static struct tally *tallies;

static struct message *any_message(unsigned int bent, bool *bytes)
{
	struct message *message = sane_any();

	*bytes = random_below(1000) < bent / 10;
	if (!*bytes && random_below(1000) < bent)
		mutate(message);
	return message;
}

static void add_some(struct sock *sock, unsigned int count, unsigned int bent)
{
	struct message *message;
	bool bytes;

	while (count--) {
		pool_reset();
		message = any_message(bent, &bytes);
		sock_add(sock, message, bytes);
	}
	sock_send(sock);
}

/* Whether a message changed the configuration, if it was taken. */
static bool may_change(const struct pending *pending, bool open)
{
	if (pending->err || pending->check)
		return false;
	if (pending->cmd == PE_CMD_TXN_COMMIT)
		return true;
	return !open && pending->cmd != PE_CMD_TXN_BEGIN && pending->cmd != PE_CMD_TXN_ABORT;
}

/* One message, between two looks at the whole configuration. */
static void probe(struct world *world)
{
	struct sock *sock = &world->socks[random_below(WORLD_SOCKS)];
	const struct pending *pending;
	struct message *message;
	bool open, bytes;
	uint64_t before;

	world_settle(world);
	before = world_hash(world);
	open = sock->open;
	pool_reset();
	message = any_message(800, &bytes);
	sock_add(sock, message, bytes);
	sock_settle(sock);
	pending = &sock->pending[sock->seq % PENDING];
	if (!may_change(pending, open) && world_hash(world) != before)
		fault("cmd %u changed something though it was refused or staged: error %d",
		      pending->cmd, pending->err);
}

/* A dump that has begun, while all that it is about is deleted. */
static void dump_paused(struct world *world)
{
	struct sock *dumper = &world->socks[random_below(WORLD_SOCKS)];
	uint8_t cmd = random_below(2) ? PE_CMD_DEVICE_GET : PE_CMD_SERVICE_GET;

	world_settle(world);
	sock_add(dumper, sane_dump(cmd), false);
	sock_send(dumper);
	sock_ask(&world->control, sane_plain(PE_CMD_FLUSH));
	if (random_below(2))
		world_fill(world);
	if (random_below(3) == 0)
		world_reopen(world, (unsigned int)(dumper - world->socks));
	world_settle(world);
	world_fill(world);
}

static void one_round(struct world *world)
{
	unsigned int way = random_below(100), which = random_below(WORLD_SOCKS);
	struct sock *sock = &world->socks[which];

	add_some(sock, 1 + random_below(BATCH), 550);
	/* One in eight waits for its answers. */
	if (way >= 12)
		sock_settle(sock);
	if (way == 13)
		dump_paused(world);
	else if (way == 14)
		world_reopen(world, which);
	else if (way < 20)
		probe(world);
	else if (way < 30)
		world_settle(world);
	coverage_take();
}

/* What a worker sends, by itself in its namespaces. */
static void alone(unsigned int worker, uint64_t messages)
{
	static struct world world;
	unsigned int rounds;

	random_start(seed + worker);
	coverage_start();
	while (tally.sent < messages && world_open(&world)) {
		world_fill(&world);
		for (rounds = 0; rounds < ROUNDS_OF_WORLD && tally.sent < messages; rounds++)
			one_round(&world);
		if (random_below(2))
			world_settle(&world);
		world_close(&world);
	}
}

/* Every message that makes sense, bent in every way in every place. */
static void everywhere(unsigned int worker, uint64_t times)
{
	static struct world world;
	unsigned int cmd, which, node, nodes;
	struct message *message;
	uint64_t time;

	random_start(seed + worker);
	coverage_start();
	if (!world_open(&world))
		return;
	for (time = 0; time < times; time++) {
		for (cmd = 1 + worker; cmd < spec_ops_count; cmd += WORKERS) {
			world_fill(&world);
			for (which = 0, node = 0; which < mutations_count;) {
				pool_reset();
				message = sane_command((uint8_t)cmd);
				nodes = nodes_count(message->attrs);
				mutate_at(message, which, node);
				sock_add(&world.socks[node % WORLD_SOCKS], message, false);
				if (++node < nodes)
					continue;
				node = 0;
				which++;
				world_settle(&world);
			}
			coverage_take();
		}
	}
	world_close(&world);
}

/* Several write in one namespace, and its interfaces come and go. */
static void together(unsigned int worker, uint64_t messages)
{
	static struct world world;
	const char *fd = getenv("NETLINK_WORLD");
	unsigned int number = 0;

	random_start(seed + worker);
	coverage_start();
	if (!world_join(&world, dup(atoi(fd))))
		return;
	while (tally.sent < messages) {
		struct sock *sock = &world.socks[random_below(WORLD_SOCKS)];

		add_some(sock, 1 + random_below(BATCH), 300);
		sock_settle(sock);
		while (sock_hear(&world.ear))
			;
		if (!worker && random_below(16) == 0) {
			int home = netns_here();

			netns_enter(world.netns);
			if (!link_del("i5"))
				link_add("i5", ++number);
			netns_enter(home);
			close(home);
		}
		if (random_below(64) == 0)
			world_fill(&world);
		coverage_take();
	}
	world_close(&world);
}

typedef void work_fn(unsigned int worker, uint64_t amount);

static struct tally tally_sum(void)
{
	struct tally sum = { 0 };
	uint64_t *to = (uint64_t *)&sum;
	unsigned int worker;
	size_t i;

	for (worker = 0; worker < WORKERS; worker++)
		for (i = 0; i < sizeof(sum) / sizeof(*to); i++)
			to[i] += ((const uint64_t *)&tallies[worker])[i];
	return sum;
}

static double now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static bool work_all(work_fn *fn, uint64_t amount)
{
	unsigned int worker;
	bool ok = true;
	int status;

	memset(tallies, 0, WORKERS * sizeof(*tallies));
	fflush(stdout);
	for (worker = 0; worker < WORKERS; worker++) {
		if (fork())
			continue;
		memset(&tally, 0, sizeof(tally));
		fn(worker, amount);
		tallies[worker] = tally;
		fflush(stdout);
		_exit(0);
	}
	while (wait(&status) > 0)
		ok &= !status;
	return ok;
}

static struct tally work(const char *name, work_fn *fn, uint64_t amount)
{
	double start = now(), took;
	struct tally sum;
	bool ok;

	ok = work_all(fn, amount);
	sum = tally_sum();
	took = now() - start;
	printf("# %s: %llu messages in %.0f s (%.0f a second), %llu taken, %llu refused: "
	       "%llu sentences, %llu by the kernel's parser, %llu too many at once; "
	       "%llu replies, %llu notifications, %llu changes, %llu queues full\n",
	       name, (unsigned long long)sum.sent, took, (double)sum.sent / took,
	       (unsigned long long)sum.taken, (unsigned long long)sum.refused,
	       (unsigned long long)sum.sentences, (unsigned long long)sum.core,
	       (unsigned long long)sum.busy, (unsigned long long)sum.replies,
	       (unsigned long long)sum.notifications, (unsigned long long)sum.commits,
	       (unsigned long long)sum.lost);
	ktap_result(ok && !sum.faults && sum.sent && sum.taken && sum.sentences && sum.commits,
		    "%s: %llu faults", name, (unsigned long long)sum.faults);
	return sum;
}

static void work_together(uint64_t amount)
{
	static struct world world;
	char fd[16];

	random_start(seed);
	if (!world_open(&world))
		return;
	world_fill(&world);
	snprintf(fd, sizeof(fd), "%d", world.netns);
	setenv("NETLINK_WORLD", fd, 1);
	work("several writers", together, amount);
	world_close(&world);
}

static bool module_load(void)
{
	const char *path = getenv("PE_KO");
	char command[4096];

	if (!access("/sys/module/pe", F_OK))
		return true;
	if (!path)
		return false;
	snprintf(
		command, sizeof(command),
		"for m in $(modinfo -F depends '%s' | tr , ' '); do modprobe $m; done; insmod '%s'",
		path, path);
	return !system(command);
}

/* A change waits for a grace period, and here are nothing but changes. */
static void expedite(bool on)
{
	FILE *file = fopen("/sys/kernel/rcu_expedited", "we");

	if (!file)
		return;
	fputs(on ? "1" : "0", file);
	fclose(file);
}

static void report_coverage(void)
{
	const char *path = "/tmp/netlink.places";
	const char *module = getenv("PE_KO");
	char command[4096];

	fflush(stdout);
	if (!module || !coverage_write(path)) {
		ktap_result(false, "coverage");
		return;
	}
	snprintf(command, sizeof(command), "python3 '%s' '%s' %s", COVERAGE, module, path);
	ktap_result(!system(command), "coverage");
}

int main(void)
{
	const char *length = getenv("TORTURE"), *wanted = getenv("TORTURE_SEED");
	struct memory before, after;
	bool covered;

	lengthy = length && !strcmp(length, "long");
	seed = wanted ? strtoul(wanted, NULL, 0) : (unsigned long)time(NULL);
	tallies = mmap(NULL, WORKERS * sizeof(*tallies), PROT_READ | PROT_WRITE,
		       MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	setvbuf(stdout, NULL, _IOLBF, 0);
	ktap_start();
	printf("# TORTURE=%s TORTURE_SEED=%lu\n", lengthy ? "long" : "short", seed);
	if (tallies == MAP_FAILED || !module_load() || !sock_family()) {
		ktap_result(false, "the module is there");
		return ktap_end();
	}
	covered = lengthy && coverage_open();
	expedite(true);
	/* What is made once, and kept, is there before memory is looked at. */
	work_all(alone, 2000);
	if (!memory_read(&before))
		return 1;
	work("everything bent everywhere", everywhere, lengthy ? 20 : 1);
	work("alone", alone, lengthy ? 550000 : 5000);
	work_together(lengthy ? 60000 : 1500);
	expedite(false);
	ktap_result(memory_read(&after) && memory_same(&before, &after, 24),
		    "memory is what it was");
	if (covered)
		report_coverage();
	return ktap_end();
}
