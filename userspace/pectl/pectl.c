// SPDX-License-Identifier: GPL-2.0-only

#include <config.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "commands.h"
#include "parse.h"

/* What is written at once where nobody looks on. */
#define PECTL_BUFFER (64 * 1024)

static int pectl_command(struct parse *parse, const struct options *options)
{
	const struct request *request = parse->request;

	switch (request->kind) {
	case REQUEST_CHANGE:
		return command_change(parse, options);
	case REQUEST_SHOW:
		return command_show(request, options);
	case REQUEST_REPLACE:
		return command_replace(parse, options);
	case REQUEST_APPLY:
		return command_apply(options);
	case REQUEST_DIFF:
		return command_diff(request, options);
	case REQUEST_CONFIRM:
		return command_confirm(options);
	case REQUEST_ROLLBACK:
		return command_rollback(request, options);
	case REQUEST_REVISION:
		return command_revision(request, options);
	case REQUEST_EXPLAIN:
		return command_explain(request, options);
	case REQUEST_STATS:
		return command_stats(options);
	case REQUEST_FLOW:
		return command_flow(request, options);
	case REQUEST_FLOW_FLUSH:
		return command_flow_flush(request, options);
	case REQUEST_STATE:
		return command_state(request, options);
	case REQUEST_MONITOR:
		return command_monitor(request, options);
	case REQUEST_TRACE:
		return command_trace(request, options);
	case REQUEST_CAPTURE:
		return command_capture(request, options);
	case REQUEST_CHECK:
		return command_check(request, options);
	case REQUEST_VALIDATE:
		return command_validate(request, options);
	case REQUEST_WATCH:
		return command_watch(request, options);
	case REQUEST_HELP:
		return command_help(request->topic);
	}
	return EXIT_SYNTAX;
}

/* Options that would be ignored are a mistake. */
static bool pectl_files_fit(const struct options *options, const struct request *request)
{
	bool reads = request->kind == REQUEST_APPLY || request->kind == REQUEST_DIFF;
	bool writes = request->kind == REQUEST_CAPTURE;

	if (writes != !!options->write) {
		fputs(writes ?
			      "pectl: error: capture needs a file for what it captures: -w FILE\n" :
			      "pectl: error: -w FILE goes with capture\n",
		      stderr);
		return false;
	}
	if (!options->file || reads)
		return true;
	fputs("pectl: error: -f FILE goes with apply, with diff, or with no command at all\n",
	      stderr);
	return false;
}

static bool pectl_form_fits(const struct options *options, const struct request *request)
{
	if (!options->openmetrics || (request->kind == REQUEST_STATS && !options->json))
		return true;
	fputs(options->json ? "pectl: error: --openmetrics and -j are two forms: choose one\n" :
			      "pectl: error: --openmetrics goes with stats\n",
	      stderr);
	return false;
}

static bool pectl_goes_back(const struct request *request)
{
	return request->kind == REQUEST_ROLLBACK || request->kind == REQUEST_CONFIRM ||
	       request->kind == REQUEST_REVISION || request->revision;
}

/* What can be done as an owner. */
static bool pectl_has_owner(const struct request *request)
{
	switch (request->kind) {
	case REQUEST_CHANGE:
	case REQUEST_SHOW:
	case REQUEST_REPLACE:
	case REQUEST_APPLY:
	case REQUEST_DIFF:
	case REQUEST_CONFIRM:
	case REQUEST_ROLLBACK:
	case REQUEST_STATE:
		return true;
	default:
		return request->kind == REQUEST_REVISION && request->revision;
	}
}

static const char *pectl_misfit(const struct options *options, const struct request *request)
{
	bool apply = request->kind == REQUEST_APPLY, back = request->kind == REQUEST_ROLLBACK;

	if (options->comment && !apply && !back)
		return "--comment TEXT goes with apply and with rollback";
	if (options->confirm && !apply && !back)
		return "--confirm TIME goes with apply and with rollback";
	if (options->no_revision && !apply && !back)
		return "--no-revision goes with apply and with rollback";
	if (options->override && !apply)
		return "--override goes with apply";
	if (options->override && options->confirm)
		return "--override ends what waits, --confirm makes it wait: choose one";
	if (options->state && !apply && !pectl_goes_back(request))
		return "--state DIR goes with what keeps or reads revisions";
	if (options->no_revision && (options->comment || options->confirm))
		return "--no-revision leaves --comment and --confirm nothing to do";
	if (options->no_revision && apply && options->state)
		return "--no-revision leaves --state nothing to do";
	if (options->confirm && options->check)
		return "--check changes nothing that --confirm could undo";
	if (options->owner && !pectl_has_owner(request))
		return "--owner NAME goes with show, and with what changes something";
	if (options->file && request->kind == REQUEST_DIFF && request->revision)
		return "diff compares with a file or with a revision, not with both";
	return NULL;
}

/* Options about revisions that would be ignored are one too. */
static bool pectl_revision_fits(const struct options *options, const struct request *request)
{
	const char *why = pectl_misfit(options, request);

	if (why)
		fprintf(stderr, "pectl: error: %s\n", why);
	return !why;
}

static int pectl_run(struct parse *parse, struct source *source, const struct options *options)
{
	struct pe_changes changes = { 0 };
	struct request request = { 0 };
	struct pe_config config = { 0 };
	int code = EXIT_SYNTAX;

	parse->source = source;
	parse->config = &config;
	parse->changes = &changes;
	parse->request = &request;
	if (parse_source(parse) && pectl_revision_fits(options, &request) &&
	    (parse->mode != PARSE_ARGUMENTS || pectl_files_fit(options, &request)) &&
	    pectl_form_fits(options, &request))
		code = pectl_command(parse, options);
	pe_changes_free(&request.names);
	pe_changes_free(&changes);
	pe_config_free(&config);
	source_free(source);
	return code;
}

static int pectl_batch(const struct options *options)
{
	struct parse parse = { .mode = PARSE_BATCH };
	struct source source;

	if (!source_read(&source, options->file)) {
		source_free(&source);
		return EXIT_SYNTAX;
	}
	return pectl_run(&parse, &source, options);
}

static int pectl_arguments(const struct options *options, char **args, int count)
{
	struct parse parse = { .mode = PARSE_ARGUMENTS };
	struct source source;

	source_take_arguments(&source, args, count);
	return pectl_run(&parse, &source, options);
}

static int pectl_main(const struct options *options, char **args, int count)
{
	if (options->version) {
		puts("pectl " PECTL_VERSION);
		return EXIT_DONE;
	}
	if (options->help)
		return command_help(count ? args[0] : NULL);
	if (count)
		return pectl_arguments(options, args, count);
	if (options->file)
		return pectl_batch(options);
	command_help(NULL);
	return EXIT_SYNTAX;
}

int main(int argc, char **argv)
{
	struct options options;
	int code, first = options_read(&options, argc, argv);

	if (first < 0)
		return EXIT_SYNTAX;
	if (!isatty(STDOUT_FILENO))
		setvbuf(stdout, NULL, _IOFBF, PECTL_BUFFER);
	code = pectl_main(&options, argv + first, argc - first);
	if (fflush(stdout) || ferror(stdout)) {
		perror("pectl: error: cannot write the output");
		return code ? code : EXIT_UNTOLD;
	}
	return code;
}
