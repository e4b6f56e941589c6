// SPDX-License-Identifier: GPL-2.0-only
/*
 * The settings of the module. The sizes are what the pool starts with; sysfs
 * changes them later. The rest may be written at any time, and is refused out
 * of its range.
 */
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/moduleparam.h>

#include "greenboost.h"

#define DEFAULT_LIMIT_PERCENT 50
#define DEFAULT_RESERVE_SHARE 32	   /* of the machine's memory, 1/this */
#define DEFAULT_RESERVE_BYTES (2ULL << 30) /* at most */
#define MIB_MAX		      (1UL << 40)

static unsigned long limit_mib;
module_param(limit_mib, ulong, 0444);
MODULE_PARM_DESC(limit_mib,
		 "most of the machine's memory in buffers, MiB (0: half)");

static unsigned long user_limit_mib;
module_param(user_limit_mib, ulong, 0444);
MODULE_PARM_DESC(user_limit_mib, "most for one user, MiB (0: no limit)");

static unsigned long file_limit_mib;
module_param(file_limit_mib, ulong, 0444);
MODULE_PARM_DESC(file_limit_mib, "most for one open file, MiB (0: no limit)");

static long reserve_mib = -1;
module_param(reserve_mib, long, 0444);
MODULE_PARM_DESC(reserve_mib,
		 "cleared memory held ready, MiB (-1: 1/32 of memory, at most 2 GiB)");

u64 gb_total_bytes(void)
{
	return (u64)totalram_pages() << PAGE_SHIFT;
}

static u64 mib(unsigned long count)
{
	return (u64)min(count, MIB_MAX) << 20;
}

u64 gb_param_limit_bytes(void)
{
	if (!limit_mib)
		return gb_total_bytes() / 100 * DEFAULT_LIMIT_PERCENT;
	return mib(limit_mib);
}

u64 gb_param_user_limit_bytes(void)
{
	return user_limit_mib ? mib(user_limit_mib) : GREENBOOST_NO_LIMIT;
}

u64 gb_param_file_limit_bytes(void)
{
	return file_limit_mib ? mib(file_limit_mib) : GREENBOOST_NO_LIMIT;
}

u64 gb_param_reserve_bytes(void)
{
	if (reserve_mib >= 0)
		return mib(reserve_mib);
	return min(gb_total_bytes() / DEFAULT_RESERVE_SHARE, DEFAULT_RESERVE_BYTES);
}

/* A setting that is an unsigned int from low to high. */
#define SETTING(name, initial, low, high, text)                                 \
	unsigned int gb_param_##name = (initial);                               \
	static int set_##name(const char *value, const struct kernel_param *kp) \
	{                                                                       \
		return param_set_uint_minmax(value, kp, low, high);             \
	}                                                                       \
	static const struct kernel_param_ops ops_##name = {                     \
		.set = set_##name,                                              \
		.get = param_get_uint,                                          \
	};                                                                      \
	module_param_cb(name, &ops_##name, &gb_param_##name, 0644);             \
	__MODULE_PARM_TYPE(name, "uint");                                       \
	MODULE_PARM_DESC(name, text)

SETTING(fill_threads, 4, 1, 64,
	"CPUs that take and clear the pages of one large buffer");
SETTING(watchdog_ms, 500, 10, 60000, "time between two looks, ms");
SETTING(elevated_percent, 10, 1, 90,
	"elevated below this share of memory available");
SETTING(critical_percent, 5, 0, 90, "critical below this share of memory available");
SETTING(hysteresis_percent, 2, 0, 50, "how far above a mark the level falls again");
SETTING(calm_looks, 4, 1, 1000, "good looks before the level falls");
SETTING(stall_percent, 20, 1, 100,
	"elevated when tasks waited for memory this share of 10 s");
SETTING(swap_percent, 10, 0, 100,
	"elevated below this share of swap free, memory being short too");
SETTING(pool_percent, 95, 1, 100, "elevated above this share of the limit");
SETTING(store_percent, 5, 0, 100, "elevated below this share of the store free");
SETTING(store_stall_percent, 60, 1, 100,
	"elevated when tasks waited for the store this share of 10 s");

bool gb_param_watchdog_paused;
module_param_named(watchdog_paused, gb_param_watchdog_paused, bool, 0644);
MODULE_PARM_DESC(watchdog_paused,
		 "the level stands still and memory is taken without a look (tests)");

static int set_store(const char *value, const struct kernel_param *kp)
{
	return gb_look_set_store(value);
}

static int get_store(char *text, const struct kernel_param *kp)
{
	return gb_look_get_store(text);
}

/* Also called when loading fails before the module's own code has run. */
static void free_store(void *unused)
{
	gb_look_set_store("");
}

static const struct kernel_param_ops ops_store = {
	.set = set_store,
	.get = get_store,
	.free = free_store,
};
module_param_cb(store, &ops_store, NULL, 0644);
__MODULE_PARM_TYPE(store, "charp");
MODULE_PARM_DESC(store, "folder of the NVMe store that is watched (none)");
