// SPDX-License-Identifier: GPL-2.0-only
/*
 * Random configurations: printing and reading, sending and hearing, comparing
 * and changing all lead to the same.
 */

#include <device.h>
#include <diff.h>
#include <libmnl/libmnl.h>
#include <object.h>
#include <service.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ktap.h"
#include "text.h"

#define CONFIGS 1000
#define FAMILY 77

static uint64_t random_state;

static unsigned int random_below(unsigned int n)
{
	random_state ^= random_state << 13;
	random_state ^= random_state >> 7;
	random_state ^= random_state << 17;
	return (unsigned int)(random_state >> 16) % n;
}

/* ---- a generator of texts ---- */

static FILE *out;

/* A separator: the same to the reader, not to the eye. */
static const char *blank(void)
{
	static const char *const blanks[] = { " ", "  ", "\t", "\n", " # x { ; \n", "\n\n " };

	return random_below(4) ? " " : blanks[random_below(6)];
}

static void put(const char *format, ...)
{
	va_list args;

	va_start(args, format);
	vfprintf(out, format, args);
	va_end(args);
	fputs(blank(), out);
}

static void put_hop(void)
{
	if (random_below(2))
		put("lladdr 02:00:%02x:%02X:%02x:%02x", random_below(256), random_below(256),
		    random_below(256), random_below(255) + 1);
	else if (random_below(2))
		put("via 10.%u.%u.%u", random_below(256), random_below(256), random_below(256));
	else
		put("via 2001:db8::%x:%x", random_below(65536), random_below(65536));
}

static void put_dev(void)
{
	static const char *const names[] = { "eth0", "dev", "enp0s31f6.100", "tap", "br-lan", "0" };

	put("dev");
	put("%s", names[random_below(6)]);
}

static void put_tunnel(void)
{
	put(random_below(2) ? "remote 10.0.%u.1" : "remote 2001:db8::%x", random_below(256));
	put("vni %u", random_below(1 << 24));
}

static void put_port(bool tunnels)
{
	bool first = random_below(2);

	if (first)
		put_dev();
	if (tunnels && !random_below(4))
		put_tunnel();
	else
		put_hop();
	if (!first)
		put_dev();
}

static void put_inline(void)
{
	bool transparent = !random_below(4);

	put("inline");
	if (!transparent && random_below(2)) {
		put_port(true);
		return;
	}
	if (transparent)
		put("transparent");
	put("outside");
	transparent ? put_dev() : put_port(true);
	put("inside");
	transparent ? put_dev() : put_port(true);
}

static void put_server(void)
{
	put("server");
	if (random_below(2)) {
		put_port(false);
		put("mode %s", random_below(2) ? "loopback" : "alias");
	} else {
		put("address 10.0.0.%u", random_below(256));
		put("mode nat");
	}
}

static void put_owner(void)
{
	static const char *const names[] = { "alice", "owner", "tap", "x.y" };

	if (random_below(4))
		return;
	put(";");
	put("owner");
	put("%s", names[random_below(4)]);
}

static void put_device(unsigned int i)
{
	fputs("device ", out);
	fprintf(out, "d%u%s {", i, random_below(2) ? "" : " ");
	switch (random_below(3)) {
	case 0:
		put_server();
		break;
	case 1:
		put_inline();
		break;
	default:
		put("tap");
		put_port(false);
	}
	put_owner();
	fputs(random_below(2) ? "; }\n" : "}", out);
}

static void put_ports(void)
{
	unsigned int port = 1, n = random_below(5) + 1;

	put("%s", random_below(2) ? "tcp" : "udp");
	put("port");
	while (n--) {
		unsigned int last, first = port + random_below(1000);

		last = first + (random_below(2) ? random_below(1000) : 0);
		if (last != first)
			put("%u-%u", first, last);
		else
			put("%u", first);
		port = last + 1;
		if (n)
			put(",");
	}
	if (!random_below(3))
		put("dynamic %u-%u,%u", port + 1, port + random_below(1000) + 1, 65535);
}

static void put_emits(void)
{
	put("emits");
	if (random_below(2))
		put("proto %u", random_below(256));
	else
		put("%s", random_below(2) ? "tcp" : "udp");
	if (random_below(2))
		put("port %u", random_below(65535) + 1);
}

static void put_sequence(unsigned int devices)
{
	unsigned int n = random_below(6) + 1;

	put("sequence");
	while (n--) {
		put("d%u", random_below(devices));
		if (!random_below(4))
			put("port %u", random_below(65535) + 1);
		else if (!random_below(4))
			put_emits();
		if (n)
			put(",");
	}
}

static void put_track(void)
{
	static const char *const methods[] = { "link", "dscp", "vlan", "mpls", "nsh" };
	unsigned int method = random_below(10);

	if (method >= 5)
		return;
	put("track");
	put("%s", methods[method]);
	if (method && random_below(2))
		put("%u", 16 + random_below(method == 1 ? 48 : 4000));
}

