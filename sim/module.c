/* SPDX-License-Identifier: GPL-2.0-only */
/* Loading PTX: modules that belong to a context, libraries that do not. */
#include "module.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "sim.h"

#define THREADS_PER_BLOCK 1024

static TAILQ_HEAD(, CUmod_st) modules = TAILQ_HEAD_INITIALIZER(modules);

struct CUmod_st *sim_module(const void *handle)
{
	return sim_is(handle, SIM_MODULE) ? (struct CUmod_st *)handle : NULL;
}

struct CUfunc_st *sim_function(const void *handle)
{
	return sim_is(handle, SIM_FUNCTION) ? (struct CUfunc_st *)handle : NULL;
}

static struct CUfunc_st *create_function(struct CUmod_st *module,
					 const struct sim_entry *entry)
{
	struct CUfunc_st *function;

	function = sim_object_create(SIM_FUNCTION, sizeof(*function));
	function->module = module;
	function->entry = entry;
	function->attributes[CU_FUNC_ATTRIBUTE_MAX_THREADS_PER_BLOCK] =
		THREADS_PER_BLOCK;
	function->code = sim_symbol("sim_kernel_", entry->name);
	*(void **)&function->cost = sim_symbol("sim_cost_", entry->name);
	if (function->code && function->code->abi != GB_KERNEL_ABI) {
		sim_log("sim_kernel_%s was built for another simulator",
			entry->name);
		function->code = NULL;
	}
	return function;
}

/* The host function's own variable where it has one, else memory for it. */
static CUresult create_variable(struct sim_device *device,
				const struct sim_variable *variable,
				struct sim_region **out)
{
	void *own = sim_symbol("sim_global_", variable->name);
	CUresult rc;

	if (own && !sim_region_find((uint64_t)own)) {
		*out = sim_region_insert(SIM_REGION_MODULE, (uint64_t)own,
					 variable->bytes);
		(*out)->device = device;
	} else if (own) {
		*out = sim_region_find((uint64_t)own);
	} else {
		rc = sim_region_create(SIM_REGION_MODULE, device,
				       variable->bytes, out);
		if (rc)
			return rc;
	}
	(*out)->users++;
	if (variable->initial)
		memcpy((void *)(*out)->range.base, variable->initial,
		       variable->bytes);
	return CUDA_SUCCESS;
}

static void destroy(struct CUmod_st *module)
{
	for (size_t i = 0; i < module->ptx.entry_count; i++) {
		if (!module->functions[i])
			continue;
		free(module->functions[i]->parameters);
		sim_object_destroy(module->functions[i]);
	}
	for (size_t i = 0; i < module->ptx.variable_count; i++)
		if (module->variables[i] && !--module->variables[i]->users)
			sim_region_destroy(module->variables[i]);
	free(module->functions);
	free(module->variables);
	sim_ptx_finish(&module->ptx);
	TAILQ_REMOVE(&modules, module, link);
	sim_object_destroy(module);
}

static CUresult load(struct CUctx_st *ctx, struct sim_device *device,
		     const char *image, struct CUmod_st **out)
{
	struct CUmod_st *module;
	struct sim_ptx ptx;
	CUresult rc = CUDA_SUCCESS;

	if (!sim_ptx_parse(image, &ptx))
		return CUDA_ERROR_INVALID_IMAGE;
	module = sim_object_create(SIM_MODULE, sizeof(*module));
	module->ctx = ctx;
	module->ptx = ptx;
	module->functions =
		sim_alloc(ptx.entry_count * sizeof(*module->functions));
	module->variables =
		sim_alloc(ptx.variable_count * sizeof(*module->variables));
	TAILQ_INSERT_TAIL(&modules, module, link);
	for (size_t i = 0; i < ptx.entry_count; i++)
		module->functions[i] = create_function(module, &ptx.entries[i]);
	for (size_t i = 0; !rc && i < ptx.variable_count; i++)
		rc = create_variable(device, &ptx.variables[i],
				     &module->variables[i]);
	if (rc)
		destroy(module);
	else
		*out = module;
	return rc;
}

/* A file's text with a NUL behind it, or NULL. */
static char *read_file(const char *path)
{
	FILE *file = fopen(path, "re");
	char *text = NULL;
	size_t length = 0, got;

	if (!file)
		return NULL;
	do {
		text = sim_resize(text, length + 65537);
		got = fread(text + length, 1, 65536, file);
		length += got;
	} while (got);
	text[length] = '\0';
	fclose(file);
	return text;
}

