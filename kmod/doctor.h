/* SPDX-License-Identifier: GPL-2.0-only */
/* Looks after the members of pools. */
#ifndef _PE_DOCTOR_H
#define _PE_DOCTOR_H

struct work_struct;

void pe_doctor_work(struct work_struct *work);

#endif /* _PE_DOCTOR_H */
