# SPDX-License-Identifier: GPL-2.0-only
"""greenboost doctor, on the simulated GPU and on none: what it measures is what the
profile says, what it prints is what the manual says, and it leaves nothing behind."""

import json
import os
import re
import shutil
import subprocess
import tempfile
import unittest

BUILD = os.environ["TEST_BUILD"]
TOOL = os.path.join(BUILD, "tool/greenboost")
STUB = os.environ["TEST_DRIVER"]
MANUAL = os.path.join(os.environ["TEST_MANUAL"], "greenboost-doctor.1.scd")
PROFILES = os.path.join(os.environ["TEST_MANUAL"], "../sim/profiles")
GIB = 1 << 30

MEMBERS = {
    "": ["version", "machine", "gpus", "measured", "remarks", "advice"],
    "machine": ["kernel", "driver", "cuda", "module", "container", "wsl", "cores",
                "numa_nodes", "ram_total", "ram_available", "swap_total",
                "swap_free", "memlock", "cgroup_max", "cgroup_high", "huge_pages"],
    "gpu": ["index", "name", "bus_id", "compute_capability", "vram_total", "link",
            "link_of_card", "link_of_slot", "numa_node"],
    "measured": ["gpu", "simulated", "vram_free", "copy_to_gpu", "copy_from_gpu",
                 "zero_copy_read", "vram_read", "pin_small_pages",
                 "pin_huge_pages", "ram_read", "disk_read", "disk_cached",
                 "link_expected", "link_expected_source"],
    "advice": ["verdict", "model", "active", "kv", "vram_limit", "ram_limit",
               "in_vram", "in_ram", "on_disk", "missing", "staging", "decode",
               "decode_offload", "decode_all_vram", "prefill", "fitting",
               "fitting_bits", "remarks"],
}


def figures(profile):
    with open(os.path.join(PROFILES, profile + ".profile")) as file:
        return {name: float(value) for name, value in
                re.findall(r"^(\w+) = ([\d.]+)\s", file.read(), re.M)}


# A GPU so small that measuring it takes no time to speak of.
SMALL = {"GREENBOOST_SIM_VRAM": "64m"}
HALF_SMALL = {"GREENBOOST_SIM_VRAM": "256m"}


# What is asked more than once.
FULL = ("--model=200g", "--active=10g", "--ram=20g", "--kv=2g", "--bits=8")
MODEL = ("--model=14g", "--vram=9g", "--ram=8g")


class Doctor(unittest.TestCase):
    said = {}

    def setUp(self):
        folder = tempfile.TemporaryDirectory(prefix="gb-doctor-")
        self.addCleanup(folder.cleanup)
        self.top = folder.name
        self.environment = {
            name: value for name, value in os.environ.items()
            if not name.startswith("GREENBOOST_") and name != "LD_PRELOAD"}

    def call(self, *words, **more):
        return subprocess.run([TOOL, "doctor", *words], capture_output=True,
                              text=True, timeout=100, cwd=self.top,
                              env=dict(self.environment, **more))

    def json(self, *words, **more):
        """What it says; the same question is asked once only."""
        key = (words, tuple(more.items()))
        if key not in self.said:
            self.said[key] = self.ask(*words, **more)
        return self.said[key]

    def ask(self, *words, **more):
        result = self.call("--json", "--quick", *words, **more)
        self.assertEqual((result.returncode, result.stderr), (0, ""), result)
        return json.loads(result.stdout)

    def assert_fails(self, result, code, *fragments):
        self.assertEqual(result.returncode, code, result)
        self.assertEqual(result.stderr.count("\n"), 1, result.stderr)
        for fragment in ("greenboost: ", *fragments):
            self.assertIn(fragment, result.stderr)

    def assert_near(self, value, wanted, share):
        self.assertGreater(value, wanted * (1 - share))
        self.assertLess(value, wanted * (1 + share))


