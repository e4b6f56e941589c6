// SPDX-License-Identifier: GPL-2.0-only
/*
 * greenboost: a pool of pinned memory for the whole machine, handed out as
 * dma-bufs. This file starts the parts and stops them in the other order.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/init.h>
#include <linux/module.h>

#include "compat/compat.h"
#include "greenboost.h"

#define CREATE_TRACE_POINTS
#include "trace.h"

static int __init greenboost_init(void)
{
	int err;

	gb_account_init();
	gb_look_init();
	err = gb_pages_init();
	if (err)
		goto err_look;
	err = gb_buffer_init();
	if (err)
		goto err_pages;
	err = gb_reserve_init();
	if (err)
		goto err_buffer;
	err = gb_sysfs_init();
	if (err)
		goto err_reserve;
	err = gb_watchdog_init();
	if (err)
		goto err_sysfs;
	gb_debugfs_init();
	err = gb_device_init();
	if (err)
		goto err_watchdog;
	pr_info("pool of up to %llu MiB, reserve of %llu MiB\n",
		gb_account_limit(GB_LIMIT_MACHINE) >> 20,
		gb_reserve_target() >> 20);
	return 0;

err_watchdog:
	gb_debugfs_finish();
	gb_watchdog_finish();
err_sysfs:
	gb_sysfs_finish();
err_reserve:
	gb_reserve_finish();
err_buffer:
	gb_buffer_finish();
err_pages:
	gb_pages_finish();
err_look:
	gb_look_finish();
	pr_err("cannot start: %d\n", err);
	return err;
}

/* No buffer and no open file is left: each of them holds the module. */
static void __exit greenboost_exit(void)
{
	gb_device_finish();
	gb_debugfs_finish();
	gb_watchdog_finish();
	gb_sysfs_finish();
	gb_reserve_finish();
	gb_buffer_finish();
	gb_pages_finish();
	gb_look_finish();
}

module_init(greenboost_init);
module_exit(greenboost_exit);

MODULE_DESCRIPTION("Pool of pinned memory, handed out as dma-bufs");
MODULE_AUTHOR("The GreenBoost authors");
MODULE_VERSION("0.1.0");
MODULE_LICENSE("GPL");
GB_COMPAT_IMPORT_DMA_BUF;
