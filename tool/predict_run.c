/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * One run of the model's program on the simulated GPU, in a process of its own:
 * it is told what it is, and asked for one workload after the other. Between
 * them its statistics page says where its memory lies.
 */
#include <errno.h>
#include <inttypes.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "arguments.h"
#include "install.h"
#include "launch.h"
#include "predict.h"
#include "sample.h"
#include "scratch.h"
#include "tool.h"

#define EXIT_MEMORY 3 /* of the program: tool/model/driver.h */
/* Parts that are smaller are not products of their own. */
#define SMALLEST    4096

struct child {
	pid_t pid;
	FILE *in, *out;		   /* from it, to it */
	struct gb_scratch scratch; /* its statistics page */
};

static void set(struct gb_arguments *arguments, const char *name, const char *text)
{
	for (size_t row = 0; row < gb_option_count; row++)
		if (!strcmp(gb_option_table[row].name, name))
			arguments->given[row] = text;
}

/* What the user has set for other programs is not for this one. */
static void forget_settings(void)
{
	char **entry = environ;

	while (*entry) {
		size_t length = strcspn(*entry, "=");
		char *name = gb_print("%.*s", (int)length, *entry);

		if (!strncmp(name, "GREENBOOST_", 11) &&
		    strcmp(name, "GREENBOOST_SIM_PROFILE_DIR")) {
			unsetenv(name);
			entry = environ;
		} else {
			entry++;
		}
		free(name);
	}
}

static int set_environment(const struct gb_plan *plan, const char *machine,
			   const char *folder, bool library)
{
	struct gb_arguments arguments = { .sim = true, .sim_profile = machine };
	struct gb_launch launch;
	int ret;

	forget_settings();
	set(&arguments, "runtime-dir", folder);
	set(&arguments, "vram", gb_print("%" PRIu64, plan->vram));
	set(&arguments, "ram", gb_print("%" PRIu64, plan->ram));
	set(&arguments, "staging", gb_print("%" PRIu64, plan->ring));
	set(&arguments, "reserve", "0");
	set(&arguments, "enable", library ? "on" : "off");
	ret = gb_launch_init(&launch, &arguments);
	if (!ret)
		gb_launch_apply(&launch);
	gb_launch_finish(&launch);
	/* Without the library the card is as large as it takes. */
	if (!ret && !library)
		setenv("GREENBOOST_SIM_VRAM", "1t", 1);
	return ret;
}

static void become(const char *program, int socket, const struct gb_plan *plan,
		   const char *machine, const struct gb_scratch *scratch,
		   bool library)
{
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	gb_scratch_keep(scratch);
	if (set_environment(plan, machine, scratch->path, library))
		_exit(GB_EXIT_LAUNCHER);
	dup2(socket, STDIN_FILENO);
	dup2(socket, STDOUT_FILENO);
	execl(program, program, (char *)NULL);
	gb_error("cannot execute '%s': %m", program);
	_exit(GB_EXIT_LAUNCHER);
}

/* Runs it at the other end of @socket. */
static int start_child(struct child *child, const char *program, int socket[2],
		       const struct gb_plan *plan, const char *machine, bool library)
{
	child->pid = fork();
	if (child->pid == 0)
		become(program, socket[1], plan, machine, &child->scratch, library);
	close(socket[1]);
	child->in = fdopen(socket[0], "r");
	child->out = fdopen(dup(socket[0]), "w");
	return child->pid < 0 || !child->in || !child->out ? -EIO : 0;
}

/* Its exit code, or -1. */
static int stop(struct child *child)
{
	int status = 0;

	if (child->out)
		fclose(child->out);
	if (child->in)
		fclose(child->in);
	if (child->pid > 0 && waitpid(child->pid, &status, 0) < 0)
		status = -1;
	gb_scratch_finish(&child->scratch);
	return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

static int start(struct child *child, const struct gb_plan *plan,
		 const char *machine, bool library)
{
	char *program = gb_install_find(GB_PART_MODEL);
	int socket[2], ret;

	*child = (struct child){ 0 };
	if (!program)
		return -ENOENT;
	ret = gb_scratch_init(&child->scratch, "greenboost-predict");
	if (!ret && socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, socket)) {
		ret = -errno;
		gb_scratch_finish(&child->scratch);
	} else if (!ret) {
		ret = start_child(child, program, socket, plan, machine, library);
		if (ret)
			stop(child);
	}
	if (ret)
		gb_error("cannot begin the simulation: %s", strerror(-ret));
	free(program);
	return ret;
}

static void put_part(FILE *out, const char *name, const struct gb_matrix *part,
		     uint64_t bytes, uint64_t rows, uint64_t used)
{
	if (bytes >= SMALLEST)
		fprintf(out,
			"%s %" PRIu64 " %" PRIu64 " %" PRIu64 " %" PRIu64
			" %" PRIu64 "\n",
			name, bytes, rows ? rows : 1, part->columns,
			part->experts, part->experts ? used : 0);
}

