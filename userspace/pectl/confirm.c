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
#include <refusal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/inotify.h>
#include <sys/stat.h>
#include <sys/timerfd.h>
#include <syslog.h>
#include <time.h>
#include <unistd.h>

#include "apply.h"
#include "commands.h"
#include "detach.h"
#include "kernel.h"
#include "printer.h"

/* It is tried until it is done. How often a second apart, and how many seconds apart
 * after that, of which each twelfth time is told; and in how many tries the
 * directory has to be there and nobody else have it locked.
 */
#define CONFIRM_TRIES 10
#define CONFIRM_PAUSE 5
#define CONFIRM_TOLD 12
#define CONFIRM_TRIES_LOCKED 3

/* How long it takes at most to delete a directory once that is begun. */
#define CONFIRM_GONE_US 200000

#define CONFIRM_PATH 64

/**
 * struct confirm - what is undone unless confirmed
 * @own: what waits
 * @owner: as whom it was done, or NULL
 * @back: text of the revision that it goes back to
 * @path: name of the directory of revisions
 * @store: that directory, open, wherever it is moved
 */
struct confirm {
	struct pe_pending own;
	const char *owner;
	char *back;
	char *path;
	struct pe_store store;
};

static void confirm_take(struct confirm *confirm, struct history *history)
{
	confirm->own = history->own;
	confirm->back = history->back;
	history->back = NULL;
	confirm->path = history->store.path ? strdup(history->store.path) : NULL;
	confirm->store.lock = -1;
	confirm->store.dir = history->store.dir;
	history->store.dir = -1;
}

static void confirm_free(struct confirm *confirm)
{
	if (confirm->store.dir >= 0)
		close(confirm->store.dir);
	free(confirm->path);
	free(confirm->back);
}

/* ---- waiting ---- */

static bool confirm_is_gone(const struct confirm *confirm)
{
	struct stat dir;

	return !fstat(confirm->store.dir, &dir) && !dir.st_nlink;
}

/* What cannot be told is undone rather than not. Who deletes all of the directory
 * has confirmed nothing.
 */
static bool confirm_still_waits(const struct confirm *confirm)
{
	if (pe_pending_is_mine(&confirm->store, &confirm->own))
		return true;
	if (!confirm_is_gone(confirm))
		usleep(CONFIRM_GONE_US);
	return confirm_is_gone(confirm);
}

/* Time in which the machine sleeps counts, changes of the clock do not. */
static struct timespec confirm_now(void)
{
	struct timespec now = { 0 };

	clock_gettime(CLOCK_BOOTTIME, &now);
	return now;
}

static bool confirm_is_over(const struct timespec *end)
{
	struct timespec now = confirm_now();

	return now.tv_sec > end->tv_sec ||
	       (now.tv_sec == end->tv_sec && now.tv_nsec >= end->tv_nsec);
}

static int confirm_timer(const struct timespec *end)
{
	struct itimerspec when = { .it_value = *end };
	int fd = timerfd_create(CLOCK_BOOTTIME, TFD_CLOEXEC);

	if (fd >= 0)
		timerfd_settime(fd, TFD_TIMER_ABSTIME, &when, NULL);
	return fd;
}

static int confirm_watch(const struct confirm *confirm)
{
	int fd = inotify_init1(IN_CLOEXEC | IN_NONBLOCK);
	char path[CONFIRM_PATH];

	if (fd < 0)
		return fd;
	snprintf(path, sizeof(path), "/proc/self/fd/%d", confirm->own.fd);
	inotify_add_watch(fd, path, IN_ATTRIB | IN_DELETE_SELF | IN_MOVE_SELF);
	return fd;
}

/* Whether the time went by and nobody confirmed. */
static bool confirm_expires(const struct confirm *confirm, const struct timespec *end)
{
	struct pollfd fds[] = { { .fd = confirm_timer(end), .events = POLLIN },
				{ .fd = confirm_watch(confirm), .events = POLLIN } };
	/* What cannot wake it up is looked for every second. */
	int longest = fds[0].fd < 0 || fds[1].fd < 0 ? 1000 : -1;
	char events[4096];

	while (confirm_still_waits(confirm)) {
		if (confirm_is_over(end))
			return true;
		if (poll(fds, 2, longest) < 0 && errno != EINTR)
			sleep(1);
		else if (fds[1].revents & POLLIN && read(fds[1].fd, events, sizeof(events)) < 0)
			errno = 0;
	}
	return false;
}

/* ---- undoing ---- */

