# SPDX-License-Identifier: GPL-2.0-only
"""A Llama model at work: what a user's inference program does.

Commands (see worker.py): fingerprint, prefill, decode, lead, sweep, graph, static,
memory.
"""

import argparse
import time

import torch
import transformers
from transformers import DynamicCache

import measure
import random_weights
import weights
import worker
from static_step import StaticStep


# PyTorch's first choice on this hardware, and not reproducible: the same decoding
# step of 32 sequences had other bits in 3 of 100 calls, with flash attention in
# none (PyTorch 2.11, an H200). What differs from itself cannot be compared.
if hasattr(torch.backends.cuda, "enable_cudnn_sdp"):
    torch.backends.cuda.enable_cudnn_sdp(False)


class Session:
    def __init__(self, arguments):
        self.arguments = arguments
        self.device = arguments.device
        self.model = None

    def hello(self):
        self.model, facts = weights.build(
            self.arguments.weights,
            self.arguments.layers,
            self.arguments.tiny,
            self.device,
            self.arguments.budget,
            self.arguments.file,
        )
        if self.arguments.weights == "file":
            facts["first_token_s"] = self.first_token()
        facts.update(
            client="llama",
            weights=self.arguments.weights,
            attention="sdpa",
            torch=torch.__version__,
            transformers=transformers.__version__,
        )
        if self.device == "cuda":
            facts["device"] = torch.cuda.get_device_name()
            facts["total_bytes"] = torch.cuda.mem_get_info()[1]
        return facts

    def prompt(self, length, seed=0, batch=1):
        seed = random_weights.SEED + 1000 * seed + length
        generator = torch.Generator().manual_seed(seed)
        vocabulary = self.model.config.vocab_size
        tokens = torch.randint(0, vocabulary, (batch, length), generator=generator)
        return tokens.to(self.device)

    def wait(self):
        measure.wait(self.device)

    def forward(self, tokens, cache, keep=1):
        return self.model(
            input_ids=tokens, past_key_values=cache, use_cache=True, logits_to_keep=keep
        ).logits

    # A greedy loop. With @read_back every token is read by the CPU before the
    # next step, as generate() does to look for the end of the text; without, the
    # CPU may run ahead of the GPU.
    def greedy(self, token, cache, count, read_back):
        tokens = []
        for _ in range(count):
            logits = self.forward(token, cache)
            token = logits[:, -1].argmax(-1, keepdim=True)
            tokens.append(token.tolist() if read_back else token)
        self.wait()
        return tokens, token

    @torch.inference_mode()
    def first_token(self, context=128):
        """Seconds from the start of this process to the first token of a prompt."""
        self.forward(self.prompt(context), DynamicCache())[:, -1].argmax(-1).item()
        return measure.age()

    def fingerprint(self, lengths, tokens):
        """Hashes of the logits of prompts, and a greedy continuation of each.

        All positions' logits up to 512 tokens, the last 64 beyond.
        """
        return [self.fingerprint_one(length, tokens) for length in lengths]

    @torch.inference_mode()
    def fingerprint_one(self, length, tokens):
        cache = DynamicCache()
        logits = self.forward(
            self.prompt(length), cache, keep=0 if length <= 512 else 64
        )
        host = logits.cpu().contiguous()
        token = logits[:, -1].argmax(-1, keepdim=True)
        del logits
        continuation, _ = self.greedy(token, cache, tokens, read_back=True)
        values = host.float()
        return {
            "length": length,
            "sha256": measure.bits([host]),
            "finite": bool(torch.isfinite(values).all()),
            "deviation": float(values.std()),
            "tokens": [token.item()] + [row[0][0] for row in continuation],
        }

    @torch.inference_mode()
    def prefill_one(self, length):
        tokens = self.prompt(length)
        self.wait()
        start = time.perf_counter()
        logits = self.forward(tokens, DynamicCache())
        self.wait()
        return time.perf_counter() - start, logits

    def prefill(self, length, runs, warm_up=1):
        """Seconds of each of @runs prefills; only the last logits are made."""
        for _ in range(warm_up):
            self.prefill_one(length)
        results = [self.prefill_one(length) for _ in range(runs)]
        logits = results[-1][1]
        return {
            "seconds": [elapsed for elapsed, _ in results],
            "passes": warm_up + runs,
            "sha256": measure.bits([logits]),
            "alive": measure.alive(logits),
        }

    @torch.inference_mode()
    def decode(self, tokens, runs, read_back=True, context=128, warm_up=4, batch=1):
        """Seconds of each of @runs times @tokens steps, after @warm_up steps."""
        cache = DynamicCache()
        prompt = self.prompt(context, batch=batch)
        token = self.forward(prompt, cache)[:, -1].argmax(-1, keepdim=True)
        _, token = self.greedy(token, cache, warm_up, read_back)
        times, made = [], [token]
        for _ in range(runs):
            self.wait()
            start = time.perf_counter()
            _, token = self.greedy(token, cache, tokens, read_back)
            times.append(time.perf_counter() - start)
            made.append(token)
        logits = self.forward(token, cache)
        return {
            "seconds": times,
            "passes": 1 + warm_up + runs * tokens + 1,
            "sha256": measure.bits(made + [logits]),
            "alive": measure.alive(logits),
        }

    @torch.inference_mode()
    def lead(self, tokens, context=128):
        """Seconds of each step before the first layer has anything to do.

        With the token read back, the GPU waits meanwhile: this is the program's
        own CPU time, spent before it asks for any weight but the embedding.
        """
        cache = DynamicCache()
        token = self.forward(self.prompt(context), cache)[:, -1].argmax(
            -1, keepdim=True
        )
        times = []
        first = self.model.model.layers[0]
        hook = first.register_forward_pre_hook(
            lambda *_: times.append(time.perf_counter())
        )
        leads = []
        for _ in range(tokens):
            times.clear()
            start = time.perf_counter()
            _, token = self.greedy(token, cache, 1, read_back=True)
            leads.append(times[0] - start)
        hook.remove()
        return leads

    @torch.inference_mode()
    def sweep(self, runs=3, least=1 << 20):
        """How long a kernel takes to read each weight once: the best of @runs.

        A GPU reads its own memory tens of times faster than memory behind the
        link, so this shows where each weight of @least bytes or more lives.
        """
        rows = []
        for name, parameter in self.model.named_parameters():
            size = parameter.numel() * parameter.element_size()
            if size < least:
                continue
            words = parameter.detach().view(-1).view(torch.float32)
            rows.append([name, size, min(read_time(words) for _ in range(runs))])
        return rows

    def memory(self):
        free, total = torch.cuda.mem_get_info()
        return {
            "free_bytes": free,
            "total_bytes": total,
            "allocated_bytes": torch.cuda.memory_allocated(),
            "reserved_bytes": torch.cuda.memory_reserved(),
        }

    # Every weight matrix once on one token's hidden state, without attention:
    # the memory traffic of a decoding step, in a form that can be captured.
    def step(self, hidden):
        for layer in self.model.model.layers:
            attention = layer.self_attn
            normed = layer.input_layernorm(hidden)
            narrow = attention.k_proj(normed) + attention.v_proj(normed)
            repeat = hidden.shape[-1] // narrow.shape[-1]
            mixed = attention.q_proj(normed) + torch.cat([narrow] * repeat, -1)
            hidden = hidden + attention.o_proj(mixed)
            hidden = hidden + layer.mlp(layer.post_attention_layernorm(hidden))
        return self.model.lm_head(self.model.model.norm(hidden))

    @torch.no_grad()
    def graph(self, replays):
        """Captures a step in a CUDA graph and replays it on several tokens."""
        embedded = self.model.model.embed_tokens(self.prompt(replays, seed=1))
        hidden = embedded[:, :1].clone()
        side = torch.cuda.Stream()
        side.wait_stream(torch.cuda.current_stream())
        with torch.cuda.stream(side):
            for _ in range(2):
                self.step(hidden)
        torch.cuda.current_stream().wait_stream(side)
        graph = torch.cuda.CUDAGraph()
        with torch.cuda.graph(graph):
            logits = self.step(hidden)
        rows, seconds = [], []
        for i in range(replays):
            hidden.copy_(embedded[:, i : i + 1])
            self.wait()
            start = time.perf_counter()
            graph.replay()
            self.wait()
            seconds.append(time.perf_counter() - start)
            host = logits.cpu().contiguous()
            eager = self.step(hidden).cpu()
            rows.append(
                {
                    "sha256": measure.bits([host]),
                    "finite": bool(torch.isfinite(host.float()).all()),
                    "as_eager": bool(torch.equal(host, eager)),
                }
            )
        return {"rows": rows, "seconds": seconds}

    @torch.no_grad()
    def static(self, tokens, runs, context=128, warm_up=1):
        """Seconds of each of @runs times @tokens replays of a captured step.

        Every run continues the same prompt, each token read back as generate()
        does. `off` is how far the logits of the prompt are from those of the
        model's own forward(), in standard deviations: rounding, and no more.
        """
        prompt = self.prompt(context)
        own = self.forward(prompt, DynamicCache()).float()
        step = StaticStep(self.model, self.device, context + tokens + 4)
        off = float((step.begin(prompt).float() - own).abs().max() / own.std())
        first = step.token.clone()
        replay, logits = self.captured(step)
        times = []
        for _ in range(warm_up + runs):
            step.token.copy_(first)
            step.position.fill_(context)
            self.wait()
            start = time.perf_counter()
            made = []
            for _ in range(tokens):
                replay()
                made.append(step.token.item())
            times.append(time.perf_counter() - start)
        return {
            "seconds": times[warm_up:],
            "sha256": measure.bits([torch.tensor(made), logits]),
            "alive": measure.alive(logits),
            "off": off,
        }

    def captured(self, step):
        """What makes a token, and where its logits will be."""
        if self.device != "cuda":
            logits = torch.empty_like(step.step())

            def eager():
                logits.copy_(step.step())

            return eager, logits
        side = torch.cuda.Stream()
        side.wait_stream(torch.cuda.current_stream())
        with torch.cuda.stream(side):
            for _ in range(2):
                step.step()
        torch.cuda.current_stream().wait_stream(side)
        graph = torch.cuda.CUDAGraph()
        with torch.cuda.graph(graph):
            logits = step.step()
        return graph.replay, logits


def read_time(words):
    begin = torch.cuda.Event(enable_timing=True)
    end = torch.cuda.Event(enable_timing=True)
    begin.record()
    words.sum()
    end.record()
    end.synchronize()
    return int(begin.elapsed_time(end) * 1e6)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument(
        "--weights", choices=["kernels", "uploaded", "file", "offload"], required=True
    )
    parser.add_argument("--file", help="a safetensors file, for file")
    parser.add_argument("--layers", type=int, default=32)
    parser.add_argument("--tiny", action="store_true")
    parser.add_argument("--budget", type=int, default=0, help="bytes, for offload")
    parser.add_argument("--device", default="cuda")
    session = Session(parser.parse_args())
    names = ["fingerprint", "prefill", "decode", "lead", "sweep", "memory", "graph"]
    names += ["static"]
    worker.serve(session.hello, {name: getattr(session, name) for name in names})


if __name__ == "__main__":
    main()
