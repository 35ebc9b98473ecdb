// SPDX-License-Identifier: GPL-2.0-only

#include "noun.h"

#include <linux/pe.h>

#include "acl.h"
#include "device.h"
#include "engine.h"
#include "pool.h"
#include "refusal.h"
#include "service.h"
#include "txn.h"

static void pe_noun_put_device(struct nlmsghdr *nlh, const struct pe_object *object)
{
	pe_device_put(nlh, (const struct pe_device *)object);
}

static int pe_noun_get_device(struct pe_object *object, struct pe_arena *arena,
			      const struct nlmsghdr *nlh)
{
	return pe_device_get((struct pe_device *)object, arena, nlh);
}

static bool pe_noun_equal_device(const struct pe_object *a, const struct pe_object *b)
{
	return pe_device_equal((const struct pe_device *)a, (const struct pe_device *)b);
}

static void pe_noun_merge_device(struct pe_object *object, const struct pe_object *base)
{
	pe_device_merge((struct pe_device *)object, (const struct pe_device *)base);
}

static uint32_t pe_noun_where_device(const struct pe_object *object, const struct pe_blame *blame)
{
	return pe_device_where((const struct pe_device *)object, blame->attr, blame->nested);
}

static void pe_noun_put_pool(struct nlmsghdr *nlh, const struct pe_object *object)
{
	pe_pool_put(nlh, (const struct pe_pool *)object);
}

static int pe_noun_get_pool(struct pe_object *object, struct pe_arena *arena,
			    const struct nlmsghdr *nlh)
{
	return pe_pool_get((struct pe_pool *)object, arena, nlh);
}

static bool pe_noun_equal_pool(const struct pe_object *a, const struct pe_object *b)
{
	return pe_pool_equal((const struct pe_pool *)a, (const struct pe_pool *)b);
}

static void pe_noun_merge_pool(struct pe_object *object, const struct pe_object *base)
{
	pe_pool_merge((struct pe_pool *)object, (const struct pe_pool *)base);
}

static uint32_t pe_noun_where_pool(const struct pe_object *object, const struct pe_blame *blame)
{
	return pe_pool_where((const struct pe_pool *)object, blame->attr, blame->index);
}

static void pe_noun_put_acl(struct nlmsghdr *nlh, const struct pe_object *object)
{
	pe_acl_put(nlh, (const struct pe_acl *)object, 0);
}

static int pe_noun_get_acl(struct pe_object *object, struct pe_arena *arena,
			   const struct nlmsghdr *nlh)
{
	return pe_acl_get((struct pe_acl *)object, arena, nlh);
}

static bool pe_noun_equal_acl(const struct pe_object *a, const struct pe_object *b)
{
	return pe_acl_equal((const struct pe_acl *)a, (const struct pe_acl *)b);
}

static void pe_noun_merge_acl(struct pe_object *object, const struct pe_object *base)
{
	pe_acl_merge((struct pe_acl *)object, (const struct pe_acl *)base);
}

static uint32_t pe_noun_where_acl(const struct pe_object *object, const struct pe_blame *blame)
{
	return pe_acl_where((const struct pe_acl *)object, blame->attr, blame->index);
}

static void pe_noun_put_service(struct nlmsghdr *nlh, const struct pe_object *object)
{
	pe_service_put(nlh, (const struct pe_service *)object);
}

static int pe_noun_get_service(struct pe_object *object, struct pe_arena *arena,
			       const struct nlmsghdr *nlh)
{
	return pe_service_get((struct pe_service *)object, arena, nlh);
}

static bool pe_noun_equal_service(const struct pe_object *a, const struct pe_object *b)
{
	return pe_service_equal((const struct pe_service *)a, (const struct pe_service *)b);
}

static void pe_noun_merge_service(struct pe_object *object, const struct pe_object *base)
{
	pe_service_merge((struct pe_service *)object, (const struct pe_service *)base);
}

static uint32_t pe_noun_where_service(const struct pe_object *object, const struct pe_blame *blame)
{
	return pe_service_where((const struct pe_service *)object, blame->attr, blame->index);
}

static void pe_noun_put_engine(struct nlmsghdr *nlh, const struct pe_object *object)
{
	pe_engine_put(nlh, (const struct pe_engine *)object);
}

static int pe_noun_get_engine(struct pe_object *object, struct pe_arena *arena,
			      const struct nlmsghdr *nlh)
{
	return pe_engine_get((struct pe_engine *)object, arena, nlh);
}

