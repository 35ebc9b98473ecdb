// SPDX-License-Identifier: GPL-2.0-only
/*
 * Metrics in the text format that Prometheus and what understands OpenMetrics
 * read.  The metadata of a counter names it with its _total, as Prometheus'
 * own format and OpenMetrics 2.0 have it, so that every reader finds it.
 */

#include "openmetrics.h"

#include <acl.h>
#include <config.h>
#include <device.h>
#include <engine.h>
#include <info.h>
#include <linux/pe.h>
#include <pool.h>
#include <service.h>
#include <stdbool.h>

/**
 * struct metrics - what is being printed
 * @out: where to
 * @info: what the kernel tells of itself
 * @config: devices and services, with counters
 * @name: of the family whose samples come
 * @bytes: whether counters show bytes, and not packets
 */
struct metrics {
	FILE *out;
	const struct pe_info *info;
	const struct pe_config *config;
	const char *name;
	bool bytes;
};

/* ---- samples ---- */

static void metrics_number(const struct metrics *m, uint64_t value)
{
	fprintf(m->out, "%s %llu\n", m->name, (unsigned long long)value);
}

static void metrics_label(const struct metrics *m, char before, const char *key, const char *value)
{
	fprintf(m->out, "%c%s=\"", before, key);
	for (; *value; value++) {
		if (*value == '\n') {
			fputs("\\n", m->out);
			continue;
		}
		if (*value == '\\' || *value == '"')
			fputc('\\', m->out);
		fputc(*value, m->out);
	}
	fputc('"', m->out);
}

static void metrics_value(const struct metrics *m, uint64_t value)
{
	fprintf(m->out, "} %llu\n", (unsigned long long)value);
}

/* One label and a value. */
static void metrics_labelled(const struct metrics *m, const char *key, const char *label,
			     uint64_t value)
{
	fputs(m->name, m->out);
	metrics_label(m, '{', key, label);
	metrics_value(m, value);
}

static void metrics_counter(const struct metrics *m, const char *direction,
			    const struct pe_counter *counter)
{
	metrics_label(m, ',', "direction", direction);
	metrics_value(m, m->bytes ? counter->bytes : counter->packets);
}

/* ---- families ---- */

static void metrics_module(const struct metrics *m)
{
	metrics_labelled(m, "version", m->info->version, 1);
}

static void metrics_generation(const struct metrics *m)
{
	metrics_number(m, m->info->generation);
}

static void metrics_devices(const struct metrics *m)
{
	metrics_number(m, m->info->devices);
}

static void metrics_devices_limit(const struct metrics *m)
{
	metrics_number(m, m->info->devices_max);
}

static void metrics_services(const struct metrics *m)
{
	metrics_number(m, m->info->services);
}

static void metrics_services_limit(const struct metrics *m)
{
	metrics_number(m, m->info->services_max);
}

static void metrics_addresses(const struct metrics *m)
{
	metrics_number(m, m->info->addresses);
}

static void metrics_drops(const struct metrics *m)
{
	uint32_t i;

	for (i = PE_DROP_NONE + 1; i < PE_INFO_DROPS; i++) {
		char number[16];

		if (!m->info->dropped[i])
			continue;
		/* Reasons newer than this program must not be one series. */
		snprintf(number, sizeof(number), "%u", i);
		metrics_labelled(m, "reason", pe_drop_known(i) ? pe_drop_name(i) : number,
				 m->info->drops[i]);
	}
}

static void metrics_flows(const struct metrics *m)
{
	if (m->info->flows_counted)
		metrics_number(m, m->info->flows);
}

static void metrics_flows_limit(const struct metrics *m)
{
	if (m->info->flows_counted)
		metrics_number(m, m->info->flows_max);
}

static void metrics_flow_count(const struct metrics *m, int which)
{
	if (m->info->flows_counted)
		metrics_number(m, m->info->flow_counts[which]);
}

static void metrics_flows_made(const struct metrics *m)
{
	metrics_flow_count(m, PE_FLOW_COUNTS_MADE);
}

static void metrics_flows_over(const struct metrics *m)
{
	metrics_flow_count(m, PE_FLOW_COUNTS_OVER);
}

static void metrics_flows_evicted(const struct metrics *m)
{
	metrics_flow_count(m, PE_FLOW_COUNTS_EVICTED);
}

static void metrics_flows_failed(const struct metrics *m)
{
	metrics_flow_count(m, PE_FLOW_COUNTS_FAILED);
}

static void metrics_of_device(const struct metrics *m, const struct pe_device *device,
			      const char *direction, const struct pe_counter *counter)
{
	fputs(m->name, m->out);
	metrics_label(m, '{', "device", device->o.name);
	metrics_counter(m, direction, counter);
}

