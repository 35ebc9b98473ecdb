/* SPDX-License-Identifier: GPL-2.0-only */
/* What sequence.c, stage.c and choice.c ask of steps. */
#ifndef _PE_STAGE_H
#define _PE_STAGE_H

#include "sequence.h"

/**
 * pe_step_is_tap() - does a step get copies alone?
 * @step: step
 */
static inline bool pe_step_is_tap(const struct pe_step *step)
{
	return step->device->kind == PE_DEVICE_KIND_TAP;
}

/**
 * pe_step_is_kept() - may flows keep to what a step has?
 * @step: step
 *
 * Return: true for any server, and for what pools have.
 */
static inline bool pe_step_is_kept(const struct pe_step *step)
{
	return step->pool || step->device->kind == PE_DEVICE_KIND_SERVER;
}

void pe_sequence_stages(const struct pe_net *pn, struct pe_sequence *seq);

#endif /* _PE_STAGE_H */
