// SPDX-License-Identifier: GPL-2.0-only
/*
 * /sys/class/greenboost/greenboost: one value a file, and pool_info for people.
 * Each file is described in docs/abi/sysfs-class-greenboost.
 */
#include <linux/device.h>
#include <linux/err.h>
#include <linux/kobject.h>
#include <linux/kstrtox.h>
#include <linux/nodemask.h>
#include <linux/slab.h>
#include <linux/sysfs.h>

#include "greenboost.h"

#define LEVEL_FILE "level"

/* A file that shows a number. */
#define SHOW_U64(name, value)                                                  \
	static ssize_t name##_show(struct device *dev,                         \
				   struct device_attribute *attr, char *text)  \
	{                                                                      \
		return sysfs_emit(text, "%llu\n", (u64)(value));               \
	}                                                                      \
	static DEVICE_ATTR_RO(name)

static struct gb_look last_look(void)
{
	struct gb_state state;

	gb_level_get(&state);
	return state.look;
}

SHOW_U64(version, GREENBOOST_VERSION);
SHOW_U64(used_bytes, gb_account_used());
SHOW_U64(peak_bytes, gb_account_peak());
SHOW_U64(small_bytes, gb_small_bytes());
SHOW_U64(reserve_bytes, gb_reserve_bytes());
SHOW_U64(buffers, gb_buffer_count());
SHOW_U64(open_files, gb_account_clients());
SHOW_U64(level_changes, gb_level_changes());
SHOW_U64(memory_bytes, gb_total_bytes());
SHOW_U64(memory_available_bytes, last_look().available);
SHOW_U64(memory_stall, last_look().memory_stall);
SHOW_U64(swap_bytes, last_look().swap_total);
SHOW_U64(swap_free_bytes, last_look().swap_free);
SHOW_U64(store_bytes, last_look().store_total);
SHOW_U64(store_free_bytes, last_look().store_free);
SHOW_U64(store_stall, last_look().store_stall);

static ssize_t level_show(struct device *dev, struct device_attribute *attr,
			  char *text)
{
	return sysfs_emit(text, "%s\n", gb_level_name(gb_level()));
}
static DEVICE_ATTR_RO(level);

static ssize_t causes_show(struct device *dev, struct device_attribute *attr,
			   char *text)
{
	struct gb_state state;

	gb_level_get(&state);
	return sysfs_emit(text, "%#x\n", state.causes);
}
static DEVICE_ATTR_RO(causes);

/* A limit is bytes, or "none". */
static ssize_t show_limit(char *text, enum gb_limit which)
{
	u64 bytes = gb_account_limit(which);

	if (bytes == GREENBOOST_NO_LIMIT)
		return sysfs_emit(text, "none\n");
	return sysfs_emit(text, "%llu\n", bytes);
}

static ssize_t store_limit(const char *text, size_t n, enum gb_limit which)
{
	u64 bytes = GREENBOOST_NO_LIMIT;
	int err;

	if (!sysfs_streq(text, "none")) {
		err = kstrtou64(text, 0, &bytes);
		if (err)
			return err;
	}
	gb_account_set_limit(which, bytes);
	return n;
}

#define LIMIT_FILE(name, which)                                                \
	static ssize_t name##_show(struct device *dev,                         \
				   struct device_attribute *attr, char *text)  \
	{                                                                      \
		return show_limit(text, which);                                \
	}                                                                      \
	static ssize_t name##_store(struct device *dev,                        \
				    struct device_attribute *attr,             \
				    const char *text, size_t n)                \
	{                                                                      \
		return store_limit(text, n, which);                            \
	}                                                                      \
	static DEVICE_ATTR_RW(name)

LIMIT_FILE(limit_bytes, GB_LIMIT_MACHINE);
LIMIT_FILE(user_limit_bytes, GB_LIMIT_USER);
LIMIT_FILE(file_limit_bytes, GB_LIMIT_FILE);

