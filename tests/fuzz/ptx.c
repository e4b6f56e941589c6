/* SPDX-License-Identifier: GPL-2.0-only */
/* PTX of programs that the simulated GPU loads. */
#include "../../sim/ptx.h"

#include <assert.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "../sim/ptx_sample.h"
#include "fuzz.h"

/* Whatever a damaged declaration asks for: there may be no memory for it. */
const char *__asan_default_options(void);
const char *__asan_default_options(void)
{
	return "allocator_may_return_null=1:max_allocation_size_mb=512";
}

static const char *const samples[] = {
	(PTX_SAMPLE),
	(".version 8.4\n.target sm_90a, debug\n.address_size 64\n"
	 ".weak .entry none()\n{\n\tret;\n}\n"
	 ".func (.param .b32 out) inner(.param .b32 in)\n{\n\tret;\n}\n"
	 ".global .align 1 .b8 text[6] = {72, 105, 33, 34, 92, 0};\n"),
};

size_t fuzz_sample(unsigned int number, uint8_t *data)
{
	if (number >= sizeof(samples) / sizeof(samples[0]))
		return 0;
	memcpy(data, samples[number], strlen(samples[number]));
	return strlen(samples[number]);
}

/* A byte of each is looked at, so that a sanitizer sees one that is not there. */
static void check(const struct sim_ptx *ptx, size_t size)
{
	volatile unsigned char byte;

	for (size_t i = 0; i < ptx->entry_count; i++) {
		const struct sim_entry *entry = &ptx->entries[i];

		assert(strlen(entry->name) <= size);
		assert(entry->count <= SIM_PARAMETERS);
		for (unsigned int k = 0; k < entry->count; k++)
			assert(entry->offset[k] + entry->size[k] <= entry->bytes);
	}
	for (size_t i = 0; i < ptx->variable_count; i++) {
		const struct sim_variable *variable = &ptx->variables[i];

		assert(strlen(variable->name) <= size);
		if (variable->initial && variable->bytes)
			byte = variable->initial[variable->bytes - 1];
	}
	(void)byte;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *text = malloc(size + 1);
	struct sim_ptx ptx;

	memcpy(text, data, size);
	text[size] = '\0';
	if (sim_ptx_parse(text, &ptx)) {
		check(&ptx, size);
		sim_ptx_finish(&ptx);
	}
	free(text);
	return 0;
}
