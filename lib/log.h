/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the library says about itself: to standard error or to the file named by
 * GREENBOOST_LOG_FILE, one write(2) a line, so that lines of several threads and
 * processes do not mix. Nothing is written above the level that the user chose.
 *
 * Any thread, also while a lock is held. Uses no stdio stream and no memory
 * beyond its stack, and keeps errno.
 */
#ifndef GB_LOG_H
#define GB_LOG_H

#include <stdbool.h>

#include "../common/options.h"

/* Sets where and how much; called once, before any other thread logs. */
void gb_log_init(enum gb_log_level level, const char *file);

bool gb_log_wants(enum gb_log_level level);

void gb_log(enum gb_log_level level, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

#define gb_log_error(...) gb_log(GB_LOG_ERROR, __VA_ARGS__)
#define gb_log_warn(...)  gb_log(GB_LOG_WARN, __VA_ARGS__)
#define gb_log_info(...)  gb_log(GB_LOG_INFO, __VA_ARGS__)
#define gb_log_debug(...) gb_log(GB_LOG_DEBUG, __VA_ARGS__)

/* As above, but at most once for each place in the code. */
#define gb_log_once(level, ...)                                                \
	do {                                                                   \
		static _Atomic bool said_;                                     \
		if (!atomic_exchange(&said_, true))                            \
			gb_log(level, __VA_ARGS__);                            \
	} while (0)

/* A short constant text for a negative errno of ours. */
const char *gb_error_text(int error);

#endif
