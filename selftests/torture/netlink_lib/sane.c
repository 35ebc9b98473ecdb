// SPDX-License-Identifier: GPL-2.0-only

#include "sane.h"

#include <arpa/inet.h>
#include <linux/genetlink.h>
#include <linux/netlink.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>

#include "random.h"

/* What a device is goes by its number, so that a sequence knows. */
#define SANE_SERVERS 8
#define SANE_TAPS 8
#define SANE_NAT4 6
#define SANE_NAT6 7

#define ACK NLM_F_ACK
#define PUT (ACK | NLM_F_CREATE | NLM_F_REPLACE)

/* Some names of devices and services are as long as they can be. */
static const char *numbered(char kind, unsigned int number)
{
	char *name = pool_alloc(PE_NAME_MAX + 1);
	int len = snprintf(name, PE_NAME_MAX + 1, "%c%u", kind, number % 1000);

	if (kind != 'i' && number % 3 == 0)
		memset(name + len, '-', (size_t)(PE_NAME_MAX - len));
	return name;
}

/* Few, so that what one made another meets. */
static const char *owner(void)
{
	static const char *const owners[] = { "alice", "bob", "o23456789012345678901234567890x" };

	return random_of(owners);
}

static void put_owner(struct message *m, uint16_t type)
{
	if (random_below(4) == 0)
		node_put_string(&m->attrs, m->set, type, owner());
}

/* Mostly nobody, or little would come of it. */
static void put_acts_as(struct message *m, uint16_t type)
{
	if (random_below(12) == 0)
		node_put_string(&m->attrs, m->set, type, owner());
}

static void put_addr(struct node **list, const struct spec_set *set, uint16_t type,
		     const char *format, unsigned int number)
{
	uint8_t addr[sizeof(struct in6_addr)];
	int family = strchr(format, ':') ? AF_INET6 : AF_INET;
	char text[64];

	snprintf(text, sizeof(text), format, number);
	inet_pton(family, text, addr);
	node_put(list, set, type, addr, family == AF_INET ? 4 : 16);
}

static void put_port(struct message *m, uint16_t type, unsigned int number, unsigned int side)
{
	struct node *port = node_nest(&m->attrs, &spec_set_device, type);
	uint8_t mac[6] = { 2, 0, (uint8_t)side, (uint8_t)number, (uint8_t)random_below(3), 1 };
	unsigned int way = random_below(6);

	node_put_string(&port->kids, &spec_set_port, PE_PORT_DEV,
			numbered('i', (number + side) % SANE_IFACES));
	if (way == 0)
		put_addr(&port->kids, &spec_set_port, PE_PORT_VIA, "10.0.0.%u",
			 1 + number * 2 + side);
	else if (way == 1)
		put_addr(&port->kids, &spec_set_port, PE_PORT_VIA, "2001:db8::%u",
			 1 + number * 2 + side);
	else
		node_put(&port->kids, &spec_set_port, PE_PORT_LLADDR, mac, sizeof(mac));
}

static void put_server(struct message *m, unsigned int number)
{
	bool nat = number == SANE_NAT4 || number == SANE_NAT6;
	const char *own = number == SANE_NAT6 ? "2001:db8:5::%u" : "10.0.5.%u";

	node_put_u32(&m->attrs, m->set, PE_DEVICE_MODE, nat ? PE_SERVER_MODE_NAT : random_below(2));
	if (nat || random_below(3) == 0) {
		put_addr(&m->attrs, m->set, PE_DEVICE_ADDRESS, own, 1 + number);
		if (random_below(2))
			node_put(&m->attrs, m->set, PE_DEVICE_GUARD, NULL, 0);
	}
	if (!nat)
		put_port(m, PE_DEVICE_OUTSIDE, number, 0);
}

static void put_bridge(struct message *m, unsigned int number)
{
	unsigned int side;
	struct node *port;

	node_put(&m->attrs, m->set, PE_DEVICE_TRANSPARENT, NULL, 0);
	for (side = 0; side < 2; side++) {
		port = node_nest(&m->attrs, m->set, side ? PE_DEVICE_INSIDE : PE_DEVICE_OUTSIDE);
		node_put_string(&port->kids, &spec_set_port, PE_PORT_DEV,
				numbered('i', (number + side) % SANE_IFACES));
	}
}

