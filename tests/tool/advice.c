/* SPDX-License-Identifier: GPL-2.0-only */
/* Advice on models, by table: machines of round figures, so that each answer
 * can be worked out by hand. */
#include "test.h"

#include "advice.h"
#include "remarks.h"

#define GIB	  (UINT64_C(1) << 30)
#define MIB	  (UINT64_C(1) << 20)
#define PER_S(gb) ((gb)*1e9)

/* 16 GiB of VRAM that may be filled: 1 GiB is staging's when something overflows. */
static const struct gb_tiers desktop = { 16 * GIB, 32 * GIB, 48 * GIB, 0 };
static const struct gb_tiers with_disk = { 16 * GIB, 32 * GIB, 48 * GIB, 500 * GIB };

static const struct gb_rates gen4 = {
	.up = PER_S(25), .direct = PER_S(12), .vram = PER_S(900), .ram = PER_S(45)
};
/* Eight channels beside a link of the fourth generation. */
static const struct gb_rates server = {
	.up = PER_S(25), .direct = PER_S(20), .vram = PER_S(900), .ram = PER_S(140)
};
static const struct gb_rates disk = { .up = PER_S(25),
				      .direct = PER_S(12),
				      .vram = PER_S(900),
				      .ram = PER_S(45),
				      .disk = PER_S(5) };
static const struct gb_rates nothing_known;

static const struct row {
	const char *name;
	const struct gb_rates *rates;
	const struct gb_tiers *tiers;
	struct gb_model model;
	enum gb_verdict verdict;
	uint64_t vram, ram, disk, missing;
	bool more_ram;
} rows[] = {
	{ "fits",
	  &gen4,
	  &desktop,
	  { 14 * GIB, 14 * GIB, GIB, 0 },
	  GB_VERDICT_PLAIN,
	  14 * GIB,
	  0,
	  0,
	  0,
	  false },
	{ "fits to the byte: staging takes nothing then",
	  &gen4,
	  &desktop,
	  { 15 * GIB, 15 * GIB, GIB, 0 },
	  GB_VERDICT_PLAIN,
	  15 * GIB,
	  0,
	  0,
	  0,
	  false },
	{ "a byte too many",
	  &gen4,
	  &desktop,
	  { 15 * GIB + 1, 15 * GIB + 1, GIB, 0 },
	  GB_VERDICT_OVERFLOW,
	  14 * GIB,
	  GIB + 1,
	  0,
	  0,
	  false },
	{ "dense, overflows",
	  &gen4,
	  &desktop,
	  { 30 * GIB, 30 * GIB, GIB, 0 },
	  GB_VERDICT_OVERFLOW,
	  14 * GIB,
	  16 * GIB,
	  0,
	  0,
	  false },
	{ "experts, overflows: RAM is more than twice as fast as zero-copy",
	  &gen4,
	  &desktop,
	  { 30 * GIB, 3 * GIB, GIB, 0 },
	  GB_VERDICT_OFFLOAD,
	  14 * GIB,
	  16 * GIB,
	  0,
	  0,
	  false },
	{ "RAM far above the link",
	  &server,
	  &desktop,
	  { 30 * GIB, 30 * GIB, GIB, 0 },
	  GB_VERDICT_OFFLOAD,
	  14 * GIB,
	  16 * GIB,
	  0,
	  0,
	  false },
	{ "RAM far above the link, but it fits",
	  &server,
	  &desktop,
	  { 3 * GIB, 3 * GIB, GIB, 0 },
	  GB_VERDICT_PLAIN,
	  3 * GIB,
	  0,
	  0,
	  0,
	  false },
	{ "needs more RAM than is taken unasked",
	  &gen4,
	  &desktop,
	  { 60 * GIB, 60 * GIB, GIB, 0 },
	  GB_VERDICT_OVERFLOW,
	  14 * GIB,
	  46 * GIB,
	  0,
	  0,
	  true },
	{ "no place",
	  &gen4,
	  &desktop,
	  { 63 * GIB, 63 * GIB, GIB, 0 },
	  GB_VERDICT_NOTHING,
	  14 * GIB,
	  48 * GIB,
	  0,
	  GIB,
	  true },
	{ "the same with a disk",
	  &disk,
	  &with_disk,
	  { 63 * GIB, 63 * GIB, GIB, 0 },
	  GB_VERDICT_DISK,
	  14 * GIB,
	  48 * GIB,
	  GIB,
	  0,
	  true },
	{ "too large for the disk",
	  &disk,
	  &with_disk,
	  { 600 * GIB, 600 * GIB, GIB, 0 },
	  GB_VERDICT_NOTHING,
	  14 * GIB,
	  48 * GIB,
	  500 * GIB,
	  38 * GIB,
	  true },
	{ "a KV cache that fills VRAM",
	  &gen4,
	  &desktop,
	  { 8 * GIB, 8 * GIB, 20 * GIB, 0 },
	  GB_VERDICT_OVERFLOW,
	  0,
	  8 * GIB,
	  0,
	  0,
	  false },
	{ "nothing measured",
	  &nothing_known,
	  &desktop,
	  { 30 * GIB, 30 * GIB, GIB, 0 },
	  GB_VERDICT_OVERFLOW,
	  14 * GIB,
	  16 * GIB,
	  0,
	  0,
	  false },
	{ "a model of one byte",
	  &gen4,
	  &desktop,
	  { 1, 1, 0, 0 },
	  GB_VERDICT_PLAIN,
	  1,
	  0,
	  0,
	  0,
	  false },
};

