/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Kernels written once, for a GPU and for the simulated one.
 *
 * One C file that uses these macros compiles twice: with clang as CUDA into
 * PTX, and with the host's compiler into objects that the simulated GPU finds
 * by name (symbol sim_kernel_NAME). It needs no CUDA toolkit for either.
 *
 *	GB_KERNEL(scale, (float *, y), (float, a), (uint64_t, n))
 *	{
 *		GB_GRID_STRIDE(i, n)
 *			y[i] *= a;
 *	}
 *
 * GB_KERNEL: the body must be right for any number of threads, as a loop with a
 * grid's stride is; the simulator runs it as one thread.
 * GB_KERNEL_THREADS: the body uses its block and thread numbers; the simulator
 * runs it for each thread of each block, one after the other. No gb_block_sum.
 * GB_KERNEL_WAITS: like GB_KERNEL, for one that may wait until the program or
 * another kernel writes something; the simulator gives it a thread of its own.
 *
 * A parameter is (type, name): any scalar, pointer or struct, at most 16 of
 * them. Inside, gb_thread_x(), gb_block_x(), gb_block_dim_x(), gb_grid_dim_x()
 * and their _y and _z say where the thread is.
 *
 * Work that a block does together: GB_BLOCK_STRIDE deals it out to the block's
 * threads, and gb_block_sum adds up what each has found. As one thread is a
 * block too, that fits GB_KERNEL.
 */
#ifndef GREENBOOST_KERNEL_H
#define GREENBOOST_KERNEL_H

#include <stdint.h>

/* Applies M(index, tuple) to each of up to 16 tuples. */
#define GB_EACH_0(M)
#define GB_EACH_1(M, a)			  M(0, a)
#define GB_EACH_2(M, a, b)		  GB_EACH_1(M, a) M(1, b)
#define GB_EACH_3(M, a, b, c)		  GB_EACH_2(M, a, b) M(2, c)
#define GB_EACH_4(M, a, b, c, d)	  GB_EACH_3(M, a, b, c) M(3, d)
#define GB_EACH_5(M, a, b, c, d, e)	  GB_EACH_4(M, a, b, c, d) M(4, e)
#define GB_EACH_6(M, a, b, c, d, e, f)	  GB_EACH_5(M, a, b, c, d, e) M(5, f)
#define GB_EACH_7(M, a, b, c, d, e, f, g) GB_EACH_6(M, a, b, c, d, e, f) M(6, g)
#define GB_EACH_8(M, a, b, c, d, e, f, g, h)                                   \
	GB_EACH_7(M, a, b, c, d, e, f, g) M(7, h)
#define GB_EACH_9(M, a, b, c, d, e, f, g, h, i)                                \
	GB_EACH_8(M, a, b, c, d, e, f, g, h) M(8, i)
#define GB_EACH_10(M, a, b, c, d, e, f, g, h, i, j)                            \
	GB_EACH_9(M, a, b, c, d, e, f, g, h, i) M(9, j)
#define GB_EACH_11(M, a, b, c, d, e, f, g, h, i, j, k)                         \
	GB_EACH_10(M, a, b, c, d, e, f, g, h, i, j) M(10, k)
#define GB_EACH_12(M, a, b, c, d, e, f, g, h, i, j, k, l)                      \
	GB_EACH_11(M, a, b, c, d, e, f, g, h, i, j, k) M(11, l)
#define GB_EACH_13(M, a, b, c, d, e, f, g, h, i, j, k, l, m)                   \
	GB_EACH_12(M, a, b, c, d, e, f, g, h, i, j, k, l) M(12, m)
#define GB_EACH_14(M, a, b, c, d, e, f, g, h, i, j, k, l, m, n)                \
	GB_EACH_13(M, a, b, c, d, e, f, g, h, i, j, k, l, m) M(13, n)
#define GB_EACH_15(M, a, b, c, d, e, f, g, h, i, j, k, l, m, n, o)             \
	GB_EACH_14(M, a, b, c, d, e, f, g, h, i, j, k, l, m, n) M(14, o)
#define GB_EACH_16(M, a, b, c, d, e, f, g, h, i, j, k, l, m, n, o, p)          \
	GB_EACH_15(M, a, b, c, d, e, f, g, h, i, j, k, l, m, n, o) M(15, p)
#define GB_PICK_(_0, _1, _2, _3, _4, _5, _6, _7, _8, _9, _10, _11, _12, _13,   \
		 _14, _15, _16, pick, ...)                                     \
	pick
