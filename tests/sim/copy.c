/* SPDX-License-Identifier: GPL-2.0-only */
/* Copies and fills of every shape. */
#include "sim_test.h"

CUresult cuTexObjectDestroy(CUtexObject);
CUresult cuTexObjectGetResourceDesc(CUDA_RESOURCE_DESC *, CUtexObject);

/* 6 rows of 16 bytes, each byte its own offset. */
static CUdeviceptr numbered(void)
{
	uint8_t bytes[96];
	CUdeviceptr at;

	for (int i = 0; i < 96; i++)
		bytes[i] = (uint8_t)i;
	OK(cuMemAlloc_v2(&at, 96));
	OK(cuMemcpyHtoD_v2(at, bytes, 96));
	return at;
}

static void two_dimensions(void)
{
	CUDA_MEMCPY2D copy = {
		.srcXInBytes = 4,
		.srcY = 1,
		.srcMemoryType = CU_MEMORYTYPE_DEVICE,
		.srcPitch = 16,
		.dstMemoryType = CU_MEMORYTYPE_HOST,
		.dstPitch = 8,
		.WidthInBytes = 8,
		.Height = 3,
	};
	uint8_t host[24];

	start();
	copy.srcDevice = numbered();
	copy.dstHost = host;
	OK(cuMemcpy2D_v2(&copy));
	for (int y = 0; y < 3; y++)
		for (int x = 0; x < 8; x++)
			TRUE_(host[8 * y + x] == 16 * (y + 1) + 4 + x);
	copy.Height = 6; /* the last row would lie behind the end */
	WANT(CUDA_ERROR_INVALID_VALUE, cuMemcpy2D_v2(&copy));
	copy.Height = 3;
	copy.srcPitch = 8;
	WANT(CUDA_ERROR_INVALID_VALUE, cuMemcpy2D_v2(&copy));
	copy.srcMemoryType = (CUmemorytype)9;
	WANT(CUDA_ERROR_INVALID_VALUE, cuMemcpy2D_v2(&copy));
	WANT(CUDA_ERROR_INVALID_VALUE, cuMemcpy2D_v2(NULL));
}

/* Through an array and back. */
static void arrays(void)
{
	CUDA_ARRAY3D_DESCRIPTOR shape = {
		.Width = 4, .Height = 3, .Depth = 2, .Format = 3, .NumChannels = 1
	};
	CUDA_MEMCPY3D copy = {
		.srcMemoryType = CU_MEMORYTYPE_DEVICE,
		.srcPitch = 16,
		.srcHeight = 3,
		.dstMemoryType = CU_MEMORYTYPE_ARRAY,
		.WidthInBytes = 16,
		.Height = 3,
		.Depth = 2,
	};
	uint8_t host[96] = { 0 };
	CUarray array;

	start();
	OK(cuArray3DCreate_v2(&array, &shape));
	copy.srcDevice = numbered();
	copy.dstArray = array;
	OK(cuMemcpy3DAsync_v2(&copy, NULL));
	copy.srcMemoryType = CU_MEMORYTYPE_ARRAY;
	copy.srcArray = array;
	copy.dstMemoryType = CU_MEMORYTYPE_HOST;
	copy.dstHost = host;
	copy.dstPitch = 16;
	copy.dstHeight = 3;
	OK(cuMemcpy3D_v2(&copy));
	for (int i = 0; i < 96; i++)
		TRUE_(host[i] == i);
	WANT(CUDA_ERROR_INVALID_VALUE,
	     cuMemcpyAtoD_v2(copy.srcDevice, array, 60, 8));
	OK(cuArrayDestroy(array));
	WANT(CUDA_ERROR_INVALID_HANDLE, cuArrayDestroy(array));
	shape.NumChannels = 3;
	WANT(CUDA_ERROR_INVALID_VALUE, cuArray3DCreate_v2(&array, &shape));
}

