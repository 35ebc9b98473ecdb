// SPDX-License-Identifier: GPL-2.0-only
/*
 * The kernel's classifier of rules against a search one by one: sets of rules of
 * every kind, small and large, and packets at the corners of their rules.
 *
 * PE_CLASSIFY=N compares N packets instead of ten million. `measure KIND N` builds
 * one set, tells its size, and looks up packets for a counter of instructions.
 */

#include <stdio.h>
#include <time.h>

#include "../../kmod/model/classify.h"
#include "../../kmod/model/memo.h"
#include "ktap.h"
#include <linux/slab.h>

static long allocations_left = -1;

void *test_alloc(size_t size)
{
	if (!allocations_left)
		return NULL;
	if (allocations_left > 0)
		allocations_left--;
	return malloc(size);
}

static u64 random_state = 88172645463325252ULL;

static u64 random_next(void)
{
	random_state ^= random_state << 13;
	random_state ^= random_state >> 7;
	random_state ^= random_state << 17;
	return random_state;
}

static u64 random_below(u64 n)
{
	return (random_next() >> 16) % n;
}

/* From 1 to n, each half as often as the one before, about. */
static u32 random_log(u32 n)
{
	u32 value = 1;

	while (value < n && random_below(3) == 0)
		value++;
	return value;
}

/* ---- rules ---- */

static void set_range(struct pe_class_box *box, u32 field, u64 low, u64 high)
{
	box->low[field] = low;
	box->high[field] = high;
}

static void set_prefix4(struct pe_class_box *box, u32 field, u32 addr, unsigned int length)
{
	u32 host = length ? (u32)((1ULL << (32 - length)) - 1) : U32_MAX;

	set_range(box, field, addr & ~host, addr | host);
}

static void set_prefix6(struct pe_class_box *box, u32 field, u64 high, u64 low, unsigned int length)
{
	u64 host;

	if (length <= 64) {
		host = length == 64 ? 0 : ~0ULL >> length;
		set_range(box, field, high & ~host, high | host);
		return;
	}
	set_range(box, field, high, high);
	host = length == 128 ? 0 : ~0ULL >> (length - 64);
	set_range(box, field + 1, low & ~host, low | host);
}

static void set_flags(struct pe_class_box *box, u32 mask, u32 value)
{
	box->high[PE_CLASS_FLAGS] = mask ? mask | PE_CLASS_NO_FLAGS : 0;
	box->low[PE_CLASS_FLAGS] = value & mask;
}

static u64 random_addr6(void)
{
	return 0x20010db800000000ULL | random_below(1ULL << 32);
}

static void random_ports(struct pe_class_box *box, u32 field)
{
	u32 low = random_below(65536);
	u32 kind = random_below(4);

	if (kind == 0)
		set_range(box, field, low, low);
	else if (kind == 1)
		set_range(box, field, low, low + random_below(65536 - low));
	else if (kind == 2)
		set_range(box, field, 1024, 65535);
	else
		set_range(box, field, random_below(200), 200 + random_below(10));
}

static void make_sources(struct pe_class_box *box, u32 i, u32 n)
{
	(void)i, (void)n;
	set_prefix4(box, PE_CLASS_SOURCE, random_next() >> 16, 33 - random_log(17));
}

static void random_prefix6(struct pe_class_box *box, u32 field)
{
	static const u8 lengths[] = { 40, 48, 48, 56, 64, 64, 128, 128 };

	set_prefix6(box, field, random_addr6(), random_below(2) ? random_below(4) : random_next(),
		    random_below(20) ? lengths[random_below(8)] : 48 + random_below(81));
}

static void make_sources6(struct pe_class_box *box, u32 i, u32 n)
{
	(void)i, (void)n;
	random_prefix6(box, PE_CLASS_SOURCE);
}

static void make_web(struct pe_class_box *box, u32 i, u32 n)
{
	static const u16 ports[] = { 80, 443, 22, 25, 53 };
	u32 port = ports[random_below(5)];

	make_sources(box, i, n);
	set_range(box, PE_CLASS_PROTO, 6, 6);
	set_range(box, PE_CLASS_PORT, port, port);
}

