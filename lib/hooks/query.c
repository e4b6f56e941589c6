// SPDX-License-Identifier: GPL-2.0-only
/*
 * What the program is told about memory: arena memory answers as ordinary
 * device memory does (the real answers for cuMemAlloc's were measured: N5), and
 * sizes include what RAM adds.
 */
#include <string.h>

#include "../../common/options.h"
#include "pass.h"

static bool is_extended(void)
{
	return gb_process_is_on() &&
	       gb_process_options()->report == GB_REPORT_EXTENDED;
}

CUresult cuMemGetInfo_v2(size_t *free_bytes, size_t *total_bytes)
{
	uint64_t free_now, total;
	CUresult rc = GB_REAL(cuMemGetInfo_v2)(free_bytes, total_bytes);
	int device;

	if (rc || !is_extended())
		return rc;
	device = gb_current_device();
	gb_engine_memory(device, &free_now, &total);
	if (!total)
		return rc;
	if (free_bytes)
		*free_bytes = free_now;
	if (total_bytes)
		*total_bytes = total;
	return rc;
}

/* Runtimes ask once, before there is a context, and keep the answer. */
CUresult cuDeviceTotalMem_v2(size_t *bytes, CUdevice device)
{
	CUresult rc = GB_REAL(cuDeviceTotalMem_v2)(bytes, device);

	if (!rc && is_extended())
		*bytes = gb_engine_total(*bytes);
	return rc;
}

CUresult cuMemGetAddressRange_v2(CUdeviceptr *base, size_t *size, CUdeviceptr address)
{
	struct gb_view view;

	if (!gb_is_ours(address))
		return GB_REAL(cuMemGetAddressRange_v2)(base, size, address);
	if (gb_engine_view(address, &view))
		return CUDA_ERROR_NOT_FOUND;
	if (base)
		*base = view.address;
	if (size)
		*size = view.size;
	return CUDA_SUCCESS;
}

/* The bit tells our ids from the driver's, which count up from zero. */
#define ID_OURS (UINT64_C(1) << 63)

static CUresult put(void *to, const void *value, size_t size)
{
	memcpy(to, value, size);
	return CUDA_SUCCESS;
}

static CUresult put_word(void *to, uint64_t value)
{
	return put(to, &value, sizeof(value));
}

static CUresult put_int(void *to, uint32_t value)
{
	return put(to, &value, sizeof(value));
}

/* A truth takes 4 bytes here (N5). */
static CUresult put_flag(void *to, bool value)
{
	return put_int(to, value);
}

/* @to is as wide as the attribute is. */
static CUresult answer(const struct gb_view *view, uint64_t address,
		       CUpointer_attribute attribute, void *to)
{
	switch (attribute) {
	case CU_POINTER_ATTRIBUTE_CONTEXT:
		return put_word(to, view->context);
	case CU_POINTER_ATTRIBUTE_MEMORY_TYPE:
		return put_int(to, CU_MEMORYTYPE_DEVICE);
	case CU_POINTER_ATTRIBUTE_DEVICE_POINTER:
		return put_word(to, address);
	case CU_POINTER_ATTRIBUTE_SYNC_MEMOPS:
		return put_flag(to, view->sync_memops);
	case CU_POINTER_ATTRIBUTE_BUFFER_ID:
	case CU_POINTER_ATTRIBUTE_MEMORY_BLOCK_ID:
		return put_word(to, view->id | ID_OURS);
	case CU_POINTER_ATTRIBUTE_IS_MANAGED:
	case CU_POINTER_ATTRIBUTE_IS_HW_DECOMPRESS_CAPABLE:
		return put_flag(to, false);
	case CU_POINTER_ATTRIBUTE_DEVICE_ORDINAL:
		return put_int(to, (uint32_t)view->device);
	case CU_POINTER_ATTRIBUTE_IS_LEGACY_CUDA_IPC_CAPABLE:
		return put_flag(to, !view->pool);
	case CU_POINTER_ATTRIBUTE_MAPPED:
		return put_flag(to, true);
	case CU_POINTER_ATTRIBUTE_RANGE_START_ADDR:
	case CU_POINTER_ATTRIBUTE_MAPPING_BASE_ADDR:
		return put_word(to, view->address);
	case CU_POINTER_ATTRIBUTE_RANGE_SIZE:
	case CU_POINTER_ATTRIBUTE_MAPPING_SIZE:
		return put_word(to, view->size);
	case CU_POINTER_ATTRIBUTE_ALLOWED_HANDLE_TYPES:
		return put_word(to, 0);
	case CU_POINTER_ATTRIBUTE_IS_GPU_DIRECT_RDMA_CAPABLE:
		return put_flag(to, !gb_engine_pin(address));
	case CU_POINTER_ATTRIBUTE_ACCESS_FLAGS:
		return put_int(to, CU_MEM_ACCESS_FLAGS_PROT_READWRITE);
	case CU_POINTER_ATTRIBUTE_MEMPOOL_HANDLE:
		return put_word(to, view->pool);
	default:
		/* HOST_POINTER: there is none; P2P_TOKENS: long gone. */
		return CUDA_ERROR_INVALID_VALUE;
	}
}

