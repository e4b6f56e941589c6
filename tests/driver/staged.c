/* SPDX-License-Identifier: GPL-2.0-only */
#include "staged.h"

#include <dlfcn.h>
#include <stdlib.h>

#include "greenboost/sim.h"

const struct gb_driver_ops *const ops = &gb_driver_cuda;

bool is_simulated(void)
{
	return dlsym(RTLD_DEFAULT, GREENBOOST_SIM_NOW) != NULL;
}

CUcontext begin_on(int device)
{
	CUcontext context;

	OK(cuInit(0));
	OK(cuCtxCreate_v2(&context, 0, device));
	gb_driver_context_add(context, device, false);
	return context;
}

static void fill(uint64_t *at, uint64_t words)
{
	uint64_t x = 88172645463325252;

	for (uint64_t i = 0; i < words; i++) {
		x ^= x << 13;
		x ^= x >> 7;
		x ^= x << 17;
		at[i] = x;
	}
}

struct staged stage(int device, uint32_t pages)
{
	struct staged s = { .pages = pages };
	uint64_t bytes = pages * GB_PAGE;

	s.image = malloc(bytes);
	s.home = aligned_alloc(GB_PAGE, bytes);
	TRUE_(s.image && s.home);
	fill(s.image, bytes / 8);
	memcpy(s.home, s.image, bytes);
	WANT(0, ops->host_register(device, (uint64_t)s.home, bytes));
	WANT(0, ops->host_alloc(sizeof(*s.verdict), (void **)&s.verdict));
	WANT(0, ops->stream_create(device, &s.stream));
	OK(cuMemAlloc_v2(&s.copy, bytes));
	OK(cuMemAlloc_v2(&s.hashes, 8 * pages));
	write_copy(&s);
	return s;
}

void write_copy(const struct staged *s)
{
	OK(cuMemcpyHtoD_v2(s->copy, s->image, s->pages * GB_PAGE));
	OK(cuCtxSynchronize());
}

bool is_home(const struct staged *s)
{
	return !memcmp(s->home, s->image, s->pages * GB_PAGE);
}

uint64_t entry(const struct staged *s, uint32_t page)
{
	uint64_t hash;

	OK(cuMemcpyDtoH_v2(&hash, s->hashes + 8 * page, sizeof(hash)));
	return hash;
}

struct gb_reconcile job_of(const struct staged *s, enum gb_reconcile_what what)
{
	return (struct gb_reconcile){
		.what = what,
		.copy = s->copy,
		.home = (uint64_t)s->home,
		.hashes = s->hashes,
		.verdict = what == GB_RECONCILE_LEARN ? NULL : s->verdict,
		.pages = s->pages,
	};
}

void finish(uint64_t stream)
{
	gb_ticket ticket;

	WANT(0, ops->mark(stream, &ticket));
	WANT(0, ops->ticket_wait(ticket));
	ops->ticket_drop(ticket);
}

int reconcile(const struct staged *s, enum gb_reconcile_what what)
{
	struct gb_reconcile job = job_of(s, what);
	int error;

	*s->verdict = (struct gb_verdict){ 0 };
	error = ops->reconcile(s->stream, &job);
	if (!error)
		finish(s->stream);
	return error;
}

bool is_verdict(const struct staged *s, uint32_t pages, uint32_t first)
{
	if (s->verdict->pages == pages && s->verdict->first == first)
		return true;
	fprintf(stderr, "%u pages from %u, wanted %u from %u\n",
		s->verdict->pages, s->verdict->first, pages, first);
	return false;
}
