# SPDX-License-Identifier: GPL-2.0-only
"""What the figures were measured on. Whatever cannot be read is left out."""

import os
import platform
import shutil
import subprocess

GPU_QUERY = {
    "gpu": "name",
    "vram_mib": "memory.total",
    "driver": "driver_version",
    "pcie_generation": "pcie.link.gen.max",
    "pcie_width": "pcie.link.width.max",
    "persistence": "persistence_mode",
}


def output(*command, timeout=30):
    """The command's output, or None when it is missing, fails or hangs."""
    try:
        done = subprocess.run(
            command, capture_output=True, text=True, timeout=timeout, check=True
        )
    except (OSError, subprocess.SubprocessError):
        return None
    return done.stdout.strip()


def field(path, name):
    try:
        with open(path) as file:
            for line in file:
                key, _, value = line.partition(":")
                if key.strip() == name:
                    return value.strip()
    except OSError:
        pass
    return None


def gpu():
    text = output(
        "nvidia-smi",
        "--query-gpu=" + ",".join(GPU_QUERY.values()),
        "--format=csv,noheader,nounits",
    )
    if not text:
        return {}
    values = [value.strip() for value in text.splitlines()[0].split(",")]
    known = zip(GPU_QUERY, values)
    return {name: value for name, value in known if not value.startswith("[")}


def gpu_count():
    text = output("nvidia-smi", "--query-gpu=index", "--format=csv,noheader")
    return len(text.split()) if text else 0


def driver_library():
    """Where the dynamic linker has NVIDIA's driver, or None."""
    for line in (
        output("ldconfig", "-p") or output("/sbin/ldconfig", "-p") or ""
    ).splitlines():
        name, _, path = line.partition("=>")
        if name.split()[:1] == ["libcuda.so.1"] and "x86-64" in name:
            return path.strip()
    return None


def describe():
    memory = field("/proc/meminfo", "MemTotal")
    facts = {
        "cpu": field("/proc/cpuinfo", "model name"),
        "cores": os.cpu_count(),
        "ram_kib": int(memory.split()[0]) if memory else None,
        "kernel": platform.release(),
        "python": platform.python_version(),
        **gpu(),
    }
    return {name: value for name, value in facts.items() if value is not None}


def used_by_process(pid):
    """Bytes of GPU memory that the driver counts for @pid, or None."""
    text = output(
        "nvidia-smi",
        "--query-compute-apps=pid,used_memory",
        "--format=csv,noheader,nounits",
    )
    for line in (text or "").splitlines():
        fields = [part.strip() for part in line.split(",")]
        if fields[0] == str(pid) and fields[1].isdigit():
            return int(fields[1]) << 20
    return None


def revision(root):
    """The commit of the tree at @root, marked when it was changed since."""
    commit = output("git", "-C", root, "rev-parse", "HEAD")
    if not commit:
        return None
    changed = output("git", "-C", root, "status", "--porcelain", "-uno")
    return commit + ("-changed" if changed else "")


def has(program):
    return shutil.which(program) is not None


def huge_bytes():
    """Huge pages of 2 MiB that are set aside and that nobody has."""
    path = "/sys/kernel/mm/hugepages/hugepages-2048kB/free_hugepages"
    try:
        with open(path) as file:
            return int(file.read()) << 21
    except (OSError, ValueError):
        return 0
