/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Import by a video driver that nobody here wrote: vivid, which makes pictures
 * of a test pattern and writes them into the dma-bufs that it is given. It
 * makes the same picture in memory of its own to compare with.
 */
#include <fcntl.h>
#include <linux/videodev2.h>
#include <poll.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>

#include "device.h"
#include "test.h"

#define VIDEO "/dev/video0"

/* The one control that has to be off: the clock that is drawn into pictures. */
static void hide_text(int video)
{
	struct v4l2_queryctrl query = { .id = V4L2_CTRL_FLAG_NEXT_CTRL };
	struct v4l2_control control;

	for (; !ioctl(video, VIDIOC_QUERYCTRL, &query);
	     query.id |= V4L2_CTRL_FLAG_NEXT_CTRL) {
		if (strcmp((char *)query.name, "OSD Text Mode") != 0)
			continue;
		control.id = query.id;
		control.value = query.maximum;
		MUST(ioctl(video, VIDIOC_S_CTRL, &control));
		return;
	}
	FAIL("the driver cannot leave out its text");
}

static uint32_t set_format(int video)
{
	struct v4l2_format format = { .type = V4L2_BUF_TYPE_VIDEO_CAPTURE };

	MUST(ioctl(video, VIDIOC_G_FMT, &format));
	format.fmt.pix.width = 640;
	format.fmt.pix.height = 360;
	format.fmt.pix.pixelformat = V4L2_PIX_FMT_YUYV;
	MUST(ioctl(video, VIDIOC_S_FMT, &format));
	return format.fmt.pix.sizeimage;
}

/* One picture into the memory that buffer says. */
static void take_picture(int video, struct v4l2_buffer *buffer)
{
	struct v4l2_requestbuffers request = {
		.count = 1,
		.type = V4L2_BUF_TYPE_VIDEO_CAPTURE,
		.memory = buffer->memory,
	};
	struct pollfd one = { .fd = video, .events = POLLIN };
	int type = V4L2_BUF_TYPE_VIDEO_CAPTURE;

	buffer->type = V4L2_BUF_TYPE_VIDEO_CAPTURE;
	MUST(ioctl(video, VIDIOC_REQBUFS, &request));
	MUST(ioctl(video, VIDIOC_QBUF, buffer));
	MUST(ioctl(video, VIDIOC_STREAMON, &type));
	CHECK_EQUAL(poll(&one, 1, 20000), 1);
	MUST(ioctl(video, VIDIOC_DQBUF, buffer));
	CHECK(!(buffer->flags & V4L2_BUF_FLAG_ERROR));
}

/* The driver lets go of all buffers. */
static void stop(int video, uint32_t memory)
{
	struct v4l2_requestbuffers none = {
		.type = V4L2_BUF_TYPE_VIDEO_CAPTURE,
		.memory = memory,
	};
	int type = V4L2_BUF_TYPE_VIDEO_CAPTURE;

	MUST(ioctl(video, VIDIOC_STREAMOFF, &type));
	MUST(ioctl(video, VIDIOC_REQBUFS, &none));
}

static void *picture_of_its_own(int video, uint32_t size)
{
	struct v4l2_buffer own = { .memory = V4L2_MEMORY_MMAP };
	void *memory, *copy = malloc(size);

	take_picture(video, &own);
	memory = mmap(NULL, size, PROT_READ, MAP_SHARED, video, (off_t)own.m.offset);
	CHECK(memory != MAP_FAILED && copy);
	memcpy(copy, memory, size);
	munmap(memory, size);
	stop(video, V4L2_MEMORY_MMAP);
	return copy;
}

static void compare_pictures(uint32_t flags)
{
	int video = open(VIDEO, O_RDWR | O_CLOEXEC), buffer;
	struct v4l2_buffer ours = { .memory = V4L2_MEMORY_DMABUF };
	uint32_t size;
	void *expected, *memory;

	if (video < 0)
		test_skip("no vivid here");
	hide_text(video);
	size = set_format(video);
	CHECK(size > 0 && size <= GRANULE);
	expected = picture_of_its_own(video, size);
	CHECK(zero_check(expected, size & ~7u) != -1);

	buffer = device_alloc_flags(must_hello(), GRANULE, flags,
				    GREENBOOST_NODE_ANY);
	CHECK(buffer >= 0);
	memory = must_map(buffer, GRANULE);
	ours.m.fd = buffer;
	take_picture(video, &ours);
	CHECK_EQUAL(ours.bytesused, size);
	if (memcmp(memory, expected, size) != 0)
		FAIL("the driver's picture is not what it wrote for itself");
	CHECK_EQUAL(zero_check((uint8_t *)memory + ((size + 7) & ~7u),
			       GRANULE - ((size + 7) & ~7u)),
		    -1);
	/* The driver has it mapped: it outlives all that we have of it. */
	MUST(munmap(memory, GRANULE));
	close(buffer);
	CHECK_EQUAL(device_used(), GRANULE);
	stop(video, V4L2_MEMORY_DMABUF);
	CHECK(EVENTUALLY(device_used() == 0));
}

TEST(video_driver_writes_its_pictures)
{
	compare_pictures(0);
}

TEST(video_driver_writes_its_pictures_into_small_pages)
{
	compare_pictures(GREENBOOST_ALLOC_SMALL_PAGES);
}
