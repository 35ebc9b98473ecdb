/* SPDX-License-Identifier: GPL-2.0-only */
/* What a service says of how its packets are to be treated. */
#ifndef _PE_QUALITY_H
#define _PE_QUALITY_H

#include <linux/bits.h>
#include <linux/types.h>

#include "stats.h"

/* What of it was configured. */
enum pe_quality_has {
	PE_QUALITY_DSCP		= BIT(0),	/* for both directions */
	PE_QUALITY_FORWARD	= BIT(1),	/* DSCP of one */
	PE_QUALITY_REVERSE	= BIT(2),
	PE_QUALITY_PRIORITY	= BIT(3),
	PE_QUALITY_MARK		= BIT(4),
};

/**
 * struct pe_quality - how packets are marked
 * @priority: of the packet, which queueing disciplines look at
 * @mark: of the packet, which filters and routing rules look at
 * @has: set of enum pe_quality_has
 * @all: DSCP of both directions
 * @dscp: DSCP by enum pe_direction; 0 where none is given
 * @sets: by enum pe_direction, packets get @dscp
 */
struct pe_quality {
	u32			priority;
	u32			mark;
	u8			has;
	u8			all;
	u8			dscp[PE_DIRECTIONS];
	bool			sets[PE_DIRECTIONS];
};

#endif /* _PE_QUALITY_H */