/**
 * sane_device() - a device that can be taken
 * @number: of it
 */
struct message *sane_device(unsigned int number)
{
	struct message *m = message_new(PE_CMD_DEVICE_NEW, PUT);
	uint32_t kind = PE_DEVICE_KIND_INLINE;

	if (number < SANE_SERVERS)
		kind = PE_DEVICE_KIND_SERVER;
	else if (number >= SANE_DEVICES - SANE_TAPS)
		kind = PE_DEVICE_KIND_TAP;
	node_put_string(&m->attrs, m->set, PE_DEVICE_NAME, numbered('d', number));
	node_put_u32(&m->attrs, m->set, PE_DEVICE_KIND, kind);
	if (kind == PE_DEVICE_KIND_SERVER) {
		put_server(m, number);
	} else if (kind == PE_DEVICE_KIND_INLINE && random_below(8) == 0) {
		put_bridge(m, number);
	} else {
		put_port(m, PE_DEVICE_OUTSIDE, number, 0);
		if (kind == PE_DEVICE_KIND_INLINE && random_below(4))
			put_port(m, PE_DEVICE_INSIDE, number, 1);
	}
	if (kind != PE_DEVICE_KIND_TAP && random_below(4) == 0)
		node_put(&m->attrs, m->set, PE_DEVICE_MEASURE, NULL, 0);
	put_owner(m, PE_DEVICE_OWNER);
	put_acts_as(m, PE_DEVICE_ACTS_AS);
	return m;
}

static void put_range(struct message *m)
{
	struct node *range = node_nest(&m->attrs, m->set, PE_SERVICE_PORT);
	uint16_t first = (uint16_t)(1 + random_below(500) * 100);

	node_put_u16(&range->kids, &spec_set_range, PE_RANGE_FIRST, first);
	if (random_below(3) == 0)
		node_put_u16(&range->kids, &spec_set_range, PE_RANGE_LAST,
			     (uint16_t)(first + random_below(90)));
}

static struct node *put_step(struct message *m, unsigned int device)
{
	struct node *step = node_nest(&m->attrs, m->set, PE_SERVICE_STEP);

	node_put_string(&step->kids, &spec_set_step, PE_STEP_DEVICE, numbered('d', device));
	return step;
}

static void put_pool(struct message *m, unsigned int pool)
{
	struct node *step = node_nest(&m->attrs, m->set, PE_SERVICE_STEP);

	node_put_string(&step->kids, &spec_set_step, PE_STEP_DEVICE, numbered('p', pool));
}

/* Taps and inline devices, none of them twice, then a server, mostly. */
static void put_steps(struct message *m, bool v6, bool one_port)
{
	unsigned int others = SANE_DEVICES - SANE_SERVERS, at = random_below(others);
	unsigned int i, steps = random_below(20) ? random_below(4) : others, server;
	struct node *step;

	for (i = 0; i < steps; i++)
		put_step(m, SANE_SERVERS + (at + i * 5) % others);
	if (random_below(6) == 0) {
		put_pool(m, random_below(SANE_POOLS) | 1);
		return;
	}
	if (steps && random_below(8) == 0)
		return;
	server = random_below(SANE_SERVERS);
	if (server == SANE_NAT4 || server == SANE_NAT6)
		server = v6 ? SANE_NAT6 : SANE_NAT4;
	step = put_step(m, server);
	if (one_port && random_below(3) == 0)
		node_put_u16(&step->kids, &spec_set_step, PE_STEP_PORT,
			     (uint16_t)(1 + random_below(65535)));
}

static void put_limit(struct message *m, uint16_t type)
{
	struct node *limit = node_nest(&m->attrs, m->set, type);
	uint64_t rate = 1 + random_below(1000000);

	node_put(&limit->kids, &spec_set_limit,
		 (uint16_t)(PE_LIMIT_PACKETS + random_below(PE_LIMIT_FLOWS - PE_LIMIT_PACKETS + 1)),
		 &rate, sizeof(rate));
}

