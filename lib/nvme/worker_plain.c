// SPDX-License-Identifier: GPL-2.0-only
#include "worker.h"

/* gb_queue.lock held. False: the queue ends. */
static bool take_or_wait(struct gb_queue *queue, struct gb_part *part)
{
	while (!gb_queue_take(queue, part)) {
		if (queue->ending)
			return false;
		pthread_cond_wait(&queue->work, &queue->lock);
	}
	return true;
}

static void work(struct gb_queue *queue, struct gb_part *part)
{
	gb_part_begin(part);
	if (part->left)
		while (gb_part_landed(part, gb_part_transfer(part)))
			;
	gb_part_end(part);
	gb_queue_give(queue, part);
}

void *gb_worker_plain(void *argument)
{
	struct gb_worker *worker = argument;
	struct gb_queue *queue = worker->queue;

	pthread_mutex_lock(&queue->lock);
	while (take_or_wait(queue, &worker->part[0])) {
		pthread_mutex_unlock(&queue->lock);
		work(queue, &worker->part[0]);
		pthread_mutex_lock(&queue->lock);
	}
	pthread_mutex_unlock(&queue->lock);
	return NULL;
}
