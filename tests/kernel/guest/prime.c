/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Import by a driver that nobody here wrote: vgem, through PRIME. And what any
 * program can do with a dma-buf's descriptor.
 */
#include <fcntl.h>
#include <linux/dma-buf.h>
#include <poll.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>

#include "device.h"
#include "module.h"
#include "test.h"

/* Of the kernel's drm.h and drm_mode.h, which come with no C library. */
struct drm_version {
	int major, minor, patch;
	size_t name_length;
	char *name;
	size_t date_length;
	char *date;
	size_t description_length;
	char *description;
};

struct drm_handle {
	uint32_t handle, pad;
};

struct drm_prime {
	uint32_t handle, flags;
	int32_t fd;
};

struct vgem_attach {
	uint32_t handle, flags, fence, pad;
};

struct vgem_signal {
	uint32_t fence, flags;
};

#define DRM_VERSION	 _IOWR('d', 0x00, struct drm_version)
#define DRM_GEM_CLOSE	 _IOW('d', 0x09, struct drm_handle)
#define DRM_HANDLE_TO_FD _IOWR('d', 0x2d, struct drm_prime)
#define DRM_FD_TO_HANDLE _IOWR('d', 0x2e, struct drm_prime)
#define VGEM_ATTACH	 _IOWR('d', 0x41, struct vgem_attach)
#define VGEM_SIGNAL	 _IOW('d', 0x42, struct vgem_signal)

static int open_vgem(void)
{
	struct drm_version version = { 0 };
	char path[32], name[16];

	for (int i = 0; i < 4; i++) {
		snprintf(path, sizeof(path), "/dev/dri/card%d", i);
		int card = open(path, O_RDWR | O_CLOEXEC);

		memset(name, 0, sizeof(name));
		version.name = name;
		version.name_length = sizeof(name) - 1;
		if (card >= 0 && !ioctl(card, DRM_VERSION, &version) &&
		    !strcmp(name, "vgem"))
			return card;
	}
	test_skip("no vgem here");
}

static uint32_t import(int card, int buffer)
{
	struct drm_prime prime = { .fd = buffer };

	MUST(ioctl(card, DRM_FD_TO_HANDLE, &prime));
	return prime.handle;
}

static void drop(int card, uint32_t handle)
{
	struct drm_handle gem = { .handle = handle };

	MUST(ioctl(card, DRM_GEM_CLOSE, &gem));
}

/* vgem maps no import itself; what it exports of one can be mapped. */
static void *map_import(int card, uint32_t handle, uint64_t size)
{
	struct drm_prime prime = { .handle = handle, .flags = O_CLOEXEC };
	void *memory;

	MUST(ioctl(card, DRM_HANDLE_TO_FD, &prime));
	memory = must_map(prime.fd, size);
	close(prime.fd);
	return memory;
}

static void share_with_vgem(uint32_t flags)
{
	uint64_t size = 6 * GRANULE;
	int card = open_vgem();
	int buffer = device_alloc_flags(must_hello(), size, flags,
					GREENBOOST_NODE_ANY);
	void *ours, *theirs;
	uint32_t handle;

	CHECK(buffer >= 0);
	ours = must_map(buffer, size);
	pattern_fill(ours, size, 91);
	handle = import(card, buffer);
	theirs = map_import(card, handle, size);
	CHECK_EQUAL(pattern_check(theirs, size, 91), -1);
	pattern_fill(theirs, size, 92);
	CHECK_EQUAL(pattern_check(ours, size, 92), -1);
	MUST(munmap(theirs, size));
	drop(card, handle);
}

TEST(importer_sees_the_data_byte_for_byte)
{
	share_with_vgem(0);
	share_with_vgem(GREENBOOST_ALLOC_SMALL_PAGES);
}

