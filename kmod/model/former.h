/* SPDX-License-Identifier: GPL-2.0-only */
/* Servers that a service with state had before, for the flows that keep to them. */
#ifndef _PE_FORMER_H
#define _PE_FORMER_H

#include "sequence.h"

struct pe_net;
struct pe_service;

void pe_formers_choose(struct pe_formers *formers, const struct pe_service *svc,
		       const struct pe_service *old, const struct pe_step *steps,
		       u8 n);
void pe_formers_search(struct pe_net *pn);

#endif /* _PE_FORMER_H */
