#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only
"""Compiles a kernel source to PTX and writes it as a C string.

usage: embed_ptx.py CLANG INCLUDE INPUT OUTPUT DEPFILE

INPUT is C that uses greenboost/kernel.h. OUTPUT declares NAME_ptx[], where NAME
is INPUT's without its ending; DEPFILE says what it was made from. Needs a clang
with the NVPTX back-end and no CUDA toolkit.
"""
import os
import subprocess
import sys

# GPUs from Maxwell on, and drivers from when warps got their own shuffles. What a
# driver loads it compiles for the GPU that is there.
ARCH = 'sm_50'
ISA = 'ptx60'


def compile_ptx(clang, include, source, output, depfile):
    command = [clang, '-x', 'cuda', '--cuda-device-only', '-nocudainc',
               '-nocudalib', '--cuda-gpu-arch=' + ARCH,
               '-Xclang', '-target-feature', '-Xclang', '+' + ISA,
               '-Wno-unknown-cuda-version', '-O2', '-S', '-I' + include, source,
               '-MD', '-MF', depfile, '-MT', output, '-o', '-']
    return subprocess.run(command, check=True, stdout=subprocess.PIPE,
                          text=True).stdout


def quote(line):
    return '\t"' + line.replace('\\', '\\\\').replace('"', '\\"') \
        .replace('\t', '\\t') + '\\n"'


def main():
    clang, include, source, output, depfile = sys.argv[1:]
    name = os.path.splitext(os.path.basename(source))[0]
    ptx = compile_ptx(clang, include, source, output, depfile)
    with open(output, 'w', encoding='ascii') as out:
        out.write(f'static const char {name}_ptx[] =\n')
        out.write('\n'.join(quote(line) for line in ptx.splitlines()))
        out.write(';\n')


if __name__ == '__main__':
    main()
