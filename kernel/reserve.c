// SPDX-License-Identifier: GPL-2.0-only
/*
 * The reserve: granules that are cleared before anyone asks for them. A thread
 * of the lowest priority fills it from memory that is free anyway; a shrinker
 * and the watchdog give it back. What was in a buffer never comes back here: it
 * goes to the kernel, so that a page that somebody still pins is nobody else's.
 *
 * The reserve counts as KReclaimable, and so as MemAvailable.
 */
#include <linux/freezer.h>
#include <linux/gfp.h>
#include <linux/highmem.h>
#include <linux/jiffies.h>
#include <linux/kthread.h>
#include <linux/nodemask.h>
#include <linux/sched.h>
#include <linux/slab.h>
#include <linux/spinlock.h>
#include <linux/vmstat.h>
#include <linux/wait.h>

#include "compat/compat.h"
#include "greenboost.h"
#include "trace.h"

/* After the kernel wanted memory back, the reserve stays as it is so long. */
#define CALM   (10 * HZ)
/* How often the thread looks whether memory has become free. */
#define PERIOD HZ

struct node_reserve {
	struct list_head granules; /* by page->lru; reserve lock */
	unsigned long count;	   /* reserve lock; read without */
};

static struct {
	spinlock_t lock;	    /* guards the nodes' lists and counts */
	struct node_reserve *nodes; /* nr_node_ids; constant */
	atomic_long_t count;	    /* of all nodes */
	unsigned long target;	    /* granules; read and written whole */
	unsigned long calm_until;   /* jiffies; read and written whole */
	struct wait_queue_head wait;
	bool wake;
	struct task_struct *thread;
	struct shrinker *shrinker;
} reserve = {
	.lock = __SPIN_LOCK_UNLOCKED(reserve.lock),
	.wait = __WAIT_QUEUE_HEAD_INITIALIZER(reserve.wait),
};

static void count_page(struct page *page, int sign)
{
	atomic_long_add(sign, &reserve.count);
	mod_node_page_state(page_pgdat(page), NR_KERNEL_MISC_RECLAIMABLE,
			    sign * (int)GB_GRANULE_PAGES);
}

struct page *gb_reserve_take(int node)
{
	struct node_reserve *from = &reserve.nodes[node];
	struct page *page;

	spin_lock(&reserve.lock);
	page = list_first_entry_or_null(&from->granules, struct page, lru);
	if (page) {
		list_del_init(&page->lru);
		from->count--;
	}
	spin_unlock(&reserve.lock);
	if (page)
		count_page(page, -1);
	return page;
}

static void put(struct page *page)
{
	struct node_reserve *to = &reserve.nodes[page_to_nid(page)];

	count_page(page, 1);
	spin_lock(&reserve.lock);
	list_add(&page->lru, &to->granules);
	to->count++;
	spin_unlock(&reserve.lock);
}

static unsigned long shed_node(int node, unsigned long n)
{
	unsigned long done = 0;
	struct page *page;

	while (done < n && (page = gb_reserve_take(node))) {
		put_page(page);
		done++;
	}
	if (done) {
		gb_count_add(GB_COUNT_reserve_returns, done);
		trace_greenboost_reserve(-(long)done, gb_reserve_bytes());
	}
	return done;
}

unsigned long gb_reserve_shed(unsigned long n)
{
	unsigned long done = 0;
	int node;

	for_each_online_node(node)
		done += shed_node(node, n - done);
	return done;
}

u64 gb_reserve_bytes(void)
{
	return (u64)atomic_long_read(&reserve.count) * GREENBOOST_GRANULE_BYTES;
}

u64 gb_reserve_node_bytes(int node)
{
	return (u64)READ_ONCE(reserve.nodes[node].count) * GREENBOOST_GRANULE_BYTES;
}

u64 gb_reserve_target(void)
{
	return (u64)READ_ONCE(reserve.target) * GREENBOOST_GRANULE_BYTES;
}

void gb_reserve_set_target(u64 bytes)
{
	bytes = min(bytes, gb_total_bytes() / 2);
	WRITE_ONCE(reserve.target, bytes / GREENBOOST_GRANULE_BYTES);
	gb_reserve_wake();
}

void gb_reserve_wake(void)
{
	WRITE_ONCE(reserve.wake, true);
	wake_up(&reserve.wait);
}

static unsigned long shrink_count(struct shrinker *shrinker,
				  struct shrink_control *control)
{
	unsigned long n = READ_ONCE(reserve.nodes[control->nid].count);