static void put_quality(void)
{
	unsigned int which = random_below(32);

	if (which & 1)
		put("dscp %u", random_below(64));
	if (which & 2)
		put("dscp forward %u", random_below(64));
	if (which & 4)
		put("dscp reverse %u", random_below(64));
	if (which & 8)
		put("priority %u", random_below(70000));
	if (which & 16)
		put("mark %u", random_below(3));
}

static void put_key(void)
{
	static const char *const prefixes[] = { "192.0.2.0/24", "198.51.100.128/25",
						"0.0.0.0/0",	"2001:db8::/32",
						"::/0",		"2001:db8::1" };

	if (random_below(2))
		put(random_below(2) ? "vip 192.0.2.%u" : "vip 2001:db8::%x", random_below(256));
	else
		put("client %s", prefixes[random_below(6)]);
}

static void put_exit(void)
{
	put("exit");
	if (random_below(2))
		put("table %u", random_below(100000) + 1);
	else if (random_below(2))
		put("via 10.%u.%u.%u", random_below(256), random_below(256), random_below(256));
	else
		put("via fe80::%x dev eth%u", random_below(65536), random_below(3));
}

static void put_limit(void)
{
	unsigned int which = random_below(7) + 1;

	put("limit");
	if (which & 1)
		put("packets %u", random_below(1000000) + 1);
	if (which & 2)
		put("bytes %u000000", random_below(1000000) + 1);
	if (which & 4)
		put("flows %u", random_below(1000) + 1);
}

static void put_service(unsigned int i, unsigned int devices)
{
	bool late = random_below(2);

	fputs("service ", out);
	fprintf(out, "s%u {", i);
	if (late) {
		put_sequence(devices);
		put(";");
	}
	put_key();
	if (!random_below(3))
		put("proto %u", random_below(256));
	else if (random_below(3))
		put_ports();
	if (!random_below(3))
		put("iif eth%u", random_below(3));
	put_track();
	if (!random_below(3))
		put("announce dev eth%u", random_below(3));
	if (!late) {
		put(";");
		put_sequence(devices);
	}
	if (!random_below(3)) {
		put(";");
		put_exit();
	}
	if (!random_below(3))
		put_limit();
	put_owner();
	if (!random_below(3))
		put_quality();
	fputs(random_below(2) ? "; }\n" : "}\n", out);
}

static char *random_text(unsigned int seed)
{
	unsigned int i, devices, services;
	char *text;
	size_t len;

	random_state = 88172645463325252ULL + seed * 2654435761ULL;
	for (i = 0; i < 8; i++)
		random_below(2);
	out = open_memstream(&text, &len);
	devices = random_below(10) + 1;
	services = random_below(20);
	for (i = 0; i < devices; i++)
		put_device(i);
	for (i = 0; i < services; i++)
		put_service(i, devices);
	fclose(out);
	return text;
}

/* ---- what is done with them ---- */

/* A message makes its way to the kernel and back. */
static void send_table(const struct pe_table *table, struct pe_config *to, struct pe_diff *diff)
{
	char buf[PE_MESSAGE_MAX] __attribute__((aligned(8)));
	uint32_t i;

	for (i = 0; i < table->count; i++) {
		struct nlmsghdr *nlh = (struct nlmsghdr *)buf;

		pe_object_encode(table->items[i], nlh, FAMILY);
		if (to)
			pe_config_add_message(to, nlh);
		if (diff)
			pe_diff_feed(diff, nlh);
	}
}

static bool same_text(const struct pe_config *config, const char *wanted)
{
	char *printed = text_print(config);
	bool same = !strcmp(printed, wanted);

	free(printed);
	return same;
}

static bool reads_again(const char *printed)
{
	struct text text;
	bool ok = text_read(&text, PARSE_CONFIG, printed) && same_text(&text.config, printed);

	text_free(&text);
	return ok;
}

static bool survives_messages(const struct text *text, const char *printed)
{
	struct pe_config heard = { 0 };
	bool ok;

	send_table(&text->config.tables[PE_OBJECT_DEVICE], &heard, NULL);
	send_table(&text->config.tables[PE_OBJECT_SERVICE], &heard, NULL);
	ok = same_text(&heard, printed);
	pe_config_free(&heard);
	return ok;
}

static bool differs_not(struct text *text)
{
	struct pe_diff diff;
	bool ok;

	pe_diff_start(&diff, &text->config, NULL);
	send_table(&text->config.tables[PE_OBJECT_DEVICE], NULL, &diff);
	send_table(&text->config.tables[PE_OBJECT_SERVICE], NULL, &diff);
	pe_diff_finish(&diff);
	ok = !diff.changes.count && !diff.added && !diff.deleted && !diff.changed &&
	     diff.unchanged == text->config.tables[PE_OBJECT_DEVICE].count +
				       text->config.tables[PE_OBJECT_SERVICE].count;
	pe_diff_free(&diff);
	return ok;
}

