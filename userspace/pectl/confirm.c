// SPDX-License-Identifier: GPL-2.0-only
/*
 * The process that commits is the one that undoes: it has left the terminal
 * before, so there is no moment at which the one is done and nobody is there
 * for the other.
 */

#include "confirm.h"

#include <errno.h>
#include <inttypes.h>
#include <poll.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/inotify.h>
#include <sys/timerfd.h>
#include <syslog.h>
#include <time.h>
#include <unistd.h>

#include "apply.h"
#include "commands.h"
#include "detach.h"
#include "kernel.h"
#include "printer.h"
#include "rollback.h"

/* How often it is tried, a second apart, if the kernel refuses. */
#define CONFIRM_TRIES 10

/* Time in which the machine sleeps counts, changes of the clock do not. */
static int confirm_timer(uint32_t seconds)
{
	struct itimerspec when = { 0 };
	int fd = timerfd_create(CLOCK_BOOTTIME, TFD_CLOEXEC);

	clock_gettime(CLOCK_BOOTTIME, &when.it_value);
	when.it_value.tv_sec += seconds;
	if (fd >= 0)
		timerfd_settime(fd, TFD_TIMER_ABSTIME, &when, NULL);
	return fd;
}

static int confirm_watch(const struct place *place)
{
	int fd = inotify_init1(IN_CLOEXEC | IN_NONBLOCK);
	char *path;

	if (fd < 0 || asprintf(&path, "%s%s%s/confirm", place->path, place->name ? "/netns/" : "",
			       place->name ? place->name : "") < 0)
		return fd;
	inotify_add_watch(fd, path, IN_ATTRIB | IN_DELETE_SELF | IN_MOVE_SELF);
	free(path);
	return fd;
}

static bool confirm_still_waits(const struct place *place, const struct pe_pending *own)
{
	struct pe_refusal ignored;
	struct pe_store store;
	bool waits = true;

	/* What cannot be told is undone rather than not. */
	if (pe_store_open(&store, place->path, place->name, false, &ignored))
		return true;
	waits = pe_pending_is_mine(&store, own);
	pe_store_close(&store);
	return waits;
}

/* Whether the time went by and nobody confirmed. */
static bool confirm_expires(const struct place *place, const struct pe_pending *own)
{
	struct pollfd fds[] = { { .fd = confirm_timer(own->seconds), .events = POLLIN },
				{ .fd = confirm_watch(place), .events = POLLIN } };
	char events[4096];

	while (confirm_still_waits(place, own)) {
		if (fds[0].fd < 0) {
			sleep(own->seconds);
			return confirm_still_waits(place, own);
		}
		if (poll(fds, 2, -1) < 0 && errno != EINTR)
			return true;
		if (fds[0].revents & POLLIN)
			return confirm_still_waits(place, own);
		if (fds[1].revents & POLLIN && read(fds[1].fd, events, sizeof(events)) < 0)
			errno = 0;
	}
	return false;
}

static int confirm_undo_once(struct apply *apply, const struct place *place,
			     const struct pe_pending *own)
{
	int code = kernel_open(&apply->sock, apply->options);

	if (!code)
		code = history_open(&apply->history, apply->options, HISTORY_END, place);
	/* Now that it is locked, nobody confirms any more. */
	if (!code && pe_pending_is_mine(&apply->history.store, own))
		code = rollback_to(apply, own->back);
	else if (!code)
		code = EXIT_DIFFERS;
	apply_close(apply);
	return code;
}

/* What an attempt to undo has come to. */
static void confirm_log(int code, const struct pe_pending *own, uint32_t found, const char *why)
{
	if (code == EXIT_DIFFERS)
		return;
	if (code)
		syslog(LOG_ERR,
		       "revision %" PRIu32 " was not confirmed, and could not be undone so far: %s",
		       own->revision, why ? why : "");
	else
		syslog(LOG_NOTICE,
		       "revision %" PRIu32 " was not confirmed within %" PRIu32
		       " s: back to revision %" PRIu32,
		       own->revision, own->seconds, own->back);
	if (!code && found)
		syslog(LOG_NOTICE,
		       "what was changed since by others was undone with it, and is revision %" PRIu32,
		       found);
}

/* Nobody reads errors any more: they go to the log. */
static int confirm_undo_logged(const struct options *options, const struct place *place,
			       const struct pe_pending *own)
{
	struct apply apply = { .options = options };
	FILE *err = stderr, *told;
	char *why = NULL;
	size_t len;
	int code;

	told = open_memstream(&why, &len);
	if (told)
		stderr = told;
	code = confirm_undo_once(&apply, place, own);
	stderr = err;
	if (told)
		fclose(told);
	confirm_log(code, own, apply.history.found, why);
	free(why);
	return code;
}

/* Going back matters more than what is kept of it, so at last nothing is. */
static void confirm_undo(const struct place *place, const struct pe_pending *own)
{
	struct options options = { 0 };
	int code, tries = CONFIRM_TRIES;
	char comment[128];

	snprintf(comment, sizeof(comment),
		 "revision %" PRIu32 " was not confirmed within %" PRIu32
		 " s: back to revision %" PRIu32,
		 own->revision, own->seconds, own->back);
	options.comment = comment;
	openlog("pectl", LOG_PID, LOG_DAEMON);
	do {
		code = confirm_undo_logged(&options, place, own);
		options.comment = NULL;
		options.no_revision = true;
	} while (code && code != EXIT_DIFFERS && --tries && !sleep(1));
}

/**
 * confirm_run() - bring a configuration into force, and undo it unless confirmed
 * @apply: what to apply; its options say whether that has to be confirmed
 * @act: does it
 *
 * Return: the exit code.
 */
int confirm_run(struct apply *apply, int (*act)(struct apply *apply))
{
	struct pe_pending own;
	struct place place;
	int report, code;

	if (!apply->options->confirm)
		return act(apply);
	if (!detach(&report, &code))
		return code;
	code = act(apply);
	own = apply->history.own;
	place = apply->history.place;
	memset(&apply->history.place, 0, sizeof(place));
	/* Waiting, it holds neither the lock nor the kernel's socket. */
	apply_close(apply);
	detach_report(report, code);
	if (!code && own.revision && confirm_expires(&place, &own))
		confirm_undo(&place, &own);
	place_free(&place);
	return code;
}

/**
 * command_confirm() - keep what waits to be confirmed
 * @options: the options
 *
 * Return: the exit code.
 */
int command_confirm(const struct options *options)
{
	struct history history;
	struct printer p;
	int code = kernel_enter(options);

	if (code)
		return code;
	code = history_open(&history, options, HISTORY_END, NULL);
	if (!code && !history.waits.revision) {
		fputs("pectl: error: nothing waits to be confirmed; pectl revision show tells what was done\n",
		      stderr);
		code = EXIT_REFUSED;
	}
	if (!code) {
		pe_pending_end(&history.store);
		printer_init(&p, stdout, options);
		print_object(&p, NULL);
		print_uint(&p, "version", NULL, PRINTER_VERSION);
		print_uint(&p, "confirmed", "revision %llu is confirmed\n", history.waits.revision);
		print_close(&p);
	}
	history_close(&history);
	return code;
}
