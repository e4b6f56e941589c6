/* SPDX-License-Identifier: GPL-2.0-only */
/* Fills. The plain ones, too, only queue their work, as the driver's do. */
#include "sim.h"

static CUresult fill(CUstream handle, CUdeviceptr at, size_t pitch, uint32_t value,
		     unsigned int element, size_t width, size_t height)
{
	struct CUstream_st *stream;
	uint64_t row;
	CUresult rc = sim_stream(handle, &stream);

	if (rc)
		return rc;
	if (!width || !height)
		return CUDA_SUCCESS;
	if (width > SIZE_MAX / element)
		return CUDA_ERROR_INVALID_VALUE;
	row = (uint64_t)width * element;
	if (height == 1 && !pitch)
		pitch = row;
	if (at % element || pitch < row || pitch % element ||
	    height > SIZE_MAX / pitch ||
	    !sim_range_is_known(at, (height - 1) * pitch + row))
		return CUDA_ERROR_INVALID_VALUE;
	return sim_submit(stream, sim_fill_create((uint8_t *)at, pitch, value,
						  element, width, height));
}

#define FILL(name, twin, stream, type, params, args)                           \
	SIM_API_PT(name, twin, 0, params, args)                                \
	{                                                                      \
		return fill(stream, at, 0, value, sizeof(type), width, 1);     \
	}

#define FILL_2D(name, twin, stream, type, params, args)                             \
	SIM_API_PT(name, twin, 0, params, args)                                     \
	{                                                                           \
		return fill(stream, at, pitch, value, sizeof(type), width, height); \
	}

FILL(cuMemsetD8_v2, _ptds, NULL, unsigned char,
     (CUdeviceptr at, unsigned char value, size_t width), (at, value, width))
FILL(cuMemsetD16_v2, _ptds, NULL, unsigned short,
     (CUdeviceptr at, unsigned short value, size_t width), (at, value, width))
FILL(cuMemsetD32_v2, _ptds, NULL, unsigned int,
     (CUdeviceptr at, unsigned int value, size_t width), (at, value, width))
FILL(cuMemsetD8Async, _ptsz, stream, unsigned char,
     (CUdeviceptr at, unsigned char value, size_t width, CUstream stream),
     (at, value, width, stream))
FILL(cuMemsetD16Async, _ptsz, stream, unsigned short,
     (CUdeviceptr at, unsigned short value, size_t width, CUstream stream),
     (at, value, width, stream))
FILL(cuMemsetD32Async, _ptsz, stream, unsigned int,
     (CUdeviceptr at, unsigned int value, size_t width, CUstream stream),
     (at, value, width, stream))

FILL_2D(cuMemsetD2D8_v2, _ptds, NULL, unsigned char,
	(CUdeviceptr at, size_t pitch, unsigned char value, size_t width,
	 size_t height),
	(at, pitch, value, width, height))
FILL_2D(cuMemsetD2D16_v2, _ptds, NULL, unsigned short,
	(CUdeviceptr at, size_t pitch, unsigned short value, size_t width,
	 size_t height),
	(at, pitch, value, width, height))
FILL_2D(cuMemsetD2D32_v2, _ptds, NULL, unsigned int,
	(CUdeviceptr at, size_t pitch, unsigned int value, size_t width,
	 size_t height),
	(at, pitch, value, width, height))
FILL_2D(cuMemsetD2D8Async, _ptsz, stream, unsigned char,
	(CUdeviceptr at, size_t pitch, unsigned char value, size_t width,
	 size_t height, CUstream stream),
	(at, pitch, value, width, height, stream))
FILL_2D(cuMemsetD2D16Async, _ptsz, stream, unsigned short,
	(CUdeviceptr at, size_t pitch, unsigned short value, size_t width,
	 size_t height, CUstream stream),
	(at, pitch, value, width, height, stream))
FILL_2D(cuMemsetD2D32Async, _ptsz, stream, unsigned int,
	(CUdeviceptr at, size_t pitch, unsigned int value, size_t width,
	 size_t height, CUstream stream),
	(at, pitch, value, width, height, stream))
