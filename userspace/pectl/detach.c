// SPDX-License-Identifier: GPL-2.0-only

#include "detach.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "options.h"

/* What goes from the new process to the old one; texts of these lengths follow. */
struct detach_head {
	int code;
	size_t out;
	size_t err;
};

/*
 * What the new process prints. It must not wait for whoever reads that: the
 * terminal may have been stopped, or be behind a connection that is cut.
 */
static struct {
	FILE *file;
	char *text;
	size_t len;
} detach_out, detach_err;

static bool detach_read(int fd, void *buf, size_t len)
{
	ssize_t got;

	for (; len; buf = (char *)buf + got, len -= (size_t)got) {
		do {
			got = read(fd, buf, len);
		} while (got < 0 && errno == EINTR);
		if (got <= 0)
			return false;
	}
	return true;
}

static bool detach_pass(int fd, size_t len, FILE *out)
{
	char *text = malloc(len + 1);
	bool whole = text && detach_read(fd, text, len);

	if (whole)
		fwrite(text, 1, len, out);
	free(text);
	return whole;
}

/* The one that was started ends when the other one has something to report. */
static int detach_wait(int fd, pid_t child)
{
	struct detach_head head;
	bool whole = detach_read(fd, &head, sizeof(head)) && detach_pass(fd, head.err, stderr) &&
		     detach_pass(fd, head.out, stdout);

	close(fd);
	while (waitpid(child, NULL, 0) < 0 && errno == EINTR)
		;
	if (whole)
		return head.code;
	fputs("pectl: error: the process that would undo it died; see pectl revision show\n",
	      stderr);
	return EXIT_REFUSED;
}

static int detach_fail(void)
{
	fprintf(stderr, "pectl: error: cannot start a process that would undo it: %s\n",
		strerror(errno));
	return EXIT_REFUSED;
}

/* A session of its own: no terminal that can hang up, and none to be got. */
static bool detach_leave(void)
{
	pid_t pid;

	if (setsid() < 0)
		_exit(1);
	pid = fork();
	if (pid)
		_exit(pid < 0);
	signal(SIGHUP, SIG_IGN);
	signal(SIGPIPE, SIG_IGN);
	detach_out.file = open_memstream(&detach_out.text, &detach_out.len);
	detach_err.file = open_memstream(&detach_err.text, &detach_err.len);
	if (!detach_out.file || !detach_err.file)
		_exit(1);
	stdout = detach_out.file;
	stderr = detach_err.file;
	return true;
}

/**
 * detach() - go on in a process that survives the terminal
 * @report: set to what detach_report() takes, where true is returned
 * @code: set to the exit code, where false is returned
 *
 * Return: true in the new process; false in the old one, once the new one has
 * reported or died, which has to end then.
 */
bool detach(int *report, int *code)
{
	int fds[2];
	pid_t pid;

	*code = EXIT_REFUSED;
	fflush(NULL);
	if (pipe2(fds, O_CLOEXEC) < 0) {
		*code = detach_fail();
		return false;
	}
	pid = fork();
	if (!pid) {
		close(fds[0]);
		*report = fds[1];
		(void)fcntl(fds[1], F_SETFL, O_NONBLOCK);
		return detach_leave();
	}
	close(fds[1]);
	if (pid > 0) {
		*code = detach_wait(fds[0], pid);
	} else {
		*code = detach_fail();
		close(fds[0]);
	}
	return false;
}

/* Whoever is gone already needs no answer, and who does not read it gets none. */
static void detach_send(int report, const void *buf, size_t len)
{
	if (write(report, buf, len) < 0)
		errno = 0;
}

/**
 * detach_report() - let the old process end
 * @report: from detach()
 * @code: its exit code
 *
 * What was printed is printed by it. Nothing can be read or printed from here on.
 */
void detach_report(int report, int code)
{
	struct detach_head head = { .code = code };
	int fd, null = open("/dev/null", O_RDWR | O_CLOEXEC);

	fflush(detach_out.file);
	fflush(detach_err.file);
	for (fd = STDIN_FILENO; null >= 0 && fd <= STDERR_FILENO; fd++)
		dup2(null, fd);
	if (null > STDERR_FILENO)
		close(null);
	head.out = detach_out.len;
	head.err = detach_err.len;
	detach_send(report, &head, sizeof(head));
	detach_send(report, detach_err.text, head.err);
	detach_send(report, detach_out.text, head.out);
	close(report);
	if (chdir("/") < 0)
		errno = 0;
}
