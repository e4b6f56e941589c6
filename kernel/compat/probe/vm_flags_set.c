// SPDX-License-Identifier: GPL-2.0-only
/* A VMA's flags are changed through functions, not assigned. */
#include <linux/mm.h>

void probe(struct vm_area_struct *vma);
void probe(struct vm_area_struct *vma)
{
	vm_flags_set(vma, VM_DONTDUMP);
}
