/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Included last by every .c file of core/: makes reading a clock, drawing random numbers or
 * allocating memory a compile error. The core is a function of its arguments.
 */
#ifndef JVPN_CORE_PRELUDE_H
#define JVPN_CORE_PRELUDE_H

#pragma GCC poison time clock clock_gettime gettimeofday timespec_get ftime nanosleep usleep
#pragma GCC poison rand random srand srandom rand_r drand48 getrandom arc4random getentropy
#pragma GCC poison malloc calloc realloc free strdup
#pragma GCC poison printf fprintf puts fopen getenv
#pragma GCC poison float double

#endif
