/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Faults on demand. GREENBOOST_SIM_FAIL=NAME:N:CODE[,...] makes the N-th call
 * of NAME return CODE without doing anything. NAME is a base name and then
 * stands for all its forms (cuMemcpyHtoD for cuMemcpyHtoD_v2_ptds), or one
 * exported symbol; =NAME is that symbol and never a twin of it. N is counted
 * from 1; N+ means that call and all after it.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sim.h"

#define MAX_FAULTS 32

struct fault {
	char name[80];
	unsigned long nth;
	bool onwards;
	CUresult code;
	unsigned long calls;
};

/* Guarded by sim.lock. */
static struct fault faults[MAX_FAULTS];
static int fault_count;

static bool parse(const char *text, struct fault *fault)
{
	char plus[2];
	int code, used = 0;

	if (sscanf(text, "%79[^:]:%lu%1[+]:%d%n", fault->name, &fault->nth,
		   plus, &code, &used) == 4 &&
	    !text[used]) {
		fault->onwards = true;
	} else if (sscanf(text, "%79[^:]:%lu:%d%n", fault->name, &fault->nth,
			  &code, &used) != 3 ||
		   text[used]) {
		return false;
	}
	fault->code = (CUresult)code;
	return fault->nth > 0;
}

void sim_inject_read(void)
{
	const char *setting = getenv("GREENBOOST_SIM_FAIL");
	char *copy, *item, *rest;

	fault_count = 0;
	memset(faults, 0, sizeof(faults));
	if (!setting || !*setting)
		return;
	copy = strdup(setting);
	for (item = strtok_r(copy, ",", &rest); item;
	     item = strtok_r(NULL, ",", &rest)) {
		if (fault_count == MAX_FAULTS || !parse(item, &faults[fault_count]))
			sim_log("GREENBOOST_SIM_FAIL: %s: want NAME:N:CODE, "
				"ignored",
				item);
		else
			fault_count++;
	}
	free(copy);
}

/* Whether symbol is name with nothing but ABI suffixes behind it. */
static bool is_form_of(const char *symbol, const char *name)
{
	size_t length = strlen(name);

	if (*name == '=')
		return !strcmp(symbol, name + 1);
	if (strncmp(symbol, name, length))
		return false;
	symbol += length;
	if (symbol[0] == '_' && symbol[1] == 'v')
		symbol += 2 + strspn(symbol + 2, "0123456789");
	return !*symbol || !strcmp(symbol, "_ptsz") || !strcmp(symbol, "_ptds");
}

CUresult sim_inject(const char *symbol)
{
	CUresult rc = CUDA_SUCCESS;

	for (int i = 0; i < fault_count; i++) {
		struct fault *fault = &faults[i];

		if (!is_form_of(symbol, fault->name))
			continue;
		fault->calls++;
		if (fault->calls == fault->nth ||
		    (fault->onwards && fault->calls > fault->nth))
			rc = fault->code;
	}
	return rc;
}
