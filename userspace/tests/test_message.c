// SPDX-License-Identifier: GPL-2.0-only
/* What messages look like, what is heard in answers, and who is to blame. */

#include <arena.h>
#include <attr.h>
#include <device.h>
#include <errno.h>
#include <event.h>
#include <explain.h>
#include <info.h>
#include <libmnl/libmnl.h>
#include <linux/genetlink.h>
#include <linux/netlink.h>
#include <linux/pe.h>
#include <noun.h>
#include <refusal.h>
#include <pcapng.h>
#include <service.h>
#include <sight.h>
#include <sock.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <txn.h>

#include "ktap.h"
#include "text.h"

#define FAMILY 77

static char buf[PE_MESSAGE_MAX] __attribute__((aligned(8)));
static struct nlmsghdr *const nlh = (struct nlmsghdr *)buf;

static struct nlmsghdr *message(uint8_t cmd)
{
	struct genlmsghdr *genl;

	mnl_nlmsg_put_header(buf);
	nlh->nlmsg_type = FAMILY;
	genl = mnl_nlmsg_put_extra_header(nlh, sizeof(*genl));
	genl->cmd = cmd;
	return nlh;
}

/* Attributes of a message as text: type(value), nests in brackets. */
static void dump_attr(FILE *out, const struct nlattr *attr);

static void dump_nest(FILE *out, const struct nlattr *nest)
{
	const struct nlattr *attr;

	fputs("[ ", out);
	mnl_attr_for_each_nested(attr, nest)
		dump_attr(out, attr);
	fputs("] ", out);
}

static void dump_attr(FILE *out, const struct nlattr *attr)
{
	const uint8_t *p = mnl_attr_get_payload(attr);
	uint16_t i, len = mnl_attr_get_payload_len(attr);

	fprintf(out, "%u", mnl_attr_get_type(attr));
	if (attr->nla_type & NLA_F_NESTED) {
		dump_nest(out, attr);
		return;
	}
	fputc('(', out);
	for (i = 0; i < len; i++)
		fprintf(out, "%02x", p[i]);
	fputs(") ", out);
}

static void message_is(const char *name, const char *wanted)
{
	const struct genlmsghdr *genl = mnl_nlmsg_get_payload(nlh);
	const struct nlattr *attr;
	char seen[2048];
	FILE *out;

	out = fmemopen(seen, sizeof(seen), "w");
	fprintf(out, "cmd %u flags %x: ", genl->cmd, nlh->nlmsg_flags);
	mnl_attr_for_each(attr, nlh, sizeof(*genl))
		dump_attr(out, attr);
	fclose(out);
	ktap_same(name, seen, wanted);
}

static void test_encode(const char *name, enum parse_mode mode, const char *input,
			const char *wanted)
{
	struct text text;

	text_read(&text, mode, input);
	pe_object_encode(text.changes.list[0], nlh, FAMILY);
	message_is(name, wanted);
	text_free(&text);
}

