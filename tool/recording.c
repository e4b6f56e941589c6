/* SPDX-License-Identifier: GPL-2.0-only */
#include "recording.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "page.h"
#include "tool.h"

#define VERSION 1
/* Words of a line of fields: later versions may have more than we. */
#define WORDS	128
#define CODES	(GB_MAP_SHADES * GB_MAP_TIERS)

/* Behind the fields of a device. */
static const char *const of_process[GB_RECORDED - GB_FIELDS] = {
	"nvme_read",
	"nvme_written",
	"nvme_wait_ns",
};

void gb_recording_finish(struct gb_recording *recording)
{
	for (size_t i = 0; i < recording->devices; i++)
		free(recording->device[i].frame);
	free(recording->moment);
	memset(recording, 0, sizeof(*recording));
}

static void write_value(uint64_t value, FILE *out)
{
	if (value == GB_UNKNOWN)
		fputs(" -", out);
	else
		fprintf(out, " %" PRIu64, value);
}

/* Text is the last of its line, so only what would end or steer it is changed. */
static void write_text(const char *text, FILE *out)
{
	fputc(' ', out);
	for (; *text; text++)
		fputc((unsigned char)*text < ' ' || *text == 0x7f ? '?' : *text,
		      out);
	fputc('\n', out);
}

static void write_frame(size_t device, const struct gb_frame *frame, FILE *out)
{
	fprintf(out, "frame %zu %" PRIu64 " %" PRIu64 " ", device, frame->ms,
		frame->scale);
	for (unsigned int i = 0; i < frame->cells; i++)
		fputc('0' + frame->cell[i], out);
	if (!frame->cells)
		fputc('-', out);
	for (unsigned int i = 0; i < GB_RECORDED; i++)
		write_value(frame->value[i], out);
	fputc('\n', out);
}

static void write_allocation(size_t device,
			     const struct gb_map_allocation *allocation, FILE *out)
{
	fprintf(out, "allocation %zu %" PRIu64 " %" PRIu64 " %u", device,
		allocation->first, allocation->count, allocation->heat);
	for (unsigned int i = 0; i < GB_MAP_TIERS; i++)
		fprintf(out, " %" PRIu64, allocation->tier[i]);
	fputc('\n', out);
}

static void write_device(const struct gb_recording *recording, size_t number,
			 FILE *out)
{
	const struct gb_recorded_device *device = &recording->device[number];

	fprintf(out, "device %u %u", device->process, device->index);
	write_text(device->name, out);
	for (size_t i = 0; i < device->frames; i++)
		write_frame(number, &device->frame[i], out);
	for (unsigned int i = 0; i < device->largest_count; i++)
		write_allocation(number, &device->largest[i], out);
}

void gb_recording_write(const struct gb_recording *recording, FILE *out)
{
	fprintf(out, "greenboost-recording %d\nfields", VERSION);
	for (unsigned int i = 0; i < GB_FIELDS; i++)
		fprintf(out, " %s", gb_fields[i].name);
	for (unsigned int i = GB_FIELDS; i < GB_RECORDED; i++)
		fprintf(out, " %s", of_process[i - GB_FIELDS]);
	fputc('\n', out);
	for (size_t i = 0; i < recording->processes; i++) {
		fprintf(out, "process %" PRIu32, recording->process[i].pid);
		write_value(recording->process[i].ram_budget, out);
		write_text(recording->process[i].command, out);
	}
	for (size_t i = 0; i < recording->moments; i++) {
		const struct gb_moment *moment = &recording->moment[i];

		fprintf(out, "memory %" PRIu64, moment->ms);
		write_value(moment->total, out);
		write_value(moment->available, out);
		fprintf(out, " %u\n", moment->pressure);
	}
	for (size_t i = 0; i < recording->devices; i++)
		write_device(recording, i, out);
	fputs("end\n", out);
}

/* What reading keeps beside the recording. */
struct reader {
	struct gb_recording *recording;
	unsigned int column[WORDS]; /* of a frame's values; GB_RECORDED: not one of ours */
	unsigned int columns;
	char *rest; /* of the line */
};

static int next_word(struct reader *reader, char **word)
{
	*word = strtok_r(NULL, " ", &reader->rest);
	return *word ? 0 : -EPROTO;
}

