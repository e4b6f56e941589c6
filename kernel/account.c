// SPDX-License-Identifier: GPL-2.0-only
/*
 * Who has how much: limits of the machine, of each user and of each open file,
 * and RLIMIT_MEMLOCK. What is allocated is charged before a page is taken, and
 * stays charged to the one who allocated it, whoever holds the descriptor.
 */
#include <linux/capability.h>
#include <linux/cred.h>
#include <linux/minmax.h>
#include <linux/sched/signal.h>
#include <linux/sched/user.h>
#include <linux/seq_file.h>
#include <linux/slab.h>
#include <linux/spinlock.h>
#include <linux/uidgid.h>
#include <linux/user_namespace.h>

#include "greenboost.h"

/* Exists while something is charged to the user. */
struct gb_user {
	struct list_head link;
	kuid_t uid;
	u64 used;
};

static struct {
	spinlock_t lock; /* guards the rest, and the sums of clients and users */
	u64 limit;	 /* of the machine */
	u64 user_limit;
	u64 file_limit; /* of the files opened from now on */
	u64 used, peak;
	struct list_head users;
} account = {
	.lock = __SPIN_LOCK_UNLOCKED(account.lock),
	.users = LIST_HEAD_INIT(account.users),
};

static struct {
	struct mutex lock; /* guards the list and the count */
	struct list_head list;
	unsigned int count;
} clients = {
	.lock = __MUTEX_INITIALIZER(clients.lock),
	.list = LIST_HEAD_INIT(clients.list),
};

static u64 whole_granules(u64 bytes)
{
	if (bytes == GREENBOOST_NO_LIMIT)
		return bytes;
	return round_down(bytes, (u64)GREENBOOST_GRANULE_BYTES);
}

static u64 room(u64 limit, u64 used)
{
	return limit > used ? limit - used : 0;
}

static struct gb_user *user_of(kuid_t uid)
{
	struct gb_user *user;

	lockdep_assert_held(&account.lock);
	list_for_each_entry(user, &account.users, link)
		if (uid_eq(user->uid, uid))
			return user;
	return NULL;
}

/* Charges locked memory as io_uring does: by user, unless CAP_IPC_LOCK. */
static int memlock_take(struct gb_charge *charge, u64 bytes)
{
	struct user_struct *user = current_user();
	unsigned long limit = rlimit(RLIMIT_MEMLOCK) >> PAGE_SHIFT;
	unsigned long pages = bytes >> PAGE_SHIFT;
	long now;

	charge->memlock = NULL;
	if (capable(CAP_IPC_LOCK))
		return 0;
	now = atomic_long_read(&user->locked_vm);
	do {
		if (now + pages > limit)
			return -EPERM;
	} while (!atomic_long_try_cmpxchg(&user->locked_vm, &now, now + pages));
	charge->memlock = get_uid(user);
	return 0;
}

static void memlock_return(struct gb_charge *charge)
{
	if (!charge->memlock)
		return;
	atomic_long_sub(charge->bytes >> PAGE_SHIFT, &charge->memlock->locked_vm);
	free_uid(charge->memlock);
}

/* Takes fresh into the list when it is the user's first charge. */
static int limits_take(struct gb_charge *charge, struct gb_user **fresh)
{
	struct gb_client *client = charge->client;
	struct gb_user *user;
	u64 bytes = charge->bytes;

	lockdep_assert_held(&account.lock);
	if (bytes > room(client->limit, client->used)) {
		gb_count(GB_COUNT_refused_file);
		return -EDQUOT;
	}
	user = user_of((*fresh)->uid);
	if (bytes > room(account.user_limit, user ? user->used : 0)) {
		gb_count(GB_COUNT_refused_user);
		return -EDQUOT;
	}
	if (bytes > room(account.limit, account.used)) {
		gb_count(GB_COUNT_refused_machine);
		return -ENOSPC;
	}
	if (!user) {
		user = *fresh;
		*fresh = NULL;
		list_add_tail(&user->link, &account.users);
	}
	charge->user = user;
	user->used += bytes;
	client->used += bytes;
	account.used += bytes;
	account.peak = max(account.peak, account.used);
	return 0;
}

static void limits_return(struct gb_charge *charge)
{
	struct gb_user *user = charge->user;

	spin_lock(&account.lock);
	account.used -= charge->bytes;
	charge->client->used -= charge->bytes;
	user->used -= charge->bytes;
	if (user->used)
		user = NULL;
	else
		list_del(&user->link);
	spin_unlock(&account.lock);
	kfree(user);
}

int gb_charge_take(struct gb_charge *charge, struct gb_client *client, u64 bytes)
{
	struct gb_user *fresh;
	int err;

	fresh = kzalloc(sizeof(*fresh), GFP_KERNEL);
	if (!fresh) {
		gb_count(GB_COUNT_refused_memory);
		return -ENOMEM;
	}
	fresh->uid = current_user()->uid;
	charge->client = client;
	charge->bytes = bytes;

	/* The caller's own first: others shall not see what he is refused. */
	err = memlock_take(charge, bytes);
	if (err) {
		kfree(fresh);
		gb_count(GB_COUNT_refused_memlock);
		return err;
	}
	spin_lock(&account.lock);
	err = limits_take(charge, &fresh);
	spin_unlock(&account.lock);
	kfree(fresh);
	if (err) {
		memlock_return(charge);
		return err;
	}
	gb_client_get(client);
	return 0;
}

void gb_charge_return(struct gb_charge *charge)
{
	memlock_return(charge);
	limits_return(charge);
	gb_client_put(charge->client);
}

kuid_t gb_charge_uid(const struct gb_charge *charge)
{
	return charge->user->uid;
}

