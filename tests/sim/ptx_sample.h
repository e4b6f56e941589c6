/* SPDX-License-Identifier: GPL-2.0-only */
/* PTX with something of all that the simulator reads; as a program has it. */
#ifndef PTX_SAMPLE_H
#define PTX_SAMPLE_H

#define PTX_SAMPLE                                                                \
	".version 7.0\n.target sm_70\n.address_size 64\n"                         \
	"// a comment\n/* another */\n"                                           \
	".visible .global .align 4 .b8 table[8] = {1, 2, 3, 4, 0xff, 6, 7, 8};\n" \
	".extern .shared .align 16 .b8 scratch[];\n"                              \
	".const .align 8 .u64 big[3];\n.global .f32 one = 0f3F800000;\n"          \
	".visible .entry scale(\n\t.param .u64 .ptr .global .align 4 y,\n"        \
	"\t.param .f32 a,\n\t.param .align 8 .b8 s[24]\n)\n"                      \
	".maxntid 256, 1, 1\n{\n\t.reg .b32 %r<4>;\n\tret;\n}\n"                  \
	".entry none()\n{\n\tret;\n}\n"

#endif
