/* SPDX-License-Identifier: GPL-2.0-only */
#include "model_file.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "gguf.h"
#include "tool.h"

#define PARTS_MOST 4096

/* A file's bytes; only the pages that are looked at are read. */
struct bytes {
	const void *data;
	size_t size;
};

static int map(struct bytes *bytes, const char *path)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK), ret = 0;
	struct stat st = { 0 };
	void *data;

	*bytes = (struct bytes){ "", 0 };
	if (fd < 0)
		return -errno;
	if (fstat(fd, &st) || !S_ISREG(st.st_mode))
		ret = S_ISDIR(st.st_mode) ? -EISDIR : -EPROTO;
	if (!ret && st.st_size) {
		data = mmap(NULL, (size_t)st.st_size, PROT_READ, MAP_PRIVATE, fd, 0);
		if (data == MAP_FAILED)
			ret = -errno;
		else
			*bytes = (struct bytes){ data, (size_t)st.st_size };
	}
	close(fd);
	return ret;
}

static void unmap(struct bytes *bytes)
{
	if (bytes->size)
		munmap((void *)bytes->data, bytes->size);
}

static const char *explain(int error)
{
	switch (error) {
	case -EPROTO:
		return "this is no GGUF or safetensors file, or a damaged one";
	case -ENODATA:
		return "the file breaks off; was it downloaded whole?";
	case -EPROTONOSUPPORT:
		return "a version of GGUF other than 2 and 3, or big-endian";
	case -EMEDIUMTYPE:
		return "it has weights of a kind that this GreenBoost does not know";
	case -EOVERFLOW:
		return "damaged: sizes beyond all bounds";
	case -E2BIG:
		return "more layers, or more parts in a layer, than a model has";
	default:
		return strerror(-error);
	}
}

static int complain(const char *path, int error)
{
	gb_error("%s: %s", path, explain(error));
	return error;
}

static int read_part(struct gb_shape *shape, const char *path)
{
	struct bytes bytes;
	uint64_t needed = 0;
	int ret = map(&bytes, path);

	if (!ret && bytes.size >= 4 && !memcmp(bytes.data, "GGUF", 4))
		ret = gb_gguf_read(shape, bytes.data, bytes.size, &needed);
	else if (!ret)
		ret = gb_safetensors_read(shape, bytes.data, bytes.size, &needed);
	if (!ret && needed > bytes.size)
		ret = -ENODATA;
	unmap(&bytes);
	return ret ? complain(path, ret) : 0;
}

/* Beside safetensors; that it is missing is no error. */
static int read_config(struct gb_shape *shape, const char *folder)
{
	char *path = gb_print("%s/config.json", folder);
	struct bytes bytes;
	int ret = map(&bytes, path);

	if (!ret && gb_config_read(shape, bytes.data, bytes.size)) {
		gb_error("%s: damaged", path);
		ret = -EPROTO;
	}
	unmap(&bytes);
	free(path);
	return ret == -EPROTO ? ret : 0;
}

static bool ends_with(const char *text, const char *end)
{
	size_t length = strlen(text), wanted = strlen(end);

	return length >= wanted && !strcmp(text + length - wanted, end);
}

/* Names of files in a folder, each once. */
struct names {
	char **name;
	size_t count;
};

static int add_name(const struct gb_text *name, void *data)
{
	struct names *names = data;

	/* Indices name thousands of tensors, file after file. */
	for (size_t i = names->count; i-- > 0;)
		if (gb_text_is(name, names->name[i]))
			return 0;
	if (names->count == PARTS_MOST || memchr(name->at, '/', name->length))
		return -EPROTO;
	names->name = gb_grow(names->name, names->count + 1, sizeof(*names->name));
	names->name[names->count++] = gb_print("%.*s", (int)name->length, name->at);
	return 0;
}