static void test_requests(void)
{
	test_encode("device del", PARSE_BATCH, "device del ab\n", "cmd 6 flags 1: 1(616200) ");
	test_encode("service del", PARSE_BATCH, "service del ab\n", "cmd 9 flags 1: 1(616200) ");
	test_encode("flush", PARSE_BATCH, "flush\n", "cmd 11 flags 1: ");
	test_encode("device add", PARSE_BATCH, "device add a tap dev e lladdr 02:00:00:00:00:01\n",
		    "cmd 5 flags 601: 1(6100) 3(02000000) 8[ 1(6500) 2(020000000001) ] ");
	test_encode("device replace", PARSE_BATCH,
		    "device replace a server address 1.2.3.4 mode nat guard\n",
		    "cmd 5 flags 501: 1(6100) 3(00000000) 4(02000000) 5(01020304) 7() ");
	test_encode("device change", PARSE_BATCH, "device change a guard\n",
		    "cmd 5 flags 101: 1(6100) 7() ");
	test_encode("transparent device", PARSE_ARGUMENTS,
		    "device add a inline transparent outside dev e inside dev f",
		    "cmd 5 flags 601: 1(6100) 3(01000000) 6() 8[ 1(6500) ] 9[ 1(6600) ] ");
	test_encode(
		"device by address", PARSE_ARGUMENTS, "device add a inline dev e via 1::2",
		"cmd 5 flags 601: 1(6100) 3(01000000) 8[ 1(6500) 3(00010000000000000000000000000002) ] ");
	test_encode("device behind a tunnel", PARSE_ARGUMENTS,
		    "device add a inline dev e remote 1.2.3.4 vni 7",
		    "cmd 5 flags 601: 1(6100) 3(01000000) 8[ 1(6500) 6(01020304) 7(07000000) ] ");
	test_encode(
		"service add", PARSE_BATCH,
		"service a { vip 1.2.3.4 tcp port 80,256-512 iif e; sequence b, c port 8 }",
		"cmd 8 flags 601: 1(6100) 3(01020304) 4(06) 5[ 1(5000) 2(5000) ] 5[ 1(0001) 2(0002) ] 6(6500) 7[ 1(6200) ] 7[ 1(6300) 2(0800) ] ");
	test_encode(
		"service with dynamic ports", PARSE_BATCH,
		"service a { vip 1.2.3.4 tcp dynamic 256-512 port 80; sequence b }",
		"cmd 8 flags 601: 1(6100) 3(01020304) 4(06) 5[ 1(5000) 2(5000) ] 5[ 1(0001) 2(0002) 3() ] 7[ 1(6200) ] ");
	test_encode(
		"service with a device that emits", PARSE_BATCH,
		"service a { vip 1.2.3.4; sequence b emits tcp port 80, c emits proto 47, d }",
		"cmd 8 flags 601: 1(6100) 3(01020304) 7[ 1(6200) 5(06) 6(5000) ] 7[ 1(6300) 5(2f) ] 7[ 1(6400) ] ");
	test_encode(
		"service tracked by DSCP", PARSE_BATCH,
		"service a { vip 1.2.3.4; track dscp 9; dscp 0; sequence b }",
		"cmd 8 flags 601: 1(6100) 3(01020304) 12(01000000) 13(09000000) 14(00) 7[ 1(6200) ] ");
	test_encode("service announced", PARSE_BATCH,
		    "service a { vip 1.2.3.4 announce dev e; sequence b }",
		    "cmd 8 flags 601: 1(6100) 3(01020304) 15(6500) 7[ 1(6200) ] ");
	test_encode("device of an owner", PARSE_BATCH,
		    "device a { tap dev e lladdr 02:00:00:00:00:01; owner b; }",
		    "cmd 5 flags 601: 1(6100) 3(02000000) 8[ 1(6500) 2(020000000001) ] 20(6200) ");
	test_encode("service of an owner", PARSE_BATCH,
		    "service a { owner c; vip 1.2.3.4; sequence b }",
		    "cmd 8 flags 601: 1(6100) 3(01020304) 7[ 1(6200) ] 24(6300) ");
	test_encode("access list of an owner", PARSE_BATCH, "acl a { permit; owner c; }",
		    "cmd 22 flags 601: 1(6100) 5[ 1() ] 14(6300) ");
	test_encode("nobody deletes for an owner", PARSE_BATCH, "acl del a\n",
		    "cmd 23 flags 1: 1(6100) ");
	test_encode("service for all", PARSE_BATCH, "service a { vip 1.2.3.4; sequence b }",
		    "cmd 8 flags 601: 1(6100) 3(01020304) 7[ 1(6200) ] ");
}

/* ---- blame ---- */

#define BATCH                                                \
	"device x { tap dev e lladdr 02:00:00:00:00:01; }\n" \
	"device del y\n"                                     \
	"service a { vip 1.2.3.4 tcp port 80,256-512 iif e; sequence b, c port 8; }\n"