class Measured(Doctor):
    def test_rates_are_the_profiles(self):
        for profile, words, more in (("h200", FULL, {}),
                                     ("rtx5070", MODEL, HALF_SMALL)):
            said = self.json("--sim=" + profile, *words, **more)
            wanted, got = figures(profile), said["measured"]
            for member, figure, share in (
                    ("copy_to_gpu", "link_up_gb_per_s", 0.01),
                    ("copy_from_gpu", "link_down_gb_per_s", 0.01),
                    ("zero_copy_read", "zerocopy_read_gb_per_s", 0.01),
                    # A kernel takes some microseconds to start and to end.
                    ("vram_read", "vram_read_gb_per_s", 0.15),
                    ("pin_small_pages", "register_4k_gb_per_s", 0.01)):
                self.assert_near(got[member], 1e9 * wanted[figure], share)
            self.assertIs(got["simulated"], True)
            # This machine's RAM is not that of the profile's.
            self.assertIsNone(got["ram_read"])
            if not more:
                self.assertEqual(said["gpus"][0]["vram_total"],
                                 wanted["vram_mib"] * (1 << 20))

    def test_the_gpu_that_was_asked_for(self):
        said = self.json("--sim", "--gpu", "1", GREENBOOST_SIM_DEVICES="2", **SMALL)
        self.assertEqual([gpu["index"] for gpu in said["gpus"]], [0, 1])
        self.assertEqual(said["measured"]["gpu"], 1)
        self.assertGreater(said["measured"]["copy_to_gpu"], 0)

    def test_ram_without_a_gpu(self):
        result = self.call("--quick", "--json", GREENBOOST_DRIVER="/no/libcuda.so.1")
        self.assert_fails(result, 1, "no GPU to measure", "/no/libcuda.so.1")
        said = json.loads(result.stdout)
        self.assertEqual(said["gpus"], [])
        self.assertIsNone(said["measured"]["gpu"])
        self.assertIsNone(said["measured"]["copy_to_gpu"])
        self.assertGreater(said["measured"]["ram_read"], 1e8)

    def test_a_disk_with_nothing_left_behind(self):
        said = self.json("--sim=h200", "--disk", self.top, HOME=self.top,
                         TMPDIR=self.top, **SMALL)
        self.assertGreater(said["measured"]["disk_read"], 1e6)
        self.assertIn(said["measured"]["disk_cached"], (True, False))
        self.assertEqual(os.listdir(self.top), [])

    def test_a_disk_by_its_setting(self):
        result = self.call("--quick", "--sim=h200", GREENBOOST_NVME_PATH="/no/where",
                           **SMALL)
        self.assert_fails(result, 1, "the disk could not be measured", "/no/where")


    def test_a_profile_is_a_machine_with_the_same_rates(self):
        path = os.path.join(self.top, "here.profile")
        wanted = self.json("--sim=rtx5070", "--profile", path, **HALF_SMALL)
        with open(path) as file:
            self.assertIn("title = NVIDIA GeForce RTX 5070\n", file.read())
        said = self.json("--sim=" + path)
        self.assertEqual(said["gpus"], wanted["gpus"])
        for member, share in (("copy_to_gpu", 0.02), ("copy_from_gpu", 0.02),
                              ("zero_copy_read", 0.02), ("pin_small_pages", 0.02),
                              # Starting the kernel is in it twice.
                              ("vram_read", 0.1)):
            self.assert_near(said["measured"][member],
                             wanted["measured"][member], share)

    def test_a_profile_that_cannot_be_written(self):
        result = self.call("--quick", "--sim=h200", "--profile=/no/where", **SMALL)
        self.assert_fails(result, 1, "/no/where: ")

    def test_no_profile_of_a_gpu_that_was_not_measured(self):
        result = self.call("--quick", "--sim=h200", "--profile=here",
                           GREENBOOST_SIM_FAIL="cuLaunchKernel:1:719", **SMALL)
        self.assertEqual(result.returncode, 1)
        self.assertIn("here is not written", result.stderr)
        self.assertEqual(os.listdir(self.top), [])


