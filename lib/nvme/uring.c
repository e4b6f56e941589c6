// SPDX-License-Identifier: GPL-2.0-only
#include "uring.h"

#include <errno.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

/*
 * Both rings in one mapping (5.4), nothing lost when the completion ring is
 * full (5.5), and the plain read and write requests, which came with the third.
 */
#define NEEDED                                                                 \
	(IORING_FEAT_SINGLE_MMAP | IORING_FEAT_NODROP | IORING_FEAT_RW_CUR_POS)

/* What the kernel and we both look at is passed on with these two. */
static unsigned int load(const unsigned int *at)
{
	return __atomic_load_n(at, __ATOMIC_ACQUIRE);
}

static void store(unsigned int *at, unsigned int value)
{
	__atomic_store_n(at, value, __ATOMIC_RELEASE);
}

static uint64_t rings_bytes(const struct io_uring_params *params)
{
	uint64_t sq =
		params->sq_off.array + params->sq_entries * sizeof(unsigned int);
	uint64_t cq = params->cq_off.cqes +
		      params->cq_entries * sizeof(struct io_uring_cqe);

	return sq > cq ? sq : cq;
}

/* A child must not find the parent's rings: it could submit to them. */
static void *map(int fd, uint64_t bytes, off_t what)
{
	void *at = mmap(NULL, bytes, PROT_READ | PROT_WRITE,
			MAP_SHARED | MAP_POPULATE, fd, what);

	if (at == MAP_FAILED)
		return NULL;
	if (!madvise(at, bytes, MADV_DONTFORK))
		return at;
	munmap(at, bytes);
	return NULL;
}

static int map_all(struct gb_uring *ring, const struct io_uring_params *params)
{
	ring->rings_bytes = rings_bytes(params);
	ring->rings = map(ring->fd, ring->rings_bytes, IORING_OFF_SQ_RING);
	if (!ring->rings)
		return -ENOMEM;
	ring->sqes = map(ring->fd, ring->entries * sizeof(*ring->sqes),
			 IORING_OFF_SQES);
	return ring->sqes ? 0 : -ENOMEM;
}

static void find_words(struct gb_uring *ring, const struct io_uring_params *params)
{
	unsigned int *array = (unsigned int *)(ring->rings + params->sq_off.array);

	ring->sq_head = (unsigned int *)(ring->rings + params->sq_off.head);
	ring->sq_tail = (unsigned int *)(ring->rings + params->sq_off.tail);
	ring->cq_head = (unsigned int *)(ring->rings + params->cq_off.head);
	ring->cq_tail = (unsigned int *)(ring->rings + params->cq_off.tail);
	ring->cqes = (struct io_uring_cqe *)(ring->rings + params->cq_off.cqes);
	ring->sq_mask = params->sq_entries - 1;
	ring->cq_mask = params->cq_entries - 1;
	/* Requests are used in the order in which they lie. */
	for (unsigned int i = 0; i < params->sq_entries; i++)
		array[i] = i;
}

int gb_uring_init(struct gb_uring *ring, unsigned int entries)
{
	struct io_uring_params params = { 0 };
	int error = -ENOSYS;

	*ring = (struct gb_uring){ .fd = -1 };
	ring->fd = (int)syscall(__NR_io_uring_setup, entries, &params);
	if (ring->fd < 0)
		return -errno;
	ring->entries = params.sq_entries;
	if ((params.features & NEEDED) == NEEDED)
		error = map_all(ring, &params);
	if (error) {
		gb_uring_finish(ring, false);
		return error;
	}
	find_words(ring, &params);
	return 0;
}

void gb_uring_finish(struct gb_uring *ring, bool child)
{
	if (ring->sqes && !child)
		munmap(ring->sqes, ring->entries * sizeof(*ring->sqes));
	if (ring->rings && !child)
		munmap(ring->rings, ring->rings_bytes);
	if (ring->fd >= 0)
		close(ring->fd);
	*ring = (struct gb_uring){ .fd = -1 };
}

int gb_uring_register(struct gb_uring *ring, const struct iovec *memory,
		      unsigned int count)
{
	if (syscall(__NR_io_uring_register, ring->fd, IORING_REGISTER_BUFFERS,
		    memory, count))
		return -errno;
	return 0;
}

struct io_uring_sqe *gb_uring_sqe(struct gb_uring *ring)
{
	struct io_uring_sqe *sqe;

	if (ring->tail - load(ring->sq_head) == ring->entries)
		return NULL;
	sqe = &ring->sqes[ring->tail++ & ring->sq_mask];
	memset(sqe, 0, sizeof(*sqe));
	return sqe;
}

bool gb_uring_take_back(struct gb_uring *ring, uint64_t *tag)
{
	if (ring->tail == load(ring->sq_head))
		return false;
	ring->tail--;
	store(ring->sq_tail, ring->tail);
	*tag = ring->sqes[ring->tail & ring->sq_mask].user_data;
	return true;
}

int gb_uring_submit(struct gb_uring *ring, bool wait)
{
	unsigned int submit;

	store(ring->sq_tail, ring->tail);
	submit = ring->tail - load(ring->sq_head);
	if (syscall(__NR_io_uring_enter, ring->fd, submit, wait,
		    IORING_ENTER_GETEVENTS, NULL, 0) < 0)
		return -errno;
	return 0;
}

bool gb_uring_next(struct gb_uring *ring, uint64_t *tag, int *result)
{
	unsigned int head = *ring->cq_head;
	const struct io_uring_cqe *cqe = &ring->cqes[head & ring->cq_mask];

	if (head == load(ring->cq_tail))
		return false;
	*tag = cqe->user_data;
	*result = cqe->res;
	store(ring->cq_head, head + 1);
	return true;
}
