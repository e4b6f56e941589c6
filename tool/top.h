/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef GB_TOP_H
#define GB_TOP_H

#include "flags.h"

extern const struct gb_flag gb_top_flags[];

#endif
