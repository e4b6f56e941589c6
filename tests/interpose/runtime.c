// SPDX-License-Identifier: GPL-2.0-only
/*
 * A program that does what libcudart does: opens the driver, takes
 * cuGetProcAddress by name, and asks it for everything else, at many versions
 * and with every kind of flag. Whatever the driver answers comes back, except
 * that a hooked function comes back as its hook.
 *
 * runtime FILE-OF-BASE-NAMES
 */
#include "client.h"
#include "driver.h"

typedef CUresult get_v1(const char *, void **, int, uint64_t);
typedef CUresult get_v2(const char *, void **, int, uint64_t,
			CUdriverProcAddressQueryResult *);

static void *const untouched = &failures;

static struct {
	void *driver;
	get_v1 *ours_v1, *real_v1;
	get_v2 *ours_v2, *real_v2;
	unsigned int asked, hooked;
} state;

static const char *name_of(const void *function)
{
	Dl_info info;

	return dladdr(function, &info) && info.dli_sname ? info.dli_sname : "";
}

static bool has_hook(const char *symbol)
{
	static const char *const hooks[] = {
#define GB_HOOK(symbol, parameters) #symbol,
#include "hooks.def"
#undef GB_HOOK
	};

	for (size_t i = 0; i < sizeof(hooks) / sizeof(hooks[0]); i++)
		if (strcmp(hooks[i], symbol) == 0)
			return true;
	return false;
}

static void check_answer(const char *base, void *ours, void *real)
{
	if (!real || real == untouched || !has_hook(name_of(real))) {
		CHECK(ours == real);
		return;
	}
	state.hooked++;
	if (!is_ours(ours) || strcmp(name_of(ours), name_of(real)) != 0) {
		fprintf(stderr, "%s: %s, not %s\n", base, name_of(ours),
			name_of(real));
		failures++;
	}
}

static void ask(const char *base, int version, uint64_t flags)
{
	CUdriverProcAddressQueryResult our_status = 9, real_status = 9;
	void *ours = untouched, *real = untouched;

	CHECK(state.ours_v2(base, &ours, version, flags, &our_status) ==
	      state.real_v2(base, &real, version, flags, &real_status));
	CHECK(our_status == real_status);
	check_answer(base, ours, real);

	ours = real = untouched;
	CHECK(state.ours_v1(base, &ours, version, flags) ==
	      state.real_v1(base, &real, version, flags));
	check_answer(base, ours, real);
	state.asked++;
}

static void ask_everything(const char *base)
{
	static const int versions[] = { 0,     2000,  3020,  4010,  7000,
					10000, 11000, 11030, 11040, 12000,
					12030, 12050, 12080, 13000, 99000 };

	for (size_t i = 0; i < sizeof(versions) / sizeof(versions[0]); i++)
		for (uint64_t flags = 0; flags <= 3; flags++)
			ask(base, versions[i], flags);
}

int main(int argc, char **argv)
{
	FILE *names = argc > 1 ? fopen(argv[1], "r") : NULL;
	void *function = untouched;
	char name[128];

	state.driver = dlopen("libcuda.so.1", RTLD_NOW | RTLD_LOCAL);
	if (!state.driver || !names) {
		fprintf(stderr, "no driver, or no names\n");
		return 1;
	}
	state.ours_v2 = dlsym(state.driver, "cuGetProcAddress_v2");
	/* The first thing that libcudart 13 asks for. */
	CHECK(state.ours_v2("", &function, 0, 0, NULL) == CUDA_SUCCESS);
	CHECK(!function);
	state.ours_v1 = dlsym(state.driver, "cuGetProcAddress");
	state.real_v1 = libc_dlsym(state.driver, "cuGetProcAddress");
	state.real_v2 = libc_dlsym(state.driver, "cuGetProcAddress_v2");
	CHECK(is_ours(state.ours_v1) && is_drivers(state.real_v1));
	CHECK(is_ours(state.ours_v2) && is_drivers(state.real_v2));

	while (fscanf(names, "%127s", name) == 1)
		ask_everything(name);
	CHECK(state.asked > 10000 && state.hooked > 1000);

	/* It finds itself, so that who asks again is answered by us again. */
	CHECK(!state.ours_v2("cuGetProcAddress", &function, 13000, 0, NULL));
	CHECK(function == state.ours_v2);
	CHECK(!state.ours_v2("cuMemAlloc", &function, 13000, 0, NULL));
	CHECK(is_hook(function, libc_dlsym(state.driver, "cuMemAlloc_v2")));
	fclose(names);
	return result();
}
