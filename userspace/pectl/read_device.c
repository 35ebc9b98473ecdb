// SPDX-License-Identifier: GPL-2.0-only
/* What the words of a device mean. */

#include <string.h>

#include "parse.h"

#define PE_VNI_MAX 0xffffff

/**
 * device_begin() - start a device
 * @parse: the text
 * @verb: what becomes of it
 * @name: its name
 */
void device_begin(struct parse *parse, enum pe_verb verb, struct word name)
{
	struct pe_object *object;

	if (parse->failed)
		return;
	object = parse_declare(parse, PE_OBJECT_DEVICE, verb, name, sizeof(*parse->device));
	parse->device = (struct pe_device *)object;
	parse->engine = NULL;
	parse->pool = NULL;
	parse->service = NULL;
	parse->acl = NULL;
	parse->port = NULL;
	if (object)
		parse->device->at[PE_DEVICE_NAME] = object->at;
}

/* Notes that a part is there, which it must not have been before. */
static bool device_set(struct parse *parse, int attr, struct word word)
{
	struct pe_device *device = parse->device;

	if (device->has & PE_HAS(attr)) {
		parse_error(parse, word, "'%.*s' says again what device '%s' has been told",
			    (int)word.len, parse->source->text + word.at, device->o.name);
		return false;
	}
	device->has |= PE_HAS(attr);
	device->at[attr] = word.at + 1;
	return true;
}

/**
 * device_kind() - server, inline or tap
 * @parse: the text
 * @kind: which
 * @word: where it stands
 */
void device_kind(struct parse *parse, enum pe_device_kind kind, struct word word)
{
	if (!device_set(parse, PE_DEVICE_KIND, word))
		return;
	parse->device->kind = (uint8_t)kind;
	parse->port = &parse->device->outside;
}

static bool device_is_inline(struct parse *parse, struct word word)
{
	const struct pe_device *device = parse->device;

	if ((device->has & PE_HAS(PE_DEVICE_KIND)) && device->kind == PE_DEVICE_KIND_INLINE)
		return true;
	parse_error(parse, word, "'%.*s' is for inline devices: 'inline' must stand before it",
		    (int)word.len, parse->source->text + word.at);
	return false;
}

/**
 * device_transparent() - a bridge
 * @parse: the text
 * @word: where it stands
 */
void device_transparent(struct parse *parse, struct word word)
{
	if (device_is_inline(parse, word))
		device_set(parse, PE_DEVICE_TRANSPARENT, word);
}

/**
 * device_side() - outside or inside
 * @parse: the text
 * @attr: PE_DEVICE_OUTSIDE or PE_DEVICE_INSIDE
 * @word: where it stands
 */
void device_side(struct parse *parse, int attr, struct word word)
{
	struct pe_device *device = parse->device;

	if (!device_is_inline(parse, word) || !device_set(parse, attr, word))
		return;
	parse->port = attr == PE_DEVICE_OUTSIDE ? &device->outside : &device->inside;
}

/* The port that a word is about, where it is told for the first time. */
static struct pe_port *device_port(struct parse *parse, int attr, struct word word)
{
	struct pe_port *port = parse->port;

	if (!port) {
		parse_error(parse, word,
			    "'%.*s' must follow server, inline, tap, outside or inside",
			    (int)word.len, parse->source->text + word.at);
		return NULL;
	}
	if (port->has & PE_HAS(attr)) {
		parse_error(parse, word, "'%.*s' says again what this port has been told",
			    (int)word.len, parse->source->text + word.at);
		return NULL;
	}
	if (port == &parse->device->outside && !(parse->device->has & PE_HAS(PE_DEVICE_OUTSIDE)))
		device_set(parse, PE_DEVICE_OUTSIDE, word);
	port->has |= PE_HAS(attr);
	return port;
}

/**
 * device_dev() - the interface
 * @parse: the text
 * @word: where it stands
 * @value: its name
 */
void device_dev(struct parse *parse, struct word word, struct word value)
{
	struct pe_port *port = device_port(parse, PE_PORT_DEV, word);

	if (!port || !parse_ifname(parse, value))
		return;
	memcpy(port->dev, parse->source->text + value.at, value.len);
	port->at[PE_PORT_DEV] = value.at + 1;
}

static bool device_one_next_hop(struct parse *parse, const struct pe_port *port, struct word word)
{
	bool lladdr = port->has & PE_HAS(PE_PORT_LLADDR), via = port->has & PE_HAS(PE_PORT_VIA);

	if (lladdr && via)
		parse_error(
			parse, word,
			"a port has either a link-layer address (lladdr) or one found by address (via), not both");
	else if ((lladdr || via) && (port->has & PE_HAS(PE_PORT_REMOTE)))
		parse_error(
			parse, word,
			"a port behind a tunnel (remote) has no link-layer address: lladdr and via do not belong there");
	else
		return true;
	return false;
}