static ssize_t reserve_target_bytes_show(struct device *dev,
					 struct device_attribute *attr, char *text)
{
	return sysfs_emit(text, "%llu\n", gb_reserve_target());
}

static ssize_t reserve_target_bytes_store(struct device *dev,
					  struct device_attribute *attr,
					  const char *text, size_t n)
{
	u64 bytes;
	int err = kstrtou64(text, 0, &bytes);

	if (err)
		return err;
	gb_reserve_set_target(bytes);
	return n;
}
static DEVICE_ATTR_RW(reserve_target_bytes);

static int emit_mib(char *text, int at, const char *name, u64 bytes)
{
	if (bytes == GREENBOOST_NO_LIMIT)
		return sysfs_emit_at(text, at, "%-18s %12s\n", name, "none");
	return sysfs_emit_at(text, at, "%-18s %8llu MiB\n", name, bytes >> 20);
}

static ssize_t pool_info_show(struct device *dev, struct device_attribute *attr,
			      char *text)
{
	struct gb_state state;
	int n = 0;

	gb_level_get(&state);
	n += sysfs_emit_at(text, n, "%-18s %12s\n", "level",
			   gb_level_name(state.level));
	n += sysfs_emit_at(text, n, "%-18s %12u\n", "buffers", gb_buffer_count());
	n += sysfs_emit_at(text, n, "%-18s %12u\n", "open files",
			   gb_account_clients());
	n += emit_mib(text, n, "used", gb_account_used());
	n += emit_mib(text, n, "used at most", gb_account_peak());
	n += emit_mib(text, n, "in single pages", gb_small_bytes());
	n += emit_mib(text, n, "limit", gb_account_limit(GB_LIMIT_MACHINE));
	n += emit_mib(text, n, "limit of a user", gb_account_limit(GB_LIMIT_USER));
	n += emit_mib(text, n, "limit of a file", gb_account_limit(GB_LIMIT_FILE));
	n += emit_mib(text, n, "reserve", gb_reserve_bytes());
	n += emit_mib(text, n, "reserve wanted", gb_reserve_target());
	n += emit_mib(text, n, "memory", gb_total_bytes());
	n += emit_mib(text, n, "memory available", state.look.available);
	n += emit_mib(text, n, "swap free", state.look.swap_free);
	if (state.look.store_total)
		n += emit_mib(text, n, "store free", state.look.store_free);
	return n;
}
static DEVICE_ATTR_RO(pool_info);

static struct attribute *pool_attrs[] = {
	&dev_attr_version.attr,
	&dev_attr_pool_info.attr,
	&dev_attr_used_bytes.attr,
	&dev_attr_peak_bytes.attr,
	&dev_attr_small_bytes.attr,
	&dev_attr_limit_bytes.attr,
	&dev_attr_user_limit_bytes.attr,
	&dev_attr_file_limit_bytes.attr,
	&dev_attr_reserve_bytes.attr,
	&dev_attr_reserve_target_bytes.attr,
	&dev_attr_buffers.attr,
	&dev_attr_open_files.attr,
	&dev_attr_level.attr,
	&dev_attr_level_changes.attr,
	&dev_attr_causes.attr,
	&dev_attr_memory_bytes.attr,
	&dev_attr_memory_available_bytes.attr,
	&dev_attr_memory_stall.attr,
	&dev_attr_swap_bytes.attr,
	&dev_attr_swap_free_bytes.attr,
	&dev_attr_store_bytes.attr,
	&dev_attr_store_free_bytes.attr,
	&dev_attr_store_stall.attr,
	NULL,
};

static const struct attribute_group pool_group = {
	.attrs = pool_attrs,
};

/* counters/: a file each of GB_COUNTS */

#define COUNTER_FILE(name) SHOW_U64(name, gb_count_read(GB_COUNT_##name));
GB_COUNTS(COUNTER_FILE)

#define COUNTER_ATTR(name) &dev_attr_##name.attr,
static struct attribute *counter_attrs[] = {
	GB_COUNTS(COUNTER_ATTR) NULL,
};