CUresult cuPointerGetAttribute(void *data, CUpointer_attribute attribute,
			       CUdeviceptr address)
{
	struct gb_view view;

	if (!data || !gb_is_ours(address))
		return GB_REAL(cuPointerGetAttribute)(data, attribute, address);
	if (gb_engine_view(address, &view))
		return CUDA_ERROR_INVALID_VALUE;
	return answer(&view, address, attribute, data);
}

/* What the plural form writes where there is no answer (N5). */
static void put_nothing(CUpointer_attribute attribute, uint64_t address, void *to)
{
	switch (attribute) {
	case CU_POINTER_ATTRIBUTE_RANGE_START_ADDR:
	case CU_POINTER_ATTRIBUTE_RANGE_SIZE:
		break;
	case CU_POINTER_ATTRIBUTE_HOST_POINTER:
		put_word(to, address);
		break;
	case CU_POINTER_ATTRIBUTE_DEVICE_ORDINAL:
		put_int(to, (uint32_t)-2);
		break;
	case CU_POINTER_ATTRIBUTE_MEMORY_TYPE:
	case CU_POINTER_ATTRIBUTE_ACCESS_FLAGS:
	case CU_POINTER_ATTRIBUTE_SYNC_MEMOPS:
	case CU_POINTER_ATTRIBUTE_IS_MANAGED:
	case CU_POINTER_ATTRIBUTE_IS_LEGACY_CUDA_IPC_CAPABLE:
	case CU_POINTER_ATTRIBUTE_MAPPED:
	case CU_POINTER_ATTRIBUTE_IS_GPU_DIRECT_RDMA_CAPABLE:
	case CU_POINTER_ATTRIBUTE_IS_HW_DECOMPRESS_CAPABLE:
		put_int(to, 0);
		break;
	default:
		put_word(to, 0);
	}
}

/* The driver refuses a list with anything else in it. */
static bool is_sane(unsigned int count, const CUpointer_attribute *attributes,
		    void *const *data)
{
	for (unsigned int i = 0; i < count; i++)
		if (!data[i] || attributes[i] < CU_POINTER_ATTRIBUTE_CONTEXT ||
		    attributes[i] > CU_POINTER_ATTRIBUTE_IS_HW_DECOMPRESS_CAPABLE)
			return false;
	return true;
}

CUresult cuPointerGetAttributes(unsigned int count, CUpointer_attribute *attributes,
				void **data, CUdeviceptr address)
{
	struct gb_view view;
	bool live;

	if (!attributes || !data || !count || !gb_is_ours(address) ||
	    !is_sane(count, attributes, data))
		return GB_REAL(cuPointerGetAttributes)(count, attributes, data,
						       address);
	live = !gb_engine_view(address, &view);
	for (unsigned int i = 0; i < count; i++) {
		if (!live)
			put_nothing(attributes[i], address, data[i]);
		else if (answer(&view, address, attributes[i], data[i]))
			put_word(data[i], 0); /* HOST_POINTER of device memory */
	}
	return CUDA_SUCCESS;
}

/*
 * SYNC_MEMOPS says that somebody other than CUDA will look at the memory, a NIC
 * most often: it goes to VRAM for good.
 */
CUresult cuPointerSetAttribute(const void *value, CUpointer_attribute attribute,
			       CUdeviceptr address)
{
	struct gb_view view;
	int error;

	if (!gb_is_ours(address))
		return GB_REAL(cuPointerSetAttribute)(value, attribute, address);
	if (!value || attribute != CU_POINTER_ATTRIBUTE_SYNC_MEMOPS ||
	    gb_engine_view(address, &view))
		return CUDA_ERROR_INVALID_VALUE;
	error = *(const unsigned int *)value ? gb_engine_pin(address) : 0;
	if (!error)
		error = gb_engine_set_sync_memops(
			address, *(const unsigned int *)value != 0);
	return gb_result(error);
}
