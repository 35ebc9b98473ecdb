// SPDX-License-Identifier: GPL-2.0-only
/*
 * Any bytes as a configuration, a batch or the arguments of a command: they are
 * refused in one sentence, or what was read is printed, read again and sent.
 * The first byte tells which of the three it is.
 */

#include <libmnl/libmnl.h>
#include <object.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fuzz.h"
#include "text.h"

#define FAMILY 77

static char *fuzz_string(const uint8_t *data, size_t size)
{
	char *text = malloc(size + 1);

	if (!text)
		abort();
	memcpy(text, data, size);
	text[size] = '\0';
	return text;
}

/* Place and sentence, the line, the mark: three lines, and no zero in them. */
static void check_refusal(const char *error)
{
	const char *head = strstr(error, "error: "), *end = strchr(error, '\n');

	fuzz_check(head && end && head < end, "a refusal without a sentence");
	fuzz_check(head + strlen("error: ") < end, "a refusal with an empty sentence");
	fuzz_check(strlen(error) < 2048, "a refusal that is too long");
}

static void check_message(const struct pe_object *object)
{
	char buf[PE_MESSAGE_MAX] __attribute__((aligned(8)));
	struct nlmsghdr *nlh = (struct nlmsghdr *)buf;

	pe_object_encode(object, nlh, FAMILY);
	fuzz_check(nlh->nlmsg_len <= sizeof(buf), "a message that is too long");
}

static void check_config(const struct text *text)
{
	char *once = text_print(&text->config), *twice;
	struct text again;
	bool ok = text_read(&again, PARSE_CONFIG, once);

	fuzz_check(ok, "what was printed cannot be read");
	twice = text_print(&again.config);
	fuzz_check(!strcmp(once, twice), "what was printed is read as something else");
	text_free(&again);
	free(twice);
	free(once);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	enum parse_mode mode;
	struct text text;
	char *input;
	size_t i;

	if (!size)
		return 0;
	mode = data[0] % 3;
	input = fuzz_string(data + 1, size - 1);
	if (!text_read(&text, mode, input))
		check_refusal(text.error);
	else if (mode == PARSE_CONFIG)
		check_config(&text);
	for (i = 0; i < text.changes.count; i++)
		check_message(text.changes.list[i]);
	text_free(&text);
	free(input);
	return 0;
}