static uint32_t place_of(const struct pe_object *object, const struct pe_blame *blame)
{
	return pe_object_where(object, blame);
}

static void test_blame_word(const struct pe_refusal *refusal, const char *word)
{
	struct pe_sock sock = { .family = FAMILY };
	struct pe_blame blame;
	struct text text;
	uint32_t at;

	text_read(&text, PARSE_BATCH, BATCH);
	pe_txn_blame(&sock, &text.changes, 100, refusal, &blame);
	at = blame.change == PE_NOWHERE ? 0 : place_of(text.changes.list[blame.change], &blame);
	if (!ktap_result(at && !strncmp(BATCH + at - 1, word, strlen(word)), "blame: %.*s",
			 (int)strcspn(word, "\n"), word))
		ktap_comment("seen", at ? BATCH + at - 1 : "nowhere");
	text_free(&text);
}

/* Offset of an attribute in the message of a statement. */
static uint32_t offset_of(size_t change, uint16_t type, unsigned int index, uint16_t nested)
{
	const struct nlattr *attr, *inner;
	uint32_t offset = 0;
	struct text text;

	text_read(&text, PARSE_BATCH, BATCH);
	pe_object_encode(text.changes.list[change], nlh, FAMILY);
	mnl_attr_for_each(attr, nlh, sizeof(struct genlmsghdr)) {
		if (mnl_attr_get_type(attr) != type || index--)
			continue;
		offset = (uint32_t)((const char *)attr - buf);
		if (!nested)
			break;
		mnl_attr_for_each_nested(inner, attr)
			if (mnl_attr_get_type(inner) == nested)
				offset = (uint32_t)((const char *)inner - buf);
	}
	text_free(&text);
	return offset;
}

static void test_offset(size_t change, uint16_t type, unsigned int index, uint16_t nested,
			const char *word)
{
	struct pe_refusal refusal = { .err = EINVAL, .seq = 100 + (uint32_t)change };

	refusal.offset = offset_of(change, type, index, nested);
	test_blame_word(&refusal, word);
}

static void test_cookie(uint32_t change, uint32_t attr, uint32_t index, const char *word)
{
	struct pe_refusal refusal = { .err = EINVAL, .seq = 555, .cookie = true };

	refusal.cookie_seq = 100 + change;
	refusal.cookie_attr = attr;
	refusal.cookie_index = index;
	test_blame_word(&refusal, word);
}

static void test_blame(void)
{
	struct pe_sock sock = { .family = FAMILY };
	struct pe_refusal elsewhere = { .err = EINVAL, .seq = 99 };
	struct pe_changes none = { 0 };
	struct pe_blame blame;

	test_offset(0, PE_DEVICE_NAME, 0, 0, "x { tap");
	test_offset(0, PE_DEVICE_KIND, 0, 0, "tap dev");
	test_offset(0, PE_DEVICE_OUTSIDE, 0, PE_PORT_DEV, "e lladdr");
	test_offset(0, PE_DEVICE_OUTSIDE, 0, PE_PORT_LLADDR, "02:00:00:00:00:01;");
	test_offset(1, PE_DEVICE_NAME, 0, 0, "y\n");
	test_offset(2, PE_SERVICE_VIP, 0, 0, "1.2.3.4");
	test_offset(2, PE_SERVICE_PROTO, 0, 0, "tcp");
	test_offset(2, PE_SERVICE_PORT, 0, 0, "80,256");
	test_offset(2, PE_SERVICE_PORT, 1, PE_RANGE_FIRST, "256-512");
	test_offset(2, PE_SERVICE_IIF, 0, 0, "e; sequence");
	test_offset(2, PE_SERVICE_STEP, 0, PE_STEP_DEVICE, "b, c");
	test_offset(2, PE_SERVICE_STEP, 1, PE_STEP_PORT, "c port");
	test_cookie(0, 0, 0, "x { tap");
	test_cookie(1, 0, 0, "y\n");
	test_cookie(2, PE_SERVICE_STEP, 1, "c port");
	test_cookie(2, PE_SERVICE_PORT, 1, "256-512");
	test_cookie(2, PE_SERVICE_VIP, 0, "1.2.3.4");
	test_cookie(2, PE_SERVICE_STEP, 40, "sequence b");
	test_cookie(2, 4000, 0, "a { vip");
	pe_txn_blame(&sock, &none, 100, &elsewhere, &blame);
	ktap_result(blame.change == PE_NOWHERE, "blame: nothing that was sent");
}

