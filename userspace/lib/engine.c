// SPDX-License-Identifier: GPL-2.0-only

#include "engine.h"

#include <errno.h>
#include <linux/genetlink.h>
#include <string.h>

#include "attr.h"

/**
 * pe_engine_put() - append what a user can say of the engine
 * @nlh: the message, with PE_MESSAGE_MAX bytes of room
 * @engine: the engine
 */
void pe_engine_put(struct nlmsghdr *nlh, const struct pe_engine *engine)
{
	mnl_attr_put_strz(nlh, PE_ENGINE_NAME, engine->o.name);
	if (engine->has & PE_HAS(PE_ENGINE_LIMIT))
		pe_limit_put(nlh, PE_ENGINE_LIMIT, &engine->limit);
}

static void pe_engine_get_attr(struct pe_engine *engine, struct pe_arena *arena,
			       const struct nlattr *attr)
{
	switch (mnl_attr_get_type(attr)) {
	case PE_ENGINE_NAME:
		engine->o.name = pe_attr_str(attr, arena);
		break;
	case PE_ENGINE_ID:
		engine->id = pe_attr_u32(attr);
		break;
	case PE_ENGINE_GENERATION:
		engine->generation = pe_attr_u32(attr);
		break;
	case PE_ENGINE_LIMIT:
		pe_limit_get(&engine->limit, attr);
		break;
	case PE_ENGINE_LIMITED:
		pe_attr_counter(&engine->limited, attr);
		break;
	}
}

/**
 * pe_engine_get() - read the engine from a message
 * @engine: where to store it; cleared first
 * @arena: keeps its parts
 * @nlh: the message
 *
 * Return: 0, or -EBADMSG if that is no engine.
 */
int pe_engine_get(struct pe_engine *engine, struct pe_arena *arena, const struct nlmsghdr *nlh)
{
	const struct nlattr *attr;

	memset(engine, 0, sizeof(*engine));
	engine->o.kind = PE_OBJECT_ENGINE;
	mnl_attr_for_each(attr, nlh, sizeof(struct genlmsghdr)) {
		pe_engine_get_attr(engine, arena, attr);
		if (mnl_attr_get_type(attr) <= PE_ENGINE_MAX)
			engine->has |= PE_HAS(mnl_attr_get_type(attr));
	}
	return engine->o.name ? 0 : -EBADMSG;
}

/**
 * pe_engine_equal() - compare what a user can say of two engines
 * @a: one
 * @b: the other
 *
 * Return: whether it means the same.
 */
bool pe_engine_equal(const struct pe_engine *a, const struct pe_engine *b)
{
	return pe_limit_equal(&a->limit, &b->limit);
}

/**
 * pe_engine_merge() - fill what a change does not say
 * @engine: the change
 * @base: the engine as it is
 */
void pe_engine_merge(struct pe_engine *engine, const struct pe_engine *base)
{
	if (!(engine->has & PE_HAS(PE_ENGINE_LIMIT)))
		engine->limit = base->limit;
	engine->has |= base->has;
}

/**
 * pe_engine_where() - where something of the engine stands in the source
 * @engine: the engine
 * @attr: PE_ENGINE_...
 *
 * Return: the place plus one, 0 if it is not known.
 */
uint32_t pe_engine_where(const struct pe_engine *engine, uint16_t attr)
{
	if (attr <= PE_ENGINE_MAX && engine->at[attr])
		return engine->at[attr];
	return engine->o.at;
}