class Broken(Doctor):
    def test_a_driver_that_lacks_something(self):
        result = self.call("--quick", GREENBOOST_DRIVER=STUB)
        self.assert_fails(result, 1, "no GPU to measure", "has no cu")

    def test_a_driver_that_does_not_start(self):
        for fault, fragment in (("cuInit:1:100", "sees no GPU"),
                                ("cuInit:1:999", "error 999")):
            result = self.call("--quick", "--sim", GREENBOOST_SIM_FAIL=fault)
            self.assert_fails(result, 1, "no GPU to measure", fragment)

    def test_a_simulated_gpu_that_is_not_installed(self):
        tool = os.path.join(self.top, "greenboost")
        shutil.copy(TOOL, tool)
        result = subprocess.run([tool, "doctor", "--quick", "--sim"], text=True,
                                env=self.environment, capture_output=True,
                                timeout=100)
        self.assert_fails(result, 1, "the simulated GPU is not there")

    def test_calls_that_fail(self):
        """One line, the rest of the diagnosis, and what was measured until then."""
        for fault, fragment in (
                ("cuDevicePrimaryCtxRetain:1:2", "out of memory"),
                ("cuMemGetInfo:1:999", "error 999"),
                ("cuModuleLoadData:1:200", "loading a kernel"),
                ("cuMemHostAlloc:1:2", "pinning RAM"),
                ("cuMemHostRegister:4:999", "pinning memory"),
                ("cuMemAlloc:1:2", "allocating VRAM"),
                ("cuEventCreate:2:999", "an event"),
                ("cuMemcpyHtoDAsync:1+:999", "a copy to the GPU"),
                ("cuMemcpyDtoHAsync:2:999", "a copy from the GPU"),
                ("cuLaunchKernel:1:719", "a kernel")):
            result = self.call("--quick", "--json", "--sim=h200",
                               GREENBOOST_SIM_FAIL=fault, **SMALL)
            self.assert_fails(result, 1, "GPU 0 could not be measured", fragment)
            said = json.loads(result.stdout)
            self.assertEqual(len(said["gpus"]), 1)
            self.assertIsNone(said["measured"]["gpu"])
            self.assertIs(said["measured"]["copy_from_gpu"] is not None,
                          fragment == "a kernel")

    def test_a_gpu_that_is_full(self):
        result = self.call("--quick", "--sim", GREENBOOST_SIM_VRAM="4m")
        self.assert_fails(result, 1, "too little free memory")

    def test_a_gpu_that_is_not_there(self):
        self.assert_fails(self.call("--quick", "--sim", "--gpu=7"), 1, "no GPU 7")

    def test_a_preloaded_library(self):
        result = self.call("--quick", LD_PRELOAD="/no/libgreenboost_cuda.so")
        self.assertEqual((result.returncode, result.stdout), (1, ""))
        self.assertIn("env -u LD_PRELOAD", result.stderr)

    def test_a_model_without_vram(self):
        result = self.call("--quick", "--model=30g",
                           GREENBOOST_DRIVER="/no/libcuda.so.1")
        self.assertEqual(result.returncode, 1)
        self.assertIn("--vram says it", result.stderr)
        self.assertNotIn("Advice", result.stdout)

    def test_words_that_mean_nothing(self):
        for words, fragment in (
                (["model.gguf"], "options only"),
                (["--frobnicate"], "greenboost help doctor"),
                (["--model"], "needs a value"),
                (["--model=lots"], "--model=lots"),
                (["--model=auto"], "--model=auto"),
                (["--model=0"], "--model=0"),
                (["--model=99999999t"], "--model=99999999t"),
                (["--active=3g"], "--model"),
                (["--bits=4"], "--model"),
                (["--model=3g", "--active=4g"], "more than the whole"),
                (["--model=3g", "--bits=0"], "--bits=0"),
                (["--model=3g", "--bits=nan"], "--bits=nan"),
                (["--model=3g", "--bits=4x"], "--bits=4x"),
                (["--vram=auto"], "--vram=auto"),
                (["--gpu=-1"], "--gpu=-1"),
                (["--gpu=one"], "--gpu=one"),
                (["--gpu=99999999999999999999"], "--gpu="),
                (["--disk=/no/where"], "--disk=/no/where"),
                (["--profile="], "name the file"),
                (["--sim="], "profile"),
                (["--sim=/no/profile"], "/no/profile"),
                (["--json=yes"], "takes no value")):
            result = self.call(*words)
            self.assert_fails(result, 2, fragment)
            self.assertEqual(result.stdout, "")