static void make_firewall(struct pe_class_box *box, u32 i, u32 n)
{
	static const u8 lengths[] = { 0, 0, 12, 16, 24, 24, 24, 32, 32, 32 };
	u32 nets = n / 20 + 4;

	(void)i;
	set_prefix4(box, PE_CLASS_SOURCE, 0x0a000000 + random_below(nets) * 7919,
		    lengths[random_below(10)]);
	set_prefix4(box, PE_CLASS_DEST, 0xc0000000 + random_below(nets) * 104729,
		    lengths[random_below(10)]);
	if (!box->low[PE_CLASS_SOURCE])
		set_range(box, PE_CLASS_SOURCE, 0, ~0ULL);
	if (!box->low[PE_CLASS_DEST])
		set_range(box, PE_CLASS_DEST, 0, ~0ULL);
	if (!box->low[PE_CLASS_SOURCE] && !box->low[PE_CLASS_DEST])
		set_prefix4(box, PE_CLASS_DEST, 0xc0000000 + random_below(nets) * 104729, 32);
	if (random_below(4)) {
		u32 proto = random_below(2) ? 6 : 17;

		set_range(box, PE_CLASS_PROTO, proto, proto);
		if (random_below(4))
			random_ports(box, PE_CLASS_PORT);
		if (!random_below(8))
			random_ports(box, PE_CLASS_SPORT);
		if (proto == 6 && !random_below(6))
			set_flags(box, 0x12, 0x02);
	}
}

static void make_firewall6(struct pe_class_box *box, u32 i, u32 n)
{
	u32 kind = random_below(8);

	make_firewall(box, i, n);
	set_range(box, PE_CLASS_SOURCE, 0, ~0ULL);
	set_range(box, PE_CLASS_DEST, 0, ~0ULL);
	if (kind)
		random_prefix6(box, PE_CLASS_SOURCE);
	if (kind != 1)
		random_prefix6(box, PE_CLASS_DEST);
}

static void make_ports(struct pe_class_box *box, u32 i, u32 n)
{
	(void)i, (void)n;
	random_ports(box, PE_CLASS_SPORT);
	random_ports(box, PE_CLASS_PORT);
}

/* As many sources with any destination as destinations with any source. */
static void make_grid(struct pe_class_box *box, u32 i, u32 n)
{
	(void)n;
	set_prefix4(box, i & 1 ? PE_CLASS_SOURCE : PE_CLASS_DEST, 0x0a000000 + i * 4, 31);
}

/* Each rule looks at another one or two fields. */
static void make_fields(struct pe_class_box *box, u32 i, u32 n)
{
	u32 kind = i % 6;

	(void)n;
	if (kind == 0 || kind == 4)
		set_prefix4(box, PE_CLASS_SOURCE, random_next() >> 16, 32);
	if (kind == 1 || kind == 5)
		set_prefix4(box, PE_CLASS_DEST, random_next() >> 16, 32);
	if (kind == 2 || kind == 4)
		set_range(box, PE_CLASS_PORT, i & 0xffff, i & 0xffff);
	if (kind == 3 || kind == 5)
		set_range(box, PE_CLASS_SPORT, i & 0xffff, i & 0xffff);
}

/* Intervals that hold each other, the inner ones first, in two fields, in another
 * order in each.
 */
static void make_nested(struct pe_class_box *box, u32 i, u32 n)
{
	u64 one = n - 1 - i;
	u64 other = n - 1 - (u64)i * 7919 % n;

	set_range(box, PE_CLASS_SOURCE, one, 4ULL * n - one);
	set_range(box, PE_CLASS_DEST, other, 4ULL * n - other);
}

/* Windows that overlap, in two fields. */
static void make_stairs(struct pe_class_box *box, u32 i, u32 n)
{
	u64 other = (u64)i * 7919 % n;

	set_range(box, PE_CLASS_SOURCE, i, i + n / 2);
	set_range(box, PE_CLASS_DEST, other, other + n / 2);
}

/* Rectangles of all shapes, none of them all of a field. */
static void make_boxes(struct pe_class_box *box, u32 i, u32 n)
{
	u32 a = random_below(32), b = random_below(32);

	(void)i, (void)n;
	set_prefix4(box, PE_CLASS_SOURCE, random_next() >> 16, a + 1);
	set_prefix4(box, PE_CLASS_DEST, random_next() >> 16, b + 1);
}

/* The same in four fields. */
static void make_boxes4(struct pe_class_box *box, u32 i, u32 n)
{
	u32 a, b;

	make_boxes(box, i, n);
	a = random_below(65536);
	b = random_below(65536);
	set_range(box, PE_CLASS_SPORT, min(a, b), max(a, b));
	a = random_below(65536);
	b = random_below(65536);
	set_range(box, PE_CLASS_PORT, min(a, b), max(a, b));
}

