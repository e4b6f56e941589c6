// SPDX-License-Identifier: GPL-2.0-only
/*
 * One granule: 2 MiB as one compound page, or as single pages where that is
 * allowed and nothing contiguous is left. It comes cleared, and is charged to
 * the cgroup of the one who asks by the page allocator itself; it goes back to
 * the allocator page by page, so that what is still pinned stays allocated,
 * and charged, until it is unpinned.
 */
#include <linux/atomic.h>
#include <linux/cpuset.h>
#include <linux/gfp.h>
#include <linux/memcontrol.h>
#include <linux/mempolicy.h>
#include <linux/nodemask.h>
#include <linux/slab.h>
#include <linux/topology.h>

#include "greenboost.h"

/* Bytes in granules by node, nr_node_ids of them, and all in single pages. */
static atomic64_t *node_bytes;
static atomic64_t small_bytes;

/* Has the current task no cgroup that memory is charged to? */
static bool is_uncharged(void)
{
#ifdef CONFIG_MEMCG
	struct mem_cgroup *memcg;
	bool root;

	if (mem_cgroup_disabled())
		return true;
	memcg = get_mem_cgroup_from_mm(current->mm);
	root = !memcg || !memcg->css.parent;
	mem_cgroup_put(memcg);
	return root;
#else
	return true;
#endif
}

/* Does a policy of the task say from where memory comes? */
static bool has_policy(void)
{
#ifdef CONFIG_NUMA
	return current->mempolicy;
#else
	return false;
#endif
}

void gb_wish_init(struct gb_wish *wish, u32 flags, int node)
{
	wish->node = node == GREENBOOST_NODE_ANY ? NUMA_NO_NODE : node;
	wish->bind = flags & GREENBOOST_ALLOC_BIND;
	wish->small = flags & GREENBOOST_ALLOC_SMALL_PAGES;
	wish->from_reserve = is_uncharged();
}

/*
 * Without single pages to fall back on, the allocator may try hard: it reclaims
 * and compacts, but kills nobody, neither for the machine nor for the cgroup.
 */
static gfp_t gfp_of(const struct gb_wish *wish, unsigned int order)
{
	gfp_t gfp = GFP_USER | __GFP_ZERO | __GFP_NOWARN;

	if (order)
		gfp |= __GFP_COMP;
	if (wish->bind)
		gfp |= __GFP_THISNODE;
	if (order && wish->small)
		return gfp | __GFP_NORETRY;
	return gfp | __GFP_RETRY_MAYFAIL;
}

static struct page *page_of(const struct gb_wish *wish, unsigned int order, gfp_t gfp)
{
	struct folio *folio;

	if (wish->node == NUMA_NO_NODE)
		folio = folio_alloc(gfp, order);
	else
		folio = __folio_alloc_node(gfp, order, wish->node);
	return folio ? folio_page(folio, 0) : NULL;
}

static struct page *fresh_page(const struct gb_wish *wish, unsigned int order)
{
	return page_of(wish, order, gfp_of(wish, order) | __GFP_ACCOUNT);
}

/* Is it the cgroup that has refused, of memory that there would be? */
static bool is_refused_by_cgroup(const struct gb_wish *wish)
{
	gfp_t gfp = gfp_of(wish, GB_GRANULE_ORDER);
	struct page *page;

	gfp &= ~(__GFP_ZERO | __GFP_DIRECT_RECLAIM);
	page = page_of(wish, GB_GRANULE_ORDER, gfp);
	if (page)
		put_page(page);
	return page;
}

/* The node whose reserve may serve the wish, or NUMA_NO_NODE. */
static int reserve_node(const struct gb_wish *wish)
{
	int node = wish->node;

	if (!wish->from_reserve)
		return NUMA_NO_NODE;
	if (node == NUMA_NO_NODE)
		node = has_policy() ? NUMA_NO_NODE : numa_mem_id();
	if (node == NUMA_NO_NODE || !node_isset(node, cpuset_current_mems_allowed))
		return NUMA_NO_NODE;
	return node;
}

static struct page *reserved_page(const struct gb_wish *wish)
{
	int node = reserve_node(wish);
	struct page *page;

	if (node == NUMA_NO_NODE)
		return NULL;
	page = gb_reserve_take(node);
	gb_count(page ? GB_COUNT_reserve_hits : GB_COUNT_reserve_misses);
	return page;
}

/* Turns a granule of the reserve into free memory, on the wish's node. */
static bool free_reserved(const struct gb_wish *wish)
{
	int node = wish->node == NUMA_NO_NODE ? numa_mem_id() : wish->node;
	struct page *page = gb_reserve_take(node);

	if (!page)
		return false;
	put_page(page);
	gb_count(GB_COUNT_reserve_returns);
	return true;
}

/*
 * Whoever has to be charged gets no page of the reserve, but the room that it
 * has kept contiguous when there is no other.
 */
static struct page *compound_page(const struct gb_wish *wish)
{
	struct page *page = reserved_page(wish);

	if (!page)
		page = fresh_page(wish, GB_GRANULE_ORDER);
	if (!page && !is_refused_by_cgroup(wish) && free_reserved(wish))
		page = fresh_page(wish, GB_GRANULE_ORDER);
	return page;
}

static void count_granule(const struct gb_granule *granule, int sign)
{
	unsigned int i;

	if (granule->page) {
		atomic64_add(sign * (s64)GREENBOOST_GRANULE_BYTES,
			     &node_bytes[page_to_nid(granule->page)]);
		return;
	}
	atomic64_add(sign * (s64)GREENBOOST_GRANULE_BYTES, &small_bytes);
	for (i = 0; i < GB_GRANULE_PAGES; i++)
		atomic64_add(sign * (s64)PAGE_SIZE,
			     &node_bytes[page_to_nid(granule->small[i])]);
}

static void put_small(struct page **small, unsigned int n)
{
	while (n)
		put_page(small[--n]);
	kfree(small);
}

static struct page **small_pages(const struct gb_wish *wish)
{
	struct page **small;
	unsigned int n;

	small = kmalloc_array(GB_GRANULE_PAGES, sizeof(*small), GB_GFP_RECORD);
	if (!small)
		return NULL;
	for (n = 0; n < GB_GRANULE_PAGES; n++) {
		small[n] = fresh_page(wish, 0);
		if (!small[n]) {
			put_small(small, n);
			return NULL;
		}
	}
	return small;
}

int gb_granule_init(struct gb_granule *granule, const struct gb_wish *wish)
{
	granule->small = NULL;
	granule->page = compound_page(wish);
	if (!granule->page && wish->small)
		granule->small = small_pages(wish);
	if (!granule->page && !granule->small)
		return -ENOMEM;
	if (granule->small)
		gb_count(GB_COUNT_small_granules);
	count_granule(granule, 1);
	return 0;
}

void gb_granule_finish(struct gb_granule *granule)
{
	if (!granule->page && !granule->small)
		return;
	count_granule(granule, -1);
	if (granule->page)
		put_page(granule->page);
	else
		put_small(granule->small, GB_GRANULE_PAGES);
	granule->page = NULL;
	granule->small = NULL;
}

u64 gb_node_bytes(int node)
{
	return atomic64_read(&node_bytes[node]);
}

u64 gb_small_bytes(void)
{
	return atomic64_read(&small_bytes);
}

int gb_pages_init(void)
{
	node_bytes = kcalloc(nr_node_ids, sizeof(*node_bytes), GFP_KERNEL);
	return node_bytes ? 0 : -ENOMEM;
}

void gb_pages_finish(void)
{
	kfree(node_bytes);
}