static int next_number(struct reader *reader, uint64_t most, uint64_t *number)
{
	char *word, *end;
	int ret = next_word(reader, &word);

	if (ret)
		return ret;
	if (*word < '0' || *word > '9')
		return -EPROTO;
	errno = 0;
	*number = strtoull(word, &end, 10);
	return errno || *end || *number > most ? -EPROTO : 0;
}

static int next_value(struct reader *reader, uint64_t *value)
{
	while (*reader->rest == ' ')
		reader->rest++;
	if (reader->rest[0] != '-')
		return next_number(reader, GB_UNKNOWN - 1, value);
	*value = GB_UNKNOWN;
	return next_word(reader, &(char *){ NULL });
}

static void take_text(struct reader *reader, char *text, size_t size)
{
	snprintf(text, size, "%s", reader->rest);
}

static unsigned int find_column(const char *name)
{
	const struct gb_field *field = gb_field_find(name);
	unsigned int i = GB_FIELDS;

	if (field)
		return (unsigned int)(field - gb_fields);
	while (i < GB_RECORDED && strcmp(of_process[i - GB_FIELDS], name))
		i++;
	return i;
}

static int read_fields(struct reader *reader)
{
	char *word;

	reader->columns = 0;
	while (!next_word(reader, &word)) {
		if (reader->columns == WORDS)
			return -E2BIG;
		reader->column[reader->columns++] = find_column(word);
	}
	return 0;
}

static int read_process(struct reader *reader)
{
	struct gb_recording *recording = reader->recording;
	struct gb_recorded_process *process;
	uint64_t pid;

	if (recording->processes == GB_RECORDING_DEVICES)
		return -E2BIG;
	process = &recording->process[recording->processes];
	if (next_number(reader, INT32_MAX, &pid) ||
	    next_value(reader, &process->ram_budget))
		return -EPROTO;
	process->pid = (uint32_t)pid;
	take_text(reader, process->command, sizeof(process->command));
	recording->processes++;
	return 0;
}

static int read_device(struct reader *reader)
{
	struct gb_recording *recording = reader->recording;
	struct gb_recorded_device *device;
	uint64_t process, index;

	if (recording->devices == GB_RECORDING_DEVICES)
		return -E2BIG;
	device = &recording->device[recording->devices];
	if (!recording->processes ||
	    next_number(reader, recording->processes - 1, &process) ||
	    next_number(reader, GB_STATS_DEVICES - 1, &index))
		return -EPROTO;
	device->process = (unsigned int)process;
	device->index = (unsigned int)index;
	take_text(reader, device->name, sizeof(device->name));
	recording->devices++;
	return 0;
}

static int next_device(struct reader *reader, struct gb_recorded_device **device)
{
	struct gb_recording *recording = reader->recording;
	uint64_t number;

	if (!recording->devices ||
	    next_number(reader, recording->devices - 1, &number))
		return -EPROTO;
	*device = &recording->device[number];
	return 0;
}

static int read_cells(struct reader *reader, struct gb_frame *frame)
{
	char *word;

	if (next_word(reader, &word))
		return -EPROTO;
	if (!strcmp(word, "-"))
		return 0;
	for (; *word; word++) {
		if (*word < '0' || *word >= '0' + CODES ||
		    frame->cells == GB_RECORDING_CELLS)
			return -EPROTO;
		frame->cell[frame->cells++] = (uint8_t)(*word - '0');
	}
	return 0;
}

static int read_values(struct reader *reader, struct gb_frame *frame)
{
	for (unsigned int i = 0; i < GB_RECORDED; i++)
		frame->value[i] = GB_UNKNOWN;
	for (unsigned int i = 0; i < reader->columns; i++) {
		uint64_t value;

		if (next_value(reader, &value))
			return -EPROTO;
		if (reader->column[i] < GB_RECORDED)
			frame->value[reader->column[i]] = value;
	}
	return 0;
}

/* A century in milliseconds: sums of times stay in range. */
#define MS_MAX UINT64_C(3155760000000)

