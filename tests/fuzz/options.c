/* SPDX-License-Identifier: GPL-2.0-only */
/* The command lines of all subcommands; words end with a zero byte. */
#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "arguments.h"
#include "doctor_flags.h"
#include "flags.h"
#include "fuzz.h"
#include "options.h"
#include "predict.h"
#include "report.h"
#include "status.h"
#include "top.h"

/* Paths that the tool keeps until it ends are no leaks of a parser. */
int __lsan_is_turned_off(void);
int __lsan_is_turned_off(void)
{
	return 1;
}

#define WORDS 64

#define SAMPLE(text)                                                           \
	{                                                                      \
		text, sizeof(text)                                             \
	}

static const struct {
	const char *text;
	size_t size;
} samples[] = {
	SAMPLE("run\0--vram\0006g\0--ram=1.5gib\0--threads\0008\0--\0cat\0-x"),
	SAMPLE("run\0--report=physical\0--log=debug\0--summary=s.json\0--record\0r\0ls"),
	SAMPLE("env\0--sim=h200\0--audit=on\0--enable\0off\0--verify=on\0--staging=64m"),
	SAMPLE("status\0--json\0--tsv\0--watch=0.5\0--runtime-dir\0/tmp\0--help"),
	SAMPLE("top\0--once\0--every\0001.5\0--pid=4711\0-h"),
	SAMPLE("report\0--output=-\0file\0--\0--other"),
	SAMPLE("predict\0--model=9g\0--active\0001g\0--vram=6g,4096m\0--chunk\0000\0--json"),
	SAMPLE("predict\0--bits=4\0--batch=1,32\0--prompt\000512\0--staging=off\0--program=graph"),
	SAMPLE("doctor\0--model=31.8g\0--active=3.0g\0--bits\0004.5\0--gpu=1\0--quick\0--json"),
};

size_t fuzz_sample(unsigned int number, uint8_t *data)
{
	if (number >= sizeof(samples) / sizeof(samples[0]))
		return 0;
	memcpy(data, samples[number].text, samples[number].size);
	return samples[number].size;
}

/* The words point into @text, which ends with a zero byte. */
static int split(char *text, size_t size, char **words)
{
	int count = 0;

	for (size_t at = 0; at < size && count < WORDS; at += strlen(text + at) + 1)
		words[count++] = text + at;
	words[count] = NULL;
	return count;
}

static void check_run(char **words)
{
	struct gb_arguments arguments;

	if (gb_arguments_parse(&arguments, words) || arguments.help)
		return;
	assert(arguments.command);
	for (size_t row = 0; row < GB_OPTION_ROWS; row++) {
		const struct gb_option *option = &gb_option_table[row];
		struct gb_options again;

		if (!arguments.given[row])
			continue;
		/* What was taken here is what the library will take. */
		gb_options_init(&again);
		assert(!gb_option_set(&again, option, arguments.given[row]));
	}
}

static void check_flags(const struct gb_flag *flags, char **words, int count)
{
	/* Room for what any of their requests is. */
	uint64_t request[128] = { 0 };
	int ret = gb_flags_parse(flags, request, words);

	assert(ret < count);
	assert(ret < 0 || !words[ret]);
}

static void check_doctor(char **words)
{
	struct gb_doctor_request request;

	if (gb_doctor_parse(&request, words) || request.help)
		return;
	assert(request.model.active <= request.model.bytes);
	assert(request.model.bits >= 0 && request.model.bits <= 64);
	assert(request.gpu < 1024);
}

static void be_quiet(void)
{
	static FILE *nowhere;

	if (nowhere)
		return;
	nowhere = fopen("/dev/null", "we");
	assert(nowhere);
	stderr = nowhere;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *text = malloc(size + 1), *words[WORDS + 1];
	int count;

	be_quiet();
	memcpy(text, data, size);
	text[size] = '\0';
	count = split(text, size, words);
	if (count && !strcmp(words[0], "status"))
		check_flags(gb_status_flags, words, count);
	else if (count && !strcmp(words[0], "top"))
		check_flags(gb_top_flags, words, count);
	else if (count && !strcmp(words[0], "report"))
		check_flags(gb_report_flags, words, count);
	else if (count && !strcmp(words[0], "predict"))
		check_flags(gb_predict_flags, words, count);
	else if (count && !strcmp(words[0], "doctor"))
		check_doctor(words);
	else if (count)
		check_run(words);
	free(text);
	return 0;
}