/**
 * device_lladdr() - the link-layer address
 * @parse: the text
 * @word: where it stands
 * @value: the address
 */
void device_lladdr(struct parse *parse, struct word word, struct word value)
{
	struct pe_port *port = device_port(parse, PE_PORT_LLADDR, word);
	const char *s = parse->source->text + value.at;

	if (!port || !device_one_next_hop(parse, port, word))
		return;
	port->at[PE_PORT_LLADDR] = value.at + 1;
	if (!pe_mac_parse(port->lladdr, s, value.len))
		parse_error(parse, value,
			    "'%.*s' is no link-layer address; one looks like 02:00:00:00:01:01",
			    (int)value.len, s);
	else if (port->lladdr[0] & 1 || !memcmp(port->lladdr, "\0\0\0\0\0", PE_MAC_LEN))
		parse_error(parse, value, "'%.*s' is not the link-layer address of one station",
			    (int)value.len, s);
}

/**
 * device_via() - the network address that gives the link-layer address
 * @parse: the text
 * @word: where it stands
 * @value: the address
 */
void device_via(struct parse *parse, struct word word, struct word value)
{
	struct pe_port *port = device_port(parse, PE_PORT_VIA, word);

	if (!port || !device_one_next_hop(parse, port, word))
		return;
	port->at[PE_PORT_VIA] = value.at + 1;
	parse_address(parse, value, &port->via);
}

/**
 * device_remote() - the address of a peer behind a VXLAN-GPE interface
 * @parse: the text
 * @word: where it stands
 * @value: the address
 */
void device_remote(struct parse *parse, struct word word, struct word value)
{
	struct pe_port *port = device_port(parse, PE_PORT_REMOTE, word);

	if (!port || !device_one_next_hop(parse, port, word))
		return;
	port->at[PE_PORT_REMOTE] = value.at + 1;
	parse_address(parse, value, &port->remote);
}

/**
 * device_vni() - the VXLAN network identifier towards that peer
 * @parse: the text
 * @word: where it stands
 * @value: the number
 */
void device_vni(struct parse *parse, struct word word, struct word value)
{
	struct pe_port *port = device_port(parse, PE_PORT_VNI, word);

	if (!port)
		return;
	port->at[PE_PORT_VNI] = value.at + 1;
	parse_number(parse, value, 0, PE_VNI_MAX, "VXLAN network identifier", &port->vni);
}

/**
 * device_address() - the device's own address
 * @parse: the text
 * @word: where it stands
 * @value: the address
 */
void device_address(struct parse *parse, struct word word, struct word value)
{
	if (!device_set(parse, PE_DEVICE_ADDRESS, word))
		return;
	parse->device->at[PE_DEVICE_ADDRESS] = value.at + 1;
	parse_address(parse, value, &parse->device->address);
}

/**
 * device_mode() - how a server takes packets
 * @parse: the text
 * @mode: how
 * @word: where it stands
 */
void device_mode(struct parse *parse, enum pe_server_mode mode, struct word word)
{
	const struct pe_device *device = parse->device;

	if ((device->has & PE_HAS(PE_DEVICE_KIND)) && device->kind != PE_DEVICE_KIND_SERVER)
		parse_error(parse, word, "only a server has a mode");
	else if (device_set(parse, PE_DEVICE_MODE, word))
		parse->device->mode = (uint8_t)mode;
}

/**
 * device_guard() - its own address is only reached through services
 * @parse: the text
 * @word: where it stands
 */
void device_guard(struct parse *parse, struct word word)
{
	device_set(parse, PE_DEVICE_GUARD, word);
}

/**
 * device_measure() - how long it takes is measured
 * @parse: the text
 * @word: where it stands
 */
void device_measure(struct parse *parse, struct word word)
{
	device_set(parse, PE_DEVICE_MEASURE, word);
}

/**
 * device_separate() - a statement of the device ends
 * @parse: the text
 */
void device_separate(struct parse *parse)
{
	parse->port = NULL;
}

/* ---- what a whole device needs ---- */

static void device_lacks(struct parse *parse, int attr, const char *what)
{
	const struct pe_device *device = parse->device;
	uint32_t at = device->at[attr] ? device->at[attr] : device->o.at;

	parse_error(parse, source_word_at(parse->source, at - 1), "device '%s' lacks %s",
		    device->o.name, what);
}

static bool port_has_hop(const struct pe_port *port)
{
	return port->has & (PE_HAS(PE_PORT_LLADDR) | PE_HAS(PE_PORT_VIA) | PE_HAS(PE_PORT_REMOTE));
}

