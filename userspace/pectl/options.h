/* SPDX-License-Identifier: GPL-2.0-only */
/* What the options of the command line ask for. */
#ifndef PECTL_OPTIONS_H
#define PECTL_OPTIONS_H

#include <stdbool.h>
#include <stdint.h>

/* How pectl ends. */
enum exit_code {
	EXIT_DONE = 0,
	EXIT_SYNTAX = 1,
	EXIT_REFUSED = 2,
	EXIT_NO_MODULE = 3,
	EXIT_DIFFERS = 4,
	EXIT_DOWN = 5,
	EXIT_UNTOLD = 6,
};

/**
 * struct options - the options
 * @file: to be read, or NULL
 * @write: to be written, or NULL
 * @netns: network namespace to work in, or NULL
 * @owner: as whom to act, or NULL
 * @state: directory of revisions, or NULL for the usual one
 * @comment: of the revision, or NULL
 * @confirm: seconds until it is undone unless confirmed, or 0
 * @no_revision: keep none
 * @override: do not mind what waits to be confirmed
 * @generation: that the configuration must be at
 * @has_generation: whether that is given
 * @check: change nothing, only find out whether it could be done
 * @json: print JSON
 * @pretty: print JSON over several lines
 * @stats: print counters
 * @details: print what the kernel knows beside the configuration
 * @brief: print a table
 * @oneline: print each object in one line
 * @openmetrics: print metrics for monitoring systems
 * @timestamp: print when something happened
 * @help: print help
 * @version: print the version
 */
struct options {
	const char *file;
	const char *write;
	const char *netns;
	const char *owner;
	const char *state;
	const char *comment;
	uint32_t confirm;
	bool no_revision;
	bool override;
	uint32_t generation;
	bool has_generation;
	bool check;
	bool json;
	bool pretty;
	bool stats;
	bool details;
	bool brief;
	bool oneline;
	bool openmetrics;
	bool timestamp;
	bool help;
	bool version;
};

int options_read(struct options *options, int argc, char **argv);

#endif
