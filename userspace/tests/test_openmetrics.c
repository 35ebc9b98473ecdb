// SPDX-License-Identifier: GPL-2.0-only
/* Metrics made of what a kernel once said. */

#include <arena.h>
#include <config.h>
#include <info.h>
#include <libmnl/libmnl.h>
#include <linux/genetlink.h>
#include <linux/pe.h>
#include <openmetrics.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ktap.h"
#include "recorded_stats.h"
#include "text.h"

/* What was printed of the recorded answer, byte by byte. */
static const char wanted[] =
	"# HELP pe_module_info Version of the kernel module.\n"
	"# TYPE pe_module_info gauge\n"
	"pe_module_info{version=\"0.1\"} 1\n"
	"# HELP pe_generation Generation of the configuration.\n"
	"# TYPE pe_generation gauge\n"
	"pe_generation 2\n"
	"# HELP pe_devices Devices that are configured.\n"
	"# TYPE pe_devices gauge\n"
	"pe_devices 2\n"
	"# HELP pe_devices_limit Devices that can be configured.\n"
	"# TYPE pe_devices_limit gauge\n"
	"pe_devices_limit 65536\n"
	"# HELP pe_services Services that are configured.\n"
	"# TYPE pe_services gauge\n"
	"pe_services 1\n"
	"# HELP pe_services_limit Services that can be configured.\n"
	"# TYPE pe_services_limit gauge\n"
	"pe_services_limit 4194304\n"
	"# HELP pe_addresses Different addresses of services.\n"
	"# TYPE pe_addresses gauge\n"
	"pe_addresses 1\n"
	"# HELP pe_flows Flows that services with state remember.\n"
	"# TYPE pe_flows gauge\n"
	"# HELP pe_flows_limit Flows that can be remembered.\n"
	"# TYPE pe_flows_limit gauge\n"
	"# HELP pe_flows_made_total Flows that began to be remembered.\n"
	"# TYPE pe_flows_made_total counter\n"
	"# HELP pe_flows_over_packets_total Packets of flows that there was no room to remember.\n"
	"# TYPE pe_flows_over_packets_total counter\n"
	"# HELP pe_flows_evicted_total Flows of which nothing had come back, forgotten early to make room.\n"
	"# TYPE pe_flows_evicted_total counter\n"
	"# HELP pe_flows_failed_packets_total Packets of flows that there was no memory to remember.\n"
	"# TYPE pe_flows_failed_packets_total counter\n"
	"# HELP pe_dropped_packets_total Packets dropped, by reason.\n"
	"# TYPE pe_dropped_packets_total counter\n"
	"pe_dropped_packets_total{reason=\"wrong-place\"} 0\n"
	"pe_dropped_packets_total{reason=\"ttl\"} 1\n"
	"pe_dropped_packets_total{reason=\"mtu\"} 0\n"
	"pe_dropped_packets_total{reason=\"no-interface\"} 0\n"
	"pe_dropped_packets_total{reason=\"interface-down\"} 0\n"
	"pe_dropped_packets_total{reason=\"no-neighbour\"} 0\n"
	"pe_dropped_packets_total{reason=\"no-memory\"} 0\n"
	"pe_dropped_packets_total{reason=\"fragment\"} 0\n"
	"pe_dropped_packets_total{reason=\"malformed\"} 0\n"
	"pe_dropped_packets_total{reason=\"guard\"} 0\n"
	"pe_dropped_packets_total{reason=\"tap-copy\"} 0\n"
	"pe_dropped_packets_total{reason=\"encapsulate\"} 0\n"
	"pe_dropped_packets_total{reason=\"no-route\"} 0\n"
	"# HELP pe_device_packets_total Packets handed to a device; of a server in reverse those it sent.\n"
	"# TYPE pe_device_packets_total counter\n"
	"pe_device_packets_total{device=\"fw\",direction=\"forward\"} 16\n"
	"pe_device_packets_total{device=\"fw\",direction=\"reverse\"} 15\n"
	"pe_device_packets_total{device=\"web\",direction=\"forward\"} 16\n"
	"pe_device_packets_total{device=\"web\",direction=\"reverse\"} 15\n"
	"# HELP pe_device_bytes_total Bytes of pe_device_packets_total, from the network header on.\n"
	"# TYPE pe_device_bytes_total counter\n"
	"pe_device_bytes_total{device=\"fw\",direction=\"forward\"} 12840\n"
	"pe_device_bytes_total{device=\"fw\",direction=\"reverse\"} 12788\n"
	"pe_device_bytes_total{device=\"web\",direction=\"forward\"} 12840\n"
	"pe_device_bytes_total{device=\"web\",direction=\"reverse\"} 12788\n"
	"# HELP pe_service_packets_total Packets of a service: from clients, and to them in reverse.\n"
	"# TYPE pe_service_packets_total counter\n"
	"pe_service_packets_total{service=\"web\",direction=\"forward\"} 16\n"
	"pe_service_packets_total{service=\"web\",direction=\"reverse\"} 15\n"
	"# HELP pe_service_bytes_total Bytes of pe_service_packets_total, from the network header on.\n"
	"# TYPE pe_service_bytes_total counter\n"
	"pe_service_bytes_total{service=\"web\",direction=\"forward\"} 12840\n"
	"pe_service_bytes_total{service=\"web\",direction=\"reverse\"} 12788\n"
	"# HELP pe_engine_limited_packets_total Packets from clients that the limit of the engine did not let in.\n"
	"# TYPE pe_engine_limited_packets_total counter\n"
	"# HELP pe_engine_limited_bytes_total Bytes of pe_engine_limited_packets_total, from the network header on.\n"
	"# TYPE pe_engine_limited_bytes_total counter\n"
	"# HELP pe_limited_packets_total Packets from clients that the limit of a service did not let in.\n"
	"# TYPE pe_limited_packets_total counter\n"
	"# HELP pe_limited_bytes_total Bytes of pe_limited_packets_total, from the network header on.\n"
	"# TYPE pe_limited_bytes_total counter\n"
	"# HELP pe_service_flows Flows that a service with state remembers.\n"
	"# TYPE pe_service_flows gauge\n"
	"# HELP pe_service_flows_made_total Flows that a service began to remember.\n"
	"# TYPE pe_service_flows_made_total counter\n"
	"# HELP pe_service_flows_over_packets_total Packets of flows that the service had no room to remember.\n"
	"# TYPE pe_service_flows_over_packets_total counter\n"
	"# HELP pe_step_packets_total Packets handed to the device of a step of a service.\n"
	"# TYPE pe_step_packets_total counter\n"
	"pe_step_packets_total{service=\"web\",step=\"1\",device=\"fw\",direction=\"forward\"} 16\n"
	"pe_step_packets_total{service=\"web\",step=\"1\",device=\"fw\",direction=\"reverse\"} 15\n"
	"pe_step_packets_total{service=\"web\",step=\"2\",device=\"web\",direction=\"forward\"} 16\n"
	"pe_step_packets_total{service=\"web\",step=\"2\",device=\"web\",direction=\"reverse\"} 15\n"
	"# HELP pe_step_bytes_total Bytes of pe_step_packets_total, from the network header on.\n"
	"# TYPE pe_step_bytes_total counter\n"
	"pe_step_bytes_total{service=\"web\",step=\"1\",device=\"fw\",direction=\"forward\"} 12840\n"
	"pe_step_bytes_total{service=\"web\",step=\"1\",device=\"fw\",direction=\"reverse\"} 12788\n"
	"pe_step_bytes_total{service=\"web\",step=\"2\",device=\"web\",direction=\"forward\"} 12840\n"
	"pe_step_bytes_total{service=\"web\",step=\"2\",device=\"web\",direction=\"reverse\"} 12788\n"
	"# HELP pe_step_skipped_packets_total Packets that went past a step that fails open, since none of its devices was up.\n"
	"# TYPE pe_step_skipped_packets_total counter\n"
	"# HELP pe_step_skipped_bytes_total Bytes of pe_step_skipped_packets_total, from the network header on.\n"
	"# TYPE pe_step_skipped_bytes_total counter\n"
	"# HELP pe_device_state Whether a device is in a state, for each state.\n"
	"# TYPE pe_device_state gauge\n"
	"# HELP pe_device_latency_seconds How long a measured device takes: an inline one until it returns a packet, forward and reverse; a server until it takes a connection (connect), and from acknowledging data until it sends some (answer).\n"
	"# TYPE pe_device_latency_seconds histogram\n"
	"# HELP pe_device_latency_lost_total Packets picked to be measured that were not seen again.\n"
	"# TYPE pe_device_latency_lost_total counter\n"
	"# HELP pe_pools Pools that are configured.\n"
	"# TYPE pe_pools gauge\n"
	"pe_pools 0\n"
	"# HELP pe_pools_limit Pools that can be configured.\n"
	"# TYPE pe_pools_limit gauge\n"
	"pe_pools_limit 0\n"
	"# HELP pe_pool_member_slots Parts of the hash that a member of a pool has now.\n"
	"# TYPE pe_pool_member_slots gauge\n"
	"# HELP pe_acls Access lists that are configured.\n"
	"# TYPE pe_acls gauge\n"
	"pe_acls 0\n"
	"# HELP pe_acls_limit Access lists that can be configured.\n"
	"# TYPE pe_acls_limit gauge\n"
	"pe_acls_limit 0\n"
	"# HELP pe_acl_rule_packets_total Packets that a rule of an access list matched, of rules with count.\n"
	"# TYPE pe_acl_rule_packets_total counter\n"
	"# HELP pe_acl_rule_bytes_total Bytes of pe_acl_rule_packets_total, from the network header on.\n"
	"# TYPE pe_acl_rule_bytes_total counter\n"
	"# HELP pe_acl_unmatched_packets_total Packets that no rule of an access list matched.\n"
	"# TYPE pe_acl_unmatched_packets_total counter\n"
	"# HELP pe_acl_unmatched_bytes_total Bytes of pe_acl_unmatched_packets_total, from the network header on.\n"
	"# TYPE pe_acl_unmatched_bytes_total counter\n"
	"# HELP pe_acl_client_packets_total Packets of a client that rules with count of an access list matched.\n"
	"# TYPE pe_acl_client_packets_total counter\n"
	"# HELP pe_acl_client_bytes_total Bytes of pe_acl_client_packets_total, from the network header on.\n"
	"# TYPE pe_acl_client_bytes_total counter\n"
	"# HELP pe_acl_other_clients_packets_total Packets of clients that the list's table has no room for.\n"
	"# TYPE pe_acl_other_clients_packets_total counter\n"
	"# HELP pe_acl_other_clients_bytes_total Bytes of pe_acl_other_clients_packets_total, from the network header on.\n"
	"# TYPE pe_acl_other_clients_bytes_total counter\n"
	"# EOF\n";

