/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef GB_IPC_EXPORTER_H
#define GB_IPC_EXPORTER_H

#include "../engine/types.h"

/* Did this process make what @origin names? Any thread. */
bool gb_ipc_is_own(const struct gb_origin *origin);

#endif
