/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A block of threads as a GPU has it, on one thread of the processor: they take
 * turns, in an order that changes, from one barrier or shuffle to the next.
 * Also what the device's half of greenboost/kernel.h takes for the compiler's
 * own functions, where clang reads it as C++.
 */
#ifndef DRIVER_TEST_LOCKSTEP_H
#define DRIVER_TEST_LOCKSTEP_H

#ifdef __cplusplus
extern "C" {
#endif

struct lockstep {
	unsigned int thread, threads, block, blocks;
	unsigned int turns;   /* that any thread has had */
	void (*before)(void); /* each turn, or NULL */
};

extern struct lockstep lockstep;

/*
 * Runs @kernel for all threads of all blocks, one block after the other. False
 * where threads of a block came to different barriers, or not all to one.
 */
int lockstep_run(unsigned int blocks, unsigned int threads, void (*kernel)(void));

void lockstep_barrier(void);
int lockstep_shuffle(int value, int step);

#ifdef __cplusplus
}

#define __nvvm_read_ptx_sreg_tid_x()	lockstep.thread
#define __nvvm_read_ptx_sreg_ntid_x()	lockstep.threads
#define __nvvm_read_ptx_sreg_ctaid_x()	lockstep.block
#define __nvvm_read_ptx_sreg_nctaid_x() lockstep.blocks
#define __nvvm_shfl_sync_bfly_i32(mask, value, step, clamp)                    \
	lockstep_shuffle((int)(value), step)
#define __syncthreads() lockstep_barrier()
#endif

#endif