/* Chains of prefixes, each in the one before, with ports. */
static void make_chains(struct pe_class_box *box, u32 i, u32 n)
{
	u32 chain = i / 25;

	(void)n;
	set_prefix4(box, PE_CLASS_SOURCE, chain * 2654435761U, 32 - i % 25);
	set_range(box, PE_CLASS_PORT, random_below(100), 100 + random_below(100));
}

static void make_flags(struct pe_class_box *box, u32 i, u32 n)
{
	(void)i, (void)n;
	set_range(box, PE_CLASS_PROTO, 6, 6);
	set_flags(box, random_below(256), random_below(256));
	if (random_below(2))
		random_ports(box, PE_CLASS_PORT);
}

static void make_anything(struct pe_class_box *box, u32 i, u32 n)
{
	u32 value;

	if (random_below(2))
		make_firewall(box, i, n);
	if (random_below(3) == 0)
		random_ports(box, PE_CLASS_SPORT);
	if (random_below(3) == 0)
		make_sources(box, i, n);
	if (random_below(4) == 0)
		set_flags(box, random_below(256), random_below(256));
	value = random_below(64);
	if (random_below(4) == 0)
		set_range(box, PE_CLASS_DSCP, value, value);
	value = random_below(8);
	if (random_below(3) == 0)
		set_range(box, PE_CLASS_IIF, value, value);
	if (random_below(50) == 0)
		set_range(box, PE_CLASS_SPORT, PE_CLASS_NO_PORT, PE_CLASS_NO_PORT);
}

static const struct kind {
	const char *name;
	void (*make)(struct pe_class_box *box, u32 i, u32 n);
} kinds[] = {
	{ "sources", make_sources },
	{ "sources6", make_sources6 },
	{ "web", make_web },
	{ "firewall", make_firewall },
	{ "firewall6", make_firewall6 },
	{ "ports", make_ports },
	{ "grid", make_grid },
	{ "fields", make_fields },
	{ "chains", make_chains },
	{ "flags", make_flags },
	{ "nested", make_nested },
	{ "stairs", make_stairs },
	{ "boxes", make_boxes },
	{ "boxes4", make_boxes4 },
	{ "anything", make_anything },
};

static struct pe_class_box *make_rules(const struct kind *kind, u32 n)
{
	struct pe_class_box *box = calloc(n, sizeof(*box));
	u32 index = 0;
	u32 i;

	for (i = 0; i < n; i++) {
		pe_class_any(&box[i]);
		kind->make(&box[i], i, n);
		index += 1 + !random_below(5);
		box[i].index = index;
	}
	return box;
}

/* ---- packets ---- */

static u64 random_field(const struct pe_class_box *box, u32 field)
{
	u64 low = box->low[field];
	u64 high = box->high[field];
	u64 span = high - low;

	if (field == PE_CLASS_FLAGS)
		return random_below(8) ? (low | (random_below(256) & ~high)) :
					 random_below(PE_CLASS_NO_FLAGS + 1);
	if (low == 0 && high == ~0ULL) {
		if (field == PE_CLASS_SPORT || field == PE_CLASS_PORT)
			return random_below(65537);
		if (field == PE_CLASS_PROTO)
			return random_below(2) ? 6 : 17;
		return random_below(8);
	}
	switch (random_below(6)) {
	case 0:
		return low;
	case 1:
		return high;
	case 2:
		return low - 1;
	case 3:
		return high + 1;
	default:
		return low + (span ? random_next() % span : 0);
	}
}

static void make_key(const struct pe_class_box *box, u32 n, struct pe_class_key *key)
{
	const struct pe_class_box *rule = &box[random_below(n)];
	u32 field;

	for (field = 0; field < PE_CLASS_FIELDS; field++) {
		if (!random_below(12))
			rule = &box[random_below(n)];
		key->field[field] = random_field(rule, field);
	}
}

static bool box_matches(const struct pe_class_box *box, const struct pe_class_key *key)
{
	u32 field;

	for (field = 0; field < PE_CLASS_FIELDS; field++) {
		u64 value = key->field[field];

		if (field == PE_CLASS_FLAGS) {
			if (box->high[field] && (value & box->high[field]) != box->low[field])
				return false;
		} else if (value < box->low[field] || value > box->high[field]) {
			return false;
		}
	}
	return true;
}

