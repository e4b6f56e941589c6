/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Settings: read from the environment by the library, from the command line and
 * the environment by the tool. See options.def for the table itself.
 *
 * Nothing here allocates, locks or prints; everything may be called from any
 * thread. Text values point into the caller's strings (the environment), which
 * must outlive the struct.
 */
#ifndef GB_OPTIONS_H
#define GB_OPTIONS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define GB_SIZE_AUTO  UINT64_MAX
#define GB_COUNT_AUTO 0u

enum gb_report { GB_REPORT_EXTENDED, GB_REPORT_PHYSICAL };
enum gb_log_level {
	GB_LOG_OFF,
	GB_LOG_ERROR,
	GB_LOG_WARN,
	GB_LOG_INFO,
	GB_LOG_DEBUG
};

/* One member a row of options.def, in its order. */
struct gb_options {
	bool enable;
	uint64_t vram;	      /* bytes a device, or GB_SIZE_AUTO */
	uint64_t ram;	      /* bytes in all, or GB_SIZE_AUTO */
	uint64_t reserve;     /* bytes a device, or GB_SIZE_AUTO */
	unsigned int report;  /* enum gb_report */
	unsigned int threads; /* or GB_COUNT_AUTO */
	unsigned int log;     /* enum gb_log_level */
	const char *log_file;
	const char *driver;
	const char *runtime_dir;
	uint64_t staging; /* bytes a device, or GB_SIZE_AUTO */
	bool verify;
	uint64_t nvme; /* bytes in all, or GB_SIZE_AUTO */
	const char *nvme_path;
	uint64_t nvme_writes; /* bytes, or GB_SIZE_AUTO: no limit */
};

enum gb_option_type {
	GB_OPTION_SIZE,
	GB_OPTION_BOOL,
	GB_OPTION_COUNT,
	GB_OPTION_CHOICE,
	GB_OPTION_TEXT,
};

/* A row of the table, for whoever prints or walks it. */
struct gb_option {
	const char *variable; /* "GREENBOOST_VRAM" */
	const char *name;     /* "vram", as in --vram */
	enum gb_option_type type;
	const char *choices;  /* "a|b|c" of a CHOICE, else NULL */
	const char *fallback; /* the default, as text */
	const char *help;
	uint64_t minimum, maximum;
	size_t offset; /* of the member in struct gb_options */
};

extern const struct gb_option gb_option_table[];
extern const size_t gb_option_count;

/* What stands for a value of @option in help texts: "SIZE", "a|b|c", ... */
const char *gb_option_value_name(const struct gb_option *option);

/* Sets every member to its default. */
void gb_options_init(struct gb_options *options);

/*
 * Sets the member of row @option from @text. Returns 0, or -EINVAL with the
 * member unchanged when the text does not parse, or -ERANGE when it lies
 * outside the row's range.
 */
int gb_option_set(struct gb_options *options, const struct gb_option *option,
		  const char *text);

/* What reading the environment calls for each value it could not use. */
typedef void (*gb_option_complaint)(const struct gb_option *option,
				    const char *text, int error, void *data);

/*
 * Defaults, then every GREENBOOST_ variable that is set. A value that does not
 * parse leaves the default and is reported through @complain (may be NULL). An
 * empty variable counts as unset, but for a BOOL, where it means off. In a
 * process with raised privileges (AT_SECURE) no variable is looked at.
 */
void gb_options_from_environment(struct gb_options *options,
				 gb_option_complaint complain, void *data);

/*
 * Parses a size: digits, an optional fraction, an optional k, m, g or t (either
 * case, powers of 1024, an optional "b" or "ib" behind), or "auto". A fraction
 * needs a unit; what is left below a byte is cut off. Returns 0, -EINVAL, or
 * -ERANGE when it does not fit below GB_SIZE_AUTO; @bytes is unchanged then.
 */
int gb_size_parse(const char *text, uint64_t *bytes);

/* Room for every text that gb_size_format() writes. */
#define GB_SIZE_TEXT 16

/*
 * Writes @bytes as a person reads it ("6.00 GiB", "512 B", "auto" for
 * GB_SIZE_AUTO) into @buffer of @size bytes, cut where it does not fit, always
 * terminated when @size is not 0; returns @buffer.
 */
char *gb_size_format(uint64_t bytes, char *buffer, size_t size);

/*
 * The directory of the statistics pages for this user, created with mode 0700
 * where it is missing: @options->runtime_dir, else $XDG_RUNTIME_DIR/greenboost,
 * else, also where that one cannot be had, /tmp/greenboost-UID. The first is an
 * absolute path and has no substitute. Refuses a symbolic link (-ELOOP) and a
 * directory that another user owns or that others may write (-EPERM). Returns 0
 * with the path in @path, or -errno (-ENAMETOOLONG when @size is too small).
 */
int gb_runtime_dir(const struct gb_options *options, char *path, size_t size);

/*
 * The directory that gb_runtime_dir() tries at place @index, neither made nor
 * looked at: for who reads pages, since a writer may have had to take a later
 * one. Returns 0, -ENOENT when there is no such candidate, or -errno.
 */
int gb_runtime_dir_candidate(const struct gb_options *options,
			     unsigned int index, char *path, size_t size);

/*
 * Opens the directory at @path if it is fit to hold pages, by the rules of
 * gb_runtime_dir(). Returns a descriptor, close-on-exec, or -errno.
 */
int gb_runtime_dir_open(const char *path);

#endif