static CUresult load_file(struct CUctx_st *ctx, struct sim_device *device,
			  const char *path, struct CUmod_st **out)
{
	char *text = read_file(path);
	CUresult rc;

	if (!text)
		return CUDA_ERROR_FILE_NOT_FOUND;
	rc = load(ctx, device, text, out);
	free(text);
	return rc;
}

void sim_modules_of_context_end(struct CUctx_st *ctx)
{
	struct CUmod_st *module, *next;

	for (module = TAILQ_FIRST(&modules); module; module = next) {
		next = TAILQ_NEXT(module, link);
		if (module->ctx == ctx)
			destroy(module);
	}
}

SIM_API(cuModuleLoadData, 0, (CUmodule * out, const void *image), (out, image))
{
	CUresult rc;

	if (!out || !image)
		return CUDA_ERROR_INVALID_VALUE;
	rc = sim_capture_check_unsafe();
	return rc ? rc : load(sim_context(), sim_context()->device, image, out);
}

SIM_API(cuModuleLoadDataEx, 0,
	(CUmodule * out, const void *image, unsigned int count,
	 CUjit_option *options, void **values),
	(out, image, count, options, values))
{
	return cuModuleLoadData_body(out, image);
}

SIM_API(cuModuleLoadFatBinary, 0, (CUmodule * out, const void *image), (out, image))
{
	return CUDA_ERROR_INVALID_IMAGE; /* machine code: nothing runs it */
}

SIM_API(cuModuleLoad, 0, (CUmodule * out, const char *path), (out, path))
{
	CUresult rc;

	if (!out || !path)
		return CUDA_ERROR_INVALID_VALUE;
	rc = sim_capture_check_unsafe();
	return rc ? rc : load_file(sim_context(), sim_context()->device, path, out);
}

SIM_API(cuModuleUnload, 0, (CUmodule handle), (handle))
{
	struct CUmod_st *module = sim_module(handle);

	if (!module || !module->ctx)
		return CUDA_ERROR_INVALID_HANDLE;
	sim_wait_context(module->ctx);
	destroy(module);
	return CUDA_SUCCESS;
}

SIM_API(cuModuleGetLoadingMode, SIM_NO_CTX, (int *mode), (mode))
{
	if (!mode)
		return CUDA_ERROR_INVALID_VALUE;
	*mode = 1; /* eager */
	return CUDA_SUCCESS;
}

static CUresult function(const void *handle, const char *name, void *out)
{
	struct CUmod_st *module = sim_module(handle);

	if (!out || !name)
		return CUDA_ERROR_INVALID_VALUE;
	if (!module)
		return CUDA_ERROR_INVALID_HANDLE;
	for (size_t i = 0; i < module->ptx.entry_count; i++)
		if (!strcmp(module->ptx.entries[i].name, name)) {
			*(struct CUfunc_st **)out = module->functions[i];
			return CUDA_SUCCESS;
		}
	return CUDA_ERROR_NOT_FOUND;
}

static CUresult variable(const void *handle, const char *name, CUdeviceptr *at,
			 size_t *bytes)
{
	struct CUmod_st *module = sim_module(handle);

	if (!name)
		return CUDA_ERROR_INVALID_VALUE;
	if (!module)
		return CUDA_ERROR_INVALID_HANDLE;
	for (size_t i = 0; i < module->ptx.variable_count; i++) {
		if (strcmp(module->ptx.variables[i].name, name))
			continue;
		if (at)
			*at = module->variables[i]->range.base;
		if (bytes)
			*bytes = module->ptx.variables[i].bytes;
		return CUDA_SUCCESS;
	}
	return CUDA_ERROR_NOT_FOUND;
}

static CUresult enumerate(const void *handle, void *out, unsigned int count)
{
	struct CUmod_st *module = sim_module(handle);

	if (!module)
		return CUDA_ERROR_INVALID_HANDLE;
	if (!out)
		return CUDA_ERROR_INVALID_VALUE;
	if (count > module->ptx.entry_count)
		count = (unsigned int)module->ptx.entry_count;
	memcpy(out, module->functions, count * sizeof(*module->functions));
	return CUDA_SUCCESS;
}

static CUresult entry_count(unsigned int *count, const void *handle)
{
	struct CUmod_st *module = sim_module(handle);

	if (!module)
		return CUDA_ERROR_INVALID_HANDLE;
	if (!count)
		return CUDA_ERROR_INVALID_VALUE;
	*count = (unsigned int)module->ptx.entry_count;
	return CUDA_SUCCESS;
}

