/* SPDX-License-Identifier: GPL-2.0-only */
/* Entry points that exist but do nothing; unsupported.py lists them. */
#ifndef SIM_UNSUPPORTED_H
#define SIM_UNSUPPORTED_H

#include "sim.h"

CUresult sim_unsupported(const char *symbol);

#define SIM_UNSUPPORTED(name)                                                  \
	__attribute__((weak, visibility("default"))) CUresult name(void);      \
	CUresult name(void)                                                    \
	{                                                                      \
		return sim_unsupported(#name);                                 \
	}

#endif
