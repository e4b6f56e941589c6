/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the files of the module share. The order is from the bottom up: what
 * stands below may call what stands above it.
 *
 * Locks, outermost first; docs/kernel.md says what each guards:
 *	the dma-buf's reservation (taken by its core)
 *	gb_buffer.lock		mappings of one buffer
 *	looking mutex		one look of the watchdog
 *	level mutex		level, subscriptions
 *	buffers mutex, clients mutex	the lists that debugfs shows
 *	account spinlock	what is used of the limits
 *	reserve spinlock	lists of cleared pages
 * No lock is held while pages are allocated, cleared or freed.
 */
#ifndef GB_GREENBOOST_H
#define GB_GREENBOOST_H

#include <linux/device.h>
#include <linux/kref.h>
#include <linux/list.h>
#include <linux/mm.h>
#include <linux/mutex.h>
#include <linux/sizes.h>
#include <linux/types.h>

#include <greenboost/uapi.h>

#ifndef CONFIG_64BIT
#error "greenboost needs a 64-bit kernel"
#endif

#define GB_GRANULE_ORDER (ilog2(GREENBOOST_GRANULE_BYTES) - PAGE_SHIFT)
#define GB_GRANULE_PAGES (1u << GB_GRANULE_ORDER)

/* Records of a buffer, charged to its cgroup: as for its pages, nobody is killed. */
#define GB_GFP_RECORD (GFP_KERNEL_ACCOUNT | __GFP_RETRY_MAYFAIL | __GFP_NOWARN)

/* count.c: events, each counted since the module was loaded */

#define GB_COUNTS(X)                                                           \
	X(allocations)                                                         \
	X(frees)                                                               \
	X(allocated_bytes)                                                     \
	X(freed_bytes)                                                         \
	X(reserve_hits)                                                        \
	X(reserve_misses)                                                      \
	X(reserve_refills)                                                     \
	X(reserve_returns)                                                     \
	X(small_granules)                                                      \
	X(maps)                                                                \
	X(watchdog_looks)                                                      \
	X(refused_argument)                                                    \
	X(refused_call)                                                        \
	X(refused_critical)                                                    \
	X(refused_descriptor)                                                  \
	X(refused_file)                                                        \
	X(refused_interrupted)                                                 \
	X(refused_machine)                                                     \
	X(refused_memlock)                                                     \
	X(refused_memory)                                                      \
	X(refused_node)                                                        \
	X(refused_pointer)                                                     \
	X(refused_privilege)                                                   \
	X(refused_size)                                                        \
	X(refused_user)                                                        \
	X(refused_version)

#define GB_COUNT_ENUM(name) GB_COUNT_##name,
enum gb_count { GB_COUNTS(GB_COUNT_ENUM) GB_COUNT_END };

void gb_count_add(enum gb_count count, u64 n);
u64 gb_count_read(enum gb_count count);
const char *gb_count_name(enum gb_count count);

static inline void gb_count(enum gb_count count)
{
	gb_count_add(count, 1);
}

/* params.c: settings; each is read with one load wherever it is used */

extern unsigned int gb_param_fill_threads;
extern unsigned int gb_param_watchdog_ms;
extern bool gb_param_watchdog_paused;
extern unsigned int gb_param_elevated_percent;
extern unsigned int gb_param_critical_percent;
extern unsigned int gb_param_hysteresis_percent;
extern unsigned int gb_param_stall_percent;
extern unsigned int gb_param_swap_percent;
extern unsigned int gb_param_pool_percent;
extern unsigned int gb_param_store_percent;
extern unsigned int gb_param_store_stall_percent;
extern unsigned int gb_param_calm_looks;

/* What the settings of the pool say at load, in bytes; defaults filled in. */
u64 gb_param_limit_bytes(void);
u64 gb_param_user_limit_bytes(void);
u64 gb_param_file_limit_bytes(void);
u64 gb_param_reserve_bytes(void);

/* The machine's memory. */
u64 gb_total_bytes(void);

/* account.c: limits of the machine, of users and of open files */

/*
 * One open file of the device. It outlives its descriptors as long as a buffer
 * that was charged to it lives.
 */
struct gb_client {
	struct kref ref;
	struct list_head link;	    /* clients mutex */
	u64 limit, used;	    /* account lock; bytes */
	bool greeted;		    /* set once, by HELLO */
	u64 seen;		    /* change of the level that was last told */
	unsigned int subscriptions; /* level mutex */
	kuid_t opener;		    /* constant */
	pid_t pid;		    /* constant; for people, never for rights */
};

struct gb_user; /* one who is charged, by user ID */

/* To whom a buffer is charged. Moves with nobody: it stays until freed. */
struct gb_charge {
	struct gb_client *client;
	struct gb_user *user;
	struct user_struct *memlock; /* NULL: had CAP_IPC_LOCK */
	u64 bytes;
};

struct gb_client *gb_client_create(void);
void gb_client_get(struct gb_client *client);
void gb_client_put(struct gb_client *client);

/*
 * Charges the open file, the current user, the machine and the current user's
 * RLIMIT_MEMLOCK, or nobody. Errors as of ALLOC, counted. May sleep.
 */
int gb_charge_take(struct gb_charge *charge, struct gb_client *client, u64 bytes);
void gb_charge_return(struct gb_charge *charge);
kuid_t gb_charge_uid(const struct gb_charge *charge);

/* The limits that bind the caller. */
void gb_account_limits(struct gb_client *client, struct greenboost_limits *limits);
u64 gb_account_available(struct gb_client *client);
/* -EPERM when it would be raised without the right to. */
int gb_account_set_file_limit(struct gb_client *client, u64 bytes);

