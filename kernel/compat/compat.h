/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What differs between kernels, under one name each. Nothing outside this
 * folder knows of kernel versions; the probes in compat/probe/ find out which
 * of the forms this kernel has.
 */
#ifndef GB_COMPAT_H
#define GB_COMPAT_H

#include <linux/eventfd.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/shrinker.h>
#include <linux/slab.h>

/* Adds flags to a VMA that is being mapped. */
static inline void gb_compat_vma_add_flags(struct vm_area_struct *vma,
					   unsigned long flags)
{
#ifdef GB_HAVE_VM_FLAGS_SET
	vm_flags_set(vma, flags);
#else
	vma->vm_flags |= flags;
#endif
}

/* Adds 1 to an eventfd. Does not sleep. */
static inline void gb_compat_eventfd_add(struct eventfd_ctx *ctx)
{
#ifdef GB_HAVE_EVENTFD_SIGNAL_ONE
	eventfd_signal(ctx);
#else
	eventfd_signal(ctx, 1);
#endif
}

/* The parameters of a VMA's get_policy operation. */
#ifdef GB_HAVE_GET_POLICY_ILX
#define GB_COMPAT_GET_POLICY_PARAMETERS                                        \
	struct vm_area_struct *vma, unsigned long address, pgoff_t *index
#else
#define GB_COMPAT_GET_POLICY_PARAMETERS                                        \
	struct vm_area_struct *vma, unsigned long address
#endif

#ifdef GB_HAVE_IMPORT_NS_TOKEN
#define GB_COMPAT_IMPORT_DMA_BUF MODULE_IMPORT_NS(DMA_BUF)
#else
#define GB_COMPAT_IMPORT_DMA_BUF MODULE_IMPORT_NS("DMA_BUF")
#endif

typedef unsigned long (*gb_compat_shrink_fn)(struct shrinker *shrinker,
					     struct shrink_control *control);

/* Makes a shrinker, one node at a time, called from now on. NULL: no memory. */
static inline struct shrinker *gb_compat_shrinker_create(gb_compat_shrink_fn count,
							 gb_compat_shrink_fn scan)
{
	struct shrinker *shrinker;

#ifdef GB_HAVE_SHRINKER_ALLOC
	shrinker = shrinker_alloc(SHRINKER_NUMA_AWARE, "greenboost");
	if (!shrinker)
		return NULL;
	shrinker->count_objects = count;
	shrinker->scan_objects = scan;
	shrinker->seeks = DEFAULT_SEEKS;
	shrinker_register(shrinker);
#else
	shrinker = kzalloc(sizeof(*shrinker), GFP_KERNEL);
	if (!shrinker)
		return NULL;
	shrinker->flags = SHRINKER_NUMA_AWARE;
	shrinker->count_objects = count;
	shrinker->scan_objects = scan;
	shrinker->seeks = DEFAULT_SEEKS;
	if (register_shrinker(shrinker, "greenboost")) {
		kfree(shrinker);
		return NULL;
	}
#endif
	return shrinker;
}

/* Returns after the last call of the shrinker has ended. */
static inline void gb_compat_shrinker_destroy(struct shrinker *shrinker)
{
#ifdef GB_HAVE_SHRINKER_ALLOC
	shrinker_free(shrinker);
#else
	unregister_shrinker(shrinker);
	kfree(shrinker);
#endif
}

#endif /* GB_COMPAT_H */
