/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The state that calls of our own are made in, and that the program's thread
 * gets back as it was: the current context, and the capture mode that lets
 * calls be which no capture allows (RELAXED).
 */
#ifndef GB_DRIVER_VISIT_H
#define GB_DRIVER_VISIT_H

#include <stdbool.h>

#include "../interpose/real.h"
#include "contexts.h"

struct gb_visit {
	bool pushed;	/* a context, to be popped */
	bool relaxed;	/* mode is what the thread had */
	CUcontext host; /* may not end meanwhile (contexts.h), or NULL */
	CUstreamCaptureMode mode;
};

/*
 * To a context of the program's, for any call: one that it is using just now,
 * or of those that are known. 0 or -errno, and then there is no end to call:
 * -EIO where there is none, -EBUSY where all that there are are about to end.
 */
int gb_visit_begin(struct gb_visit *visit, CUcontext context);
int gb_visit_oldest(struct gb_visit *visit, int device);
int gb_visit_nth(struct gb_visit *visit, int device, int n);
/*
 * To the context of a stream, for calls that are legal in a capture and belong
 * to it. Costs no push where that is the current one; the default streams,
 * which are one in each context, are those of the current one.
 */
int gb_visit_stream(struct gb_visit *visit, CUstream stream);
void gb_visit_end(struct gb_visit *visit);

/*
 * Around a call that needs no context: the same capture mode, which costs
 * something only while the program captures.
 */
#define GB_RELAXED(call)                                                       \
	({                                                                     \
		CUstreamCaptureMode mode_ = CU_STREAM_CAPTURE_MODE_RELAXED;    \
		bool capturing_ = gb_driver_is_capturing();                    \
		CUresult relaxed_;                                             \
		if (capturing_)                                                \
			GB_REAL(cuThreadExchangeStreamCaptureMode)(&mode_);    \
		relaxed_ = (call);                                             \
		if (capturing_)                                                \
			GB_REAL(cuThreadExchangeStreamCaptureMode)(&mode_);    \
		relaxed_;                                                      \
	})

#endif