/* By its name, if that still is the directory's. */
static int confirm_open(struct apply *apply, const struct confirm *confirm)
{
	struct stat here, there;
	char path[CONFIRM_PATH];
	struct place place = { .path = confirm->path };

	if (!confirm->path || stat(confirm->path, &there) < 0 ||
	    fstat(confirm->store.dir, &here) < 0 || here.st_ino != there.st_ino ||
	    here.st_dev != there.st_dev) {
		snprintf(path, sizeof(path), "/proc/self/fd/%d", confirm->store.dir);
		place.path = path;
	}
	return history_open(&apply->history, apply->options, HISTORY_UNDO, &place);
}

/* Once it is locked, nobody confirms any more. */
static int confirm_go_back(struct apply *apply, const struct confirm *confirm)
{
	int code;

	if (!confirm_still_waits(confirm))
		return EXIT_DIFFERS;
	code = apply_read_text(apply, confirm->own.back, confirm->back);
	return code ? code : apply_run(apply);
}

static int confirm_undo_once(struct apply *apply, const struct confirm *confirm, bool locked)
{
	int code = kernel_open(&apply->sock, apply->options);
	struct pe_refusal ignored;

	if (code)
		return code;
	code = confirm_open(apply, confirm);
	if (code && !locked) {
		history_close(&apply->history);
		history_none(&apply->history, apply->options);
		code = confirm_go_back(apply, confirm);
		if (!code)
			pe_pending_end(&confirm->store, &ignored);
	} else if (!code) {
		code = confirm_go_back(apply, confirm);
	}
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
	if (!code && why && *why)
		syslog(LOG_WARNING, "undone all the same: %s", why);
	if (!code && found)
		syslog(LOG_NOTICE,
		       "what was changed since by others was undone with it, and is revision %" PRIu32,
		       found);
}

/* Nobody reads errors any more: they go to the log. */
static int confirm_undo_logged(const struct options *options, const struct confirm *confirm,
			       unsigned int tries)
{
	struct apply apply = { .options = options };
	FILE *err = stderr, *told;
	char *why = NULL;
	size_t len;
	int code;

	history_none(&apply.history, options);
	told = open_memstream(&why, &len);
	if (told)
		stderr = told;
	code = confirm_undo_once(&apply, confirm, tries < CONFIRM_TRIES_LOCKED);
	stderr = err;
	if (told)
		fclose(told);
	if (!code || tries < CONFIRM_TRIES || tries % CONFIRM_TOLD == 0)
		confirm_log(code, &confirm->own, apply.history.found, why);
	apply_close(&apply);
	free(why);
	return code;
}

/* Going back matters more than what is kept of it, so at last nothing is. */
static void confirm_undo(const struct confirm *confirm)
{
	const struct pe_pending *own = &confirm->own;
	struct options options = { .owner = confirm->owner };
	unsigned int tries = 0;
	char comment[128];
	int code;

	snprintf(comment, sizeof(comment),
		 "revision %" PRIu32 " was not confirmed within %" PRIu32
		 " s: back to revision %" PRIu32,
		 own->revision, own->seconds, own->back);
	options.comment = comment;
	openlog("pectl", LOG_PID, LOG_DAEMON);
	do {
		if (tries)
			sleep(tries < CONFIRM_TRIES ? 1 : CONFIRM_PAUSE);
		code = confirm_undo_logged(&options, confirm, tries++);
		options.comment = NULL;
		options.no_revision = true;
	} while (code && code != EXIT_DIFFERS && confirm_still_waits(confirm));
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
	struct confirm confirm = { .owner = apply->options->owner };
	struct timespec end;
	int report, code;

	if (!apply->options->confirm)
		return act(apply);
	if (!detach(&report, &code))
		return code;
	code = act(apply);
	end = confirm_now();
	end.tv_sec += apply->options->confirm;
	confirm_take(&confirm, &apply->history);
	/* Waiting, it holds neither the lock nor the kernel's socket. */
	apply_close(apply);
	detach_report(report, code);
	if (!code && confirm.own.revision && confirm_expires(&confirm, &end))
		confirm_undo(&confirm);
	confirm_free(&confirm);
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
	struct pe_refusal refusal;
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
	if (!code && pe_pending_end(&history.store, &refusal)) {
		fprintf(stderr, "pectl: error: %s\n", refusal.text);
		code = EXIT_REFUSED;
	}
	pe_store_unlock(&history.store);
	if (!code) {
		printer_init(&p, stdout, options);
		print_object(&p, NULL);
		print_uint(&p, "version", NULL, PRINTER_VERSION);
		print_uint(&p, "confirmed", "revision %llu is confirmed\n", history.waits.revision);
		print_close(&p);
	}
	history_close(&history);
	return code;
}
