/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A forwarder for every function that the driver exports: one jump through its
 * slot. The symbols are weak, so a hook written in C takes the place of its
 * forwarder when the library is linked.
 *
 * The slots of hooks.def and calls.def come first and are struct gb_real; the
 * driver's other exports follow. A slot begins by pointing at its own resolver,
 * which names slot and library and has gb_library_first find the function. From
 * then on a forwarder costs the jump.
 */
#ifndef __x86_64__
#error "GreenBoost's forwarders are written for x86-64"
#endif

/* Slot, name, resolver and forwarder of one function. */
.macro forward library, name
	.data
	.Lslot_\name:
	.quad	.Lfirst_\name

	.section .rodata.\library\()_names, "a", @progbits
	.asciz	"\name"

	.text
	.weak	\name
	.type	\name, @function
	.balign	16
\name:
	.cfi_startproc
	endbr64
	jmp	*.Lslot_\name(%rip)
	.cfi_endproc
	.size	\name, . - \name
.Lfirst_\name:
	endbr64
	lea	gb_\library(%rip), %r10
	lea	.Lslot_\name(%rip), %r11
	jmp	forward_first
.endm

/* The driver's list repeats what hooks.def and calls.def have laid out. */
.macro forward_rest name
	.ifndef	.Lslot_\name
	forward	cuda, \name
	.endif
.endm

/*
 * %r10: the library, %r11: the slot; everything else as the caller left it,
 * which is how it must reach the function. The functions take no vector wider
 * than a float, so the low halves of xmm0 to xmm7 hold all that can be passed.
 */
	.text
	.type	forward_first, @function
	.balign	16
forward_first:
	.cfi_startproc
	push	%rbp
	.cfi_def_cfa_offset 16
	.cfi_offset %rbp, -16
	mov	%rsp, %rbp
	.cfi_def_cfa_register %rbp
	sub	$192, %rsp
	mov	%rdi, (%rsp)
	mov	%rsi, 8(%rsp)
	mov	%rdx, 16(%rsp)
	mov	%rcx, 24(%rsp)
	mov	%r8, 32(%rsp)
	mov	%r9, 40(%rsp)
	mov	%rax, 48(%rsp)
	movups	%xmm0, 64(%rsp)
	movups	%xmm1, 80(%rsp)
	movups	%xmm2, 96(%rsp)
	movups	%xmm3, 112(%rsp)
	movups	%xmm4, 128(%rsp)
	movups	%xmm5, 144(%rsp)
	movups	%xmm6, 160(%rsp)
	movups	%xmm7, 176(%rsp)
	mov	%r10, %rdi
	mov	%r11, %rsi
	call	gb_library_first
	mov	%rax, %r11
	movups	176(%rsp), %xmm7
	movups	160(%rsp), %xmm6
	movups	144(%rsp), %xmm5
	movups	128(%rsp), %xmm4
	movups	112(%rsp), %xmm3
	movups	96(%rsp), %xmm2
	movups	80(%rsp), %xmm1
	movups	64(%rsp), %xmm0
	mov	48(%rsp), %rax
	mov	40(%rsp), %r9
	mov	32(%rsp), %r8
	mov	24(%rsp), %rcx
	mov	16(%rsp), %rdx
	mov	8(%rsp), %rsi
	mov	(%rsp), %rdi
	leave
	.cfi_def_cfa %rsp, 8
	jmp	*%r11
	.cfi_endproc
	.size	forward_first, . - forward_first

#define GB_HOOK(symbol, parameters) forward cuda, symbol
#define GB_CALL(symbol, parameters) forward cuda, symbol
#define GB_NVML(symbol, parameters) forward nvml, symbol

	.globl	gb_real, gb_cuda_names, gb_real_nvml, gb_nvml_names
	.hidden	gb_real, gb_cuda_names, gb_real_nvml, gb_nvml_names

	.data
	.balign	64
gb_real:
	.section .rodata.cuda_names, "a", @progbits
gb_cuda_names:
#include "hooks.def"
#include "calls.def"
#include "driver-exports.inc"
	.section .rodata.cuda_names, "a", @progbits
	.byte	0

	.data
	.balign	64
gb_real_nvml:
	.section .rodata.nvml_names, "a", @progbits
gb_nvml_names:
#include "nvml.def"
	.section .rodata.nvml_names, "a", @progbits
	.byte	0

	.section .note.GNU-stack, "", @progbits
