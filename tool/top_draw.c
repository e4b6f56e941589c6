/* SPDX-License-Identifier: GPL-2.0-only */
#include "top_draw.h"

#include "map.h"

#include <errno.h>

#ifdef GB_HAVE_NCURSES

#define NCURSES_WIDECHAR 1
#include <locale.h>
#include <ncurses.h>
#include <poll.h>
#include <stdlib.h>
#include <unistd.h>

/* The one terminal: set by init, used by everything below. */
static struct {
	SCREEN *screen;
	bool colour;
	bool many; /* 256 colours: shades have their own */
} terminal;

/*
 * Cells of the map have a background of their own, so that they look the same
 * on a light and on a dark terminal: from dark to bright, in the 6x6x6 cube of
 * xterm's 256 colours. All else is in the terminal's own colours.
 */
static const short shades[GB_MAP_TIERS][GB_MAP_SHADES] = {
	[GB_MAP_PENDING] = { 240, 242, 245, 248 },
	[GB_MAP_VRAM] = { 22, 28, 34, 46 },
	[GB_MAP_RAM] = { 94, 130, 172, 220 },
	[GB_MAP_POOL] = { 24, 31, 38, 51 },
	[GB_MAP_NVME] = { 53, 90, 134, 207 },
	[GB_MAP_IMPORTED] = { 60, 61, 104, 147 },
};
static const short plain[GB_MAP_TIERS] = {
	[GB_MAP_PENDING] = COLOR_WHITE, [GB_MAP_VRAM] = COLOR_GREEN,
	[GB_MAP_RAM] = COLOR_YELLOW,	[GB_MAP_POOL] = COLOR_CYAN,
	[GB_MAP_NVME] = COLOR_MAGENTA,	[GB_MAP_IMPORTED] = COLOR_BLUE,
};

enum { PAIR_ALARM = 1, PAIR_TIERS };

static short pair_of(int tier, int shade)
{
	return (short)(PAIR_TIERS + tier * GB_MAP_SHADES + shade);
}

static void make_pairs(void)
{
	init_pair(PAIR_ALARM, COLOR_RED, -1);
	for (int tier = GB_MAP_PENDING; tier < GB_MAP_TIERS; tier++) {
		for (int shade = 0; shade < GB_MAP_SHADES; shade++) {
			short back = terminal.many ? shades[tier][shade]
						   : plain[tier];
			/* What is readable on it. */
			short front = terminal.many ? (short)(shade < 2 ? 255 : 16)
						    : COLOR_BLACK;

			init_pair(pair_of(tier, shade), front, back);
		}
	}
}

int gb_top_draw_init(void)
{
	const char *refusal = getenv("NO_COLOR");

	if (!isatty(STDIN_FILENO) || !isatty(STDOUT_FILENO))
		return -ENOTTY;
	terminal.screen = newterm(NULL, stdout, stdin);
	if (!terminal.screen)
		return -ENODEV;
	set_term(terminal.screen);
	cbreak();
	noecho();
	nonl();
	keypad(stdscr, TRUE);
	nodelay(stdscr, TRUE);
	curs_set(0);
	terminal.colour = !(refusal && *refusal) && has_colors() &&
			  start_color() == OK && use_default_colors() == OK &&
			  COLOR_PAIRS > pair_of(GB_MAP_TIERS, 0);
	terminal.many = terminal.colour && COLORS >= 256;
	if (terminal.colour)
		make_pairs();
	return 0;
}

void gb_top_draw_finish(void)
{
	endwin();
	delscreen(terminal.screen);
	terminal.screen = NULL;
}

bool gb_top_draw_has_colour(void)
{
	return terminal.colour;
}

void gb_top_draw_size(int *rows, int *columns)
{
	getmaxyx(stdscr, *rows, *columns);
}

static attr_t attributes(const struct gb_glyph *glyph, short *pair)
{
	*pair = 0;
	switch (glyph->ink) {
	case GB_INK_PLAIN:
		return A_NORMAL;
	case GB_INK_TITLE:
		return A_BOLD;
	case GB_INK_DIM:
		return A_DIM;
	case GB_INK_SELECTED:
		return A_REVERSE;
	case GB_INK_ALARM:
		*pair = terminal.colour ? PAIR_ALARM : 0;
		return A_BOLD;
	}
	if (glyph->ink == GB_INK_TIER + GB_MAP_FREE)
		return A_NORMAL;
	if (terminal.colour)
		*pair = pair_of(glyph->ink - GB_INK_TIER, glyph->shade);
	else
		return glyph->shade > 2 ? A_BOLD : A_NORMAL;
	/* Eight colours have no shades; bold letters have to do. */
	return !terminal.many && glyph->shade > 1 ? A_BOLD : A_NORMAL;
}

/* Blocks of a plot stand in their colour on the terminal's own background. */
static bool is_block(const struct gb_glyph *glyph)
{
	return glyph->code > 0x2580 && glyph->code <= 0x2588;
}

static void draw_glyph(int row, int column, const struct gb_glyph *glyph)
{
	wchar_t text[2] = { (wchar_t)glyph->code, L'\0' };
	cchar_t complex;
	short pair;
	attr_t attribute = attributes(glyph, &pair);

	if (is_block(glyph)) {
		attribute = A_NORMAL;
		pair = 0;
	}
	setcchar(&complex, text, attribute, pair, NULL);
	mvadd_wch(row, column, &complex);
}

void gb_top_draw(const struct gb_screen *screen)
{
	erase();
	for (int row = 0; row < screen->rows; row++) {
		for (int column = 0; column < screen->columns; column++)
			draw_glyph(row, column,
				   &screen->glyph[row * screen->columns + column]);
	}
	refresh();
}

static enum gb_key translate(int key)
{
	switch (key) {
	case ERR:
		return GB_KEY_NONE;
	case 'q':
	case 'Q':
	case 'x':
		return GB_KEY_QUIT;
	case KEY_UP:
	case 'k':
		return GB_KEY_UP;
	case KEY_DOWN:
	case 'j':
	case '\t':
		return GB_KEY_DOWN;
	case ' ':
		return GB_KEY_HOLD;
	case '+':
	case '=':
		return GB_KEY_FASTER;
	case '-':
		return GB_KEY_SLOWER;
	default:
		return GB_KEY_OTHER;
	}
}

enum gb_key gb_top_draw_key(int milliseconds)
{
	struct pollfd in = { .fd = STDIN_FILENO, .events = POLLIN };
	enum gb_key key = translate(getch());

	if (key != GB_KEY_NONE)
		return key;
	/* A signal ends it too, as that of a new size, which getch() tells. */
	if (poll(&in, 1, milliseconds) > 0 && !(in.revents & POLLIN))
		return GB_KEY_GONE;
	key = translate(getch());
	/* Readable, and nothing to read. */
	return key == GB_KEY_NONE && in.revents & POLLHUP ? GB_KEY_GONE : key;
}

#else

int gb_top_draw_init(void)
{
	return -EOPNOTSUPP;
}

void gb_top_draw_finish(void)
{
}

bool gb_top_draw_has_colour(void)
{
	return false;
}

void gb_top_draw_size(int *rows, int *columns)
{
	*rows = *columns = 0;
}

void gb_top_draw(const struct gb_screen *screen)
{
}

enum gb_key gb_top_draw_key(int milliseconds)
{
	return GB_KEY_GONE;
}

#endif