TEST(import_keeps_the_buffer)
{
	uint64_t size = 2 * GRANULE;
	int card = open_vgem(), device = must_hello();
	int buffer = must_alloc(device, size);
	void *memory = must_map(buffer, size);
	uint32_t handle = import(card, buffer);

	pattern_fill(memory, size, 93);
	MUST(munmap(memory, size));
	close(buffer);
	close(device);
	CHECK_EQUAL(device_used(), size);
	memory = map_import(card, handle, size);
	CHECK_EQUAL(pattern_check(memory, size, 93), -1);
	MUST(munmap(memory, size));
	drop(card, handle);
	CHECK(EVENTUALLY(device_used() == 0));
}

TEST(imports_of_a_killed_process_go)
{
	int end;

	close(open_vgem());
	int child = test_fork_pair(&end);

	if (child == 0) {
		import(open_vgem(), must_alloc(must_hello(), 8 * GRANULE));
		test_tell(end);
		pause();
	}
	test_await(end);
	test_kill(child);
	CHECK(EVENTUALLY(device_used() == 0));
}

TEST(export_of_an_import_is_the_buffer)
{
	struct drm_prime prime = { .flags = O_CLOEXEC };
	int card = open_vgem();
	int buffer = must_alloc(must_hello(), GRANULE);

	prime.handle = import(card, buffer);
	MUST(ioctl(card, DRM_HANDLE_TO_FD, &prime));
	((uint64_t *)must_map(buffer, GRANULE))[5] = 94;
	CHECK_EQUAL(((uint64_t *)must_map(prime.fd, GRANULE))[5], 94);
	drop(card, prime.handle);
}

TEST(cpu_access_is_announced)
{
	static const uint64_t ways[] = { DMA_BUF_SYNC_READ, DMA_BUF_SYNC_WRITE,
					 DMA_BUF_SYNC_RW };
	int card = open_vgem();
	int buffer = must_alloc(must_hello(), GRANULE);
	uint32_t handle = import(card, buffer);
	struct dma_buf_sync sync;

	for (int i = 0; i < 3; i++) {
		sync.flags = DMA_BUF_SYNC_START | ways[i];
		MUST(ioctl(buffer, DMA_BUF_IOCTL_SYNC, &sync));
		sync.flags = DMA_BUF_SYNC_END | ways[i];
		MUST(ioctl(buffer, DMA_BUF_IOCTL_SYNC, &sync));
	}
	sync.flags = 0x40;
	REFUSED(ioctl(buffer, DMA_BUF_IOCTL_SYNC, &sync), EINVAL);
	drop(card, handle);
}

TEST(buffer_has_a_name_and_a_description)
{
	int buffer = must_alloc(must_hello(), 2 * GRANULE);
	char path[64], text[2048];

	MUST(ioctl(buffer, DMA_BUF_SET_NAME, "of-the-test"));
	snprintf(path, sizeof(path), "/proc/self/fdinfo/%d", buffer);
	CHECK(file_read(path, text, sizeof(text)) > 0);
	CHECK(strstr(text, "name:\tof-the-test"));
	CHECK(strstr(text, "exp_name:\tgreenboost"));
	CHECK(strstr(text, "size:\t4194304"));
}

/* What the importer is still doing, a program can wait for by our descriptor. */
TEST(work_of_an_importer_is_waited_for)
{
	struct vgem_attach attach = { .flags = 1 /* writes */ };
	struct vgem_signal signal = { 0 };
	int card = open_vgem();
	struct pollfd one = { .fd = must_alloc(must_hello(), GRANULE),
			      .events = POLLIN };

	attach.handle = import(card, one.fd);
	CHECK_EQUAL(poll(&one, 1, 0), 1);
	MUST(ioctl(card, VGEM_ATTACH, &attach));
	CHECK_EQUAL(poll(&one, 1, 100), 0);
	signal.fence = attach.fence;
	MUST(ioctl(card, VGEM_SIGNAL, &signal));
	CHECK_EQUAL(poll(&one, 1, 1000), 1);
	drop(card, attach.handle);
}

TEST(buffer_can_be_polled)
{
	struct pollfd both = { .fd = must_alloc(must_hello(), GRANULE),
			       .events = POLLIN | POLLOUT };

	CHECK_EQUAL(poll(&both, 1, 1000), 1);
	CHECK(!(both.revents & (POLLERR | POLLNVAL)));
}