	return n ? n * GB_GRANULE_PAGES : SHRINK_EMPTY;
}

/* The kernel counts pages and asks for some dozen; a granule is the least. */
static unsigned long shrink_scan(struct shrinker *shrinker,
				 struct shrink_control *control)
{
	unsigned long n, wanted;

	wanted = DIV_ROUND_UP(control->nr_to_scan, GB_GRANULE_PAGES);
	WRITE_ONCE(reserve.calm_until, jiffies + CALM);
	n = shed_node(control->nid, wanted);
	return n ? n * GB_GRANULE_PAGES : SHRINK_STOP;
}

/* Of this node's share of the target, how many granules are missing? */
static unsigned long missing(int node)
{
	unsigned long target = READ_ONCE(reserve.target);
	unsigned long share = target / num_node_state(N_MEMORY);
	unsigned long has = READ_ONCE(reserve.nodes[node].count);

	if (node == first_memory_node)
		share += target % num_node_state(N_MEMORY);
	return share > has ? share - has : 0;
}

/* Only what is left of the machine's limit, and only free memory. */
static bool may_fill(void)
{
	u64 limit = gb_account_limit(GB_LIMIT_MACHINE);
	u64 taken = gb_account_used() + gb_reserve_bytes();

	if (taken + GREENBOOST_GRANULE_BYTES > limit ||
	    gb_level() != GREENBOOST_LEVEL_NORMAL ||
	    time_before(jiffies, READ_ONCE(reserve.calm_until)))
		return false;
	return gb_watchdog_has_room(gb_watchdog_mark(GREENBOOST_LEVEL_ELEVATED));
}

/* No reclaim and no compaction: the reserve takes nothing from anyone. */
static struct page *fresh_page(int node)
{
	gfp_t gfp = (GFP_KERNEL & ~__GFP_RECLAIM) | __GFP_COMP | __GFP_NOWARN |
		    __GFP_THISNODE | __GFP_ZERO;
	struct folio *folio = __folio_alloc_node(gfp, GB_GRANULE_ORDER, node);

	return folio ? folio_page(folio, 0) : NULL;
}

static bool fill_one(int node)
{
	struct page *page;

	if (!missing(node) || !may_fill())
		return false;
	page = fresh_page(node);
	if (!page)
		return false;
	INIT_LIST_HEAD(&page->lru);
	put(page);
	gb_count(GB_COUNT_reserve_refills);
	trace_greenboost_reserve(1, gb_reserve_bytes());
	return true;
}

static void trim(void)
{
	unsigned long target = READ_ONCE(reserve.target);
	unsigned long has = atomic_long_read(&reserve.count);

	if (has > target)
		gb_reserve_shed(has - target);
}

static bool is_wanted(void)
{
	return READ_ONCE(reserve.wake) || kthread_should_stop();
}

static int refill(void *unused)
{
	int node;

	set_user_nice(current, MAX_NICE);
	set_freezable();
	while (!kthread_should_stop()) {
		wait_event_freezable_timeout(reserve.wait, is_wanted(), PERIOD);
		WRITE_ONCE(reserve.wake, false);
		trim();
		for_each_node_state(node, N_MEMORY)
			while (!kthread_should_stop() && fill_one(node)) {
				try_to_freeze();
				cond_resched();
			}
	}
	return 0;
}

static int start(void)
{
	reserve.shrinker = gb_compat_shrinker_create(shrink_count, shrink_scan);
	if (!reserve.shrinker)
		return -ENOMEM;
	reserve.thread = kthread_run(refill, NULL, "greenboost-fill");
	if (!IS_ERR(reserve.thread))
		return 0;
	gb_compat_shrinker_destroy(reserve.shrinker);
	return PTR_ERR(reserve.thread);
}

int gb_reserve_init(void)
{
	unsigned int node;
	int err;

	reserve.nodes = kcalloc(nr_node_ids, sizeof(*reserve.nodes), GFP_KERNEL);
	if (!reserve.nodes)
		return -ENOMEM;
	for (node = 0; node < nr_node_ids; node++)
		INIT_LIST_HEAD(&reserve.nodes[node].granules);
	reserve.calm_until = jiffies;
	gb_reserve_set_target(gb_param_reserve_bytes());
	err = start();
	if (err)
		kfree(reserve.nodes);
	return err;
}

void gb_reserve_finish(void)
{
	kthread_stop(reserve.thread);
	gb_compat_shrinker_destroy(reserve.shrinker);
	gb_reserve_shed(ULONG_MAX);
	kfree(reserve.nodes);
}
