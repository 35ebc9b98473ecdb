// SPDX-License-Identifier: GPL-2.0-only

#include "links.h"

#include <arpa/inet.h>
#include <errno.h>
#include <ifaddrs.h>
#include <linux/if_arp.h>
#include <linux/if_packet.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

/* Any will do: nothing is sent there. */
#define PE_LINKS_PORT 9

static struct pe_link *pe_links_get(struct pe_links *links, const char *name)
{
	struct pe_link *link = pe_links_find(links, name);

	if (link)
		return link;
	link = pe_arena_alloc(&links->arena, sizeof(*link));
	memset(link, 0, sizeof(*link));
	strncpy(link->name, name, sizeof(link->name) - 1);
	if (links->last)
		links->last->next = link;
	else
		links->first = link;
	links->last = link;
	return link;
}

static void pe_link_take_mac(struct pe_link *link, const struct sockaddr_ll *ll)
{
	link->ifindex = (uint32_t)ll->sll_ifindex;
	link->ethernet = ll->sll_hatype == ARPHRD_ETHER && ll->sll_halen == PE_MAC_LEN;
	if (link->ethernet)
		memcpy(link->mac, ll->sll_addr, PE_MAC_LEN);
}

static const void *pe_links_bytes(const struct sockaddr *sa, size_t *len)
{
	*len = sa->sa_family == AF_INET ? 4 : 16;
	if (sa->sa_family == AF_INET)
		return &((const struct sockaddr_in *)sa)->sin_addr;
	return &((const struct sockaddr_in6 *)sa)->sin6_addr;
}

static unsigned int pe_links_bits(const struct sockaddr *mask)
{
	unsigned int bits = 0;
	const uint8_t *p;
	size_t i, len;

	p = pe_links_bytes(mask, &len);
	for (i = 0; i < len; i++)
		bits += (unsigned int)__builtin_popcount(p[i]);
	return bits;
}

