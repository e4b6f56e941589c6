/* SPDX-License-Identifier: GPL-2.0-only */
/* Stream memory operations: waiting for a value in memory, writing one. */
#include "sim.h"

enum {
	WAIT_GEQ = 0,
	WAIT_EQ = 1,
	WAIT_AND = 2,
	WAIT_NOR = 3,
	WAIT_FLUSH = 1 << 30,
};

enum {
	OP_WAIT_32 = 1,
	OP_WRITE_32 = 2,
	OP_FLUSH = 3,
	OP_WAIT_64 = 4,
	OP_WRITE_64 = 5,
	OP_BARRIER = 6,
};

struct memop {
	struct sim_work work;
	uint64_t at, value;
	unsigned int bytes, flags;
};

static uint64_t load(const struct memop *op)
{
	return op->bytes == 4
		       ? __atomic_load_n((uint32_t *)op->at, __ATOMIC_ACQUIRE)
		       : __atomic_load_n((uint64_t *)op->at, __ATOMIC_ACQUIRE);
}

static bool wait_is_ready(struct sim_work *work, struct sim_op *queued)
{
	const struct memop *op = (const struct memop *)work;
	uint64_t now;

	if (!sim_range_is_known(op->at, op->bytes))
		return true; /* to fault when it runs */
	now = load(op);
	switch (op->flags & 3) {
	case WAIT_GEQ: /* cyclic, as the hardware compares */
		return op->bytes == 4 ? (int32_t)(now - op->value) >= 0
				      : (int64_t)(now - op->value) >= 0;
	case WAIT_EQ:
		return now == op->value;
	case WAIT_AND:
		return (now & op->value) != 0;
	default:
		return ~(now | op->value) << (64 - 8 * op->bytes) != 0;
	}
}

static enum sim_run wait_run(struct sim_work *work, struct sim_op *queued)
{
	volatile uint64_t seen = load((struct memop *)work);

	(void)seen;
	return SIM_RUN_DONE;
}

static const struct sim_work_kind wait_kind = {
	.name = "wait for value",
	.is_ready = wait_is_ready,
	.run = wait_run,
};

static enum sim_run write_run(struct sim_work *work, struct sim_op *queued)
{
	const struct memop *op = (const struct memop *)work;

	if (op->bytes == 4)
		__atomic_store_n((uint32_t *)op->at, (uint32_t)op->value,
				 __ATOMIC_RELEASE);
	else
		__atomic_store_n((uint64_t *)op->at, op->value, __ATOMIC_RELEASE);
	return SIM_RUN_DONE;
}

static const struct sim_work_kind write_kind = {
	.name = "write value",
	.run = write_run,
};

static CUresult submit(const struct sim_work_kind *kind, CUstream handle,
		       CUdeviceptr at, uint64_t value, unsigned int bytes,
		       unsigned int flags)
{
	struct CUstream_st *stream;
	struct memop *op;
	CUresult rc = sim_stream(handle, &stream);

	if (rc)
		return rc;
	if (at % bytes || !sim_range_is_known(at, bytes) ||
	    (flags & ~(kind == &wait_kind ? 3u | WAIT_FLUSH : 1u)))
		return CUDA_ERROR_INVALID_VALUE;
	op = sim_work_create(kind, sizeof(*op));
	op->at = at;
	op->value = value;
	op->bytes = bytes;
	op->flags = flags;
	return sim_submit(stream, &op->work);
}

#define MEMOP(name, kind, type)                                                       \
	SIM_API_PT(name, _ptsz, 0,                                                    \
		   (CUstream stream, CUdeviceptr at, type value, unsigned int flags), \
		   (stream, at, value, flags))                                        \
	{                                                                             \
		return submit(kind, stream, at, value, sizeof(type), flags);          \
	}                                                                             \
	SIM_SAME_PT(name##_v2, name, _ptsz, 0,                                        \
		    (CUstream stream, CUdeviceptr at, type value,                     \
		     unsigned int flags),                                             \
		    (stream, at, value, flags))

MEMOP(cuStreamWaitValue32, &wait_kind, uint32_t)
MEMOP(cuStreamWaitValue64, &wait_kind, uint64_t)
MEMOP(cuStreamWriteValue32, &write_kind, uint32_t)
MEMOP(cuStreamWriteValue64, &write_kind, uint64_t)

static CUresult batch_one(CUstream stream, const CUstreamBatchMemOpParams *op)
{
	CUdeviceptr at = op->waitValue.address;
	uint64_t value = op->waitValue.value;
	unsigned int flags = op->waitValue.flags;

	switch (op->operation) {
	case OP_WAIT_32:
		return submit(&wait_kind, stream, at, (uint32_t)value, 4, flags);
	case OP_WAIT_64:
		return submit(&wait_kind, stream, at, value, 8, flags);
	case OP_WRITE_32:
		return submit(&write_kind, stream, at, (uint32_t)value, 4, flags);
	case OP_WRITE_64:
		return submit(&write_kind, stream, at, value, 8, flags);
	case OP_FLUSH:
	case OP_BARRIER:
		return CUDA_SUCCESS;
	default:
		return CUDA_ERROR_INVALID_VALUE;
	}
}

SIM_API_PT(cuStreamBatchMemOp, _ptsz, 0,
	   (CUstream stream, unsigned int count, CUstreamBatchMemOpParams *ops,
	    unsigned int flags),
	   (stream, count, ops, flags))
{
	CUresult rc = CUDA_SUCCESS;

	if (count > 256 || (count && !ops) || flags)
		return CUDA_ERROR_INVALID_VALUE;
	for (unsigned int i = 0; !rc && i < count; i++)
		rc = batch_one(stream, &ops[i]);
	return rc;
}

SIM_SAME_PT(cuStreamBatchMemOp_v2, cuStreamBatchMemOp, _ptsz, 0,
	    (CUstream stream, unsigned int count, CUstreamBatchMemOpParams *ops,
	     unsigned int flags),
	    (stream, count, ops, flags))
