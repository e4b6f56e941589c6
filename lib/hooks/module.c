// SPDX-License-Identifier: GPL-2.0-only
/*
 * Code takes VRAM when it is loaded; and an unloaded function's handle may come
 * back as another function with other parameters.
 */
#include "layout.h"
#include "../staging/staging.h"
#include "pass.h"

CUresult cuModuleLoad(CUmodule *module, const char *file)
{
	return GB_RETRY(GB_REAL(cuModuleLoad)(module, file));
}

CUresult cuModuleLoadData(CUmodule *module, const void *image)
{
	return GB_RETRY(GB_REAL(cuModuleLoadData)(module, image));
}

CUresult cuModuleLoadDataEx(CUmodule *module, const void *image, unsigned int count,
			    CUjit_option *options, void **values)
{
	return GB_RETRY(GB_REAL(cuModuleLoadDataEx)(module, image, count,
						    options, values));
}

CUresult cuModuleLoadFatBinary(CUmodule *module, const void *image)
{
	return GB_RETRY(GB_REAL(cuModuleLoadFatBinary)(module, image));
}

/* Numbers of functions may come back as others'. */
void gb_functions_gone(void)
{
	gb_layout_flush();
	gb_staging_forget_functions();
}

CUresult cuModuleUnload(CUmodule module)
{
	gb_functions_gone();
	return GB_REAL(cuModuleUnload)(module);
}

CUresult cuLibraryLoadData(CUlibrary *library, const void *image,
			   CUjit_option *jit_options, void **jit_values,
			   unsigned int jit_count, CUlibraryOption *options,
			   void **values, unsigned int count)
{
	return GB_RETRY(GB_REAL(cuLibraryLoadData)(library, image, jit_options,
						   jit_values, jit_count,
						   options, values, count));
}

CUresult cuLibraryLoadFromFile(CUlibrary *library, const char *file,
			       CUjit_option *jit_options, void **jit_values,
			       unsigned int jit_count, CUlibraryOption *options,
			       void **values, unsigned int count)
{
	return GB_RETRY(GB_REAL(cuLibraryLoadFromFile)(library, file, jit_options,
						       jit_values, jit_count,
						       options, values, count));
}

CUresult cuLibraryUnload(CUlibrary library)
{
	gb_functions_gone();
	return GB_REAL(cuLibraryUnload)(library);
}

CUresult cuFuncLoad(CUfunction function)
{
	return GB_RETRY(GB_REAL(cuFuncLoad)(function));
}
