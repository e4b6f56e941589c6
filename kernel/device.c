// SPDX-License-Identifier: GPL-2.0-only
/*
 * /dev/greenboost: open, ioctl, poll and fdinfo. Arguments are judged here; a
 * refusal is counted where it is made.
 */
#include <linux/dma-buf.h>
#include <linux/err.h>
#include <linux/fcntl.h>
#include <linux/file.h>
#include <linux/fs.h>
#include <linux/miscdevice.h>
#include <linux/module.h>
#include <linux/nodemask.h>
#include <linux/poll.h>
#include <linux/seq_file.h>
#include <linux/string.h>
#include <linux/uaccess.h>

#include "greenboost.h"
#include "trace.h"

/* One call: its argument, copied in before and out after. */
struct call {
	struct gb_client *client;
	union {
		struct greenboost_hello hello;
		struct greenboost_info info;
		struct greenboost_alloc alloc;
		struct greenboost_limits limits;
		struct greenboost_set_limit set_limit;
		struct greenboost_subscribe subscribe;
		struct greenboost_pressure pressure;
	};
	struct file *file; /* the program's, as fd, once all is copied out */
	int fd;
	u64 seen; /* by the client, before */
};

static int refuse(enum gb_count count, int err)
{
	gb_count(count);
	return err;
}

static int refuse_argument(void)
{
	return refuse(GB_COUNT_refused_argument, -EINVAL);
}

#define is_zero(array) (!memchr_inv(array, 0, sizeof(array)))

static int do_hello(struct call *call)
{
	struct greenboost_hello *hello = &call->hello;
	u32 version = hello->version, version_min = hello->version_min;

	if (!version_min || version < version_min || !is_zero(hello->reserved))
		return refuse_argument();
	hello->version = GREENBOOST_VERSION;
	hello->version_min = GREENBOOST_VERSION_MIN;
	if (version < GREENBOOST_VERSION_MIN || version_min > GREENBOOST_VERSION)
		return refuse(GB_COUNT_refused_version, -EPROTONOSUPPORT);
	WRITE_ONCE(call->client->greeted, true);
	return 0;
}

static int do_info(struct call *call)
{
	if (!is_zero(call->info.reserved))
		return refuse_argument();
	call->info = (struct greenboost_info){
		.granule_bytes = GREENBOOST_GRANULE_BYTES,
		.page_bytes = PAGE_SIZE,
		.limit_bytes = gb_account_limit(GB_LIMIT_MACHINE),
		.used_bytes = gb_account_used(),
		.reserve_bytes = gb_reserve_bytes(),
		.available_bytes = gb_account_available(call->client),
		.level_changes = gb_level_changes(),
		.level = gb_level(),
		.alloc_flags = GREENBOOST_ALLOC_FLAGS,
	};
	return 0;
}

static int check_node(const struct greenboost_alloc *alloc)
{
	if (alloc->node == GREENBOOST_NODE_ANY)
		return alloc->flags & GREENBOOST_ALLOC_BIND ? refuse_argument() : 0;
	if (alloc->node < 0 || alloc->node >= MAX_NUMNODES)
		return refuse_argument();
	if (!node_state(alloc->node, N_MEMORY))
		return refuse(GB_COUNT_refused_node, -ENXIO);
	return 0;
}

static int check_alloc(const struct greenboost_alloc *alloc)
{
	if (alloc->flags & ~GREENBOOST_ALLOC_FLAGS || alloc->reserved32 ||
	    !is_zero(alloc->reserved))
		return refuse_argument();
	if (!alloc->size || alloc->size % GREENBOOST_GRANULE_BYTES)
		return refuse_argument();
	if (alloc->size > min_t(u64, gb_total_bytes(), SIZE_MAX))
		return refuse(GB_COUNT_refused_size, -EFBIG);
	return check_node(alloc);
}

