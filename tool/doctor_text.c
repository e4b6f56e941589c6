/* SPDX-License-Identifier: GPL-2.0-only */
/* The diagnosis for people: lines of a name and what there is to say. */
#include <string.h>

#include "doctor.h"
#include "flags.h"
#include "options.h"
#include "page.h"

#define SIZE(bytes)                                                            \
	gb_size_format(bytes, (char[GB_SIZE_TEXT]){ 0 }, GB_SIZE_TEXT)

/* Where what follows a name begins. */
#define COLUMN 16

static const char *size_or(uint64_t bytes, const char *unknown, char *text)
{
	return bytes == GB_UNKNOWN ? unknown
				   : gb_size_format(bytes, text, GB_SIZE_TEXT);
}

#define SIZE_OR(bytes, unknown)                                                \
	size_or(bytes, unknown, (char[GB_SIZE_TEXT]){ 0 })

static void put_name(const char *name, FILE *out)
{
	fprintf(out, "  %-*s", COLUMN - 2, name);
}

static void put_form(struct gb_link_form form, const char *unknown, FILE *out)
{
	if (form.width)
		fprintf(out, "%u.0 x%u", form.generation, form.width);
	else
		fputs(unknown, out);
}

static void put_link(const struct gb_link *link, FILE *out)
{
	put_name("Link", out);
	if (!link->now.width) {
		fputs("not known\n", out);
		return;
	}
	fputs("PCIe ", out);
	put_form(link->now, "?", out);
	fputs("; the card can do ", out);
	put_form(link->card, "?", out);
	fputs(", the slot ", out);
	put_form(link->slot, "?", out);
	fputc('\n', out);
}

static void put_gpu(const struct gb_diagnosis *d, unsigned int index, FILE *out)
{
	const struct gb_gpu *gpu = &d->gpu[index];
	char name[16];

	snprintf(name, sizeof(name), "GPU %u", index);
	put_name(name, out);
	fprintf(out, "%s, %s", gpu->card.name, SIZE(gpu->card.vram_total));
	if (index == d->index && d->vram_free != GB_UNKNOWN)
		fprintf(out, " (%s free)", SIZE(d->vram_free));
	if (gpu->card.bus_id[0])
		fprintf(out, ", %s", gpu->card.bus_id);
	fputc('\n', out);
	put_link(&gpu->link, out);
}

static void put_driver(const struct gb_diagnosis *d, FILE *out)
{
	put_name("Driver", out);
	if (!d->facts.driver[0] && !d->cuda.version)
		fputs("none", out);
	else
		fputs(d->facts.driver[0] ? d->facts.driver : "not known", out);
	if (d->cuda.version)
		fprintf(out, ", CUDA %d.%d", d->cuda.version / 1000,
			d->cuda.version % 1000 / 10);
	fputc('\n', out);
}

static const char *module_text(enum gb_module module)
{
	static const char *const text[] = {
		[GB_MODULE_ABSENT] = "not loaded; it is optional",
		[GB_MODULE_SILENT] = "loaded, but /dev/greenboost is not there",
		[GB_MODULE_DENIED] = "loaded, but /dev/greenboost may not be opened",
		[GB_MODULE_USABLE] = "loaded and usable",
	};

	return text[module];
}

static void put_machine(const struct gb_diagnosis *d, FILE *out)
{
	const struct gb_facts *facts = &d->facts;

	fputs("Machine\n", out);
	for (unsigned int i = 0; i < d->gpus; i++)
		put_gpu(d, i, out);
	if (!d->gpus) {
		put_name("GPU", out);
		fputs("none\n", out);
	}
	put_driver(d, out);
	put_name("Module", out);
	fprintf(out, "%s\n", module_text(facts->module));
	put_name("Kernel", out);
	fprintf(out, "%s%s%s%s\n", facts->kernel, facts->wsl ? ", WSL" : "",
		facts->container[0] ? ", in a container: " : "", facts->container);
	put_name("RAM", out);
	fprintf(out, "%s, %s available; swap %s; %u cores, %u NUMA node%s\n",
		SIZE_OR(facts->memory.total, "?"),
		SIZE_OR(facts->memory.available, "?"),
		SIZE_OR(facts->swap_total, "?"), facts->cores, facts->nodes,
		facts->nodes == 1 ? "" : "s");
	put_name("Limits", out);
	fprintf(out, "locked memory %s; control group: max %s, high %s\n",
		SIZE_OR(facts->memlock, "unlimited"),
		SIZE_OR(facts->cgroup_max, "none"),
		SIZE_OR(facts->cgroup_high, "none"));
	put_name("Huge pages", out);
	fprintf(out, "%s\n", facts->thp[0] ? facts->thp : "not known");
}

static void put_rate(const char *name, double rate, const char *what, FILE *out)
{
	put_name(name, out);
	if (rate > 0)
		fprintf(out, "%9.1f GB/s  %s\n", rate / 1e9, what);
	else
		fprintf(out, "%9s       %s\n", "?", what);
}

