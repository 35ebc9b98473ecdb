// SPDX-License-Identifier: GPL-2.0-only

#include "config.h"

#include <errno.h>
#include <libmnl/libmnl.h>
#include <linux/genetlink.h>
#include <string.h>

#include "acl.h"
#include "attr.h"
#include "noun.h"

/**
 * pe_object_decode() - read an object from a message
 * @object: where to store the pointer to it
 * @arena: keeps it
 * @nlh: the message; one that deletes gives an object with PE_VERB_DEL
 *
 * Return: 0, or -EBADMSG if the message carries none.
 */
int pe_object_decode(struct pe_object **object, struct pe_arena *arena, const struct nlmsghdr *nlh)
{
	const struct genlmsghdr *genl = mnl_nlmsg_get_payload(nlh);
	const struct nlattr *attr;
	int kind = pe_noun_by_command(genl->cmd), err;

	if (kind == PE_OBJECT_ALL)
		return -EBADMSG;
	*object = pe_arena_alloc(arena, pe_nouns[kind].size);
	err = pe_nouns[kind].get(*object, arena, nlh);
	mnl_attr_for_each(attr, nlh, sizeof(*genl))
		if (pe_nouns[kind].attr_owner &&
		    mnl_attr_get_type(attr) == pe_nouns[kind].attr_owner)
			(*object)->owner = pe_attr_str(attr, arena);
	if (genl->cmd == pe_nouns[kind].cmd_del)
		(*object)->verb = PE_VERB_DEL;
	return err;
}

/**
 * pe_config_add_message() - add the object of a message
 * @config: the configuration
 * @nlh: the message
 *
 * A name that is there already is kept as it came first.
 *
 * Return: 0, or -EBADMSG if the message carries none.
 */
int pe_config_add_message(struct pe_config *config, const struct nlmsghdr *nlh)
{
	struct pe_object *object, **found;
	struct pe_table *table;
	int err = pe_object_decode(&object, &config->arena, nlh);

	if (err)
		return err;
	table = &config->tables[object->kind];
	found = pe_table_find(table, object->name, strlen(object->name));
	if (!found)
		pe_table_add(table, object);
	else if (object->kind == PE_OBJECT_ACL)
		pe_acl_join((struct pe_acl *)*found, &config->arena, (struct pe_acl *)object);
	return 0;
}

/**
 * pe_config_sort() - put everything into the order of names
 * @config: the configuration
 */
void pe_config_sort(struct pe_config *config)
{
	int kind;

	for (kind = 0; kind < PE_OBJECT_ALL; kind++)
		pe_table_sort(&config->tables[kind]);
}

/**
 * pe_config_clear() - forget all names, but keep the memory of the objects
 * @config: the configuration
 */
void pe_config_clear(struct pe_config *config)
{
	int kind;

	for (kind = 0; kind < PE_OBJECT_ALL; kind++)
		pe_table_free(&config->tables[kind]);
}

static void pe_table_keep(struct pe_table *table, const char *owner)
{
	struct pe_table kept = { 0 };
	uint32_t i;

	for (i = 0; i < table->count; i++)
		if (pe_object_is_of(table->items[i], owner))
			pe_table_add(&kept, table->items[i]);
	pe_table_free(table);
	*table = kept;
}

/**
 * pe_config_keep() - forget all names but those of an owner
 * @config: the configuration
 * @owner: whose
 */
void pe_config_keep(struct pe_config *config, const char *owner)
{
	int kind;

	for (kind = 0; kind < PE_OBJECT_ALL; kind++)
		pe_table_keep(&config->tables[kind], owner);
}

static bool pe_table_equal(const struct pe_table *a, const struct pe_table *b)
{
	struct pe_object **other;
	uint32_t i;

	for (i = 0; i < a->count; i++) {
		const struct pe_object *object = a->items[i];

		other = pe_table_find(b, object->name, strlen(object->name));
		if (!other || !pe_object_equal(object, *other))
			return false;
	}
	return a->count == b->count;
}

/**
 * pe_config_equal() - compare what a user can say of two configurations
 * @a: one
 * @b: the other
 *
 * Return: whether it means the same.
 */
bool pe_config_equal(const struct pe_config *a, const struct pe_config *b)
{
	int kind;

	for (kind = 0; kind < PE_OBJECT_ALL; kind++)
		if (!pe_table_equal(&a->tables[kind], &b->tables[kind]))
			return false;
	return true;
}

/**
 * pe_config_free() - forget everything
 * @config: empty afterwards and ready for use
 */
void pe_config_free(struct pe_config *config)
{
	pe_config_clear(config);
	pe_arena_free(&config->arena);
	config->generation = 0;
}
