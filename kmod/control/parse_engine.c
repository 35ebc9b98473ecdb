// SPDX-License-Identifier: GPL-2.0-only
/* Messages to versions of the engine, and limits, which services have as well. */

#include "../model/engine.h"
#include "nl-gen.h"
#include "parse.h"
#include "parse_attr.h"

/* The measures, as the attributes of a limit have them. */
static const struct {
	u16 attr;
	const char *name;
} pe_measures[] = {
	[PE_MEASURE_PACKETS]	= { PE_LIMIT_PACKETS, "packets" },
	[PE_MEASURE_BYTES]	= { PE_LIMIT_BYTES, "bytes" },
	[PE_MEASURE_FLOWS]	= { PE_LIMIT_FLOWS, "flows" },
};

/**
 * pe_parse_limit() - how much may come in
 * @info: the message
 * @attr: nest of the limit, or NULL
 * @noun: what @name is, for a refusal, with a space behind it
 * @name: whose limit it is
 * @rates: out: the limit
 * @refusal: out: why not
 *
 * Return: 0 or a negative errno.
 */
int pe_parse_limit(struct genl_info *info, const struct nlattr *attr,
		   const char *noun, const char *name,
		   struct pe_rates *rates, struct pe_refusal *refusal)
{
	struct nlattr *tb[PE_LIMIT_MAX + 1], *rate;
	int i;

	if (!attr)
		return 0;
	pe_parse_nest(tb, PE_LIMIT_MAX, attr);
	for (i = 0; i < PE_MEASURES; i++) {
		rate = tb[pe_measures[i].attr];
		if (!rate)
			continue;
		rates->rate[i] = nla_get_u64(rate);
		if (!rates->rate[i] || rates->rate[i] > PE_RATE_MAX)
			return pe_bad(info->extack, refusal, attr, -EINVAL,
				      "%s%s is limited to %llu %s a second: give a number from 1 to %llu",
				      noun, name, rates->rate[i],
				      pe_measures[i].name, PE_RATE_MAX);
	}
	if (pe_rates_any(rates))
		return 0;
	return pe_bad(info->extack, refusal, attr, -EINVAL,
		      "the limit of %s%s says nothing: give packets, bytes or flows, or leave it out",
		      noun, name);
}

static int pe_parse_engine_attrs(struct genl_info *info,
				 struct pe_engine *engine,
				 struct pe_refusal *refusal)
{
	const struct nlattr *name = info->attrs[PE_ENGINE_NAME];
	int err;

	if (strcmp(nla_data(name), PE_ENGINE))
		return pe_bad(info->extack, refusal, name, -EINVAL,
			      "the engine is not called '%s', and there is no other: name it engine",
			      (const char *)nla_data(name));
	err = pe_parse_limit(info, info->attrs[PE_ENGINE_LIMIT], "the ",
			     PE_ENGINE, &engine->rates, refusal);
	if (err || pe_rates_any(&engine->rates))
		return err;
	return pe_refuse(refusal, -EINVAL, PE_ENGINE_LIMIT, 0,
			 "nothing is said of the engine: give it a limit, or delete it");
}

/**
 * pe_parse_engine() - the engine as a message describes it
 * @pn: namespace
 * @txn: transaction that it is for
 * @info: the message
 * @refusal: out: why not
 *
 * Context: process context, pe_net.lock held.
 * Return: the change or an error pointer.
 */
struct pe_change *pe_parse_engine(struct pe_net *pn, struct pe_txn *txn,
				  struct genl_info *info,
				  struct pe_refusal *refusal)
{
	const struct nlattr *name = info->attrs[PE_ENGINE_NAME];
	struct pe_change *change;
	int err;

	err = pe_parse_name(info, name, PE_ENGINE_NAME, "engine", refusal);
	if (err)
		return ERR_PTR(err);
	change = pe_parse_new(txn, info, nla_data(name), PE_NOUN_ENGINE, 0, 0);
	if (!change)
		return ERR_PTR(-ENOMEM);
	change->version = pe_engine_new();
	err = change->version ? pe_parse_engine_attrs(info, change->version,
						      refusal) : -ENOMEM;
	if (err) {
		pe_change_drop(pn, txn, change);
		return ERR_PTR(err);
	}
	return change;
}