/* The first rule that matches, looked for one by one. */
static u32 find_linear(const struct pe_class_box *box, u32 n, const struct pe_class_key *key,
		       u64 *compared)
{
	u32 i;

	for (i = 0; i < n; i++) {
		++*compared;
		if (box_matches(&box[i], key))
			return box[i].index;
	}
	return PE_CLASS_NONE;
}

/* So many packets to one set of rules, or until so many rules were compared. */
static u64 compare(const struct kind *kind, u32 n, u64 packets, u64 work, bool *same)
{
	struct pe_class_box *box = make_rules(kind, n);
	struct pe_class *class = pe_class_build(box, n);
	struct pe_class_key key;
	u64 compared = 0;
	u64 done;
	u32 seen, wanted;

	if (IS_ERR(class)) {
		printf("# %s, %u rules: %ld\n", kind->name, n, PTR_ERR(class));
		*same = false;
		free(box);
		return packets;
	}
	for (done = 0; *same && done < packets && compared < work; done++) {
		make_key(box, n, &key);
		seen = pe_class_find(class, &key);
		wanted = find_linear(box, n, &key, &compared);
		if (seen == wanted)
			continue;
		printf("# %s, %u rules: found %u, not %u\n", kind->name, n, seen, wanted);
		*same = false;
	}
	free(class);
	free(box);
	return done;
}

static void test_compare(u64 packets)
{
	static const u32 sizes[] = { 1, 2, 3, 4, 7, 10, 30, 100, 300, 1000, 10000, 100000 };
	u64 total = 0;
	u32 i, kind;

	while (total < packets)
		for (i = 0; i < ARRAY_SIZE(sizes); i++) {
			u32 n = sizes[i] < 8 ? sizes[i] :
					       sizes[i] / 2 + random_below(sizes[i] / 2 + 1);
			bool same = true;

			if (n > 5000 && total > packets / 2)
				continue;
			for (kind = 0; kind < ARRAY_SIZE(kinds); kind++)
				total += compare(&kinds[kind], n, packets / 600 + 100, packets * 3,
						 &same);
			if (!same) {
				ktap_result(false, "packets find the first rule they match");
				return;
			}
		}
	ktap_result(true, "packets find the first rule they match");
	printf("# %llu packets\n", total);
}

/* ---- what was found before ---- */

#define MEMO_LISTS 3
#define MEMO_RULES 12
#define MEMO_KEYS 8

/* One version of a list, for both families. */
struct memo_list {
	struct pe_class *class[2];
	u64 asked[2];
	u64 version;
};

/* Values of each field that are only a bit apart, where they are most alike. */
static u64 memo_value(u32 field)
{
	static const u64 high[PE_CLASS_FIELDS] = {
		[PE_CLASS_SPORT] = 0x8000, [PE_CLASS_PORT] = 0x8000, [PE_CLASS_PROTO] = 0x80,
		[PE_CLASS_FLAGS] = 0x80,   [PE_CLASS_DSCP] = 0x20,   [PE_CLASS_IIF] = 0x20,
	};
	u64 top = high[field] ?: 0x80000000;

	switch (random_below(4)) {
	case 0:
		return top;
	case 1:
		return top >> 1;
	case 2:
		return field == PE_CLASS_FLAGS ? PE_CLASS_NO_FLAGS : 1;
	default:
		return 0;
	}
}

/* Rules that ask for one or a few values of one field or of all of them. */
static void memo_rules(struct pe_class_box *box)
{
	u32 only = random_below(2 * PE_CLASS_FIELDS), field, i;

	for (i = 0; i < MEMO_RULES; i++) {
		pe_class_any(&box[i]);
		box[i].index = i;
		for (field = 0; field < PE_CLASS_FIELDS; field++) {
			u64 value = memo_value(field);

			if (only < PE_CLASS_FIELDS ? field != only : random_below(2))
				continue;
			if (field == PE_CLASS_FLAGS)
				set_flags(&box[i], value & 0xff, 0xff);
			else
				set_range(&box[i], field, value, random_below(4) ? value : ~0ULL);
		}
	}
}

