/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Virtual time: tells the clock (sim/clock/) what is queued and awaited. An
 * operation gets its time when it is queued, in the order of the calls, so the
 * times do not depend on the seed or on how long this machine takes.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <greenboost/sim.h>

#include "clock.h"
#include "sim.h"

/* Read by sim_time_read, used by sim_time_start. */
static struct sim_profile profile;
static bool have_profile;

void sim_time_read(struct sim_config *config)
{
	const char *name = getenv("GREENBOOST_SIM_PROFILE");
	char error[256];

	have_profile = name && *name && strcmp(name, "none");
	if (!have_profile)
		return;
	if (sim_profile_load(&profile, name, error, sizeof(error))) {
		sim_log("%s", error);
		have_profile = false;
		return;
	}
	snprintf(config->name, sizeof(config->name), "%s", profile.title);
	config->vram_bytes = (uint64_t)profile.vram_mib << 20;
	config->multiprocessors = (int)profile.sm_count;
	config->major = (int)profile.compute_capability;
	config->minor = (int)(profile.compute_capability * 10 + 0.5) % 10;
}

/* GREENBOOST_SIM_SLOW_LINK=SHARE: every device gets that share of its link. */
static void slow_links(void)
{
	const char *text = getenv("GREENBOOST_SIM_SLOW_LINK");
	double share;
	char *end;

	if (!text || !*text)
		return;
	share = strtod(text, &end);
	if (*end || !(share > 0 && share <= 1)) {
		sim_log("GREENBOOST_SIM_SLOW_LINK=%s: not above 0 and up to 1, "
			"ignored",
			text);
		return;
	}
	for (int i = 0; i < sim.device_count; i++)
		sim_clock_slow_link(sim.clock, (unsigned int)i, share);
}

void sim_time_start(void)
{
	if (!have_profile || sim.clock)
		return;
	sim.clock = sim_clock_create(&profile, (unsigned int)sim.device_count);
	if (sim.clock)
		slow_links();
}

static void after(struct sim_stream *time, const struct CUstream_st *stream)
{
	sim_stream_wait(time, stream->time_ns);
}

/* What the legacy stream waits for, and what waits for it. */
static void join_legacy(struct CUstream_st *stream, struct sim_stream *time)
{
	struct CUstream_st *other;

	if (sim_stream_is_blocking(stream))
		after(time, stream->ctx->legacy);
	if (stream != stream->ctx->legacy)
		return;
	TAILQ_FOREACH(other, &stream->ctx->streams, link)
	if (sim_stream_is_blocking(other))
		after(time, other);
}

void sim_time_spend(struct CUstream_st *stream, struct sim_work *work,
		    struct sim_fence *fence)
{
	struct sim_stream time = {
		.device = (unsigned int)stream->ctx->device->ordinal,
		.tail = stream->time_ns,
	};

	if (!sim.clock)
		return;
	sim_clock_call(sim.clock, SIM_CALL_ENQUEUE, 0);
	sim_stream_wait(&time, sim_clock_now(sim.clock));
	join_legacy(stream, &time);
	if (work->kind->spend)
		work->kind->spend(work, &time);
	stream->time_ns = fence->time_ns = time.tail;
}

void sim_time_wait(const struct sim_fence *fence)
{
	if (sim.clock && fence)
		sim_clock_wait(sim.clock, fence->time_ns);
}

void sim_time_after(struct CUstream_st *stream, const struct sim_fence *fence)
{
	if (sim.clock && fence && stream->time_ns < fence->time_ns)
		stream->time_ns = fence->time_ns;
}

void sim_time_catch_up(const struct CUstream_st *stream)
{
	if (sim.clock)
		sim_clock_wait(sim.clock, stream->time_ns);
}

void sim_time_step(enum sim_step_kind step, const struct sim_device *device,
		   uint64_t bytes)
{
	static const enum sim_call calls[][2] = {
		[SIM_STEP_CREATE] = { SIM_CALL_HOST_CREATE, SIM_CALL_DEVICE_CREATE },
		[SIM_STEP_MAP] = { SIM_CALL_HOST_MAP, SIM_CALL_DEVICE_MAP },
		[SIM_STEP_ACCESS] = { SIM_CALL_HOST_ACCESS, SIM_CALL_DEVICE_ACCESS },
		[SIM_STEP_UNMAP] = { SIM_CALL_HOST_UNMAP, SIM_CALL_DEVICE_UNMAP },
		[SIM_STEP_RELEASE] = { SIM_CALL_HOST_RELEASE,
				       SIM_CALL_DEVICE_RELEASE },
	};

	if (sim.clock)
		sim_clock_call(sim.clock, calls[step][device != NULL], bytes);
}

void sim_time_host_alloc(uint64_t bytes)
{
	if (sim.clock)
		sim_clock_call(sim.clock, SIM_CALL_HOST_ALLOC, bytes);
}

void sim_time_register(uint64_t bytes)
{
	if (sim.clock)
		sim_clock_call(sim.clock, SIM_CALL_REGISTER_4K, bytes);
}

SIM_EXPORT uint64_t greenboost_sim_now(void);
SIM_EXPORT void greenboost_sim_spend(uint64_t ns);
SIM_EXPORT int greenboost_sim_link(int device, struct greenboost_sim_link *link);

uint64_t greenboost_sim_now(void)
{
	uint64_t now;

	pthread_mutex_lock(&sim.lock);
	now = sim.clock ? sim_clock_now(sim.clock) : 0;
	pthread_mutex_unlock(&sim.lock);
	return now;
}

void greenboost_sim_spend(uint64_t ns)
{
	pthread_mutex_lock(&sim.lock);
	if (sim.clock)
		sim_clock_advance(sim.clock, ns);
	pthread_mutex_unlock(&sim.lock);
}

int greenboost_sim_link(int device, struct greenboost_sim_link *link)
{
	struct sim_usage usage;
	int rc = -1;

	pthread_mutex_lock(&sim.lock);
	if (sim.clock && sim_device(device)) {
		usage = sim_clock_usage(sim.clock, (unsigned int)device);
		*link = (struct greenboost_sim_link){
			.up_bytes = usage.link_up_bytes,
			.down_bytes = usage.link_down_bytes,
			.up_ns = usage.link_up_ns,
			.down_ns = usage.link_down_ns,
		};
		rc = 0;
	}
	pthread_mutex_unlock(&sim.lock);
	return rc;
}
