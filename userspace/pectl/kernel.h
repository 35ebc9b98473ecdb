/* SPDX-License-Identifier: GPL-2.0-only */
/* The kernel's side: what it has, and what it refuses. */
#ifndef PECTL_KERNEL_H
#define PECTL_KERNEL_H

#include <sock.h>
#include <stdbool.h>
#include <stdint.h>

struct options;
struct pe_blame;
struct pe_changes;
struct pe_config;
struct pe_object;
struct pe_refusal;
struct source;

#define KERNEL_TRIES 10
#define KERNEL_NETNS_DIR "/run/netns"

int kernel_enter(const struct options *options);
int kernel_open(struct pe_sock *sock, const struct options *options);
int kernel_is_deaf(int err);
int kernel_refused(const struct pe_refusal *refusal);
int kernel_refused_change(const struct pe_refusal *refusal, const struct pe_blame *blame,
			  const struct pe_changes *changes, const struct source *source);

int kernel_generation(struct pe_sock *sock, uint32_t *generation, struct pe_refusal *refusal);
int kernel_dump(struct pe_sock *sock, int kind, bool stats, pe_message_fn *fn, void *arg,
		struct pe_refusal *refusal);
int kernel_find(struct pe_sock *sock, const struct pe_object *name, struct pe_refusal *refusal);
int kernel_get(struct pe_sock *sock, const struct pe_object *name, bool stats, pe_message_fn *fn,
	       void *arg, struct pe_refusal *refusal);
int kernel_read(struct pe_sock *sock, struct pe_config *config, int kinds, bool stats,
		struct pe_refusal *refusal);

#endif
