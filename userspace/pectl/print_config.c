// SPDX-License-Identifier: GPL-2.0-only

#include <config.h>
#include <noun.h>

#include "print_object.h"
#include "printer.h"

/**
 * print_owner() - print whose an object is, if it is somebody's
 * @p: the printer
 * @object: which
 * @format: with %s for the owner
 */
void print_owner(struct printer *p, const struct pe_object *object, const char *format)
{
	if (object->owner)
		print_string(p, "owner", format, object->owner);
}

/**
 * print_any() - print an object
 * @p: the printer
 * @object: which
 */
void print_any(struct printer *p, const struct pe_object *object)
{
	switch (object->kind) {
	case PE_OBJECT_DEVICE:
		print_device(p, (const struct pe_device *)object);
		break;
	case PE_OBJECT_POOL:
		print_pool(p, (const struct pe_pool *)object);
		break;
	case PE_OBJECT_ACL:
		print_acl(p, (const struct pe_acl *)object);
		break;
	case PE_OBJECT_SERVICE:
		print_service(p, (const struct pe_service *)object);
		break;
	case PE_OBJECT_ENGINE:
		print_engine(p, (const struct pe_engine *)object);
		break;
	}
}

static void print_table(struct printer *p, const char *key, const struct pe_table *table)
{
	uint32_t i;

	print_list(p, key);
	for (i = 0; i < table->count; i++)
		print_any(p, table->items[i]);
	print_list_end(p);
}

/**
 * print_config() - print a whole configuration
 * @p: the printer
 * @config: the configuration
 * @kinds: PE_HAS(PE_OBJECT_...) of what to print
 */
void print_config(struct printer *p, const struct pe_config *config, int kinds)
{
	int kind;

	print_document(p);
	print_document_uint(p, "generation", config->generation);
	for (kind = 0; kind < PE_OBJECT_ALL; kind++)
		if (kinds & PE_HAS(kind))
			print_table(p, pe_nouns[kind].plural, &config->tables[kind]);
	print_document_end(p);
}
