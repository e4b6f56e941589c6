/* SPDX-License-Identifier: GPL-2.0-only */
/* The copies and fills themselves: boxes of bytes, whatever call asked. */
#include <stdlib.h>
#include <string.h>

#include "clock.h"
#include "copy.h"
#include "sim.h"

static void copy_box(struct sim_side dst, struct sim_side src, struct sim_box box)
{
	for (uint64_t z = 0; z < box.depth; z++)
		for (uint64_t y = 0; y < box.height; y++)
			memmove(dst.at + z * dst.slice + y * dst.pitch,
				src.at + z * src.slice + y * src.pitch, box.width);
}

static enum sim_run copy_run(struct sim_work *work, struct sim_op *op)
{
	struct sim_copy_work *copy = (struct sim_copy_work *)work;

	copy_box(copy->dst, copy->src, copy->box);
	return SIM_RUN_DONE;
}

static void copy_destroy(struct sim_work *work)
{
	free(((struct sim_copy_work *)work)->kept);
}

/* How the clock sees one end of a copy that this device makes. */
static enum sim_place place_of(const uint8_t *at, unsigned int device,
			       unsigned int *peer)
{
	struct sim_region *region = sim_region_find((uint64_t)at);

	if (!region)
		return SIM_PAGEABLE;
	if (!region->device)
		return SIM_PINNED;
	if ((unsigned int)region->device->ordinal == device)
		return SIM_VRAM;
	*peer = (unsigned int)region->device->ordinal;
	return SIM_PEER;
}

static void copy_spend(struct sim_work *work, struct sim_stream *time)
{
	struct sim_copy_work *copy = (struct sim_copy_work *)work;
	struct sim_copy spent = { 0 };

	spent.bytes = copy->box.width * copy->box.height * copy->box.depth;
	spent.from = copy->kept
			     ? SIM_PAGEABLE
			     : place_of(copy->src.at, time->device, &spent.peer);
	spent.to = place_of(copy->dst.at, time->device, &spent.peer);
	if (spent.from == SIM_PEER && spent.to == SIM_PEER)
		spent.to = SIM_VRAM;
	sim_clock_copy(sim.clock, time, &spent);
}

const struct sim_work_kind sim_copy_kind = {
	.name = "copy",
	.run = copy_run,
	.destroy = copy_destroy,
	.spend = copy_spend,
};

struct sim_work *sim_copy_create(struct sim_side dst, struct sim_side src,
				 struct sim_box box)
{
	struct sim_copy_work *copy =
		sim_work_create(&sim_copy_kind, sizeof(*copy));

	copy->dst = dst;
	copy->src = src;
	copy->box = box;
	return &copy->work;
}

void sim_copy_keep(struct sim_work *work)
{
	struct sim_copy_work *copy = (struct sim_copy_work *)work;
	struct sim_box box = copy->box;
	struct sim_side kept = {
		.pitch = box.width,
		.slice = box.width * box.height,
	};

	kept.at = copy->kept = sim_alloc(box.width * box.height * box.depth);
	copy_box(kept, copy->src, box);
	copy->src = kept;
}

static enum sim_run fill_run(struct sim_work *work, struct sim_op *op)
{
	struct sim_fill_work *fill = (struct sim_fill_work *)work;

	for (uint64_t y = 0; y < fill->height; y++) {
		uint8_t *row = fill->dst + y * fill->pitch;

		if (fill->element == 1)
			memset(row, (int)fill->value, fill->width);
		for (uint64_t x = 0; fill->element == 2 && x < fill->width; x++)
			((uint16_t *)row)[x] = (uint16_t)fill->value;
		for (uint64_t x = 0; fill->element == 4 && x < fill->width; x++)
			((uint32_t *)row)[x] = fill->value;
	}
	return SIM_RUN_DONE;
}

static void fill_spend(struct sim_work *work, struct sim_stream *time)
{
	struct sim_fill_work *fill = (struct sim_fill_work *)work;
	struct sim_region *region = sim_region_find((uint64_t)fill->dst);

	sim_clock_memset(sim.clock, time,
			 region && region->device ? SIM_VRAM : SIM_PINNED,
			 fill->width * fill->element * fill->height);
}

const struct sim_work_kind sim_fill_kind = {
	.name = "fill",
	.run = fill_run,
	.spend = fill_spend,
};

struct sim_work *sim_fill_create(uint8_t *dst, uint64_t pitch, uint32_t value,
				 unsigned int element, uint64_t width,
				 uint64_t height)
{
	struct sim_fill_work *fill =
		sim_work_create(&sim_fill_kind, sizeof(*fill));

	fill->dst = dst;
	fill->pitch = pitch;
	fill->value = value;
	fill->element = element;
	fill->width = width;
	fill->height = height;
	return &fill->work;
}
