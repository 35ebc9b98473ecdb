// SPDX-License-Identifier: GPL-2.0-only

#include "kernel.h"

#include <attr.h>
#include <config.h>
#include <errno.h>
#include <fcntl.h>
#include <libmnl/libmnl.h>
#include <linux/genetlink.h>
#include <linux/pe.h>
#include <noun.h>
#include <refusal.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <txn.h>
#include <unistd.h>

#include "options.h"
#include "source.h"

static int kernel_enter_netns(const char *name)
{
	char path[4096];
	int fd, err;

	if (strchr(name, '/'))
		snprintf(path, sizeof(path), "%s", name);
	else
		snprintf(path, sizeof(path), KERNEL_NETNS_DIR "/%s", name);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0) {
		fprintf(stderr, "pectl: error: cannot open network namespace '%s' (%s): %s\n", name,
			path, strerror(errno));
		return EXIT_SYNTAX;
	}
	err = setns(fd, CLONE_NEWNET) < 0 ? errno : 0;
	close(fd);
	if (!err)
		return EXIT_DONE;
	fprintf(stderr, "pectl: error: cannot enter network namespace '%s': %s\n", name,
		err == EPERM ? "that takes CAP_SYS_ADMIN (try sudo)" : strerror(err));
	return err == EPERM ? EXIT_REFUSED : EXIT_SYNTAX;
}

/**
 * kernel_enter() - go where the options say
 * @options: which network namespace
 *
 * Return: EXIT_DONE, or another code after having told why.
 */
int kernel_enter(const struct options *options)
{
	return options->netns ? kernel_enter_netns(options->netns) : EXIT_DONE;
}

/**
 * kernel_open() - find the engine
 * @sock: the socket to it
 * @options: which network namespace
 *
 * Return: EXIT_DONE, or another code after having told why.
 */
int kernel_open(struct pe_sock *sock, const struct options *options)
{
	struct pe_refusal refusal;
	int code = kernel_enter(options);

	if (code)
		return code;
	if (!pe_sock_open(sock, &refusal))
		return EXIT_DONE;
	fprintf(stderr, "pectl: error: %s\n", refusal.text);
	return refusal.err == ENOENT ? EXIT_NO_MODULE : EXIT_REFUSED;
}

/**
 * kernel_is_deaf() - tell that the kernel is not heard any more
 * @err: negative error number that pe_sock_receive() gave back
 *
 * Return: the exit code.
 */
int kernel_is_deaf(int err)
{
	fprintf(stderr, "pectl: error: cannot hear the kernel: %s\n", pe_sock_error(err));
	return err == -ENODEV ? EXIT_NO_MODULE : EXIT_REFUSED;
}

static const char *kernel_sentence(const struct pe_refusal *refusal)
{
	if (refusal->err == EPERM)
		return "changing the configuration takes CAP_NET_ADMIN in this network namespace (try sudo)";
	if (refusal->err == ESTALE && !strcmp(refusal->text, strerror(ESTALE)))
		return "somebody else changed the configuration in the meantime; nothing of this was done";
	return refusal->text;
}

/**
 * kernel_refused() - tell a refusal that is about nothing in particular
 * @refusal: what the kernel said
 *
 * Return: the exit code.
 */
int kernel_refused(const struct pe_refusal *refusal)
{
	fprintf(stderr, "pectl: error: %s\n", kernel_sentence(refusal));
	return EXIT_REFUSED;
}

/**
 * kernel_refused_change() - tell a refusal, and where what it is about stands
 * @refusal: what the kernel said
 * @blame: what it is about
 * @changes: what was asked for
 * @source: where that was read from
 *
 * Return: the exit code.
 */
int kernel_refused_change(const struct pe_refusal *refusal, const struct pe_blame *blame,
			  const struct pe_changes *changes, const struct source *source)
{
	const struct pe_object *object;
	uint32_t at;

	if (blame->change == PE_NOWHERE || refusal->err == EPERM)
		return kernel_refused(refusal);
	object = changes->list[blame->change];
	at = pe_object_where(object, blame);
	if (at) {
		source_error(source, source_word_at(source, at - 1), "%s",
			     kernel_sentence(refusal));
		return EXIT_REFUSED;
	}
	fprintf(stderr, "%s: error: %s '%s': %s\n", source->name ? source->name : "pectl",
		pe_noun_of(object)->name, object->name ? object->name : "",
		kernel_sentence(refusal));
	return EXIT_REFUSED;
}

static int kernel_read_generation(const struct nlmsghdr *nlh, void *arg)
{
	const struct nlattr *attr;

	mnl_attr_for_each(attr, nlh, sizeof(struct genlmsghdr))
		if (mnl_attr_get_type(attr) == PE_INFO_GENERATION)
			*(uint32_t *)arg = pe_attr_u32(attr);
	return 0;
}

/**
 * kernel_generation() - which generation the configuration is at
 * @sock: the socket
 * @generation: set to it
 * @refusal: says why not
 *
 * Return: 0 or a negative error number.
 */
