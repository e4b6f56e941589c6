// SPDX-License-Identifier: GPL-2.0-only
#include "layout.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdlib.h>

#include "../interpose/real.h"

/*
 * Slots are filled and replaced, never emptied, so a reader needs no lock; a
 * replaced layout is leaked, since somebody may be reading it: modules that
 * come and go cost a few hundred bytes a function.
 */
#define SLOTS	       8192u
#define PROBES	       16u
/* CUDA's limit on parameter space is 32764 bytes. */
#define PARAMETERS_MAX 4096u

static _Atomic(struct gb_layout *) slots[SLOTS];
static _Atomic uint64_t generation;

static bool ask(CUfunction function, size_t index, size_t *offset, size_t *size)
{
	return !GB_REAL(cuFuncGetParamInfo)(function, index, offset, size);
}

/* cudart passes kernels where functions are expected. */
static bool ask_kernel(CUfunction function, size_t index, size_t *offset,
		       size_t *size)
{
	return !GB_REAL(cuKernelGetParamInfo)((CUkernel)function, index, offset,
					      size);
}

static struct gb_layout *learn(CUfunction function)
{
	bool (*next)(CUfunction, size_t, size_t *, size_t *) = ask;
	struct gb_layout *layout;
	uint32_t count = 0;
	size_t offset, size;

	if (!GB_REAL_HAS(cuFuncGetParamInfo))
		return NULL;
	if (!ask(function, 0, &offset, &size) &&
	    ask_kernel(function, 0, &offset, &size))
		next = ask_kernel;
	while (count < PARAMETERS_MAX && next(function, count, &offset, &size))
		count++;
	layout = malloc(sizeof(*layout) + count * sizeof(layout->parameters[0]));
	if (!layout)
		return NULL;
	*layout = (struct gb_layout){
		.function = (uint64_t)function,
		.generation = atomic_load(&generation),
	};
	while (layout->count < count &&
	       next(function, layout->count, &offset, &size)) {
		layout->parameters[layout->count++] =
			(struct gb_parameter){ (uint32_t)offset, (uint32_t)size };
		if (offset + size > layout->bytes)
			layout->bytes = (uint32_t)(offset + size);
	}
	return layout;
}

static uint32_t hash(uint64_t function)
{
	return (uint32_t)((function * UINT64_C(0x9e3779b97f4a7c15)) >> 51);
}

const struct gb_layout *gb_layout_get(CUfunction function)
{
	uint64_t now = atomic_load_explicit(&generation, memory_order_acquire);
	uint32_t at = hash((uint64_t)function);
	struct gb_layout *layout;

	for (uint32_t i = 0; i < PROBES; i++) {
		layout = atomic_load_explicit(&slots[(at + i) % SLOTS],
					      memory_order_acquire);
		if (!layout)
			break;
		if (layout->function == (uint64_t)function &&
		    layout->generation == now)
			return layout;
	}
	layout = learn(function);
	for (uint32_t i = 0; layout && i < PROBES; i++) {
		struct gb_layout *old = atomic_load(&slots[(at + i) % SLOTS]);

		if (old && old->generation == now && i < PROBES - 1 &&
		    old->function != (uint64_t)function)
			continue;
		atomic_store_explicit(&slots[(at + i) % SLOTS], layout,
				      memory_order_release);
		break;
	}
	return layout;
}

void gb_layout_flush(void)
{
	atomic_fetch_add(&generation, 1);
}