static void metrics_device(const struct metrics *m, const struct pe_object *object)
{
	const struct pe_device *device = (const struct pe_device *)object;

	metrics_of_device(m, device, "forward", &device->forward);
	metrics_of_device(m, device, "reverse", &device->reverse);
}

static void metrics_device_state(const struct metrics *m, const struct pe_object *object)
{
	const struct pe_device *device = (const struct pe_device *)object;
	uint32_t state;

	if (!(device->has & PE_HAS(PE_DEVICE_STATE)))
		return;
	for (state = 0; state <= PE_DEVICE_STATE_MAINTENANCE; state++) {
		fputs(m->name, m->out);
		metrics_label(m, '{', "device", device->o.name);
		metrics_label(m, ',', "state", pe_state_name(state));
		metrics_value(m, device->state == state);
	}
}

static void metrics_latency_begin(const struct metrics *m, const struct pe_device *device,
				  const struct pe_latency *latency, const char *sample)
{
	fprintf(m->out, "%s%s", m->name, sample);
	metrics_label(m, '{', "device", device->o.name);
	metrics_label(m, ',', "of", pe_latency_name(latency->of));
}

static void metrics_of_latency(const struct metrics *m, const struct pe_device *device,
			       const struct pe_latency *latency)
{
	uint64_t below = 0;
	unsigned int i;

	for (i = 0; i < PE_LATENCY_BUCKETS; i++) {
		below += latency->buckets[i];
		metrics_latency_begin(m, device, latency, "_bucket");
		fprintf(m->out, ",le=\"%.10g\"", (double)pe_latency_below(i) / 1e9);
		metrics_value(m, below);
	}
	metrics_latency_begin(m, device, latency, "_bucket");
	metrics_label(m, ',', "le", "+Inf");
	metrics_value(m, latency->samples);
	metrics_latency_begin(m, device, latency, "_sum");
	fprintf(m->out, "} %.9f\n", (double)latency->sum / 1e9);
	metrics_latency_begin(m, device, latency, "_count");
	metrics_value(m, latency->samples);
}

static void metrics_lost(const struct metrics *m, const struct pe_device *device,
			 const struct pe_latency *latency)
{
	metrics_latency_begin(m, device, latency, "");
	metrics_value(m, latency->lost);
}

static void metrics_latency(const struct metrics *m, const struct pe_object *object)
{
	const struct pe_device *device = (const struct pe_device *)object;
	unsigned int k;

	for (k = 0; k < device->nlatency; k++)
		metrics_of_latency(m, device, &device->latency[k]);
}

static void metrics_latency_lost(const struct metrics *m, const struct pe_object *object)
{
	const struct pe_device *device = (const struct pe_device *)object;
	unsigned int k;

	for (k = 0; k < device->nlatency; k++)
		metrics_lost(m, device, &device->latency[k]);
}

static void metrics_pools(const struct metrics *m)
{
	metrics_number(m, m->info->pools);
}

static void metrics_pools_limit(const struct metrics *m)
{
	metrics_number(m, m->info->pools_max);
}

static void metrics_pool(const struct metrics *m, const struct pe_object *object)
{
	const struct pe_pool *pool = (const struct pe_pool *)object;
	uint32_t k;

	for (k = 0; k < pool->nmembers; k++) {
		fputs(m->name, m->out);
		metrics_label(m, '{', "pool", pool->o.name);
		metrics_label(m, ',', "device", pool->members[k].device);
		metrics_value(m, pool->members[k].slots);
	}
}

static void metrics_acls(const struct metrics *m)
{
	metrics_number(m, m->info->acls);
}

static void metrics_acls_limit(const struct metrics *m)
{
	metrics_number(m, m->info->acls_max);
}

static void metrics_of_acl(const struct metrics *m, const struct pe_acl *acl)
{
	fputs(m->name, m->out);
	metrics_label(m, '{', "acl", acl->o.name);
}

static void metrics_hits(const struct metrics *m, const struct pe_counter *hits)
{
	metrics_value(m, m->bytes ? hits->bytes : hits->packets);
}

static void metrics_rules(const struct metrics *m, const struct pe_object *object)
{
	const struct pe_acl *acl = (const struct pe_acl *)object;
	uint32_t i;

	for (i = 0; i < acl->nrules; i++) {
		if (!(acl->rules[i].has & PE_HAS(PE_RULE_COUNT)))
			continue;
		metrics_of_acl(m, acl);
		fprintf(m->out, ",rule=\"%u\"", i + 1);
		metrics_hits(m, &acl->rules[i].hits);
	}
}

