// SPDX-License-Identifier: GPL-2.0-only
/* Access lists: their lifetime, and rules made ready to be looked up. */

#include <linux/hash.h>
#include <linux/in.h>
#include <linux/jhash.h>
#include <linux/netdevice.h>
#include <linux/random.h>
#include <linux/slab.h>

#include "acl.h"
#include "prefix.h"

/* A list grows by half of what it has, or by as much at first. */
#define PE_ACL_ROOM	8

/**
 * pe_acl_new() - a list without rules
 *
 * Context: process context.
 * Return: the list, or NULL when memory is short.
 */
struct pe_acl *pe_acl_new(void)
{
	return kzalloc(sizeof(struct pe_acl), GFP_KERNEL_ACCOUNT);
}

/* Room for one more of what there are @n of. */
static void *pe_acl_grow(void *old, u32 n, u32 *room, size_t size)
{
	u32 more;
	void *new;

	if (n < *room)
		return old;
	more = *room + max_t(u32, *room / 2, PE_ACL_ROOM);
	new = kvcalloc(more, size, GFP_KERNEL_ACCOUNT);
	if (!new)
		return NULL;
	if (n)
		memcpy(new, old, n * size);
	kvfree(old);
	*room = more;
	return new;
}

/**
 * pe_acl_add() - one more rule at the end
 * @acl: list that is not live
 *
 * Context: process context.
 * Return: the rule, empty, or NULL when memory is short.
 */
struct pe_acl_rule *pe_acl_add(struct pe_acl *acl)
{
	struct pe_acl_rule *rule;

	rule = pe_acl_grow(acl->rule, acl->n, &acl->room, sizeof(*rule));
	if (!rule)
		return NULL;
	acl->rule = rule;
	rule = &acl->rule[acl->n++];
	memset(rule, 0, sizeof(*rule));
	rule->port = acl->ports_n;
	return rule;
}

/**
 * pe_acl_add_ports() - one more port range of the last rule
 * @acl: list that is not live
 * @first: port
 * @last: port, not less
 *
 * Context: process context.
 * Return: 0 or -ENOMEM.
 */
int pe_acl_add_ports(struct pe_acl *acl, u16 first, u16 last)
{
	struct pe_acl_ports *ports;

	ports = pe_acl_grow(acl->ports, acl->ports_n, &acl->ports_room,
			    sizeof(*ports));
	if (!ports)
		return -ENOMEM;
	acl->ports = ports;
	ports[acl->ports_n].first = first;
	ports[acl->ports_n++].last = last;
	return 0;
}

/**
 * pe_acl_add_iface() - an interface that the last rule names
 * @pn: namespace
 * @acl: list that is not live
 * @iface: the interface, whose reference becomes the list's
 *
 * Context: pe_net.lock held.
 * Return: 0, or -ENOSPC where the list names too many.
 */
int pe_acl_add_iface(struct pe_net *pn, struct pe_acl *acl,
		     struct pe_iface *iface)
{
	struct pe_acl_rule *rule = &acl->rule[acl->n - 1];
	u32 i;

	for (i = 0; i < acl->ifaces; i++) {
		if (acl->iface[i] != iface)
			continue;
		pe_iface_put(pn, iface);
		rule->iif = i + 1;
		return 0;
	}
	if (i == PE_ACL_IFACES) {
		pe_iface_put(pn, iface);
		return -ENOSPC;
	}
	acl->iface[acl->ifaces++] = iface;
	rule->iif = acl->ifaces;
	return 0;
}

/**
 * pe_acl_mark() - what a list has now, to come back to
 * @acl: list that is not live
 *
 * Return: the place for pe_acl_back().
 */
struct pe_acl_mark pe_acl_mark(const struct pe_acl *acl)
{
	return (struct pe_acl_mark) {
		.n = acl->n,
		.ports_n = acl->ports_n,
		.ifaces = acl->ifaces,
	};
}

/**
 * pe_acl_back() - what was added to a list since is not there any more
 * @pn: namespace
 * @acl: list that is not live
 * @mark: what it had then
 *
 * Context: pe_net.lock held.
 */
void pe_acl_back(struct pe_net *pn, struct pe_acl *acl,
		 const struct pe_acl_mark *mark)
{
	acl->n = mark->n;
	acl->ports_n = mark->ports_n;
	while (acl->ifaces > mark->ifaces)
		pe_iface_put(pn, acl->iface[--acl->ifaces]);
}

