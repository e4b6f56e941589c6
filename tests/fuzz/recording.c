/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Recordings, and the page made of them. What was read is written, and that is
 * read again and must be the same text: nothing is taken in that cannot be said.
 */
#include "recording.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "fuzz.h"
#include "report_page.h"

static const char *const samples[] = {
	"greenboost-recording 1\nend\n",
	("greenboost-recording 1\n"
	 "fields vram_total vram_budget vram_used ram_used moved_in moved_out link_rate refused\n"
	 "process 4711 68719476736 trainer\n"
	 "process 4712 - a second one\n"
	 "memory 10 25274793984 23415803904 0\n"
	 "memory 213 - - 10000\n"
	 "device 0 0 Test GPU\n"
	 "frame 0 12 1 000444::::??@@ 1000000 900000 5000 0 0 0 50000000000 0\n"
	 "frame 0 70 2 04:?@HHHJJ 1000000 900000 5000 800000000 4000000 700 50000000000 3\n"
	 "frame 0 500 4 - - - - - - - - -\n"
	 "allocation 0 0 32 12 0 0 32 0 0 0 0\n"
	 "allocation 0 33 64 7 0 1 20 43 0 0 0\n"
	 "device 1 15 Other GPU\n"
	 "frame 1 99 1 4444 1 2 3 4 5 6 0 0\n"
	 "end\n"),
	("greenboost-recording 1\nweather sunny\nfields moves novelty\n"
	 "process 1 1 x\ndevice 0 0 x\nframe 0 1 524288 ? 5 6\n"),
};

size_t fuzz_sample(unsigned int number, uint8_t *data)
{
	if (number >= sizeof(samples) / sizeof(samples[0]))
		return 0;
	memcpy(data, samples[number], strlen(samples[number]));
	return strlen(samples[number]);
}

static int read_text(struct gb_recording *recording, const void *text, size_t size)
{
	FILE *in = fmemopen((void *)text, size, "r");
	unsigned int line;
	int ret;

	assert(in);
	ret = gb_recording_read(recording, in, &line);
	assert(ret || line > 1);
	fclose(in);
	return ret;
}

static char *as_text(void (*put)(const struct gb_recording *recording, FILE *out),
		     const struct gb_recording *recording, size_t *size)
{
	char *text = NULL;
	FILE *out = open_memstream(&text, size);

	assert(out);
	put(recording, out);
	assert(!fclose(out));
	return text;
}

/* What is drawn has places: no NaN, no infinity. Text cannot hold a quote. */
static void check_paths(const char *page)
{
	while ((page = strstr(page, " d=\""))) {
		page += 4;
		page += strspn(page, "MHVLhvz0123456789.- ");
		assert(*page == '"');
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct gb_recording first, second;
	char *once, *again, *page;
	size_t length, other;

	if (!size)
		return 0;
	if (!read_text(&first, data, size)) {
		page = as_text(gb_report_write, &first, &length);
		check_paths(page);
		once = as_text(gb_recording_write, &first, &length);
		assert(!read_text(&second, once, length));
		again = as_text(gb_recording_write, &second, &other);
		assert(length == other && !memcmp(once, again, length));
		gb_recording_finish(&second);
		free(page);
		free(once);
		free(again);
	}
	gb_recording_finish(&first);
	return 0;
}