enum gb_limit { GB_LIMIT_MACHINE, GB_LIMIT_USER, GB_LIMIT_FILE };
u64 gb_account_limit(enum gb_limit which);
void gb_account_set_limit(enum gb_limit which, u64 bytes);
u64 gb_account_used(void);
u64 gb_account_peak(void);
unsigned int gb_account_clients(void);

void gb_account_init(void);
struct seq_file;
void gb_account_show(struct seq_file *seq);

/* reserve.c: granules that are cleared already */

/* A cleared granule of the node, charged to no cgroup. NULL: none there. */
struct page *gb_reserve_take(int node);
/* Gives up to n granules back to the kernel. Never allocates. */
unsigned long gb_reserve_shed(unsigned long n);
void gb_reserve_wake(void);
u64 gb_reserve_bytes(void);
u64 gb_reserve_node_bytes(int node);
u64 gb_reserve_target(void);
void gb_reserve_set_target(u64 bytes);
int gb_reserve_init(void);
void gb_reserve_finish(void);

/* pages.c: one granule */

/*
 * 2 MiB of memory: one compound page, or as many single pages. Every page of it
 * holds a reference of its own to the caller; who pins one keeps it.
 */
struct gb_granule {
	struct page *page;   /* head of the compound page, or NULL */
	struct page **small; /* GB_GRANULE_PAGES of them, or NULL */
};

/* How a buffer's granules are to be had; the same for all of them. */
struct gb_wish {
	int node; /* or NUMA_NO_NODE: as the task's policy says */
	bool bind;
	bool small;	   /* single pages will do */
	bool from_reserve; /* no cgroup has to be charged */
};

void gb_wish_init(struct gb_wish *wish, u32 flags, int node);
/* Cleared and charged to the current cgroup. -ENOMEM. May sleep. */
int gb_granule_init(struct gb_granule *granule, const struct gb_wish *wish);
void gb_granule_finish(struct gb_granule *granule);
u64 gb_node_bytes(int node);
u64 gb_small_bytes(void);
int gb_pages_init(void);
void gb_pages_finish(void);

static inline struct page *gb_granule_page(const struct gb_granule *granule,
					   unsigned int index)
{
	return granule->small ? granule->small[index] : granule->page + index;
}

/* buffer.c: granules that belong together */

struct gb_buffer {
	u64 id; /* constant from here on */
	size_t granules;
	u64 small_bytes;
	struct gb_granule *granule;
	struct gb_charge charge;
	struct list_head link; /* buffers mutex */

	struct mutex lock;	   /* guards what follows */
	struct list_head mappings; /* gb_mapping of dmabuf.c */
};

/* Errors as of ALLOC, each counted. May sleep. */
struct gb_buffer *gb_buffer_create(struct gb_client *client, u64 bytes,
				   u32 flags, int node);
void gb_buffer_destroy(struct gb_buffer *buffer);
struct page *gb_buffer_page(const struct gb_buffer *buffer, pgoff_t index);
unsigned int gb_buffer_count(void);
void gb_buffer_show(struct seq_file *seq);
int gb_buffer_init(void);
void gb_buffer_finish(void);

/* dmabuf.c */

/* The dma-buf owns the buffer from here on, also when it fails. */
struct dma_buf *gb_dmabuf_export(struct gb_buffer *buffer);

/* look.c: how the machine stands */

/* One look of the watchdog; bytes, and hundredths of a percent of time. */
struct gb_look {
	u64 total, available;
	u64 swap_total, swap_free;
	u64 store_total, store_free; /* zero: no store */
	u32 memory_stall, store_stall;
};

void gb_look_memory(struct gb_look *look);
void gb_look_store(struct gb_look *look);
/* Names the folder of the store; "" is none. Looks for it later. */
int gb_look_set_store(const char *path);
/* Room for the name. */
ssize_t gb_look_get_store(char *text);
void gb_look_init(void);
void gb_look_finish(void);

/* level.c: the level, and who is told of it */

struct gb_state {
	enum greenboost_level level;
	u32 causes;
	u64 changes;
	struct gb_look look;
};

enum greenboost_level gb_level(void);
u64 gb_level_changes(void);
const char *gb_level_name(enum greenboost_level level);
void gb_level_get(struct gb_state *state);
/* Stores a look and moves the level, one step and one telling at a time. */
void gb_level_set(enum greenboost_level level, u32 causes,
		  const struct gb_look *look);
/* Errors as of SUBSCRIBE. */
int gb_level_subscribe(struct gb_client *client, int eventfd,
		       struct gb_state *state);
int gb_level_unsubscribe(struct gb_client *client, int eventfd);
void gb_level_unsubscribe_all(struct gb_client *client);
extern struct wait_queue_head gb_level_wait;

/* watchdog.c */

/* Bytes of MemAvailable below which a level holds. */
u64 gb_watchdog_mark(enum greenboost_level level);
/* Is there so much memory that bytes more may be taken? */
bool gb_watchdog_has_room(u64 bytes);
/* Memory was refused for want of room: it may be time to look. */
void gb_watchdog_hint(void);
/* Sets the level by hand. -EBUSY unless the watchdog is paused. */
int gb_watchdog_override(enum greenboost_level level);
int gb_watchdog_init(void);
void gb_watchdog_finish(void);

/* sysfs.c, debugfs.c, device.c */

/* Tells poll() on files of sysfs and udev of a change of the level. */
void gb_sysfs_level_changed(enum greenboost_level level, u64 changes);
int gb_sysfs_init(void);
void gb_sysfs_finish(void);
void gb_debugfs_init(void);
void gb_debugfs_finish(void);
int gb_device_init(void);
void gb_device_finish(void);

#endif /* GB_GREENBOOST_H */