static void model_remove(struct pe_config *to, const struct pe_table *from,
			 const struct pe_changes *changes)
{
	char buf[PE_MESSAGE_MAX] __attribute__((aligned(8)));
	uint32_t i;
	size_t j;

	for (i = 0; i < from->count; i++) {
		bool touched = false;

		for (j = 0; j < changes->count; j++)
			touched |= changes->list[j]->kind == from->items[i]->kind &&
				   !strcmp(changes->list[j]->name, from->items[i]->name);
		if (touched)
			continue;
		pe_object_encode(from->items[i], (struct nlmsghdr *)buf, FAMILY);
		pe_config_add_message(to, (struct nlmsghdr *)buf);
	}
}

/* What a kernel has that had one configuration and got the changes to another. */
static void model_change(struct pe_config *to, const struct pe_config *from,
			 const struct pe_changes *changes)
{
	char buf[PE_MESSAGE_MAX] __attribute__((aligned(8)));
	size_t j;

	model_remove(to, &from->tables[PE_OBJECT_DEVICE], changes);
	model_remove(to, &from->tables[PE_OBJECT_SERVICE], changes);
	for (j = 0; j < changes->count; j++) {
		if (changes->list[j]->verb == PE_VERB_DEL)
			continue;
		pe_object_encode(changes->list[j], (struct nlmsghdr *)buf, FAMILY);
		pe_config_add_message(to, (struct nlmsghdr *)buf);
	}
	pe_config_sort(to);
}

static bool becomes(struct text *from, struct text *to)
{
	struct pe_config result = { 0 };
	struct pe_diff diff;
	char *wanted;
	bool ok;

	pe_diff_start(&diff, &to->config, NULL);
	send_table(&from->config.tables[PE_OBJECT_DEVICE], NULL, &diff);
	send_table(&from->config.tables[PE_OBJECT_SERVICE], NULL, &diff);
	pe_diff_finish(&diff);
	model_change(&result, &from->config, &diff.changes);
	pe_config_sort(&to->config);
	wanted = text_print(&to->config);
	ok = same_text(&result, wanted) &&
	     diff.changes.count == diff.added + diff.changed + diff.deleted;
	pe_diff_free(&diff);
	pe_config_free(&result);
	free(wanted);
	return ok;
}

static bool random_test(unsigned int seed)
{
	char *input = random_text(seed), *other = random_text(seed + 1), *printed;
	struct text text, next;
	bool ok;

	ok = text_read(&text, PARSE_CONFIG, input) && text_read(&next, PARSE_CONFIG, other);
	if (!ok) {
		ktap_comment("text", input);
		ktap_comment("error", text.error);
		free(input);
		free(other);
		return false;
	}
	printed = text_print(&text.config);
	ok = reads_again(printed) && survives_messages(&text, printed) && differs_not(&text) &&
	     becomes(&text, &next);
	if (!ok)
		ktap_comment("text", input);
	free(printed);
	text_free(&text);
	text_free(&next);
	free(input);
	free(other);
	return ok;
}

/* Spoils a text in a few places. */
static void spoil(char *text)
{
	static const char marks[] = "{};,#/:-. \n\t0a\\\177\200";
	size_t len = strlen(text);
	unsigned int n = random_below(3) + 1;

	while (n-- && len) {
		unsigned int at = random_below((unsigned int)len);

		if (random_below(3))
			text[at] = marks[random_below(sizeof(marks) - 1)];
		else if (random_below(2))
			memmove(text + at, text + at + 1, len-- - at);
		else
			text[len = at] = '\0';
	}
}

/* A spoilt text is read, or refused with one error that has a place. */
static bool spoilt_test(unsigned int seed)
{
	char *input = random_text(seed);
	unsigned int line, column;
	struct text text;
	bool ok;

	spoil(input);
	ok = text_read(&text, PARSE_CONFIG, input) ?
		     !text.error[0] :
		     sscanf(text.error, "t:%u:%u: error: ", &line, &column) == 2;
	if (!ok) {
		ktap_comment("text", input);
		ktap_comment("error", text.error);
	}
	text_free(&text);
	free(input);
	return ok;
}

int main(void)
{
	unsigned int seed, failed = 0;

	ktap_start();
	for (seed = 1; seed <= CONFIGS && failed < 3; seed++) {
		if (random_test(seed))
			continue;
		ktap_result(false, "random configuration %u", seed);
		failed++;
	}
	if (!failed)
		ktap_result(true, "%d random configurations", CONFIGS);
	for (seed = 1; seed <= CONFIGS && spoilt_test(seed); seed++)
		;
	ktap_result(seed > CONFIGS, "%d spoilt configurations", CONFIGS);
	return ktap_end();
}
