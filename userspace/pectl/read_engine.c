// SPDX-License-Identifier: GPL-2.0-only
/* What the words of the engine mean. */

#include "parse.h"

/**
 * engine_begin() - start the engine
 * @parse: the text
 * @verb: what becomes of it
 * @word: the word that is its name
 */
void engine_begin(struct parse *parse, enum pe_verb verb, struct word word)
{
	struct pe_object *object;

	if (parse->failed)
		return;
	object = parse_declare(parse, PE_OBJECT_ENGINE, verb, word, sizeof(*parse->engine));
	parse->engine = (struct pe_engine *)object;
	parse->device = NULL;
	parse->pool = NULL;
	parse->acl = NULL;
	parse->service = NULL;
}

/**
 * engine_limit() - how much of what clients send is let in follows
 * @parse: the text
 * @word: where it stands
 */
void engine_limit(struct parse *parse, struct word word)
{
	struct pe_engine *engine = parse->engine;

	if (engine->has & PE_HAS(PE_ENGINE_LIMIT)) {
		parse_error(parse, word, "'limit' says again what the engine has been told");
		return;
	}
	engine->has |= PE_HAS(PE_ENGINE_LIMIT);
	engine->at[PE_ENGINE_LIMIT] = word.at + 1;
	limit_begin(parse, &engine->limit);
}

/**
 * engine_end() - finish the engine
 * @parse: the text
 */
void engine_end(struct parse *parse)
{
	struct pe_engine *engine = parse->engine;

	if (parse->failed)
		return;
	if (engine->o.verb != PE_VERB_CHANGE && !(engine->has & PE_HAS(PE_ENGINE_LIMIT)))
		parse_error(parse, source_word_at(parse->source, engine->o.at - 1),
			    "nothing is said of the engine: give it a limit, or leave it out");
	parse_finish(parse, &engine->o);
	parse->engine = NULL;
}
