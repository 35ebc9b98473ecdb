/* SPDX-License-Identifier: GPL-2.0-only */
/* How the stage of a packet is known: the codes that packets bear. */
#ifndef _PE_TRACK_H
#define _PE_TRACK_H

#include <linux/types.h>
#include <uapi/linux/pe.h>

/* What is no code of any method. */
#define PE_CODE_NONE		0

/* The largest code of each method. */
#define PE_DSCP_MAX		63
#define PE_VLAN_MAX		4094
#define PE_MPLS_MAX		1048575
#define PE_NSH_PATH_MAX		0x7fffff

/**
 * struct pe_tracking - how the devices of a sequence are told apart
 * @method: enum pe_track
 * @first: code of the first step as configured, 0 for pe_track_first()
 *
 * A step's device is handed packets that bear the step's code and returns them
 * with the same, in both directions: which of them it is tell the addresses.
 * Not so with network service headers: see pe_sequence_mark().
 */
struct pe_tracking {
	u32			first;
	u8			method;
};

/**
 * pe_track_encapsulates() - do devices return packets that are no IP packets?
 * @method: enum pe_track
 *
 * Such packets meet no hook of IP before the code is taken off, which the hook
 * at the interface does (path/ingress.c).
 */
static inline bool pe_track_encapsulates(u8 method)
{
	return method > PE_TRACK_DSCP;
}

/**
 * pe_track_same() - could packets with two codes look the same?
 * @a: method of one
 * @x: code of it
 * @b: method of the other
 * @y: code of it
 *
 * Where no code is put on a packet, it may still have any DSCP.
 */
static inline bool pe_track_same(u8 a, u32 x, u8 b, u32 y)
{
	if ((pe_track_encapsulates(a) && x) || (pe_track_encapsulates(b) && y))
		return a == b && x == y;
	return !x || !y || x == y;
}

u32 pe_track_first(const struct pe_tracking *track);
u32 pe_track_max(u8 method);
u32 pe_track_min(u8 method);
u32 pe_track_code(const struct pe_tracking *track, u8 step);
const char *pe_track_name(u8 method);

#endif /* _PE_TRACK_H */
