// SPDX-License-Identifier: GPL-2.0-only
/* What the words of a pool mean. */

#include <string.h>

#include "parse.h"

/* As the kernel has it: an hour. */
#define POOL_TIME_MAX 3600000

/**
 * pool_begin() - start a pool
 * @parse: the text
 * @verb: what becomes of it
 * @name: its name
 */
void pool_begin(struct parse *parse, enum pe_verb verb, struct word name)
{
	struct pe_object *object;

	if (parse->failed)
		return;
	object = parse_declare(parse, PE_OBJECT_POOL, verb, name, sizeof(*parse->pool));
	parse->pool = (struct pe_pool *)object;
	parse->engine = NULL;
	parse->device = NULL;
	parse->service = NULL;
	parse->acl = NULL;
	parse->nmembers = 0;
	if (object)
		parse->pool->at[PE_POOL_NAME] = object->at;
}

/* Notes that a part is there, which it must not have been before. */
static bool pool_set(struct parse *parse, int attr, struct word word)
{
	struct pe_pool *pool = parse->pool;

	if (parse->failed)
		return false;
	if (pool->has & PE_HAS(attr)) {
		parse_error(parse, word, "'%.*s' says again what pool '%s' has been told",
			    (int)word.len, parse->source->text + word.at, pool->o.name);
		return false;
	}
	pool->has |= PE_HAS(attr);
	pool->at[attr] = word.at + 1;
	return true;
}

/**
 * pool_policy() - which member gets a packet
 * @parse: the text
 * @policy: how that is found
 * @word: where it stands
 */
void pool_policy(struct parse *parse, enum pe_pool_policy policy, struct word word)
{
	if (pool_set(parse, PE_POOL_POLICY, word))
		parse->pool->policy = (uint8_t)policy;
}

/**
 * pool_key() - what of the client decides
 * @parse: the text
 * @key: what
 * @word: where it stands
 */
void pool_key(struct parse *parse, enum pe_pool_key key, struct word word)
{
	if (pool_set(parse, PE_POOL_KEY, word))
		parse->pool->key = (uint8_t)key;
}

/**
 * pool_members() - members have been read
 * @parse: the text
 * @word: where they stand
 */
void pool_members(struct parse *parse, struct word word)
{
	pool_set(parse, PE_POOL_MEMBER, word);
}

/**
 * pool_member() - a device of the pool
 * @parse: the text
 * @word: its name
 */
void pool_member(struct parse *parse, struct word word)
{
	const char *name = parse_name(parse, word, "device");
	struct pe_member *member;

	if (!name)
		return;
	if (parse->nmembers == PE_MEMBERS_MAX) {
		parse_error(parse, word, "pool '%s' has more than %d members", parse->pool->o.name,
			    PE_MEMBERS_MAX);
		return;
	}
	member = &parse->members[parse->nmembers++];
	memset(member, 0, sizeof(*member));
	member->device = pe_arena_strndup(&parse->config->arena, name, word.len);
	member->weight = 1;
	member->at = word.at + 1;
}

/**
 * pool_weight() - the share of the member read last
 * @parse: the text
 * @word: the weight
 */
void pool_weight(struct parse *parse, struct word word)
{
	unsigned int weight;

	/* The device may have been no name. */
	if (!parse->failed && parse_number(parse, word, 0, 65535, "weight", &weight))
		parse->members[parse->nmembers - 1].weight = (uint16_t)weight;
}

/**
 * pool_detect_off() - no member is found dead by what it does not answer
 * @parse: the text
 * @word: where it stands
 */
void pool_detect_off(struct parse *parse, struct word word)
{
	if (pool_set(parse, PE_POOL_DETECT_PACKETS, word))
		parse->pool->detect_packets = 0;
}

/**
 * pool_detect_packets() - after how many packets without an answer
 * @parse: the text
 * @word: the number
 */
void pool_detect_packets(struct parse *parse, struct word word)
{
	if (pool_set(parse, PE_POOL_DETECT_PACKETS, word))
		parse_number(parse, word, 1, 1000000, "number of packets",
			     &parse->pool->detect_packets);
}

/**
 * pool_detect_window() - after how long without an answer
 * @parse: the text
 * @word: the time
 */
void pool_detect_window(struct parse *parse, struct word word)
{
	if (pool_set(parse, PE_POOL_DETECT_WINDOW, word))
		parse_duration(parse, word, 1, POOL_TIME_MAX, &parse->pool->detect_window);
}

/**
 * pool_one_way() - answers of its servers go past this engine
 * @parse: the text
 * @word: where it stands
 */
void pool_one_way(struct parse *parse, struct word word)
{
	pool_set(parse, PE_POOL_ONE_WAY, word);
}

/**
 * pool_revive() - found dead, a member may come back by itself
 * @parse: the text
 * @word: where it stands
 */
void pool_revive(struct parse *parse, struct word word)
{
	pool_set(parse, PE_POOL_REVIVE, word);
}

/**
 * pool_revive_after() - and is tried again after a while
 * @parse: the text
 * @word: the time
 */
void pool_revive_after(struct parse *parse, struct word word)
{
	if (!parse->failed)
		parse_duration(parse, word, 1, POOL_TIME_MAX, &parse->pool->revive);
}

static void pool_lacks(struct parse *parse, const char *what)
{
	const struct pe_object *object = &parse->pool->o;

	parse_error(parse, source_word_at(parse->source, object->at - 1), "pool '%s' lacks %s",
		    object->name, what);
}

static void pool_check(struct parse *parse)
{
	const struct pe_pool *pool = parse->pool;

	if (!pool->nmembers)
		pool_lacks(parse, "its members");
	else if (!(pool->has & PE_HAS(PE_POOL_POLICY)))
		pool_lacks(parse, "its policy: failover or maglev");
}

/**
 * pool_end() - finish a pool
 * @parse: the text
 */
void pool_end(struct parse *parse)
{
	struct pe_pool *pool = parse->pool;

	if (parse->failed)
		return;
	pool->nmembers = (uint8_t)parse->nmembers;
	pool->members = pe_arena_memdup(&parse->config->arena, parse->members,
					parse->nmembers * sizeof(*parse->members));
	if (pool->o.verb != PE_VERB_CHANGE)
		pool_check(parse);
	parse_finish(parse, &pool->o);
	parse->pool = NULL;
}
