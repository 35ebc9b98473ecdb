// SPDX-License-Identifier: GPL-2.0-only
/* What the words of an access list mean. */

#include <netinet/in.h>
#include <string.h>

#include "parse.h"

/**
 * acl_begin() - start a list
 * @parse: the text
 * @verb: what becomes of it
 * @name: its name
 */
void acl_begin(struct parse *parse, enum pe_verb verb, struct word name)
{
	struct pe_object *object;

	if (parse->failed)
		return;
	object = parse_declare(parse, PE_OBJECT_ACL, verb, name, sizeof(*parse->acl));
	parse->acl = (struct pe_acl *)object;
	parse->engine = NULL;
	parse->rule = NULL;
	parse->device = NULL;
	parse->pool = NULL;
	parse->service = NULL;
	if (object)
		parse->acl->arena = &parse->config->arena;
}

/**
 * acl_position() - where a rule is inserted, or which one is deleted
 * @parse: the text
 * @word: its place, from 1
 */
void acl_position(struct parse *parse, struct word word)
{
	unsigned int position;

	if (parse->failed || !parse_number(parse, word, 1, 1048576, "position", &position))
		return;
	parse->acl->position = position;
	parse->acl->position_at = word.at + 1;
}

/**
 * acl_separate() - a rule ends
 * @parse: the text
 */
void acl_separate(struct parse *parse)
{
	parse->rule = NULL;
}

/**
 * acl_owner() - whose the list is
 * @parse: the text
 * @word: where it stands
 * @value: the owner's name
 */
void acl_owner(struct parse *parse, struct word word, struct word value)
{
	if (parse->acl->position)
		parse_error(parse, word, "one rule is inserted here, which has no owner");
	parse_owner(parse, word, value);
	parse->rule = NULL;
}

/**
 * acl_default() - what becomes of what no rule matches
 * @parse: the text
 * @word: where it stands
 * @permit: it is let in
 */
void acl_default(struct parse *parse, struct word word, bool permit)
{
	struct pe_acl *acl = parse->acl;

	if (acl->default_given || acl->position) {
		parse_error(parse, word,
			    acl->position ? "one rule is inserted here, no default" :
					    "'default' says again what acl '%s' has been told",
			    acl->o.name);
		return;
	}
	acl->default_given = true;
	acl->permit = permit;
	parse->rule = NULL;
}

/**
 * acl_rule() - start a rule
 * @parse: the text
 * @word: where it stands
 * @permit: what it matches is let in
 */
void acl_rule(struct parse *parse, struct word word, bool permit)
{
	if (parse->acl->position && parse->acl->nrules) {
		parse_error(parse, word, "one rule is inserted at a time");
		return;
	}
	parse->rule = pe_acl_add(parse->acl, &parse->config->arena);
	parse->rule->at = word.at + 1;
	if (permit)
		parse->rule->has |= PE_HAS(PE_RULE_PERMIT);
}

/* Notes that a part of a rule is there, which it must not have been before. */
static bool acl_set(struct parse *parse, int attr, struct word word)
{
	const char *s = parse->source->text + word.at;

	if (parse->failed)
		return false;
	if (!parse->rule) {
		parse_error(parse, word, "'%.*s' belongs to no rule: permit or deny begins one",
			    (int)word.len, s);
		return false;
	}
	if (parse->rule->has & PE_HAS(attr)) {
		parse_error(parse, word, "'%.*s' says again what this rule has been told",
			    (int)word.len, s);
		return false;
	}
	parse->rule->has |= PE_HAS(attr);
	return true;
}

/**
 * acl_proto() - the protocol
 * @parse: the text
 * @word: the protocol
 */
void acl_proto(struct parse *parse, struct word word)
{
	if (acl_set(parse, PE_RULE_PROTO, word))
		parse->rule->proto = (uint8_t)parse_proto(parse, word);
}

/**
 * acl_from() - the source prefix
 * @parse: the text
 * @word: where it stands
 * @value: the prefix
 */
void acl_from(struct parse *parse, struct word word, struct word value)
{
	struct pe_rule *rule = parse->rule;

	if (acl_set(parse, PE_RULE_FROM, word) &&
	    parse_prefix(parse, value, &rule->from, &rule->from_len) &&
	    rule->from_len != rule->from.len * 8)
		rule->has |= PE_HAS(PE_RULE_FROM_LEN);
}

/**
 * acl_to() - the destination prefix
 * @parse: the text
 * @word: where it stands
 * @value: the prefix
 */
void acl_to(struct parse *parse, struct word word, struct word value)
{
	struct pe_rule *rule = parse->rule;

	if (acl_set(parse, PE_RULE_TO, word) &&
	    parse_prefix(parse, value, &rule->to, &rule->to_len) &&
	    rule->to_len != rule->to.len * 8)
		rule->has |= PE_HAS(PE_RULE_TO_LEN);
}

/**
 * acl_ports() - ports follow
 * @parse: the text
 * @word: where they stand
 * @attr: PE_RULE_SPORT or PE_RULE_PORT
 */
void acl_ports(struct parse *parse, struct word word, int attr)
{
	if (acl_set(parse, attr, word))
		parse->range_attr = attr;
}

/**
 * acl_range() - a port, or ports from one to another
 * @parse: the text
 * @word: the ports
 */