static void pe_tally_free_rcu(struct rcu_head *head)
{
	struct pe_tally *tally = container_of(head, struct pe_tally, rcu);

	free_percpu(tally->cpu);
	kfree(tally);
}

static void pe_tally_put(struct pe_tally *tally)
{
	if (tally && !--tally->users)
		call_rcu(&tally->rcu, pe_tally_free_rcu);
}

static struct pe_tally *pe_tally_new(void)
{
	struct pe_tally *tally = kzalloc(sizeof(*tally), GFP_KERNEL_ACCOUNT);

	if (!tally)
		return NULL;
	tally->cpu = __netdev_alloc_pcpu_stats(struct pe_tally_cpu,
					       GFP_KERNEL_ACCOUNT);
	if (!tally->cpu) {
		kfree(tally);
		return NULL;
	}
	tally->users = 1;
	return tally;
}

/**
 * pe_tally_sum() - what a rule has counted
 * @tally: its counters
 * @sum: out: what
 */
void pe_tally_sum(const struct pe_tally *tally, struct pe_sum *sum)
{
	const struct pe_tally_cpu *one;
	int cpu;

	memset(sum, 0, sizeof(*sum));
	for_each_possible_cpu(cpu) {
		one = per_cpu_ptr(tally->cpu, cpu);
		pe_count_sum(&one->syncp, &one->count, sum);
	}
}

/**
 * pe_acl_client_sum() - what one CPU has counted of a client
 * @clients: that CPU's count
 * @count: of the client, or of those that there was no place for
 * @sum: out: what
 */
void pe_acl_client_sum(const struct pe_acl_clients *clients,
		       const struct pe_count *count, struct pe_sum *sum)
{
	memset(sum, 0, sizeof(*sum));
	pe_count_sum(&clients->syncp, count, sum);
}

static void pe_gate_clients_free(struct pe_acl_clients **clients)
{
	int cpu;

	if (!clients)
		return;
	for_each_possible_cpu(cpu)
		kvfree(clients[cpu]);
	kfree(clients);
}

static struct pe_acl_clients **pe_gate_clients_new(void)
{
	struct pe_acl_clients **clients;
	int cpu;

	clients = kcalloc(nr_cpu_ids, sizeof(*clients), GFP_KERNEL_ACCOUNT);
	if (!clients)
		return NULL;
	for_each_possible_cpu(cpu) {
		clients[cpu] = kvzalloc(sizeof(**clients), GFP_KERNEL_ACCOUNT);
		if (!clients[cpu]) {
			pe_gate_clients_free(clients);
			return NULL;
		}
		u64_stats_init(&clients[cpu]->syncp);
	}
	return clients;
}

static void pe_gate_free_rcu(struct rcu_head *head)
{
	struct pe_gate *gate = container_of(head, struct pe_gate, rcu);

	pe_gate_clients_free(gate->clients);
	kfree(gate);
}

/**
 * pe_gate_put() - one user of a list less
 * @gate: the list, or NULL
 *
 * Context: pe_net.lock held.
 */
void pe_gate_put(struct pe_gate *gate)
{
	if (!gate || --gate->users)
		return;
	pe_tally_put(gate->unmatched);
	call_rcu(&gate->rcu, pe_gate_free_rcu);
}

static struct pe_gate *pe_gate_new(void)
{
	struct pe_gate *gate = kzalloc(sizeof(*gate), GFP_KERNEL_ACCOUNT);

	if (!gate)
		return NULL;
	gate->users = 1;
	gate->seed = get_random_u32();
	gate->unmatched = pe_tally_new();
	if (gate->unmatched)
		return gate;
	kfree(gate);
	return NULL;
}

static void pe_acl_free_rcu(struct rcu_head *head)
{
	struct pe_acl *acl = container_of(head, struct pe_acl, rcu);
	int family;

	for (family = 0; family < PE_FAMILIES; family++)
		kvfree(acl->class[family]);
	if (acl->memos_last)
		pe_memos_free(acl->memos);
	kvfree(acl->verdict);
	kvfree(acl->tally);
	kvfree(acl->rule);
	kvfree(acl->ports);
	kfree(acl);
}

/**
 * pe_acl_put() - a version that is not, or no longer, live
 * @pn: namespace
 * @acl: the version, or NULL
 *
 * Context: process context, pe_net.lock held. Packets may see the version for
 * a grace period.
 */