/* ---- refusals ---- */

static void refusal_message(int error, bool capped)
{
	struct nlmsgerr *e;

	mnl_nlmsg_put_header(buf);
	nlh->nlmsg_type = NLMSG_ERROR;
	nlh->nlmsg_flags = (uint16_t)(0x200 | (capped ? 0x100 : 0));
	e = mnl_nlmsg_put_extra_header(nlh, sizeof(*e));
	e->error = -error;
	e->msg.nlmsg_seq = 7;
	e->msg.nlmsg_len = capped ? 4000 : sizeof(e->msg) + 8;
	if (!capped)
		mnl_nlmsg_put_extra_header(nlh, 8);
}

static void test_refusals(void)
{
	uint32_t cookie[3] = { 11, 12, 13 };
	struct pe_refusal refusal;

	refusal_message(EEXIST, true);
	mnl_attr_put_strz(nlh, NLMSGERR_ATTR_MSG, "no");
	mnl_attr_put_u32(nlh, NLMSGERR_ATTR_OFFS, 44);
	mnl_attr_put(nlh, NLMSGERR_ATTR_COOKIE, sizeof(cookie), cookie);
	pe_refusal_read(&refusal, nlh);
	ktap_result(refusal.err == EEXIST && refusal.seq == 7 && !strcmp(refusal.text, "no") &&
			    refusal.offset == 44,
		    "refusal: sentence and offset");
	ktap_result(refusal.cookie && refusal.cookie_seq == 11 && refusal.cookie_attr == 12 &&
			    refusal.cookie_index == 13,
		    "refusal: cookie");
	refusal_message(EINVAL, false);
	mnl_attr_put_u32(nlh, NLMSGERR_ATTR_MISS_TYPE, 3);
	mnl_attr_put_u32(nlh, NLMSGERR_ATTR_MISS_NEST, 20);
	pe_refusal_read(&refusal, nlh);
	ktap_result(refusal.missing == 3 && refusal.missing_nest == 20 && refusal.text[0],
		    "refusal: missing attribute, behind the whole message");
	refusal_message(EINVAL, true);
	mnl_attr_put(nlh, NLMSGERR_ATTR_COOKIE, 4, cookie);
	pe_refusal_read(&refusal, nlh);
	ktap_result(!refusal.cookie, "refusal: cookie of another kind");
	refusal_message(0, true);
	pe_refusal_read(&refusal, nlh);
	ktap_result(!refusal.err, "acknowledgement");
	nlh->nlmsg_len = sizeof(*nlh);
	pe_refusal_read(&refusal, nlh);
	ktap_result(refusal.err == EBADMSG, "refusal: cut short");
}

/* ---- what only the kernel sends ---- */

static void put_counter(uint16_t type, uint64_t packets, uint64_t bytes)
{
	struct nlattr *nest = mnl_attr_nest_start(nlh, type);

	mnl_attr_put_u64(nlh, PE_COUNTER_PACKETS, packets);
	mnl_attr_put_u64(nlh, PE_COUNTER_BYTES, bytes);
	mnl_attr_nest_end(nlh, nest);
}

