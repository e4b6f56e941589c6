/* SPDX-License-Identifier: GPL-2.0-only */
/* Two GPUs, each over its budget, that use each other's memory. */
#include "client.h"

#define SIZE (6 * MIB)

static CUcontext context[2];
static CUfunction stir[2], blend[2];

static void on(int device)
{
	MUST(cu.CtxSetCurrent(context[device]));
}

static void launch_blend(int device, CUdeviceptr to, CUdeviceptr from)
{
	uint64_t words = SIZE / 8;
	void *parameters[] = { &to, &from, &words };

	on(device);
	SAY(cu.LaunchKernel(blend[device], 4, 1, 1, 32, 1, 1, 0, NULL,
			    parameters, NULL));
	SAY(cu.CtxSynchronize());
}

/* Copies need no access. */
static void copies(CUdeviceptr a, CUdeviceptr b)
{
	on(0);
	SAY(cu.MemcpyPeer(b, context[1], a, context[0], SIZE));
	SAY(cu.CtxSynchronize());
	on(1);
	SAY(cu.CtxSynchronize());
	show("on 1", b, SIZE);
	on(0);
	SAY(cu.MemcpyDtoD(b + MIB, a, MIB));
	SAY(cu.Memcpy(b + 3 * MIB, a + MIB, 100));
	SAY(cu.MemcpyPeerAsync(a + 5 * MIB, context[0], b, context[1], MIB, NULL));
	SAY(cu.CtxSynchronize());
	show("on 0", a, SIZE);
	on(1);
	show("on 1", b, SIZE);
}

static void ordinals(CUdeviceptr a, CUdeviceptr b)
{
	int ordinal = -1;

	on(0);
	SAY(cu.PointerGetAttribute(&ordinal, CU_POINTER_ATTRIBUTE_DEVICE_ORDINAL, a));
	printf("%d\n", ordinal);
	SAY(cu.PointerGetAttribute(&ordinal, CU_POINTER_ATTRIBUTE_DEVICE_ORDINAL, b));
	printf("%d\n", ordinal);
}

/* Where the driver keeps account of who may use memory, @device may. */
static void check_access(int device, CUdeviceptr at)
{
	CUmemLocation who = { CU_MEM_LOCATION_TYPE_DEVICE, device };
	unsigned long long flags = 0;

	if (!cu.MemGetAccess(&flags, &who, at))
		CHECK(flags == CU_MEM_ACCESS_FLAGS_PROT_READWRITE);
}

int main(void)
{
	CUdeviceptr a, b, later, more[3];
	int can = 0;

	find_driver();
	MUST(cu.Init(0));
	SAY(cu.DeviceCanAccessPeer(&can, 0, 1));
	printf("%d\n", can);
	for (int i = 0; i < 2; i++) {
		CUmodule module;

		context[i] = open_device(i);
		module = load_kernels();
		stir[i] = kernel(module, "stir");
		blend[i] = kernel(module, "blend");
	}
	on(0);
	a = uploaded(SIZE, 1);
	on(1);
	b = uploaded(SIZE, 2);
	ordinals(a, b);
	copies(a, b);

	on(0);
	SAY(cu.CtxEnablePeerAccess(context[1], 0));
	SAY(cu.CtxEnablePeerAccess(context[1], 0));
	SAY(cu.CtxEnablePeerAccess(context[1], 1));
	SAY(cu.CtxEnablePeerAccess(NULL, 0));
	check_access(0, b);
	launch_blend(0, a, b);
	show("mine and the peer's", a, SIZE);
	on(1);
	later = uploaded(SIZE, 3);
	check_access(0, later);
	launch_blend(0, a, later);
	/* What has moved since is still within reach. */
	on(1);
	for (int i = 0; i < 3; i++)
		more[i] = cleared(SIZE);
	check_access(0, later);
	check_access(0, more[2]);
	launch_blend(0, b, a);
	launch_blend(0, more[0], later);
	on(1);
	show("the peer's", b, SIZE);
	show("more", more[0], SIZE);
	SAY(cu.CtxEnablePeerAccess(context[0], 0));
	check_access(1, a);
	launch_blend(1, a, more[0]);
	on(0);
	show("mine", a, SIZE);
	SAY(cu.MemFree(later));
	SAY(cu.CtxDisablePeerAccess(context[1]));
	SAY(cu.CtxDisablePeerAccess(context[1]));
	copies(a, b);
	for (int i = 0; i < 3; i++)
		SAY(cu.MemFree(more[i]));
	SAY(cu.MemFree(a));
	SAY(cu.MemFree(b));
	return 0;
}
