/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The simulated GPU, as its own files see it.
 *
 * Words. A *region* is a range of addresses with memory behind it, whatever
 * made it. A *physical* piece of memory (struct sim_phys) is a range of a
 * memfd; several regions may show the same one. *Work* is something a GPU does:
 * a kernel, a copy, a fill. It never changes after it was made, so streams,
 * graphs and instantiated graphs share it by reference. An *operation* is work
 * in a stream's queue. A *fence* is the end of one operation.
 *
 * Lock. One mutex, sim.lock, guards every structure here. The wrappers that
 * SIM_API makes take it, so each function below runs with it held unless its
 * comment says otherwise. It is dropped in two places only: while work runs
 * (sched.c), since a kernel may spin until the program does something, and
 * while a thread waits for something to change (sim_wait_*, sim_enter).
 */
#ifndef SIM_SIM_H
#define SIM_SIM_H

#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/queue.h>

#include <abi/cuda.h>

#define SIM_MAX_DEVICES 16
#define SIM_PAGE	((size_t)4096)
#define SIM_GRANULE	((size_t)2 << 20)
#define SIM_LIMITS	16

#define SIM_EXPORT	    __attribute__((visibility("default")))
#define SIM_ROUND_UP(n, to) (((n) + (to)-1) / (to) * (to))

/* Objects that the program holds by handle. */

enum sim_type {
	SIM_DEAD,
	SIM_CONTEXT,
	SIM_STREAM,
	SIM_EVENT,
	SIM_MODULE,
	SIM_FUNCTION,
	SIM_ARRAY,
	SIM_MIPMAP,
	SIM_TEXTURE,
	SIM_POOL,
	SIM_PHYS,
	SIM_GRAPH,
	SIM_NODE,
	SIM_EXEC,
	SIM_TYPES,
};

struct CUctx_st;

struct sim_object {
	unsigned int magic;
	enum sim_type type;
	enum sim_type was; /* of a dead one */
	struct sim_object *next;
	struct CUctx_st *owner; /* or NULL; then the next two mean nothing */
	void (*end)(void *object);
	TAILQ_ENTRY(sim_object) link; /* in the owner's objects */
};

TAILQ_HEAD(sim_objects, sim_object);

void *sim_object_create(enum sim_type type, size_t size);
/* From here on it ends with that context, by that function. */
void sim_object_give(void *object, struct CUctx_st *owner, void (*end)(void *));
/* Memory of a destroyed object stays readable for a while, so that a stale
 * handle is recognised. */
void sim_object_destroy(void *object);
/* Whether it is a handle of that type now, whatever it was before. */
bool sim_is_live(const void *handle, enum sim_type type);
/* Whether it was one of that type, and is none any more. */
bool sim_is_dead(const void *handle, enum sim_type type);

/*
 * The same of a handle that the program passes: a stale one ends the process,
 * since a real driver would use memory that it has freed (handle.c). False for
 * what was never a handle, for types that no context owns, and for all with
 * GREENBOOST_SIM_STALE=error.
 */
bool sim_is(const void *handle, enum sim_type type);
/* The handle is one that the program has destroyed: as sim_is does with it. */
void sim_stale(const void *handle, enum sim_type type);

/* calloc and realloc that do not fail: the simulator ends with a message. */
void *sim_alloc(size_t bytes);
void *sim_resize(void *old, size_t bytes);

/* Settings, from the environment, read once at cuInit (config.c). */

struct sim_config {
	int devices;
	uint64_t vram_bytes;
	uint64_t ram_bytes;
	int driver_version;
	char name[96]; /* of the devices */
	int major, minor;
	int multiprocessors;
	bool seeded;
	uint64_t seed;
	bool trace;
	bool stale_is_error; /* else a stale handle ends the process */
};

void sim_config_read(struct sim_config *config);
uint64_t sim_parse_size(const char *text, uint64_t otherwise);

