# SPDX-License-Identifier: GPL-2.0-only
"""Python's ctypes, by which much of the field reaches the driver."""
import ctypes
import multiprocessing
import sys

HOOK_WAS_HERE = 0x600D


def uses_hook():
    driver = ctypes.CDLL("libcuda.so.1")
    address = ctypes.c_uint64(0)
    code = driver.cuMemAlloc_v2(ctypes.byref(address), ctypes.c_size_t(1))
    assert code >= 1000, code
    assert address.value == HOOK_WAS_HERE, hex(address.value)
    try:
        driver.cuNoSuchFunction
    except AttributeError:
        pass
    else:
        raise AssertionError("found a function that is not there")


def main():
    for method in ("fork", "spawn"):
        child = multiprocessing.get_context(method).Process(target=uses_hook)
        child.start()
        child.join(30)
        assert child.exitcode == 0, (method, child.exitcode)
    uses_hook()


if __name__ == "__main__":
    sys.exit(main())
