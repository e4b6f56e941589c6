/* SPDX-License-Identifier: GPL-2.0-only */
/* Recordings: what is written is what is read; what is damaged is refused. */
#include "recording.h"

#include <stdio.h>
#include <unistd.h>

#include "page.h"
#include "recorder.h"
#include "test.h"

static int read_text(struct gb_recording *recording, const char *text,
		     size_t size, unsigned int *line)
{
	FILE *in = fmemopen((void *)text, size, "r");
	int ret;

	assert_non_null(in);
	ret = gb_recording_read(recording, in, line);
	fclose(in);
	return ret;
}

/* The result of reading @text, which is a recording's lines behind its first. */
static int result(const char *text, unsigned int *line)
{
	struct gb_recording recording;
	char whole[16384];
	int ret;

	snprintf(whole, sizeof(whole), "greenboost-recording 1\n%s", text);
	ret = read_text(&recording, whole, strlen(whole), line);
	gb_recording_finish(&recording);
	return ret;
}

static struct gb_recording *make_recording(void)
{
	struct gb_recording *made = calloc(1, sizeof(*made));
	struct gb_recorded_device *device = &made->device[0];

	made->processes = made->devices = made->moments = 1;
	made->process[0] =
		(struct gb_recorded_process){ 4711, GB_UNKNOWN, "a b <c>" };
	made->moment = calloc(1, sizeof(*made->moment));
	made->moment[0] = (struct gb_moment){ 5, 1 << 30, GB_UNKNOWN, 1234 };
	*device = (struct gb_recorded_device){ .index = 3, .name = "Test GPU" };
	device->frames = 2;
	device->frame = calloc(2, sizeof(*device->frame));
	for (unsigned int i = 0; i < 2; i++) {
		device->frame[i].ms = 10 + i;
		device->frame[i].scale = 4;
		device->frame[i].cells = i * GB_RECORDING_CELLS;
		for (unsigned int c = 0; c < device->frame[i].cells; c++)
			device->frame[i].cell[c] =
				(uint8_t)(c % (GB_MAP_SHADES * GB_MAP_TIERS));
		for (unsigned int f = 0; f < GB_RECORDED; f++)
			device->frame[i].value[f] = f ? f * 1000 + i : GB_UNKNOWN;
	}
	device->largest_count = 1;
	device->largest[0] = (struct gb_map_allocation){ 7, 9, { 0, 1, 2, 6 }, 15 };
	return made;
}

static char *write_text(const struct gb_recording *recording, size_t *size)
{
	char *text = NULL;
	FILE *out = open_memstream(&text, size);

	gb_recording_write(recording, out);
	fclose(out);
	return text;
}

static void what_is_written_is_read(void **state)
{
	struct gb_recording *made = make_recording(), read;
	const struct gb_recorded_device *device = &read.device[0];
	unsigned int line;
	size_t size;
	char *text = write_text(made, &size);

	assert_int_equal(read_text(&read, text, size, &line), 0);
	assert_true(read.complete);
	assert_int_equal(read.processes, 1);
	assert_int_equal(read.process[0].pid, 4711);
	assert_true(read.process[0].ram_budget == GB_UNKNOWN);
	assert_string_equal(read.process[0].command, "a b <c>");
	assert_int_equal(read.devices, 1);
	assert_int_equal(device->index, 3);
	assert_string_equal(device->name, "Test GPU");
	assert_int_equal(device->frames, 2);
	assert_memory_equal(device->frame, made->device[0].frame,
			    2 * sizeof(*device->frame));
	assert_int_equal(device->largest_count, 1);
	assert_memory_equal(device->largest, made->device[0].largest,
			    sizeof(device->largest[0]));
	assert_int_equal(read.moments, 1);
	assert_int_equal(read.moment[0].pressure, 1234);
	assert_true(read.moment[0].available == GB_UNKNOWN);
	gb_recording_finish(&read);
	gb_recording_finish(made);
	free(made);
	free(text);
}

static void a_recording_that_breaks_off_is_read_up_to_there(void **state)
{
	struct gb_recording *made = make_recording(), read;
	unsigned int line;
	size_t size;
	char *text = write_text(made, &size);

	/* Behind its first line, wherever that is. */
	for (size_t cut = 23; cut < size; cut++) {
		assert_int_equal(read_text(&read, text, cut, &line), 0);
		assert_false(read.complete);
		gb_recording_finish(&read);
	}
	gb_recording_finish(made);
	free(made);
	free(text);
}

static void what_is_no_recording_is_refused(void **state)
{
	struct gb_recording read;
	unsigned int line;
	static const struct {
		const char *text;
		int error;
	} cases[] = {
		{ "\n", -EPROTO },
		{ "hello\n", -EPROTO },
		{ "greenboost-recording\n", -EPROTO },
		{ "greenboost-recording 1x\n", -EPROTO },
		{ "greenboost-recording 2\n", -EPROTONOSUPPORT },
		{ "greenboost-recording 1", -EPROTO },
	};

	for (size_t i = 0; i < COUNT(cases); i++) {
		assert_int_equal(read_text(&read, cases[i].text,
					   strlen(cases[i].text), &line),
				 cases[i].error);
		assert_int_equal(line, 1);
		gb_recording_finish(&read);
	}
}