static void test_device_reply(void)
{
	struct pe_arena arena = { 0 };
	struct pe_device device;
	struct nlattr *nest;

	message(PE_CMD_DEVICE_NEW);
	mnl_attr_put_strz(nlh, PE_DEVICE_NAME, "a");
	mnl_attr_put_u32(nlh, PE_DEVICE_ID, 5);
	mnl_attr_put_u32(nlh, PE_DEVICE_USERS, 6);
	mnl_attr_put_u32(nlh, PE_DEVICE_GENERATION, 7);
	nest = mnl_attr_nest_start(nlh, PE_DEVICE_OUTSIDE);
	mnl_attr_put_u32(nlh, PE_PORT_IFINDEX, 8);
	mnl_attr_put(nlh, PE_PORT_RESOLVED, 6, "\2\0\0\0\0\1");
	mnl_attr_nest_end(nlh, nest);
	put_counter(PE_DEVICE_FORWARD, 1ULL << 40, 2);
	put_counter(PE_DEVICE_REVERSE, 3, 4);
	mnl_attr_put_u32(nlh, 4000, 1);
	ktap_result(!pe_device_get(&device, &arena, nlh) && device.id == 5 && device.users == 6 &&
			    device.generation == 7 && device.outside.ifindex == 8 &&
			    device.outside.resolved[5] == 1 &&
			    device.forward.packets == 1ULL << 40 && device.reverse.bytes == 4,
		    "device as the kernel tells it");
	message(PE_CMD_DEVICE_NEW);
	ktap_result(pe_device_get(&device, &arena, nlh) == -EBADMSG, "device without a name");
	mnl_attr_put_strz(nlh, PE_DEVICE_NAME, "a");
	mnl_attr_put(nlh, PE_DEVICE_ADDRESS, 5, "12345");
	ktap_result(pe_device_get(&device, &arena, nlh) == -EBADMSG, "device with half an address");
	pe_arena_free(&arena);
}

static void test_service_reply(void)
{
	struct pe_arena arena = { 0 };
	struct pe_service service;
	struct nlattr *nest;
	int i;

	message(PE_CMD_SERVICE_NEW);
	mnl_attr_put_strz(nlh, PE_SERVICE_NAME, "a");
	nest = mnl_attr_nest_start(nlh, PE_SERVICE_STEP);
	mnl_attr_put(nlh, PE_STEP_DEVICE, 1, "b");
	put_counter(PE_STEP_FORWARD, 5, 6);
	mnl_attr_nest_end(nlh, nest);
	put_counter(PE_SERVICE_FORWARD, 1, 2);
	put_counter(PE_SERVICE_REVERSE, 3, 4);
	ktap_result(!pe_service_get(&service, &arena, nlh) && service.stats &&
			    service.stats->all.reverse.packets == 3 &&
			    service.stats->steps[0].forward.bytes == 6 &&
			    !strcmp(service.steps[0].device, "b"),
		    "service as the kernel tells it, name without a final zero");
	for (i = 0; i < 32; i++) {
		nest = mnl_attr_nest_start(nlh, PE_SERVICE_STEP);
		mnl_attr_put_strz(nlh, PE_STEP_DEVICE, "b");
		mnl_attr_nest_end(nlh, nest);
	}
	ktap_result(pe_service_get(&service, &arena, nlh) == -EBADMSG, "service with 33 steps");
	pe_arena_free(&arena);
}

static void put_former(const char *device, uint16_t port)
{
	struct nlattr *nest = mnl_attr_nest_start(nlh, PE_STATE_FORMER);

	if (device)
		mnl_attr_put_strz(nlh, PE_STEP_DEVICE, device);
	if (port)
		mnl_attr_put_u16(nlh, PE_STEP_PORT, port);
	mnl_attr_nest_end(nlh, nest);
}