static struct gb_advice advice_of(const struct row *row)
{
	struct gb_advice advice;

	gb_advise(&advice, row->rates, &row->model, row->tiers);
	return advice;
}

static void test_where_it_lies_and_what_to_do(void **state)
{
	for (size_t i = 0; i < COUNT(rows); i++) {
		const struct row *row = &rows[i];
		struct gb_advice advice = advice_of(row);

		print_message("%s\n", row->name);
		assert_string_equal(gb_verdict_name(advice.verdict),
				    gb_verdict_name(row->verdict));
		assert_int_equal(advice.vram, row->vram);
		assert_int_equal(advice.ram, row->ram);
		assert_int_equal(advice.disk, row->disk);
		assert_int_equal(advice.missing, row->missing);
		assert_int_equal(advice.more_ram, row->more_ram);
		assert_int_equal(advice.vram + advice.ram + advice.disk +
					 advice.missing,
				 row->model.bytes);
	}
}

static void assert_near(double value, double wanted)
{
	if (wanted == 0 ? value != 0
			: value / wanted < 0.999 || value / wanted > 1.001)
		fail_msg("%g and not %g", value, wanted);
}

static struct gb_advice advise(const struct gb_rates *rates, uint64_t bytes,
			       uint64_t active, const struct gb_tiers *tiers)
{
	struct gb_model model = { bytes, active, GIB, 0 };
	struct gb_advice advice;

	gb_advise(&advice, rates, &model, tiers);
	return advice;
}

static void test_dense_is_bound_by_the_slower_of_link_and_vram(void **state)
{
	struct gb_advice advice = advise(&gen4, 30 * GIB, 30 * GIB, &desktop);

	assert_near(advice.decode, 25e9 / (16.0 * GIB));
	assert_near(advice.decode_all_vram, 900e9 / (30.0 * GIB));
	assert_near(advice.decode_offload,
		    1 / (14.0 * GIB / 900e9 + 16.0 * GIB / 45e9));
	/* So little overflows that VRAM is the bound. */
	advice = advise(&gen4, 15 * GIB + 1, 15 * GIB + 1, &desktop);
	assert_near(advice.decode, 25e9 / (1.0 * GIB));
	advice = advise(&(struct gb_rates){ .up = 25e9, .vram = 100e9 },
			15 * GIB + 1, 15 * GIB + 1, &desktop);
	assert_near(advice.decode, 100e9 / (15.0 * GIB));
}

