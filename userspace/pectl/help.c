// SPDX-License-Identifier: GPL-2.0-only

#include <stdio.h>
#include <string.h>

#include "commands.h"
#include "tables.h"

static void help_all(void)
{
	const struct option_entry *option;
	const struct command_entry *entry;

	puts("Usage: pectl [OPTIONS] COMMAND\n       pectl [OPTIONS] -f FILE\n\nCommands:");
	for (entry = command_table; entry->name; entry++)
		printf("  pectl %s\n        %s\n", entry->synopsis, entry->summary);
	puts("\nOptions:");
	for (option = option_table; option->name; option++)
		printf("  %-4s--%s%s%s\n        %s\n", option->shown ? option->shown : "",
		       option->name, option->argument ? " " : "",
		       option->argument ? option->argument : "", option->summary);
	puts("\nA DEVICE or SERVICE is written as in a configuration file: pectl help device,\npectl help service, or the manual page pectl(8).");
}

static bool help_clauses(const char *topic)
{
	const struct clause_entry *clause;
	bool found = false;

	for (clause = clause_table; clause->where; clause++) {
		if (strcmp(clause->where, topic) != 0)
			continue;
		printf("%s  %s\n        %s\n", found ? "" : "Clauses:\n", clause->synopsis,
		       clause->summary);
		found = true;
	}
	return found;
}

static bool help_command(const char *topic)
{
	const struct command_entry *entry;
	size_t len = strlen(topic);
	bool found = false;

	for (entry = command_table; entry->name; entry++) {
		if (strncmp(entry->name, topic, len) != 0 ||
		    (entry->name[len] && entry->name[len] != ' '))
			continue;
		printf("pectl %s\n        %s\n", entry->synopsis, entry->summary);
		if (entry->text[0])
			printf("        %s\n", entry->text);
		found = true;
	}
	return found;
}

/**
 * command_help() - print help
 * @topic: about which command, or NULL
 *
 * Return: the exit code.
 */
int command_help(const char *topic)
{
	bool found;

	if (!topic) {
		help_all();
		return EXIT_DONE;
	}
	found = help_command(topic);
	if (help_clauses(topic) || found)
		return EXIT_DONE;
	fprintf(stderr, "pectl: error: there is no command '%s'; see pectl help\n", topic);
	return EXIT_SYNTAX;
}
