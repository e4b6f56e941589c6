/* SPDX-License-Identifier: GPL-2.0-only */
/* Setting the level of pressure by hand, and waiting for it. */
#ifndef GREENBOOST_LEVEL_H
#define GREENBOOST_LEVEL_H

#include <stdbool.h>

#include "greenboost/uapi.h"

/* Stops the watchdog; the level is normal until level_set. */
void level_pause(void);
void level_set(enum greenboost_level level);
enum greenboost_level level_now(void);

/* Makes the watchdog look often, so that a test need not wait for long. */
void level_hurry(void);

#endif /* GREENBOOST_LEVEL_H */