static void memo_version(struct memo_list *list, u64 version)
{
	struct pe_class_box box[MEMO_RULES];
	u32 family;

	list->version = version;
	for (family = 0; family < 2; family++) {
		free(list->class[family]);
		memo_rules(box);
		list->class[family] = pe_class_build(box, MEMO_RULES);
		list->asked[family] = pe_memo_asked(list->class[family]);
	}
}

static void memo_key(struct pe_class_key *key, bool ipv6)
{
	u32 field;

	for (field = 0; field < PE_CLASS_FIELDS; field++)
		key->field[field] = memo_value(field);
	if (!ipv6)
		key->field[PE_CLASS_SOURCE_LOW] = key->field[PE_CLASS_DEST_LOW] = 0;
	/* The same words for both families, as far as they have them. */
	else if (random_below(2))
		key->field[PE_CLASS_SOURCE] = key->field[PE_CLASS_SOURCE] << 32 |
					      key->field[PE_CLASS_DEST];
}

/* Places are taken at random, so that packets meet that are not alike. */
static u32 memo_find(struct pe_memo *memo, const struct memo_list *list, bool ipv6,
		     const struct pe_class_key *key, u64 *kept)
{
	const u64 *field = key->field;
	u64 word[PE_MEMO_WORDS] = {
		pe_memo_word(field[PE_CLASS_SPORT], field[PE_CLASS_PORT], field[PE_CLASS_PROTO],
			     field[PE_CLASS_DSCP], field[PE_CLASS_FLAGS], ipv6),
		field[PE_CLASS_SOURCE] << 32 | field[PE_CLASS_DEST],
	};

	word[0] = (word[0] | field[PE_CLASS_IIF] << PE_MEMO_IIF_AT) & list->asked[ipv6];
	if (ipv6)
		memcpy(&word[1], &field[PE_CLASS_SOURCE], 4 * sizeof(*word));
	memo += random_below(2);
	if (pe_memo_is(memo, list->version, word, ipv6)) {
		++*kept;
		return memo->index;
	}
	return pe_memo_seek(memo, list->version, word, ipv6, list->class[ipv6]);
}

/* Packets that hardly differ, over lists that change: what was kept of others is
 * never taken for them.
 */
static void test_memo(u64 packets)
{
	struct pe_class_key key[2][MEMO_KEYS] = {};
	struct memo_list lists[MEMO_LISTS] = {};
	struct pe_memo memo[2] = {};
	u64 kept = 0, versions = 0, i;
	bool same = true;

	for (i = 0; same && i < packets; i++) {
		struct memo_list *list = &lists[random_below(MEMO_LISTS)];
		bool ipv6 = random_below(2);
		struct pe_class_key *now = &key[ipv6][random_below(MEMO_KEYS)];
		u32 field = random_below(PE_CLASS_FIELDS);

		if (i % 500 < MEMO_LISTS) {
			memo_version(&lists[i % 500], ++versions);
			continue;
		}
		if (i % 100 < MEMO_KEYS)
			memo_key(&key[ipv6][i % 100], ipv6);
		/* Of another but in one field. */
		else if (random_below(2))
			key[ipv6][random_below(MEMO_KEYS)].field[field] = now->field[field];
		same = memo_find(memo, list, ipv6, now, &kept) ==
		       pe_class_find(list->class[ipv6], now);
	}
	ktap_result(same && kept > packets / 100,
		    "what was found before is found again, and nothing else");
	printf("# %llu packets, %llu of them kept\n", i, kept);
	for (i = 0; i < MEMO_LISTS; i++) {
		free(lists[i].class[0]);
		free(lists[i].class[1]);
	}
}

/* Of keys that have a structure, each has a place of its own, about: of as many
 * keys as places, 37 of a hundred places are left empty by chance.
 */