void pe_acl_put(struct pe_net *pn, struct pe_acl *acl)
{
	u32 i;

	if (!acl)
		return;
	for (i = 0; i < acl->ifaces; i++)
		pe_iface_put(pn, acl->iface[i]);
	for (i = 0; acl->tally && i < acl->n; i++)
		pe_tally_put(acl->tally[i]);
	pe_gate_put(acl->gate);
	/* Who sees another version now saw it before a grace period too. */
	if (acl->memos && !--acl->memos->users) {
		pn->memos = NULL;
		acl->memos_last = true;
	}
	call_rcu(&acl->rcu, pe_acl_free_rcu);
}

/* ---- rules that are looked up ---- */

static void pe_acl_box_addr4(struct pe_class_box *box, enum pe_class_field field,
			     const union nf_inet_addr *addr, u8 len)
{
	u32 host = len ? (u32)((1ULL << (32 - len)) - 1) : U32_MAX;

	if (!len)
		return;
	box->low[field] = ntohl(addr->ip);
	box->high[field] = box->low[field] | host;
}

static void pe_acl_box_addr6(struct pe_class_box *box, enum pe_class_field field,
			     const union nf_inet_addr *addr, u8 len)
{
	u64 half[2] = {
		(u64)ntohl(addr->ip6[0]) << 32 | ntohl(addr->ip6[1]),
		(u64)ntohl(addr->ip6[2]) << 32 | ntohl(addr->ip6[3]),
	};

	if (!len)
		return;
	box->low[field] = half[0];
	box->high[field] = half[0] | (len < 64 ? U64_MAX >> len : 0);
	if (len <= 64)
		return;
	box->low[field + 1] = half[1];
	box->high[field + 1] = half[1] | (len < 128 ? U64_MAX >> (len - 64) : 0);
}

static void pe_acl_box_one(struct pe_class_box *box, enum pe_class_field field,
			   u64 low, u64 high)
{
	box->low[field] = low;
	box->high[field] = high;
}

static void pe_acl_box_type(struct pe_class_box *box,
			    const struct pe_acl_rule *rule)
{
	u16 low = rule->type << 8;

	if (rule->has & PE_ACL_CODE)
		pe_acl_box_one(box, PE_CLASS_PORT, low | rule->code,
			       low | rule->code);
	else
		pe_acl_box_one(box, PE_CLASS_PORT, low, low | 0xff);
}

/* All of a rule but its ports. */
static void pe_acl_box(struct pe_class_box *box, const struct pe_acl_rule *rule)
{
	pe_class_any(box);
	if (rule->family == NFPROTO_IPV4) {
		pe_acl_box_addr4(box, PE_CLASS_SOURCE, &rule->from,
				 rule->from_len);
		pe_acl_box_addr4(box, PE_CLASS_DEST, &rule->to, rule->to_len);
	} else if (rule->family) {
		pe_acl_box_addr6(box, PE_CLASS_SOURCE, &rule->from,
				 rule->from_len);
		pe_acl_box_addr6(box, PE_CLASS_DEST, &rule->to, rule->to_len);
	}
	if (rule->has & PE_ACL_PROTO)
		pe_acl_box_one(box, PE_CLASS_PROTO, rule->proto, rule->proto);
	if (rule->has & PE_ACL_DSCP)
		pe_acl_box_one(box, PE_CLASS_DSCP, rule->dscp, rule->dscp);
	if (rule->has & PE_ACL_TYPE)
		pe_acl_box_type(box, rule);
	if (rule->has & PE_ACL_FRAGMENTS)
		pe_acl_box_one(box, PE_CLASS_SPORT, PE_CLASS_FRAGMENT,
			       PE_CLASS_FRAGMENT);
	if (rule->iif)
		pe_acl_box_one(box, PE_CLASS_IIF, rule->iif, rule->iif);
	if (rule->mask) {
		box->low[PE_CLASS_FLAGS] = rule->flags;
		box->high[PE_CLASS_FLAGS] = rule->mask | PE_CLASS_NO_FLAGS;
	}
}

/* A box for each pair of a source and a destination port range. */
static u32 pe_acl_boxes(const struct pe_acl *acl, u32 index,
			struct pe_class_box *box)
{
	const struct pe_acl_rule *rule = &acl->rule[index];
	const struct pe_acl_ports *s = &acl->ports[rule->port];
	const struct pe_acl_ports *d = s + rule->sports;
	u32 i, j, n = 0;

