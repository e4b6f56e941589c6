// SPDX-License-Identifier: GPL-2.0-only
/*
 * What the watchdog looks at: memory and swap of the machine, the stalls that
 * /proc/pressure tells of, and the store's file system and device.
 *
 * The kernel exports to modules neither the stalls nor the size of swap, nor a
 * way to read such files from within; they are seq files, though, and
 * seq_read_iter() reads any. They are opened once, by the process that loads
 * the module, since a kernel thread may have another root than the system's.
 * For the same reason the store is looked up from the root of the process that
 * named it.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/blk_types.h>
#include <linux/err.h>
#include <linux/file.h>
#include <linux/fs.h>
#include <linux/jiffies.h>
#include <linux/kernel.h>
#include <linux/kref.h>
#include <linux/magic.h>
#include <linux/mm.h>
#include <linux/part_stat.h>
#include <linux/path.h>
#include <linux/seq_file.h>
#include <linux/overflow.h>
#include <linux/slab.h>
#include <linux/spinlock.h>
#include <linux/statfs.h>
#include <linux/string.h>
#include <linux/uio.h>
#include <linux/workqueue.h>

#include "greenboost.h"

/* Where the figures of swap stand in /proc/meminfo, at the latest. */
#define TEXT_BYTES 4096

static struct {
	struct file *memory, *io, *meminfo; /* NULL: unknown; constant */
	char text[TEXT_BYTES];		    /* of the watchdog's thread alone */
} proc;

/* The folder that the administrator named. Looked up without a lock. */
struct store {
	struct kref ref;
	struct file *root; /* of the process that named it */
	char path[];
};

/* What was seen of it. */
struct sight {
	u64 total, free; /* bytes; 0: nothing */
	u32 busy;	 /* of its device's time, 0.01 % */
};

static void see_store(struct work_struct *work);

static struct {
	spinlock_t lock;     /* guards store and seen */
	struct store *store; /* NULL: none */
	struct sight seen;   /* the last time that looking at it has ended */
	struct work_struct work;

	/* Of the work alone: of the device, at the last look. */
	dev_t dev;
	u64 busy_ms; /* since boot */
	unsigned long at;
} watched = {
	.lock = __SPIN_LOCK_UNLOCKED(watched.lock),
	.work = __WORK_INITIALIZER(watched.work, see_store),
};

/* The file from its start, as a string; "" when it cannot be read. */
static const char *read_proc(struct file *file)
{
	struct kvec vec = {
		.iov_base = proc.text,
		.iov_len = sizeof(proc.text) - 1,
	};
	struct iov_iter to;
	struct kiocb kiocb;
	ssize_t n = 0;

	if (file) {
		init_sync_kiocb(&kiocb, file);
		iov_iter_kvec(&to, READ, &vec, 1, vec.iov_len);
		n = seq_read_iter(&kiocb, &to);
	}
	proc.text[max_t(ssize_t, n, 0)] = '\0';
	return proc.text;
}

/* The line "some avg10=1.23 ..." in hundredths of a percent. */
static u32 read_stall(struct file *file)
{
	unsigned int whole, hundredths;

	if (sscanf(read_proc(file), "some avg10=%u.%2u", &whole, &hundredths) != 2)
		return 0;
	return min(whole * 100 + hundredths, 10000u);
}

/* A line "name 123 kB" of the text, in bytes. */
static u64 find_figure(const char *text, const char *name)
{
	const char *line = strstr(text, name);
	unsigned long long kib;

	if (!line || sscanf(line + strlen(name), "%llu", &kib) != 1)
		return 0;
	return kib << 10;
}

void gb_look_memory(struct gb_look *look)
{
	const char *text;

	look->total = gb_total_bytes();
	look->available = (u64)max(si_mem_available(), 0L) << PAGE_SHIFT;
	text = read_proc(proc.meminfo);
	look->swap_total = find_figure(text, "SwapTotal:");
	look->swap_free = find_figure(text, "SwapFree:");
	look->memory_stall = read_stall(proc.memory);
}

/*
 * The share of the time since the last look that the device had I/O under way,
 * as iostat's %util; all of it where there is no such device or no last look.
 */
static u32 busy_share(struct block_device *bdev)
{
	u64 busy_ms, passed_ms, share = 10000;
	unsigned long now = jiffies;

	if (!bdev)
		return share;
	busy_ms = jiffies_to_msecs(part_stat_read(bdev, io_ticks));
	passed_ms = jiffies_to_msecs(now - watched.at);
	if (watched.dev == bdev->bd_dev && passed_ms)
		share = div64_u64((busy_ms - watched.busy_ms) * 10000, passed_ms);
	watched.dev = bdev->bd_dev;
	watched.busy_ms = busy_ms;
	watched.at = now;
	return min(share, 10000ULL);
}

