// SPDX-License-Identifier: GPL-2.0-only
/* The nouns, each with what the others have too. */

#include <uapi/linux/pe.h>

#include "../model/engine.h"
#include "../model/service.h"
#include "fill.h"
#include "noun.h"
#include "parse.h"

static void pe_noun_own_device(void *version, struct pe_object *obj)
{
	struct pe_device *dev = version;

	dev->obj = pe_object_get(obj);
}

static void pe_noun_put_device(struct pe_net *pn, void *version)
{
	pe_device_put(pn, version);
}

static void pe_noun_own_pool(void *version, struct pe_object *obj)
{
	struct pe_pool *pool = version;

	pool->obj = pe_object_get(obj);
}

static void pe_noun_put_pool(struct pe_net *pn, void *version)
{
	pe_pool_put(pn, version);
}

static void pe_noun_own_acl(void *version, struct pe_object *obj)
{
	struct pe_acl *acl = version;

	acl->obj = obj;
}

static void pe_noun_put_acl(struct pe_net *pn, void *version)
{
	pe_acl_put(pn, version);
}

static void pe_noun_own_service(void *version, struct pe_object *obj)
{
	struct pe_service *svc = version;

	svc->obj = pe_object_get(obj);
}

static void pe_noun_put_service(struct pe_net *pn, void *version)
{
	pe_service_put(pn, version);
}

static void pe_noun_own_engine(void *version, struct pe_object *obj)
{
	struct pe_engine *engine = version;

	engine->obj = pe_object_get(obj);
}

static void pe_noun_put_engine(struct pe_net *pn, void *version)
{
	pe_engine_put(version);
}

const struct pe_noun_ops pe_noun_ops[PE_NOUNS] = {
	[PE_NOUN_DEVICE] = {
		.name		= "device",
		.cmd_new	= PE_CMD_DEVICE_NEW,
		.cmd_del	= PE_CMD_DEVICE_DEL,
		.stats		= PE_DEVICE_STATS,
		.owner		= PE_DEVICE_OWNER,
		.acts_as	= PE_DEVICE_ACTS_AS,
		.parse		= pe_parse_device,
		.own		= pe_noun_own_device,
		.put		= pe_noun_put_device,
		.fill		= pe_fill_device,
	},
	[PE_NOUN_POOL] = {
		.name		= "pool",
		.cmd_new	= PE_CMD_POOL_NEW,
		.cmd_del	= PE_CMD_POOL_DEL,
		.stats		= PE_POOL_STATS,
		.owner		= PE_POOL_OWNER,
		.acts_as	= PE_POOL_ACTS_AS,
		.parse		= pe_parse_pool,
		.own		= pe_noun_own_pool,
		.put		= pe_noun_put_pool,
		.fill		= pe_fill_pool,
	},
	[PE_NOUN_ACL] = {
		.name		= "acl",
		.cmd_new	= PE_CMD_ACL_NEW,
		.cmd_del	= PE_CMD_ACL_DEL,
		.stats		= PE_ACL_STATS,
		.owner		= PE_ACL_OWNER,
		.acts_as	= PE_ACL_ACTS_AS,
		.parse		= pe_parse_acl,
		.own		= pe_noun_own_acl,
		.put		= pe_noun_put_acl,
		.fill		= pe_fill_acl,
	},
	[PE_NOUN_SERVICE] = {
		.name		= "service",
		.cmd_new	= PE_CMD_SERVICE_NEW,
		.cmd_del	= PE_CMD_SERVICE_DEL,
		.stats		= PE_SERVICE_STATS,
		.owner		= PE_SERVICE_OWNER,
		.acts_as	= PE_SERVICE_ACTS_AS,
		.parse		= pe_parse_service,
		.own		= pe_noun_own_service,
		.put		= pe_noun_put_service,
		.fill		= pe_fill_service,
	},
	[PE_NOUN_ENGINE] = {
		.name		= "engine",
		.cmd_new	= PE_CMD_ENGINE_NEW,
		.cmd_del	= PE_CMD_ENGINE_DEL,
		.stats		= PE_ENGINE_STATS,
		.parse		= pe_parse_engine,
		.own		= pe_noun_own_engine,
		.put		= pe_noun_put_engine,
		.fill		= pe_fill_engine,
	},
};