static void test_experts_are_read_one_after_the_other(void **state)
{
	struct gb_advice advice = advise(&gen4, 30 * GIB, 3 * GIB, &desktop);

	assert_near(advice.decode, 1 / (1.4 * GIB / 900e9 + 1.6 * GIB / 12e9));
}

static void test_a_prompt_needs_all_weights_once(void **state)
{
	for (uint64_t active = 3 * GIB; active <= 30 * GIB; active += 27 * GIB) {
		struct gb_advice advice = advise(&gen4, 30 * GIB, active, &desktop);

		assert_near(advice.prefill[0], 512 * 25e9 / (16.0 * GIB));
		assert_near(advice.prefill[2], 8192 * 25e9 / (16.0 * GIB));
	}
}

static void test_the_measured_llama(void **state)
{
	/* docs/measurements.md: 8.34 GB in RAM, "the link alone would allow". */
	struct gb_rates h200 = { .up = PER_S(55.3), .vram = PER_S(4500) };
	struct gb_model llama = { 15000000000, 15000000000, 0, 16 };
	struct gb_tiers tiers = { 7104000000, 64 * GIB, 64 * GIB, 0 };
	struct gb_advice advice;

	gb_advise(&advice, &h200, &llama, &tiers);
	assert_true(advice.ram > 8330000000 && advice.ram < 8350000000);
	assert_true(advice.decode > 6.5 && advice.decode < 6.7);
	assert_true(advice.prefill[0] > 3350 && advice.prefill[0] < 3430);
	assert_true(advice.prefill[1] > 13400 && advice.prefill[1] < 13650);
}

static void test_a_disk_is_the_bound_where_it_is_the_slowest(void **state)
{
	struct gb_advice advice = advise(&disk, 112 * GIB, 112 * GIB, &with_disk);

	assert_int_equal(advice.disk, 50 * GIB);
	assert_near(advice.decode, 5e9 / (50.0 * GIB));
	assert_near(advice.prefill[1], 2048 * 5e9 / (50.0 * GIB));
	assert_near(advice.decode_offload, 0);
}

static void test_slow_ram_is_the_bound_of_a_fast_link(void **state)
{
	struct gb_rates slow = { .up = PER_S(55),
				 .vram = PER_S(4500),
				 .ram = PER_S(20) };
	struct gb_advice advice = advise(&slow, 30 * GIB, 30 * GIB, &desktop);

	assert_near(advice.decode, 20e9 / (16.0 * GIB));
}

static void test_what_is_not_known_is_not_told(void **state)
{
	struct gb_advice advice =
		advise(&nothing_known, 30 * GIB, 30 * GIB, &desktop);

	assert_near(advice.decode, 0);
	assert_near(advice.decode_offload, 0);
	assert_near(advice.decode_all_vram, 0);
	assert_near(advice.prefill[0], 0);
	/* There is no place for it, so there is no rate either. */
	advice = advise(&gen4, 900 * GIB, 900 * GIB, &desktop);
	assert_near(advice.decode, 0);
	assert_near(advice.prefill[0], 0);
}

static void test_the_file_that_would_fit(void **state)
{
	struct gb_model model = { 30 * GIB, 30 * GIB, GIB, 8 };
	struct gb_advice advice;

	gb_advise(&advice, &gen4, &model, &desktop);
	assert_int_equal(advice.fitting, 15 * GIB);
	assert_near(advice.fitting_share, 0.5);
	assert_near(advice.fitting_bits, 4);
	model.bits = 0;
	gb_advise(&advice, &gen4, &model, &desktop);
	assert_near(advice.fitting_bits, 0);
}

static void test_staging_is_what_the_library_takes(void **state)
{
	static const struct {
		uint64_t vram, staging;
	} sizes[] = {
		{ 2 * GIB, 256 * MIB },
		{ 8 * GIB, 512 * MIB },
		{ 24 * GIB, 1536 * MIB },
		{ 140 * GIB, 2048 * MIB },
	};

	for (size_t i = 0; i < COUNT(sizes); i++) {
		struct gb_tiers tiers = { sizes[i].vram, 900 * GIB, 900 * GIB, 0 };

		assert_int_equal(advise(&gen4, 500 * GIB, GIB, &tiers).staging,
				 sizes[i].staging);
	}
}

