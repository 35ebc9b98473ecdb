/* SPDX-License-Identifier: GPL-2.0-only */
/* Commands, options and words, as help, manual and completion tell them. */
#ifndef PECTL_TABLES_H
#define PECTL_TABLES_H

/**
 * struct command_entry - a command
 * @name: its words
 * @synopsis: how it is written
 * @summary: what it does, for the list of commands
 * @text: what else there is to know, for the manual and its own help
 */
struct command_entry {
	const char *name;
	const char *synopsis;
	const char *summary;
	const char *text;
};

/**
 * struct option_entry - an option
 * @letter: its letter, or another value if it has none
 * @shown: its short form with the dash, or NULL
 * @name: its long name
 * @argument: what it takes, or NULL
 * @summary: what it does
 */
struct option_entry {
	int letter;
	const char *shown;
	const char *name;
	const char *argument;
	const char *summary;
};

/**
 * struct clause_entry - a clause of the configuration language
 * @where: "device" or "service"
 * @synopsis: how it is written
 * @summary: what it says
 */
struct clause_entry {
	const char *where;
	const char *synopsis;
	const char *summary;
};

/**
 * struct exit_entry - how pectl ends
 * @code: its exit code
 * @summary: what that means
 */
struct exit_entry {
	int code;
	const char *summary;
};

#define OPTION_BRIEF 256
#define OPTION_CHECK 257
#define OPTION_GENERATION 258
#define OPTION_OPENMETRICS 259
#define OPTION_COMMENT 260
#define OPTION_CONFIRM 261
#define OPTION_NO_REVISION 262
#define OPTION_STATE 263
#define OPTION_OVERRIDE 264
#define OPTION_OWNER 265

/* Each ends with an entry of zeroes. */
extern const struct command_entry command_table[];
extern const struct option_entry option_table[];
extern const struct clause_entry clause_table[];
extern const struct exit_entry exit_table[];

#endif
