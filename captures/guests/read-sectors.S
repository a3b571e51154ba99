// Reads 100 sectors by INT 13h and resets the machine, which ends QEMU -no-reboot.
// With -DSECTORS=400 -DHALT it reads 400 and halts.
#ifndef SECTORS
#define SECTORS 100
#endif
.code16
.globl _start
_start:
  xor %ax,%ax
  mov %ax,%ds
  mov %ax,%es
  mov %ax,%ss
  mov $0x7c00,%sp
  mov %dl,drive
  mov $SECTORS,%cx
1: push %cx
  mov $dap,%si
  mov $0x42,%ah
  mov drive,%dl
  int $0x13
  pop %cx
  incw lba
  loop 1b
  mov $msg,%si
2: lodsb
  test %al,%al
  jz 3f
  mov $0x3f8,%dx
  out %al,%dx
  jmp 2b
#ifdef HALT
3: cli
  hlt
  jmp 3b
#else
3: mov $0xfe,%al        // the reset line of the keyboard controller
  out %al,$0x64
4: hlt
  jmp 4b
#endif
drive: .byte 0
msg: .asciz "READS DONE\n"
.align 4
dap: .byte 16,0
 .word 1
 .word 0x8000
 .word 0
lba: .quad 0
.org 510
.word 0xaa55