/* A printed line, only for things that the person testing must know. */
void sim_log(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* Faults that the environment asks for (inject.c). */
void sim_inject_read(void);
CUresult sim_inject(const char *symbol);

/* Ranges of addresses, sorted (map.c). */

struct sim_range {
	uint64_t base;
	uint64_t size;
};

struct sim_map {
	struct sim_range **at;
	size_t count, room;
};

void sim_map_insert(struct sim_map *map, struct sim_range *range);
void sim_map_remove(struct sim_map *map, struct sim_range *range);
/* The range that holds the address, or NULL. */
struct sim_range *sim_map_find(const struct sim_map *map, uint64_t address);
/* The first range that ends behind the address, or NULL. */
struct sim_range *sim_map_next(const struct sim_map *map, uint64_t address);

/* Devices, contexts and threads. */

struct sim_device {
	int ordinal;
	CUuuid uuid;
	uint64_t vram_bytes;
	int memfd;
	uint64_t memfd_end;
	struct CUctx_st *primary;
	int primary_refs;
	unsigned int primary_flags;
	struct CUmemPoolHandle_st *default_pool, *pool;
};

TAILQ_HEAD(sim_streams, CUstream_st);

struct CUctx_st {
	struct sim_object object;
	struct sim_device *device;
	uint64_t id;
	bool primary;
	unsigned int flags;
	CUresult fatal; /* what every later call returns, or 0 */
	uint32_t peers; /* devices whose memory this context may touch */
	uint64_t sequence;
	size_t limits[SIM_LIMITS];
	struct CUstream_st *legacy;
	struct sim_streams streams;
	struct sim_objects objects; /* others that end with it */
	TAILQ_ENTRY(CUctx_st) link;
};

TAILQ_HEAD(sim_contexts, CUctx_st);

#define SIM_STACK 64

struct sim_thread {
	struct CUctx_st *stack[SIM_STACK];
	int depth;
	uint64_t id;
	const char *call; /* the latest */
	bool in_callback;
	bool per_thread; /* the call came through a per-thread entry point */
	CUstreamCaptureMode capture_mode;
};

extern __thread struct sim_thread sim_self;

struct sim_state {
	pthread_mutex_t lock;
	pthread_cond_t changed; /* an operation ended or was queued */
	bool ready;		/* cuInit succeeded */
	bool forked;		/* in a child of a process that had it ready */
	struct sim_config config;
	struct sim_device devices[SIM_MAX_DEVICES];
	int device_count;
	struct sim_contexts contexts;
	struct sim_map regions;
	struct sim_map reservations;
	int host_memfd;
	uint64_t host_memfd_end;
	uint64_t last_id;
	struct sim_clock *clock; /* NULL: no profile, no virtual time */
	uint64_t random;
	uint64_t calls;
	uint64_t steps;
	int inside;		    /* threads in a call */
	bool serving;		    /* calls wait while idle.c runs work */
	size_t pending;		    /* operations in all queues */
	struct sim_streams waiting; /* streams with operations queued */
};

extern struct sim_state sim;

uint64_t sim_random(uint64_t below);
uint64_t sim_next_id(void);

/* Entry points. */

enum {
	SIM_ANY_TIME = 1,    /* legal before cuInit */
	SIM_NO_CTX = 2,	     /* needs no current context */
	SIM_AFTER_DEATH = 4, /* legal in a context that an error has ended */
	SIM_PER_THREAD = 8,  /* stream 0 is the per-thread one */
};

/* Takes sim.lock; on an error the call must return it at once. */
CUresult sim_enter(const char *symbol, unsigned int flags);
CUresult sim_leave(const char *symbol, CUresult rc);

#define SIM_ENTRY_(name, body, flags, params, args)                            \
	SIM_EXPORT CUresult name params;                                       \
	SIM_EXPORT CUresult name params                                        \
	{                                                                      \
		CUresult rc = sim_enter(#name, flags);                         \
                                                                               \
		return sim_leave(#name, rc ? rc : body args);                  \
	}

/*
 * Defines an exported entry point; the block that follows is its body, run
 * with sim.lock held and the flags' conditions checked.
 */
#define SIM_API(name, flags, params, args)                                     \
	static CUresult name##_body params;                                    \
	SIM_ENTRY_(name, name##_body, flags, params, args)                     \
	static CUresult name##_body params

/* The same with its per-thread twin, whose suffix is given. */
#define SIM_API_PT(name, twin, flags, params, args)                                 \
	static CUresult name##_body params;                                         \
	SIM_ENTRY_(name, name##_body, flags, params, args)                          \
	SIM_ENTRY_(name##twin, name##_body, (flags) | SIM_PER_THREAD, params, args) \
	static CUresult name##_body params

/* A second name with the behaviour of the first. */
#define SIM_SAME(name, as, flags, params, args)                                \
	SIM_ENTRY_(name, as##_body, flags, params, args)
#define SIM_SAME_PT(name, as, twin, flags, params, args)                       \
	SIM_ENTRY_(name, as##_body, flags, params, args)                       \
	SIM_ENTRY_(name##twin, as##_body, (flags) | SIM_PER_THREAD, params, args)

/* Contexts (context.c, primary.c). */

struct CUctx_st *sim_context(void); /* the current one, or NULL */
struct CUctx_st *sim_context_create(struct sim_device *device, unsigned int flags);
void sim_context_destroy(struct CUctx_st *ctx);
struct sim_device *sim_device(CUdevice ordinal); /* NULL: no such device */
CUresult sim_devices_create(void);

/* Physical memory and its limits (phys.c). */

struct sim_phys {
	struct sim_object object;
	CUmemAllocationProp prop;
	struct sim_device *device; /* NULL: host memory */
	size_t size;
	int fd;
	bool own_fd;
	uint64_t offset;
	bool charged;
	int handles;  /* references that the program holds */
	int mappings; /* regions that show it */
};

/*
 * Memory for a device, or for the host where device is NULL. size is a multiple
 * of a page. An exportable piece has a file of its own. Returns
 * CUDA_ERROR_OUT_OF_MEMORY beyond the limit; otherwise one handle reference.
 */
CUresult sim_phys_create(struct sim_device *device, size_t size,
			 bool exportable, struct sim_phys **out);
/* Memory that another process made, behind a descriptor that is taken over. */
struct sim_phys *sim_phys_adopt(struct sim_device *device, size_t size, int fd,
				uint64_t offset);
/* Ends it when neither references nor mappings are left. */
void sim_phys_put(struct sim_phys *phys);
/* What is used of a device's memory, or (NULL) of the host's (machine.c). */
void sim_machine_join(void);
uint64_t sim_used(const struct sim_device *device);
CUresult sim_charge(const struct sim_device *device, uint64_t bytes);
void sim_uncharge(const struct sim_device *device, uint64_t bytes);

/* Regions (region.c). */

enum sim_region_kind {
	SIM_REGION_DEVICE,  /* cuMemAlloc and its kin */
	SIM_REGION_POOL,    /* cuMemAllocAsync */
	SIM_REGION_GRAPH,   /* made by a graph's allocation node */
	SIM_REGION_MAPPING, /* cuMemMap */
	SIM_REGION_HOST,    /* cuMemHostAlloc */
	SIM_REGION_REGISTERED,
	SIM_REGION_MANAGED,
	SIM_REGION_IPC,	   /* another process's memory */
	SIM_REGION_MODULE, /* a module's variables */
	SIM_REGION_ARRAY,
};

struct sim_region {
	struct sim_range range;
	enum sim_region_kind kind;
	size_t asked; /* bytes that the program asked for */
	struct CUctx_st *ctx;
	struct sim_device *device; /* NULL: host memory */
	struct sim_phys *phys;
	uint64_t id;
	unsigned int flags;
	bool sync_memops;
	struct CUmemPoolHandle_st *pool;
	bool freed;   /* a free is queued */
	int users;    /* times opened (IPC) or shown (module) */
	int peer_pid; /* IPC: the exporter and its region's id */
	uint64_t peer_id;
	uint8_t access[SIM_MAX_DEVICES];
	uint8_t host_access;
};

struct sim_region *sim_region_find(uint64_t address);
/* New memory at an address of its own, mapped and accessible. */
CUresult sim_region_create(enum sim_region_kind kind, struct sim_device *device,
			   size_t bytes, struct sim_region **out);
/* As above, showing memory that exists; takes one handle reference over. */
CUresult sim_region_show(enum sim_region_kind kind, struct sim_phys *phys,
			 size_t bytes, struct sim_region **out);
/* An entry for memory that is mapped already. */
struct sim_region *sim_region_insert(enum sim_region_kind kind, uint64_t base,
				     uint64_t size);
void sim_region_destroy(struct sim_region *region);
/* Address space without memory, aligned to a granule where large, at @wanted if
 * that is free; 0: none. */
uint64_t sim_reserve(uint64_t bytes, uint64_t wanted);
/* Gives them back, later: until then any touch faults. */
void sim_unreserve(uint64_t base, uint64_t bytes);
/* Whether a device may be asked to touch all of [address, address + bytes). */
bool sim_range_is_known(uint64_t address, uint64_t bytes);
bool sim_is_host_memory(uint64_t address); /* to the driver not known at all */
bool sim_is_pinned(uint64_t address);

/* Fences. */

struct sim_fence {
	int refs;
	bool done;
	uint64_t time_ns; /* virtual where there is a clock, else real */
};

struct sim_fence *sim_fence_create(void);
struct sim_fence *sim_fence_get(struct sim_fence *fence);
void sim_fence_put(struct sim_fence *fence);

/* Work (work.c and the files of each kind). */

struct sim_work;
struct sim_op;
struct sim_stream;

enum sim_run {
	SIM_RUN_DONE,
	SIM_RUN_MORE,	 /* a part was done, call again */
	SIM_RUN_FAULTED, /* an address was touched that is not there */
};

struct sim_work_kind {
	const char *name;
	/* Whether it can go ahead; NULL: always. */
	bool (*is_ready)(struct sim_work *work, struct sim_op *op);
	/* Without the lock. A fault inside is caught. */
	enum sim_run (*run)(struct sim_work *work, struct sim_op *op);
	/* With the lock, after the last run; NULL: nothing to do. */
	void (*finish)(struct sim_work *work, struct sim_op *op);
	void (*destroy)(struct sim_work *work);
	/* What it costs, told to the clock; NULL: nothing. */
	void (*spend)(struct sim_work *work, struct sim_stream *time);
};

struct sim_work {
	const struct sim_work_kind *kind;
	int refs;
	bool blocks; /* may wait for the program: gets a thread of its own */
};

void *sim_work_create(const struct sim_work_kind *kind, size_t size);
struct sim_work *sim_work_get(struct sim_work *work);
void sim_work_put(struct sim_work *work);
struct sim_work *sim_work_empty(void);

/* Streams and their queues (stream.c, queue.c, sched.c). */

struct sim_op {
	TAILQ_ENTRY(sim_op) link;
	struct sim_work *work;
	struct CUstream_st *stream;
	uint64_t sequence; /* order of queueing within the context */
	struct sim_fence *fence;
	void *state; /* of a graph on its way */
};

TAILQ_HEAD(sim_ops, sim_op);

struct sim_capture;
struct CUevent_st;

/* A set of graph nodes. */
struct sim_nodes {
	struct CUgraphNode_st **at;
	size_t count;
};

struct CUstream_st {
	struct sim_object object;
	struct CUctx_st *ctx;
	unsigned int flags;
	int priority;
	uint64_t id;
	uint64_t thread; /* a per-thread default stream's owner, or 0 */
	uint64_t weight; /* how readily a seeded run picks it */
	struct sim_ops ops;
	uint64_t time_ns; /* virtual: when all that is queued has ended */
	bool busy;	  /* its first operation is running */
	bool destroyed;
	struct sim_capture *capture;
	struct sim_nodes tail; /* what the next captured node depends on */
	TAILQ_ENTRY(CUstream_st) link; /* in its context */
	TAILQ_ENTRY(CUstream_st)
	waiting; /* in sim.waiting while ops is not empty */
};

struct CUstream_st *sim_stream_create(struct CUctx_st *ctx, unsigned int flags,
				      int priority);
/* The stream that a handle means; CUDA_ERROR_INVALID_HANDLE, or the error that
 * ended its context. */
CUresult sim_stream(CUstream handle, struct CUstream_st **out);
/* Whether it waits for the legacy stream, and that for it. */
bool sim_stream_is_blocking(const struct CUstream_st *stream);
void sim_stream_end(struct CUstream_st *stream);

/*
 * Queues work on a stream, or adds it to the graph that the stream captures.
 * Takes the caller's reference over.
 */
CUresult sim_submit(struct CUstream_st *stream, struct sim_work *work);
/* The same past any capture; returns the fence of its end, to be put. */
struct sim_fence *sim_queue(struct CUstream_st *stream, struct sim_work *work);
/* Submits, then waits. A stream that captures refuses. */
CUresult sim_submit_and_wait(struct CUstream_st *stream, struct sim_work *work);

/* Waiting; operations run meanwhile. */
CUresult sim_wait_fence(struct CUctx_st *ctx, struct sim_fence *fence);
/* is_done is asked again and again; what it says of must live meanwhile. */
CUresult sim_wait_until(struct CUctx_st *ctx,
			bool (*is_done)(struct CUevent_st *event),
			struct CUevent_st *event);
CUresult sim_wait_stream(struct CUstream_st *stream);
CUresult sim_wait_context(struct CUctx_st *ctx);
void sim_wait_device(struct sim_device *device);
/* Starts or ends one operation, if any can; false otherwise. */
bool sim_step(void);
/* Lets some operations run, as the seed says. Called at every entry. */
void sim_progress(void);
/* A detached thread that takes no signals but those of faults. The handle is
 * good only while the thread is known to run. */
bool sim_thread_start(pthread_t *thread, void *(*main)(void *), void *data);
/* Runs what is queued when the program makes no calls (idle.c). */
void sim_idle_start(void);

/*
 * Runs without the lock and returns SIM_RUN_FAULTED if the work touched an
 * address that is not mapped (segv.c).
 */
enum sim_run sim_run_guarded(struct sim_work *work, struct sim_op *op);
void sim_segv_install(void);

/* Kinds of work made by one file and used by others. */

struct sim_side {
	uint8_t *at;
	uint64_t pitch; /* bytes from row to row */
	uint64_t slice; /* bytes from layer to layer */
};

struct sim_box {
	uint64_t width, height, depth; /* bytes, rows, layers */
};

/* The memory of src is read when the copy runs; see sim_copy_keep. */
struct sim_work *sim_copy_create(struct sim_side dst, struct sim_side src,
				 struct sim_box box);
/* Reads the source now, so that the copy no longer depends on it. */
void sim_copy_keep(struct sim_work *work);
struct sim_work *sim_fill_create(uint8_t *dst, uint64_t pitch, uint32_t value,
				 unsigned int element, uint64_t width,
				 uint64_t height);
struct sim_work *sim_wait_create(struct sim_fence *fence);

struct sim_host_work {
	struct sim_work work;
	void (*fn)(void *);
	void *data;
};

struct sim_work *sim_host_create(void (*fn)(void *), void *data);

extern const struct sim_work_kind sim_empty_kind, sim_host_kind;

/* Virtual time (time.c); none of it does anything without a clock. */

/* Reads the profile's figures for the settings that are not given. */
void sim_time_read(struct sim_config *config);
void sim_time_start(void);
/* The work was queued: moves the stream's time, and sets the fence's. */
void sim_time_spend(struct CUstream_st *stream, struct sim_work *work,
		    struct sim_fence *fence);
/* The program's thread has waited for it. */
void sim_time_wait(const struct sim_fence *fence);
/* The stream goes on no earlier than that. */
void sim_time_after(struct CUstream_st *stream, const struct sim_fence *fence);
/* The program's thread has waited for all that is queued on the stream now. */
void sim_time_catch_up(const struct CUstream_st *stream);
/* A call of memory management, on a device's memory or (NULL) the host's. */
enum sim_step_kind {
	SIM_STEP_CREATE,
	SIM_STEP_MAP,
	SIM_STEP_ACCESS,
	SIM_STEP_UNMAP,
	SIM_STEP_RELEASE,
};
void sim_time_step(enum sim_step_kind step, const struct sim_device *device,
		   uint64_t bytes);
void sim_time_host_alloc(uint64_t bytes);
void sim_time_register(uint64_t bytes);

/* Captures (capture.c). */

/* Adds work to the graph that the stream captures; takes it over. */
CUresult sim_capture_add(struct CUstream_st *stream, struct sim_work *work);
/* Whether a call that no capture allows may go on in this thread now. */
CUresult sim_capture_check_unsafe(void);
/* A call that waits for a context: breaks every capture in it, of any mode. */
CUresult sim_capture_check_context(const struct CUctx_st *ctx);
/* A call that synchronises a stream which captures: breaks the capture. */
CUresult sim_capture_check_stream(struct CUstream_st *stream);
/* The stream is destroyed: ends the capture that began in it, breaks another. */
void sim_capture_abandon(struct CUstream_st *stream);
/* The legacy stream would wait for a capture: breaks that capture. */
CUresult sim_capture_check_legacy(struct CUstream_st *stream);
CUresult sim_capture_record(struct CUstream_st *stream, struct CUevent_st *event);
CUresult sim_capture_wait(struct CUstream_st *stream, struct CUevent_st *event);

/* Pools (pool.c). */
struct CUmemPoolHandle_st *sim_pool_default(struct sim_device *device);
void sim_pools_trim(struct sim_device *device);
void sim_pool_free(struct sim_region *region);

/* Modules: addresses found by name, and code (module.c). */
void sim_modules_of_context_end(struct CUctx_st *ctx);

#endif
