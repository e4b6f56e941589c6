/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The kernels of the C clients, written as PTX so that no CUDA compiler is
 * needed; the driver compiles them for the GPU at hand when they are loaded.
 *
 *   bench_empty()                       nothing
 *   bench_four(a, b, c, d)              nothing, with four addresses given
 *   bench_fill(data, count, seed)       data[i] = i * 2654435761 + seed, i <
 * count, 32-bit words bench_sum(data, count, total)       *total += the words
 * of count 16-byte groups; one atomic a warp
 *
 * Both loops step by the whole grid, so that neighbouring threads read
 * neighbouring words, and any grid gives the right result.
 */
#include "driver.h"

#define INDEX                                                                  \
	"	mov.u32 %r1, %ctaid.x;\n"                                            \
	"	mov.u32 %r2, %ntid.x;\n"                                             \
	"	mov.u32 %r3, %tid.x;\n"                                              \
	"	mov.u32 %r4, %nctaid.x;\n"                                           \
	"	mul.wide.u32 %rd1, %r1, %r2;\n"                                      \
	"	cvt.u64.u32 %rd2, %r3;\n"                                            \
	"	add.u64 %rd1, %rd1, %rd2;\n"                                         \
	"	mul.wide.u32 %rd2, %r4, %r2;\n"

#define ADD_FROM_LANE(distance)                                                \
	"	shfl.sync.down.b32 %r10, %r9, " distance ", 31, 0xffffffff;\n" \
	"	add.u32 %r9, %r9, %r10;\n"

/* %rd1 is the thread's index, %rd2 the step, in every kernel with a loop. */
const char bench_kernels[] =
	".version 6.0\n"
	".target sm_50\n"
	".address_size 64\n"

	".visible .entry bench_empty()\n"
	"{\n"
	"	ret;\n"
	"}\n"

	".visible .entry bench_four(.param .u64 a, .param .u64 b,\n"
	"			    .param .u64 c, .param .u64 d)\n"
	"{\n"
	"	ret;\n"
	"}\n"

	".visible .entry bench_fill(.param .u64 data, .param .u64 count,\n"
	"			    .param .u32 seed)\n"
	"{\n"
	"	.reg .pred %p1;\n"
	"	.reg .b32 %r<8>;\n"
	"	.reg .b64 %rd<6>;\n"
	"	ld.param.u64 %rd3, [data];\n"
	"	ld.param.u64 %rd4, [count];\n"
	"	ld.param.u32 %r5, [seed];\n"
	"	cvta.to.global.u64 %rd3, %rd3;\n" INDEX "again:\n"
	"	setp.ge.u64 %p1, %rd1, %rd4;\n"
	"	@%p1 bra done;\n"
	"	cvt.u32.u64 %r6, %rd1;\n"
	"	mad.lo.u32 %r7, %r6, 0x9e3779b1, %r5;\n"
	"	shl.b64 %rd5, %rd1, 2;\n"
	"	add.u64 %rd5, %rd3, %rd5;\n"
	"	st.global.u32 [%rd5], %r7;\n"
	"	add.u64 %rd1, %rd1, %rd2;\n"
	"	bra again;\n"
	"done:\n"
	"	ret;\n"
	"}\n"

	".visible .entry bench_sum(.param .u64 data, .param .u64 count,\n"
	"			   .param .u64 total)\n"
	"{\n"
	"	.reg .pred %p<3>;\n"
	"	.reg .b32 %r<12>;\n"
	"	.reg .b64 %rd<7>;\n"
	"	ld.param.u64 %rd3, [data];\n"
	"	ld.param.u64 %rd4, [count];\n"
	"	ld.param.u64 %rd6, [total];\n"
	"	cvta.to.global.u64 %rd3, %rd3;\n"
	"	cvta.to.global.u64 %rd6, %rd6;\n"
	"	mov.u32 %r9, 0;\n" INDEX "again:\n"
	"	setp.ge.u64 %p1, %rd1, %rd4;\n"
	"	@%p1 bra done;\n"
	"	shl.b64 %rd5, %rd1, 4;\n"
	"	add.u64 %rd5, %rd3, %rd5;\n"
	"	ld.global.v4.u32 {%r5, %r6, %r7, %r8}, [%rd5];\n"
	"	add.u32 %r5, %r5, %r6;\n"
	"	add.u32 %r7, %r7, %r8;\n"
	"	add.u32 %r9, %r9, %r5;\n"
	"	add.u32 %r9, %r9, %r7;\n"
	"	add.u64 %rd1, %rd1, %rd2;\n"
	"	bra again;\n"
	"done:\n"
	"	bar.warp.sync 0xffffffff;\n" ADD_FROM_LANE("16")
		ADD_FROM_LANE("8") ADD_FROM_LANE("4") ADD_FROM_LANE("2")
			ADD_FROM_LANE("1") "	and.b32 %r11, %r3, 31;\n"
					   "	setp.ne.u32 %p2, %r11, 0;\n"
					   "	@%p2 bra end;\n"
					   "	red.global.add.u32 [%rd6], %r9;\n"
					   "end:\n"
					   "	ret;\n"
					   "}\n";