SIM_API(cuModuleGetFunction, 0,
	(CUfunction * out, CUmodule module, const char *name), (out, module, name))
{
	return function(module, name, out);
}

SIM_API(cuModuleGetGlobal_v2, 0,
	(CUdeviceptr * at, size_t *bytes, CUmodule module, const char *name),
	(at, bytes, module, name))
{
	return variable(module, name, at, bytes);
}

SIM_API(cuModuleGetFunctionCount, 0, (unsigned int *count, CUmodule module),
	(count, module))
{
	return entry_count(count, module);
}

SIM_API(cuModuleEnumerateFunctions, 0,
	(CUfunction * out, unsigned int count, CUmodule module),
	(out, count, module))
{
	return enumerate(module, out, count);
}

/* Libraries. */

static CUresult library_check(const void *out, const void *source)
{
	if (!out || !source)
		return CUDA_ERROR_INVALID_VALUE;
	return sim_capture_check_unsafe();
}

static struct sim_device *library_device(void)
{
	return sim_context() ? sim_context()->device : &sim.devices[0];
}

SIM_API(cuLibraryLoadData, SIM_NO_CTX,
	(CUlibrary * out, const void *image, CUjit_option *jit, void **values,
	 unsigned int count, CUlibraryOption *options, void **option_values,
	 unsigned int option_count),
	(out, image, jit, values, count, options, option_values, option_count))
{
	CUresult rc = library_check(out, image);

	return rc ? rc : load(NULL, library_device(), image, (CUmodule *)out);
}

SIM_API(cuLibraryLoadFromFile, SIM_NO_CTX,
	(CUlibrary * out, const char *path, CUjit_option *jit, void **values,
	 unsigned int count, CUlibraryOption *options, void **option_values,
	 unsigned int option_count),
	(out, path, jit, values, count, options, option_values, option_count))
{
	CUresult rc = library_check(out, path);

	return rc ? rc : load_file(NULL, library_device(), path, (CUmodule *)out);
}

SIM_API(cuLibraryUnload, SIM_NO_CTX, (CUlibrary handle), (handle))
{
	struct CUmod_st *module = sim_module(handle);

	if (!module || module->ctx)
		return CUDA_ERROR_INVALID_HANDLE;
	for (int i = 0; i < sim.device_count; i++)
		sim_wait_device(&sim.devices[i]);
	destroy(module);
	return CUDA_SUCCESS;
}

SIM_API(cuLibraryGetKernel, SIM_NO_CTX,
	(CUkernel * out, CUlibrary library, const char *name), (out, library, name))
{
	return function(library, name, out);
}

SIM_API(cuLibraryGetModule, 0, (CUmodule * out, CUlibrary library), (out, library))
{
	if (!out)
		return CUDA_ERROR_INVALID_VALUE;
	if (!sim_module(library))
		return CUDA_ERROR_INVALID_HANDLE;
	*out = (CUmodule)library;
	return CUDA_SUCCESS;
}

SIM_API(cuLibraryGetGlobal, 0,
	(CUdeviceptr * at, size_t *bytes, CUlibrary library, const char *name),
	(at, bytes, library, name))
{
	return variable(library, name, at, bytes);
}

SIM_API(cuLibraryGetKernelCount, SIM_NO_CTX,
	(unsigned int *count, CUlibrary library), (count, library))
{
	return entry_count(count, library);
}

SIM_API(cuLibraryEnumerateKernels, SIM_NO_CTX,
	(CUkernel * out, unsigned int count, CUlibrary library),
	(out, count, library))
{
	return enumerate(library, out, count);
}

SIM_API(cuKernelGetFunction, 0, (CUfunction * out, CUkernel kernel), (out, kernel))
{
	if (!out)
		return CUDA_ERROR_INVALID_VALUE;
	if (!sim_function(kernel))
		return CUDA_ERROR_INVALID_HANDLE;
	*out = (CUfunction)kernel;
	return CUDA_SUCCESS;
}

SIM_API(cuKernelGetLibrary, SIM_NO_CTX, (CUlibrary * out, CUkernel kernel),
	(out, kernel))
{
	struct CUfunc_st *f = sim_function(kernel);

	if (!out)
		return CUDA_ERROR_INVALID_VALUE;
	if (!f)
		return CUDA_ERROR_INVALID_HANDLE;
	*out = (CUlibrary)f->module;
	return CUDA_SUCCESS;
}