/* What RLIMIT_MEMLOCK allows the caller in all, bytes. */
static u64 memlock_limit(void)
{
	unsigned long limit = rlimit(RLIMIT_MEMLOCK);

	if (limit == RLIM_INFINITY ||
	    ns_capable_noaudit(&init_user_ns, CAP_IPC_LOCK))
		return GREENBOOST_NO_LIMIT;
	return limit;
}

void gb_account_limits(struct gb_client *client, struct greenboost_limits *limits)
{
	struct user_struct *current_one = current_user();
	struct gb_user *user;

	limits->memlock_limit = memlock_limit();
	limits->memlock_used = (u64)atomic_long_read(&current_one->locked_vm)
			       << PAGE_SHIFT;
	spin_lock(&account.lock);
	user = user_of(current_one->uid);
	limits->file_limit = client->limit;
	limits->file_used = client->used;
	limits->user_limit = account.user_limit;
	limits->user_used = user ? user->used : 0;
	limits->machine_limit = account.limit;
	limits->machine_used = account.used;
	spin_unlock(&account.lock);
}

u64 gb_account_available(struct gb_client *client)
{
	struct greenboost_limits limits;
	u64 bytes;

	gb_account_limits(client, &limits);
	bytes = room(limits.file_limit, limits.file_used);
	bytes = min(bytes, room(limits.user_limit, limits.user_used));
	bytes = min(bytes, room(limits.machine_limit, limits.machine_used));
	bytes = min(bytes, room(limits.memlock_limit, limits.memlock_used));
	return whole_granules(bytes);
}

int gb_account_set_file_limit(struct gb_client *client, u64 bytes)
{
	bool lower;

	bytes = whole_granules(bytes);
	spin_lock(&account.lock);
	lower = bytes <= client->limit;
	if (lower)
		client->limit = bytes;
	spin_unlock(&account.lock);
	if (lower)
		return 0;
	if (!capable(CAP_SYS_RESOURCE))
		return -EPERM;
	spin_lock(&account.lock);
	client->limit = bytes;
	spin_unlock(&account.lock);
	return 0;
}

static u64 *limit_of(enum gb_limit which)
{
	switch (which) {
	case GB_LIMIT_USER:
		return &account.user_limit;
	case GB_LIMIT_FILE:
		return &account.file_limit;
	default:
		return &account.limit;
	}
}

u64 gb_account_limit(enum gb_limit which)
{
	u64 bytes;

	spin_lock(&account.lock);
	bytes = *limit_of(which);
	spin_unlock(&account.lock);
	return bytes;
}

void gb_account_set_limit(enum gb_limit which, u64 bytes)
{
	spin_lock(&account.lock);
	*limit_of(which) = whole_granules(bytes);
	spin_unlock(&account.lock);
}

u64 gb_account_used(void)
{
	u64 bytes;

	spin_lock(&account.lock);
	bytes = account.used;
	spin_unlock(&account.lock);
	return bytes;
}

u64 gb_account_peak(void)
{
	u64 bytes;

	spin_lock(&account.lock);
	bytes = account.peak;
	spin_unlock(&account.lock);
	return bytes;
}

struct gb_client *gb_client_create(void)
{
	struct gb_client *client;

	client = kzalloc(sizeof(*client), GFP_KERNEL_ACCOUNT);
	if (!client)
		return NULL;
	kref_init(&client->ref);
	client->limit = gb_account_limit(GB_LIMIT_FILE);
	client->opener = current_user()->uid;
	client->pid = task_tgid_nr(current);
	mutex_lock(&clients.lock);
	list_add_tail(&client->link, &clients.list);
	clients.count++;
	mutex_unlock(&clients.lock);
	return client;
}

static void client_free(struct kref *ref)
{
	struct gb_client *client = container_of(ref, struct gb_client, ref);

	mutex_lock(&clients.lock);
	list_del(&client->link);
	clients.count--;
	mutex_unlock(&clients.lock);
	kfree(client);
}

void gb_client_get(struct gb_client *client)
{
	kref_get(&client->ref);
}

void gb_client_put(struct gb_client *client)
{
	kref_put(&client->ref, client_free);
}

unsigned int gb_account_clients(void)
{
	return READ_ONCE(clients.count);
}

static void show_limit(struct seq_file *seq, u64 bytes)
{
	if (bytes == GREENBOOST_NO_LIMIT)
		seq_puts(seq, " limit none\n");
	else
		seq_printf(seq, " limit %llu\n", bytes);
}

static void show_clients(struct seq_file *seq)
{
	struct gb_client *client;

	mutex_lock(&clients.lock);
	list_for_each_entry(client, &clients.list, link) {
		u64 limit, used;

		spin_lock(&account.lock);
		limit = client->limit;
		used = client->used;
		spin_unlock(&account.lock);
		seq_printf(seq, "file pid %d uid %u used %llu", client->pid,
			   from_kuid(&init_user_ns, client->opener), used);
		show_limit(seq, limit);
	}
	mutex_unlock(&clients.lock);
}

void gb_account_show(struct seq_file *seq)
{
	struct gb_user *user;

	spin_lock(&account.lock);
	seq_printf(seq, "machine used %llu peak %llu", account.used, account.peak);
	show_limit(seq, account.limit);
	list_for_each_entry(user, &account.users, link) {
		seq_printf(seq, "user %u used %llu",
			   from_kuid(&init_user_ns, user->uid), user->used);
		show_limit(seq, account.user_limit);
	}
	spin_unlock(&account.lock);
	show_clients(seq);
}

void gb_account_init(void)
{
	gb_account_set_limit(GB_LIMIT_MACHINE, gb_param_limit_bytes());
	gb_account_set_limit(GB_LIMIT_USER, gb_param_user_limit_bytes());
	gb_account_set_limit(GB_LIMIT_FILE, gb_param_file_limit_bytes());
}