	for (i = 0; i < max_t(u8, rule->sports, 1); i++)
		for (j = 0; j < max_t(u8, rule->dports, 1); j++) {
			pe_acl_box(&box[n], rule);
			box[n].index = index;
			if (rule->sports)
				pe_acl_box_one(&box[n], PE_CLASS_SPORT,
					       s[i].first, s[i].last);
			if (rule->dports)
				pe_acl_box_one(&box[n], PE_CLASS_PORT,
					       d[j].first, d[j].last);
			n++;
		}
	return n;
}

static bool pe_acl_is_for(const struct pe_acl_rule *rule, enum pe_family family)
{
	return !rule->family || pe_family_of(rule->family) == family;
}

static u64 pe_acl_count_boxes(const struct pe_acl *acl, enum pe_family family)
{
	const struct pe_acl_rule *rule;
	u64 n = 0;

	for (rule = acl->rule; rule < acl->rule + acl->n; rule++)
		if (pe_acl_is_for(rule, family))
			n += max_t(u8, rule->sports, 1) *
			     max_t(u8, rule->dports, 1);
	return n;
}

static int pe_acl_build_class(struct pe_acl *acl, enum pe_family family)
{
	u64 n = pe_acl_count_boxes(acl, family);
	struct pe_class_box *box;
	struct pe_class *class;
	u32 i, at = 0;

	if (n > PE_ACL_BOXES_MAX)
		return -E2BIG;
	box = kvmalloc_array(n + 1, sizeof(*box), GFP_KERNEL_ACCOUNT);
	if (!box)
		return -ENOMEM;
	for (i = 0; i < acl->n; i++)
		if (pe_acl_is_for(&acl->rule[i], family))
			at += pe_acl_boxes(acl, i, &box[at]);
	class = pe_class_build(box, at);
	kvfree(box);
	if (IS_ERR(class))
		return PTR_ERR(class);
	acl->class[family] = class;
	acl->asked[family] = pe_memo_asked(class);
	acl->cost = max(acl->cost, class->cost);
	return 0;
}

/* ---- counters ---- */

/* Rules that are the same in two versions, but for where their ports are. */
static bool pe_acl_same(const struct pe_acl *a, u32 i, const struct pe_acl *b,
			u32 j)
{
	struct pe_acl_rule x = a->rule[i], y = b->rule[j];
	const struct pe_iface *p = x.iif ? a->iface[x.iif - 1] : NULL;
	const struct pe_iface *q = y.iif ? b->iface[y.iif - 1] : NULL;

	if (p != q || x.sports != y.sports || x.dports != y.dports ||
	    memcmp(&a->ports[x.port], &b->ports[y.port],
		   (x.sports + x.dports) * sizeof(*a->ports)))
		return false;
	x.iif = 0;
	y.iif = 0;
	x.port = 0;
	y.port = 0;
	return !memcmp(&x, &y, sizeof(x));
}

/* Of all that pe_acl_same() compares: who fills a bucket repeats a rule. */
static u32 pe_acl_hash(const struct pe_acl *acl, u32 i)
{
	struct pe_acl_rule rule = acl->rule[i];
	const struct pe_iface *iface = rule.iif ? acl->iface[rule.iif - 1] : NULL;
	u32 hash = jhash(&acl->ports[rule.port],
			 (rule.sports + rule.dports) * sizeof(*acl->ports),
			 acl->gate->seed ^ hash_ptr(iface, 32));

	rule.iif = 0;
	rule.port = 0;
	return jhash(&rule, sizeof(rule), hash);
}

/* Of the rules of the old version that count, the first one of each bucket; the
 * next ones follow by @next. What was taken over is not there any more.
 */
static int pe_acl_index_old(const struct pe_acl *old, u32 **bucket, u32 **next,
			    u32 mask)
{
	u32 i, hash;

	*bucket = kvmalloc_array(mask + 1, sizeof(u32), GFP_KERNEL_ACCOUNT);
	*next = kvmalloc_array(old->n, sizeof(u32), GFP_KERNEL_ACCOUNT);
	if (!*bucket || !*next)
		return -ENOMEM;
	memset32(*bucket, U32_MAX, mask + 1);
	for (i = old->n; i--;) {
		cond_resched();
		if (!old->tally[i])
			continue;
		hash = pe_acl_hash(old, i) & mask;
		(*next)[i] = (*bucket)[hash];
		(*bucket)[hash] = i;
	}
	return 0;
}

