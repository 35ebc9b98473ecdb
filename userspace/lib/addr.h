/* SPDX-License-Identifier: GPL-2.0-only */
/* Network and link-layer addresses as text and as bytes. */
#ifndef PE_ADDR_H
#define PE_ADDR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define PE_MAC_LEN 6
#define PE_MAC_STRLEN 18
#define PE_ADDR_STRLEN 46

/**
 * struct pe_addr - an IPv4 or IPv6 address, or none
 * @len: 4, 16, or 0 for none
 * @b: the bytes, in network order
 */
struct pe_addr {
	uint8_t len;
	uint8_t b[16];
};

bool pe_addr_parse(struct pe_addr *addr, const char *s, size_t len);
const char *pe_addr_format(const struct pe_addr *addr, char *buf);
bool pe_addr_equal(const struct pe_addr *a, const struct pe_addr *b);
bool pe_addr_set(struct pe_addr *addr, const void *bytes, size_t len);

bool pe_mac_parse(uint8_t *mac, const char *s, size_t len);
const char *pe_mac_format(const uint8_t *mac, char *buf);

#endif
