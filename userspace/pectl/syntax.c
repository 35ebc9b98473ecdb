// SPDX-License-Identifier: GPL-2.0-only

#include "syntax.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "grammar.h"
#include "parse.h"

#define SYNTAX_TEXT 512
#define SYNTAX_WORD 40

static const struct {
	int token;
	const char *needs;
} syntax_needs[] = {
	{ DEVICE, "the name of a device" },
	{ SERVICE, "the name of a service" },
	{ ADD, "a name" },
	{ COPY, "the name of a service" },
	{ REPLACE, "a name" },
	{ CHANGE, "a name" },
	{ DEL, "a name" },
	{ DEV, "the name of an interface" },
	{ IIF, "the name of an interface" },
	{ LLADDR, "a link-layer address such as 02:00:00:00:01:01" },
	{ VIA, "an IPv4 or IPv6 address" },
	{ REMOTE, "an IPv4 or IPv6 address" },
	{ VNI, "a VXLAN network identifier" },
	{ ADDRESS, "an IPv4 or IPv6 address" },
	{ VIP, "an IPv4 or IPv6 address" },
	{ CLIENT, "a prefix such as 192.0.2.0/24" },
	{ TABLE, "the number of a routing table" },
	{ FROM, "an IPv4 or IPv6 address" },
	{ TO, "an IPv4 or IPv6 address" },
	{ MODE, "loopback, alias or nat" },
	{ PORT, "a port number" },
	{ DYNAMIC, "ports such as 1025-1125" },
	{ EMITS, "a protocol such as tcp" },
	{ TRACK, "link, dscp, vlan, mpls or nsh" },
	{ SPORT, "a port number" },
	{ PROTO, "the number of a protocol" },
	{ SEQUENCE, "the name of a device or pool" },
	{ POOL, "the name of a pool" },
	{ ACL, "the name of an access list" },
	{ DEFAULT, "permit or deny" },
	{ FLAGS, "a TCP flag such as syn or !ack" },
	{ TYPE, "the number of an ICMP type" },
	{ CODE, "the number of an ICMP code" },
	{ POSITION, "the number of a rule" },
	{ MEMBERS, "the name of a device" },
	{ POLICY, "failover or maglev" },
	{ KEY, "flow or client" },
	{ WEIGHT, "a number from 0 to 65535" },
	{ DETECT, "off, packets or window" },
	{ PACKETS, "a number of packets" },
	{ PRIORITY, "a number" },
	{ MARK, "a number" },
	{ BYTES, "a number of bytes" },
	{ FLOWS, "a number of flows" },
	{ LIMIT, "packets, bytes or flows" },
	{ WINDOW, "a time such as 50ms" },
	{ FAIL, "open or closed" },
	{ CAPTURE, "the name of a service" },
	{ REV, "the number of a revision" },
	{ STEP_WORD, "the number of a step" },
	{ COUNT, "a number" },
	{ SNAPLEN, "a number of bytes" },
	{ PAGE, "a path such as /health" },
	{ TIMEOUT, "a time such as 500ms" },
	{ INTERVAL, "a time such as 500ms" },
	{ RISE, "a number" },
	{ FALL, "a number" },
	{ VALIDATE, "the name of a service" },
	{ WITH, "the name of a device" },
	{ OWNER, "the name of an owner" },
};

static const char *syntax_value_of(const struct parse *parse)
{
	size_t i;

	for (i = 0; i < sizeof(syntax_needs) / sizeof(*syntax_needs); i++)
		if (syntax_needs[i].token == parse->previous)
			return syntax_needs[i].needs;
	return NULL;
}

static bool syntax_is_end(const struct parse *parse)
{
	return parse->token == NL || parse->token == YYEOF;
}

static const char *syntax_end(const struct parse *parse)
{
	if (!parse->source->name)
		return "the end of the command";
	return parse->token == NL ? "the end of the line" : "the end of the file";
}

/* A word as it can be shown: short, and without what a terminal obeys. */
static const char *syntax_quote(const struct parse *parse, struct word word, char *buf)
{
	size_t i, len = word.len < SYNTAX_WORD ? word.len : SYNTAX_WORD;

	buf[0] = '\'';
	for (i = 0; i < len; i++) {
		char c = parse->source->text[word.at + i];

		buf[i + 1] = (unsigned char)c < ' ' || c == 0x7f ? '?' : c;
	}
	strcpy(buf + len + 1, word.len > len ? "...'" : "'");
	return buf;
}