static void test_memo_places(void)
{
	enum { PLACES = 1 << PE_MEMO_LOG };
	static const char *const names[] = { "IPv4 ports",   "IPv4 clients", "IPv4 both",
					     "IPv6 clients", "IPv6 both",    "IPv6 nets" };
	static struct pe_memo memo[PLACES];
	bool spread = true;
	u32 kind, i;

	for (kind = 0; kind < ARRAY_SIZE(names); kind++) {
		u32 used = 0;

		memset(memo, 0, sizeof(memo));
		for (i = 0; i < PLACES; i++) {
			u64 a = i & 63, b = i >> 6;
			u64 word[][PE_MEMO_WORDS] = {
				{ (u64)i << PE_MEMO_SPORT_AT, 0x0a000001c0000201 },
				{ 443ULL << PE_MEMO_PORT_AT, (0x0a000000ULL + i) << 32 | 1 },
				{ a << PE_MEMO_PORT_AT, (0x0a000000ULL + b) << 32 | 1 },
				{ 1ULL << 31, 0x20010db8ULL << 32 | i, i, 7, 1 },
				{ 1ULL << 31, 0x20010db8ULL << 32, a, 0x20010db8ULL << 32, b },
				{ 1ULL << 31, 0x20010db8ULL << 32 | a, 1, 0x20010db8ULL << 32 | b,
				  1 },
			};
			struct pe_memo *at = pe_memo_at(memo, word[kind], kind > 2);

			used += !at->version;
			at->version = 1;
		}
		if (used > PLACES / 4)
			continue;
		printf("# %s: %u of %u places\n", names[kind], used, PLACES);
		spread = false;
	}
	ktap_result(spread, "packets that are alike have places of their own");
}

/* Each allocation fails once: there is no set then, and nothing is left. */
static void test_memory(void)
{
	struct pe_class_box *box = make_rules(&kinds[3], 50);
	struct pe_class *class = ERR_PTR(-ENOMEM);
	bool clean = true;
	long i;

	for (i = 0; clean && IS_ERR(class); i++) {
		allocations_left = i;
		class = pe_class_build(box, 50);
		clean = !IS_ERR(class) || PTR_ERR(class) == -ENOMEM;
	}
	allocations_left = -1;
	ktap_result(clean && i > 20, "without memory there are no rules");
	for (i = 0; i < 1 + nr_cpu_ids; i++) {
		allocations_left = i;
		clean &= !pe_memos_new();
	}
	allocations_left = -1;
	ktap_result(clean, "without memory nothing is kept");
	free(class);
	free(box);
}

/* No rules, and rules without end that all match the same. */
static void test_edges(void)
{
	struct pe_class_key key = {};
	struct pe_class_box box[5] = {};
	struct pe_class *class = pe_class_build(box, 0);
	u32 i;

	ktap_result(pe_class_find(class, &key) == PE_CLASS_NONE, "no rules match nothing");
	free(class);
	for (i = 0; i < 5; i++) {
		pe_class_any(&box[i]);
		box[i].index = i + 7;
	}
	class = pe_class_build(box, 5);
	ktap_result(pe_class_find(class, &key) == 7,
		    "of rules that match all the first one counts");
	free(class);
}

static double seconds(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec + now.tv_nsec / 1e9;
}

/* What callgrind counts in it is looking up only. */
static __attribute__((noipa)) u64 measured(const struct pe_class *class,
					   const struct pe_class_key *key, u32 n)
{
	u64 sum = 0;
	u32 i;

	for (i = 0; i < n; i++)
		sum += pe_class_find(class, &key[i]);
	return sum;
}

static int measure(const char *name, u32 n)
{
	static struct pe_class_key key[20000];
	u32 i, kind;

	for (kind = 0; kind < ARRAY_SIZE(kinds); kind++) {
		struct pe_class_box *box;
		struct pe_class *class;
		double start;
		u64 sum;

		if (strcmp(name, kinds[kind].name))
			continue;
		box = make_rules(&kinds[kind], n);
		start = seconds();
		class = pe_class_build(box, n);
		if (IS_ERR(class))
			return 1;
		printf("%-10s %7u rules  %8.1f ms  %7.1f bytes a rule  cost %u", name, n,
		       (seconds() - start) * 1e3, class->words * 8.0 / n, class->cost);
		for (i = 0; i < ARRAY_SIZE(key); i++)
			make_key(box, n, &key[i]);
		start = seconds();
		sum = measured(class, key, ARRAY_SIZE(key));
		printf("  %.0f ns  (%llu)\n", (seconds() - start) * 1e9 / ARRAY_SIZE(key),
		       sum % 10);
		free(class);
		free(box);
		return 0;
	}
	return 1;
}

int main(int argc, char **argv)
{
	const char *packets = getenv("PE_CLASSIFY");

	if (argc == 4)
		return measure(argv[2], strtoul(argv[3], NULL, 0));
	ktap_start();
	test_edges();
	test_memory();
	test_memo(1000000);
	test_memo_places();
	test_compare(packets ? strtoull(packets, NULL, 0) : 10000000);
	return ktap_end();
}