static void put_state(struct message *m)
{
	struct node *state = node_nest(&m->attrs, m->set, PE_SERVICE_STATE);

	if (random_below(2))
		node_put_u32(&state->kids, &spec_set_state, PE_STATE_FLOWS, 1 + random_below(5000));
	if (random_below(2))
		node_put_u32(&state->kids, &spec_set_state, PE_STATE_TIMEOUT,
			     1 + random_below(PE_FLOW_TIMEOUT_MAX));
}

static void put_quality(struct message *m)
{
	uint8_t dscp = (uint8_t)random_below(64);

	node_put(&m->attrs, m->set,
		 random_below(2) ? PE_SERVICE_DSCP_FORWARD : PE_SERVICE_DSCP_REVERSE, &dscp, 1);
	node_put_u32(&m->attrs, m->set, random_below(2) ? PE_SERVICE_MARK : PE_SERVICE_PRIORITY,
		     random_below(70000));
}

/* What some services ask for besides. */
static void put_extras(struct message *m)
{
	if (random_below(8) == 0)
		node_put_string(&m->attrs, m->set, PE_SERVICE_ACL,
				numbered('a', random_below(SANE_ACLS)));
	if (random_below(4) == 0)
		put_state(m);
	if (random_below(6) == 0)
		put_limit(m, PE_SERVICE_LIMIT);
	if (random_below(6) == 0)
		put_quality(m);
}

/**
 * sane_service() - a service that can be taken, where its devices are there
 * @number: of it
 */
struct message *sane_service(unsigned int number)
{
	static const uint8_t protos[] = { IPPROTO_TCP,	IPPROTO_UDP,  IPPROTO_SCTP,
					  IPPROTO_ICMP, IPPROTO_DCCP, 253 };
	struct message *m = message_new(PE_CMD_SERVICE_NEW, PUT);
	unsigned int ranges = random_below(3) ? random_below(3) : 0;
	uint8_t proto = random_of(protos);
	bool v6 = number & 1;

	node_put_string(&m->attrs, m->set, PE_SERVICE_NAME, numbered('s', number));
	put_addr(&m->attrs, m->set, PE_SERVICE_VIP, v6 ? "2001:db8:2::%u" : "192.0.2.%u",
		 1 + random_below(SANE_SERVICES / 2));
	if (proto == IPPROTO_ICMP || proto == 253)
		ranges = 0;
	if (ranges || random_below(2))
		node_put(&m->attrs, m->set, PE_SERVICE_PROTO, &proto, 1);
	if (ranges && random_below(20) == 0)
		ranges = PE_PORTS_MAX;
	for (unsigned int i = 0; i < ranges; i++)
		put_range(m);
	if (random_below(6) == 0)
		node_put_string(&m->attrs, m->set, PE_SERVICE_IIF,
				numbered('i', random_below(SANE_IFACES)));
	put_steps(m, v6, ranges == 1);
	put_extras(m);
	put_owner(m, PE_SERVICE_OWNER);
	put_acts_as(m, PE_SERVICE_ACTS_AS);
	return m;
}

/**
 * sane_pool() - a pool that can be taken, where its members are there
 * @number: of it
 */
struct message *sane_pool(unsigned int number)
{
	struct message *m = message_new(PE_CMD_POOL_NEW, PUT);
	bool servers = number & 1;
	unsigned int first = servers ? 0 : SANE_SERVERS;
	unsigned int count = servers ? SANE_NAT4 : SANE_DEVICES - SANE_SERVERS - SANE_TAPS;
	unsigned int i, members = 1 + random_below(4);
	struct node *member;