class Advice(Doctor):
    def test_it_adds_up(self):
        said = self.json("--sim=h200", *FULL)["advice"]
        self.assertEqual(said["in_vram"] + said["in_ram"] + said["on_disk"] +
                         said["missing"], 200 * GIB)
        self.assertEqual((said["verdict"], said["in_ram"]), ("nothing", 20 * GIB))
        self.assertEqual(said["fitting"], said["vram_limit"] - 2 * GIB)
        self.assert_near(said["fitting_bits"], 8 * said["fitting"] / 200 / GIB, .01)

    def test_the_bound_is_the_links(self):
        said = self.json("--sim=rtx5070", *MODEL, **HALF_SMALL)
        advice = said["advice"]
        self.assertEqual(advice["verdict"], "overflow")
        link = said["measured"]["copy_to_gpu"]
        self.assert_near(advice["decode"], link / advice["in_ram"], 0.01)
        for each in advice["prefill"]:
            self.assert_near(each["rate"], each["prompt"] * link / advice["in_ram"],
                             0.01)

    def test_a_model_that_fits(self):
        advice = self.json("--sim=rtx5070", "--model=4g", "--vram=6g",
                           **SMALL)["advice"]
        self.assertEqual((advice["verdict"], advice["in_ram"]), ("plain", 0))
        self.assertEqual([each["kind"] for each in advice["remarks"]], ["plain"])

    def test_places_without_a_gpu(self):
        result = self.call("--quick", "--json", "--model=30g", "--vram=12g",
                           "--ram=32g", GREENBOOST_DRIVER="/no/libcuda.so.1")
        self.assertEqual(result.returncode, 1)
        advice = json.loads(result.stdout)["advice"]
        self.assertGreater(advice["in_vram"], 9 * GIB)
        self.assertIsNone(advice["decode"])

    def test_without_a_model(self):
        self.assertIsNone(self.json("--sim=h200", **SMALL)["advice"])


class Form(Doctor):
    def setUp(self):
        super().setUp()
        self.words = ("--sim=h200", *FULL)

    def test_json(self):
        said = self.json(*self.words)
        self.assertEqual(said["version"], 1)
        for name, seen in (("", said), ("machine", said["machine"]),
                           ("gpu", said["gpus"][0]),
                           ("measured", said["measured"]),
                           ("advice", said["advice"])):
            self.assertEqual(list(seen), MEMBERS[name])
        for remark in said["remarks"] + said["advice"]["remarks"]:
            self.assertEqual(list(remark), ["kind", "text"])
            self.assertRegex(remark["kind"], "^[a-z-]+$")

    def test_every_member_is_in_the_manual(self):
        with open(MANUAL) as file:
            text = file.read()
        for members in MEMBERS.values():
            for member in members:
                self.assertIn("*%s*" % member, text)

    def test_every_kind_of_remark_is_in_the_manual(self):
        kinds = set()
        folder = os.path.join(os.environ["TEST_MANUAL"], "../tool")
        for name in ("doctor.c", "remarks.c", "remarks_advice.c"):
            with open(os.path.join(folder, name)) as file:
                kinds.update(re.findall(r'gb_remark\([^"]*"([a-z-]+)"', file.read()))
        self.assertGreater(len(kinds), 12)
        with open(MANUAL) as file:
            text = file.read()
        for kind in kinds | {"plain", "overflow", "offload", "disk", "nothing"}:
            self.assertIn("*%s*" % kind, text)

    def test_text(self):
        result = self.call("--quick", *self.words, **SMALL)
        self.assertEqual((result.returncode, result.stderr), (0, ""))
        self.assertEqual(re.findall(r"^\w.*", result.stdout, re.M),
                         ["Machine", "Measured", "Remarks",
                          "A model of 200.00 GiB, 10.00 GiB of it for each token",
                          "Advice"])
        for line in (r"  RAM to GPU         5\d\.\d GB/s  copy engine",
                     r"  zero-copy          [45]\d\.\d GB/s  a kernel",
                     r"  GPU 0         NVIDIA H200, 64\.00 MiB"):
            self.assertRegex(result.stdout, line)
        for line in result.stdout.splitlines():
            self.assertLessEqual(len(line), 100)

    def test_text_without_a_model(self):
        result = self.call("--quick", "--sim=h200", **SMALL)
        self.assertEqual(re.findall(r"^\w.*", result.stdout, re.M),
                         ["Machine", "Measured", "Remarks",
                          "What a model will reach here: greenboost doctor --model SIZE"])

    def test_output_that_cannot_be_written(self):
        with open("/dev/full", "w") as full:
            result = subprocess.run(
                [TOOL, "doctor", "--quick", "--sim=h200"], stdout=full, text=True,
                stderr=subprocess.PIPE, timeout=100,
                env=dict(self.environment, **SMALL))
        self.assertEqual(result.returncode, 1)
        self.assertIn("standard output", result.stderr)


if __name__ == "__main__":
    unittest.main()