/* What can be bound to is the router's already: others are tentative still. */
static bool pe_links_is_ready(const struct ifaddrs *ifa)
{
	socklen_t len = ifa->ifa_addr->sa_family == AF_INET ? sizeof(struct sockaddr_in) :
							      sizeof(struct sockaddr_in6);
	int fd = socket(ifa->ifa_addr->sa_family, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	bool ready;

	if (fd < 0)
		return false;
	ready = !bind(fd, ifa->ifa_addr, len);
	close(fd);
	return ready;
}

static void pe_links_add_addr(struct pe_links *links, struct pe_link *link,
			      const struct ifaddrs *ifa)
{
	struct pe_link_addr *addr;
	const void *bytes;
	size_t len;

	if (!ifa->ifa_netmask || !pe_links_is_ready(ifa))
		return;
	addr = pe_arena_alloc(&links->arena, sizeof(*addr));
	memset(addr, 0, sizeof(*addr));
	bytes = pe_links_bytes(ifa->ifa_addr, &len);
	pe_addr_set(&addr->addr, bytes, len);
	addr->bits = pe_links_bits(ifa->ifa_netmask);
	if (link->last)
		link->last->next = addr;
	else
		link->addrs = addr;
	link->last = addr;
}

static void pe_links_add(struct pe_links *links, const struct ifaddrs *ifa)
{
	struct pe_link *link = pe_links_get(links, ifa->ifa_name);

	link->flags = ifa->ifa_flags;
	if (!ifa->ifa_addr)
		return;
	if (ifa->ifa_addr->sa_family == AF_PACKET)
		pe_link_take_mac(link, (const struct sockaddr_ll *)ifa->ifa_addr);
	else if (ifa->ifa_addr->sa_family == AF_INET || ifa->ifa_addr->sa_family == AF_INET6)
		pe_links_add_addr(links, link, ifa);
}

/**
 * pe_links_read() - read what interfaces there are now
 * @links: where to keep them; what was there is forgotten
 *
 * Return: 0 or a negative error number.
 */
int pe_links_read(struct pe_links *links)
{
	struct ifaddrs *all, *ifa;

	pe_links_free(links);
	if (getifaddrs(&all))
		return -errno;
	for (ifa = all; ifa; ifa = ifa->ifa_next)
		pe_links_add(links, ifa);
	freeifaddrs(all);
	return 0;
}

/**
 * pe_links_free() - forget the interfaces
 * @links: empty afterwards and ready for use
 */
void pe_links_free(struct pe_links *links)
{
	pe_arena_free(&links->arena);
	links->first = links->last = NULL;
}

/**
 * pe_links_find() - an interface by its name
 * @links: the interfaces
 * @name: the name
 *
 * Return: the interface or NULL.
 */
struct pe_link *pe_links_find(const struct pe_links *links, const char *name)
{
	struct pe_link *link;

	for (link = links->first; link; link = link->next)
		if (!strcmp(link->name, name))
			return link;
	return NULL;
}

static bool pe_links_is_local(const struct pe_addr *addr)
{
	return addr->len == 16 && addr->b[0] == 0xfe && (addr->b[1] & 0xc0) == 0x80;
}

static bool pe_links_covers(const struct pe_link_addr *own, const struct pe_addr *to)
{
	unsigned int bytes = own->bits / 8, rest = own->bits % 8;

	if (memcmp(own->addr.b, to->b, bytes))
		return false;
	return !rest || !((own->addr.b[bytes] ^ to->b[bytes]) >> (8 - rest));
}

/* The interface's own for the link if it has one, else its first; none of
 * those that only a link knows.
 */
static const struct pe_addr *pe_link_source(const struct pe_link *link, const struct pe_addr *to)
{
	const struct pe_link_addr *own, *first = NULL;

	for (own = link->addrs; own; own = own->next) {
		if (own->addr.len != to->len || pe_links_is_local(&own->addr))
			continue;
		if (pe_links_covers(own, to))
			return &own->addr;
		if (!first)
			first = own;
	}
	return first ? &first->addr : NULL;
}

/**
 * pe_links_source() - which address to send from by an interface
 * @links: all interfaces
 * @link: the interface
 * @to: where to, behind it
 * @from: set to an address of the same family
 *
 * As the kernel chooses where no route says: one of the interface's own, or the
 * first of another interface's.
 *
 * Return: false where the router has no address of the family.
 */
bool pe_links_source(const struct pe_links *links, const struct pe_link *link,
		     const struct pe_addr *to, struct pe_addr *from)
{
	const struct pe_addr *found = pe_link_source(link, to);
	const struct pe_link *other;

	for (other = links->first; other && !found; other = other->next)
		if (!(other->flags & IFF_LOOPBACK))
			found = pe_link_source(other, to);
	if (found)
		*from = *found;
	return found;
}

static socklen_t pe_links_sockaddr(struct sockaddr_storage *sa, const struct pe_addr *addr)
{
	struct sockaddr_in6 *in6 = (struct sockaddr_in6 *)sa;
	struct sockaddr_in *in = (struct sockaddr_in *)sa;

	memset(sa, 0, sizeof(*sa));
	if (addr->len == 4) {
		in->sin_family = AF_INET;
		in->sin_port = htons(PE_LINKS_PORT);
		memcpy(&in->sin_addr, addr->b, 4);
		return sizeof(*in);
	}
	in6->sin6_family = AF_INET6;
	in6->sin6_port = htons(PE_LINKS_PORT);
	memcpy(&in6->sin6_addr, addr->b, 16);
	return sizeof(*in6);
}

/**
 * pe_links_route() - which address the kernel sends from by its own route
 * @to: where to
 * @from: set to the address
 *
 * Return: false where there is no route.
 */
bool pe_links_route(const struct pe_addr *to, struct pe_addr *from)
{
	struct sockaddr_storage sa;
	socklen_t len = pe_links_sockaddr(&sa, to);
	int fd = socket(sa.ss_family, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	const void *bytes;
	size_t size;
	bool found;

	if (fd < 0)
		return false;
	found = !connect(fd, (struct sockaddr *)&sa, len) &&
		!getsockname(fd, (struct sockaddr *)&sa, &len);
	close(fd);
	if (!found)
		return false;
	bytes = pe_links_bytes((struct sockaddr *)&sa, &size);
	return pe_addr_set(from, bytes, size);
}