static void test_service_formers(void)
{
	struct pe_arena arena = { 0 };
	struct pe_service service;
	struct nlattr *nest;

	message(PE_CMD_SERVICE_NEW);
	mnl_attr_put_strz(nlh, PE_SERVICE_NAME, "a");
	nest = mnl_attr_nest_start(nlh, PE_SERVICE_STATE);
	put_former("b", 8080);
	put_former("c", 0);
	mnl_attr_nest_end(nlh, nest);
	ktap_result(!pe_service_get(&service, &arena, nlh) && service.nformers == 2 &&
			    !strcmp(service.formers[0].device, "b") &&
			    service.formers[0].port == 8080 &&
			    !strcmp(service.formers[1].device, "c") && !service.formers[1].port &&
			    !service.nsteps,
		    "former servers as the kernel tells them");
	nest = mnl_attr_nest_start(nlh, PE_SERVICE_STATE);
	put_former(NULL, 80);
	mnl_attr_nest_end(nlh, nest);
	ktap_result(pe_service_get(&service, &arena, nlh) == -EBADMSG,
		    "former server without a name");
	pe_arena_free(&arena);
}

static void test_info_reply(void)
{
	struct pe_info info;
	struct nlattr *nest;

	message(PE_CMD_INFO_GET);
	mnl_attr_put_u32(nlh, PE_INFO_GENERATION, 9);
	mnl_attr_put_strz(nlh, PE_INFO_VERSION, "0.1");
	nest = mnl_attr_nest_start(nlh, PE_INFO_DROP);
	mnl_attr_put_u32(nlh, PE_DROPS_REASON, PE_DROP_TTL);
	mnl_attr_put_u64(nlh, PE_DROPS_PACKETS, 77);
	mnl_attr_nest_end(nlh, nest);
	nest = mnl_attr_nest_start(nlh, PE_INFO_DROP);
	mnl_attr_put_u32(nlh, PE_DROPS_REASON, 70000);
	mnl_attr_nest_end(nlh, nest);
	pe_info_get(&info, nlh);
	ktap_result(info.generation == 9 && info.drops[PE_DROP_TTL] == 77 &&
			    info.dropped[PE_DROP_TTL] && !info.dropped[PE_DROP_MTU] &&
			    !strcmp(info.version, "0.1"),
		    "info as the kernel tells it");
	ktap_result(!strcmp(pe_drop_name(PE_DROP_TAP_COPY), "tap-copy") &&
			    !strcmp(pe_drop_name(999), "unknown"),
		    "words for reasons");
	ktap_result(!strcmp(pe_obstacle_name(PE_OBSTACLE_NO_NEIGHBOUR), "no-neighbour") &&
			    !strcmp(pe_obstacle_name(999), "unknown"),
		    "words for obstacles");
}

static void test_walk_reply(void)
{
	struct pe_arena arena = { 0 };
	struct pe_walk walk = { .arena = &arena };
	struct nlattr *nest;

	message(PE_CMD_EXPLAIN);
	nest = mnl_attr_nest_start(nlh, PE_EXPLAIN_HOP);
	mnl_attr_put_u32(nlh, PE_HOP_ACTION, PE_ACTION_STEER);
	mnl_attr_put_strz(nlh, PE_HOP_TAP, "t1");
	mnl_attr_put_strz(nlh, PE_HOP_TAP, "t2");
	mnl_attr_put_strz(nlh, PE_HOP_DEVICE, "d");
	mnl_attr_put(nlh, PE_HOP_DADDR, 4, "\1\2\3\4");
	mnl_attr_put_u16(nlh, PE_HOP_DPORT, 80);
	mnl_attr_nest_end(nlh, nest);
	nest = mnl_attr_nest_start(nlh, PE_EXPLAIN_HOP);
	mnl_attr_put_u32(nlh, PE_HOP_ACTION, PE_ACTION_DROP);
	mnl_attr_nest_end(nlh, nest);
	ktap_result(!pe_walk_get(&walk, nlh) && walk.nhops == 2 && walk.hops[0].ntaps == 2 &&
			    !strcmp(walk.hops[0].taps[1], "t2") &&
			    !strcmp(walk.hops[0].device, "d") && walk.hops[0].daddr.len == 4 &&
			    walk.hops[0].dport == 80 && walk.hops[1].action == PE_ACTION_DROP,
		    "stages as the kernel tells them");
	pe_arena_free(&arena);
}