static char *printed(const struct pe_info *info, const struct pe_config *config)
{
	char *text;
	size_t len;
	FILE *out = open_memstream(&text, &len);

	openmetrics_print(out, info, config);
	fclose(out);
	return text;
}

static void test_recorded(void)
{
	const struct nlmsghdr *nlh = (const struct nlmsghdr *)recorded_stats;
	int left = sizeof(recorded_stats), bad = 0;
	struct pe_config config = { 0 };
	struct pe_info info;
	char *text;

	pe_info_get(&info, nlh);
	for (nlh = mnl_nlmsg_next(nlh, &left); mnl_nlmsg_ok(nlh, left);
	     nlh = mnl_nlmsg_next(nlh, &left))
		bad |= pe_config_add_message(&config, nlh);
	ktap_result(!bad && !left, "recorded answer is understood");
	pe_config_sort(&config);
	text = printed(&info, &config);
	ktap_same("metrics of the recorded answer", text, wanted);
	free(text);
	pe_config_free(&config);
}

/* Whether there is a line in a text. */
static void has_line(const char *name, const char *text, const char *line)
{
	const char *found = strstr(text, line);
	size_t len = strlen(line);

	if (!ktap_result(found && found[len] == '\n' && (found == text || found[-1] == '\n'), "%s",
			 name))
		ktap_comment("printed", text);
}

