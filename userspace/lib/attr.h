/* SPDX-License-Identifier: GPL-2.0-only */
/* Attributes in messages, beyond what libmnl offers. */
#ifndef PE_ATTR_H
#define PE_ATTR_H

#include <libmnl/libmnl.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct pe_addr;
struct pe_arena;
struct pe_counter;

void pe_attr_put_addr(struct nlmsghdr *nlh, uint16_t type, const struct pe_addr *addr);
const char *pe_attr_str(const struct nlattr *attr, struct pe_arena *arena);
bool pe_attr_strcpy(char *buf, size_t size, const struct nlattr *attr);
uint8_t pe_attr_u8(const struct nlattr *attr);
uint16_t pe_attr_u16(const struct nlattr *attr);
uint32_t pe_attr_u32(const struct nlattr *attr);
uint64_t pe_attr_u64(const struct nlattr *attr);
bool pe_attr_addr(struct pe_addr *addr, const struct nlattr *attr);
bool pe_attr_mac(uint8_t *mac, const struct nlattr *attr);
void pe_attr_counter(struct pe_counter *counter, const struct nlattr *nest);

#endif