int kernel_generation(struct pe_sock *sock, uint32_t *generation, struct pe_refusal *refusal)
{
	struct nlmsghdr *nlh = pe_sock_request(sock, PE_CMD_INFO_GET, NLM_F_ACK);

	return pe_sock_ask(sock, nlh, kernel_read_generation, generation, refusal);
}

/**
 * kernel_dump() - ask for all objects of a kind
 * @sock: the socket
 * @kind: enum pe_object_kind
 * @stats: with their counters
 * @fn: called for each
 * @arg: handed to @fn
 * @refusal: says why not
 *
 * Return: 0 or a negative error number; -EINTR when it has to be done again.
 */
int kernel_dump(struct pe_sock *sock, int kind, bool stats, pe_message_fn *fn, void *arg,
		struct pe_refusal *refusal)
{
	struct nlmsghdr *nlh = pe_sock_request(sock, pe_nouns[kind].cmd_get, NLM_F_DUMP);

	if (stats)
		mnl_attr_put(nlh, pe_nouns[kind].attr_stats, 0, NULL);
	return pe_sock_ask(sock, nlh, fn, arg, refusal);
}

static int kernel_ignore(const struct nlmsghdr *nlh, void *arg)
{
	(void)nlh;
	(void)arg;
	return 0;
}

/**
 * kernel_find() - ask whether there is an object
 * @sock: the socket
 * @name: which
 * @refusal: says why not
 *
 * Return: 0 or a negative error number, -ENOENT where there is none.
 */
int kernel_find(struct pe_sock *sock, const struct pe_object *name, struct pe_refusal *refusal)
{
	struct nlmsghdr *nlh = pe_sock_request(sock, pe_noun_of(name)->cmd_get, NLM_F_ACK);

	mnl_attr_put_strz(nlh, pe_noun_of(name)->attr_name, name->name);
	return pe_sock_ask(sock, nlh, kernel_ignore, NULL, refusal);
}

/* What may take several messages comes as a dump does, which says nothing of what
 * is not there.
 */
static int kernel_get_long(struct pe_sock *sock, const struct pe_object *name, bool stats,
			   pe_message_fn *fn, void *arg, struct pe_refusal *refusal)
{
	const struct pe_noun *noun = pe_noun_of(name);
	int err = kernel_find(sock, name, refusal);
	struct nlmsghdr *nlh;

	if (err)
		return err;
	nlh = pe_sock_request(sock, noun->cmd_get, NLM_F_DUMP);
	mnl_attr_put_strz(nlh, noun->attr_name, name->name);
	if (stats)
		mnl_attr_put(nlh, noun->attr_stats, 0, NULL);
	return pe_sock_ask(sock, nlh, fn, arg, refusal);
}

/**
 * kernel_get() - ask for one object
 * @sock: the socket
 * @name: which
 * @stats: with its counters
 * @fn: called with it
 * @arg: handed to @fn
 * @refusal: says why not
 *
 * Return: 0 or a negative error number.
 */
int kernel_get(struct pe_sock *sock, const struct pe_object *name, bool stats, pe_message_fn *fn,
	       void *arg, struct pe_refusal *refusal)
{
	const struct pe_noun *noun = pe_noun_of(name);
	struct nlmsghdr *nlh;

	if (name->kind == PE_OBJECT_ACL)
		return kernel_get_long(sock, name, stats, fn, arg, refusal);
	nlh = pe_sock_request(sock, noun->cmd_get, NLM_F_ACK);
	mnl_attr_put_strz(nlh, noun->attr_name, name->name);
	if (stats)
		mnl_attr_put(nlh, noun->attr_stats, 0, NULL);
	return pe_sock_ask(sock, nlh, fn, arg, refusal);
}

static int kernel_add(const struct nlmsghdr *nlh, void *arg)
{
	return pe_config_add_message(arg, nlh);
}

static int kernel_read_once(struct pe_sock *sock, struct pe_config *config, int kinds, bool stats,
			    struct pe_refusal *refusal)
{
	uint32_t after = 0;
	int kind, err;

	err = kernel_generation(sock, &config->generation, refusal);
	for (kind = 0; kind < PE_OBJECT_ALL && !err; kind++)
		if (kinds & PE_HAS(kind))
			err = kernel_dump(sock, kind, stats, kernel_add, config, refusal);
	if (!err)
		err = kernel_generation(sock, &after, refusal);
	if (!err && after != config->generation)
		err = pe_refusal_set(refusal, EINTR,
				     "the configuration kept changing while it was read");
	return err;
}

/**
 * kernel_read() - read what the kernel has, all of one moment
 * @sock: the socket
 * @config: where to keep it, sorted by name
 * @kinds: PE_HAS(PE_OBJECT_...) of what to read
 * @stats: with counters
 * @refusal: says why not
 *
 * Return: 0 or a negative error number.
 */
int kernel_read(struct pe_sock *sock, struct pe_config *config, int kinds, bool stats,
		struct pe_refusal *refusal)
{
	int err, tries = KERNEL_TRIES;

	do {
		pe_config_free(config);
		err = kernel_read_once(sock, config, kinds, stats, refusal);
	} while (err == -EINTR && --tries);
	pe_config_sort(config);
	return err;
}
