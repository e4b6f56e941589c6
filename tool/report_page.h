/* SPDX-License-Identifier: GPL-2.0-only */
/* A recording as one page of HTML that needs nothing else. */
#ifndef GB_REPORT_PAGE_H
#define GB_REPORT_PAGE_H

#include "recording.h"

void gb_report_write(const struct gb_recording *recording, FILE *out);

#endif
