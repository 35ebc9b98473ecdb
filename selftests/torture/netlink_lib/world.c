// SPDX-License-Identifier: GPL-2.0-only

#include "world.h"

#include <errno.h>
#include <fcntl.h>
#include <libmnl/libmnl.h>
#include <linux/if_link.h>
#include <linux/genetlink.h>
#include <linux/pe.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "random.h"
#include "sane.h"
#include "sock.h"

/**
 * netns_here() - a descriptor of this thread's namespace
 */
int netns_here(void)
{
	return open("/proc/thread-self/ns/net", O_RDONLY | O_CLOEXEC);
}

/**
 * netns_enter() - go to another namespace
 * @fd: descriptor of it
 */
bool netns_enter(int fd)
{
	if (!setns(fd, CLONE_NEWNET))
		return true;
	fault("setns: %s", strerror(errno));
	return false;
}

static bool link_talk(struct nlmsghdr *nlh)
{
	struct mnl_socket *nl = mnl_socket_open(NETLINK_ROUTE);
	char buf[8192];
	ssize_t got = -1;
	int ok = -1;

	nlh->nlmsg_flags |= NLM_F_REQUEST | NLM_F_ACK;
	if (nl && !mnl_socket_bind(nl, 0, MNL_SOCKET_AUTOPID) &&
	    mnl_socket_sendto(nl, nlh, nlh->nlmsg_len) > 0)
		got = mnl_socket_recvfrom(nl, buf, sizeof(buf));
	if (got > 0)
		ok = mnl_cb_run(buf, (size_t)got, 0, mnl_socket_get_portid(nl), NULL, NULL);
	if (nl)
		mnl_socket_close(nl);
	return ok >= 0;
}

static struct nlmsghdr *link_message(char *buf, uint16_t type, const char *name)
{
	struct nlmsghdr *nlh = mnl_nlmsg_put_header(buf);
	struct ifinfomsg *info = mnl_nlmsg_put_extra_header(nlh, sizeof(*info));

	nlh->nlmsg_type = type;
	info->ifi_flags = info->ifi_change = IFF_UP;
	mnl_attr_put_strz(nlh, IFLA_IFNAME, name);
	return nlh;
}

/**
 * link_add() - a dummy interface
 * @name: of it
 * @number: in its link-layer address
 */
bool link_add(const char *name, unsigned int number)
{
	uint8_t mac[6] = { 2, 0xee, 0, 0, 0, (uint8_t)number };
	char buf[1024];
	struct nlmsghdr *nlh = link_message(buf, RTM_NEWLINK, name);
	struct nlattr *info;

	nlh->nlmsg_flags = NLM_F_CREATE | NLM_F_EXCL;
	mnl_attr_put(nlh, IFLA_ADDRESS, sizeof(mac), mac);
	info = mnl_attr_nest_start(nlh, IFLA_LINKINFO);
	mnl_attr_put_strz(nlh, IFLA_INFO_KIND, "dummy");
	mnl_attr_nest_end(nlh, info);
	return link_talk(nlh);
}

/**
 * link_del() - delete an interface
 * @name: of it
 */
bool link_del(const char *name)
{
	char buf[1024];

	return link_talk(link_message(buf, RTM_DELLINK, name));
}

static bool world_socks(struct world *world)
{
	unsigned int i;

	for (i = 0; i < WORLD_SOCKS; i++)
		if (!sock_open(&world->socks[i]))
			return false;
	if (!sock_open(&world->control) || !sock_open(&world->ear))
		return false;
	sock_join(&world->ear);
	world->generation = world_generation(world);
	world->settled = tally.commits;
	return true;
}

/**
 * world_open() - a new namespace
 * @world: it
 *
 * Return: whether it could be made; the thread is where it was before.
 */
bool world_open(struct world *world)
{
	int home = netns_here();
	bool ok = !unshare(CLONE_NEWNET);
	char name[8];
	int i;

	for (i = 0; ok && i < SANE_IFACES; i++) {
		snprintf(name, sizeof(name), "i%d", i);
		ok = link_add(name, (unsigned int)i);
	}
	if (!ok)
		fault("a namespace with interfaces: %s", strerror(errno));
	world->netns = netns_here();
	ok = ok && world_socks(world);
	netns_enter(home);
	close(home);
	return ok;
}

