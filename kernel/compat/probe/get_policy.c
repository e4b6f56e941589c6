// SPDX-License-Identifier: GPL-2.0-only
/* The get_policy operation of a VMA has a third parameter. */
#include <linux/mm.h>

static struct mempolicy *get_policy(struct vm_area_struct *vma,
				    unsigned long address, pgoff_t *index)
{
	return NULL;
}

extern const struct vm_operations_struct probe;
const struct vm_operations_struct probe = {
#ifdef CONFIG_NUMA
	.get_policy = get_policy,
#endif
};