static void damaged_lines_are_named(void **state)
{
	static const char *const cases[] = {
		"\n",
		"process\n",
		"process x 1 y\n",
		"process 99999999999 1 y\n",
		"device 0 0 x\n", /* of no process */
		"process 1 1 x\ndevice 1 0 x\n",
		"process 1 1 x\ndevice 0 16 x\n",
		"frame 0 1 1 -\n", /* of no device */
		"process 1 1 x\ndevice 0 0 x\nframe 0 1 1\n",
		"process 1 1 x\ndevice 0 0 x\nframe 0 1 1 \x7f\n",
		"process 1 1 x\ndevice 0 0 x\nframe 0 1 1 P\n",
		"process 1 1 x\ndevice 0 0 x\nframe 0 -1 1 -\n",
		"process 1 1 x\ndevice 0 0 x\nframe 0 5 1 -\nframe 0 5 1 -\n",
		"process 1 1 x\ndevice 0 0 x\nfields moves\nframe 0 5 1 - x\n",
		"process 1 1 x\ndevice 0 0 x\nallocation 0 1 1 16 0 0 0 0 0 0 0\n",
		"memory 1 1 1 10001\n",
		"memory 2 1 1 1\nmemory 1 1 1 1\n",
		"end\nend\n",
	};
	unsigned int line;

	for (size_t i = 0; i < COUNT(cases); i++) {
		unsigned int lines = 1;

		for (const char *p = cases[i]; *p; p++)
			lines += *p == '\n';
		assert_int_equal(result(cases[i], &line), -EPROTO);
		assert_int_equal(line, lines);
	}
}

static void more_than_the_limits_is_refused(void **state)
{
	char text[16384] = "";
	unsigned int line;
	size_t at = 0;

	for (int i = 0; i <= GB_RECORDING_DEVICES; i++)
		at += (size_t)sprintf(text + at, "process 1 1 x\n");
	assert_int_equal(result(text, &line), -E2BIG);
	assert_int_equal(line, GB_RECORDING_DEVICES + 2);
	at = (size_t)sprintf(text, "process 1 1 x\ndevice 0 0 x\nframe 0 1 1 ");
	memset(text + at, '8', GB_RECORDING_CELLS);
	strcpy(text + at + GB_RECORDING_CELLS, "\n");
	assert_int_equal(result(text, &line), 0);
	strcpy(text + at + GB_RECORDING_CELLS, "8\n");
	assert_int_equal(result(text, &line), -EPROTO);
	at = (size_t)sprintf(text, "process 1 1 x\ndevice 0 0 x\n");
	for (int i = 0; i <= GB_RECORDING_FRAMES; i++)
		at += (size_t)sprintf(text + at, "frame 0 %d 1 -\n", i);
	assert_int_equal(result(text, &line), -E2BIG);
	assert_int_equal(line, GB_RECORDING_FRAMES + 4);
}

static void later_versions_may_add(void **state)
{
	struct gb_recording read;
	unsigned int line;
	const char text[] = "greenboost-recording 1\n"
			    "weather sunny\n"
			    "fields novelty moves\n"
			    "process 1 1 x\ndevice 0 0 x\n"
			    "frame 0 1 1 - 5 6\n"
			    "end\n";

	assert_int_equal(read_text(&read, text, sizeof(text) - 1, &line), 0);
	for (unsigned int i = 0; i < GB_RECORDED; i++)
		assert_true(read.device[0].frame[0].value[i] ==
			    (i == gb_field_at(offsetof(struct gb_stats_device, moves))
				     ? 6
				     : GB_UNKNOWN));
	gb_recording_finish(&read);
}

static void a_recorder_keeps_its_size_and_the_whole_time(void **state)
{
	static struct gb_recorder recorder;
	const struct gb_recorded_device *device = &recorder.recording.device[0];
	struct gb_stats page = make_stats(42, 1);
	char name[] = "/tmp/gb-recording-XXXXXX";
	int fd = mkstemp(name);
	uint64_t last = 0;

	assert_int_equal(gb_recorder_init(&recorder, name), 0);
	for (unsigned int i = 0; i < 5000; i++) {
		page.device[0].moved_in = i;
		gb_recorder_look(&recorder, &page, -1);
		/* As if so much time had passed. */
		recorder.start_ms -= 50;
	}
	assert_in_range(device->frames, GB_RECORDING_FRAMES / 2 - 1,
			GB_RECORDING_FRAMES);
	assert_in_range(device->frame[0].ms, 0, 1000);
	assert_true(device->frame[device->frames - 1].ms > 4800 * 50);
	assert_int_equal(recorder.period_ms, 50 * 16);
	for (size_t i = 1; i < device->frames; i++) {
		assert_true(device->frame[i].ms > last);
		last = device->frame[i].ms;
	}
	gb_recorder_finish(&recorder);
	close(fd);
	unlink(name);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_written_is_read),
		cmocka_unit_test(a_recording_that_breaks_off_is_read_up_to_there),
		cmocka_unit_test(what_is_no_recording_is_refused),
		cmocka_unit_test(damaged_lines_are_named),
		cmocka_unit_test(more_than_the_limits_is_refused),
		cmocka_unit_test(later_versions_may_add),
		cmocka_unit_test(a_recorder_keeps_its_size_and_the_whole_time),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