static void test_labels(void)
{
	static const struct pe_info info = {
		.version = "a\\b\"c\nd",
		.drops = { [PE_DROP_TTL] = UINT64_MAX, [40] = 2, [41] = 3 },
		.dropped = { [PE_DROP_TTL] = true, [40] = true, [41] = true },
	};
	struct pe_config config = { 0 };
	char *text = printed(&info, &config);

	has_line("a label is escaped", text, "pe_module_info{version=\"a\\\\b\\\"c\\nd\"} 1");
	has_line("the largest number", text,
		 "pe_dropped_packets_total{reason=\"ttl\"} 18446744073709551615");
	has_line("a reason newer than pectl", text, "pe_dropped_packets_total{reason=\"40\"} 2");
	has_line("another one", text, "pe_dropped_packets_total{reason=\"41\"} 3");
	free(text);
}

/* A service of which the kernel told no counters has no series. */
static void test_without_counters(void)
{
	static const struct pe_info info = { 0 };
	struct text text;
	char *out;

	text_read(&text, PARSE_CONFIG, "service a { vip 1.2.3.4; sequence b; }\n");
	out = printed(&info, &text.config);
	ktap_result(!strstr(out, "service=\"a\""), "no counters, no series");
	ktap_result(!strcmp(out + strlen(out) - 6, "# EOF\n"), "it ends with EOF");
	free(out);
	text_free(&text);
}

int main(void)
{
	ktap_start();
	test_recorded();
	test_labels();
	test_without_counters();
	return ktap_end();
}
