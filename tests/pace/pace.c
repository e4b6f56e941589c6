/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Programs shaped like models, at the pace of the simulated GPU's virtual
 *clock. Layers of Llama-8B's shape, fewer of them; the times that a framework
 *takes on the host are those of docs/simulated-time.md.
 *
 * usage: pace WORKLOAD [AMOUNT [LAYERS [REPEATS]]]
 *
 *	prefill TOKENS   one pass over so many tokens, results awaited
 *	decode BATCH     a pass for each token, the result read back each time
 *	ahead BATCH      the same, and the program does not wait
 *	replay BATCH     the same as a captured graph
 *	gemm ROWS        eight products with 128 MiB of weights each
 *	experts 4        of 128 in one bank, for each token
 *	train TOKENS     forward, backward, update
 *
 * Prints the virtual time of each repetition on lines that begin with "~", and
 *a checksum. With PACE_WAIT set it says that it is ready, and waits for a line,
 * before it ends.
 */
#include <dlfcn.h>
#include <stdlib.h>
#include <string.h>

#include <greenboost/sim.h>

#include "client.h"
#include "kernels.ptx.h"

#define HIDDEN	     4096
#define INTERMEDIATE 14336
#define KV	     1024
#define MOST_LAYERS  64
#define WARM_UP	     3

/* docs/simulated-time.md: of 32 layers' pass, and between two tokens. */
#define FORWARD_NS  26.7e6
#define TOKEN_NS    22.1e6
/* Bytes that the unfused operations of a layer move for a token. */
#define EAGER_BYTES 1.70e6

static const struct shape {
	uint64_t columns, depth;
} linears[] = {
	{ HIDDEN, HIDDEN },	  { KV, HIDDEN },
	{ KV, HIDDEN },		  { HIDDEN, HIDDEN },
	{ INTERMEDIATE, HIDDEN }, { INTERMEDIATE, HIDDEN },
	{ HIDDEN, INTERMEDIATE },
};

#define LINEARS (sizeof(linears) / sizeof(*linears))

static greenboost_sim_now_fn now;
static greenboost_sim_spend_fn spend;
static CUfunction gemm, rest, experts, update;
static CUdeviceptr weights[MOST_LAYERS][LINEARS], states[MOST_LAYERS][LINEARS];
static CUdeviceptr input, output;
static CUstream stream;
static uint64_t layers = 8, amount = 1, repeats = 10;

static CUdeviceptr upload(uint64_t bytes, uint64_t seed)
{
	/* A pattern in each page is enough to tell pages apart. */
	uint64_t *data = calloc(1, bytes);
	CUdeviceptr to;

	CHECK(data);
	for (uint64_t at = 0; at < bytes / 8; at += 512)
		data[at] = seed * 1000003 + at;
	MUST(cu.MemAlloc(&to, bytes));
	MUST(cu.MemcpyHtoD(to, data, bytes));
	free(data);
	return to;
}

static void product(CUdeviceptr w, uint64_t m, uint64_t n, uint64_t k)
{
	uint64_t bytes = n * k * 2;
	void *parameters[] = { &output, &input, &w, &bytes, &m, &n, &k };

	MUST(cu.LaunchKernel(gemm, 132, 1, 1, 256, 1, 1, 0, stream, parameters,
			     NULL));
}

static void others(uint64_t tokens, double context)
{
	/* More than the buffer: a kernel that goes over it again and again. */
	uint64_t bytes = (uint64_t)(EAGER_BYTES / 2 * (double)tokens);
	uint64_t room = 128 * MIB;
	double flop = 4.0 * HIDDEN * (double)tokens * context;
	void *parameters[] = { &output, &room, &bytes, &flop };

	MUST(cu.LaunchKernel(rest, 132, 1, 1, 256, 1, 1, 0, stream, parameters,
			     NULL));
}

static void forward(uint64_t tokens, double context, bool thinks)
{
	for (uint64_t i = 0; i < layers; i++) {
		if (thinks)
			spend((uint64_t)(FORWARD_NS / 32));
		for (size_t k = 0; k < LINEARS; k++)
			product(weights[i][k], tokens, linears[k].columns,
				linears[k].depth);
		others(tokens, context);
	}
}

static void read_back(void)
{
	uint64_t token;

	MUST(cu.MemcpyDtoHAsync(&token, output, sizeof(token), stream));
	MUST(cu.StreamSynchronize(stream));
}

static void make_model(void)
{
	for (uint64_t i = 0; i < layers; i++)
		for (size_t k = 0; k < LINEARS; k++)
			weights[i][k] =
				upload(linears[k].columns * linears[k].depth * 2,
				       i * LINEARS + k + 1);
}

static void prefill(void)
{
	forward(amount, (double)amount / 2, true);
	read_back();
}

static void decode(void)
{
	forward(amount, 1024, true);
	read_back();
	spend((uint64_t)TOKEN_NS * layers / 32);
}

static void ahead(void)
{
	forward(amount, 1024, true);
}

static CUgraphExec step;

static void replay(void)
{
	MUST(cu.GraphLaunch(step, stream));
	read_back();
}

