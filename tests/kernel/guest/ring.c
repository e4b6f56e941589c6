/* SPDX-License-Identifier: GPL-2.0-only */
#include "ring.h"

#include <linux/io_uring.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/utsname.h>

#include "test.h"

struct ring {
	int fd;
	struct io_uring_params params;
	struct io_uring_sqe *entries;
	uint8_t *submissions, *completions;
};

static void *map_ring(int fd, uint64_t size, uint64_t which)
{
	void *ring = mmap(NULL, size, PROT_READ | PROT_WRITE,
			  MAP_SHARED | MAP_POPULATE, fd, (off_t)which);

	CHECK(ring != MAP_FAILED);
	return ring;
}

struct ring *ring_create(void)
{
	struct ring *ring = calloc(1, sizeof(*ring));

	CHECK(ring);
	ring->fd = (int)syscall(SYS_io_uring_setup, 4, &ring->params);
	if (ring->fd < 0)
		test_skip("no io_uring here");
	ring->submissions = map_ring(ring->fd, ring->params.sq_off.array + 4 * 4,
				     IORING_OFF_SQ_RING);
	ring->completions = map_ring(ring->fd,
				     ring->params.cq_off.cqes +
					     ring->params.cq_entries *
						     sizeof(struct io_uring_cqe),
				     IORING_OFF_CQ_RING);
	ring->entries =
		map_ring(ring->fd, 4 * sizeof(*ring->entries), IORING_OFF_SQES);
	return ring;
}

void ring_destroy(struct ring *ring)
{
	close(ring->fd);
	free(ring);
}

/* Until 6.5 io_uring pinned no mapping of a file, whatever file it was. */
static void skip_if_old(void)
{
	struct utsname name;
	int major, minor;

	if (uname(&name) == 0 && sscanf(name.release, "%d.%d", &major, &minor) == 2 &&
	    major * 100 + minor < 605)
		test_skip("io_uring of this kernel pins no mapped files");
}

int ring_register(struct ring *ring, const struct iovec *ranges, unsigned int count)
{
	int answer = (int)syscall(SYS_io_uring_register, ring->fd,
				  IORING_REGISTER_BUFFERS, ranges, count);

	if (answer < 0 && errno == EOPNOTSUPP)
		skip_if_old();
	return answer;
}

int ring_unregister(struct ring *ring)
{
	return (int)syscall(SYS_io_uring_register, ring->fd,
			    IORING_UNREGISTER_BUFFERS, NULL, 0);
}

static uint32_t *at(uint8_t *ring, uint32_t offset)
{
	return (uint32_t *)(ring + offset);
}

/* One transfer; the ring is empty before and after. Its result. */
static int transfer(struct ring *ring, const struct io_uring_sqe *entry)
{
	const struct io_sqring_offsets *sq = &ring->params.sq_off;
	const struct io_cqring_offsets *cq = &ring->params.cq_off;
	uint32_t *tail = at(ring->submissions, sq->tail);
	uint32_t *head = at(ring->completions, cq->head);
	uint32_t slot = *tail & *at(ring->submissions, sq->ring_mask);
	struct io_uring_cqe *done =
		(struct io_uring_cqe *)(ring->completions + cq->cqes);

	ring->entries[slot] = *entry;
	at(ring->submissions, sq->array)[slot] = slot;
	__atomic_store_n(tail, *tail + 1, __ATOMIC_RELEASE);
	MUST(syscall(SYS_io_uring_enter, ring->fd, 1, 1, IORING_ENTER_GETEVENTS,
		     NULL, 0));
	done += *head & *at(ring->completions, cq->ring_mask);
	__atomic_store_n(head, *head + 1, __ATOMIC_RELEASE);
	return done->res;
}

static void move(struct ring *ring, uint8_t opcode, int disk, uint64_t memory,
		 uint64_t size, uint64_t offset, unsigned int index)
{
	struct io_uring_sqe entry = {
		.opcode = opcode,
		.fd = disk,
		.addr = memory,
		.len = (uint32_t)size,
		.off = offset,
		.buf_index = (uint16_t)index,
	};

	CHECK_EQUAL(transfer(ring, &entry), size);
}

void ring_read(struct ring *ring, int disk, void *memory, uint64_t size,
	       uint64_t at, unsigned int index)
{
	move(ring, IORING_OP_READ_FIXED, disk, (uintptr_t)memory, size, at, index);
}

void ring_write(struct ring *ring, int disk, const void *memory, uint64_t size,
		uint64_t at, unsigned int index)
{
	move(ring, IORING_OP_WRITE_FIXED, disk, (uintptr_t)memory, size, at, index);
}