static void test_event(void)
{
	struct pe_arena arena = { 0 };
	struct pe_occurrence event;

	message(PE_CMD_EVENT_NTF);
	mnl_attr_put_u32(nlh, PE_EV_KIND, PE_EVENT_INTERFACE_BACK);
	mnl_attr_put_strz(nlh, PE_EV_DEV, "e");
	mnl_attr_put_strz(nlh, PE_EV_DEVICE, "d1");
	mnl_attr_put_strz(nlh, PE_EV_DEVICE, "d2");
	pe_event_get(&event, &arena, nlh);
	ktap_result(!strcmp(pe_event_name(event.kind), "interface-back") && event.ndevices == 2 &&
			    !strcmp(event.dev, "e") && !strcmp(event.devices[1], "d2"),
		    "event as the kernel tells it");
	message(PE_CMD_EVENT_NTF);
	mnl_attr_put_u32(nlh, PE_EV_KIND, PE_EVENT_ADDRESS_CLAIMED);
	mnl_attr_put_strz(nlh, PE_EV_DEV, "e");
	mnl_attr_put(nlh, PE_EV_ADDRESS, 4, "\x01\x02\x03\x04");
	mnl_attr_put(nlh, PE_EV_LLADDR, PE_MAC_LEN, "\x02\0\0\0\0\x01");
	pe_event_get(&event, &arena, nlh);
	ktap_result(!strcmp(pe_event_name(event.kind), "address-claimed") && !event.ndevices &&
			    event.address.len == 4 && event.address.b[3] == 4 &&
			    event.lladdr[0] == 2 && event.lladdr[5] == 1,
		    "event of an address as the kernel tells it");
	pe_arena_free(&arena);
}

static void test_watch(void)
{
	struct pe_watch watch = {
		.from = { 4, { 10, 1 } },
		.from_len = 16,
		.to = { 4, { 192, 0, 2, 1 } },
		.to_len = 32,
		.has_proto = true,
		.proto = 6,
		.port = 80,
		.service = "s",
		.step = 2,
		.frames = true,
	};
	struct pe_watch_sum sum = { 0 };

	message(PE_CMD_WATCH_START);
	pe_watch_put(nlh, &watch);
	message_is(
		"what to watch",
		"cmd 14 flags 0: 2(0a010000) 3(10) 4(c0000201) 6(06) 7(5000) 8(7300) 10(01000000) 11() ");
	message(PE_CMD_WATCH_STOP);
	mnl_attr_put_u64(nlh, PE_WATCH_SEEN, 7);
	mnl_attr_put_u64(nlh, PE_WATCH_LOST, 1ULL << 40);
	pe_watch_sum_get(&sum, nlh);
	ktap_result(sum.seen == 7 && sum.lost == 1ULL << 40, "how much was watched");
}