static void put_parts(const struct gb_question *question,
		      const struct gb_plan *plan, FILE *out)
{
	const struct gb_shape *shape = question->shape;
	const struct gb_matrix *table = &shape->table, *head = &shape->head;

	for (unsigned int i = 0; i < shape->parts; i++) {
		const struct gb_matrix *part = &shape->part[i];
		uint64_t experts = part->experts ? part->experts : 1;
		uint64_t columns = part->columns ? part->columns : 1;

		/* The average, so that all layers are as large as the model. */
		put_part(out, "part", part, part->bytes / shape->layers,
			 part->elements / shape->layers / columns / experts,
			 shape->experts_used);
	}
	if (question->program->table)
		put_part(out, "table", table,
			 (uint64_t)((double)table->bytes / plan->factor),
			 (uint64_t)((double)table->rows / plan->factor), 0);
	put_part(out, "head", head, (uint64_t)((double)head->bytes / plan->factor),
		 (uint64_t)((double)head->rows / plan->factor), 0);
}

static void describe(const struct gb_question *question,
		     const struct gb_plan *plan, FILE *out)
{
	const struct gb_shape *shape = question->shape;
	const struct gb_program *program = question->program;
	uint64_t other = (uint64_t)((double)shape->other / plan->factor);

	fprintf(out, "layers %u\nhidden %" PRIu64 "\ncache %" PRIu64 "\n",
		plan->layers, shape->hidden, shape->cache);
	fprintf(out, "slots %" PRIu64 "\nroom %" PRIu64 "\nreplays %d\n",
		plan->slots, plan->room, program->replays);
	fprintf(out, "small %.0f\nlayer_ns %.0f\ntoken_ns %.0f\nother %" PRIu64 "\n",
		program->small * (double)shape->hidden, program->layer_ns,
		program->token_ns * plan->layers, other);
	put_parts(question, plan, out);
	fputs("load\n", out);
}

/* A page that is not there says that nothing has left VRAM. */
static uint64_t look(const char *folder)
{
	struct gb_options options;
	struct gb_sample sample;
	uint64_t ram = 0;

	gb_options_init(&options);
	options.runtime_dir = folder;
	if (!gb_sample_init(&sample, &options) && sample.count &&
	    sample.page[0].device_count)
		ram = sample.page[0].device[0].ram_used;
	gb_sample_finish(&sample);
	return ram;
}

static bool expect(struct child *child, const char *word, uint64_t *first,
		   uint64_t *second)
{
	char line[128], read[16];

	fflush(child->out);
	return fgets(line, sizeof(line), child->in) &&
	       sscanf(line, "%15s %" SCNu64 " %" SCNu64, read, first, second) >= 1 &&
	       !strcmp(read, word);
}

static bool ask(struct child *child, const struct gb_question *question,
		const struct gb_workload *workload, struct gb_run *run)
{
	uint64_t context =
		workload->decodes ? question->context : workload->amount / 2;

	fprintf(child->out, "%s %" PRIu64 " %" PRIu64 "\n",
		workload->decodes ? "decode" : "prefill",
		gb_plan_tokens(question, workload), context);
	if (!expect(child, "done", &run->ns, &run->result))
		return false;
	run->ram = look(child->scratch.path);
	return true;
}

static bool converse(struct child *child, const struct gb_question *question,
		     const struct gb_plan *plan, struct gb_run *run,
		     struct gb_progress *progress)
{
	uint64_t none;

	describe(question, plan, child->out);
	if (!expect(child, "loaded", &none, &none))
		return false;
	for (unsigned int i = 0; i < question->workloads; i++) {
		if (!ask(child, question, &question->workload[i], &run[i]))
			return false;
		gb_progress_step(progress);
	}
	return true;
}

static int verdict(bool fine, int code)
{
	if (fine && !code)
		return 0;
	if (code == EXIT_MEMORY)
		return -ENOMEM;
	gb_error("the simulation ended early, with %d; its own message is above",
		 code);
	return -EIO;
}

int gb_predict_run(const struct gb_question *question,
		   const struct gb_plan *plan, const char *machine, bool library,
		   struct gb_run *run, struct gb_progress *progress)
{
	struct sigaction ignore = { .sa_handler = SIG_IGN }, before;
	struct child child;
	bool fine;
	int ret;

	/* A program that ended is one that does not answer. */
	sigaction(SIGPIPE, &ignore, &before);
	ret = start(&child, plan, machine, library);
	if (!ret) {
		fine = converse(&child, question, plan, run, progress);
		ret = verdict(fine, stop(&child));
	}
	sigaction(SIGPIPE, &before, NULL);
	return ret;
}
