/* SPDX-License-Identifier: GPL-2.0-only */
#include "fake_driver.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/uio.h>
#include <unistd.h>

#include "fake_call.h"
#include "fake_stream.h"
#include "gate.h"
#include "types.h"

#define DEVICES	    4
#define HANDLES	    4096
#define PINNED	    16
/* More than this is refused, so that the engine has to ask for less. */
#define RESERVE_MAX (UINT64_C(64) << 30)

struct handle {
	bool used;
	int device; /* or GB_ON_HOST */
	uint64_t granules;
	uint64_t mapped_at; /* 0: nowhere */
	uint32_t *frames;   /* of the card */
	int fd;		    /* on the host: memory that outlives a mapping */
};

/* One granule of an arena. */
struct slot {
	uint16_t handle; /* number + 1 */
	uint16_t index;	 /* of the granule in it */
	uint32_t access; /* devices */
	bool cpu;
	bool registered;
	bool first; /* of its mapping or registration */
};

struct arena {
	uint64_t base, bytes;
	struct slot *slots;
};

struct card {
	char *memory;
	uint64_t granules, free, taken; /* taken: by someone else, in bytes */
	bool *used;
};

/* fake_lock guards all of it. */
static struct {
	int devices;
	struct card card[DEVICES];
	struct arena arena[DEVICES];
	struct handle handle[HANDLES];
	struct {
		void *memory;
		uint64_t bytes;
	} pinned[PINNED];
	uint64_t host, host_used;
	uint64_t mapped; /* granules, registered ones too */
	unsigned int handles;
	void (*after_drain)(void);
	bool capturing;
	uint64_t captured;
} fake;

static _Atomic int inside; /* the gate */

void fake_inside(int more)
{
	atomic_fetch_add(&inside, more);
}

static struct slot *slot_of(uint64_t address)
{
	for (int i = 0; i < DEVICES; i++) {
		struct arena *arena = &fake.arena[i];

		if (arena->slots && address - arena->base < arena->bytes)
			return &arena->slots[(address - arena->base) / GB_GRANULE];
	}
	return NULL;
}

static bool is_free(const struct slot *slot, uint64_t granules)
{
	for (uint64_t i = 0; i < granules; i++)
		if (slot[i].handle || slot[i].registered)
			return false;
	return true;
}

static bool is_whole(const char *what, uint64_t address, uint64_t bytes)
{
	struct slot *slot = slot_of(address);

	if (slot && bytes && !(address % GB_GRANULE) && !(bytes % GB_GRANULE) &&
	    slot_of(address + bytes - 1))
		return true;
	fake_fault("%s of %#lx + %#lx: not whole granules of an arena", what,
		   address, bytes);
	return false;
}

