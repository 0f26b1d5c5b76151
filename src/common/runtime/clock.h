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

#endif
