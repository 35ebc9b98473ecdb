// SPDX-License-Identifier: GPL-2.0-only

#include "parse.h"

#include <netinet/in.h>
#include <noun.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "print_object.h"

/**
 * parse_error() - report an error; the reading ends then
 * @parse: the text
 * @word: what it is about
 * @format: one sentence, as for printf()
 */
void parse_error(struct parse *parse, struct word word, const char *format, ...)
{
	char text[1024], *hole = parse->source->text + parse->word.at + parse->word.len;
	va_list args;

	if (parse->failed)
		return;
	parse->failed = true;
	if (parse->held && !*hole)
		*hole = parse->held;
	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	source_error(parse->source, word, "%s", text);
}

/**
 * parse_is_name() - can this be a name?
 * @s: its characters
 * @len: how many
 *
 * Return: whether it can.
 */
bool parse_is_name(const char *s, uint32_t len)
{
	uint32_t i;

	for (i = 0; i < len; i++) {
		char c = s[i];

		if ((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
		    c == '_')
			continue;
		if (!i || (c != '.' && c != '-'))
			return false;
	}
	return true;
}

static const char *parse_article(const char *what)
{
	return strchr("aeiou", *what) ? "an" : "a";
}

/**
 * parse_name() - read the name of an object
 * @parse: the text
 * @word: the name
 * @what: it is the name of
 *
 * Return: the name, without a final zero, or NULL after an error.
 */
const char *parse_name(struct parse *parse, struct word word, const char *what)
{
	const char *s = parse->source->text + word.at;

	if (word.len > PE_NAME_MAX) {
		parse_error(parse, word, "this name of %s %s has %u bytes; at most %d are possible",
			    parse_article(what), what, word.len, PE_NAME_MAX);
		return NULL;
	}
	if (!parse_is_name(s, word.len)) {
		parse_error(
			parse, word,
			"'%.*s' is no name of %s %s: letters, digits, '_', '.' and '-' make one, not starting with '.' or '-'",
			(int)word.len, s, parse_article(what), what);
		return NULL;
	}
	return s;
}

/**
 * parse_ifname() - check the name of an interface
 * @parse: the text
 * @word: the name
 *
 * Return: whether it can be one; if not, it has been told.
 */
bool parse_ifname(struct parse *parse, struct word word)
{
	const char *s = parse->source->text + word.at;

	if (word.len > PE_IFNAME_MAX) {
		parse_error(parse, word,
			    "this name of an interface has %u bytes; at most %d are possible",
			    word.len, PE_IFNAME_MAX);
		return false;
	}
	if (!parse_is_name(s, word.len) && (memchr(s, '/', word.len) || memchr(s, ':', word.len) ||
					    memchr(s, '\0', word.len) || s[0] == '.')) {
		parse_error(parse, word, "'%.*s' is no name of an interface", (int)word.len, s);
		return false;
	}
	return true;
}

/**
 * parse_address() - read a network address
 * @parse: the text
 * @word: the address
 * @addr: where to store it
 *
 * Return: whether it is one; if not, it has been told.
 */
bool parse_address(struct parse *parse, struct word word, struct pe_addr *addr)
{
	const char *s = parse->source->text + word.at;

	if (pe_addr_parse(addr, s, word.len))
		return true;
	if (memchr(s, '/', word.len))
		parse_error(parse, word, "'%.*s' is a prefix; one address is needed here",
			    (int)word.len, s);
	else
		parse_error(parse, word, "'%.*s' is neither an IPv4 nor an IPv6 address",
			    (int)word.len, s);
	return false;
}

/**
 * parse_number() - read a number
 * @parse: the text
 * @word: the number, decimal
 * @min: the smallest it can be
 * @max: the largest it can be
 * @what: it is
 * @number: where to store it
 *
 * Return: whether it is one; if not, it has been told.
 */
bool parse_number(struct parse *parse, struct word word, unsigned int min, unsigned int max,
		  const char *what, unsigned int *number)
{
	const char *s = parse->source->text + word.at;
	uint64_t value = 0;
	uint32_t i;

	for (i = 0; i < word.len && s[i] >= '0' && s[i] <= '9' && i < 10; i++)
		value = value * 10 + (unsigned int)(s[i] - '0');
	if (!word.len || i < word.len || value < min || value > max) {
		parse_error(parse, word, "'%.*s' is no %s; it is a number from %u to %u",
			    (int)word.len, s, what, min, max);
		return false;
	}
	*number = (unsigned int)value;
	return true;
}

/**
 * parse_amount() - read a number that may be large
 * @parse: the text
 * @word: the number, decimal, at least 1
 * @max: the largest it can be
 * @what: it is
 * @amount: where to store it
 *
 * Return: whether it is one; if not, it has been told.
 */
bool parse_amount(struct parse *parse, struct word word, uint64_t max, const char *what,
		  uint64_t *amount)
{
	const char *s = parse->source->text + word.at;
	uint64_t value = 0;
	uint32_t i;

	for (i = 0; i < word.len && s[i] >= '0' && s[i] <= '9' && i < 19; i++)
		value = value * 10 + (uint64_t)(s[i] - '0');
	if (i < word.len || !value || value > max) {
		parse_error(parse, word, "'%.*s' is no %s; it is a number from 1 to %llu",
			    (int)word.len, s, what, (unsigned long long)max);
		return false;
	}
	*amount = value;
	return true;
}

static uint32_t parse_unit(const char *s, uint32_t len)
{
	static const struct {
		const char *name;
		uint32_t ms;
	} units[] = { { "ms", 1 }, { "s", 1000 }, { "m", 60000 }, { "h", 3600000 } };
	size_t i;

	for (i = 0; i < sizeof(units) / sizeof(*units); i++)
		if (!strncmp(units[i].name, s, len) && !units[i].name[len])
			return units[i].ms;
	return 0;
}

/**
 * parse_duration() - read a time such as 50ms, 10s, 5m or 1h
 * @parse: the text
 * @word: the time
 * @min: the shortest it can be, in milliseconds
 * @max: the longest it can be, in milliseconds
 * @ms: where to store it, in milliseconds
 *
 * Return: whether it is one; if not, it has been told.
 */
bool parse_duration(struct parse *parse, struct word word, uint32_t min, uint32_t max, uint32_t *ms)
{
	const char *s = parse->source->text + word.at;
	uint64_t value = 0;
	uint32_t i;

	for (i = 0; i < word.len && s[i] >= '0' && s[i] <= '9' && i < 10; i++)
		value = value * 10 + (unsigned int)(s[i] - '0');
	value *= i && i < word.len ? parse_unit(s + i, word.len - i) : 0;
	if (value < min || value > max) {
		parse_error(parse, word,
			    "'%.*s' is no time from %ums to %us; one looks like 50ms, 10s or 5m",
			    (int)word.len, s, min, max / 1000);
		return false;
	}
	*ms = (uint32_t)value;
	return true;
}

/* The last bits of a prefix are no part of it. */
static bool parse_prefix_is_clean(const struct pe_addr *addr, unsigned int length)
{
	unsigned int bit;

	for (bit = length; bit < addr->len * 8U; bit++)
		if (addr->b[bit / 8] & 0x80 >> bit % 8)
			return false;
	return true;
}

/**
 * parse_prefix() - read a prefix, or one address
 * @parse: the text
 * @word: the prefix
 * @addr: where to store its address
 * @len: where to store its length
 *
 * Return: whether it is one; if not, it has been told.
 */
bool parse_prefix(struct parse *parse, struct word word, struct pe_addr *addr, uint8_t *len)
{
	const char *s = parse->source->text + word.at, *slash = memchr(s, '/', word.len);
	struct word first = word, number = word;
	unsigned int length;

	if (slash)
		first.len = (uint32_t)(slash - s);
	if (!parse_address(parse, first, addr))
		return false;
	length = addr->len * 8U;
	number.at += first.len + 1;
	number.len -= slash ? first.len + 1 : 0;
	if (slash && !parse_number(parse, number, 0, length, "prefix length", &length))
		return false;
	*len = (uint8_t)length;
	if (parse_prefix_is_clean(addr, length))
		return true;
	parse_error(parse, word, "'%.*s' has bits set behind the first %u", (int)word.len, s,
		    length);
	return false;
}

/**
 * parse_ports() - read a port, or ports from one to another
 * @parse: the text
 * @word: the ports
 * @min: the smallest a port can be
 * @first: where to store the first one
 * @last: where to store the last one
 *
 * Return: whether they are; if not, it has been told.
 */
bool parse_ports(struct parse *parse, struct word word, unsigned int min, uint16_t *first,
		 uint16_t *last)
{
	const char *s = parse->source->text + word.at, *dash = memchr(s, '-', word.len);
	struct word one = word, other = word;
	unsigned int a, b;

	if (dash) {
		one.len = (uint32_t)(dash - s);
		other.at = word.at + one.len + 1;
		other.len = word.len - one.len - 1;
	}
	if (!parse_number(parse, one, min, 65535, "port", &a) ||
	    !parse_number(parse, other, min, 65535, "port", &b))
		return false;
	*first = (uint16_t)a;
	*last = (uint16_t)b;
	if (a <= b)
		return true;
	parse_error(parse, word, "the range %u-%u ends before it starts", a, b);
	return false;
}

/**
 * parse_proto() - read a protocol
 * @parse: the text
 * @word: its name or number
 *
 * Return: its number, which means nothing after an error.
 */
unsigned int parse_proto(struct parse *parse, struct word word)
{
	static const unsigned char named[] = { IPPROTO_TCP, IPPROTO_UDP, IPPROTO_SCTP, IPPROTO_ICMP,
					       IPPROTO_ICMPV6 };
	const char *s = parse->source->text + word.at;
	unsigned int number = 0;
	size_t i;

	for (i = 0; i < sizeof(named); i++) {
		const char *name = proto_name(named[i]);

		if (!strncmp(s, name, word.len) && !name[word.len])
			return named[i];
	}
	parse_number(parse, word, 0, 255, "protocol", &number);
	return number;
}

static void parse_duplicate(struct parse *parse, struct word word, const struct pe_object *first)
{
	const char *p = parse->source->text, *end = p + first->at;
	unsigned long line = 1;

	while ((p = memchr(p, '\n', (size_t)(end - p)))) {
		line++;
		p++;
	}
	parse_error(parse, word, "%s '%s' stands already in line %lu", pe_noun_of(first)->name,
		    first->name, line);
}

static void parse_enter(struct parse *parse, struct pe_object *object, struct word word)
{
	struct pe_table *table = &parse->config->tables[object->kind];
	struct pe_object **found = pe_table_find(table, object->name, word.len);

	bool new = object->verb == PE_VERB_ADD || object->verb == PE_VERB_COPY;

	if (found && (*found)->verb != PE_VERB_DEL && new)
		parse_duplicate(parse, word, *found);
	else if (found)
		*found = object;
	else
		pe_table_add(table, object);
	if (parse->changes)
		pe_changes_add(parse->changes, object);
}

/**
 * parse_declare() - start a statement about an object
 * @parse: the text
 * @kind: enum pe_object_kind
 * @verb: what becomes of it
 * @word: its name
 * @size: of the object
 *
 * Return: the object, or NULL after an error.
 */
struct pe_object *parse_declare(struct parse *parse, int kind, enum pe_verb verb, struct word word,
				size_t size)
{
	const char *name = parse_name(parse, word, pe_nouns[kind].name);
	struct pe_object *object;

	if (!name)
		return NULL;
	object = pe_arena_alloc(&parse->config->arena, size);
	object->name = pe_arena_strndup(&parse->config->arena, name, word.len);
	object->at = word.at + 1;
	object->kind = (uint8_t)kind;
	object->verb = (uint8_t)verb;
	return object;
}

/**
 * parse_command() - check that a command that changes something can stand here
 * @parse: the text
 * @word: the command
 *
 * Return: whether it can; if not, it has been told.
 */
bool parse_command(struct parse *parse, struct word word)
{
	if (parse->changes)
		return true;
	parse_error(parse, word,
		    "a configuration has no commands; a file with commands is for 'pectl -f'");
	return false;
}

/**
 * parse_finish() - enter a statement that has been read
 * @parse: the text
 * @object: what it is about
 */
void parse_finish(struct parse *parse, struct pe_object *object)
{
	struct word word = source_word_at(parse->source, object->at - 1);

	if (!parse->failed)
		parse_enter(parse, object, word);
}

/**
 * parse_object() - what is being read
 * @parse: the text
 *
 * Return: the object, or NULL between two statements.
 */
struct pe_object *parse_object(const struct parse *parse)
{
	if (parse->device)
		return &parse->device->o;
	if (parse->pool)
		return &parse->pool->o;
	if (parse->acl)
		return &parse->acl->o;
	if (parse->engine)
		return &parse->engine->o;
	return parse->service ? &parse->service->o : NULL;
}

/**
 * parse_owner() - whose the object is that is being read
 * @parse: the text
 * @word: where it stands
 * @value: the owner's name
 */
void parse_owner(struct parse *parse, struct word word, struct word value)
{
	const char *name = parse->failed ? NULL : parse_name(parse, value, "owner");
	struct pe_object *object = parse_object(parse);

	if (!name)
		return;
	if (object->owner) {
		parse_error(parse, word, "'owner' says again what %s '%s' has been told",
			    pe_noun_of(object)->name, object->name);
		return;
	}
	object->owner = pe_arena_strndup(&parse->config->arena, name, value.len);
	object->owner_at = value.at + 1;
}

/**
 * parse_delete() - a command that deletes something
 * @parse: the text
 * @kind: enum pe_object_kind
 * @word: its name
 */
void parse_delete(struct parse *parse, int kind, struct word word)
{
	struct pe_object *object;

	if (!parse_command(parse, word))
		return;
	object = parse_declare(parse, kind, PE_VERB_DEL, word, sizeof(*object));
	if (object)
		parse_enter(parse, object, word);
}

/**
 * parse_flush() - a command that deletes everything
 * @parse: the text
 * @word: the command
 */
void parse_flush(struct parse *parse, struct word word)
{
	struct pe_object *object;

	if (!parse_command(parse, word))
		return;
	/* What stood before may be defined again. */
	pe_config_clear(parse->config);
	object = pe_arena_alloc(&parse->config->arena, sizeof(*object));
	object->at = word.at + 1;
	object->kind = PE_OBJECT_ALL;
	object->verb = PE_VERB_DEL;
	pe_changes_add(parse->changes, object);
}