static void fills(void)
{
	CUdeviceptr at;

	start();
	at = numbered();
	OK(cuMemsetD2D16_v2(at + 2, 16, 0x1234, 2, 3));
	TRUE_(word(at) == 0x12340100 && word(at + 4) == 0x07061234);
	TRUE_(word(at + 32) == 0x12342120 && word(at + 48) == 0x33323130);
	OK(cuMemsetD8_v2_ptds(at, 0xaa, 3));
	OK(cuCtxSynchronize());
	TRUE_(word(at) == 0x12aaaaaa);
	WANT(CUDA_ERROR_INVALID_VALUE, cuMemsetD2D32_v2(at, 16, 1, 4, 7));
	WANT(CUDA_ERROR_INVALID_VALUE, cuMemsetD2D32_v2(at, 8, 1, 4, 2));
}

static void batches(void)
{
	CUmemcpyAttributes attributes = { CU_MEMCPY_SRC_ACCESS_ORDER_DURING_API_CALL };
	uint32_t host[2] = { 10, 20 };
	size_t bytes[2] = { 4, 4 }, first = 0, failed;
	CUdeviceptr at, dst[2], src[2];
	CUstream stream;

	start();
	at = words(2, 0);
	OK(cuStreamCreate(&stream, 0));
	for (int i = 0; i < 2; i++) {
		dst[i] = at + 4 * i;
		src[i] = (CUdeviceptr)&host[i];
	}
	OK(cuMemcpyBatchAsync_v2(dst, src, bytes, 2, &attributes, &first, 1, stream));
	host[0] = host[1] = 0; /* the call has read them */
	OK(cuStreamSynchronize(stream));
	TRUE_(word(at) == 10 && word(at + 4) == 20);
	dst[1] = at + 8;
	WANT(CUDA_ERROR_INVALID_VALUE,
	     cuMemcpyBatchAsync(dst, src, bytes, 2, &attributes, &first, 1,
				&failed, stream));
	TRUE_(failed == 1);
}

/* Textures are made of memory that is there, and remember it. */
static void textures(void)
{
	CUDA_RESOURCE_DESC desc = { .resType = CU_RESOURCE_TYPE_LINEAR }, got;
	char sampling[104] = { 0 };
	CUtexObject texture;

	start();
	desc.res.linear.devPtr = words(64, 0);
	desc.res.linear.sizeInBytes = 256;
	OK(cuTexObjectCreate(&texture, &desc, (void *)sampling, NULL));
	OK(cuTexObjectGetResourceDesc(&got, texture));
	TRUE_(got.res.linear.devPtr == desc.res.linear.devPtr);
	OK(cuTexObjectDestroy(texture));
	WANT(CUDA_ERROR_INVALID_VALUE, cuTexObjectDestroy(texture));
	desc.res.linear.sizeInBytes = 257;
	WANT(CUDA_ERROR_INVALID_VALUE,
	     cuTexObjectCreate(&texture, &desc, (void *)sampling, NULL));
}

static void between_devices(void)
{
	CUcontext a = start(), b;
	CUdeviceptr from = words(4, 3), to;

	OK(cuCtxCreate_v2(&b, 0, 1));
	to = words(4, 0);
	OK(cuMemcpyPeer(to, b, from, a, 16));
	OK(cuCtxSynchronize());
	TRUE_(word(to + 12) == 3);
	WANT(CUDA_ERROR_INVALID_CONTEXT, cuMemcpyPeer(to, NULL, from, a, 16));
}

SCENARIO(two_dimensions, NULL)
SCENARIO(arrays, "GREENBOOST_SIM_STALE=error")
SCENARIO(fills, NULL)
SCENARIO(textures, "GREENBOOST_SIM_STALE=error")
SCENARIO(between_devices, "GREENBOOST_SIM_DEVICES=2")

static void test_batches(void **state)
{
	assert_int_equal(failing_seeds(batches, 20), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_two_dimensions),
		cmocka_unit_test(test_arrays),
		cmocka_unit_test(test_fills),
		cmocka_unit_test(test_textures),
		cmocka_unit_test(test_batches),
		cmocka_unit_test(test_between_devices),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
