// SPDX-License-Identifier: GPL-2.0-only
/* What the words of a limit mean. */

#include "parse.h"

/**
 * limit_begin() - how much is let in follows
 * @parse: the text
 * @limit: where to keep it
 */
void limit_begin(struct parse *parse, struct pe_limit *limit)
{
	parse->limit = limit;
}

static void limit_set(struct parse *parse, struct word word, struct word value, uint64_t *rate,
		      const char *what)
{
	if (*rate)
		parse_error(parse, word, "'%.*s' says again how many are let in", (int)word.len,
			    parse->source->text + word.at);
	else
		parse_amount(parse, value, PE_RATE_MAX, what, rate);
}

/**
 * limit_packets() - packets a second
 * @parse: the text
 * @word: where it stands
 * @value: how many
 */
void limit_packets(struct parse *parse, struct word word, struct word value)
{
	limit_set(parse, word, value, &parse->limit->packets, "number of packets a second");
}

/**
 * limit_bytes() - bytes a second
 * @parse: the text
 * @word: where it stands
 * @value: how many
 */
void limit_bytes(struct parse *parse, struct word word, struct word value)
{
	limit_set(parse, word, value, &parse->limit->bytes, "number of bytes a second");
}

/**
 * limit_flows() - new flows a second
 * @parse: the text
 * @word: where it stands
 * @value: how many
 */
void limit_flows(struct parse *parse, struct word word, struct word value)
{
	limit_set(parse, word, value, &parse->limit->flows, "number of new flows a second");
}
