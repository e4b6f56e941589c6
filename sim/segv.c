/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Faults of the simulated GPU. While work runs, its thread has a landing place;
 * a SIGSEGV or SIGBUS then ends the work and not the process. Any other fault
 * goes to whoever handled it before us.
 */
#include <setjmp.h>
#include <signal.h>

#include "sim.h"

static __thread sigjmp_buf *landing;
static struct sigaction old_segv, old_bus;

static void pass_on(int number, siginfo_t *info, void *context)
{
	struct sigaction *old = number == SIGBUS ? &old_bus : &old_segv;

	if (old->sa_flags & SA_SIGINFO) {
		old->sa_sigaction(number, info, context);
	} else if (old->sa_handler != SIG_DFL && old->sa_handler != SIG_IGN) {
		old->sa_handler(number);
	} else {
		/* The instruction faults again and gets the default. */
		signal(number, SIG_DFL);
	}
}

static void on_fault(int number, siginfo_t *info, void *context)
{
	if (landing)
		siglongjmp(*landing, 1);
	pass_on(number, info, context);
}

static void install(int number, struct sigaction *old)
{
	struct sigaction action = {
		.sa_sigaction = on_fault,
		/* Not deferred: jumping out must not leave it blocked. */
		.sa_flags = SA_SIGINFO | SA_ONSTACK | SA_NODEFER,
	}, now;

	sigaction(number, NULL, &now);
	if ((now.sa_flags & SA_SIGINFO) && now.sa_sigaction == on_fault)
		return;
	*old = now;
	sigaction(number, &action, NULL);
}

void sim_segv_install(void)
{
	install(SIGSEGV, &old_segv);
	install(SIGBUS, &old_bus);
}

enum sim_run sim_run_guarded(struct sim_work *work, struct sim_op *op)
{
	enum sim_run result = SIM_RUN_FAULTED;
	sigjmp_buf here;

	if (!sigsetjmp(here, 0)) {
		landing = &here;
		result = work->kind->run(work, op);
	}
	landing = NULL;
	sim_self.in_callback = false;
	return result;
}