void acl_range(struct parse *parse, struct word word)
{
	bool source = parse->range_attr == PE_RULE_SPORT;
	struct pe_rule *rule = parse->rule;
	uint8_t *n = source ? &rule->nsports : &rule->nports;
	uint16_t **ports = source ? &rule->sports : &rule->ports;

	if (parse->failed)
		return;
	if (*n == PE_PORTS_MAX) {
		parse_error(parse, word, "a rule has more than %d ports or ranges of them",
			    PE_PORTS_MAX);
		return;
	}
	if (!*n)
		*ports = pe_arena_alloc(&parse->config->arena, 4 * PE_PORTS_MAX);
	parse_ports(parse, word, 0, &(*ports)[2 * *n], &(*ports)[2 * *n + 1]);
	++*n;
}

/**
 * acl_flags() - TCP flags follow
 * @parse: the text
 * @word: where they stand
 */
void acl_flags(struct parse *parse, struct word word)
{
	acl_set(parse, PE_RULE_FLAGS_MASK, word);
}

/**
 * acl_flag() - a TCP flag that is set, or with '!' one that is not
 * @parse: the text
 * @word: the flag
 */
void acl_flag(struct parse *parse, struct word word)
{
	const char *s = parse->source->text + word.at;
	bool set = *s != '!';
	unsigned int bit;

	if (parse->failed)
		return;
	for (bit = 0; bit < 8; bit++)
		if (word.len - !set == strlen(pe_tcp_flags[bit]) &&
		    !strncmp(s + !set, pe_tcp_flags[bit], word.len - !set))
			break;
	if (bit == 8) {
		parse_error(
			parse, word,
			"'%.*s' is no TCP flag; it is one of fin, syn, rst, psh, ack, urg, ece and cwr, with '!' in front if it must not be set",
			(int)word.len, s);
		return;
	}
	parse->rule->mask |= (uint8_t)(1 << bit);
	if (set) {
		parse->rule->flags |= (uint8_t)(1 << bit);
		parse->rule->has |= PE_HAS(PE_RULE_FLAGS);
	}
}

/**
 * acl_number() - a number that packets must have
 * @parse: the text
 * @word: where it stands
 * @value: the number
 * @attr: of what, PE_RULE_...
 */
void acl_number(struct parse *parse, struct word word, struct word value, int attr)
{
	unsigned int number;

	if (!acl_set(parse, attr, word))
		return;
	if (!parse_number(parse, value, 0, attr == PE_RULE_DSCP ? 63 : 255,
			  attr == PE_RULE_TYPE ? "ICMP type" :
			  attr == PE_RULE_CODE ? "ICMP code" :
						 "DSCP",
			  &number))
		return;
	if (attr == PE_RULE_TYPE)
		parse->rule->type = (uint8_t)number;
	else if (attr == PE_RULE_CODE)
		parse->rule->code = (uint8_t)number;
	else
		parse->rule->dscp = (uint8_t)number;
}

/**
 * acl_iif() - the interface of arrival
 * @parse: the text
 * @word: where it stands
 * @value: its name
 */
void acl_iif(struct parse *parse, struct word word, struct word value)
{
	if (acl_set(parse, PE_RULE_IIF, word) && parse_ifname(parse, value))
		parse->rule->iif = pe_arena_strndup(&parse->config->arena,
						    parse->source->text + value.at, value.len);
}

/**
 * acl_word() - something that is said by one word
 * @parse: the text
 * @word: the word
 * @attr: what, PE_RULE_...
 */
void acl_word(struct parse *parse, struct word word, int attr)
{
	acl_set(parse, attr, word);
}

static const char *acl_rule_wrong(const struct pe_rule *rule)
{
	bool ports = rule->proto == IPPROTO_TCP || rule->proto == IPPROTO_UDP ||
		     rule->proto == IPPROTO_SCTP;

	if ((rule->nsports || rule->nports) && !ports)
		return "only tcp, udp and sctp have ports: one of them must be named";
	if (rule->mask && rule->proto != IPPROTO_TCP)
		return "only tcp has flags: it must be named";
	if (rule->has & PE_HAS(PE_RULE_TYPE) && rule->proto != IPPROTO_ICMP &&
	    rule->proto != IPPROTO_ICMPV6)
		return "only icmp and icmpv6 have types: one of them must be named";
	if (rule->has & PE_HAS(PE_RULE_CODE) && !(rule->has & PE_HAS(PE_RULE_TYPE)))
		return "a code is one of a type: that must be given";
	if (rule->from.len && rule->to.len && rule->from.len != rule->to.len)
		return "no packet is from IPv4 to IPv6, or the other way round";
	return NULL;
}

/**
 * acl_end() - finish a list
 * @parse: the text
 */
void acl_end(struct parse *parse)
{
	struct pe_acl *acl = parse->acl;
	const char *wrong = NULL;
	uint32_t i;

	for (i = 0; i < acl->nrules && !parse->failed; i++) {
		wrong = acl_rule_wrong(&acl->rules[i]);
		if (wrong)
			parse_error(parse, source_word_at(parse->source, acl->rules[i].at - 1),
				    "%s", wrong);
	}
	if (!parse->failed && acl->o.verb == PE_VERB_INSERT && !acl->nrules)
		parse_error(parse, source_word_at(parse->source, acl->position_at - 1),
			    "the rule to be inserted is missing: permit or deny begins it");
	if (parse->failed)
		return;
	parse_finish(parse, &acl->o);
	parse->acl = NULL;
	parse->rule = NULL;
}