static void test_sight(void)
{
	struct pe_arena arena = { 0 };
	struct pe_sight sight;

	message(PE_CMD_SIGHT_NTF);
	mnl_attr_put_u64(nlh, PE_SIGHT_TIME, 1ULL << 60);
	mnl_attr_put_u32(nlh, PE_SIGHT_ACTION, PE_ACTION_TRANSLATE);
	mnl_attr_put_u8(nlh, PE_SIGHT_PROTO, 17);
	mnl_attr_put(nlh, PE_SIGHT_SADDR, 4, "\1\2\3\4");
	mnl_attr_put(nlh, PE_SIGHT_DADDR, 4, "\1\2\3\5");
	mnl_attr_put_u16(nlh, PE_SIGHT_DPORT, 80);
	mnl_attr_put(nlh, PE_SIGHT_TO_DADDR, 4, "\1\2\3\6");
	mnl_attr_put_u16(nlh, PE_SIGHT_TO_DPORT, 81);
	mnl_attr_put(nlh, PE_SIGHT_FRAME, 3, "abc");
	mnl_attr_put(nlh, PE_SIGHT_FRAME, 2, "de");
	mnl_attr_put_u32(nlh, PE_SIGHT_FRAME_LEN, 9);
	ktap_result(!pe_sight_get(&sight, &arena, nlh) && sight.time == 1ULL << 60 &&
			    sight.proto == 17 && sight.left.saddr.b[3] == 4 &&
			    sight.came.daddr.b[3] == 5 && sight.left.daddr.b[3] == 6 &&
			    sight.came.dport == 80 && sight.left.dport == 81 &&
			    sight.frame_have == 5 && sight.frame_len == 9 &&
			    !memcmp(sight.frame, "abcde", 5) &&
			    pe_sight_is(&sight, PE_SIGHT_TO_DADDR) &&
			    !pe_sight_is(&sight, PE_SIGHT_LINK),
		    "what became of a packet as the kernel tells it");
	message(PE_CMD_SIGHT_NTF);
	mnl_attr_put(nlh, PE_SIGHT_SADDR, 3, "\1\2\3");
	ktap_result(pe_sight_get(&sight, &arena, nlh) == -EBADMSG, "an address of three bytes");
	pe_arena_free(&arena);
}

static uint32_t word_at(const char *text, size_t at)
{
	uint32_t word;

	memcpy(&word, text + at, sizeof(word));
	return word;
}

/* Blocks of the lengths that they say, at both ends. */
static void test_pcapng(void)
{
	struct pe_pcapng_frame frame = {
		.interface = "eth0",
		.link = PE_PCAPNG_ETHERNET,
		.way = PE_PCAPNG_OUT,
		.time = 5ULL << 32 | 7,
		.data = "abcde",
		.have = 5,
		.len = 9,
		.comment = "so",
	};
	static const uint32_t types[] = { 0x0a0d0d0a, 1, 6, 1, 6, 6 };
	struct pe_pcapng file;
	size_t size, at, i, packet = 0;
	bool fine = true;
	char *text;
	FILE *out = open_memstream(&text, &size);

	pe_pcapng_begin(&file, out, 0, "test");
	pe_pcapng_write(&file, &frame);
	frame.interface = "eth1";
	pe_pcapng_write(&file, &frame);
	frame.interface = "eth0";
	pe_pcapng_write(&file, &frame);
	pe_pcapng_end(&file);
	fclose(out);
	for (at = i = 0; fine && at < size; at += word_at(text, at + 4), i++) {
		uint32_t len = word_at(text, at + 4);

		fine = i < 6 && word_at(text, at) == types[i] && len >= 12 && !(len & 3) &&
		       at + len <= size && word_at(text, at + len - 4) == len;
		if (i == 2)
			packet = at;
	}
	ktap_result(fine && i == 6 && at == size, "blocks of a capture");
	ktap_result(fine && !word_at(text, packet + 8) && word_at(text, packet + 12) == 5 &&
			    word_at(text, packet + 16) == 7 && word_at(text, packet + 20) == 5 &&
			    word_at(text, packet + 24) == 9 &&
			    !memcmp(text + packet + 28, "abcde\0\0\0\1\0\2\0so\0\0", 16),
		    "a captured packet");
	free(text);
}

int main(void)
{
	ktap_start();
	test_requests();
	test_blame();
	test_refusals();
	test_device_reply();
	test_service_reply();
	test_service_formers();
	test_info_reply();
	test_walk_reply();
	test_watch();
	test_sight();
	test_pcapng();
	test_event();
	return ktap_end();
}
