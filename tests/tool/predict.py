# SPDX-License-Identifier: GPL-2.0-only
"""`predict` without a simulation: how models are read, or why not, and words that
mean nothing. tests/tool/predicted.py has what it predicts."""

import json
import os
import unittest

import models
from tree import ToolTest


class Predict(ToolTest):
    def path(self, name):
        return os.path.join(self.top, name)

    def refuse(self, path, *fragments):
        self.assert_fails(self.call("predict", "--model", path), 1, *fragments)

    def test_words_that_mean_nothing(self):
        for words, fragment in (
                ([], "--model FILE"),
                (["--model", "1g", "x"], "--model FILE"),
                (["--frobnicate"], "greenboost help predict"),
                (["--model", "1m"], "16m"),
                (["--model", "1g", "--active", "2g"], "--active"),
                (["--model", "1g", "--active", "x"], "not a size"),
                (["--model", "1g", "--active", "auto"], "not a size"),
                (["--model", "1g", "--vram", "1g,"], "not a size"),
                (["--model", "1g", "--vram", ",".join(["1g"] * 17)], "than 16"),
                (["--model", "1g", "--ram", "0"], "not a size"),
                (["--model", "1g", "--staging", "lots"], "not a size"),
                (["--model", "1g", "--prompt", "0"], "from 1 to"),
                (["--model", "1g", "--prompt", "1,-2"], "from 1 to"),
                (["--model", "1g", "--batch", "1e3"], "from 1 to"),
                (["--model", "1g", "--context", "99999999999999999999"], "from"),
                (["--model", "1g", "--layers", "0"], "from 1 to"),
                (["--model", "1g", "--bits", "65"], "from 1 to"),
                (["--model", "1g", "--chunk", "x"], "from 0 to"),
                (["--model", "1g", "--program", "excel"], "torch, fused, graph"),
                (["--model", "1g", "--machine", "abacus"], "abacus"),
                (["--model", "1g", "--machine", "/no/where"], "/no/where")):
            self.assert_fails(self.call("predict", *words), 2, fragment)

    def test_files_that_are_none(self):
        self.refuse("/no/where", "/no/where", "No such file")
        self.refuse(self.write("x.gguf", ""), "x.gguf", "breaks off")
        self.refuse(self.write("x.gguf", "hello, world"), "x.gguf", "no GGUF")
        self.refuse(self.top, "no safetensors")
        self.refuse("/dev/null", "no GGUF")
        self.refuse(self.write("i.json", "{}"), "index")
        self.refuse(self.write("e.json", '{"weight_map": {}}'), "index")
        self.refuse(self.write("j.json", '{"weight_map": {"a": "../b"}}'), "index")
        self.refuse(self.write("k.json", '{"weight_map": {"a": "b"}}'), "/b: No")

    def test_cut_files(self):
        tensors = [("blk.0.ffn_up.weight", (64, 64))]
        for path in (models.gguf(self.path("m.gguf"), tensors),
                     models.safetensors(self.path("m.safetensors"),
                                        models.small())):
            size = os.path.getsize(path)
            for cut in size - 1, size // 2, 60, 10:
                os.truncate(path, cut)
                self.refuse(path, path, "breaks off")

    def test_damaged_files(self):
        path = models.gguf(self.path("m.gguf"), [("blk.0.a", (64, 64))])
        with open(path, "rb") as file:
            data = file.read()
        for offset, value, fragment in (
                (4, 9, "version"), (16, 255, "breaks off"), (31, 255, "breaks off"),
                (39, 5, "damaged"), (59, 99, "kind")):
            with open(path, "wb") as file:
                file.write(data[:offset] + bytes([value]) + data[offset + 1:])
            self.refuse(path, path, fragment)

    def test_models_without_what_is_needed(self):
        self.refuse(models.gguf(self.path("a.gguf"), [("output.weight", (64, 64))]),
                    "no layers")
        bank = [("blk.0.ffn_up_exps.weight", (16, 64, 64))]
        self.refuse(models.gguf(self.path("b.gguf"), bank), "--active 3g")
        self.refuse(models.gguf(self.path("c.gguf"), bank,
                                [("x.expert_used_count", 17)]), "more experts")
        result = self.call("predict", "--model", self.path("b.gguf"),
                           "--active", "1g")
        self.assert_fails(result, 1, "--active")

    def test_one_of_several_is_missing(self):
        tensors = list(models.small())
        first = self.path("m-00001-of-00002.safetensors")
        models.safetensors(first, tensors[:9])
        self.refuse(first, "m-00002-of-00002.safetensors: No such file")

    def test_a_damaged_config(self):
        models.safetensors(self.path("m.safetensors"), models.small())
        self.write("config.json", '{"num_experts_per_tok": "x"}')
        self.refuse(self.top, "config.json: damaged")

    def describe(self, path, *words):
        """Neither tier holds it, so nothing is simulated."""
        result = self.call("predict", "--model", path, "--vram", "1m", "--ram",
                           "1m", "--json", *words)
        self.assert_succeeds(result)
        answer = json.loads(result.stdout)
        self.assertEqual({row["fits"] for row in answer["rows"]}, {False})
        self.assertEqual(answer.pop("model"), path)
        return answer

    def test_files_and_folders_say_the_same(self):
        tensors = list(models.small())
        parts = [models.safetensors(
            self.path("m-0000%d-of-00002.safetensors" % (i + 1)), part)
            for i, part in enumerate((tensors[:20], tensors[20:]))]
        index = self.write("model.safetensors.index.json", json.dumps(
            {"weight_map": {"x": os.path.basename(parts[0]),
                            "y": os.path.basename(parts[1])}}))
        folder, whole = self.top, os.path.join(self.root, "m.safetensors")
        expected = self.describe(models.safetensors(whole, tensors))
        self.assertEqual(expected["layers"], 8)
        self.assertEqual(expected["weights"],
                         sum(2 * a * b for _, (a, b) in tensors))
        self.assertEqual(expected["active"], expected["weights"])
        for path in folder, index, *parts:
            self.assertEqual(self.describe(path), expected)

    def test_a_mixture_in_gguf(self):
        path = models.gguf(self.path("m.gguf"),
                           [("blk.%d.ffn_up_exps.weight" % i, (16, 64, 64))
                            for i in range(4)], [("x.expert_used_count", 2)])
        answer = self.describe(path)
        self.assertEqual(answer["weights"], 4 * 16 * 64 * 64 // 32 * 34)
        self.assertEqual(answer["active"], answer["weights"] // 8)
        self.assertEqual(answer["program"], "fused")
        half = self.describe(path, "--active", str(answer["weights"] // 2))
        self.assertEqual(half["active"], answer["weights"] // 2)

    def test_numbers(self):
        answer = self.describe("32g", "--active", "3g", "--bits", "4")
        self.assertAlmostEqual(answer["weights"] / (32 << 30), 1, 2)
        self.assertAlmostEqual(answer["active"] / (3 << 30), 1, 1)
        for row in answer["rows"]:
            self.assertGreater(row["total"], 32 << 30)

    DISK = ["--model", "7g", "--machine", "rtx5070", "--vram", "1g", "--ram", "3g"]

    def test_what_ram_does_not_hold_is_the_disks(self):
        """Of which there is no prediction, but what its rate allows."""
        result = self.call("predict", *self.DISK, "--json")
        self.assert_succeeds(result)
        for row in json.loads(result.stdout)["rows"]:
            self.assertEqual(row["fits"], False)
            self.assertEqual(row["in_ram"], 3 << 30)
            self.assertEqual(row["on_nvme"], row["total"] - (4 << 30))
            self.assertEqual(row["nvme_read"], row["on_nvme"])  # all weights
            self.assertNotIn("tokens_per_second", row)
            amount = row.get("tokens", row.get("batch"))
            self.assertAlmostEqual(row["bound"] * row["on_nvme"] / 5.6e9 / amount,
                                   1, 4)

    def test_experts_that_no_token_picks_are_not_read(self):
        answer = json.loads(self.call("predict", *self.DISK, "--active", "500m",
                                      "--prompt", "1", "--json").stdout)
        for row in answer["rows"]:
            self.assertLess(row["nvme_read"], row["on_nvme"] / 10)
            # What lies in RAM crosses the link as well, and is more here.
            self.assertLess(row["bound"], 5.6e9 / row["nvme_read"] * 1.0001)

    def test_the_disk_is_said_not_to_be_simulated(self):
        result = self.call("predict", *self.DISK)
        self.assert_succeeds(result)
        self.assertNotIn("Simulated with", result.stdout)
        self.assertRegex(result.stdout, r"\ndecode, batch 1 .* \? +1\.\d\d +3\.\d\d GiB on NVMe\n")
        self.assertIn("not simulated", result.stdout)
        self.assertIn("--nvme-path", result.stdout)
        for line in result.stdout.split("\n"):
            self.assertLessEqual(len(line), 100)

    def test_a_cache_has_no_place_on_the_disk(self):
        result = self.call("predict", "--model", "1g", "--vram", "1m", "--ram", "1m")
        self.assert_succeeds(result)
        self.assertEqual(result.stdout.count("does not fit"), 3)
        self.assertNotIn("NVMe", result.stdout)

    def test_no_room_for_the_simulation(self):
        path = models.safetensors(
            self.path("m.safetensors"),
            [("model.layers.%d.x.weight" % i, (1 << 20, 1 << 20))
             for i in range(3)])
        self.refuse(path, "--layers", "3 layers")

    def test_no_program(self):
        path = models.safetensors(self.path("m.safetensors"), models.small())
        self.refuse(path, "the model to simulate", "is not there")


if __name__ == "__main__":
    unittest.main()
