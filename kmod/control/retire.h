/* SPDX-License-Identifier: GPL-2.0-only */
/* Former servers that no flow keeps to any more. */
#ifndef _PE_RETIRE_H
#define _PE_RETIRE_H

#include <linux/workqueue.h>

struct pe_net;

void pe_retire_soon(struct pe_net *pn);
void pe_retire_work(struct work_struct *work);

#endif /* _PE_RETIRE_H */