static void test_rates_fall_as_models_grow(void **state)
{
	double before = 1e9;

	for (uint64_t bytes = GIB; bytes <= 500 * GIB; bytes += GIB) {
		struct gb_advice advice = advise(&disk, bytes, bytes, &with_disk);

		assert_true(advice.decode > 0 && advice.decode <= before);
		before = advice.decode;
	}
}

static bool has(const struct gb_remarks *remarks, const char *kind, const char *text)
{
	for (unsigned int i = 0; i < remarks->count; i++) {
		if (!strcmp(remarks->remark[i].kind, kind))
			return strstr(remarks->remark[i].text, text) != NULL;
	}
	return false;
}

static void test_sentences(void **state)
{
	static const struct {
		uint64_t bytes, active, kv;
		double bits;
		const struct gb_rates *rates;
		const char *kind, *text;
	} sentences[] = {
		{ 14 * GIB, 14 * GIB, GIB, 0, &gen4, "plain", "plain CUDA suffices" },
		{ 30 * GIB, 30 * GIB, GIB, 0, &gen4, "overflow", "16.00 GiB in RAM" },
		{ 30 * GIB, 30 * GIB, GIB, 0, &server, "offload",
		  "140.0 GB/s, the GPU gets 25.0" },
		{ 63 * GIB, 63 * GIB, GIB, 0, &gen4, "nothing",
		  "1.00 GiB are missing" },
		{ 60 * GIB, 60 * GIB, GIB, 0, &gen4, "more-ram", "--ram 47105m" },
		{ 30 * GIB, 30 * GIB, GIB, 8, &gen4, "smaller-quantisation",
		  "4.0 bits a weight or less (a file of up to 15.00 GiB)" },
		{ 30 * GIB, 30 * GIB, GIB, 0, &gen4, "smaller-quantisation", "50 %" },
		{ 30 * GIB, 30 * GIB, GIB, 4.5, &gen4, "smaller-model", "2.2 bits" },
		{ 60 * GIB, 60 * GIB, GIB, 0, &gen4, "smaller-model", "--bits" },
		{ 30 * GIB, 3 * GIB, GIB, 0, &gen4, "experts", "as often" },
		{ 8 * GIB, 8 * GIB, 20 * GIB, 0, &gen4, "no-room-for-kv",
		  "shorter context" },
	};

	for (size_t i = 0; i < COUNT(sentences); i++) {
		struct gb_model model = { sentences[i].bytes, sentences[i].active,
					  sentences[i].kv, sentences[i].bits };
		struct gb_remarks remarks = { 0 };
		struct gb_advice advice;

		gb_advise(&advice, sentences[i].rates, &model, &desktop);
		gb_remark_advice(&remarks, &advice, sentences[i].rates, &model,
				 &desktop);
		print_message("%s: %s\n", sentences[i].kind, remarks.remark[0].text);
		assert_true(has(&remarks, sentences[i].kind, sentences[i].text));
		/* What fits needs nothing smaller. */
		assert_true(advice.verdict != GB_VERDICT_PLAIN ||
			    remarks.count == 1);
		gb_remarks_finish(&remarks);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_where_it_lies_and_what_to_do),
		cmocka_unit_test(test_dense_is_bound_by_the_slower_of_link_and_vram),
		cmocka_unit_test(test_experts_are_read_one_after_the_other),
		cmocka_unit_test(test_a_prompt_needs_all_weights_once),
		cmocka_unit_test(test_the_measured_llama),
		cmocka_unit_test(test_a_disk_is_the_bound_where_it_is_the_slowest),
		cmocka_unit_test(test_slow_ram_is_the_bound_of_a_fast_link),
		cmocka_unit_test(test_what_is_not_known_is_not_told),
		cmocka_unit_test(test_the_file_that_would_fit),
		cmocka_unit_test(test_staging_is_what_the_library_takes),
		cmocka_unit_test(test_rates_fall_as_models_grow),
		cmocka_unit_test(test_sentences),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