/* No memory, or no file or descriptor any more. */
static int refuse_export(const struct greenboost_alloc *alloc, int err)
{
	trace_greenboost_refuse(alloc->size, alloc->flags, alloc->node, err);
	return refuse(err == -ENOMEM ? GB_COUNT_refused_memory
				     : GB_COUNT_refused_descriptor,
		      err);
}

static int do_alloc(struct call *call)
{
	struct greenboost_alloc *alloc = &call->alloc;
	struct gb_buffer *buffer;
	struct dma_buf *dmabuf;
	int err;

	err = check_alloc(alloc);
	if (err) {
		trace_greenboost_refuse(alloc->size, alloc->flags, alloc->node, err);
		return err;
	}
	buffer = gb_buffer_create(call->client, alloc->size, alloc->flags,
				  alloc->node);
	if (IS_ERR(buffer))
		return PTR_ERR(buffer);
	alloc->small_bytes = buffer->small_bytes;
	dmabuf = gb_dmabuf_export(buffer);
	if (IS_ERR(dmabuf))
		return refuse_export(alloc, PTR_ERR(dmabuf));
	alloc->fd = get_unused_fd_flags(O_CLOEXEC);
	if (alloc->fd < 0) {
		dma_buf_put(dmabuf);
		return refuse_export(alloc, alloc->fd);
	}
	call->file = dmabuf->file;
	call->fd = alloc->fd;
	return 0;
}

static void undo_alloc(struct call *call)
{
	put_unused_fd(call->fd);
	fput(call->file);
}

static int do_limits(struct call *call)
{
	if (!is_zero(call->limits.reserved))
		return refuse_argument();
	gb_account_limits(call->client, &call->limits);
	return 0;
}

static int do_set_limit(struct call *call)
{
	int err;

	if (!is_zero(call->set_limit.reserved))
		return refuse_argument();
	err = gb_account_set_file_limit(call->client, call->set_limit.file_limit);
	return err ? refuse(GB_COUNT_refused_privilege, err) : 0;
}

static int refuse_subscription(int err)
{
	return refuse(err == -ENOMEM ? GB_COUNT_refused_memory
				     : GB_COUNT_refused_descriptor,
		      err);
}

static int do_subscribe(struct call *call)
{
	struct greenboost_subscribe *subscribe = &call->subscribe;
	struct gb_state state;
	int err;

	if (!is_zero(subscribe->reserved))
		return refuse_argument();
	err = gb_level_subscribe(call->client, subscribe->eventfd, &state);
	if (err)
		return refuse_subscription(err);
	subscribe->level = state.level;
	subscribe->level_changes = state.changes;
	return 0;
}

static void undo_subscribe(struct call *call)
{
	gb_level_unsubscribe(call->client, call->subscribe.eventfd);
}

static int do_unsubscribe(struct call *call)
{
	struct greenboost_subscribe *subscribe = &call->subscribe;
	int err;

	if (!is_zero(subscribe->reserved))
		return refuse_argument();
	err = gb_level_unsubscribe(call->client, subscribe->eventfd);
	if (err)
		return refuse_subscription(err);
	subscribe->level = gb_level();
	subscribe->level_changes = gb_level_changes();
	return 0;
}

static int do_pressure(struct call *call)
{
	struct gb_state state;

	if (!is_zero(call->pressure.reserved))
		return refuse_argument();
	gb_level_get(&state);
	call->pressure = (struct greenboost_pressure){
		.level = state.level,
		.causes = state.causes,
		.level_changes = state.changes,
		.total_bytes = state.look.total,
		.available_bytes = state.look.available,
		.swap_total_bytes = state.look.swap_total,
		.swap_free_bytes = state.look.swap_free,
		.store_total_bytes = state.look.store_total,
		.store_free_bytes = state.look.store_free,
		.memory_stall = state.look.memory_stall,
		.store_stall = state.look.store_stall,
	};
	call->seen = READ_ONCE(call->client->seen);
	WRITE_ONCE(call->client->seen, state.changes);
	return 0;
}

static void undo_pressure(struct call *call)
{
	WRITE_ONCE(call->client->seen, call->seen);
}

