// SPDX-License-Identifier: GPL-2.0-only
/*
 * A buffer as a dma-buf.
 *
 * Mapping: ordinary pages behind an ordinary shared mapping, put in by the
 * fault handler with a reference each. Nothing of it is VM_IO or VM_PFNMAP, so
 * that pin_user_pages() works, also for long: this is how CUDA registers the
 * memory. A granule is one compound page, and so the kernel itself maps it as a
 * whole where the address and the offset agree modulo 2 MiB; with VM_MIXEDMAP
 * it would not release such a mapping's reference.
 */
#include <linux/dma-buf.h>
#include <linux/dma-mapping.h>
#include <linux/fcntl.h>
#include <linux/highmem.h>
#include <linux/iosys-map.h>
#include <linux/overflow.h>
#include <linux/scatterlist.h>
#include <linux/slab.h>
#include <linux/vmalloc.h>

#include "compat/compat.h"
#include "greenboost.h"

/* One DMA mapping for an importer. */
struct gb_mapping {
	struct list_head link; /* buffer lock */
	struct sg_table table;
	struct device *dev;
};

/* Goes through a buffer in runs of pages that lie side by side. */
struct run {
	const struct gb_buffer *buffer;
	pgoff_t next;
	struct page *page;
	unsigned int bytes;
};

static bool next_run(struct run *run, unsigned int max_bytes)
{
	pgoff_t end = (pgoff_t)run->buffer->granules * GB_GRANULE_PAGES;
	unsigned long pfn;

	if (run->next == end)
		return false;
	run->page = gb_buffer_page(run->buffer, run->next++);
	run->bytes = PAGE_SIZE;
	pfn = page_to_pfn(run->page);
	while (run->next < end && run->bytes + PAGE_SIZE <= max_bytes) {
		if (page_to_pfn(gb_buffer_page(run->buffer, run->next)) != ++pfn)
			break;
		run->next++;
		run->bytes += PAGE_SIZE;
	}
	return true;
}

/* The longest segment that the device takes, in whole pages. */
static unsigned int segment_bytes(struct device *dev)
{
	size_t bytes = min_t(size_t, dma_get_max_seg_size(dev), SZ_1G);

	/* What is bounced is so in pieces (swiotlb). */
	bytes = min(bytes, dma_max_mapping_size(dev));

	return max_t(size_t, round_down(bytes, PAGE_SIZE), PAGE_SIZE);
}

static int build_table(struct sg_table *table, const struct gb_buffer *buffer,
		       unsigned int max_bytes)
{
	struct run run = { .buffer = buffer };
	struct scatterlist *sg;
	unsigned int n = 0;
	int err;

	while (next_run(&run, max_bytes))
		n++;
	err = sg_alloc_table(table, n, GFP_KERNEL);
	if (err)
		return err;
	run.next = 0;
	for (sg = table->sgl; next_run(&run, max_bytes); sg = sg_next(sg))
		sg_set_page(sg, run.page, run.bytes, 0);
	return 0;
}

static struct sg_table *map_dma(struct dma_buf_attachment *attachment,
				enum dma_data_direction direction)
{
	struct gb_buffer *buffer = attachment->dmabuf->priv;
	struct device *dev = attachment->dev;
	struct gb_mapping *mapping;
	int err;

	mapping = kzalloc(sizeof(*mapping), GFP_KERNEL);
	if (!mapping)
		return ERR_PTR(-ENOMEM);
	mapping->dev = dev;
	err = build_table(&mapping->table, buffer, segment_bytes(dev));
	if (err)
		goto err_free;
	err = dma_map_sgtable(dev, &mapping->table, direction, 0);
	if (err)
		goto err_table;
	mutex_lock(&buffer->lock);
	list_add(&mapping->link, &buffer->mappings);
	mutex_unlock(&buffer->lock);
	return &mapping->table;

err_table:
	sg_free_table(&mapping->table);
err_free:
	kfree(mapping);
	return ERR_PTR(err);
}

static void unmap_dma(struct dma_buf_attachment *attachment,
		      struct sg_table *table, enum dma_data_direction direction)
{
	struct gb_mapping *mapping = container_of(table, struct gb_mapping, table);
	struct gb_buffer *buffer = attachment->dmabuf->priv;

	mutex_lock(&buffer->lock);
	list_del(&mapping->link);
	mutex_unlock(&buffer->lock);
	dma_unmap_sgtable(mapping->dev, table, direction, 0);
	sg_free_table(table);
	kfree(mapping);
}

