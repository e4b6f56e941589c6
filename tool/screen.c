/* SPDX-License-Identifier: GPL-2.0-only */
#include "screen.h"

#include <stdarg.h>
#include <stdlib.h>

#include "tool.h"

void gb_screen_init(struct gb_screen *screen, int rows, int columns)
{
	size_t count;

	screen->rows = rows < 1 ? 1 : rows;
	screen->columns = columns < 1 ? 1 : columns;
	count = (size_t)screen->rows * (size_t)screen->columns;
	screen->glyph = gb_grow(NULL, count, sizeof(*screen->glyph));
	for (size_t i = 0; i < count; i++)
		screen->glyph[i] = (struct gb_glyph){ ' ', GB_INK_PLAIN, 0 };
}

void gb_screen_finish(struct gb_screen *screen)
{
	free(screen->glyph);
	*screen = (struct gb_screen){ 0 };
}

void gb_screen_put(struct gb_screen *screen, int row, int column, uint32_t code,
		   enum gb_ink ink, int shade)
{
	if (row < 0 || row >= screen->rows || column < 0 || column >= screen->columns)
		return;
	screen->glyph[row * screen->columns + column] =
		(struct gb_glyph){ code, (uint8_t)ink, (uint8_t)shade };
}

int gb_screen_print(struct gb_screen *screen, int row, int column,
		    enum gb_ink ink, const char *format, ...)
{
	va_list arguments;
	char *text;

	va_start(arguments, format);
	if (vasprintf(&text, format, arguments) < 0)
		abort();
	va_end(arguments);
	for (const char *p = text; *p; p++)
		gb_screen_put(screen, row, column++,
			      *p >= ' ' && *p < 0x7f ? (uint32_t)*p : '?', ink, 0);
	free(text);
	return column;
}

static void write_code(uint32_t code, FILE *out)
{
	if (code < 0x80) {
		fputc((int)code, out);
	} else if (code < 0x800) {
		fputc((int)(0xc0 | code >> 6), out);
		fputc((int)(0x80 | (code & 0x3f)), out);
	} else {
		fputc((int)(0xe0 | code >> 12), out);
		fputc((int)(0x80 | (code >> 6 & 0x3f)), out);
		fputc((int)(0x80 | (code & 0x3f)), out);
	}
}

void gb_screen_write(const struct gb_screen *screen, FILE *out)
{
	for (int row = 0; row < screen->rows; row++) {
		const struct gb_glyph *glyph = screen->glyph + row * screen->columns;
		int length = screen->columns;

		while (length && glyph[length - 1].code == ' ')
			length--;
		for (int i = 0; i < length; i++)
			write_code(glyph[i].code, out);
		fputc('\n', out);
	}
}