#define GB_EACH(M, ...)                                                        \
	GB_PICK_(0, ##__VA_ARGS__, GB_EACH_16, GB_EACH_15, GB_EACH_14,         \
		 GB_EACH_13, GB_EACH_12, GB_EACH_11, GB_EACH_10, GB_EACH_9,    \
		 GB_EACH_8, GB_EACH_7, GB_EACH_6, GB_EACH_5, GB_EACH_4,        \
		 GB_EACH_3, GB_EACH_2, GB_EACH_1, GB_EACH_0)                   \
	(M, ##__VA_ARGS__)

#define GB_DECLARE_(type, name) type name
#define GB_TYPE_(type, name)	type

/* for every i below n that is this thread's */
#define GB_GRID_STRIDE(i, n)                                                    \
	for (uint64_t i =                                                       \
		     (uint64_t)gb_block_x() * gb_block_dim_x() + gb_thread_x(); \
	     i < (uint64_t)(n); i += (uint64_t)gb_grid_dim_x() * gb_block_dim_x())

/* for every i below n that is this thread's of those of its block */
#define GB_BLOCK_STRIDE(i, n)                                                  \
	for (uint32_t i = gb_thread_x(); i < (uint32_t)(n); i += gb_block_dim_x())

#ifdef __CUDA__

/* Before a loop of few turns: one after the other, without a branch. */
#define GB_UNROLL _Pragma("unroll")

#define GB_DEVICE	  __attribute__((device)) static inline
#define GB_FIRST_ARG_0(t) GB_DECLARE_ t
#define GB_NEXT_ARG_(t)	  , GB_DECLARE_ t
#define GB_ARG_0	  GB_FIRST_ARG_0
#define GB_ARG_1	  GB_NEXT_ARG_
#define GB_ARG_2	  GB_NEXT_ARG_
#define GB_ARG_3	  GB_NEXT_ARG_
#define GB_ARG_4	  GB_NEXT_ARG_
#define GB_ARG_5	  GB_NEXT_ARG_
#define GB_ARG_6	  GB_NEXT_ARG_
#define GB_ARG_7	  GB_NEXT_ARG_
#define GB_ARG_8	  GB_NEXT_ARG_
#define GB_ARG_9	  GB_NEXT_ARG_
#define GB_ARG_10	  GB_NEXT_ARG_
#define GB_ARG_11	  GB_NEXT_ARG_
#define GB_ARG_12	  GB_NEXT_ARG_
#define GB_ARG_13	  GB_NEXT_ARG_
#define GB_ARG_14	  GB_NEXT_ARG_
#define GB_ARG_15	  GB_NEXT_ARG_
#define GB_ARG_(i, t)	  GB_ARG_##i(t)

#define GB_KERNEL(name, ...)                                                   \
	extern "C" __attribute__((global)) void name(GB_EACH(GB_ARG_, ##__VA_ARGS__))
#define GB_KERNEL_THREADS GB_KERNEL
#define GB_KERNEL_WAITS	  GB_KERNEL

/* A variable that the program can find by name; kernels say gb_global(name). */
#define GB_GLOBAL(type, name) extern "C" __attribute__((device)) type name
#define gb_global(name)	      name

#define gb_thread_x()	 __nvvm_read_ptx_sreg_tid_x()
#define gb_thread_y()	 __nvvm_read_ptx_sreg_tid_y()
#define gb_thread_z()	 __nvvm_read_ptx_sreg_tid_z()
#define gb_block_x()	 __nvvm_read_ptx_sreg_ctaid_x()
#define gb_block_y()	 __nvvm_read_ptx_sreg_ctaid_y()
#define gb_block_z()	 __nvvm_read_ptx_sreg_ctaid_z()
#define gb_block_dim_x() __nvvm_read_ptx_sreg_ntid_x()
#define gb_block_dim_y() __nvvm_read_ptx_sreg_ntid_y()
#define gb_block_dim_z() __nvvm_read_ptx_sreg_ntid_z()
#define gb_grid_dim_x()	 __nvvm_read_ptx_sreg_nctaid_x()
#define gb_grid_dim_y()	 __nvvm_read_ptx_sreg_nctaid_y()
#define gb_grid_dim_z()	 __nvvm_read_ptx_sreg_nctaid_z()

/* Adds and returns what was there before. */
GB_DEVICE uint32_t gb_atomic_add(uint32_t *at, uint32_t value)
{
	return __atomic_fetch_add(at, value, __ATOMIC_RELAXED);
}

GB_DEVICE uint64_t gb_warp_sum(uint64_t value)
{
	for (int step = 16; step; step /= 2) {
		uint32_t low = __nvvm_shfl_sync_bfly_i32(~0u, (int)value, step, 31);
		uint32_t high = __nvvm_shfl_sync_bfly_i32(~0u, (int)(value >> 32),
							  step, 31);

		value += (uint64_t)high << 32 | low;
	}
	return value;
}

/*
 * The sum of all values that the threads of a block give, for each of them. All
 * must call it, in a block of one dimension and of whole warps.
 */
GB_DEVICE uint64_t gb_block_sum(uint64_t value)
{
	static __attribute__((shared)) uint64_t warps[32];
	uint64_t sum = 0;

	value = gb_warp_sum(value);
	__syncthreads(); /* the last call's sums have been read */
	warps[gb_thread_x() / 32] = value;
	__syncthreads();
	for (unsigned int i = 0; i < gb_block_dim_x() / 32; i++)
		sum += warps[i];
	return sum;
}

#else /* the simulated GPU */

#define GB_DEVICE static inline
#define GB_UNROLL

struct gb_position {
	unsigned int thread[3], block[3];
	unsigned int block_dim[3], grid_dim[3];
};

struct gb_launch {
	unsigned int grid[3], block[3];
	unsigned int shared_bytes;
	unsigned int count;	 /* parameters */
	void *const *parameters; /* a pointer to each one's value */
};

/* One range of memory that a launch reads or writes, for the clock. */
struct gb_range {
	const void *at;
	uint64_t bytes;
	unsigned int passes; /* times read; 0 is once */
	uint64_t gather; /* bytes of each row picked at random; 0: in order */
	int written;
};

#define GB_COST_RANGES 16

struct gb_cost {
	double matrix_flop, vector_flop;
	unsigned int count;
	struct gb_range range[GB_COST_RANGES];
};

#define GB_KERNEL_ABI 1

enum {
	GB_KERNEL_MAY_WAIT = 1,
};

struct gb_kernel {
	unsigned int abi; /* GB_KERNEL_ABI */
	unsigned int flags;
	unsigned int count; /* parameters that run expects */
	/* Runs the whole launch. Called from any thread. */
	void (*run)(const struct gb_launch *launch);
};

typedef void (*gb_thread_fn)(const struct gb_position *gb_at, void *const *p);

/* The whole launch as one thread of one block. */
static inline void gb_run_once(const struct gb_launch *launch, gb_thread_fn fn)
{
	const struct gb_position at = {
		.block_dim = { 1, 1, 1 },
		.grid_dim = { 1, 1, 1 },
	};

	fn(&at, launch->parameters);
}

static inline void gb_run_block(struct gb_position *at, void *const *parameters,
				gb_thread_fn fn)
{
	unsigned int x, y, z;

	for (z = 0; z < at->block_dim[2]; z++)
		for (y = 0; y < at->block_dim[1]; y++)
			for (x = 0; x < at->block_dim[0]; x++) {
				at->thread[0] = x;
				at->thread[1] = y;
				at->thread[2] = z;
				fn(at, parameters);
			}
}

/* Every thread of every block. */
static inline void gb_run_threads(const struct gb_launch *launch, gb_thread_fn fn)
{
	struct gb_position at;
	unsigned int i, x, y, z;

	for (i = 0; i < 3; i++) {
		at.block_dim[i] = launch->block[i];
		at.grid_dim[i] = launch->grid[i];
	}
	for (z = 0; z < launch->grid[2]; z++)
		for (y = 0; y < launch->grid[1]; y++)
			for (x = 0; x < launch->grid[0]; x++) {
				at.block[0] = x;
				at.block[1] = y;
				at.block[2] = z;
				gb_run_block(&at, launch->parameters, fn);
			}
}

#define GB_PARAMETER_(i, t) , GB_DECLARE_ t
#define GB_VALUE_(i, t)	    , *(GB_TYPE_ t *)p[i]
#define GB_COUNT_(i, t)	    +1

#define GB_KERNEL_HOST_(name, how, may, ...)                                       \
	static void name##_body(const struct gb_position *gb_at GB_EACH(           \
		GB_PARAMETER_, ##__VA_ARGS__));                                    \
	static void name##_thread(const struct gb_position *gb_at, void *const *p) \
	{                                                                          \
		name##_body(gb_at GB_EACH(GB_VALUE_, ##__VA_ARGS__));              \
	}                                                                          \
	static void name##_run(const struct gb_launch *launch)                     \
	{                                                                          \
		how(launch, name##_thread);                                        \
	}                                                                          \
	extern const struct gb_kernel sim_kernel_##name;                           \
	__attribute__((visibility("default"), used))                               \
	const struct gb_kernel sim_kernel_##name = {                               \
		GB_KERNEL_ABI,                                                     \
		may,                                                               \
		0 GB_EACH(GB_COUNT_, ##__VA_ARGS__),                               \
		name##_run,                                                        \
	};                                                                         \
	static void name##_body(const struct gb_position *gb_at GB_EACH(           \
		GB_PARAMETER_, ##__VA_ARGS__))

#define GB_KERNEL(name, ...)                                                   \
	GB_KERNEL_HOST_(name, gb_run_once, 0, ##__VA_ARGS__)
#define GB_KERNEL_THREADS(name, ...)                                           \
	GB_KERNEL_HOST_(name, gb_run_threads, 0, ##__VA_ARGS__)
#define GB_KERNEL_WAITS(name, ...)                                             \
	GB_KERNEL_HOST_(name, gb_run_once, GB_KERNEL_MAY_WAIT, ##__VA_ARGS__)

#define GB_GLOBAL(type, name)                                                  \
	extern type sim_global_##name;                                         \
	__attribute__((visibility("default"), used, aligned(256)))             \
	type sim_global_##name;                                                \
	extern const uint64_t sim_global_size_##name;                          \
	__attribute__((visibility("default"), used))                           \
	const uint64_t sim_global_size_##name = sizeof(type)
#define gb_global(name) sim_global_##name

#define gb_thread_x()	 (gb_at->thread[0])
#define gb_thread_y()	 (gb_at->thread[1])
#define gb_thread_z()	 (gb_at->thread[2])
#define gb_block_x()	 (gb_at->block[0])
#define gb_block_y()	 (gb_at->block[1])
#define gb_block_z()	 (gb_at->block[2])
#define gb_block_dim_x() (gb_at->block_dim[0])
#define gb_block_dim_y() (gb_at->block_dim[1])
#define gb_block_dim_z() (gb_at->block_dim[2])
#define gb_grid_dim_x()	 (gb_at->grid_dim[0])
#define gb_grid_dim_y()	 (gb_at->grid_dim[1])
#define gb_grid_dim_z()	 (gb_at->grid_dim[2])

GB_DEVICE uint32_t gb_atomic_add(uint32_t *at, uint32_t value)
{
	return __atomic_fetch_add(at, value, __ATOMIC_RELAXED);
}

GB_DEVICE uint64_t gb_block_sum(uint64_t value)
{
	return value;
}

#endif /* __CUDA__ */

/*
 * What a launch costs, for the virtual clock: an optional function beside the
 * kernel, which the simulator finds as sim_cost_NAME.
 *
 *	GB_COST(scale)
 *	{
 *		uint64_t bytes = 4 * gb_argument(launch, 2, uint64_t);
 *
 *		gb_cost_read(cost, gb_argument(launch, 0, float *), bytes);
 *		gb_cost_write(cost, gb_argument(launch, 0, float *), bytes);
 *	}
 */
#ifdef __CUDA__
#define GB_COST(name)                                                          \
	template <class gb_launch, class gb_cost>                              \
	static void sim_cost_##name(const gb_launch *launch, gb_cost *cost)
#define gb_argument(launch, i, type)   (*(type *)(launch)->parameters[i])
#define gb_cost_read(cost, at, bytes)  (cost)->read(at, bytes)
#define gb_cost_write(cost, at, bytes) (cost)->write(at, bytes)
#else
#define GB_COST(name)                                                          \
	__attribute__((visibility("default"))) void sim_cost_##name(           \
		const struct gb_launch *launch, struct gb_cost *cost);         \
	void sim_cost_##name(const struct gb_launch *launch, struct gb_cost *cost)
#define gb_argument(launch, i, type) (*(type *)(launch)->parameters[i])

static inline void gb_cost_range(struct gb_cost *cost, const void *at,
				 uint64_t bytes, int written)
{
	struct gb_range *range = &cost->range[cost->count];

	if (cost->count == GB_COST_RANGES)
		return;
	cost->count++;
	range->at = at;
	range->bytes = bytes;
	range->written = written;
}

#define gb_cost_read(cost, at, bytes)  gb_cost_range(cost, at, bytes, 0)
#define gb_cost_write(cost, at, bytes) gb_cost_range(cost, at, bytes, 1)
#endif

#endif /* GREENBOOST_KERNEL_H */