static int begin_cpu_access(struct dma_buf *dmabuf, enum dma_data_direction direction)
{
	struct gb_buffer *buffer = dmabuf->priv;
	struct gb_mapping *mapping;

	mutex_lock(&buffer->lock);
	list_for_each_entry(mapping, &buffer->mappings, link)
		dma_sync_sgtable_for_cpu(mapping->dev, &mapping->table, direction);
	mutex_unlock(&buffer->lock);
	return 0;
}

static int end_cpu_access(struct dma_buf *dmabuf, enum dma_data_direction direction)
{
	struct gb_buffer *buffer = dmabuf->priv;
	struct gb_mapping *mapping;

	mutex_lock(&buffer->lock);
	list_for_each_entry(mapping, &buffer->mappings, link)
		dma_sync_sgtable_for_device(mapping->dev, &mapping->table,
					    direction);
	mutex_unlock(&buffer->lock);
	return 0;
}

/* The mapping's file is the dma-buf: the buffer lives while this is called. */
static vm_fault_t fault(struct vm_fault *vmf)
{
	struct gb_buffer *buffer = vmf->vma->vm_private_data;
	pgoff_t end = (pgoff_t)buffer->granules * GB_GRANULE_PAGES;

	if (vmf->pgoff >= end)
		return VM_FAULT_SIGBUS;
	vmf->page = gb_buffer_page(buffer, vmf->pgoff);
	get_page(vmf->page);
	return 0;
}

#ifdef CONFIG_NUMA
/* No policy: so that the balancing of NUMA nodes leaves these pages alone. */
static struct mempolicy *get_policy(GB_COMPAT_GET_POLICY_PARAMETERS)
{
	return NULL;
}
#endif

static const struct vm_operations_struct vm_ops = {
	.fault = fault,
#ifdef CONFIG_NUMA
	.get_policy = get_policy,
#endif
};

/* A private mapping would copy what is written; that is nobody's wish here. */
static int map_user(struct dma_buf *dmabuf, struct vm_area_struct *vma)
{
	if (!(vma->vm_flags & VM_SHARED))
		return -EINVAL;
	vma->vm_ops = &vm_ops;
	vma->vm_private_data = dmabuf->priv;
	gb_compat_vma_add_flags(vma, VM_DONTEXPAND | VM_DONTDUMP);
	gb_count(GB_COUNT_maps);
	return 0;
}

static int map_kernel(struct dma_buf *dmabuf, struct iosys_map *map)
{
	struct gb_buffer *buffer = dmabuf->priv;
	size_t i, n = buffer->granules * GB_GRANULE_PAGES;
	struct page **pages;
	void *address;

	if (n > UINT_MAX)
		return -EFBIG;
	pages = kvmalloc_array(n, sizeof(*pages), GFP_KERNEL);
	if (!pages)
		return -ENOMEM;
	for (i = 0; i < n; i++)
		pages[i] = gb_buffer_page(buffer, i);
	address = vmap(pages, n, VM_MAP, PAGE_KERNEL);
	kvfree(pages);
	if (!address)
		return -ENOMEM;
	iosys_map_set_vaddr(map, address);
	return 0;
}

static void unmap_kernel(struct dma_buf *dmabuf, struct iosys_map *map)
{
	vunmap(map->vaddr);
}

static void release(struct dma_buf *dmabuf)
{
	gb_buffer_destroy(dmabuf->priv);
}

static const struct dma_buf_ops dmabuf_ops = {
	.map_dma_buf = map_dma,
	.unmap_dma_buf = unmap_dma,
	.begin_cpu_access = begin_cpu_access,
	.end_cpu_access = end_cpu_access,
	.mmap = map_user,
	.vmap = map_kernel,
	.vunmap = unmap_kernel,
	.release = release,
};

/* The name in fdinfo, until the program gives another; missing is no harm. */
static void set_name(struct dma_buf *dmabuf, u64 id)
{
	char *name = kasprintf(GFP_KERNEL, "greenboost-%llu", id);

	spin_lock(&dmabuf->name_lock);
	dmabuf->name = name;
	spin_unlock(&dmabuf->name_lock);
}

struct dma_buf *gb_dmabuf_export(struct gb_buffer *buffer)
{
	DEFINE_DMA_BUF_EXPORT_INFO(info);
	struct dma_buf *dmabuf;

	info.ops = &dmabuf_ops;
	info.size = (size_t)buffer->granules * GREENBOOST_GRANULE_BYTES;
	info.flags = O_RDWR;
	info.priv = buffer;
	dmabuf = dma_buf_export(&info);
	if (IS_ERR(dmabuf)) {
		gb_buffer_destroy(buffer);
		return dmabuf;
	}
	set_name(dmabuf, buffer->id);
	return dmabuf;
}
