// SPDX-License-Identifier: GPL-2.0-only
/* Fills. Borders of memory in RAM are granules', so no element crosses one. */
#include "copy.h"

/* @count elements of @type; AT and PART are bytes, the driver counts elements. */
#define FILL(to, count, type, stream, call)                                    \
	GB_COPY(to, UINT64_C(0), (uint64_t)(count) * sizeof(type),             \
		GB_TOUCH_WORK, stream, call)

#define FILL_HOOK(name, type, null)                                              \
	CUresult name(CUdeviceptr to, type value, size_t count)                  \
	{                                                                        \
		return FILL(to, count, type, gb_stream(NULL, null),              \
			    GB_REAL(name)(to + AT, value, PART / sizeof(type))); \
	}

#define FILL_ASYNC_HOOK(name, type, null)                                        \
	CUresult name(CUdeviceptr to, type value, size_t count, CUstream stream) \
	{                                                                        \
		return FILL(to, count, type, gb_stream(stream, null),            \
			    GB_REAL(name)(to + AT, value, PART / sizeof(type),   \
					  stream));                              \
	}

FILL_HOOK(cuMemsetD8_v2, unsigned char, GB_LEGACY)
FILL_HOOK(cuMemsetD8_v2_ptds, unsigned char, GB_PER_THREAD)
FILL_HOOK(cuMemsetD16_v2, unsigned short, GB_LEGACY)
FILL_HOOK(cuMemsetD16_v2_ptds, unsigned short, GB_PER_THREAD)
FILL_HOOK(cuMemsetD32_v2, unsigned int, GB_LEGACY)
FILL_HOOK(cuMemsetD32_v2_ptds, unsigned int, GB_PER_THREAD)
FILL_ASYNC_HOOK(cuMemsetD8Async, unsigned char, GB_LEGACY)
FILL_ASYNC_HOOK(cuMemsetD8Async_ptsz, unsigned char, GB_PER_THREAD)
FILL_ASYNC_HOOK(cuMemsetD16Async, unsigned short, GB_LEGACY)
FILL_ASYNC_HOOK(cuMemsetD16Async_ptsz, unsigned short, GB_PER_THREAD)
FILL_ASYNC_HOOK(cuMemsetD32Async, unsigned int, GB_LEGACY)
FILL_ASYNC_HOOK(cuMemsetD32Async_ptsz, unsigned int, GB_PER_THREAD)

/* A rectangle to fill: what is left of it, from its first row down. */
struct area {
	uint64_t to, pitch, width; /* bytes */
	uint64_t rows;
	uint64_t stream; /* as the engine names it */
};

/* Rows from the top that the driver takes in one call, or 0: not even one. */
static uint64_t whole_rows(const struct area *area)
{
	uint64_t span = gb_engine_span(area->to, area->pitch * (area->rows - 1) +
							 area->width);

	if (span < area->width || area->rows == 1)
		return span >= area->width;
	return gb_min(area->rows, (span - area->width) / area->pitch + 1);
}

/*
 * @fill(part, data) is called for rectangles that cover @area: whole rows where
 * that goes, and the pieces of a row that a border cuts.
 */
static CUresult fill_area(struct area area,
			  CUresult (*fill)(const struct area *, void *), void *data)
{
	CUresult rc = CUDA_SUCCESS;

	while (!rc && area.rows) {
		struct area part = area;

		part.rows = whole_rows(&area);
		if (part.rows) {
			rc = fill(&part, data);
			area.to += part.rows * area.pitch;
			area.rows -= part.rows;
			continue;
		}
		part.rows = 1;
		for (uint64_t at = 0; !rc && at < area.width; at += part.width) {
			part.to = area.to + at;
			part.width = gb_engine_span(part.to, area.width - at);
			rc = fill(&part, data);
		}
		area.to += area.pitch;
		area.rows--;
	}
	return rc;
}

static CUresult fill_2d(struct area area,
			CUresult (*fill)(const struct area *, void *), void *data)
{
	struct gb_copy_ends ends = { area.to, 0, area.stream, false };
	CUresult rc;

	/* The driver judges nonsense; a single row needs no pitch. */
	if (!area.width || !area.rows || !gb_is_ours(area.to) ||
	    (area.rows > 1 && area.pitch < area.width))
		return fill(&area, data);
	rc = gb_copy_enter(&ends, area.pitch * (area.rows - 1) + area.width,
			   GB_TOUCH_WORK);
	if (rc)
		return rc;
	rc = fill_area(area, fill, data);
	gb_copy_leave(&ends);
	return rc;
}

#define FILL_2D_HOOK(name, type, null)                                         \
	static CUresult name##_part(const struct area *part, void *value)      \
	{                                                                      \
		return GB_REAL(name)(part->to, part->pitch, *(type *)value,    \
				     part->width / sizeof(type), part->rows);  \
	}                                                                      \
                                                                               \
	CUresult name(CUdeviceptr to, size_t pitch, type value, size_t width,  \
		      size_t height)                                           \
	{                                                                      \
		return fill_2d((struct area){ to, pitch, width * sizeof(type), \
					      height, gb_stream(NULL, null) }, \
			       name##_part, &value);                           \
	}

#define FILL_2D_ASYNC_HOOK(name, type, null)                                     \
	struct name##_call {                                                     \
		type value;                                                      \
		CUstream stream;                                                 \
	};                                                                       \
                                                                                 \
	static CUresult name##_part(const struct area *part, void *data)         \
	{                                                                        \
		struct name##_call *call = data;                                 \
                                                                                 \
		return GB_REAL(name)(part->to, part->pitch, call->value,         \
				     part->width / sizeof(type), part->rows,     \
				     call->stream);                              \
	}                                                                        \
                                                                                 \
	CUresult name(CUdeviceptr to, size_t pitch, type value, size_t width,    \
		      size_t height, CUstream stream)                            \
	{                                                                        \
		struct name##_call call = { value, stream };                     \
                                                                                 \
		return fill_2d((struct area){ to, pitch, width * sizeof(type),   \
					      height, gb_stream(stream, null) }, \
			       name##_part, &call);                              \
	}

FILL_2D_HOOK(cuMemsetD2D8_v2, unsigned char, GB_LEGACY)
FILL_2D_HOOK(cuMemsetD2D8_v2_ptds, unsigned char, GB_PER_THREAD)
FILL_2D_HOOK(cuMemsetD2D16_v2, unsigned short, GB_LEGACY)
FILL_2D_HOOK(cuMemsetD2D16_v2_ptds, unsigned short, GB_PER_THREAD)
FILL_2D_HOOK(cuMemsetD2D32_v2, unsigned int, GB_LEGACY)
FILL_2D_HOOK(cuMemsetD2D32_v2_ptds, unsigned int, GB_PER_THREAD)
FILL_2D_ASYNC_HOOK(cuMemsetD2D8Async, unsigned char, GB_LEGACY)
FILL_2D_ASYNC_HOOK(cuMemsetD2D8Async_ptsz, unsigned char, GB_PER_THREAD)
FILL_2D_ASYNC_HOOK(cuMemsetD2D16Async, unsigned short, GB_LEGACY)
FILL_2D_ASYNC_HOOK(cuMemsetD2D16Async_ptsz, unsigned short, GB_PER_THREAD)
FILL_2D_ASYNC_HOOK(cuMemsetD2D32Async, unsigned int, GB_LEGACY)
FILL_2D_ASYNC_HOOK(cuMemsetD2D32Async_ptsz, unsigned int, GB_PER_THREAD)
