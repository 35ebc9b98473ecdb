/* SPDX-License-Identifier: GPL-2.0-only */
/* What the kernel tells of interfaces and neighbours. */
#ifndef _PE_WATCH_H
#define _PE_WATCH_H

int pe_watch_init(void);
void pe_watch_exit(void);

#endif /* _PE_WATCH_H */
