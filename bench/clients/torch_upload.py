# SPDX-License-Identifier: GPL-2.0-only
"""A model's worth of tensors from pageable host memory with .to("cuda")."""

import time

import torch

import worker

WEIGHT = 4096 * 14336  # elements of one tensor, 112 MiB
SOURCE = 16  # tensors that the host memory holds; they are sent in turn


class Session:
    def hello(self):
        torch.cuda.init()
        generator = torch.Generator().manual_seed(1)
        source = torch.randint(
            -(2**31),
            2**31 - 1,
            (WEIGHT // 2,),
            generator=generator,
            dtype=torch.int32,
        )
        self.source = []
        for i in range(SOURCE):
            tensor = source + i * 7919  # wraps; every tensor in its own memory
            self.source.append(tensor.view(torch.bfloat16))
        self.sums = [self.sum(tensor) for tensor in self.source]
        # what summing needs is loaded and allocated before anything is timed
        self.sum(self.source[0][: 1 << 16].to("cuda"))
        return {
            "client": "torch_upload",
            "torch": torch.__version__,
            "total_bytes": torch.cuda.mem_get_info()[1],
        }

    @staticmethod
    def sum(tensor):
        return int(tensor.view(torch.int32).sum(dtype=torch.int64))

    def upload(self, bytes):
        """Seconds for the first copy (memory allocated on the way) and a second."""
        count = bytes // (WEIGHT * 2)
        torch.cuda.synchronize()
        start = time.perf_counter()
        tensors = [self.source[i % SOURCE].to("cuda") for i in range(count)]
        torch.cuda.synchronize()
        first = time.perf_counter() - start
        start = time.perf_counter()
        for i, tensor in enumerate(tensors):
            tensor.copy_(self.source[(i + 1) % SOURCE])
        torch.cuda.synchronize()
        again = time.perf_counter() - start
        right = all(
            self.sum(tensor) == self.sums[(i + 1) % SOURCE]
            for i, tensor in enumerate(tensors)
        )
        del tensors
        torch.cuda.empty_cache()
        return {
            "bytes": count * WEIGHT * 2,
            "first_s": first,
            "again_s": again,
            "right": right,
        }


if __name__ == "__main__":
    session = Session()
    worker.serve(session.hello, {"upload": session.upload})
