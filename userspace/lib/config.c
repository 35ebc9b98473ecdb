// SPDX-License-Identifier: GPL-2.0-only

#include "config.h"

#include <errno.h>
#include <libmnl/libmnl.h>
#include <linux/genetlink.h>
#include <string.h>

#include "device.h"
#include "service.h"

/**
 * pe_config_table() - the objects of one kind
 * @config: the configuration
 * @kind: PE_OBJECT_DEVICE or PE_OBJECT_SERVICE
 *
 * Return: their table.
 */
struct pe_table *pe_config_table(struct pe_config *config, int kind)
{
	return kind == PE_OBJECT_DEVICE ? &config->devices : &config->services;
}

/**
 * pe_object_decode() - read a device or service from a message
 * @object: where to store the pointer to it
 * @arena: keeps it
 * @nlh: the message; one that deletes gives an object with PE_VERB_DEL
 *
 * Return: 0, or -EBADMSG if the message carries neither.
 */
int pe_object_decode(struct pe_object **object, struct pe_arena *arena, const struct nlmsghdr *nlh)
{
	const struct genlmsghdr *genl = mnl_nlmsg_get_payload(nlh);
	struct pe_service *service;
	struct pe_device *device;
	int err;

	switch (genl->cmd) {
	case PE_CMD_DEVICE_NEW:
	case PE_CMD_DEVICE_DEL:
	case PE_CMD_DEVICE_GET:
		device = pe_arena_alloc(arena, sizeof(*device));
		err = pe_device_get(device, arena, nlh);
		*object = &device->o;
		break;
	case PE_CMD_SERVICE_NEW:
	case PE_CMD_SERVICE_DEL:
	case PE_CMD_SERVICE_GET:
		service = pe_arena_alloc(arena, sizeof(*service));
		err = pe_service_get(service, arena, nlh);
		*object = &service->o;
		break;
	default:
		return -EBADMSG;
	}
	if (genl->cmd == PE_CMD_DEVICE_DEL || genl->cmd == PE_CMD_SERVICE_DEL)
		(*object)->verb = PE_VERB_DEL;
	return err;
}

/**
 * pe_config_add_message() - add the device or service of a message
 * @config: the configuration
 * @nlh: the message
 *
 * A name that is there already is kept as it came first.
 *
 * Return: 0, or -EBADMSG if the message carries neither.
 */
int pe_config_add_message(struct pe_config *config, const struct nlmsghdr *nlh)
{
	struct pe_object *object;
	struct pe_table *table;
	int err = pe_object_decode(&object, &config->arena, nlh);

	if (err)
		return err;
	table = pe_config_table(config, object->kind);
	if (!pe_table_find(table, object->name, strlen(object->name)))
		pe_table_add(table, object);
	return 0;
}

/**
 * pe_config_sort() - put everything into the order of names
 * @config: the configuration
 */
void pe_config_sort(struct pe_config *config)
{
	pe_table_sort(&config->devices);
	pe_table_sort(&config->services);
}

/**
 * pe_config_free() - forget everything
 * @config: empty afterwards and ready for use
 */
void pe_config_free(struct pe_config *config)
{
	pe_table_free(&config->devices);
	pe_table_free(&config->services);
	pe_arena_free(&config->arena);
	config->generation = 0;
}
