// SPDX-License-Identifier: GPL-2.0-only
/*
 * Preloaded into a program, starts it once and runs it many times: starting a
 * process is what takes longest in an emulated machine.
 *
 * A request on standard input is its size (32 bits) and as many bytes: strings
 * with a zero behind each, the first one a directory, the others argv. The
 * program runs in a child with DIR/in, DIR/out and DIR/err as its standard
 * files. The answer on standard output is its wait status (32 bits).
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#define ARGS_MAX 64

typedef int main_fn(int argc, char **argv, char **envp);
typedef int start_fn(main_fn *main, int argc, char **argv, void (*init)(void), void (*fini)(void),
		     void (*rtld_fini)(void), void *stack_end);

static main_fn *program;

static int take(void *data, size_t len)
{
	char *to = data;

	while (len) {
		ssize_t got = read(STDIN_FILENO, to, len);

		if (got <= 0)
			return 0;
		to += got;
		len -= (size_t)got;
	}
	return 1;
}

static void redirect(const char *dir, const char *name, int flags, int fd)
{
	char path[4096];
	int file;

	snprintf(path, sizeof(path), "%s/%s", dir, name);
	file = open(path, flags, 0600);
	if (file < 0 || dup2(file, fd) < 0)
		_exit(126);
	close(file);
}

static int run(char *request, uint32_t size, char **envp)
{
	char *argv[ARGS_MAX + 1];
	uint32_t at, argc = 0;

	for (at = (uint32_t)strlen(request) + 1; at < size && argc < ARGS_MAX;
	     at += (uint32_t)strlen(request + at) + 1)
		argv[argc++] = request + at;
	argv[argc] = NULL;
	redirect(request, "in", O_RDONLY, STDIN_FILENO);
	redirect(request, "out", O_WRONLY | O_CREAT | O_TRUNC, STDOUT_FILENO);
	redirect(request, "err", O_WRONLY | O_CREAT | O_TRUNC, STDERR_FILENO);
	return program((int)argc, argv, envp);
}

static int serve(int argc, char **argv, char **envp)
{
	uint32_t size;

	(void)argc;
	(void)argv;
	while (take(&size, sizeof(size))) {
		char *request = calloc(1, (size_t)size + 1);
		int32_t status = -1;
		pid_t pid;

		if (!request || !take(request, size))
			return 1;
		pid = fork();
		if (!pid)
			return run(request, size, envp);
		if (pid < 0 || waitpid(pid, &status, 0) != pid)
			return 1;
		free(request);
		if (write(STDOUT_FILENO, &status, sizeof(status)) != sizeof(status))
			return 1;
	}
	return 0;
}

int __libc_start_main(main_fn *main, int argc, char **argv, void (*init)(void), void (*fini)(void),
		      void (*rtld_fini)(void), void *stack_end);

int __libc_start_main(main_fn *main, int argc, char **argv, void (*init)(void), void (*fini)(void),
		      void (*rtld_fini)(void), void *stack_end)
{
	start_fn *start = (start_fn *)dlsym(RTLD_NEXT, "__libc_start_main");

	program = main;
	return start(serve, argc, argv, init, fini, rtld_fini, stack_end);
}