	node_put_string(&m->attrs, m->set, PE_POOL_NAME, numbered('p', number));
	node_put_u32(&m->attrs, m->set, PE_POOL_POLICY, random_below(2));
	for (i = 0; i < members; i++) {
		member = node_nest(&m->attrs, m->set, PE_POOL_MEMBER);
		node_put_string(&member->kids, &spec_set_member, PE_MEMBER_DEVICE,
				numbered('d', first + (number + i) % count));
		if (random_below(3) == 0)
			node_put_u16(&member->kids, &spec_set_member, PE_MEMBER_WEIGHT,
				     (uint16_t)random_below(65536));
	}
	if (random_below(4) == 0)
		node_put_u32(&m->attrs, m->set, PE_POOL_REVIVE, random_below(2000));
	if (servers && random_below(4) == 0)
		node_put(&m->attrs, m->set, PE_POOL_ONE_WAY, NULL, 0);
	put_owner(m, PE_POOL_OWNER);
	put_acts_as(m, PE_POOL_ACTS_AS);
	return m;
}

static void put_rule(struct message *m)
{
	struct node *rule = node_nest(&m->attrs, m->set, PE_ACL_RULE), *ports;
	uint8_t proto = random_below(2) ? IPPROTO_TCP : IPPROTO_UDP, len = 24;

	if (random_below(2))
		node_put(&rule->kids, &spec_set_rule, PE_RULE_PERMIT, NULL, 0);
	if (random_below(2))
		put_addr(&rule->kids, &spec_set_rule, PE_RULE_FROM, "198.51.100.%u",
			 random_below(200));
	if (random_below(3) == 0) {
		put_addr(&rule->kids, &spec_set_rule, PE_RULE_TO, "192.0.%u.0", random_below(200));
		node_put(&rule->kids, &spec_set_rule, PE_RULE_TO_LEN, &len, 1);
	}
	if (random_below(2)) {
		node_put(&rule->kids, &spec_set_rule, PE_RULE_PROTO, &proto, 1);
		ports = node_nest(&rule->kids, &spec_set_rule, PE_RULE_PORT);
		node_put_u16(&ports->kids, &spec_set_range, PE_RANGE_FIRST,
			     (uint16_t)random_below(65536));
	}
	if (random_below(4) == 0)
		node_put(&rule->kids, &spec_set_rule, PE_RULE_COUNT, NULL, 0);
}

/**
 * sane_acl() - an access list that can be taken
 * @number: of it
 */
struct message *sane_acl(unsigned int number)
{
	struct message *m = message_new(PE_CMD_ACL_NEW, PUT);
	unsigned int rules = random_below(6);

	node_put_string(&m->attrs, m->set, PE_ACL_NAME, numbered('a', number));
	if (random_below(2))
		node_put(&m->attrs, m->set, PE_ACL_PERMIT, NULL, 0);
	while (rules--)
		put_rule(m);
	put_owner(m, PE_ACL_OWNER);
	put_acts_as(m, PE_ACL_ACTS_AS);
	return m;
}

static const char *any_name(const struct spec_set *set)
{
	if (set == &spec_set_device)
		return numbered('d', random_below(SANE_DEVICES));
	if (set == &spec_set_pool)
		return numbered('p', random_below(SANE_POOLS));
	if (set == &spec_set_acl)
		return numbered('a', random_below(SANE_ACLS));
	return numbered('s', random_below(SANE_SERVICES));
}

struct message *sane_delete(uint8_t cmd)
{
	struct message *m = message_new(cmd, ACK);

	node_put_string(&m->attrs, m->set, PE_DEVICE_NAME, any_name(m->set));
	return m;
}

struct message *sane_get(uint8_t cmd)
{
	struct message *m = sane_delete(cmd);

	if (random_below(2))
		node_put(&m->attrs, m->set,
			 cmd == PE_CMD_DEVICE_GET ? PE_DEVICE_STATS : PE_SERVICE_STATS, NULL, 0);
	return m;
}

struct message *sane_dump(uint8_t cmd)
{
	struct message *m = message_new(cmd, NLM_F_DUMP);

	if (random_below(2))
		node_put(&m->attrs, m->set,
			 cmd == PE_CMD_DEVICE_GET ? PE_DEVICE_STATS : PE_SERVICE_STATS, NULL, 0);
	return m;
}

