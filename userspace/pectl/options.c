// SPDX-License-Identifier: GPL-2.0-only

#include "options.h"

#include <getopt.h>
#include <jansson.h>
#include <revision.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "parse.h"
#include "tables.h"

#define OPTIONS_MAX 32
#define OPTIONS_CONFIRM_MAX 86400

static const struct option_entry *options_find(const char *name, size_t len)
{
	const struct option_entry *entry;

	for (entry = option_table; entry->name; entry++)
		if (!strncmp(entry->name, name, len) && !entry->name[len])
			return entry;
	return NULL;
}

static bool options_check_word(const char *word)
{
	size_t len = strcspn(word + 2, "=");
	const struct option_entry *entry = options_find(word + 2, len);

	if (!entry)
		fprintf(stderr, "pectl: error: unknown option %s; see pectl help\n", word);
	else if (word[2 + len] && !entry->argument)
		fprintf(stderr, "pectl: error: option --%s takes no argument\n", entry->name);
	else
		return true;
	return false;
}

/*
 * Only full words are understood, so that a later option cannot change what
 * an abbreviation means; -br is the one short form of two letters.
 */
static bool options_check_words(int argc, char **argv)
{
	static char brief[] = "--brief";
	int i;

	for (i = 1; i < argc && strcmp(argv[i], "--") != 0; i++) {
		if (!strcmp(argv[i], "-br"))
			argv[i] = brief;
		if (!strncmp(argv[i], "--", 2) && !options_check_word(argv[i]))
			return false;
	}
	return true;
}

static void options_tables(struct option *longs, char *shorts)
{
	const struct option_entry *entry;

	*shorts++ = ':';
	for (entry = option_table; entry->name; entry++, longs++) {
		longs->name = entry->name;
		longs->has_arg = entry->argument ? required_argument : no_argument;
		longs->flag = NULL;
		longs->val = entry->letter;
		if (entry->letter > 255)
			continue;
		*shorts++ = (char)entry->letter;
		if (entry->argument)
			*shorts++ = ':';
	}
	memset(longs, 0, sizeof(*longs));
	*shorts = '\0';
}

static bool options_generation(struct options *options, const char *value)
{
	char *end;
	unsigned long number = strtoul(value, &end, 10);

	if (!*value || *end || *value == '-' || number > UINT32_MAX) {
		fprintf(stderr, "pectl: error: '%s' is no generation\n", value);
		return false;
	}
	options->generation = (uint32_t)number;
	options->has_generation = true;
	return true;
}

static bool options_comment(struct options *options, const char *text)
{
	json_t *string = json_string(text);
	const char *p = text;

	while (*p && (unsigned char)*p >= ' ' && *p != 0x7f)
		p++;
	if (!string || *p || strlen(text) > PE_REVISION_COMMENT_MAX) {
		fprintf(stderr,
			"pectl: error: a comment is one line of UTF-8, and up to %d bytes long\n",
			PE_REVISION_COMMENT_MAX);
		json_decref(string);
		return false;
	}
	json_decref(string);
	options->comment = text;
	return true;
}

static bool options_confirm(struct options *options, const char *value)
{
	static const char units[] = "smh";
	static const unsigned int seconds[] = { 1, 60, 3600 };
	const char *unit = "s";
	char *end;
	unsigned long number = strtoul(value, &end, 10);

	if (*end && !end[1])
		unit = strchr(units, *end);
	if (*value < '0' || *value > '9' || (*end && end[1]) || !unit || !number ||
	    number > OPTIONS_CONFIRM_MAX) {
		fprintf(stderr, "pectl: error: '%s' is no time to confirm: 60s, 10m or 1h is one\n",
			value);
		return false;
	}
	unit = *end ? strchr(units, *end) : units;
	options->confirm = (uint32_t)number * seconds[unit - units];
	if (options->confirm <= OPTIONS_CONFIRM_MAX)
		return true;
	fprintf(stderr,
		"pectl: error: '%s' is too long a time to confirm: at most a day is possible\n",
		value);
	return false;
}

static bool options_owner(struct options *options, const char *name)
{
	size_t len = strlen(name);

	if (len && len <= PE_NAME_MAX && parse_is_name(name, (uint32_t)len)) {
		options->owner = name;
		return true;
	}
	fprintf(stderr,
		"pectl: error: '%s' is no name of an owner: up to %d letters, digits, '_', '.' and '-' make one, not starting with '.' or '-'\n",
		name, PE_NAME_MAX);
	return false;
}

static bool options_set(struct options *options, int letter)
{
	switch (letter) {
	case 'f':
		options->file = optarg;
		return true;
	case 'w':
		options->write = optarg;
		return true;
	case 'n':
		options->netns = optarg;
		return true;
	case OPTION_GENERATION:
		return options_generation(options, optarg);
	case OPTION_COMMENT:
		return options_comment(options, optarg);
	case OPTION_CONFIRM:
		return options_confirm(options, optarg);
	case OPTION_OWNER:
		return options_owner(options, optarg);
	case OPTION_STATE:
		options->state = optarg;
		return true;
	case OPTION_NO_REVISION:
		return options->no_revision = true;
	case OPTION_OVERRIDE:
		return options->override = true;
	case OPTION_CHECK:
		return options->check = true;
	case 'j':
		return options->json = true;
	case 'p':
		return options->pretty = true;
	case 's':
		return options->stats = true;
	case 'd':
		return options->details = true;
	case OPTION_BRIEF:
		return options->brief = true;
	case OPTION_OPENMETRICS:
		return options->openmetrics = true;
	case 'o':
		return options->oneline = true;
	case 't':
		return options->timestamp = true;
	case 'h':
		return options->help = true;
	case 'V':
		return options->version = true;
	case ':':
		fprintf(stderr, "pectl: error: option -%c needs an argument; see pectl help\n",
			optopt);
		return false;
	}
	fprintf(stderr, "pectl: error: unknown option -%c; see pectl help\n", optopt);
	return false;
}

/**
 * options_read() - read the options, which may stand anywhere
 * @options: where to store them
 * @argc: how many arguments
 * @argv: the arguments, of which those that are no options come to the end
 *
 * Return: index of the first argument that is no option, or -1 after an error
 * has been told.
 */
int options_read(struct options *options, int argc, char **argv)
{
	struct option longs[OPTIONS_MAX];
	char shorts[2 * OPTIONS_MAX];
	int letter;

	memset(options, 0, sizeof(*options));
	if (!options_check_words(argc, argv))
		return -1;
	options_tables(longs, shorts);
	opterr = 0;
	while ((letter = getopt_long(argc, argv, shorts, longs, NULL)) != -1)
		if (!options_set(options, letter))
			return -1;
	return optind;
}
