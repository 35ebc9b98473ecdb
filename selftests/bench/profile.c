// SPDX-License-Identifier: GPL-2.0-only
/* A plugin of QEMU that counts which instructions the guest executes, between a
 * mark that begins and one that ends; 'scripts/bench --profile' makes a table of
 * it. A mark is a no-op that nobody else has: see selftests/bench/cost.py.
 *
 * Writes "ADDRESS COUNT" lines: for modules each instruction, so that it can be
 * told what was inlined, for everything else each translated block.
 */

#include <inttypes.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* What is used of QEMU's qemu-plugin.h, version 1, which Debian has no package of. */
struct qemu_plugin_tb;
struct qemu_plugin_insn;
struct qemu_info;

enum qemu_plugin_cb_flags { QEMU_PLUGIN_CB_NO_REGS };
enum qemu_plugin_op { QEMU_PLUGIN_INLINE_ADD_U64 };

typedef void (*tb_trans_cb)(uint64_t id, struct qemu_plugin_tb *tb);
typedef void (*insn_cb)(unsigned int cpu, void *data);

void qemu_plugin_register_vcpu_tb_trans_cb(uint64_t id, tb_trans_cb cb);
void qemu_plugin_register_vcpu_tb_exec_inline(struct qemu_plugin_tb *tb, enum qemu_plugin_op op,
					      void *counter, uint64_t add);
void qemu_plugin_register_vcpu_insn_exec_inline(struct qemu_plugin_insn *insn,
						enum qemu_plugin_op op, void *counter,
						uint64_t add);
void qemu_plugin_register_vcpu_insn_exec_cb(struct qemu_plugin_insn *insn, insn_cb cb,
					    enum qemu_plugin_cb_flags flags, void *data);
size_t qemu_plugin_tb_n_insns(const struct qemu_plugin_tb *tb);
uint64_t qemu_plugin_tb_vaddr(const struct qemu_plugin_tb *tb);
struct qemu_plugin_insn *qemu_plugin_tb_get_insn(const struct qemu_plugin_tb *tb, size_t number);
const void *qemu_plugin_insn_data(const struct qemu_plugin_insn *insn);
size_t qemu_plugin_insn_size(const struct qemu_plugin_insn *insn);
uint64_t qemu_plugin_insn_vaddr(const struct qemu_plugin_insn *insn);

#define EXPORT __attribute__((visibility("default")))

EXPORT extern int qemu_plugin_version;
int qemu_plugin_version = 1;

/* x86-64: modules live from here on. */
#define MODULES UINT64_C(0xffffffffc0000000)

/* nopl DISPLACEMENT(%rax) */
#define MARK_SIZE 7
static const uint8_t mark_begin[MARK_SIZE] = { 0x0f, 0x1f, 0x80, 'P', 'E', 'b', 'n' };
static const uint8_t mark_end[MARK_SIZE] = { 0x0f, 0x1f, 0x80, 'P', 'E', 'e', 'd' };

/* Counters stay where they are: translated code writes to them. */
struct counter {
	struct counter *next;
	uint64_t address;
	uint64_t count;
};

#define BUCKETS (1U << 18)
static struct counter *counters[BUCKETS];
static const char *path;

static uint64_t *counter_of(uint64_t address)
{
	struct counter **bucket = &counters[(address ^ address >> 18) % BUCKETS];
	struct counter *counter;

	for (counter = *bucket; counter; counter = counter->next)
		if (counter->address == address)
			return &counter->count;
	counter = calloc(1, sizeof(*counter));
	if (!counter)
		abort();
	counter->address = address;
	counter->next = *bucket;
	*bucket = counter;
	return &counter->count;
}

static void begin(unsigned int cpu, void *data)
{
	struct counter *counter;

	(void)cpu;
	(void)data;
	for (unsigned int i = 0; i < BUCKETS; i++)
		for (counter = counters[i]; counter; counter = counter->next)
			counter->count = 0;
}

static void end(unsigned int cpu, void *data)
{
	FILE *file = fopen(path, "w");
	struct counter *counter;

	(void)cpu;
	(void)data;
	if (!file)
		return;
	for (unsigned int i = 0; i < BUCKETS; i++)
		for (counter = counters[i]; counter; counter = counter->next)
			if (counter->count)
				fprintf(file, "%" PRIx64 " %" PRIu64 "\n", counter->address,
					counter->count);
	fclose(file);
}

static bool is_mark(const struct qemu_plugin_insn *insn, const uint8_t *mark)
{
	return qemu_plugin_insn_size(insn) == MARK_SIZE &&
	       !memcmp(qemu_plugin_insn_data(insn), mark, MARK_SIZE);
}

static void translated(uint64_t id, struct qemu_plugin_tb *tb)
{
	bool module = qemu_plugin_tb_vaddr(tb) >= MODULES;
	size_t count = qemu_plugin_tb_n_insns(tb);
	struct qemu_plugin_insn *insn;

	(void)id;
	if (!module)
		qemu_plugin_register_vcpu_tb_exec_inline(tb, QEMU_PLUGIN_INLINE_ADD_U64,
							 counter_of(qemu_plugin_tb_vaddr(tb)),
							 count);
	for (size_t i = 0; i < count; i++) {
		insn = qemu_plugin_tb_get_insn(tb, i);
		if (module)
			qemu_plugin_register_vcpu_insn_exec_inline(
				insn, QEMU_PLUGIN_INLINE_ADD_U64,
				counter_of(qemu_plugin_insn_vaddr(insn)), 1);
		else if (is_mark(insn, mark_begin))
			qemu_plugin_register_vcpu_insn_exec_cb(insn, begin, QEMU_PLUGIN_CB_NO_REGS,
							       NULL);
		else if (is_mark(insn, mark_end))
			qemu_plugin_register_vcpu_insn_exec_cb(insn, end, QEMU_PLUGIN_CB_NO_REGS,
							       NULL);
	}
}

EXPORT int qemu_plugin_install(uint64_t id, const struct qemu_info *info, int argc, char **argv)
{
	(void)info;
	if (argc != 1 || strncmp(argv[0], "out=", 4)) {
		fputs("profile: wants out=FILE\n", stderr);
		return -1;
	}
	path = strdup(argv[0] + 4);
	qemu_plugin_register_vcpu_tb_trans_cb(id, translated);
	return 0;
}