static const struct attribute_group counter_group = {
	.name = "counters",
	.attrs = counter_attrs,
};

/* nodeN/: what each NUMA node with memory has */

struct node_files {
	struct device_attribute used, reserve;
	struct attribute *attrs[3];
	struct attribute_group group;
	char name[16];
	int node;
};

static ssize_t node_used_show(struct device *dev, struct device_attribute *attr,
			      char *text)
{
	struct node_files *files = container_of(attr, struct node_files, used);

	return sysfs_emit(text, "%llu\n", gb_node_bytes(files->node));
}

static ssize_t node_reserve_show(struct device *dev,
				 struct device_attribute *attr, char *text)
{
	struct node_files *files = container_of(attr, struct node_files, reserve);

	return sysfs_emit(text, "%llu\n", gb_reserve_node_bytes(files->node));
}

static struct {
	struct device *device;
	struct node_files *nodes; /* nr_node_ids */
	/* the two above, the nodes, NULL; constant */
	const struct attribute_group **groups;
} sysfs;

static void init_attr(struct device_attribute *attr, const char *name,
		      ssize_t (*show)(struct device *dev,
				      struct device_attribute *attr, char *text))
{
	sysfs_attr_init(&attr->attr);
	attr->attr.name = name;
	attr->attr.mode = 0444;
	attr->show = show;
}

static void init_node(struct node_files *files, int node)
{
	files->node = node;
	snprintf(files->name, sizeof(files->name), "node%d", node);
	init_attr(&files->used, "used_bytes", node_used_show);
	init_attr(&files->reserve, "reserve_bytes", node_reserve_show);
	files->attrs[0] = &files->used.attr;
	files->attrs[1] = &files->reserve.attr;
	files->group.name = files->name;
	files->group.attrs = files->attrs;
}

static int init_groups(void)
{
	unsigned int n = 0;
	int node;

	sysfs.nodes = kcalloc(nr_node_ids, sizeof(*sysfs.nodes), GFP_KERNEL);
	sysfs.groups = kcalloc(nr_node_ids + 3, sizeof(*sysfs.groups), GFP_KERNEL);
	if (!sysfs.nodes || !sysfs.groups)
		return -ENOMEM;
	sysfs.groups[n++] = &pool_group;
	sysfs.groups[n++] = &counter_group;
	for_each_node_state(node, N_MEMORY) {
		init_node(&sysfs.nodes[node], node);
		sysfs.groups[n++] = &sysfs.nodes[node].group;
	}
	return 0;
}

static void finish_groups(void)
{
	kfree(sysfs.groups);
	kfree(sysfs.nodes);
}

static struct class class = {
	.name = "greenboost",
};

void gb_sysfs_level_changed(enum greenboost_level level, u64 changes)
{
	char name[32], count[40];
	char *environment[3] = { name, count, NULL };

	snprintf(name, sizeof(name), "GREENBOOST_LEVEL=%s", gb_level_name(level));
	snprintf(count, sizeof(count), "GREENBOOST_LEVEL_CHANGES=%llu", changes);
	sysfs_notify(&sysfs.device->kobj, NULL, LEVEL_FILE);
	kobject_uevent_env(&sysfs.device->kobj, KOBJ_CHANGE, environment);
}

int gb_sysfs_init(void)
{
	int err;

	err = init_groups();
	if (err)
		goto err_groups;
	err = class_register(&class);
	if (err)
		goto err_groups;
	sysfs.device = device_create_with_groups(&class, NULL, MKDEV(0, 0), NULL,
						 sysfs.groups, "greenboost");
	if (!IS_ERR(sysfs.device))
		return 0;
	err = PTR_ERR(sysfs.device);
	class_unregister(&class);
err_groups:
	finish_groups();
	return err;
}

void gb_sysfs_finish(void)
{
	device_unregister(sysfs.device);
	class_unregister(&class);
	finish_groups();
}