static void pe_acl_inherit_one(struct pe_acl *acl, const struct pe_acl *old,
			       u32 i, u32 *at, u32 *next)
{
	for (; *at != U32_MAX; at = &next[*at]) {
		if (!pe_acl_same(acl, i, old, *at))
			continue;
		acl->tally[i] = old->tally[*at];
		acl->tally[i]->users++;
		*at = next[*at];
		return;
	}
}

/* Rules that are still there go on counting where they were. */
static int pe_acl_inherit(struct pe_acl *acl, const struct pe_acl *old)
{
	u32 mask, i, *bucket = NULL, *next = NULL;
	int err;

	if (!old || !old->tally || !old->n)
		return 0;
	mask = roundup_pow_of_two(old->n) - 1;
	err = pe_acl_index_old(old, &bucket, &next, mask);
	for (i = 0; !err && i < acl->n; i++) {
		cond_resched();
		if (acl->rule[i].has & PE_ACL_COUNTS)
			pe_acl_inherit_one(acl, old, i,
					   &bucket[pe_acl_hash(acl, i) & mask],
					   next);
	}
	kvfree(bucket);
	kvfree(next);
	return err;
}

static int pe_acl_build_tallies(struct pe_acl *acl, const struct pe_acl *old)
{
	int err;
	u32 i;

	acl->tally = kvcalloc(acl->n, sizeof(*acl->tally), GFP_KERNEL_ACCOUNT);
	if (!acl->tally)
		return -ENOMEM;
	err = pe_acl_inherit(acl, old);
	for (i = 0; !err && i < acl->n; i++) {
		if (!(acl->rule[i].has & PE_ACL_COUNTS) || acl->tally[i])
			continue;
		acl->tally[i] = pe_tally_new();
		if (!acl->tally[i])
			err = -ENOMEM;
		cond_resched();
	}
	if (err || acl->gate->clients)
		return err;
	acl->gate->clients = pe_gate_clients_new();
	return acl->gate->clients ? 0 : -ENOMEM;
}

static int pe_acl_build_verdicts(struct pe_acl *acl, bool *counts)
{
	u32 i;

	*counts = false;
	acl->verdict = kvmalloc(acl->n + 1, GFP_KERNEL_ACCOUNT);
	if (!acl->verdict)
		return -ENOMEM;
	for (i = 0; i < acl->n; i++) {
		acl->verdict[i] = acl->rule[i].has;
		*counts |= acl->rule[i].has & PE_ACL_COUNTS;
	}
	return 0;
}

/* One for all lists that are worth it; it comes and goes with them. */
static int pe_acl_build_memos(struct pe_net *pn, struct pe_acl *acl)
{
	acl->version = ++pn->acl_versions;
	if (acl->cost <= PE_MEMO_COST)
		return 0;
	if (!pn->memos)
		pn->memos = pe_memos_new();
	if (!pn->memos)
		return -ENOMEM;
	pn->memos->users++;
	acl->memos = pn->memos;
	return 0;
}

/**
 * pe_acl_build() - make the rules of a list ready to be looked up
 * @pn: namespace
 * @acl: the list, not live
 * @gate: what it is to be a version of, NULL for a new name
 *
 * Context: process context, pe_net.lock held; takes some microseconds a rule.
 * Return: 0, -ENOMEM, or -E2BIG for too many rules.
 */
int pe_acl_build(struct pe_net *pn, struct pe_acl *acl, struct pe_gate *gate)
{
	bool counts;
	int err;

	if (gate)
		gate->users++;
	acl->gate = gate ?: pe_gate_new();
	if (!acl->gate)
		return -ENOMEM;
	acl->gate->obj = acl->obj;
	err = pe_acl_build_class(acl, PE_IPV4);
	if (!err)
		err = pe_acl_build_class(acl, PE_IPV6);
	if (!err)
		err = pe_acl_build_memos(pn, acl);
	if (!err)
		err = pe_acl_build_verdicts(acl, &counts);
	if (!err && counts)
		err = pe_acl_build_tallies(acl, gate ? pe_acl_of(gate) : NULL);
	return err;
}

/**
 * pe_acl_iface() - which of the interfaces that rules name an interface is
 * @acl: the rules
 * @dev: the interface
 *
 * Context: RCU read lock held, or pe_net.lock.
 * Return: its place in pe_acl.iface plus one, or 0 for another.
 */
u32 pe_acl_iface(const struct pe_acl *acl, const struct net_device *dev)
{
	u32 i;

	for (i = 0; i < acl->ifaces; i++)
		if (pe_iface_is(acl->iface[i], dev))
			return i + 1;
	return 0;
}
