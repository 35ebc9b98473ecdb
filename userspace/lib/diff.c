// SPDX-License-Identifier: GPL-2.0-only

#include "diff.h"

#include <stdbool.h>
#include <string.h>

#include "acl.h"
#include "noun.h"

static void pe_diff_clear(struct pe_table *table)
{
	uint32_t i;

	for (i = 0; i < table->count; i++)
		table->items[i]->verdict = PE_VERDICT_NEW;
}

/**
 * pe_diff_start() - start a comparison
 * @diff: the comparison, zeroed or freed before
 * @wanted: the configuration that is wanted; its verdicts and verbs are set
 * @owner: whose objects are compared, or NULL for all
 */
void pe_diff_start(struct pe_diff *diff, struct pe_config *wanted, const char *owner)
{
	int kind;

	memset(diff, 0, sizeof(*diff));
	diff->wanted = wanted;
	diff->owner = owner;
	for (kind = 0; kind < PE_OBJECT_ALL; kind++)
		pe_diff_clear(&wanted->tables[kind]);
}

static int pe_diff_keep(struct pe_diff *diff, const struct nlmsghdr *nlh, bool gone)
{
	struct pe_object *old;
	int err = pe_object_decode(&old, &diff->arena, nlh);

	if (err)
		return err;
	if (gone)
		old->verb = PE_VERB_DEL;
	pe_changes_add(&diff->old, old);
	return 0;
}

/* A list may come in several messages, and is compared when it is there. */
static int pe_diff_feed_acl(struct pe_diff *diff, const struct nlmsghdr *nlh)
{
	struct pe_object *part, **found;
	struct pe_acl *acl;
	int err = pe_object_decode(&part, &diff->arena, nlh);

	if (err)
		return err;
	acl = diff->acl;
	if (acl && !strcmp(acl->o.name, part->name))
		pe_acl_join(acl, &diff->arena, (struct pe_acl *)part);
	else
		acl = (struct pe_acl *)part;
	diff->acl = acl->nrules < acl->all ? acl : NULL;
	if (diff->acl)
		return 0;
	found = pe_table_find(&diff->wanted->tables[PE_OBJECT_ACL], acl->o.name,
			      strlen(acl->o.name));
	if (!found)
		acl->o.verb = PE_VERB_DEL;
	else if (pe_object_equal(*found, &acl->o))
		(*found)->verdict = PE_VERDICT_SAME;
	else
		(*found)->verdict = PE_VERDICT_CHANGED;
	if (!found || (*found)->verdict == PE_VERDICT_CHANGED)
		pe_changes_add(&diff->old, &acl->o);
	return 0;
}

/**
 * pe_diff_feed() - compare with one object that the other side has
 * @diff: the comparison
 * @nlh: the message with the object
 *
 * Return: 0, or a negative error number if the message makes no sense.
 */
int pe_diff_feed(struct pe_diff *diff, const struct nlmsghdr *nlh)
{
	struct pe_object *old, **found;
	struct pe_table *table;
	int err;

	pe_arena_reset(&diff->scratch);
	err = pe_object_decode(&old, &diff->scratch, nlh);
	if (err || (diff->owner && !pe_object_is_of(old, diff->owner)))
		return err;
	if (old->kind == PE_OBJECT_ACL)
		return pe_diff_feed_acl(diff, nlh);
	table = &diff->wanted->tables[old->kind];
	found = pe_table_find(table, old->name, strlen(old->name));
	if (!found)
		return pe_diff_keep(diff, nlh, true);
	if (pe_object_equal(*found, old)) {
		(*found)->verdict = PE_VERDICT_SAME;
		return 0;
	}
	(*found)->verdict = PE_VERDICT_CHANGED;
	return pe_diff_keep(diff, nlh, false);
}

static void pe_diff_deletions(struct pe_diff *diff)
{
	size_t i;

	for (i = 0; i < diff->old.count; i++) {
		if (diff->old.list[i]->verb != PE_VERB_DEL)
			continue;
		pe_changes_add(&diff->changes, diff->old.list[i]);
		diff->deleted++;
	}
}

static void pe_diff_additions(struct pe_diff *diff, struct pe_table *table)
{
	uint32_t i;

	for (i = 0; i < table->count; i++) {
		struct pe_object *object = table->items[i];

		if (object->verdict == PE_VERDICT_SAME) {
			diff->unchanged++;
			continue;
		}
		if (object->verdict == PE_VERDICT_CHANGED) {
			object->verb = PE_VERB_REPLACE;
			diff->changed++;
		} else {
			object->verb = PE_VERB_ADD;
			diff->added++;
		}
		pe_changes_add(&diff->changes, object);
	}
}

/**
 * pe_diff_finish() - list what has to be done
 * @diff: the comparison, fed with everything the other side has
 */
void pe_diff_finish(struct pe_diff *diff)
{
	int kind;

	pe_diff_deletions(diff);
	for (kind = 0; kind < PE_OBJECT_ALL; kind++)
		pe_diff_additions(diff, &diff->wanted->tables[kind]);
}

/**
 * pe_diff_free() - forget a comparison
 * @diff: the comparison
 */
void pe_diff_free(struct pe_diff *diff)
{
	pe_changes_free(&diff->old);
	pe_changes_free(&diff->changes);
	pe_arena_free(&diff->scratch);
	pe_arena_free(&diff->arena);
	memset(diff, 0, sizeof(*diff));
}