static void device_check_port(struct parse *parse, const struct pe_port *port, int attr)
{
	bool transparent = parse->device->has & PE_HAS(PE_DEVICE_TRANSPARENT);

	if (!(port->has & PE_HAS(PE_PORT_DEV)))
		device_lacks(parse, attr, "the interface it is attached to (dev)");
	else if (transparent && port_has_hop(port))
		parse_error(
			parse, source_word_at(parse->source, port->at[PE_PORT_DEV] - 1),
			"a transparent device has no link-layer address: only dev belongs here");
	else if (!transparent && !port_has_hop(port))
		device_lacks(parse, attr,
			     "a link-layer address (lladdr) or the address that gives it (via)");
	else if ((port->has & PE_HAS(PE_PORT_REMOTE)) && !(port->has & PE_HAS(PE_PORT_VNI)))
		device_lacks(parse, attr, "the VXLAN network identifier of the tunnel (vni)");
	else if ((port->has & PE_HAS(PE_PORT_VNI)) && !(port->has & PE_HAS(PE_PORT_REMOTE)))
		device_lacks(parse, attr, "the address of the tunnel's other end (remote)");
	else if ((port->has & PE_HAS(PE_PORT_REMOTE)) &&
		 parse->device->kind != PE_DEVICE_KIND_INLINE)
		parse_error(parse, source_word_at(parse->source, port->at[PE_PORT_REMOTE] - 1),
			    "only an inline device can be behind a tunnel (remote)");
}

static void device_check_server(struct parse *parse)
{
	struct pe_device *device = parse->device;

	device->has |= PE_HAS(PE_DEVICE_MODE);
	if (device->mode == PE_SERVER_MODE_NAT && !(device->has & PE_HAS(PE_DEVICE_ADDRESS)))
		device_lacks(parse, PE_DEVICE_MODE, "its address, which mode nat needs");
	else if (device->mode != PE_SERVER_MODE_NAT || (device->has & PE_HAS(PE_DEVICE_OUTSIDE)))
		device_check_port(parse, &device->outside, PE_DEVICE_KIND);
}

static void device_check_inline(struct parse *parse)
{
	struct pe_device *device = parse->device;
	bool inside = device->has & PE_HAS(PE_DEVICE_INSIDE);

	if (inside && !(device->has & PE_HAS(PE_DEVICE_OUTSIDE))) {
		device_lacks(parse, PE_DEVICE_INSIDE, "its outside");
		return;
	}
	if (!inside && (device->has & PE_HAS(PE_DEVICE_TRANSPARENT))) {
		device_lacks(parse, PE_DEVICE_TRANSPARENT,
			     "its inside: a transparent device has two sides");
		return;
	}
	device_check_port(parse, &device->outside, inside ? PE_DEVICE_OUTSIDE : PE_DEVICE_KIND);
	if (inside)
		device_check_port(parse, &device->inside, PE_DEVICE_INSIDE);
}

static void device_check_sides(struct parse *parse)
{
	const struct pe_device *device = parse->device;
	uint32_t at = device->at[PE_DEVICE_OUTSIDE];
	const char *word = parse->source->text + at - 1;

	if (device->kind == PE_DEVICE_KIND_INLINE && at && !strncmp(word, "outside", 7) &&
	    !(device->has & PE_HAS(PE_DEVICE_INSIDE)))
		device_lacks(parse, PE_DEVICE_OUTSIDE, "its inside");
}

static bool device_has_address(const struct pe_device *device)
{
	return device->has & PE_HAS(PE_DEVICE_ADDRESS) ||
	       device->outside.has & PE_HAS(PE_PORT_VIA) ||
	       device->inside.has & PE_HAS(PE_PORT_VIA);
}

static void device_check(struct parse *parse)
{
	struct pe_device *device = parse->device;

	if (!(device->has & PE_HAS(PE_DEVICE_KIND)))
		device_lacks(parse, PE_DEVICE_NAME, "its kind: server, inline or tap");
	else if (device->kind == PE_DEVICE_KIND_SERVER)
		device_check_server(parse);
	else if (device->has & PE_HAS(PE_DEVICE_MODE))
		parse_error(parse, source_word_at(parse->source, device->at[PE_DEVICE_MODE] - 1),
			    "only a server has a mode");
	else if (device->kind == PE_DEVICE_KIND_INLINE)
		device_check_inline(parse);
	else
		device_check_port(parse, &device->outside, PE_DEVICE_KIND);
	device_check_sides(parse);
	if ((device->has & PE_HAS(PE_DEVICE_GUARD)) && !device_has_address(device))
		device_lacks(parse, PE_DEVICE_GUARD, "the address that is to be guarded (address)");
}

/**
 * device_end() - finish a device
 * @parse: the text
 */
void device_end(struct parse *parse)
{
	if (parse->failed)
		return;
	if (parse->device->o.verb != PE_VERB_CHANGE)
		device_check(parse);
	parse_finish(parse, &parse->device->o);
	parse->device = NULL;
}
