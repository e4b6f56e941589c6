/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Targets of fuzzing: one parser each, fed with whatever bytes. A target that
 * returns has passed; what must hold of the result it asserts.
 *
 * Two drivers run them: libFuzzer, which learns from what code an input reaches
 * (tests/fuzz/run), and mutate.c, which damages the target's own samples by a
 * seed, needs no particular compiler and is part of the test suites.
 */
#ifndef FUZZ_H
#define FUZZ_H

#include <stddef.h>
#include <stdint.h>

/* Named by libFuzzer. Returns 0. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Most bytes that a sample has. */
#define FUZZ_ROOM ((size_t)1 << 16)

/*
 * Writes sample number @number of an input that is right into @data, which has
 * room for FUZZ_ROOM bytes. Returns its size, or 0 behind the last.
 */
size_t fuzz_sample(unsigned int number, uint8_t *data);

#endif
