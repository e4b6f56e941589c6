/* SPDX-License-Identifier: GPL-2.0-only */
#include "link.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tool.h"

/* Links that somebody measured; all others are computed. */
static const struct {
	struct gb_link_form form;
	double rate; /* bytes a second */
	const char *source;
} measured[] = {
	{ { 5, 16 }, 55.3e9, "measured on an H200: docs/measurements.md, row L1" },
	{ { 4, 16 },
	  25.1e9,
	  "measured by others on RTX 4090 and 3090: sim/profiles/rtx4090.profile" },
};

/* A generation's transfers per second and lane, and the bits of data in each. */
static const struct {
	double giga_transfers, data;
} generations[] = {
	{ 0 },
	{ 2.5, 8.0 / 10 },
	{ 5, 8.0 / 10 },
	{ 8, 128.0 / 130 },
	{ 16, 128.0 / 130 },
	{ 32, 128.0 / 130 },
	{ 64, 242.0 / 256 }, /* 242 bytes of packets in each flit of 256 */
};

#define GENERATIONS (sizeof(generations) / sizeof(generations[0]))

/*
 * What headers and acknowledgements leave: the lower of the shares that the
 * measured links reach, 25.1 of 31.5 GB/s against 55.3 of 63.0.
 */
#define PAYLOAD 0.80

/* "16.0 GT/s PCIe" as a generation. */
static unsigned int generation_of(const char *text)
{
	double speed = strtod(text, NULL);
	unsigned int generation = 0;

	while (generation + 1 < GENERATIONS &&
	       speed >= generations[generation + 1].giga_transfers)
		generation++;
	return generation;
}

static bool read_text(char *text, int size, const char *folder, const char *name)
{
	char *path = gb_print("%s/%s", folder, name);
	FILE *file = fopen(path, "re");
	bool is_read = file && fgets(text, size, file);

	if (file)
		fclose(file);
	free(path);
	return is_read;
}

static struct gb_link_form read_form(const char *folder, const char *which)
{
	struct gb_link_form form = { 0 };
	char name[32], text[64];

	snprintf(name, sizeof(name), "%s_link_speed", which);
	if (read_text(text, sizeof(text), folder, name))
		form.generation = generation_of(text);
	snprintf(name, sizeof(name), "%s_link_width", which);
	if (read_text(text, sizeof(text), folder, name))
		form.width = (unsigned int)strtoul(text, NULL, 10);
	/* Width 0 and 255 are what a bridge without a link says. */
	if (!form.generation || !form.width || form.width > 32)
		return (struct gb_link_form){ 0 };
	return form;
}

void gb_link_read(struct gb_link *link, const char *root, const char *bus_id)
{
	char *folder = gb_print("%s/sys/bus/pci/devices/%s", root, bus_id);
	/* A link to a place below the port's, which .. leads to. */
	char *port = gb_print("%s/..", folder);
	char text[32];

	link->now = read_form(folder, "current");
	link->card = read_form(folder, "max");
	link->slot = read_form(port, "max");
	link->node = -1;
	if (read_text(text, sizeof(text), folder, "numa_node"))
		link->node = (int)strtol(text, NULL, 10);
	free(port);
	free(folder);
}

static unsigned int lesser(unsigned int a, unsigned int b)
{
	return a < b ? a : b;
}

struct gb_link_form gb_link_best(const struct gb_link *link)
{
	return (struct gb_link_form){
		lesser(link->card.generation, link->slot.generation),
		lesser(link->card.width, link->slot.width),
	};
}

double gb_link_rate(struct gb_link_form form, const char **source)
{
	if (!form.generation || form.generation >= GENERATIONS)
		return 0;
	for (size_t i = 0; i < sizeof(measured) / sizeof(measured[0]); i++) {
		if (measured[i].form.generation == form.generation &&
		    measured[i].form.width == form.width) {
			*source = measured[i].source;
			return measured[i].rate;
		}
	}
	*source = "computed: the encoded rate, less 20 % for packets";
	return generations[form.generation].giga_transfers * 1e9 / 8 *
	       generations[form.generation].data * form.width * PAYLOAD;
}