static int list_folder(struct names *names, const char *path)
{
	DIR *folder = opendir(path);
	struct dirent *entry;

	if (!folder)
		return complain(path, -errno);
	while ((entry = readdir(folder))) {
		struct gb_text name = { entry->d_name, strlen(entry->d_name) };

		if (ends_with(entry->d_name, ".safetensors"))
			add_name(&name, names);
	}
	closedir(folder);
	if (names->count)
		return 0;
	gb_error("%s: there is no safetensors file in this folder", path);
	return -ENOENT;
}

static int list_index(struct names *names, const char *path)
{
	struct bytes bytes;
	int ret = map(&bytes, path);

	if (!ret)
		ret = gb_index_read(bytes.data, bytes.size, add_name, names);
	if (!ret && !names->count)
		ret = -EPROTO;
	unmap(&bytes);
	if (ret == -EPROTO)
		gb_error("%s: this is no index of safetensors files", path);
	else if (ret)
		complain(path, ret);
	return ret;
}

/* "x-00002-of-00003.gguf" stands for all three. */
static int list_shards(struct names *names, const char *file)
{
	size_t stem = strlen(file);
	const char *end = strrchr(file, '.');
	unsigned int number, of;
	int used = 0;

	if (end && end - file > 15)
		stem = (size_t)(end - file) - 15;
	if (!end || stem == strlen(file) ||
	    sscanf(file + stem, "-%5u-of-%5u%n", &number, &of, &used) != 2 ||
	    used != 15 || of < 1 || of > PARTS_MOST) {
		struct gb_text whole = { file, strlen(file) };

		return add_name(&whole, names);
	}
	for (number = 1; number <= of; number++) {
		char *name = gb_print("%.*s-%05u-of-%05u%s", (int)stem, file,
				      number, of, end);
		struct gb_text text = { name, strlen(name) };
		int ret = add_name(&text, names);

		free(name);
		if (ret)
			return ret;
	}
	return 0;
}

static int read_names(struct gb_shape *shape, const char *folder,
		      const struct names *names)
{
	const char *last = "";
	int ret = 0;

	for (size_t i = 0; i < names->count && !ret; i++) {
		char *path = gb_print("%s/%s", folder, names->name[i]);

		last = names->name[i];
		ret = read_part(shape, path);
		free(path);
	}
	if (!ret && !ends_with(last, ".gguf"))
		ret = read_config(shape, folder);
	return ret;
}

static int finish(struct gb_shape *shape, const char *path, uint64_t active)
{
	int ret = gb_shape_finish(shape, active);

	if (ret == -ENODATA)
		gb_error("%s: there are no layers in it", path);
	else if (ret == -EDESTADDRREQ)
		gb_error("%s: a mixture of experts that does not say how many a token uses; say how much it reads: --active 3g",
			 path);
	else if (ret == -ERANGE && active)
		gb_error("--active: not what a token reads of this model, which is between its parts without experts and all of it");
	else if (ret == -ERANGE)
		gb_error("%s: damaged: a token uses more experts than there are",
			 path);
	else if (ret)
		complain(path, ret);
	return ret;
}

int gb_model_read(struct gb_shape *shape, const char *path, uint64_t active)
{
	char *copy = gb_print("%s", path), *other = gb_print("%s", path);
	const char *folder = dirname(copy);
	struct names names = { 0 };
	struct stat st;
	int ret;

	*shape = (struct gb_shape){ 0 };
	if (stat(path, &st)) {
		ret = complain(path, -errno);
	} else if (S_ISDIR(st.st_mode)) {
		folder = path;
		ret = list_folder(&names, path);
	} else if (ends_with(path, ".json")) {
		ret = list_index(&names, path);
	} else {
		ret = list_shards(&names, basename(other));
	}
	if (!ret)
		ret = read_names(shape, folder, &names);
	if (!ret)
		ret = finish(shape, path, active);
	while (names.count)
		free(names.name[--names.count]);
	free(names.name);
	free(copy);
	free(other);
	return ret;
}