struct message *sane_explain(void)
{
	struct message *m = message_new(PE_CMD_EXPLAIN, ACK);
	bool v6 = random_below(2);
	uint8_t proto = random_below(2) ? IPPROTO_TCP : IPPROTO_UDP;

	put_addr(&m->attrs, m->set, PE_EXPLAIN_SADDR, v6 ? "2001:db8:9::%u" : "198.51.100.%u", 7);
	put_addr(&m->attrs, m->set, PE_EXPLAIN_DADDR, v6 ? "2001:db8:2::%u" : "192.0.2.%u",
		 1 + random_below(SANE_SERVICES / 2));
	if (random_below(4))
		node_put(&m->attrs, m->set, PE_EXPLAIN_PROTO, &proto, 1);
	if (random_below(4)) {
		node_put_u16(&m->attrs, m->set, PE_EXPLAIN_SPORT, 7000);
		node_put_u16(&m->attrs, m->set, PE_EXPLAIN_DPORT,
			     (uint16_t)(1 + random_below(500) * 100));
	}
	if (random_below(2))
		node_put_string(&m->attrs, m->set, PE_EXPLAIN_IIF,
				numbered('i', random_below(SANE_IFACES)));
	if (random_below(3) == 0)
		node_put_string(&m->attrs, m->set, PE_EXPLAIN_SERVICE, any_name(&spec_set_service));
	return m;
}

/**
 * sane_flows() - flows that are remembered: show, count or forget them
 * @cmd: PE_CMD_FLOW_GET or PE_CMD_FLOW_FLUSH
 */
struct message *sane_flows(uint8_t cmd)
{
	bool dump = cmd == PE_CMD_FLOW_GET && random_below(2);
	struct message *m = message_new(cmd, dump ? NLM_F_DUMP : ACK);
	uint8_t proto = random_below(2) ? IPPROTO_TCP : IPPROTO_UDP, len;
	bool v6 = random_below(2);

	if (random_below(3) == 0)
		node_put_string(&m->attrs, m->set, PE_FLOW_SERVICE, any_name(&spec_set_service));
	if (random_below(3) == 0)
		node_put_string(&m->attrs, m->set, PE_FLOW_DEVICE, any_name(&spec_set_device));
	if (random_below(3) == 0)
		node_put(&m->attrs, m->set, PE_FLOW_PROTO, &proto, 1);
	if (random_below(3))
		return m;
	put_addr(&m->attrs, m->set, PE_FLOW_CLIENT, v6 ? "2001:db8:9::%u" : "198.51.100.%u", 7);
	len = (uint8_t)random_below(v6 ? 129 : 33);
	if (random_below(2))
		node_put(&m->attrs, m->set, PE_FLOW_CLIENT_LEN, &len, 1);
	return m;
}

/* All services together. */
static struct message *sane_engine(void)
{
	struct message *m = message_new(PE_CMD_ENGINE_NEW, PUT);

	put_limit(m, PE_ENGINE_LIMIT);
	return m;
}

struct message *sane_plain(uint8_t cmd)
{
	struct message *m = message_new(cmd, ACK);

	if (cmd == PE_CMD_INFO_GET && random_below(2))
		node_put(&m->attrs, m->set, PE_INFO_STATS, NULL, 0);
	if (cmd == PE_CMD_TXN_COMMIT && random_below(6) == 0)
		node_put(&m->attrs, m->set, PE_TXN_CHECK, NULL, 0);
	return m;
}

/* As an owner. */
static struct message *sane_plain_as(uint8_t cmd)
{
	struct message *m = sane_plain(cmd);

	node_put_string(&m->attrs, m->set, PE_TXN_OWNER, owner());
	return m;
}