static int read_frame(struct reader *reader)
{
	struct gb_recorded_device *device;
	struct gb_frame frame = { 0 };

	if (next_device(reader, &device) || next_number(reader, MS_MAX, &frame.ms) ||
	    next_number(reader, GB_MAP_GRANULES, &frame.scale) ||
	    read_cells(reader, &frame) || read_values(reader, &frame))
		return -EPROTO;
	if (device->frames == GB_RECORDING_FRAMES)
		return -E2BIG;
	if (device->frames && frame.ms <= device->frame[device->frames - 1].ms)
		return -EPROTO;
	device->frame = gb_grow(device->frame, device->frames + 1, sizeof(frame));
	device->frame[device->frames++] = frame;
	return 0;
}

static int read_memory(struct reader *reader)
{
	struct gb_recording *recording = reader->recording;
	struct gb_moment moment;
	uint64_t pressure;

	if (recording->moments == GB_RECORDING_FRAMES)
		return -E2BIG;
	if (next_number(reader, MS_MAX, &moment.ms) ||
	    next_value(reader, &moment.total) ||
	    next_value(reader, &moment.available) ||
	    next_number(reader, 10000, &pressure))
		return -EPROTO;
	if (recording->moments &&
	    moment.ms <= recording->moment[recording->moments - 1].ms)
		return -EPROTO;
	moment.pressure = (unsigned int)pressure;
	recording->moment = gb_grow(recording->moment, recording->moments + 1,
				    sizeof(moment));
	recording->moment[recording->moments++] = moment;
	return 0;
}

static int read_allocation(struct reader *reader)
{
	struct gb_map_allocation allocation = { 0 };
	struct gb_recorded_device *device;
	uint64_t heat;

	if (next_device(reader, &device) ||
	    next_number(reader, GB_MAP_GRANULES, &allocation.first) ||
	    next_number(reader, GB_MAP_GRANULES, &allocation.count) ||
	    next_number(reader, 15, &heat))
		return -EPROTO;
	for (unsigned int i = 0; i < GB_MAP_TIERS; i++) {
		if (next_number(reader, GB_MAP_GRANULES, &allocation.tier[i]))
			return -EPROTO;
	}
	if (device->largest_count == GB_RECORDING_LARGEST)
		return -E2BIG;
	allocation.heat = (unsigned int)heat;
	device->largest[device->largest_count++] = allocation;
	return 0;
}

static int read_end(struct reader *reader)
{
	reader->recording->complete = true;
	return 0;
}

static const struct {
	const char *word;
	int (*read)(struct reader *reader);
} kinds[] = {
	{ "fields", read_fields }, { "process", read_process },
	{ "device", read_device }, { "memory", read_memory },
	{ "frame", read_frame },   { "allocation", read_allocation },
	{ "end", read_end },
};

static int read_line(struct reader *reader, char *text)
{
	char *word = strtok_r(text, " ", &reader->rest);

	if (!word || reader->recording->complete)
		return -EPROTO;
	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
		if (!strcmp(kinds[i].word, word))
			return kinds[i].read(reader);
	}
	return 0;
}

static int read_head(const char *text)
{
	int version, end = 0;

	if (sscanf(text, "greenboost-recording %d%n", &version, &end) != 1 ||
	    text[end])
		return -EPROTO;
	return version == VERSION ? 0 : -EPROTONOSUPPORT;
}

/*
 * The next line of @in without its end into @text. Returns 0, -ENODATA at the
 * end, also within a line, where whoever wrote it was killed; -EPROTO for one
 * too long or with a zero byte in it.
 */
static int get_line(FILE *in, char *text, size_t size)
{
	size_t length = 0;
	int byte;

	while ((byte = getc(in)) != '\n') {
		if (byte == EOF)
			return ferror(in) ? -EPROTO : -ENODATA;
		if (!byte || length + 1 == size)
			return -EPROTO;
		text[length++] = (char)byte;
	}
	text[length] = '\0';
	return 0;
}

int gb_recording_read(struct gb_recording *recording, FILE *in, unsigned int *line)
{
	struct reader reader = { .recording = recording };
	char text[8192];
	int ret;

	memset(recording, 0, sizeof(*recording));
	*line = 1;
	ret = get_line(in, text, sizeof(text));
	if (!ret)
		ret = read_head(text);
	while (!ret) {
		++*line;
		ret = get_line(in, text, sizeof(text));
		if (!ret)
			ret = read_line(&reader, text);
	}
	/* An empty file is no recording. */
	return ret == -ENODATA && *line > 1 ? 0
	       : ret == -ENODATA	    ? -EPROTO
					    : ret;
}
