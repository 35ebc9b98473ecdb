/* SPDX-License-Identifier: GPL-2.0-only */
/* Devices and services in the form in which they are read. */
#ifndef PECTL_PRINT_OBJECT_H
#define PECTL_PRINT_OBJECT_H

#include <stdint.h>

struct pe_acl;
struct pe_config;
struct pe_counter;
struct pe_latency;
struct pe_device;
struct pe_engine;
struct pe_limit;
struct pe_object;
struct pe_pool;
struct pe_service;
struct printer;

const char *proto_name(unsigned int proto);
void print_proto(struct printer *p, unsigned int proto);
const char *track_name(unsigned int method);

void print_proto(struct printer *p, unsigned int proto);
void print_counter(struct printer *p, const char *key, const struct pe_counter *counter);
void print_counters(struct printer *p, const struct pe_counter *forward,
		    const struct pe_counter *reverse);
void print_latency(struct printer *p, const struct pe_latency *latency, unsigned int count);
void print_device(struct printer *p, const struct pe_device *device);
void print_state(struct printer *p, uint32_t state, uint32_t cause, uint64_t since,
		 const char *evidence);
void print_pool(struct printer *p, const struct pe_pool *pool);
void print_duration(struct printer *p, const char *key, const char *format, uint32_t ms);
void print_limit(struct printer *p, const char *key, const struct pe_limit *limit);
void print_acl(struct printer *p, const struct pe_acl *acl);
void print_service(struct printer *p, const struct pe_service *service);
void print_engine(struct printer *p, const struct pe_engine *engine);
void print_owner(struct printer *p, const struct pe_object *object, const char *format);
void print_any(struct printer *p, const struct pe_object *object);
void print_config(struct printer *p, const struct pe_config *config, int kinds);

#endif
