/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef GB_STATUS_H
#define GB_STATUS_H

#include "flags.h"

extern const struct gb_flag gb_status_flags[];

#endif
