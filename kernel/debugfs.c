// SPDX-License-Identifier: GPL-2.0-only
/*
 * /sys/kernel/debug/greenboost: who has what, and a level by hand for tests.
 */
#include <linux/debugfs.h>
#include <linux/fs.h>
#include <linux/seq_file.h>
#include <linux/string.h>
#include <linux/uaccess.h>

#include "greenboost.h"

static struct dentry *folder;

static int buffers_show(struct seq_file *seq, void *unused)
{
	gb_buffer_show(seq);
	return 0;
}
DEFINE_SHOW_ATTRIBUTE(buffers);

static int accounts_show(struct seq_file *seq, void *unused)
{
	gb_account_show(seq);
	return 0;
}
DEFINE_SHOW_ATTRIBUTE(accounts);

static int counters_show(struct seq_file *seq, void *unused)
{
	unsigned int i;

	for (i = 0; i < GB_COUNT_END; i++)
		seq_printf(seq, "%s %llu\n", gb_count_name(i), gb_count_read(i));
	return 0;
}
DEFINE_SHOW_ATTRIBUTE(counters);

static ssize_t level_read(struct file *file, char __user *to, size_t n, loff_t *at)
{
	const char *name = gb_level_name(gb_level());
	char text[16];

	scnprintf(text, sizeof(text), "%s\n", name);
	return simple_read_from_buffer(to, n, at, text, strlen(text));
}

static int find_level(const char *text)
{
	int level;

	for (level = 0; level <= GREENBOOST_LEVEL_CRITICAL; level++)
		if (sysfs_streq(text, gb_level_name(level)))
			return level;
	return -EINVAL;
}

/* Sets the level while the watchdog is paused; it would set it back else. */
static ssize_t level_write(struct file *file, const char __user *from, size_t n,
			   loff_t *at)
{
	char text[16] = "";
	int level, err;

	if (n >= sizeof(text))
		return -EINVAL;
	if (copy_from_user(text, from, n))
		return -EFAULT;
	level = find_level(text);
	if (level < 0)
		return level;
	err = gb_watchdog_override(level);
	return err ?: (ssize_t)n;
}

static const struct file_operations level_fops = {
	.owner = THIS_MODULE,
	.open = simple_open,
	.read = level_read,
	.write = level_write,
	.llseek = default_llseek,
};

/* Without debugfs there are no such files, which is no error. */
void gb_debugfs_init(void)
{
	folder = debugfs_create_dir("greenboost", NULL);
	debugfs_create_file("buffers", 0400, folder, NULL, &buffers_fops);
	debugfs_create_file("accounts", 0400, folder, NULL, &accounts_fops);
	debugfs_create_file("counters", 0400, folder, NULL, &counters_fops);
	debugfs_create_file("level", 0600, folder, NULL, &level_fops);
}

void gb_debugfs_finish(void)
{
	debugfs_remove_recursive(folder);
}
