/* SPDX-License-Identifier: GPL-2.0-only */
/* The commands, and the table that help, manual and completion come from. */
#ifndef PECTL_COMMANDS_H
#define PECTL_COMMANDS_H

#include <stdbool.h>
#include <stddef.h>

#include "options.h"
#include "request.h"

#ifndef PECTL_VERSION
#define PECTL_VERSION "0.1"
#endif

struct parse;

int command_change(struct parse *parse, const struct options *options);
int command_replace(struct parse *parse, const struct options *options);
int command_apply(const struct options *options);
int command_diff(const struct request *request, const struct options *options);
int command_confirm(const struct options *options);
int command_rollback(const struct request *request, const struct options *options);
int command_revision(const struct request *request, const struct options *options);
int command_show(const struct request *request, const struct options *options);
int command_explain(const struct request *request, const struct options *options);
int command_state(const struct request *request, const struct options *options);
int command_flow(const struct request *request, const struct options *options);
int command_flow_flush(const struct request *request, const struct options *options);
int command_stats(const struct options *options);
int command_monitor(const struct request *request, const struct options *options);
int command_trace(const struct request *request, const struct options *options);
int command_capture(const struct request *request, const struct options *options);
int command_check(const struct request *request, const struct options *options);
int command_validate(const struct request *request, const struct options *options);
int command_watch(const struct request *request, const struct options *options);
int command_help(const char *topic);

#endif
