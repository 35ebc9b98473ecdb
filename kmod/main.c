// SPDX-License-Identifier: GPL-2.0-only
/* Packeting engine: load and unload, in order. */

#include <net/genetlink.h>
#include <linux/init.h>
#include <linux/module.h>
#include <uapi/linux/pe.h>

#include "control/netlink.h"
#include "control/session.h"
#include "netns.h"
#include "watch.h"

static int __init pe_init(void)
{
	int err;

	err = pe_net_init();
	if (err)
		return err;
	err = pe_watch_init();
	if (err)
		goto exit_net;
	err = pe_session_init();
	if (err)
		goto exit_watch;
	err = pe_nl_init();
	if (err)
		goto exit_session;
	return 0;

exit_session:
	pe_session_exit();
exit_watch:
	pe_watch_exit();
exit_net:
	pe_net_exit();
	return err;
}

static void __exit pe_exit(void)
{
	pe_nl_exit();
	pe_session_exit();
	pe_watch_exit();
	pe_net_exit();
}

module_init(pe_init);
module_exit(pe_exit);

MODULE_DESCRIPTION("Packeting engine: sequences of devices behind a service address");
MODULE_LICENSE("GPL");
MODULE_VERSION(PE_VERSION);
MODULE_ALIAS_GENL_FAMILY(PE_GENL_NAME);
