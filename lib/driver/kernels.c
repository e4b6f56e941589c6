// SPDX-License-Identifier: GPL-2.0-only
#include "kernels.h"

#include <errno.h>
#include <pthread.h>
#include <stddef.h>

#include "../log.h"
#include "cuda.h"
#include "visit.h"

/* PTX, or NULL where the build had no compiler for it. */
#ifdef GB_GPU_CODE
#include "reconcile.ptx.h"
static const char *const code = reconcile_ptx;
#else
static const char *const code;
#endif

/* A thread a column of a page: see lib/gpu/reconcile.c. */
#define THREADS 256

/* As many contexts as contexts.c keeps; in others there is no staging. */
#define CONTEXTS 64

#define JOBS (GB_RECONCILE_VERIFY + 1)

static const char *const names[JOBS] = {
	[GB_RECONCILE_LEARN] = "greenboost_learn",
	[GB_RECONCILE_CARRY] = "greenboost_carry",
	[GB_RECONCILE_VERIFY] = "greenboost_verify",
};

struct kernels {
	CUcontext context;
	int error; /* loading failed for good */
	CUfunction function[JOBS];
};

static struct {
	pthread_mutex_t lock; /* guards the other members; held while loading */
	struct kernels list[CONTEXTS];
	int count;
} loaded = { .lock = PTHREAD_MUTEX_INITIALIZER };

/* The module stays for as long as the context, and ends with it. */
static CUresult load(struct kernels *kernels)
{
	CUmodule module;
	CUresult rc = GB_REAL(cuModuleLoadData)(&module, code);

	if (rc)
		return rc;
	/* Where loading is lazy, this is what loads a function. */
	for (int i = 0; !rc && i < JOBS; i++)
		rc = GB_REAL(cuModuleGetFunction)(&kernels->function[i], module,
						  names[i]);
	if (rc)
		GB_REAL(cuModuleUnload)(module);
	return rc;
}

/*
 * Memory may be had again later; whatever else comes of loading would come of
 * it again, and is kept as the error.
 */
static int load_into(CUcontext context, struct kernels *kernels)
{
	struct gb_visit visit;
	CUresult rc;
	int error = gb_visit_begin(&visit, context);

	if (error)
		return error;
	rc = load(kernels);
	gb_visit_end(&visit);
	error = gb_driver_error(rc);
	if (!rc || error == -ENOMEM || error == -ESHUTDOWN)
		return error;
	gb_log_error("kernels of our own cannot be loaded: CUDA error %d", rc);
	kernels->error = -EOPNOTSUPP;
	return 0;
}

static int find_or_load(CUcontext context, struct kernels *out)
{
	int error;

	for (int i = 0; i < loaded.count; i++)
		if (loaded.list[i].context == context) {
			*out = loaded.list[i];
			return out->error;
		}
	if (loaded.count == CONTEXTS)
		return -EOPNOTSUPP;
	*out = (struct kernels){ .context = context };
	error = load_into(context, out);
	if (error)
		return error;
	loaded.list[loaded.count++] = *out;
	return out->error;
}

/* Those of the current context. */
static int get(struct kernels *out)
{
	CUcontext context = NULL;
	int error;

	if (!code)
		return -EOPNOTSUPP;
	GB_REAL(cuCtxGetCurrent)(&context);
	if (!context)
		return -ENOENT;
	pthread_mutex_lock(&loaded.lock);
	error = find_or_load(context, out);
	pthread_mutex_unlock(&loaded.lock);
	return error;
}

int gb_kernels_prepare(uint64_t stream)
{
	struct kernels kernels;
	struct gb_visit visit;
	int error = gb_visit_stream(&visit, (CUstream)stream);

	if (error)
		return error;
	error = get(&kernels);
	gb_visit_end(&visit);
	return error;
}

/* A block a page. */
static int launch(const struct kernels *kernels, CUstream stream,
		  const struct gb_reconcile *job)
{
	struct gb_reconcile j = *job;
	void *learn[] = { &j.copy, &j.hashes, &j.pages };
	void *carry[] = { &j.copy, &j.home, &j.hashes, &j.pages, &j.verdict };
	void *verify[] = { &j.copy, &j.home, &j.pages, &j.verdict };
	void **parameters[JOBS] = {
		[GB_RECONCILE_LEARN] = learn,
		[GB_RECONCILE_CARRY] = carry,
		[GB_RECONCILE_VERIFY] = verify,
	};

	return gb_driver_error(GB_REAL(cuLaunchKernel)(
		kernels->function[j.what], j.pages, 1, 1, THREADS, 1, 1, 0,
		stream, parameters[j.what], NULL));
}

int gb_kernels_reconcile(uint64_t stream, const struct gb_reconcile *job)
{
	struct kernels kernels;
	struct gb_visit visit;
	int error;

	if (!job->pages)
		return 0;
	error = gb_visit_stream(&visit, (CUstream)stream);
	if (error)
		return error;
	error = get(&kernels);
	if (!error)
		error = launch(&kernels, (CUstream)stream, job);
	gb_visit_end(&visit);
	return error;
}

void gb_kernels_forget(CUcontext context)
{
	pthread_mutex_lock(&loaded.lock);
	for (int i = loaded.count; i-- > 0;)
		if (loaded.list[i].context == context)
			loaded.list[i] = loaded.list[--loaded.count];
	pthread_mutex_unlock(&loaded.lock);
}

void gb_kernels_fork_child(void)
{
	pthread_mutex_init(&loaded.lock, NULL);
}
