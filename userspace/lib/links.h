/* SPDX-License-Identifier: GPL-2.0-only */
/* Interfaces of this network namespace, and the router's addresses on them. */
#ifndef PE_LINKS_H
#define PE_LINKS_H

#include <net/if.h>
#include <stdbool.h>
#include <stdint.h>

#include "addr.h"
#include "arena.h"

/**
 * struct pe_link_addr - an address of the router's own
 * @next: the next one of its interface
 * @addr: the address
 * @bits: of the prefix of its link
 */
struct pe_link_addr {
	struct pe_link_addr *next;
	struct pe_addr addr;
	unsigned int bits;
};

/**
 * struct pe_link - an interface
 * @next: the next one
 * @name: its name
 * @ifindex: its index
 * @flags: IFF_UP ...
 * @mac: its link-layer address
 * @ethernet: whether it has such an address
 * @addrs: its addresses, in the kernel's order
 * @last: the last of them
 */
struct pe_link {
	struct pe_link *next;
	char name[IF_NAMESIZE];
	uint32_t ifindex;
	unsigned int flags;
	uint8_t mac[PE_MAC_LEN];
	bool ethernet;
	struct pe_link_addr *addrs;
	struct pe_link_addr *last;
};

/**
 * struct pe_links - all interfaces
 * @arena: their memory
 * @first: the first one
 * @last: the last one
 */
struct pe_links {
	struct pe_arena arena;
	struct pe_link *first;
	struct pe_link *last;
};

int pe_links_read(struct pe_links *links);
void pe_links_free(struct pe_links *links);
struct pe_link *pe_links_find(const struct pe_links *links, const char *name);
bool pe_links_source(const struct pe_links *links, const struct pe_link *link,
		     const struct pe_addr *to, struct pe_addr *from);
bool pe_links_route(const struct pe_addr *to, struct pe_addr *from);

#endif