static void metrics_unmatched(const struct metrics *m, const struct pe_object *object)
{
	const struct pe_acl *acl = (const struct pe_acl *)object;
	metrics_of_acl(m, acl);
	metrics_hits(m, &acl->unmatched);
}

static void metrics_clients(const struct metrics *m, const struct pe_object *object)
{
	const struct pe_acl *acl = (const struct pe_acl *)object;
	char text[PE_ADDR_STRLEN];
	uint32_t i;

	for (i = 0; i < acl->nclients; i++) {
		metrics_of_acl(m, acl);
		metrics_label(m, ',', "client", pe_addr_format(&acl->clients[i].address, text));
		metrics_hits(m, &acl->clients[i].hits);
	}
}

static void metrics_others(const struct metrics *m, const struct pe_object *object)
{
	const struct pe_acl *acl = (const struct pe_acl *)object;
	metrics_of_acl(m, acl);
	metrics_hits(m, &acl->others);
}

static void metrics_of_service(const struct metrics *m, const struct pe_service *service,
			       const char *direction, const struct pe_counter *counter)
{
	fputs(m->name, m->out);
	metrics_label(m, '{', "service", service->o.name);
	metrics_counter(m, direction, counter);
}

static void metrics_service(const struct metrics *m, const struct pe_object *object)
{
	const struct pe_service *service = (const struct pe_service *)object;

	if (!service->stats)
		return;
	metrics_of_service(m, service, "forward", &service->stats->all.forward);
	metrics_of_service(m, service, "reverse", &service->stats->all.reverse);
}

static void metrics_engine_limited(const struct metrics *m, const struct pe_object *object)
{
	const struct pe_engine *engine = (const struct pe_engine *)object;

	if (engine->has & PE_HAS(PE_ENGINE_LIMIT))
		metrics_number(m, m->bytes ? engine->limited.bytes : engine->limited.packets);
}

static void metrics_limited(const struct metrics *m, const struct pe_object *object)
{
	const struct pe_service *service = (const struct pe_service *)object;
	const struct pe_counter *counter;

	if (!service->stats || !(service->has & PE_HAS(PE_SERVICE_LIMIT)))
		return;
	counter = &service->stats->limited;
	metrics_labelled(m, "service", service->o.name,
			 m->bytes ? counter->bytes : counter->packets);
}

/* What is counted of a service's flows, NULL where it remembers none. */
static const struct pe_service_stats *metrics_remembers(const struct pe_object *object)
{
	const struct pe_service *service = (const struct pe_service *)object;

	return pe_service_has_state(service) ? service->stats : NULL;
}

static void metrics_service_flows(const struct metrics *m, const struct pe_object *object)
{
	const struct pe_service_stats *stats = metrics_remembers(object);

	if (stats)
		metrics_labelled(m, "service", object->name, stats->flows);
}

static void metrics_service_made(const struct metrics *m, const struct pe_object *object)
{
	const struct pe_service_stats *stats = metrics_remembers(object);

	if (stats)
		metrics_labelled(m, "service", object->name, stats->flows_made);
}

static void metrics_service_over(const struct metrics *m, const struct pe_object *object)
{
	const struct pe_service_stats *stats = metrics_remembers(object);

	if (stats)
		metrics_labelled(m, "service", object->name, stats->flows_over);
}

static void metrics_step_begin(const struct metrics *m, const struct pe_service *service,
			       unsigned int step)
{
	fputs(m->name, m->out);
	metrics_label(m, '{', "service", service->o.name);
	fprintf(m->out, ",step=\"%u\"", step + 1);
	metrics_label(m, ',', "device", service->steps[step].device);
}

static void metrics_of_step(const struct metrics *m, const struct pe_service *service,
			    unsigned int step, const char *direction,
			    const struct pe_counter *counter)
{
	metrics_step_begin(m, service, step);
	metrics_counter(m, direction, counter);
}

static void metrics_step(const struct metrics *m, const struct pe_object *object)
{
	const struct pe_service *service = (const struct pe_service *)object;
	unsigned int i;

	for (i = 0; service->stats && i < service->nsteps; i++) {
		const struct pe_direction_counters *step = &service->stats->steps[i];

		metrics_of_step(m, service, i, "forward", &step->forward);
		metrics_of_step(m, service, i, "reverse", &step->reverse);
	}
}

static void metrics_skipped(const struct metrics *m, const struct pe_object *object)
{
	const struct pe_service *service = (const struct pe_service *)object;
	unsigned int i;

	for (i = 0; service->stats && i < service->nsteps; i++) {
		if (!service->steps[i].open)
			continue;
		metrics_step_begin(m, service, i);
		metrics_hits(m, &service->stats->steps[i].skipped);
	}
}

