// SPDX-License-Identifier: GPL-2.0-only
/* Prints the parts of the manual page and of the completion that tables know. */

#include <ctype.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "tables.h"

#define WORDS_MAX 128

/* ---- manual page ---- */

static void roff(const char *text)
{
	for (; *text; text++) {
		if (*text == '-' || *text == '\\')
			putchar('\\');
		putchar(*text);
	}
}

/* A synopsis: what is typed as it is in bold, what is to be put in in italics. */
static void roff_synopsis(const char *text)
{
	char last = 'R';

	for (; *text; text++) {
		char font = 'R';

		if (isupper((unsigned char)*text))
			font = 'I';
		else if (islower((unsigned char)*text) || *text == '-' ||
			 isdigit((unsigned char)*text))
			font = 'B';
		if (font != last && *text != ' ')
			printf("\\f%c", font);
		if (*text != ' ')
			last = font;
		if (*text == '-')
			putchar('\\');
		putchar(*text);
	}
	puts(last == 'R' ? "" : "\\fR");
}

static void man_commands(void)
{
	const struct command_entry *entry;

	for (entry = command_table; entry->name; entry++) {
		puts(".TP");
		printf("\\fBpectl\\fR ");
		roff_synopsis(entry->synopsis);
		printf("%c", toupper((unsigned char)entry->summary[0]));
		roff(entry->summary + 1);
		puts(".");
		if (!entry->text[0])
			continue;
		roff(entry->text);
		puts("");
	}
}

static void man_options(void)
{
	const struct option_entry *entry;

	for (entry = option_table; entry->name; entry++) {
		printf(".TP\n");
		if (entry->shown) {
			printf("\\fB");
			roff(entry->shown);
			printf("\\fR, ");
		}
		printf("\\fB\\-\\-%s\\fR", entry->name);
		if (entry->argument)
			printf(" \\fI%s\\fR", entry->argument);
		printf("\n%c", toupper((unsigned char)entry->summary[0]));
		roff(entry->summary + 1);
		puts(".");
	}
}

static void man_clauses(const char *where)
{
	const struct clause_entry *entry;

	for (entry = clause_table; entry->where; entry++) {
		if (strcmp(entry->where, where) != 0)
			continue;
		puts(".TP");
		roff_synopsis(entry->synopsis);
		roff(entry->summary);
		puts("");
	}
}

static void man_device(void)
{
	man_clauses("device");
}

static void man_pool(void)
{
	man_clauses("pool");
}

static void man_acl(void)
{
	man_clauses("acl");
}

static void man_service(void)
{
	man_clauses("service");
}

static void man_engine(void)
{
	man_clauses("engine");
}

static void man_exit(void)
{
	const struct exit_entry *entry;

	for (entry = exit_table; entry->summary; entry++) {
		printf(".TP\n\\fB%d\\fR\n%c", entry->code,
		       toupper((unsigned char)entry->summary[0]));
		roff(entry->summary + 1);
		puts(".");
	}
}

/* ---- completion ---- */

/* Words that were printed in this list already. */
struct words {
	const char *start[WORDS_MAX];
	size_t len[WORDS_MAX];
	int count;
};

static void words_add(struct words *words, const char *start, size_t len)
{
	int i;

	for (i = 0; i < words->count; i++)
		if (words->len[i] == len && !strncmp(words->start[i], start, len))
			return;
	if (words->count == WORDS_MAX)
		return;
	words->start[words->count] = start;
	words->len[words->count++] = len;
	printf("%s%.*s", words->count > 1 ? " " : "", (int)len, start);
}

static void words_of_synopsis(struct words *words, const char *p)
{
	while (*p) {
		size_t len = strcspn(p, " []{}|,.");
		bool word = len && islower((unsigned char)p[0]);

		if (word)
			words_add(words, p, len);
		p += len ? len : 1;
	}
}

static void words_clauses(const char *where)
{
	const struct clause_entry *entry;
	struct words words = { .count = 0 };

	printf("_pectl_%s_words='", where);
	for (entry = clause_table; entry->where; entry++)
		if (!strcmp(entry->where, where))
			words_of_synopsis(&words, entry->synopsis);
	puts("'");
}

static void words_commands(void)
{
	const struct command_entry *entry;
	struct words words = { .count = 0 };

	printf("_pectl_commands='");
	for (entry = command_table; entry->name; entry++)
		words_add(&words, entry->name, strcspn(entry->name, " "));
	puts("'");
}

static void words_verbs(const char *noun)
{
	const struct command_entry *entry;
	struct words words = { .count = 0 };
	size_t len = strlen(noun);

	printf("_pectl_%s_verbs='", noun);
	for (entry = command_table; entry->name; entry++)
		if (!strncmp(entry->name, noun, len) && entry->name[len] == ' ')
			words_add(&words, entry->name + len + 1, strlen(entry->name + len + 1));
	puts("'");
}

static void words_command(const char *name)
{
	const struct command_entry *entry;
	struct words words = { .count = 0 };
	const char *p;

	fputs("_pectl_", stdout);
	for (p = name; *p; p++)
		putchar(*p == ' ' ? '_' : *p);
	fputs("_words='", stdout);
	for (entry = command_table; entry->name; entry++)
		if (!strcmp(entry->name, name))
			words_of_synopsis(&words, entry->synopsis + strlen(name));
	puts("'");
}

static void words_options(void)
{
	const struct option_entry *entry;

	printf("_pectl_options='");
	for (entry = option_table; entry->name; entry++)
		printf("%s%s%s--%s", entry == option_table ? "" : " ",
		       entry->shown ? entry->shown : "", entry->shown ? " " : "", entry->name);
	puts("'");
}

static void completion_words(void)
{
	words_commands();
	words_verbs("device");
	words_verbs("pool");
	words_verbs("acl");
	words_verbs("service");
	words_verbs("engine");
	words_verbs("revision");
	words_verbs("flow");
	words_options();
	words_clauses("device");
	words_clauses("pool");
	words_clauses("acl");
	words_clauses("service");
	words_clauses("engine");
	words_command("device replace");
	words_command("diff");
	words_command("device state");
	words_command("acl insert");
	words_command("explain");
	words_command("flow show");
	words_command("monitor");
	words_command("trace");
	words_command("capture");
	words_command("check");
	words_command("watch");
}

static const struct {
	const char *name;
	void (*print)(void);
} parts[] = {
	{ "commands", man_commands }, { "options", man_options },    { "device", man_device },
	{ "pool", man_pool },	      { "service", man_service },    { "exit", man_exit },
	{ "acl", man_acl },	      { "words", completion_words }, { "engine", man_engine },
};

int main(int argc, char **argv)
{
	size_t i;

	for (i = 0; argc == 2 && i < sizeof(parts) / sizeof(*parts); i++) {
		if (strcmp(parts[i].name, argv[1]) != 0)
			continue;
		parts[i].print();
		return 0;
	}
	fprintf(stderr, "usage: docgen PART\n");
	return 1;
}
