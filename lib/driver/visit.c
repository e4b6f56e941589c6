// SPDX-License-Identifier: GPL-2.0-only
#include "visit.h"

#include <errno.h>

#include "cuda.h"

static int push(struct gb_visit *visit, CUcontext context)
{
	CUresult rc = GB_REAL(cuCtxPushCurrent_v2)(context);

	*visit = (struct gb_visit){ .pushed = !rc };
	return gb_driver_error(rc);
}

int gb_visit_begin(struct gb_visit *visit, CUcontext context)
{
	int error = push(visit, context);

	if (error)
		return error;
	visit->relaxed = true;
	visit->mode = CU_STREAM_CAPTURE_MODE_RELAXED;
	GB_REAL(cuThreadExchangeStreamCaptureMode)(&visit->mode);
	return 0;
}

static int begin_at(struct gb_visit *visit, CUcontext host)
{
	int error = gb_visit_begin(visit, host);

	if (error)
		gb_driver_visit_over(host);
	else
		visit->host = host;
	return error;
}

int gb_visit_nth(struct gb_visit *visit, int device, int n)
{
	CUcontext host = gb_driver_visit(device, n);

	return host ? begin_at(visit, host) : -EIO;
}

int gb_visit_oldest(struct gb_visit *visit, int device)
{
	CUcontext host = gb_driver_visit_oldest(device);

	if (host)
		return begin_at(visit, host);
	return gb_driver_has_context(device) ? -EBUSY : -EIO;
}

int gb_visit_stream(struct gb_visit *visit, CUstream stream)
{
	CUcontext context, current = NULL;
	CUresult rc;

	*visit = (struct gb_visit){ 0 };
	if (gb_driver_is_default(stream))
		return 0;
	rc = GB_REAL(cuStreamGetCtx)(stream, &context);
	if (rc)
		return gb_driver_error(rc);
	GB_REAL(cuCtxGetCurrent)(&current);
	return current == context ? 0 : push(visit, context);
}

void gb_visit_end(struct gb_visit *visit)
{
	CUcontext context;

	if (visit->relaxed)
		GB_REAL(cuThreadExchangeStreamCaptureMode)(&visit->mode);
	if (visit->pushed)
		GB_REAL(cuCtxPopCurrent_v2)(&context);
	if (visit->host)
		gb_driver_visit_over(visit->host);
}
