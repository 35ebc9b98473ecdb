// SPDX-License-Identifier: GPL-2.0-only

#include "attr.h"

#include <linux/pe.h>
#include <string.h>

#include "addr.h"
#include "arena.h"
#include "object.h"

/**
 * pe_attr_put_addr() - append an address
 * @nlh: the message
 * @type: of the attribute
 * @addr: the address, or none, which appends nothing
 */
void pe_attr_put_addr(struct nlmsghdr *nlh, uint16_t type, const struct pe_addr *addr)
{
	if (addr->len)
		mnl_attr_put(nlh, type, addr->len, addr->b);
}

/**
 * pe_attr_str() - read a string
 * @attr: the attribute
 * @arena: where to keep the string
 *
 * Return: the string, with or without a final zero in the message.
 */
const char *pe_attr_str(const struct nlattr *attr, struct pe_arena *arena)
{
	const char *s = mnl_attr_get_payload(attr);

	return pe_arena_strndup(arena, s, strnlen(s, mnl_attr_get_payload_len(attr)));
}

/**
 * pe_attr_strcpy() - read a short string
 * @buf: where to store it
 * @size: room there
 * @attr: the attribute
 *
 * Return: whether it fitted.
 */
bool pe_attr_strcpy(char *buf, size_t size, const struct nlattr *attr)
{
	const char *s = mnl_attr_get_payload(attr);
	size_t len = strnlen(s, mnl_attr_get_payload_len(attr));

	if (len >= size)
		return false;
	memcpy(buf, s, len);
	buf[len] = '\0';
	return true;
}

/**
 * pe_attr_u8() - read a number
 * @attr: the attribute
 *
 * Return: the number, 0 if the attribute is too short.
 */
uint8_t pe_attr_u8(const struct nlattr *attr)
{
	return mnl_attr_get_payload_len(attr) ? mnl_attr_get_u8(attr) : 0;
}

/**
 * pe_attr_u16() - read a number
 * @attr: the attribute
 *
 * Return: the number, 0 if the attribute is too short.
 */
uint16_t pe_attr_u16(const struct nlattr *attr)
{
	return mnl_attr_get_payload_len(attr) < sizeof(uint16_t) ? 0 : mnl_attr_get_u16(attr);
}

/**
 * pe_attr_u32() - read a number
 * @attr: the attribute
 *
 * Return: the number, 0 if the attribute is too short.
 */
uint32_t pe_attr_u32(const struct nlattr *attr)
{
	return mnl_attr_get_payload_len(attr) < sizeof(uint32_t) ? 0 : mnl_attr_get_u32(attr);
}

/**
 * pe_attr_u64() - read a number
 * @attr: the attribute
 *
 * Return: the number, 0 if the attribute is too short.
 */
uint64_t pe_attr_u64(const struct nlattr *attr)
{
	return mnl_attr_get_payload_len(attr) < sizeof(uint64_t) ? 0 : mnl_attr_get_u64(attr);
}

/**
 * pe_attr_addr() - read an address
 * @addr: where to store it
 * @attr: the attribute
 *
 * Return: whether it is one.
 */
bool pe_attr_addr(struct pe_addr *addr, const struct nlattr *attr)
{
	return pe_addr_set(addr, mnl_attr_get_payload(attr), mnl_attr_get_payload_len(attr));
}

/**
 * pe_attr_mac() - read a link-layer address
 * @mac: where to store it
 * @attr: the attribute
 *
 * Return: whether it is one.
 */
bool pe_attr_mac(uint8_t *mac, const struct nlattr *attr)
{
	if (mnl_attr_get_payload_len(attr) != PE_MAC_LEN)
		return false;
	memcpy(mac, mnl_attr_get_payload(attr), PE_MAC_LEN);
	return true;
}

/**
 * pe_attr_counter() - read packets and bytes
 * @counter: where to store them
 * @nest: the attribute around them
 */
void pe_attr_counter(struct pe_counter *counter, const struct nlattr *nest)
{
	const struct nlattr *attr;

	mnl_attr_for_each_nested(attr, nest) {
		if (mnl_attr_get_type(attr) == PE_COUNTER_PACKETS)
			counter->packets = pe_attr_u64(attr);
		else if (mnl_attr_get_type(attr) == PE_COUNTER_BYTES)
			counter->bytes = pe_attr_u64(attr);
	}
}
