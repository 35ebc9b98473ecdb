// SPDX-License-Identifier: GPL-2.0-only
/* Packets of a service as they come to its stages and leave them. */

#include <errno.h>
#include <linux/pe.h>
#include <pcapng.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "commands.h"
#include "watch.h"

#define CAPTURE_COMMENT 256

/* Where a packet is seen that the kernel is going to route by itself. */
#define CAPTURE_ROUTED "routed"

/* What writes; @failed where it can't. */
struct capture {
	struct watch watch;
	struct pe_pcapng file;
	const char *name;
	uint32_t snaplen;
	bool failed;
};

/* A comment in the making. */
struct comment {
	char text[CAPTURE_COMMENT];
	size_t len;
};

static void __attribute__((format(printf, 2, 3)))
comment_add(struct comment *comment, const char *format, ...)
{
	size_t left = sizeof(comment->text) - comment->len;
	va_list args;
	int len;

	va_start(args, format);
	len = vsnprintf(comment->text + comment->len, left, format, args);
	va_end(args);
	if (len > 0)
		comment->len += (size_t)len < left ? (size_t)len : left - 1;
}

static void comment_add_place(struct comment *comment, const struct pe_sight *sight)
{
	if (sight->action == PE_ACTION_ARRIVE) {
		if (sight->from && pe_sight_is(sight, PE_SIGHT_FROM_STEP))
			comment_add(comment, " from step %u %s", sight->from_step + 1, sight->from);
		else
			comment_add(comment, " from the %s",
				    sight->direction == PE_DIRECTION_FORWARD ? "client" : "server");
		return;
	}
	if (sight->action == PE_ACTION_COPY)
		comment_add(comment, " copy");
	if (sight->device && pe_sight_is(sight, PE_SIGHT_STEP))
		comment_add(comment, " to step %u %s", sight->step + 1, sight->device);
	else if (sight->action == PE_ACTION_EXIT)
		comment_add(comment, " to the exit");
	else
		comment_add(comment, " to the %s",
			    sight->direction == PE_DIRECTION_FORWARD ? "server" : "client");
	if (!sight->oif)
		comment_add(comment, ", left to the kernel's routing");
}

static void comment_make(struct comment *comment, const struct pe_sight *sight)
{
	comment->len = 0;
	comment_add(comment, "%s %s", sight->service ? sight->service : "",
		    sight->direction == PE_DIRECTION_FORWARD ? "forward" : "reverse");
	comment_add_place(comment, sight);
	if (sight->segment)
		comment_add(comment, "; stands for segments of %u bytes", sight->segment);
	if (pe_sight_is(sight, PE_SIGHT_PARTIAL))
		comment_add(comment, "; checksum left to the interface");
}

static FILE *capture_open(const char *name)
{
	FILE *out;

	if (!strcmp(name, "-")) {
		if (!isatty(STDOUT_FILENO))
			return stdout;
		fputs("pectl: error: captured packets are no text for a terminal: give -w a file, or pipe them on\n",
		      stderr);
		return NULL;
	}
	out = fopen(name, "wbe");
	if (!out)
		fprintf(stderr, "pectl: error: cannot write '%s': %s\n", name, strerror(errno));
	return out;
}

/* Not before the kernel agreed: a capture that is refused spoils no file. */
static bool capture_begin(struct capture *capture)
{
	if (capture->watch.out || capture->failed)
		return !capture->failed;
	capture->watch.out = capture_open(capture->name);
	capture->failed = !capture->watch.out;
	if (!capture->failed)
		pe_pcapng_begin(&capture->file, capture->watch.out, capture->snaplen,
				"pectl " PECTL_VERSION);
	return !capture->failed;
}

static void capture_tell(const struct pe_sight *sight, void *arg)
{
	bool arrives = sight->action == PE_ACTION_ARRIVE;
	const char *dev = arrives ? sight->iif : sight->oif;
	struct capture *capture = arg;
	struct comment comment;
	struct pe_pcapng_frame frame = {
		.interface = dev ? dev : CAPTURE_ROUTED,
		.link = pe_sight_is(sight, PE_SIGHT_LINK) ? PE_PCAPNG_ETHERNET : PE_PCAPNG_IP,
		.way = arrives ? PE_PCAPNG_IN : PE_PCAPNG_OUT,
		.time = sight->time,
		.data = sight->frame,
		.have = sight->frame_have,
		.len = sight->frame_len,
		.comment = comment.text,
	};

	if (!capture_begin(capture))
		return;
	comment_make(&comment, sight);
	pe_pcapng_write(&capture->file, &frame);
}

/* Standard output is looked at by who opened it. */
static int capture_end(struct capture *capture, int code)
{
	FILE *out = capture->watch.out;
	bool bad;

	pe_pcapng_end(&capture->file);
	if (out == stdout)
		return code;
	bad = ferror(out);
	bad |= fclose(out) != 0;
	if (!bad)
		return code;
	fprintf(stderr, "pectl: error: cannot write '%s': %s\n", capture->name, strerror(errno));
	return EXIT_SYNTAX;
}

static int capture_run(struct capture *capture)
{
	if (!capture_begin(capture))
		return EXIT_SYNTAX;
	return capture_end(capture, watch_listen(&capture->watch, "packets"));
}

/**
 * command_capture() - write the packets of a service to a file
 * @request: which
 * @options: the options, with the file
 *
 * Return: the exit code.
 */
int command_capture(const struct request *request, const struct options *options)
{
	struct capture capture = {
		.watch = { .tell = capture_tell, .count = request->count },
		.name = options->write,
		.snaplen = request->watch.snaplen,
	};
	int code;

	capture.watch.arg = &capture;
	code = watch_start(&capture.watch, &request->watch, options);
	if (code)
		return code;
	code = capture_run(&capture);
	watch_close(&capture.watch);
	return code;
}
