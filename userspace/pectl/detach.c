// SPDX-License-Identifier: GPL-2.0-only

#include "detach.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "options.h"

/* The one that was started ends when the other one has something to report. */
static int detach_wait(int fd, pid_t child)
{
	unsigned char code;
	ssize_t got;

	do {
		got = read(fd, &code, 1);
	} while (got < 0 && errno == EINTR);
	close(fd);
	while (waitpid(child, NULL, 0) < 0 && errno == EINTR)
		;
	if (got == 1)
		return code;
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

/**
 * detach_report() - let the old process end
 * @report: from detach()
 * @code: its exit code
 *
 * Nothing can be read or printed from here on.
 */
void detach_report(int report, int code)
{
	unsigned char byte = (unsigned char)code;
	int fd, null = open("/dev/null", O_RDWR | O_CLOEXEC);

	fflush(NULL);
	for (fd = STDIN_FILENO; null >= 0 && fd <= STDERR_FILENO; fd++)
		dup2(null, fd);
	if (null > STDERR_FILENO)
		close(null);
	/* Whoever is gone already needs no answer. */
	if (write(report, &byte, 1) < 0)
		errno = 0;
	close(report);
	if (chdir("/") < 0)
		errno = 0;
}
