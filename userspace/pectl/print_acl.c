// SPDX-License-Identifier: GPL-2.0-only

#include <acl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "options.h"
#include "print_object.h"
#include "printer.h"

/* A longer list has a line for each rule. */
#define ACL_LINE 3

static void print_acl_prefix(struct printer *p, const char *key, const char *format,
			     const struct pe_addr *addr, uint8_t len)
{
	char text[PE_ADDR_STRLEN + 8];

	if (!addr->len)
		return;
	pe_addr_format(addr, text);
	if (len != addr->len * 8)
		snprintf(text + strlen(text), 8, "/%u", len);
	print_string(p, key, format, text);
}

static void print_acl_ports(struct printer *p, const char *key, const uint16_t *ports,
			    unsigned int n)
{
	unsigned int i;

	if (!n)
		return;
	print_string(p, NULL, " %s", key);
	print_array(p, key);
	for (i = 0; i < n; i++) {
		print_object(p, NULL);
		print_uint(p, "first", i ? ",%llu" : " %llu", ports[2 * i]);
		print_uint(p, "last", ports[2 * i] == ports[2 * i + 1] ? NULL : "-%llu",
			   ports[2 * i + 1]);
		print_close(p);
	}
	print_close(p);
}

static void print_acl_flags(struct printer *p, const struct pe_rule *rule)
{
	char text[64] = "";
	unsigned int bit;

	if (!rule->mask)
		return;
	for (bit = 0; bit < 8; bit++)
		if (rule->mask & 1 << bit)
			snprintf(text + strlen(text), sizeof(text) - strlen(text), "%s%s%s",
				 *text ? "," : "", rule->flags & 1 << bit ? "" : "!",
				 pe_tcp_flags[bit]);
	print_string(p, "flags", " flags %s", text);
}

static void print_rule(struct printer *p, const struct pe_rule *rule)
{
	print_string(p, "action", "%s", rule->has & PE_HAS(PE_RULE_PERMIT) ? "permit" : "deny");
	if (rule->has & PE_HAS(PE_RULE_PROTO))
		print_proto(p, rule->proto);
	print_acl_prefix(p, "from", " from %s", &rule->from, rule->from_len);
	print_acl_prefix(p, "to", " to %s", &rule->to, rule->to_len);
	print_acl_ports(p, "sport", rule->sports, rule->nsports);
	print_acl_ports(p, "port", rule->ports, rule->nports);
	print_acl_flags(p, rule);
	if (rule->has & PE_HAS(PE_RULE_TYPE))
		print_uint(p, "type", " type %llu", rule->type);
	if (rule->has & PE_HAS(PE_RULE_CODE))
		print_uint(p, "code", " code %llu", rule->code);
	if (rule->has & PE_HAS(PE_RULE_DSCP))
		print_uint(p, "dscp", " dscp %llu", rule->dscp);
	if (rule->iif)
		print_string(p, "iif", " iif %s", rule->iif);
	if (rule->has & PE_HAS(PE_RULE_FRAGMENTS))
		print_true(p, "fragments", " fragments");
	if (rule->has & PE_HAS(PE_RULE_COUNT))
		print_true(p, "count", " count");
}

static void print_rules(struct printer *p, const struct pe_acl *acl)
{
	bool lines = acl->nrules > ACL_LINE && !p->options->oneline && !p->options->brief;
	uint32_t i;

	print_array(p, "rules");
	for (i = 0; i < acl->nrules; i++) {
		print_object(p, NULL);
		print_text(p, lines ? "\n\t" : " ");
		print_rule(p, &acl->rules[i]);
		print_text(p, ";");
		if (p->options->stats && acl->rules[i].has & PE_HAS(PE_RULE_COUNT)) {
			print_uint(p, "packets", NULL, acl->rules[i].hits.packets);
			print_uint(p, "bytes", NULL, acl->rules[i].hits.bytes);
		}
		print_close(p);
	}
	print_close(p);
	if (acl->nrules < acl->all)
		print_text(p, " ...;");
	print_text(p, lines ? "\n\t" : " ");
	print_string(p, "default", "default %s;", acl->permit ? "permit" : "deny");
	print_text(p, lines ? "\n" : " ");
}

static int acl_client_compare(const void *a, const void *b)
{
	const struct pe_acl_client *x = a, *y = b;

	return (x->hits.packets < y->hits.packets) - (x->hits.packets > y->hits.packets);
}

static void print_acl_hits(struct printer *p, const struct pe_acl *acl)
{
	uint32_t i;

	for (i = 0; i < acl->nrules && !p->options->json; i++) {
		if (!(acl->rules[i].has & PE_HAS(PE_RULE_COUNT)))
			continue;
		print_comment(p);
		print_uint(p, NULL, "rule %llu ", i + 1);
		print_uint(p, NULL, "%llu packets ", acl->rules[i].hits.packets);
		print_uint(p, NULL, "%llu bytes", acl->rules[i].hits.bytes);
	}
	print_comment(p);
	print_counter(p, "unmatched", &acl->unmatched);
}

static void print_acl_clients(struct printer *p, const struct pe_acl *acl)
{
	char text[PE_ADDR_STRLEN];
	uint32_t i;

	if (acl->nclients)
		qsort(acl->clients, acl->nclients, sizeof(*acl->clients), acl_client_compare);
	print_array(p, "clients");
	for (i = 0; i < acl->nclients; i++) {
		print_object(p, NULL);
		print_comment(p);
		print_string(p, "address", "client %s ",
			     pe_addr_format(&acl->clients[i].address, text));
		print_uint(p, "packets", "%llu packets ", acl->clients[i].hits.packets);
		print_uint(p, "bytes", "%llu bytes", acl->clients[i].hits.bytes);
		print_close(p);
	}
	print_close(p);
	if (!acl->others.packets)
		return;
	print_comment(p);
	print_counter(p, "other_clients", &acl->others);
}

/**
 * print_acl() - print an access list
 * @p: the printer
 * @acl: the list
 */
void print_acl(struct printer *p, const struct pe_acl *acl)
{
	if (p->options->brief && !p->options->json) {
		print_string(p, NULL, "%-16s ", acl->o.name);
		print_uint(p, NULL, "rules %llu ", acl->all);
		print_string(p, NULL, "default %s", acl->permit ? "permit" : "deny");
		print_owner(p, &acl->o, " owner %s");
		print_text(p, "\n");
		return;
	}
	print_object(p, "acl");
	print_string(p, "name", "acl %s {", acl->o.name);
	print_owner(p, &acl->o, " owner %s;");
	print_rules(p, acl);
	print_text(p, "}");
	if (p->options->details) {
		print_comment(p);
		print_uint(p, "id", "id %llu", acl->id);
		print_uint(p, "users", ", used by %llu services", acl->users);
		print_uint(p, "generation", ", generation %llu", acl->generation);
		print_uint(p, "cost", ", at most about %llu instructions a packet", acl->cost);
	}
	if (p->options->stats) {
		print_acl_hits(p, acl);
		print_acl_clients(p, acl);
	}
	print_comments_end(p);
	print_close(p);
}
