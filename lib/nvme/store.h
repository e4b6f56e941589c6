/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The third tier's memory: bytes that were in RAM, and are in a file. Either in
 * the spill file, put there, or in the model file that they came from, which is
 * remembered and costs no write. Both come back by the same call, and never
 * other than they were: each page of GB_STORE_PAGE has a checksum.
 *
 * Knows nothing of GPUs or of the engine. What may leave RAM, and when, is for
 * the caller to decide.
 *
 * Calls may come from any thread unless they say otherwise. They return 0 or
 * -errno, and on failure have changed nothing.
 */
#ifndef GB_STORE_H
#define GB_STORE_H

#include "queue.h"
#include "spill.h"

/*
 * What has one checksum: 8 bytes for 64 KiB, so 9 MB for 70 GB. As nothing less
 * than that is ever brought back, a finer one would find the same errors.
 */
#define GB_STORE_PAGE GB_SPILL_UNIT

struct gb_store;

/* Some bytes that are in the store. */
struct gb_stored;

/* Who wanted bytes moved, for the accounts. */
enum gb_store_why {
	GB_STORE_EVICT,	   /* memory was needed by the program itself */
	GB_STORE_PRESSURE, /* by others */
	GB_STORE_LAUNCH,   /* a launch waits for it */
	GB_STORE_PREFETCH, /* one will, probably */
	GB_STORE_REMEMBER, /* to compare with what was uploaded */
	GB_STORE_WHYS,
};

struct gb_store_setup {
	const char *directory; /* on the disk that is to be used */
	uint64_t capacity;     /* bytes of the spill file at most */
	uint64_t writes; /* bytes written in all at most; UINT64_MAX: any */
	struct gb_queue_setup queue;
};

/*
 * One call's work, under way until gb_store_wait has returned, or @done was
 * called. The caller clears it, may set @done, and frees it then.
 */
struct gb_job {
	/*
	 * May be NULL; then somebody has to wait. Called by a thread of the
	 * store with the result, as the last that is done with the job.
	 */
	void (*done)(struct gb_job *job, int error);

	/* The store's. */
	struct gb_io io;
	struct gb_store *store;
	struct gb_stored *stored;
	enum gb_store_why why;
	uint64_t from;	    /* first byte of @stored that it is about */
	const char *memory; /* that a file is compared with */
};

struct gb_store_stats {
	uint64_t capacity;
	uint64_t used;	      /* of it, by what is stored */
	uint64_t reserved;    /* on the disk, with what is free for more */
	uint64_t remembered;  /* bytes stored in files of others */
	uint64_t writes_left; /* UINT64_MAX: no limit */
	uint64_t read[GB_STORE_WHYS], written[GB_STORE_WHYS]; /* bytes */
	uint64_t corrupt; /* pages that came back other than they were */
	uint64_t stale;	  /* the same of model files */
	bool direct;	  /* the spill file goes past the page cache */
	bool reserves;	  /* its space is reserved */
	struct gb_queue_stats queue;
};

/* What the directory, or memory, has against it. */
int gb_store_create(struct gb_store **store, const struct gb_store_setup *setup);
/* Nothing may be stored any more. NULL is fine. */
void gb_store_destroy(struct gb_store *store);

/*
 * Stores @bytes at @memory, multiples of GB_STORE_PAGE and GB_DIRECT_ALIGN,
 * which have to stay as they are until @job is over. *@stored is the caller's,
 * to drop when the job has failed and otherwise when it has had its use.
 * -ENOSPC where capacity or disk are full; -EDQUOT where it would be more than
 * may be written. The job fails with -EIO, -ENOSPC or what else the disk says.
 */
int gb_store_put(struct gb_store *store, const void *memory, uint64_t bytes,
		 enum gb_store_why why, struct gb_job *job,
		 struct gb_stored **stored);

/*
 * As put for @bytes at @memory that were copied from @source, an address in a
 * mapping of a file, still mapped: stores nothing but where they are. Any sizes
 * and alignments. -ENOENT, -EPERM or why it could not be opened, where @source
 * is in no such mapping; the job fails with -ESTALE where the file has other
 * bytes than @memory. All of that means to put it instead.
 */
int gb_store_remember(struct gb_store *store, const void *source,
		      const void *memory, uint64_t bytes, struct gb_job *job,
		      struct gb_stored **stored);

/*
 * Brings @bytes from @from of @stored to @memory; @from is a multiple of
 * GB_STORE_PAGE, and so is @bytes unless it goes up to the end. Several at once
 * are fine. The job fails with -EILSEQ where the bytes are not those that were
 * put, with -ESTALE where a model file is not as it was, with -EIO or what else
 * the disk says; the log names file and offset. Then @memory holds anything,
 * and trying again is allowed.
 */
int gb_store_get(struct gb_store *store, struct gb_stored *stored,
		 uint64_t from, uint64_t bytes, void *memory,
		 enum gb_store_why why, struct gb_job *job);

/* Waits for a job without done; its result. */
int gb_store_wait(struct gb_job *job);
/* Whether that would not wait. */
bool gb_store_is_over(struct gb_job *job);

/* Gives up what is stored. No job of it may be under way. NULL is fine. */
void gb_store_drop(struct gb_store *store, struct gb_stored *stored);

/* Whether it was put, and takes space of the spill file. */
bool gb_store_was_put(const struct gb_stored *stored);

/*
 * Whether a model file looks as it did when it was remembered; true for what is
 * in the spill file. To ask before the last other copy goes.
 */
bool gb_store_still_has(const struct gb_stored *stored);

/*
 * Whether @memory has, still or again, all the bytes that are stored, by their
 * checksums. No job of it may be under way.
 */
bool gb_store_matches(const struct gb_stored *stored, const void *memory);

void gb_store_get_stats(struct gb_store *store, struct gb_store_stats *stats);

/*
 * In the child of a fork: closes the files that came along. Without this call
 * the store refuses the child too, with -ESHUTDOWN; only the files stay open.
 */
void gb_store_fork_child(struct gb_store *store);

#endif
