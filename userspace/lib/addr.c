// SPDX-License-Identifier: GPL-2.0-only

#include "addr.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <string.h>

static bool pe_addr_parse4(struct pe_addr *addr, const char *s, size_t len)
{
	const char *end = s + len;
	int i;

	for (i = 0; i < 4; i++) {
		unsigned int v = 0, digits = 0;

		if (i && (s == end || *s++ != '.'))
			return false;
		while (s < end && *s >= '0' && *s <= '9' && digits++ < 3)
			v = v * 10 + (unsigned int)(*s++ - '0');
		if (!digits || v > 255 || (digits > 1 && s[-(int)digits] == '0'))
			return false;
		addr->b[i] = (uint8_t)v;
	}
	addr->len = 4;
	return s == end;
}

static bool pe_addr_parse6(struct pe_addr *addr, const char *s, size_t len)
{
	char buf[PE_ADDR_STRLEN];

	if (len >= sizeof(buf))
		return false;
	memcpy(buf, s, len);
	buf[len] = '\0';
	addr->len = 16;
	return inet_pton(AF_INET6, buf, addr->b) == 1;
}

/**
 * pe_addr_parse() - read an address
 * @addr: where to store it
 * @s: its text
 * @len: length of the text
 *
 * Return: whether the text is one whole IPv4 or IPv6 address.
 */
bool pe_addr_parse(struct pe_addr *addr, const char *s, size_t len)
{
	memset(addr, 0, sizeof(*addr));
	if (memchr(s, ':', len))
		return pe_addr_parse6(addr, s, len);
	return pe_addr_parse4(addr, s, len);
}

/**
 * pe_addr_format() - write an address
 * @addr: the address
 * @buf: room for PE_ADDR_STRLEN bytes
 *
 * Return: @buf.
 */
const char *pe_addr_format(const struct pe_addr *addr, char *buf)
{
	int family = addr->len == 4 ? AF_INET : AF_INET6;

	if (!addr->len || !inet_ntop(family, addr->b, buf, PE_ADDR_STRLEN))
		buf[0] = '\0';
	return buf;
}

/**
 * pe_addr_equal() - compare two addresses
 * @a: one
 * @b: the other
 *
 * Return: whether they are of one family and the same.
 */
bool pe_addr_equal(const struct pe_addr *a, const struct pe_addr *b)
{
	return a->len == b->len && !memcmp(a->b, b->b, a->len);
}

/**
 * pe_addr_set() - store the bytes of an address
 * @addr: where
 * @bytes: the bytes
 * @len: how many
 *
 * Return: whether that is the length of an address.
 */
bool pe_addr_set(struct pe_addr *addr, const void *bytes, size_t len)
{
	memset(addr, 0, sizeof(*addr));
	if (len != 4 && len != 16)
		return false;
	addr->len = (uint8_t)len;
	memcpy(addr->b, bytes, len);
	return true;
}

static int pe_hex(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	if (c >= 'A' && c <= 'F')
		return c - 'A' + 10;
	return -1;
}

/**
 * pe_mac_parse() - read a link-layer address
 * @mac: room for PE_MAC_LEN bytes
 * @s: its text, six pairs of hexadecimal digits with colons between
 * @len: length of the text
 *
 * Return: whether the text is such an address.
 */
bool pe_mac_parse(uint8_t *mac, const char *s, size_t len)
{
	int i;

	if (len != PE_MAC_STRLEN - 1)
		return false;
	for (i = 0; i < PE_MAC_LEN; i++, s += 3) {
		int high = pe_hex(s[0]), low = pe_hex(s[1]);

		if (high < 0 || low < 0 || (i < PE_MAC_LEN - 1 && s[2] != ':'))
			return false;
		mac[i] = (uint8_t)(high << 4 | low);
	}
	return true;
}

/**
 * pe_mac_format() - write a link-layer address
 * @mac: its PE_MAC_LEN bytes
 * @buf: room for PE_MAC_STRLEN bytes
 *
 * Return: @buf.
 */
const char *pe_mac_format(const uint8_t *mac, char *buf)
{
	snprintf(buf, PE_MAC_STRLEN, "%02x:%02x:%02x:%02x:%02x:%02x", mac[0], mac[1], mac[2],
		 mac[3], mac[4], mac[5]);
	return buf;
}
