/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Inside the reading of profiles: what the files and their text share.
 */
#ifndef SIM_PROFILE_TEXT_H
#define SIM_PROFILE_TEXT_H

#include "profile.h"

#define SIM_PROFILE_ENDING ".profile"

/*
 * Writes "@name:@line: ..." into @error (of @size bytes, may be NULL), without
 * the line where it is 0. Returns @code.
 */
__attribute__((format(printf, 6, 7))) int
sim_profile_complain(char *error, size_t size, const char *name,
		     unsigned int line, int code, const char *format, ...);

#endif
