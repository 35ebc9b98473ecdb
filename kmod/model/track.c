// SPDX-License-Identifier: GPL-2.0-only
/* The codes of each method. */

#include "track.h"

static const struct {
	const char		*name;
	u32			min;
	u32			first;
	u32			max;
} pe_track_methods[] = {
	[PE_TRACK_LINK]	= { "link" },
	[PE_TRACK_DSCP]	= { "dscp", 1, 1, PE_DSCP_MAX },
	/* Bridges have a meaning of their own for 1, nobody for these. */
	[PE_TRACK_VLAN]	= { "vlan", 1, 1001, PE_VLAN_MAX },
	/* Labels below 16 are reserved, RFC 3032, section 2.1. */
	[PE_TRACK_MPLS]	= { "mpls", 16, 1001, PE_MPLS_MAX },
	/* Bit 23 tells the path of the way back. */
	[PE_TRACK_NSH]	= { "nsh", 1, 1, PE_NSH_PATH_MAX },
};

/**
 * pe_track_name() - the word for a method
 * @method: enum pe_track
 */
const char *pe_track_name(u8 method)
{
	return pe_track_methods[method].name;
}

/**
 * pe_track_min() - the smallest code that a method knows
 * @method: enum pe_track
 */
u32 pe_track_min(u8 method)
{
	return pe_track_methods[method].min;
}

/**
 * pe_track_max() - the largest code that a method knows
 * @method: enum pe_track
 *
 * Return: the code, or 0 where there are none.
 */
u32 pe_track_max(u8 method)
{
	return pe_track_methods[method].max;
}

/**
 * pe_track_first() - code of a sequence's first step
 * @track: how it is tracked
 */
u32 pe_track_first(const struct pe_tracking *track)
{
	return track->first ?: pe_track_methods[track->method].first;
}

/**
 * pe_track_code() - code of a step whose device can bear one
 * @track: how the sequence is tracked
 * @step: index of the step
 *
 * Return: the code, or PE_CODE_NONE where nothing is tracked.
 */
u32 pe_track_code(const struct pe_tracking *track, u8 step)
{
	switch (track->method) {
	case PE_TRACK_LINK:
		return PE_CODE_NONE;
	default:
		return pe_track_first(track) + step;
	}
}
