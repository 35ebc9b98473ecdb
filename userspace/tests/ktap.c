// SPDX-License-Identifier: GPL-2.0-only

#include "ktap.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

static int ktap_count, ktap_failed;

/**
 * ktap_start() - start the output
 */
void ktap_start(void)
{
	puts("KTAP version 1");
}

/**
 * ktap_result() - one result
 * @ok: whether it is as it should be
 * @name: of the test, as for printf()
 *
 * Return: @ok.
 */
bool ktap_result(bool ok, const char *name, ...)
{
	va_list args;

	ktap_count++;
	ktap_failed += !ok;
	printf("%s %d ", ok ? "ok" : "not ok", ktap_count);
	va_start(args, name);
	vprintf(name, args);
	va_end(args);
	putchar('\n');
	return ok;
}

/**
 * ktap_comment() - show a text, each line as a comment
 * @what: it is
 * @text: the text
 */
void ktap_comment(const char *what, const char *text)
{
	printf("# %s:\n#   ", what);
	for (; *text; text++) {
		putchar(*text);
		if (*text == '\n')
			fputs("#   ", stdout);
	}
	putchar('\n');
}

/**
 * ktap_same() - a result: two texts are the same
 * @name: of the test
 * @seen: what was seen
 * @wanted: what should have been
 *
 * Return: whether they are.
 */
bool ktap_same(const char *name, const char *seen, const char *wanted)
{
	bool ok = ktap_result(!strcmp(seen, wanted), "%s", name);

	if (!ok) {
		ktap_comment("seen", seen);
		ktap_comment("wanted", wanted);
	}
	return ok;
}

/**
 * ktap_end() - end the output
 *
 * Return: what main() returns.
 */
int ktap_end(void)
{
	printf("1..%d\n", ktap_count);
	return ktap_failed ? 1 : 0;
}
