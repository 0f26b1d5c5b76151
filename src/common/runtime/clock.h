/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The only place of the project that reads a clock. Read once per turn of the loop and pass the
 * value on; two readings within one turn make effects precede their causes.
 */
#ifndef JVPN_RUNTIME_CLOCK_H
#define JVPN_RUNTIME_CLOCK_H

#include <stdint.h>

#include "store/record.h"

/* CLOCK_MONOTONIC, nanoseconds. */
uint64_t jvpn_clock_mono_ns(void);
/* CLOCK_REALTIME, milliseconds since 1970: stored TTLs, tokens, certificates, events. */
uint64_t jvpn_clock_wall_ms(void);
/* This moment in the form that survives the process. Where /proc does not say which boot it is, the
 * boot id is zero: two such stamps compare by CLOCK_BOOTTIME. */
void jvpn_clock_stamp(struct jvpn_stamp *stamp);
/* How long the machine was suspended since it started, nanoseconds: CLOCK_BOOTTIME goes on while it
 * sleeps, CLOCK_MONOTONIC does not. Never more than the truth; a single reading may be less, by as
 * long as this process had to wait between the two clocks. */
uint64_t jvpn_clock_slept_ns(void);

#endif
