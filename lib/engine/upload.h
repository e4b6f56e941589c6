/* SPDX-License-Identifier: GPL-2.0-only */
/* What the engine and its upload path (upload.c) share. */
#ifndef GB_UPLOAD_H
#define GB_UPLOAD_H

#include "extent.h"

/* What a touch has filled already, and how long that may be relied on. */
struct gb_filled {
	bool host;	/* all that lay in RAM then */
	uint64_t moved; /* gb_device.moved then */
};

/*
 * As gb_engine_touch with GB_TOUCH_UPLOAD; where it backs the allocation, host
 * extents are filled from @fill at once, and *@filled says so.
 */
int gb_engine_touch_filling(uint64_t address, const struct gb_fill *fill,
			    struct gb_filled *filled);

/* Gives the pinned slots back, once they have been emptied. */
void gb_upload_finish(void);
/*
 * A context has ended, unforeseen: whose the slots' tickets were cannot be
 * told, and with @memory it has taken the slots along.
 */
void gb_upload_lose(bool memory);
void gb_upload_fork_child(void);

#endif
