/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * dlsym, in front of libc's. It must end in a jump, not a call: for RTLD_NEXT
 * and RTLD_DEFAULT libc's dlsym takes its return address for the caller, and
 * searches on that caller's behalf. So gb_dlsym_filter may answer instead of
 * libc, or put another handle in the place of the caller's; else libc finds the
 * call as it was made.
 */
	.text
	.globl	dlsym
	.type	dlsym, @function
	.balign	16
dlsym:
	.cfi_startproc
	endbr64
	push	%rsi
	.cfi_adjust_cfa_offset 8
	push	%rdi
	.cfi_adjust_cfa_offset 8
	sub	$8, %rsp
	.cfi_adjust_cfa_offset 8
	lea	8(%rsp), %rdi
	mov	24(%rsp), %rdx
	call	gb_dlsym_filter
	add	$8, %rsp
	.cfi_adjust_cfa_offset -8
	pop	%rdi
	.cfi_adjust_cfa_offset -8
	pop	%rsi
	.cfi_adjust_cfa_offset -8
	test	%rax, %rax
	jz	1f
	ret
1:	jmp	*gb_dlsym_real(%rip)
	.cfi_endproc
	.size	dlsym, . - dlsym

	.section .note.GNU-stack, "", @progbits
