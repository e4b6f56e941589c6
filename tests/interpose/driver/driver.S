/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A driver that exports what the real one does, for tests of how calls arrive:
 * every function does nothing but return a number of its own. Those that do more
 * are in driver.c and replace these, which are weak.
 */
	.set	code, 1000

.macro driver_function name
	.set	code, code + 1
	.text
	.weak	\name
	.type	\name, @function
\name:
	endbr64
	mov	$code, %eax
	ret
	.size	\name, . - \name

	.section .rodata.names, "a", @progbits
.Lname_\name:
	.asciz	"\name"

	.section .data.rel.ro.local, "aw", @progbits
	.quad	.Lname_\name, \name
.endm

	.globl	exports, export_count
	.hidden	exports, export_count
	.section .data.rel.ro.local, "aw", @progbits
	.balign	8
exports:
#include DRIVER_EXPORTS
	.section .data.rel.ro.local, "aw", @progbits
export_count:
	.quad	(. - exports) / 16

	.section .note.GNU-stack, "", @progbits