static const struct {
	unsigned int cmd;
	int (*run)(struct call *call);
	void (*undo)(struct call *call); /* its answer cannot be told */
} calls[] = {
	{ GREENBOOST_IOC_HELLO, do_hello },
	{ GREENBOOST_IOC_INFO, do_info },
	{ GREENBOOST_IOC_ALLOC, do_alloc, undo_alloc },
	{ GREENBOOST_IOC_LIMITS, do_limits },
	{ GREENBOOST_IOC_SET_LIMIT, do_set_limit },
	{ GREENBOOST_IOC_SUBSCRIBE, do_subscribe, undo_subscribe },
	{ GREENBOOST_IOC_UNSUBSCRIBE, do_unsubscribe },
	{ GREENBOOST_IOC_PRESSURE, do_pressure, undo_pressure },
};

static bool copy_out(const struct call *call, unsigned int cmd, void __user *to)
{
	return !(_IOC_DIR(cmd) & _IOC_READ) ||
	       !copy_to_user(to, &call->hello, _IOC_SIZE(cmd));
}

static long ioctl(struct file *file, unsigned int cmd, unsigned long arg)
{
	struct call call = { .client = file->private_data };
	void __user *user = (void __user *)arg;
	unsigned int i = _IOC_NR(cmd);
	int err;

	if (i >= ARRAY_SIZE(calls) || calls[i].cmd != cmd)
		return refuse(GB_COUNT_refused_call, -ENOTTY);
	if (cmd != GREENBOOST_IOC_HELLO && !READ_ONCE(call.client->greeted))
		return refuse(GB_COUNT_refused_version, -EPROTO);
	if (copy_from_user(&call.hello, user, _IOC_SIZE(cmd)))
		return refuse(GB_COUNT_refused_pointer, -EFAULT);
	err = calls[i].run(&call);
	if (err && err != -EPROTONOSUPPORT)
		return err;
	if (!copy_out(&call, cmd, user)) {
		if (calls[i].undo)
			calls[i].undo(&call);
		return refuse(GB_COUNT_refused_pointer, -EFAULT);
	}
	if (call.file)
		fd_install(call.fd, call.file);
	return err;
}

static __poll_t poll(struct file *file, struct poll_table_struct *table)
{
	struct gb_client *client = file->private_data;

	poll_wait(file, &gb_level_wait, table);
	if (gb_level_changes() == READ_ONCE(client->seen))
		return 0;
	return EPOLLIN | EPOLLRDNORM;
}

static void show_fdinfo(struct seq_file *seq, struct file *file)
{
	struct greenboost_limits limits;

	gb_account_limits(file->private_data, &limits);
	seq_printf(seq, "greenboost-used:\t%llu\n", limits.file_used);
	if (limits.file_limit != GREENBOOST_NO_LIMIT)
		seq_printf(seq, "greenboost-limit:\t%llu\n", limits.file_limit);
	seq_printf(seq, "greenboost-level:\t%s\n", gb_level_name(gb_level()));
}

static int open(struct inode *inode, struct file *file)
{
	struct gb_client *client = gb_client_create();

	if (!client)
		return -ENOMEM;
	client->seen = gb_level_changes();
	file->private_data = client;
	return nonseekable_open(inode, file);
}

static int release(struct inode *inode, struct file *file)
{
	struct gb_client *client = file->private_data;

	gb_level_unsubscribe_all(client);
	gb_client_put(client);
	return 0;
}

static const struct file_operations operations = {
	.owner = THIS_MODULE,
	.open = open,
	.release = release,
	.unlocked_ioctl = ioctl,
	.compat_ioctl = compat_ptr_ioctl,
	.poll = poll,
	.show_fdinfo = show_fdinfo,
};

static struct miscdevice device = {
	.minor = MISC_DYNAMIC_MINOR,
	.name = "greenboost",
	.fops = &operations,
	.mode = 0660,
};

int gb_device_init(void)
{
	return misc_register(&device);
}

void gb_device_finish(void)
{
	misc_deregister(&device);
}