static const struct {
	const char *name;
	const char *type;
	const char *help;
	bool bytes;
	void (*samples)(const struct metrics *m);
	enum pe_object_kind kind;
	void (*each)(const struct metrics *m, const struct pe_object *object);
} families[] = {
	{ "pe_module_info", "gauge", "Version of the kernel module.", false,
	  .samples = metrics_module },
	{ "pe_generation", "gauge", "Generation of the configuration.", false,
	  .samples = metrics_generation },
	{ "pe_devices", "gauge", "Devices that are configured.", false,
	  .samples = metrics_devices },
	{ "pe_devices_limit", "gauge", "Devices that can be configured.", false,
	  .samples = metrics_devices_limit },
	{ "pe_services", "gauge", "Services that are configured.", false,
	  .samples = metrics_services },
	{ "pe_services_limit", "gauge", "Services that can be configured.", false,
	  .samples = metrics_services_limit },
	{ "pe_addresses", "gauge", "Different addresses of services.", false,
	  .samples = metrics_addresses },
	{ "pe_flows", "gauge", "Flows that services with state remember.", false,
	  .samples = metrics_flows },
	{ "pe_flows_limit", "gauge", "Flows that can be remembered.", false,
	  .samples = metrics_flows_limit },
	{ "pe_flows_made_total", "counter", "Flows that began to be remembered.", false,
	  .samples = metrics_flows_made },
	{ "pe_flows_over_packets_total", "counter",
	  "Packets of flows that there was no room to remember.", false,
	  .samples = metrics_flows_over },
	{ "pe_flows_evicted_total", "counter",
	  "Flows of which nothing had come back, forgotten early to make room.", false,
	  .samples = metrics_flows_evicted },
	{ "pe_flows_failed_packets_total", "counter",
	  "Packets of flows that there was no memory to remember.", false,
	  .samples = metrics_flows_failed },
	{ "pe_dropped_packets_total", "counter", "Packets dropped, by reason.", false,
	  .samples = metrics_drops },
	{ "pe_device_packets_total", "counter",
	  "Packets handed to a device; of a server in reverse those it sent.", false,
	  .kind = PE_OBJECT_DEVICE, .each = metrics_device },
	{ "pe_device_bytes_total", "counter",
	  "Bytes of pe_device_packets_total, from the network header on.", true,
	  .kind = PE_OBJECT_DEVICE, .each = metrics_device },
	{ "pe_service_packets_total", "counter",
	  "Packets of a service: from clients, and to them in reverse.", false,
	  .kind = PE_OBJECT_SERVICE, .each = metrics_service },
	{ "pe_service_bytes_total", "counter",
	  "Bytes of pe_service_packets_total, from the network header on.", true,
	  .kind = PE_OBJECT_SERVICE, .each = metrics_service },
	{ "pe_engine_limited_packets_total", "counter",
	  "Packets from clients that the limit of the engine did not let in.", false,
	  .kind = PE_OBJECT_ENGINE, .each = metrics_engine_limited },
	{ "pe_engine_limited_bytes_total", "counter",
	  "Bytes of pe_engine_limited_packets_total, from the network header on.", true,
	  .kind = PE_OBJECT_ENGINE, .each = metrics_engine_limited },
	{ "pe_limited_packets_total", "counter",
	  "Packets from clients that the limit of a service did not let in.", false,
	  .kind = PE_OBJECT_SERVICE, .each = metrics_limited },
	{ "pe_limited_bytes_total", "counter",
	  "Bytes of pe_limited_packets_total, from the network header on.", true,
	  .kind = PE_OBJECT_SERVICE, .each = metrics_limited },
	{ "pe_service_flows", "gauge", "Flows that a service with state remembers.", false,
	  .kind = PE_OBJECT_SERVICE, .each = metrics_service_flows },
	{ "pe_service_flows_made_total", "counter", "Flows that a service began to remember.",
	  false, .kind = PE_OBJECT_SERVICE, .each = metrics_service_made },
	{ "pe_service_flows_over_packets_total", "counter",
	  "Packets of flows that the service had no room to remember.", false,
	  .kind = PE_OBJECT_SERVICE, .each = metrics_service_over },
	{ "pe_step_packets_total", "counter",
	  "Packets handed to the device of a step of a service.", false, .kind = PE_OBJECT_SERVICE,
	  .each = metrics_step },
	{ "pe_step_bytes_total", "counter",
	  "Bytes of pe_step_packets_total, from the network header on.", true,
	  .kind = PE_OBJECT_SERVICE, .each = metrics_step },
	{ "pe_step_skipped_packets_total", "counter",
	  "Packets that went past a step that fails open, since none of its devices was up.", false,
	  .kind = PE_OBJECT_SERVICE, .each = metrics_skipped },
	{ "pe_step_skipped_bytes_total", "counter",
	  "Bytes of pe_step_skipped_packets_total, from the network header on.", true,
	  .kind = PE_OBJECT_SERVICE, .each = metrics_skipped },
	{ "pe_device_state", "gauge", "Whether a device is in a state, for each state.", false,
	  .kind = PE_OBJECT_DEVICE, .each = metrics_device_state },
	{ "pe_device_latency_seconds", "histogram",
	  "How long a measured device takes: an inline one until it returns a packet, forward and reverse; a server until it takes a connection (connect), and from acknowledging data until it sends some (answer).",
	  false, .kind = PE_OBJECT_DEVICE, .each = metrics_latency },
	{ "pe_device_latency_lost_total", "counter",
	  "Packets picked to be measured that were not seen again.", false,
	  .kind = PE_OBJECT_DEVICE, .each = metrics_latency_lost },
	{ "pe_pools", "gauge", "Pools that are configured.", false, .samples = metrics_pools },
	{ "pe_pools_limit", "gauge", "Pools that can be configured.", false,
	  .samples = metrics_pools_limit },
	{ "pe_pool_member_slots", "gauge", "Parts of the hash that a member of a pool has now.",
	  false, .kind = PE_OBJECT_POOL, .each = metrics_pool },
	{ "pe_acls", "gauge", "Access lists that are configured.", false, .samples = metrics_acls },
	{ "pe_acls_limit", "gauge", "Access lists that can be configured.", false,
	  .samples = metrics_acls_limit },
	{ "pe_acl_rule_packets_total", "counter",
	  "Packets that a rule of an access list matched, of rules with count.", false,
	  .kind = PE_OBJECT_ACL, .each = metrics_rules },
	{ "pe_acl_rule_bytes_total", "counter",
	  "Bytes of pe_acl_rule_packets_total, from the network header on.", true,
	  .kind = PE_OBJECT_ACL, .each = metrics_rules },
	{ "pe_acl_unmatched_packets_total", "counter",
	  "Packets that no rule of an access list matched.", false, .kind = PE_OBJECT_ACL,
	  .each = metrics_unmatched },
	{ "pe_acl_unmatched_bytes_total", "counter",
	  "Bytes of pe_acl_unmatched_packets_total, from the network header on.", true,
	  .kind = PE_OBJECT_ACL, .each = metrics_unmatched },
	{ "pe_acl_client_packets_total", "counter",
	  "Packets of a client that rules with count of an access list matched.", false,
	  .kind = PE_OBJECT_ACL, .each = metrics_clients },
	{ "pe_acl_client_bytes_total", "counter",
	  "Bytes of pe_acl_client_packets_total, from the network header on.", true,
	  .kind = PE_OBJECT_ACL, .each = metrics_clients },
	{ "pe_acl_other_clients_packets_total", "counter",
	  "Packets of clients that the list's table has no room for.", false, .kind = PE_OBJECT_ACL,
	  .each = metrics_others },
	{ "pe_acl_other_clients_bytes_total", "counter",
	  "Bytes of pe_acl_other_clients_packets_total, from the network header on.", true,
	  .kind = PE_OBJECT_ACL, .each = metrics_others },
};

/* The samples of each object of a kind. */
static void metrics_each(const struct metrics *m, const struct pe_table *table,
			 void (*each)(const struct metrics *m, const struct pe_object *object))
{
	uint32_t i;

	for (i = 0; i < table->count; i++)
		each(m, table->items[i]);
}

/**
 * openmetrics_print() - print everything the kernel counts as metrics
 * @out: where to
 * @info: what the kernel tells of itself, with drops
 * @config: devices and services, with counters, in the order to be printed
 */
void openmetrics_print(FILE *out, const struct pe_info *info, const struct pe_config *config)
{
	struct metrics m = { .out = out, .info = info, .config = config };
	size_t i;

	for (i = 0; i < sizeof(families) / sizeof(*families); i++) {
		m.name = families[i].name;
		m.bytes = families[i].bytes;
		fprintf(out, "# HELP %s %s\n# TYPE %s %s\n", m.name, families[i].help, m.name,
			families[i].type);
		if (families[i].samples)
			families[i].samples(&m);
		else
			metrics_each(&m, &config->tables[families[i].kind], families[i].each);
	}
	fputs("# EOF\n", out);
}