static void put_value(struct node **list, const struct spec_set *set, uint16_t type,
		      unsigned int depth)
{
	static const char *const words[] = { "d1", "s1", "i1", "d9", "nowhere", "" };
	const struct spec_attr *attr = &set->attrs[type];
	uint64_t number = random_below(3);
	struct node *nest;
	uint16_t inner;

	switch (attr->kind) {
	case SPEC_STRING:
		node_put_string(list, set, type, random_of(words));
		break;
	case SPEC_BINARY:
		put_addr(list, set, type, random_below(2) ? "192.0.2.%u" : "2001:db8:2::%u", 1);
		break;
	case SPEC_NEST:
		nest = node_nest(list, set, type);
		for (inner = 1; inner <= attr->nested->max && depth; inner++)
			if (attr->nested->attrs[inner].name && random_below(2))
				put_value(&nest->kids, attr->nested, inner, depth - 1);
		break;
	default:
		node_put(list, set, type, &number,
			 attr->kind == SPEC_U8	? 1 :
			 attr->kind == SPEC_U16 ? 2 :
			 attr->kind == SPEC_U32 ? 4 :
			 attr->kind == SPEC_U64 ? 8 :
						  0);
	}
}

/**
 * sane_table() - some of the attributes that the specification allows
 * @cmd: command
 */
struct message *sane_table(uint8_t cmd)
{
	struct message *m = message_new(cmd, ACK);
	uint16_t type;

	for (type = 1; m->set && type <= m->set->max; type++)
		if ((spec_ops[cmd].request >> type & 1) && random_below(3))
			put_value(&m->attrs, m->set, type, 2);
	return m;
}

/**
 * sane_command() - a message of a command, in full where it describes something
 * @cmd: command
 */
struct message *sane_command(uint8_t cmd)
{
	switch (cmd) {
	case PE_CMD_DEVICE_NEW:
		return sane_device(random_below(SANE_DEVICES));
	case PE_CMD_POOL_NEW:
		return sane_pool(random_below(SANE_POOLS));
	case PE_CMD_ACL_NEW:
		return sane_acl(random_below(SANE_ACLS));
	case PE_CMD_SERVICE_NEW:
		return sane_service(random_below(SANE_SERVICES));
	case PE_CMD_ENGINE_NEW:
		return sane_engine();
	case PE_CMD_FLOW_GET:
	case PE_CMD_FLOW_FLUSH:
		return sane_flows(cmd);
	default:
		return sane_table(cmd);
	}
}

/**
 * sane_any() - any message that makes sense
 */
struct message *sane_any(void)
{
	unsigned int way = random_below(100);

	if (way < 22)
		return sane_device(random_below(SANE_DEVICES));
	if (way < 44)
		return sane_service(random_below(SANE_SERVICES));
	if (way < 48)
		return sane_pool(random_below(SANE_POOLS));
	if (way < 52)
		return sane_acl(random_below(SANE_ACLS));
	if (way < 53)
		return sane_delete(PE_CMD_POOL_DEL);
	if (way < 54)
		return sane_delete(PE_CMD_ACL_DEL);
	if (way < 55)
		return sane_delete(PE_CMD_DEVICE_DEL);
	if (way < 60)
		return sane_delete(PE_CMD_SERVICE_DEL);
	if (way < 64)
		return sane_get(PE_CMD_DEVICE_GET);
	if (way < 69)
		return sane_get(PE_CMD_SERVICE_GET);
	if (way < 71)
		return sane_dump(random_below(2) ? PE_CMD_DEVICE_GET : PE_CMD_SERVICE_GET);
	if (way < 73)
		return sane_flows(random_below(4) ? PE_CMD_FLOW_GET : PE_CMD_FLOW_FLUSH);
	if (way < 74)
		return sane_engine();
	if (way < 78)
		return sane_explain();
	if (way < 80)
		return sane_plain(PE_CMD_INFO_GET);
	if (way < 81)
		return sane_plain_as(PE_CMD_TXN_BEGIN);
	if (way < 84)
		return sane_plain(PE_CMD_TXN_BEGIN);
	if (way < 90)
		return sane_plain(PE_CMD_TXN_COMMIT);
	if (way < 92)
		return sane_plain(PE_CMD_TXN_ABORT);
	if (way < 93 && random_below(2))
		return random_below(15) ? sane_plain_as(PE_CMD_FLUSH) : sane_plain(PE_CMD_FLUSH);
	return sane_table((uint8_t)(1 + random_below(spec_ops_count - 1)));
}