/* After some steps of the ordinary kind, as frameworks do it. */
static void capture(void)
{
	CUgraph graph;

	for (int i = 0; i < WARM_UP; i++)
		decode();
	MUST(cu.StreamBeginCapture(stream, CU_STREAM_CAPTURE_MODE_GLOBAL));
	forward(amount, 1024, false);
	MUST(cu.StreamEndCapture(stream, &graph));
	MUST(cu.GraphInstantiate(&step, graph, 0));
}

static void make_matrices(void)
{
	layers = 8;
	for (uint64_t i = 0; i < layers; i++)
		weights[i][0] = upload(UINT64_C(8192) * 8192 * 2, i + 1);
}

static void products(void)
{
	for (uint64_t i = 0; i < layers; i++)
		product(weights[i][0], amount, 8192, 8192);
	read_back();
}

/* 128 experts of 1 MiB in one bank a layer. */
static void make_banks(void)
{
	for (uint64_t i = 0; i < layers; i++)
		weights[i][0] = upload(UINT64_C(128) << 20, i + 1);
}

static void mixture(void)
{
	static uint64_t turn;

	for (uint64_t i = 0; i < layers; i++) {
		uint64_t bytes = MIB, first = (turn++ * 37) % (128 - amount);
		uint64_t times = 1;
		double flop = 0;
		void *parameters[] = { &output, &weights[i][0], &bytes, &first,
				       &amount, &times,		&flop };

		MUST(cu.LaunchKernel(experts, 132, 1, 1, 256, 1, 1, 0, stream,
				     parameters, NULL));
	}
	read_back();
}

static void make_training(void)
{
	make_model();
	for (uint64_t i = 0; i < layers; i++)
		for (size_t k = 0; k < LINEARS; k++)
			states[i][k] =
				cleared(linears[k].columns * linears[k].depth * 2);
}

static void train(void)
{
	forward(amount, (double)amount / 2, true);
	for (uint64_t i = layers; i-- > 0;)
		for (size_t k = LINEARS; k-- > 0;) {
			product(weights[i][k], amount, linears[k].depth,
				linears[k].columns);
			product(weights[i][k], amount, linears[k].columns,
				linears[k].depth);
		}
	for (uint64_t i = 0; i < layers; i++)
		for (size_t k = 0; k < LINEARS; k++) {
			uint64_t bytes = linears[k].columns * linears[k].depth * 2;
			void *parameters[] = { &weights[i][k], &states[i][k],
					       &bytes };

			MUST(cu.LaunchKernel(update, 132, 1, 1, 256, 1, 1, 0,
					     stream, parameters, NULL));
		}
	read_back();
}

static const struct workload {
	const char *name;
	void (*make)(void);
	void (*prepare)(void);
	void (*run)(void);
} workloads[] = {
	{ "prefill", make_model, NULL, prefill },
	{ "decode", make_model, NULL, decode },
	{ "ahead", make_model, NULL, ahead },
	{ "replay", make_model, capture, replay },
	{ "gemm", make_matrices, NULL, products },
	{ "experts", make_banks, NULL, mixture },
	{ "train", make_training, NULL, train },
};

static const struct workload *find(const char *name)
{
	for (size_t i = 0; i < sizeof(workloads) / sizeof(*workloads); i++)
		if (!strcmp(workloads[i].name, name))
			return &workloads[i];
	fprintf(stderr, "pace: no workload %s\n", name);
	exit(2);
}

static void load(void)
{
	void *driver = dlopen("libcuda.so.1", RTLD_NOW);
	CUmodule module;

	CHECK(driver);
	now = (greenboost_sim_now_fn)dlsym(driver, GREENBOOST_SIM_NOW);
	spend = (greenboost_sim_spend_fn)dlsym(driver, GREENBOOST_SIM_SPEND);
	CHECK(now && spend);
	MUST(cu.ModuleLoadData(&module, kernels_ptx));
	MUST(cu.ModuleGetFunction(&gemm, module, "model_gemm"));
	MUST(cu.ModuleGetFunction(&rest, module, "model_rest"));
	MUST(cu.ModuleGetFunction(&experts, module, "model_bank"));
	MUST(cu.ModuleGetFunction(&update, module, "model_update"));
	MUST(cu.StreamCreate(&stream, CU_STREAM_NON_BLOCKING));
}

static void repeat(const struct workload *workload)
{
	for (uint64_t i = 0; i < repeats; i++) {
		uint64_t began = now();

		workload->run();
		if (workload->run == ahead && i == repeats - 1)
			read_back();
		printf("~ %llu\n", (unsigned long long)(now() - began));
	}
}

int main(int count, char **words)
{
	const struct workload *workload = find(count > 1 ? words[1] : "");

	if (count > 2)
		amount = strtoull(words[2], NULL, 10);
	if (count > 3)
		layers = strtoull(words[3], NULL, 10);
	if (count > 4)
		repeats = strtoull(words[4], NULL, 10);
	CHECK(layers <= MOST_LAYERS);
	open_gpu();
	load();
	workload->make();
	input = cleared(256 * MIB);
	output = cleared(256 * MIB);
	MUST(cu.CtxSynchronize());
	if (workload->prepare)
		workload->prepare();
	repeat(workload);
	if (getenv("PACE_WAIT")) {
		puts("~ ready");
		fflush(stdout);
		getchar();
	}
	show("result", output, MIB);
	return 0;
}