/**
 * world_join() - sockets of one's own in a namespace that is there
 * @world: out: it
 * @netns: descriptor of it
 */
bool world_join(struct world *world, int netns)
{
	int home = netns_here();
	bool ok = netns_enter(netns);

	world->netns = netns;
	ok = ok && world_socks(world);
	netns_enter(home);
	close(home);
	return ok;
}

/**
 * world_close() - leave a namespace, whatever is under way in it
 * @world: it
 */
void world_close(struct world *world)
{
	unsigned int i, first = random_below(WORLD_SOCKS);

	close(world->netns);
	world->netns = -1;
	for (i = 0; i < WORLD_SOCKS; i++)
		sock_close(&world->socks[(first + i) % WORLD_SOCKS]);
	sock_close(&world->control);
	sock_close(&world->ear);
}

/**
 * world_reopen() - close a socket half-way, and have another
 * @world: its namespace
 * @which: socket
 */
void world_reopen(struct world *world, unsigned int which)
{
	int home = netns_here();

	sock_close(&world->socks[which]);
	if (netns_enter(world->netns))
		sock_open(&world->socks[which]);
	netns_enter(home);
	close(home);
}

/**
 * world_fill() - have every device there is, so that services can be
 * @world: the namespace
 */
void world_fill(struct world *world)
{
	unsigned int i;

	for (i = 0; i < SANE_DEVICES; i++) {
		pool_reset();
		sock_add(&world->control, sane_device(i), false);
	}
	sock_settle(&world->control);
}

static void hear_generation(const struct nlmsghdr *nlh, void *arg)
{
	const struct nlattr *attr;

	mnl_attr_for_each(attr, nlh, GENL_HDRLEN)
		if (mnl_attr_get_type(attr) == PE_INFO_GENERATION)
			*(uint32_t *)arg = mnl_attr_get_u32(attr);
}

/**
 * world_generation() - what the configuration is at
 * @world: its namespace
 */
uint32_t world_generation(struct world *world)
{
	uint32_t generation = 0;

	sock_heard = hear_generation;
	sock_heard_arg = &generation;
	sock_ask(&world->control, message_new(PE_CMD_INFO_GET, NLM_F_ACK));
	sock_heard = NULL;
	return generation;
}

/**
 * world_settle() - hear all answers, and count what was done
 * @world: the namespace
 *
 * What was done counts generations, and nothing else does.
 */
void world_settle(struct world *world)
{
	uint32_t now;
	unsigned int i;

	for (i = 0; i < WORLD_SOCKS; i++)
		sock_settle(&world->socks[i]);
	sock_settle(&world->control);
	while (sock_hear(&world->ear))
		;
	world->generation += (uint32_t)(tally.commits - world->settled);
	world->settled = tally.commits;
	now = world_generation(world);
	if (now != world->generation)
		fault("generation %u instead of %u", now, world->generation);
	world->generation = now;
}

static void hear_hash(const struct nlmsghdr *nlh, void *arg)
{
	const uint8_t *p = mnl_nlmsg_get_payload(nlh);
	uint64_t *hash = arg;
	size_t i;

	for (i = 0; i < mnl_nlmsg_get_payload_len(nlh); i++)
		*hash = (*hash ^ p[i]) * 0x100000001b3ULL;
}

/**
 * world_hash() - a number that is another when anything is configured otherwise
 * @world: the namespace
 */
uint64_t world_hash(struct world *world)
{
	uint64_t hash = 0xcbf29ce484222325ULL;

	sock_heard = hear_hash;
	sock_heard_arg = &hash;
	sock_ask(&world->control, message_new(PE_CMD_DEVICE_GET, NLM_F_DUMP));
	sock_ask(&world->control, message_new(PE_CMD_SERVICE_GET, NLM_F_DUMP));
	sock_heard = NULL;
	return hash;
}