static const char *syntax_found(const struct parse *parse, char *buf)
{
	if (syntax_is_end(parse))
		return syntax_end(parse);
	return syntax_quote(parse, parse->word, buf);
}

/* Where a value is missing at the end, the mark goes to the word that needs it. */
static struct word syntax_mark(const struct parse *parse)
{
	if (syntax_is_end(parse) && parse->previous_word.len && parse->previous != NL)
		return parse->previous_word;
	return parse->word;
}

/* Ends, and what only separates, are no help where words can stand. */
static bool syntax_is_hidden(const struct parse *parse, const char *name)
{
	static const char *const hidden[] = { ";", "';'", "end of file", "the end of the line" };
	size_t i;

	if (parse->mode == PARSE_CONFIG && !strcmp(name, "flush"))
		return true;
	for (i = 0; i < sizeof(hidden) / sizeof(*hidden); i++)
		if (!strcmp(name, hidden[i]))
			return true;
	return false;
}

static int syntax_order(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static void syntax_list(const struct parse *parse, char *buf, const char *const *expected,
			int count)
{
	const char *words[SYNTAX_TEXT / 2];
	int i, n = 0;
	char *p = buf;

	for (i = 0; i < count && n < SYNTAX_TEXT / 2; i++)
		if (!syntax_is_hidden(parse, expected[i]))
			words[n++] = expected[i];
	qsort(words, (size_t)n, sizeof(*words), syntax_order);
	if (!n)
		words[n++] = parse->source->name ? "the end of the line" : "the end of the command";
	*p = '\0';
	for (i = 0; i < n && p - buf < SYNTAX_TEXT - 2 * SYNTAX_WORD; i++)
		p += sprintf(p, "%s%s", i ? i == n - 1 ? " or " : ", " : "", words[i]);
}

static void syntax_missing(struct parse *parse, const char *value)
{
	char needy[SYNTAX_WORD + 8], found[SYNTAX_WORD + 8];

	parse_error(parse, syntax_mark(parse), "%s needs %s, but here is %s",
		    syntax_quote(parse, parse->previous_word, needy), value,
		    syntax_found(parse, found));
}

static void syntax_unclosed(struct parse *parse)
{
	const struct pe_object *object = parse_object(parse);

	parse_error(parse, source_word_at(parse->source, object->at - 1),
		    "the block of '%s' is not closed: '}' is missing", object->name);
}

/* Some commands say with a word what the name behind it is of. */
static bool syntax_names_objects(const struct parse *parse)
{
	return parse->request->kind == REQUEST_CHECK || parse->request->kind == REQUEST_WATCH;
}

/**
 * syntax_report() - say why the word read last cannot stand where it stands
 * @parse: the text
 * @expected: words that could stand there
 * @count: how many
 */
void syntax_report(struct parse *parse, const char *const *expected, int count)
{
	const char *value = syntax_value_of(parse);
	char found[SYNTAX_WORD + 8], list[SYNTAX_TEXT];

	if (parse->previous == ',')
		value = parse->nsteps || parse->pool ? "the name of a device" : "a port number";
	if ((parse->previous == DEVICE || parse->previous == POOL || parse->previous == ACL) &&
	    parse->mode == PARSE_ARGUMENTS && !syntax_names_objects(parse))
		value = NULL;
	if (parse->previous == SERVICE && parse->mode == PARSE_ARGUMENTS &&
	    parse->request->kind != REQUEST_TRACE && !syntax_names_objects(parse))
		value = NULL;
	if (value) {
		syntax_missing(parse, value);
		return;
	}
	if (parse->previous == SHOW && parse->mode != PARSE_ARGUMENTS) {
		parse_error(parse, parse->previous_word,
			    "'show' is for the command line; it does not stand in files");
		return;
	}
	if (syntax_is_end(parse) && parse->depth && parse_object(parse)) {
		syntax_unclosed(parse);
		return;
	}
	syntax_list(parse, list, expected, count);
	if (parse->token == NAME)
		parse_error(parse, parse->word, "unknown word %s; expected %s",
			    syntax_found(parse, found), list);
	else if (syntax_is_end(parse) && parse->previous_word.len)
		parse_error(parse, syntax_mark(parse),
			    "something is missing behind %s: expected %s",
			    syntax_quote(parse, parse->previous_word, found), list);
	else
		parse_error(parse, parse->word, "%s is out of place; expected %s",
			    syntax_found(parse, found), list);
}