static struct sight see_path(const struct path *path)
{
	struct kstatfs stat;

	if (vfs_statfs(path, &stat))
		return (struct sight){};
	return (struct sight){
		.total = (u64)stat.f_blocks * stat.f_bsize,
		.free = (u64)stat.f_bavail * stat.f_bsize,
		.busy = busy_share(path->dentry->d_sb->s_bdev),
	};
}

static struct store *store_get(void)
{
	struct store *store;

	spin_lock(&watched.lock);
	store = watched.store;
	if (store)
		kref_get(&store->ref);
	spin_unlock(&watched.lock);
	return store;
}

static void store_free(struct kref *ref)
{
	struct store *store = container_of(ref, struct store, ref);

	fput(store->root);
	kfree(store);
}

static void store_put(struct store *store)
{
	if (store)
		kref_put(&store->ref, store_free);
}

/*
 * May take as long as its file system and device like: for ever, where a server
 * has died. So nobody waits for it but the next look at the store.
 */
static void see_store(struct work_struct *work)
{
	struct store *store = store_get();
	struct sight seen = {};
	struct file *folder;

	if (!store)
		return;
	folder = file_open_root(&store->root->f_path, store->path,
				O_PATH | O_DIRECTORY, 0);
	if (!IS_ERR(folder)) {
		seen = see_path(&folder->f_path);
		fput(folder);
	}
	spin_lock(&watched.lock);
	if (watched.store == store)
		watched.seen = seen;
	spin_unlock(&watched.lock);
	store_put(store);
}

/* Tasks wait for I/O, and at most as long as the store's device was busy. */
void gb_look_store(struct gb_look *look)
{
	struct sight seen;
	bool any;

	spin_lock(&watched.lock);
	seen = watched.seen;
	any = watched.store;
	spin_unlock(&watched.lock);
	look->store_total = seen.total;
	look->store_free = seen.free;
	look->store_stall = seen.total ? min(read_stall(proc.io), seen.busy) : 0;
	if (any)
		queue_work(system_freezable_wq, &watched.work);
}

/* The name goes to its end, or to the newline that echo puts there. */
static struct store *store_create(const char *name)
{
	size_t n = strcspn(name, "\n");
	struct store *store;

	if (*name != '/')
		return ERR_PTR(-EINVAL);
	if (n >= PATH_MAX)
		return ERR_PTR(-ENAMETOOLONG);
	store = kzalloc(struct_size(store, path, n + 1), GFP_KERNEL);
	if (!store)
		return ERR_PTR(-ENOMEM);
	kref_init(&store->ref);
	memcpy(store->path, name, n);
	store->root = filp_open("/", O_RDONLY | O_DIRECTORY, 0);
	if (IS_ERR(store->root)) {
		long err = PTR_ERR(store->root);

		kfree(store);
		return ERR_PTR(err);
	}
	return store;
}

int gb_look_set_store(const char *name)
{
	struct store *store = NULL, *old;

	if (*name && *name != '\n')
		store = store_create(name);
	if (IS_ERR(store))
		return PTR_ERR(store);
	spin_lock(&watched.lock);
	old = watched.store;
	watched.store = store;
	watched.seen = (struct sight){};
	spin_unlock(&watched.lock);
	store_put(old);
	return 0;
}

ssize_t gb_look_get_store(char *text)
{
	struct store *store = store_get();
	ssize_t n = scnprintf(text, PAGE_SIZE, "%s\n", store ? store->path : "");

	store_put(store);
	return n;
}

/* Only a seq file can be read here, and those of proc are. */
static struct file *open_proc(const char *path)
{
	struct file *file = filp_open(path, O_RDONLY, 0);

	if (IS_ERR(file)) {
		pr_info("goes without %s: %ld\n", path, PTR_ERR(file));
		return NULL;
	}
	if (file_inode(file)->i_sb->s_magic == PROC_SUPER_MAGIC)
		return file;
	pr_info("goes without %s: not of proc\n", path);
	fput(file);
	return NULL;
}

static void close_proc(struct file *file)
{
	if (file)
		fput(file);
}

void gb_look_init(void)
{
	proc.memory = open_proc("/proc/pressure/memory");
	proc.io = open_proc("/proc/pressure/io");
	proc.meminfo = open_proc("/proc/meminfo");
}

void gb_look_finish(void)
{
	cancel_work_sync(&watched.work);
	close_proc(proc.meminfo);
	close_proc(proc.io);
	close_proc(proc.memory);
}
