/* SPDX-License-Identifier: GPL-2.0-only */
/* The diagnosis for programs; greenboost-doctor(1) specifies it. */
#include <inttypes.h>

#include "doctor.h"
#include "export.h"
#include "page.h"

static void put_text(const char *text, FILE *out)
{
	if (text && *text)
		gb_export_json_text(text, out);
	else
		fputs("null", out);
}

/* The member @name, with a comma before it. */
static void put_named_text(const char *name, const char *text, FILE *out)
{
	fprintf(out, ", \"%s\": ", name);
	put_text(text, out);
}

static void put_bytes(const char *name, uint64_t bytes, FILE *out)
{
	if (bytes == GB_UNKNOWN)
		fprintf(out, ", \"%s\": null", name);
	else
		fprintf(out, ", \"%s\": %" PRIu64, name, bytes);
}

static void put_number(const char *name, double value, int decimals, FILE *out)
{
	if (value > 0)
		fprintf(out, ", \"%s\": %.*f", name, decimals, value);
	else
		fprintf(out, ", \"%s\": null", name);
}

static void put_rate(const char *name, double rate, FILE *out)
{
	put_number(name, rate, 0, out);
}

static void put_tokens(const char *name, double rate, FILE *out)
{
	put_number(name, rate, 3, out);
}

static void put_machine(const struct gb_diagnosis *d, FILE *out)
{
	const struct gb_facts *facts = &d->facts;
	char cuda[24] = "";

	if (d->cuda.version)
		snprintf(cuda, sizeof(cuda), "%d.%d", d->cuda.version / 1000,
			 d->cuda.version % 1000 / 10);
	fputs("  \"machine\": {\"kernel\": ", out);
	put_text(facts->kernel, out);
	put_named_text("driver", facts->driver, out);
	put_named_text("cuda", cuda, out);
	put_named_text("module", gb_module_name(facts->module), out);
	put_named_text("container", facts->container, out);
	fprintf(out, ", \"wsl\": %s", facts->wsl ? "true" : "false");
	fprintf(out, ", \"cores\": %u, \"numa_nodes\": %u", facts->cores,
		facts->nodes);
	put_bytes("ram_total", facts->memory.total, out);
	put_bytes("ram_available", facts->memory.available, out);
	put_bytes("swap_total", facts->swap_total, out);
	put_bytes("swap_free", facts->swap_free, out);
	put_bytes("memlock", facts->memlock, out);
	put_bytes("cgroup_max", facts->cgroup_max, out);
	put_bytes("cgroup_high", facts->cgroup_high, out);
	put_named_text("huge_pages", facts->thp, out);
	fputs("},\n", out);
}

static void put_form(const char *name, struct gb_link_form form, FILE *out)
{
	if (form.width)
		fprintf(out, ", \"%s\": {\"generation\": %u, \"width\": %u}",
			name, form.generation, form.width);
	else
		fprintf(out, ", \"%s\": null", name);
}

static void put_gpu(const struct gb_gpu *gpu, unsigned int index, FILE *out)
{
	char capability[24];

	snprintf(capability, sizeof(capability), "%u.%u",
		 gpu->card.capability[0], gpu->card.capability[1]);
	fprintf(out, "%s\n    {\"index\": %u", index ? "," : "", index);
	put_named_text("name", gpu->card.name, out);
	put_named_text("bus_id", gpu->card.bus_id, out);
	put_named_text("compute_capability", capability, out);
	put_bytes("vram_total", gpu->card.vram_total, out);
	put_form("link", gpu->link.now, out);
	put_form("link_of_card", gpu->link.card, out);
	put_form("link_of_slot", gpu->link.slot, out);
	put_bytes("numa_node",
		  gpu->link.node < 0 ? GB_UNKNOWN : (uint64_t)gpu->link.node, out);
	fputc('}', out);
}