static bool pe_noun_equal_engine(const struct pe_object *a, const struct pe_object *b)
{
	return pe_engine_equal((const struct pe_engine *)a, (const struct pe_engine *)b);
}

static void pe_noun_merge_engine(struct pe_object *object, const struct pe_object *base)
{
	pe_engine_merge((struct pe_engine *)object, (const struct pe_engine *)base);
}

static uint32_t pe_noun_where_engine(const struct pe_object *object, const struct pe_blame *blame)
{
	return pe_engine_where((const struct pe_engine *)object, blame->attr);
}

const struct pe_noun pe_nouns[PE_OBJECT_ALL] = {
	[PE_OBJECT_DEVICE] = {
		.name = "device",
		.plural = "devices",
		.size = sizeof(struct pe_device),
		.cmd_new = PE_CMD_DEVICE_NEW,
		.cmd_del = PE_CMD_DEVICE_DEL,
		.cmd_get = PE_CMD_DEVICE_GET,
		.attr_name = PE_DEVICE_NAME,
		.attr_owner = PE_DEVICE_OWNER,
		.attr_stats = PE_DEVICE_STATS,
		.put = pe_noun_put_device,
		.get = pe_noun_get_device,
		.equal = pe_noun_equal_device,
		.merge = pe_noun_merge_device,
		.where = pe_noun_where_device,
	},
	[PE_OBJECT_POOL] = {
		.name = "pool",
		.plural = "pools",
		.size = sizeof(struct pe_pool),
		.cmd_new = PE_CMD_POOL_NEW,
		.cmd_del = PE_CMD_POOL_DEL,
		.cmd_get = PE_CMD_POOL_GET,
		.attr_name = PE_POOL_NAME,
		.attr_owner = PE_POOL_OWNER,
		.attr_stats = PE_POOL_STATS,
		.put = pe_noun_put_pool,
		.get = pe_noun_get_pool,
		.equal = pe_noun_equal_pool,
		.merge = pe_noun_merge_pool,
		.where = pe_noun_where_pool,
	},
	[PE_OBJECT_ACL] = {
		.name = "acl",
		.plural = "acls",
		.size = sizeof(struct pe_acl),
		.cmd_new = PE_CMD_ACL_NEW,
		.cmd_del = PE_CMD_ACL_DEL,
		.cmd_get = PE_CMD_ACL_GET,
		.attr_name = PE_ACL_NAME,
		.attr_owner = PE_ACL_OWNER,
		.attr_stats = PE_ACL_STATS,
		.put = pe_noun_put_acl,
		.get = pe_noun_get_acl,
		.equal = pe_noun_equal_acl,
		.merge = pe_noun_merge_acl,
		.where = pe_noun_where_acl,
	},
	[PE_OBJECT_SERVICE] = {
		.name = "service",
		.plural = "services",
		.size = sizeof(struct pe_service),
		.cmd_new = PE_CMD_SERVICE_NEW,
		.cmd_del = PE_CMD_SERVICE_DEL,
		.cmd_get = PE_CMD_SERVICE_GET,
		.attr_name = PE_SERVICE_NAME,
		.attr_owner = PE_SERVICE_OWNER,
		.attr_stats = PE_SERVICE_STATS,
		.put = pe_noun_put_service,
		.get = pe_noun_get_service,
		.equal = pe_noun_equal_service,
		.merge = pe_noun_merge_service,
		.where = pe_noun_where_service,
	},
	[PE_OBJECT_ENGINE] = {
		.name = "engine",
		.plural = "engine",
		.size = sizeof(struct pe_engine),
		.cmd_new = PE_CMD_ENGINE_NEW,
		.cmd_del = PE_CMD_ENGINE_DEL,
		.cmd_get = PE_CMD_ENGINE_GET,
		.attr_name = PE_ENGINE_NAME,
		.attr_stats = PE_ENGINE_STATS,
		.put = pe_noun_put_engine,
		.get = pe_noun_get_engine,
		.equal = pe_noun_equal_engine,
		.merge = pe_noun_merge_engine,
		.where = pe_noun_where_engine,
	},
};

/**
 * pe_noun_by_command() - what a message is about
 * @cmd: enum pe_cmd of the message
 *
 * Return: enum pe_object_kind, or PE_OBJECT_ALL if it is about no object.
 */
int pe_noun_by_command(uint8_t cmd)
{
	int kind;

	for (kind = 0; kind < PE_OBJECT_ALL; kind++) {
		const struct pe_noun *noun = &pe_nouns[kind];

		if (cmd == noun->cmd_new || cmd == noun->cmd_del || cmd == noun->cmd_get)
			break;
	}
	return kind;
}