static int address_reserve(uint64_t bytes, uint64_t wanted, uint64_t *address)
{
	int error = fake_begin(FAKE_RESERVE);
	struct arena *arena = fake.arena;
	char *at;

	if (error)
		return fake_end(error);
	if (bytes > RESERVE_MAX)
		return fake_end(-ENOMEM);
	while (arena->slots)
		arena++;
	at = mmap((void *)wanted, bytes + GB_GRANULE, PROT_NONE,
		  MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	if (at == MAP_FAILED)
		return fake_end(-ENOMEM);
	arena->base = ((uint64_t)at + GB_GRANULE - 1) & ~(GB_GRANULE - 1);
	arena->bytes = bytes;
	arena->slots = calloc(bytes / GB_GRANULE, sizeof(*arena->slots));
	*address = arena->base;
	return fake_end(0);
}

static void address_free(uint64_t address, uint64_t bytes)
{
	fake_begin(FAKE_ANY);
	for (int i = 0; i < DEVICES; i++) {
		struct arena *arena = &fake.arena[i];

		if (!arena->slots || arena->base != address)
			continue;
		if (arena->bytes != bytes)
			fake_fault("a part of a reservation is given back");
		if (!is_free(arena->slots, bytes / GB_GRANULE))
			fake_fault("a reservation goes that is in use");
		munmap((void *)address, bytes);
		free(arena->slots);
		*arena = (struct arena){ 0 };
		fake_end(0);
		return;
	}
	fake_fault("%#lx was not reserved", address);
	fake_end(0);
}

static int take_frames(struct handle *handle)
{
	struct card *card = &fake.card[handle->device];
	uint64_t next = 0;

	if (card->free < handle->granules + card->taken / GB_GRANULE)
		return -ENOMEM;
	handle->frames = calloc(handle->granules, sizeof(*handle->frames));
	for (uint64_t i = 0; i < handle->granules; i++) {
		while (card->used[next])
			next++;
		card->used[next] = true;
		handle->frames[i] = (uint32_t)next;
	}
	card->free -= handle->granules;
	return 0;
}

static int take_host(uint64_t bytes)
{
	if (fake.host_used + bytes > fake.host)
		return -ENOMEM;
	fake.host_used += bytes;
	return 0;
}

static int take_host_handle(struct handle *handle)
{
	uint64_t bytes = handle->granules * GB_GRANULE;
	int error = take_host(bytes);

	if (error)
		return error;
	handle->fd = memfd_create("fake host handle", MFD_CLOEXEC);
	if (handle->fd < 0 || ftruncate(handle->fd, (off_t)bytes))
		abort();
	return 0;
}

static int memory_create(int device, int near, uint64_t bytes, uint64_t *number)
{
	int error = fake_begin(FAKE_CREATE);
	struct handle *handle;
	unsigned int n = 0;

	if (error)
		return fake_end(error);
	if (!bytes || bytes % GB_GRANULE || near < 0 || near >= fake.devices ||
	    (device != GB_ON_HOST && device != near)) {
		fake_fault("odd handle: device %d near %d, %#lx bytes", device,
			   near, bytes);
		return fake_end(-EINVAL);
	}
	while (n < HANDLES && fake.handle[n].used)
		n++;
	if (n == HANDLES)
		abort();
	handle = &fake.handle[n];
	*handle = (struct handle){ .device = device,
				   .granules = bytes / GB_GRANULE,
				   .fd = -1 };
	error = device == GB_ON_HOST ? take_host_handle(handle)
				     : take_frames(handle);
	if (error)
		return fake_end(error);
	handle->used = true;
	fake.handles++;
	*number = n + 1;
	return fake_end(0);
}

static struct handle *handle_of(uint64_t number)
{
	if (!number || number > HANDLES || !fake.handle[number - 1].used) {
		fake_fault("%lu is not a handle", number);
		return NULL;
	}
	return &fake.handle[number - 1];
}

static void memory_release(uint64_t number)
{
	struct handle *handle;

	fake_begin(FAKE_ANY);
	handle = handle_of(number);
	if (handle) {
		if (handle->mapped_at)
			fake_fault("a handle goes that is mapped at %#lx",
				   handle->mapped_at);
		for (uint64_t i = 0; handle->frames && i < handle->granules; i++)
			fake.card[handle->device].used[handle->frames[i]] = false;
		if (handle->device >= 0)
			fake.card[handle->device].free += handle->granules;
		else
			fake.host_used -= handle->granules * GB_GRANULE;
		free(handle->frames);
		if (handle->fd >= 0)
			close(handle->fd);
		handle->used = false;
		fake.handles--;
	}
	fake_end(0);
}

/*
 * Memory appears only while launches are held back, or one of them could get
 * through to an allocation that is half there.
 */
static void check_held_back(void)
{
	if (!(atomic_load(&gb_attention) & GB_ATTENTION_STOP))
		fake_fault("memory appears that no launch waits for");
}

static int memory_map(uint64_t address, uint64_t bytes, uint64_t number)
{
	int error = fake_begin(FAKE_MAP);
	struct handle *handle = handle_of(number);
	struct slot *slot = slot_of(address);

	if (error)
		return fake_end(error);
	if (!handle || !is_whole("mapping", address, bytes))
		return fake_end(-EINVAL);
	if (handle->mapped_at || handle->granules * GB_GRANULE != bytes ||
	    !is_free(slot, handle->granules)) {
		fake_fault("mapping at %#lx: mapped already, or not whole", address);
		return fake_end(-EINVAL);
	}
	check_held_back();
	handle->mapped_at = address;
	fake.mapped += handle->granules;
	for (uint64_t i = 0; i < handle->granules; i++)
		slot[i] = (struct slot){ .handle = (uint16_t)number,
					 .index = (uint16_t)i,
					 .first = !i };
	return fake_end(0);
}

/* An address range loses its memory: nobody may be using it. */
static void check_unused(uint64_t address, uint64_t bytes)
{
	if (fake_stream_needs(address, bytes))
		fake_fault("%#lx goes while queued work needs it", address);
	if (atomic_load(&gb_attention) & GB_ATTENTION_CLOSED && atomic_load(&inside))
		fake_fault("memory moves while somebody is inside the gate");
}

static int memory_unmap(uint64_t address, uint64_t bytes)
{
	struct slot *slot;
	struct handle *handle;
	int error = fake_begin(FAKE_UNMAP);

	if (error)
		return fake_end(error);
	slot = slot_of(address);
	if (!is_whole("unmapping", address, bytes))
		return fake_end(-EINVAL);
	if (!slot->handle || !slot->first) {
		fake_fault("unmapping at %#lx: nothing begins there", address);
		return fake_end(-EINVAL);
	}
	handle = handle_of(slot->handle);
	if (handle->granules * GB_GRANULE != bytes) {
		fake_fault("a part of a mapping is unmapped");
		return fake_end(-EINVAL);
	}
	check_unused(address, bytes);
	if (handle->device == GB_ON_HOST &&
	    mmap((void *)address, bytes, PROT_NONE,
		 MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_FIXED, -1,
		 0) == MAP_FAILED)
		fake_fault("unmapping at %#lx fails", address);
	memset(slot, 0, handle->granules * sizeof(*slot));
	handle->mapped_at = 0;
	fake.mapped -= handle->granules;
	return fake_end(0);
}

static int memory_access(uint64_t address, uint64_t bytes, uint32_t devices, bool cpu)
{
	int error = fake_begin(FAKE_ACCESS);
	struct slot *slot = slot_of(address);
	struct handle *handle;

	if (error)
		return fake_end(error);
	if (!is_whole("access", address, bytes) || !slot->handle) {
		fake_fault("access to %#lx, which is not mapped", address);
		return fake_end(-EINVAL);
	}
	handle = handle_of(slot->handle);
	if (!devices || (cpu && handle->device != GB_ON_HOST))
		fake_fault("odd access: devices %#x, CPU %d", devices, cpu);
	if (cpu && mmap((void *)address, bytes, PROT_READ | PROT_WRITE,
			MAP_SHARED | MAP_FIXED, handle->fd, 0) == MAP_FAILED)
		abort();
	for (uint64_t i = 0; i < bytes / GB_GRANULE; i++) {
		slot[i].access = devices;
		slot[i].cpu = cpu;
	}
	return fake_end(0);
}

static int memory_export(uint64_t number, int *fd)
{
	fake_begin(FAKE_ANY);
	if (!handle_of(number))
		return fake_end(-EINVAL);
	*fd = memfd_create("fake export", MFD_CLOEXEC);
	return fake_end(*fd < 0 ? -ENOMEM : 0);
}

/* Can this process read there at all? */
static bool is_readable(uint64_t address)
{
	char byte;
	struct iovec local = { &byte, 1 }, remote = { (void *)address, 1 };

	return process_vm_readv(getpid(), &local, 1, &remote, 1, 0) == 1;
}

/* Memory past the arenas; with no bytes it goes again. */
static int pin(uint64_t address, uint64_t bytes)
{
	void *before = bytes ? NULL : (void *)address;
	int i = 0;

	while (i < PINNED && fake.pinned[i].memory != before)
		i++;
	if (i == PINNED)
		return -ENOENT;
	if (bytes) {
		fake.pinned[i].memory = (void *)address;
		fake.pinned[i].bytes = bytes;
		return take_host(bytes);
	}
	if (fake_stream_needs(address, fake.pinned[i].bytes))
		fake_fault("registered memory goes that queued work needs");
	fake.host_used -= fake.pinned[i].bytes;
	fake.pinned[i].memory = NULL;
	return 0;
}

static int host_register(int device, uint64_t address, uint64_t bytes)
{
	int error = fake_begin(FAKE_REGISTER);
	struct slot *slot = slot_of(address);

	if (error)
		return fake_end(error);
	if (!slot)
		return fake_end(pin(address, bytes));
	if (!is_whole("registering", address, bytes))
		return fake_end(-EINVAL);
	if (!is_free(slot, bytes / GB_GRANULE) || !is_readable(address) ||
	    !is_readable(address + bytes - 1)) {
		fake_fault("registering %#lx, which is taken or not memory",
			   address);
		return fake_end(-EINVAL);
	}
	check_held_back();
	error = take_host(bytes);
	fake.mapped += error ? 0 : bytes / GB_GRANULE;
	for (uint64_t i = 0; !error && i < bytes / GB_GRANULE; i++)
		slot[i] = (struct slot){
			.registered = true, .first = !i, .cpu = true, .access = ~0u
		};
	return fake_end(error);
}

static int host_unregister(uint64_t address)
{
	struct slot *slot;
	uint64_t granules = 0;

	fake_begin(FAKE_ANY);
	slot = slot_of(address);
	if (!slot)
		return fake_end(pin(address, 0));
	if (!slot->registered)
		return fake_end(-ENOENT);
	if (!slot->first)
		fake_fault("unregistering from the middle at %#lx", address);
	do {
		slot[granules++] = (struct slot){ 0 };
	} while (slot[granules].registered && !slot[granules].first);
	check_unused(address, granules * GB_GRANULE);
	fake.mapped -= granules;
	fake.host_used -= granules * GB_GRANULE;
	return fake_end(0);
}

/* It holds anything. Not by malloc(), which meson test makes touch all that it gives. */
static void *any_pages(uint64_t bytes)
{
	void *memory = mmap(NULL, bytes, PROT_READ | PROT_WRITE,
			    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	return memory == MAP_FAILED ? NULL : memset(memory, 0xa5, 4096);
}

static int host_alloc(uint64_t bytes, void **memory)
{
	int error = fake_begin(FAKE_HOST_ALLOC), i = 0;

	if (error)
		return fake_end(error);
	while (fake.pinned[i].memory)
		i++;
	*memory = any_pages(bytes);
	fake.pinned[i].memory = *memory;
	fake.pinned[i].bytes = bytes;
	return fake_end(0);
}

static void host_free(void *memory)
{
	fake_begin(FAKE_ANY);
	for (int i = 0; i < PINNED; i++) {
		if (fake.pinned[i].memory != memory)
			continue;
		if (fake_stream_needs((uint64_t)memory, fake.pinned[i].bytes))
			fake_fault("pinned memory goes that queued work needs");
		fake.pinned[i].memory = NULL;
		munmap(memory, fake.pinned[i].bytes);
		fake_end(0);
		return;
	}
	fake_fault("%p is not pinned", memory);
	fake_end(0);
}

static int memory_info(int device, uint64_t *free_bytes, uint64_t *total)
{
	int error = fake_begin(FAKE_INFO);

	if (error)
		return fake_end(error);
	*total = fake.card[device].granules * GB_GRANULE;
	*free_bytes = fake.card[device].free * GB_GRANULE - fake.card[device].taken;
	return fake_end(0);
}

static int drain(int device)
{
	int error = fake_begin(FAKE_DRAIN);
	void (*call)(void);

	if (error || fake.capturing)
		return fake_end(error ? error : -EBUSY);
	fake_stream_run_device(device);
	call = fake.after_drain;
	fake.after_drain = NULL;
	fake_end(0);
	if (call)
		call();
	return 0;
}

bool fake_is_pinned(uint64_t address, uint64_t bytes)
{
	for (int i = 0; i < PINNED; i++) {
		uint64_t begins = (uint64_t)fake.pinned[i].memory;

		if (begins && address - begins < fake.pinned[i].bytes &&
		    address + bytes <= begins + fake.pinned[i].bytes)
			return true;
	}
	return false;
}

bool fake_is_captured(uint64_t stream)
{
	return fake.captured && fake.captured == stream;
}

char *fake_resolve(int device, uint64_t address, uint64_t *bytes)
{
	struct slot *slot = slot_of(address);
	uint64_t offset = address % GB_GRANULE;
	struct handle *handle;

	if (*bytes > GB_GRANULE - offset && slot)
		*bytes = GB_GRANULE - offset;
	if (!slot)
		return fake_is_pinned(address, *bytes) ? (char *)address : NULL;
	if (!(slot->access & (1u << device)))
		return NULL;
	if (slot->registered)
		return (char *)address;
	handle = &fake.handle[slot->handle - 1];
	if (handle->device == GB_ON_HOST)
		return (char *)address;
	return fake.card[handle->device].memory +
	       handle->frames[slot->index] * GB_GRANULE + offset;
}

static int copy(int device, uint64_t to, uint64_t from, uint64_t bytes)
{
	int error = fake_begin(FAKE_COPY);

	if (error)
		return fake_end(error);
	if (!(atomic_load(&gb_attention) & GB_ATTENTION_CLOSED))
		fake_fault("a move while the gate is open");
	if (atomic_load(&inside))
		fake_fault("a move while somebody is inside the gate");
	if (fake_stream_needs(to, bytes) || fake_stream_needs(from, bytes))
		fake_fault("a move while work on that memory is queued");
	return fake_end(fake_copy(device, to, from, bytes));
}

const struct gb_driver_ops fake_driver = {
	.address_reserve = address_reserve,
	.address_free = address_free,
	.memory_create = memory_create,
	.memory_release = memory_release,
	.memory_map = memory_map,
	.memory_unmap = memory_unmap,
	.memory_access = memory_access,
	.memory_export = memory_export,
	.host_register = host_register,
	.host_unregister = host_unregister,
	.host_alloc = host_alloc,
	.host_free = host_free,
	.memory_info = memory_info,
	.drain = drain,
	.copy = copy,
	.send = fake_op_send,
	.mark = fake_op_mark,
	.ticket_passed = fake_op_ticket_passed,
	.ticket_wait = fake_op_ticket_wait,
	.ticket_drop = fake_op_ticket_drop,
	.stream_create = fake_op_stream_create,
	.stream_destroy = fake_op_stream_destroy,
	.stream_state = fake_op_stream_state,
	.stream_wait = fake_op_stream_wait,
	.stream_copy = fake_op_stream_copy,
	.ticket_create = fake_op_ticket_create,
	.ticket_record = fake_op_ticket_record,
	.ticket_elapsed = fake_op_ticket_elapsed,
	.reconcile_prepare = fake_op_reconcile_prepare,
	.reconcile = fake_op_reconcile,
};

void fake_start(int devices, uint64_t vram, uint64_t host)
{
	memset(&fake, 0, sizeof(fake));
	fake_call_start();
	atomic_store(&inside, 0);
	fake.devices = devices;
	fake.host = host;
	for (int i = 0; i < devices; i++) {
		struct card *card = &fake.card[i];

		card->granules = card->free = vram / GB_GRANULE;
		card->used = calloc(card->granules, sizeof(*card->used));
		card->memory = mmap(NULL, vram, PROT_READ | PROT_WRITE,
				    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
		if (card->memory == MAP_FAILED)
			abort();
		madvise(card->memory, vram, MADV_HUGEPAGE);
	}
	fake_stream_start();
}

int fake_stop(void)
{
	fake_stream_stop();
	for (int i = 0; i < DEVICES; i++) {
		struct card *card = &fake.card[i];

		if (fake.arena[i].slots)
			fake_fault("a reservation was not given back");
		if (!card->memory)
			continue;
		munmap(card->memory, card->granules * GB_GRANULE);
		free(card->used);
	}
	if (fake.handles)
		fake_fault("%u handles were not given back", fake.handles);
	if (fake.host_used)
		fake_fault("%#lx bytes are still pinned", fake.host_used);
	for (int i = 0; i < PINNED; i++)
		if (fake.pinned[i].memory)
			fake_fault("a pinned buffer was not given back");
	return fake_faults();
}

void fake_take_vram(int device, int64_t bytes)
{
	pthread_mutex_lock(&fake_lock);
	fake.card[device].taken += (uint64_t)bytes;
	pthread_mutex_unlock(&fake_lock);
}

void fake_after_drain(void (*call)(void))
{
	pthread_mutex_lock(&fake_lock);
	fake.after_drain = call;
	pthread_mutex_unlock(&fake_lock);
}

void fake_capture(bool on, uint64_t stream)
{
	pthread_mutex_lock(&fake_lock);
	fake.capturing = on;
	fake.captured = on ? stream : 0;
	pthread_mutex_unlock(&fake_lock);
}

void fake_set_seed(uint64_t seed)
{
	pthread_mutex_lock(&fake_lock);
	fake_stream_seed(seed);
	pthread_mutex_unlock(&fake_lock);
}

void fake_kernel_write(uint64_t stream, uint64_t address, uint64_t bytes,
		       uint64_t seed)
{
	pthread_mutex_lock(&fake_lock);
	fake_stream_pattern(stream, address, bytes, seed, false);
	pthread_mutex_unlock(&fake_lock);
}

void fake_kernel_expect(uint64_t stream, uint64_t address, uint64_t bytes,
			uint64_t seed)
{
	pthread_mutex_lock(&fake_lock);
	fake_stream_pattern(stream, address, bytes, seed, true);
	pthread_mutex_unlock(&fake_lock);
}

void fake_run_all(void)
{
	pthread_mutex_lock(&fake_lock);
	for (int i = 0; i < fake.devices; i++)
		fake_stream_run_device(i);
	pthread_mutex_unlock(&fake_lock);
}

static bool transfer(int device, uint64_t address, char *memory, uint64_t bytes,
		     bool out)
{
	bool all = true;

	pthread_mutex_lock(&fake_lock);
	while (all && bytes) {
		uint64_t part = bytes;
		char *at = fake_resolve(device, address, &part);

		all = at != NULL;
		if (all)
			memcpy(out ? memory : at, out ? at : memory, part);
		memory += part;
		address += part;
		bytes -= part;
	}
	pthread_mutex_unlock(&fake_lock);
	return all;
}

bool fake_peek(int device, uint64_t address, void *to, uint64_t bytes)
{
	return transfer(device, address, to, bytes, true);
}

bool fake_poke(int device, uint64_t address, const void *from, uint64_t bytes)
{
	return transfer(device, address, (char *)from, bytes, false);
}

enum fake_place fake_place(uint64_t address)
{
	enum fake_place place = FAKE_NOWHERE;
	const struct slot *slot;

	pthread_mutex_lock(&fake_lock);
	slot = slot_of(address);
	if (slot && slot->registered)
		place = FAKE_RAM;
	else if (slot && slot->handle)
		place = fake.handle[slot->handle - 1].device == GB_ON_HOST
				? FAKE_RAM
				: FAKE_VRAM;
	pthread_mutex_unlock(&fake_lock);
	return place;
}

bool fake_may_access(int device, uint64_t address)
{
	uint64_t one = 1;
	bool may;

	pthread_mutex_lock(&fake_lock);
	may = fake_resolve(device, address, &one) != NULL;
	pthread_mutex_unlock(&fake_lock);
	return may;
}

uint64_t fake_mapped_granules(void)
{
	uint64_t mapped;

	pthread_mutex_lock(&fake_lock);
	mapped = fake.mapped;
	pthread_mutex_unlock(&fake_lock);
	return mapped;
}

unsigned int fake_pinned(void)
{
	unsigned int count = 0;

	pthread_mutex_lock(&fake_lock);
	for (int i = 0; i < PINNED; i++)
		count += fake.pinned[i].memory != NULL;
	pthread_mutex_unlock(&fake_lock);
	return count;
}

unsigned int fake_handles(void)
{
	unsigned int handles;

	pthread_mutex_lock(&fake_lock);
	handles = fake.handles;
	pthread_mutex_unlock(&fake_lock);
	return handles;
}