static void put_measured(const struct gb_diagnosis *d, FILE *out)
{
	const struct gb_rates *rates = &d->rates;
	const char *source = NULL;
	double link =
		d->gpus ? gb_link_rate(d->gpu[d->index].link.now, &source) : 0;

	fputs("  \"measured\": {\"gpu\": ", out);
	if (d->gpus && !d->gpu_failure)
		fprintf(out, "%u", d->index);
	else
		fputs("null", out);
	fprintf(out, ", \"simulated\": %s", d->simulated ? "true" : "false");
	put_bytes("vram_free", d->vram_free, out);
	put_rate("copy_to_gpu", rates->up, out);
	put_rate("copy_from_gpu", rates->down, out);
	put_rate("zero_copy_read", rates->direct, out);
	put_rate("vram_read", rates->vram, out);
	put_rate("pin_small_pages", rates->pin, out);
	put_rate("pin_huge_pages", rates->pin_huge, out);
	put_rate("ram_read", rates->ram, out);
	put_rate("disk_read", rates->disk, out);
	fprintf(out, ", \"disk_cached\": %s",
		rates->disk <= 0     ? "null"
		: rates->disk_cached ? "true"
				     : "false");
	put_rate("link_expected", link, out);
	put_named_text("link_expected_source", link > 0 ? source : NULL, out);
	fputs("},\n", out);
}

/* Returns whether it has written any; @first is whether none was before. */
static bool put_remarks(const struct gb_remarks *remarks, bool first, FILE *out)
{
	for (unsigned int i = 0; i < remarks->count; i++) {
		fprintf(out, "%s\n    {\"kind\": \"%s\"", first ? "" : ",",
			remarks->remark[i].kind);
		put_named_text("text", remarks->remark[i].text, out);
		fputc('}', out);
		first = false;
	}
	return first;
}

static void put_advice(const struct gb_diagnosis *d, FILE *out)
{
	const struct gb_advice *advice = &d->advice;

	fprintf(out, "{\"verdict\": \"%s\"", gb_verdict_name(advice->verdict));
	put_bytes("model", d->model.bytes, out);
	put_bytes("active", d->model.active, out);
	put_bytes("kv", d->model.kv, out);
	put_bytes("vram_limit", d->tiers.vram, out);
	put_bytes("ram_limit",
		  advice->more_ram ? d->tiers.ram_most : d->tiers.ram, out);
	put_bytes("in_vram", advice->vram, out);
	put_bytes("in_ram", advice->ram, out);
	put_bytes("on_disk", advice->disk, out);
	put_bytes("missing", advice->missing, out);
	put_bytes("staging", advice->staging, out);
	put_tokens("decode", advice->decode, out);
	put_tokens("decode_offload", advice->decode_offload, out);
	put_tokens("decode_all_vram", advice->decode_all_vram, out);
	fputs(", \"prefill\": [", out);
	for (unsigned int i = 0; i < GB_ADVICE_PROMPTS; i++) {
		fprintf(out, "%s{\"prompt\": %u", i ? ", " : "",
			gb_advice_prompt[i]);
		put_tokens("rate", advice->prefill[i], out);
		fputc('}', out);
	}
	fputc(']', out);
	put_bytes("fitting", advice->fitting, out);
	put_number("fitting_bits", advice->fitting_bits, 2, out);
	fputs(", \"remarks\": [", out);
	put_remarks(&d->advice_remarks, true, out);
	fputs("]}", out);
}

void gb_doctor_print_json(const struct gb_diagnosis *d, FILE *out)
{
	bool first = true;

	fprintf(out, "{\n  \"version\": %d,\n", GB_DOCTOR_VERSION);
	put_machine(d, out);
	fputs("  \"gpus\": [", out);
	for (unsigned int i = 0; i < d->gpus; i++)
		put_gpu(&d->gpu[i], i, out);
	fputs("],\n", out);
	put_measured(d, out);
	fputs("  \"remarks\": [", out);
	for (unsigned int i = 0; i < d->gpus; i++)
		first = put_remarks(&d->gpu[i].remarks, first, out);
	put_remarks(&d->remarks, first, out);
	fputs("],\n  \"advice\": ", out);
	if (d->has_model)
		put_advice(d, out);
	else
		fputs("null", out);
	fputs("\n}\n", out);
}
