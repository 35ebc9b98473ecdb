// SPDX-License-Identifier: GPL-2.0-only
/* The least that steering can cost: every packet that reaches PREROUTING gets a
 * link-layer header and is sent, without a look at what it is. What the engine
 * takes beyond this is for finding out where a packet goes.
 *
 * Works in the namespace of whoever loads it. With copy= it sends a clone of
 * each packet by that interface first. With loop= and hops= it sends each packet
 * so many times to that interface, where something sends it back, before it goes
 * out: hop k is told by the last byte of the link-layer address, FLOOR_DEVICE + k.
 */

#include <linux/etherdevice.h>
#include <linux/module.h>
#include <linux/netdevice.h>
#include <linux/netfilter.h>
#include <linux/netfilter_ipv4.h>
#include <linux/netfilter_ipv6.h>
#include <linux/nsproxy.h>
#include <net/net_namespace.h>

#define FLOOR_DEVICE 0x10

struct floor_port {
	struct net_device *dev;
	u8 lladdr[ETH_ALEN];
};

static char *port = "";
module_param_named(out, port, charp, 0);
MODULE_PARM_DESC(out, "interface to send by");

static char *lladdr = "";
module_param(lladdr, charp, 0);
MODULE_PARM_DESC(lladdr, "link-layer address to send to");

static char *copy = "";
module_param(copy, charp, 0);
MODULE_PARM_DESC(copy, "interface to send a clone by");

static char *loop = "";
module_param(loop, charp, 0);
MODULE_PARM_DESC(loop, "interface that sends packets back");

static unsigned int hops;
module_param(hops, uint, 0);
MODULE_PARM_DESC(hops, "how often to send a packet there");

static struct net *floor_net;
static struct floor_port floor_out, floor_copy, floor_loop;

static void floor_send(struct sk_buff *skb, struct net_device *dev, const u8 *to)
{
	struct ethhdr *eth;

	/* Whoever else has the buffer must not see what is written to it. */
	if (skb_cow_head(skb, LL_RESERVED_SPACE(dev))) {
		kfree_skb(skb);
		return;
	}
	eth = skb_push(skb, ETH_HLEN);
	skb_reset_mac_header(skb);
	ether_addr_copy(eth->h_dest, to);
	ether_addr_copy(eth->h_source, dev->dev_addr);
	skb->dev = dev;
	dev_queue_xmit(skb);
}

static unsigned int floor_hook(void *priv, struct sk_buff *skb, const struct nf_hook_state *state)
{
	floor_send(skb, floor_out.dev, floor_out.lladdr);
	return NF_STOLEN;
}

static unsigned int floor_copy_hook(void *priv, struct sk_buff *skb,
				    const struct nf_hook_state *state)
{
	struct sk_buff *clone = skb_clone(skb, GFP_ATOMIC);

	if (!clone)
		return NF_DROP;
	floor_send(clone, floor_copy.dev, floor_copy.lladdr);
	floor_send(skb, floor_out.dev, floor_out.lladdr);
	return NF_STOLEN;
}

static unsigned int floor_walk_hook(void *priv, struct sk_buff *skb,
				    const struct nf_hook_state *state)
{
	u8 to[ETH_ALEN];
	unsigned int hop = 0;

	if (skb->dev == floor_loop.dev)
		hop = eth_hdr(skb)->h_source[ETH_ALEN - 1] - FLOOR_DEVICE;
	if (hop >= hops) {
		floor_send(skb, floor_out.dev, floor_out.lladdr);
		return NF_STOLEN;
	}
	ether_addr_copy(to, floor_loop.lladdr);
	to[ETH_ALEN - 1] = FLOOR_DEVICE + hop + 1;
	floor_send(skb, floor_loop.dev, to);
	return NF_STOLEN;
}

static struct nf_hook_ops floor_ops[] = {
	{
		.pf = NFPROTO_IPV4,
		.hooknum = NF_INET_PRE_ROUTING,
		.priority = NF_IP_PRI_RAW_BEFORE_DEFRAG,
	},
	{
		.pf = NFPROTO_IPV6,
		.hooknum = NF_INET_PRE_ROUTING,
		.priority = NF_IP6_PRI_RAW_BEFORE_DEFRAG,
	},
};

static int floor_port_get(struct floor_port *to, const char *name)
{
	if (!*name)
		return 0;
	to->dev = dev_get_by_name(floor_net, name);
	if (!to->dev)
		return -ENODEV;
	ether_addr_copy(to->lladdr, floor_out.lladdr);
	return 0;
}

static void floor_put(void)
{
	dev_put(floor_out.dev);
	dev_put(floor_copy.dev);
	dev_put(floor_loop.dev);
	put_net(floor_net);
}

static int __init floor_init(void)
{
	nf_hookfn *hook = floor_hook;
	int err;

	if (!*port || !mac_pton(lladdr, floor_out.lladdr))
		return -EINVAL;
	floor_net = get_net(current->nsproxy->net_ns);
	err = floor_port_get(&floor_out, port);
	if (!err)
		err = floor_port_get(&floor_copy, copy);
	if (!err)
		err = floor_port_get(&floor_loop, loop);
	if (err)
		goto out;
	if (floor_copy.dev)
		hook = floor_copy_hook;
	else if (floor_loop.dev)
		hook = floor_walk_hook;
	floor_ops[0].hook = hook;
	floor_ops[1].hook = hook;
	err = nf_register_net_hooks(floor_net, floor_ops, ARRAY_SIZE(floor_ops));
out:
	if (err)
		floor_put();
	return err;
}

static void __exit floor_exit(void)
{
	nf_unregister_net_hooks(floor_net, floor_ops, ARRAY_SIZE(floor_ops));
	floor_put();
}

module_init(floor_init);
module_exit(floor_exit);
MODULE_DESCRIPTION("The least that steering can cost");
MODULE_LICENSE("GPL");
