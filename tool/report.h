/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef GB_REPORT_H
#define GB_REPORT_H

#include "flags.h"

extern const struct gb_flag gb_report_flags[];

#endif