static void put_expected(const struct gb_diagnosis *d, FILE *out)
{
	const char *source;
	double rate =
		d->gpus ? gb_link_rate(d->gpu[d->index].link.now, &source) : 0;

	if (rate <= 0)
		return;
	put_name("such a link", out);
	fprintf(out, "%9.1f GB/s  %s\n", rate / 1e9, source);
}

static void put_rates(const struct gb_diagnosis *d, FILE *out)
{
	const struct gb_rates *rates = &d->rates;

	fputs("\nMeasured\n", out);
	if (d->gpus) {
		put_rate("RAM to GPU", rates->up, "copy engine, pinned RAM", out);
		put_rate("GPU to RAM", rates->down, "the same, the other way", out);
		put_expected(d, out);
		put_rate("zero-copy", rates->direct,
			 "a kernel reading pinned RAM", out);
		put_rate("VRAM", rates->vram, "a kernel reading VRAM", out);
		put_rate("pinning", rates->pin,
			 "of touched memory, small pages", out);
		put_rate("", rates->pin_huge, "the same, huge pages", out);
	}
	if (!d->simulated)
		put_rate("RAM", rates->ram, "all cores reading", out);
	if (d->disk_folder)
		put_rate("disk", rates->disk,
			 rates->disk_cached ? "reading, perhaps from the page cache"
					    : "reading past the page cache",
			 out);
}

static void put_remarks(const struct gb_remarks *remarks, FILE *out)
{
	for (unsigned int i = 0; i < remarks->count; i++) {
		fputs("  - ", out);
		gb_wrapped_print(remarks->remark[i].text, 4, out);
	}
}

static void put_all_remarks(const struct gb_diagnosis *d, FILE *out)
{
	unsigned int count = d->remarks.count;

	for (unsigned int i = 0; i < d->gpus; i++)
		count += d->gpu[i].remarks.count;
	fputs("\nRemarks\n", out);
	for (unsigned int i = 0; i < d->gpus; i++)
		put_remarks(&d->gpu[i].remarks, out);
	put_remarks(&d->remarks, out);
	if (!count &&
	    (d->no_gpu || d->gpu_failure || d->ram_failure || d->disk_failure))
		fputs("  none of what could be measured\n", out);
	else if (!count)
		fputs("  none: nothing is out of order\n", out);
}

static void put_tokens(const char *name, double rate, const char *what, FILE *out)
{
	if (rate <= 0)
		return;
	put_name(name, out);
	fprintf(out, rate < 10 ? "%9.2f tokens/s  %s\n" : "%9.0f tokens/s  %s\n",
		rate, what);
}

static void put_places(const struct gb_diagnosis *d, FILE *out)
{
	const struct gb_advice *advice = &d->advice;

	fprintf(out, "\nA model of %s", SIZE(d->model.bytes));
	if (!advice->is_dense)
		fprintf(out, ", %s of it for each token", SIZE(d->model.active));
	fputc('\n', out);
	put_name("in VRAM", out);
	fprintf(out, "%s\n", SIZE(advice->vram));
	if (advice->ram) {
		put_name("in RAM", out);
		fprintf(out, "%s\n", SIZE(advice->ram));
	}
	if (advice->disk) {
		put_name("on disk", out);
		fprintf(out, "%s\n", SIZE(advice->disk));
	}
	if (advice->missing) {
		put_name("nowhere", out);
		fprintf(out, "%s\n", SIZE(advice->missing));
	}
	put_name("", out);
	fprintf(out, "of %s of VRAM, %s are for the KV cache",
		SIZE(d->tiers.vram), SIZE(d->model.kv));
	if (advice->staging)
		fprintf(out, ", %s for staging", SIZE(advice->staging));
	fputc('\n', out);
}

static void put_advice(const struct gb_diagnosis *d, FILE *out)
{
	const struct gb_advice *advice = &d->advice;

	put_places(d, out);
	put_tokens("decoding", advice->decode,
		   "at most, for one user, as GreenBoost runs it", out);
	put_tokens("", advice->decode_offload,
		   "at most, with the CPU computing what lies in RAM", out);
	if (advice->verdict != GB_VERDICT_PLAIN)
		put_tokens("", advice->decode_all_vram,
			   "at most, if all of it lay in VRAM", out);
	for (unsigned int i = 0; i < GB_ADVICE_PROMPTS; i++) {
		char name[16];

		snprintf(name, sizeof(name), "prompt %u", gb_advice_prompt[i]);
		put_tokens(name, advice->prefill[i],
			   "by the link; the GPU's arithmetic may be slower", out);
	}
	fputs("\nAdvice\n", out);
	put_remarks(&d->advice_remarks, out);
}

void gb_doctor_print_text(const struct gb_diagnosis *d, FILE *out)
{
	put_machine(d, out);
	put_rates(d, out);
	put_all_remarks(d, out);
	if (d->has_model)
		put_advice(d, out);
	else if (d->gpus && !d->gpu_failure)
		fputs("\nWhat a model will reach here: greenboost doctor --model SIZE\n",
		      out);
}
