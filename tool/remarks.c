/* SPDX-License-Identifier: GPL-2.0-only */
#include "remarks.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "options.h"
#include "page.h"
#include "tool.h"

/* Below this share of what such hardware gives, something is worth a look. */
#define LOW 0.8

void gb_remark(struct gb_remarks *remarks, const char *kind, const char *format, ...)
{
	struct gb_remark *remark = &remarks->remark[remarks->count];
	va_list arguments;

	if (remarks->count == GB_REMARKS_MAX)
		return;
	va_start(arguments, format);
	if (vasprintf(&remark->text, format, arguments) < 0)
		abort();
	va_end(arguments);
	remark->kind = kind;
	remarks->count++;
}

void gb_remarks_finish(struct gb_remarks *remarks)
{
	while (remarks->count)
		free(remarks->remark[--remarks->count].text);
}

void gb_remark_link(struct gb_remarks *remarks, unsigned int index,
		    const struct gb_link *link, bool has_worked)
{
	struct gb_link_form now = link->now, best = gb_link_best(link);
	struct gb_link_form card = link->card, slot = link->slot;

	if (!now.width)
		return;
	if (!has_worked)
		now.generation = best.generation ? best.generation : card.generation;
	if (now.generation < best.generation || now.width < best.width)
		gb_remark(remarks, "link-trained-down",
			  "The link of GPU %u is trained to PCIe %u.0 x%u, though card and slot can do %u.0 x%u: reseat the card, look at a riser, and at the slot's setting in the firmware.",
			  index, now.generation, now.width, best.generation,
			  best.width);
	else if (slot.width &&
		 (slot.generation < card.generation || slot.width < card.width))
		gb_remark(remarks, "slot-limits",
			  "GPU %u could do PCIe %u.0 x%u, but its slot is %u.0 x%u: another slot of the board may be better.",
			  index, card.generation, card.width, slot.generation,
			  slot.width);
	else if (!slot.width &&
		 (now.generation < card.generation || now.width < card.width))
		gb_remark(remarks, "link-below-card",
			  "The link of GPU %u runs at PCIe %u.0 x%u, and the card could do %u.0 x%u: either the slot is smaller, or the link is trained down.",
			  index, now.generation, now.width, card.generation,
			  card.width);
}

static void remark_copies(struct gb_remarks *remarks, const struct gb_rates *rates,
			  const struct gb_link *link, const struct gb_facts *facts)
{
	const char *source;
	double rate = gb_link_rate(link->now, &source);

	if (rate <= 0 || rates->up <= 0 || rates->up >= LOW * rate)
		return;
	gb_remark(remarks, "link-slow",
		  "Copies to the GPU reach %.1f GB/s, %.0f %% of the %.1f GB/s that PCIe %u.0 x%u gives (%s).%s%s",
		  rates->up / 1e9, 100 * rates->up / rate, rate / 1e9,
		  link->now.generation, link->now.width, source,
		  facts->nodes > 1 ? " The memory may have been on another NUMA node than the GPU: try under numactl."
				   : "",
		  " A switch or chipset between card and processor, other devices on it, and power saving are usual reasons.");
}

void gb_remark_rates(struct gb_remarks *remarks, const struct gb_rates *rates,
		     const struct gb_link *link, const struct gb_facts *facts)
{
	remark_copies(remarks, rates, link, facts);
	if (rates->direct > 0 && rates->direct < LOW * rates->up)
		gb_remark(remarks, "direct-slow",
			  "Kernels that read RAM themselves reach %.1f GB/s, %.0f %% of the copy engine: memory that is used whole is better staged, which GreenBoost does by itself.",
			  rates->direct / 1e9, 100 * rates->direct / rates->up);
	if (rates->ram > 0 && rates->ram < rates->up)
		gb_remark(remarks, "ram-slow",
			  "RAM gives %.1f GB/s, less than the link's %.1f: it is the limit here. One module where the board has two channels is a usual reason.",
			  rates->ram / 1e9, rates->up / 1e9);
	if (rates->disk_cached)
		gb_remark(remarks, "disk-cached",
			  "The filesystem does not let the page cache be passed by (O_DIRECT), so what was measured may be the cache and not the disk.");
}

static void remark_module(struct gb_remarks *remarks, const struct gb_facts *facts)
{
	if (facts->module == GB_MODULE_DENIED)
		gb_remark(remarks, "module-denied",
			  "The kernel module is loaded, but /dev/greenboost may not be opened by this user: overflow works without it; ask who runs this machine.");
	else if (facts->module == GB_MODULE_SILENT)
		gb_remark(remarks, "module-silent",
			  "The kernel module is loaded, but /dev/greenboost is not there%s.",
			  facts->container[0]
				  ? ": give it to the container (--device /dev/greenboost)"
				  : "");
}

static void remark_cgroup(struct gb_remarks *remarks, const struct gb_facts *facts)
{
	uint64_t limit = facts->cgroup_max < facts->cgroup_high
				 ? facts->cgroup_max
				 : facts->cgroup_high;
	char text[GB_SIZE_TEXT];

	if (limit == GB_UNKNOWN ||
	    (facts->memory.total != GB_UNKNOWN && limit >= facts->memory.total))
		return;
	gb_remark(remarks, "cgroup-limit",
		  "This control group may use %s of RAM (%s), and pinned overflow counts: beyond it %s.",
		  gb_size_format(limit, text, sizeof(text)),
		  limit == facts->cgroup_max ? "memory.max" : "memory.high",
		  limit == facts->cgroup_max ? "the kernel ends programs"
					     : "everything crawls");
}

void gb_remark_facts(struct gb_remarks *remarks, const struct gb_facts *facts)
{
	remark_module(remarks, facts);
	remark_cgroup(remarks, facts);
	if (facts->wsl)
		gb_remark(remarks, "wsl",
			  "Under WSL the driver pins only a part of the RAM that Linux sees, in containers often 1 GiB or less; give --ram what a try has shown to work.");
	if (!strcmp(facts->thp, "never"))
		gb_remark(remarks, "no-huge-pages",
			  "Transparent huge pages are off (never), so RAM is pinned page by page: madvise is enough for GreenBoost (/sys/kernel/mm/transparent_hugepage/enabled).");
}
