# Ports, memory without a device and a sector by INT 13h, every 10 ms or so, for ever.
.code16
.globl _start
_start:
  xor %ax,%ax
  mov %ax,%ds
  mov %ax,%ss
  mov $0x7c00,%sp
  mov $0xb000,%ax
  mov %ax,%es
  mov %dl,drive
1:
  mov $0x3f8,%dx
  mov $0x41,%al
  out %al,%dx
  movw $0x1234,%es:0x10
  movb %es:0x20,%al
  mov $0x64,%dx
  in %dx,%al
  mov $0x21,%dx
  in %dx,%al
  mov $0x70,%dx
  mov $0x0f,%al
  out %al,%dx
  mov $0x71,%dx
  in %dx,%al
  mov $0xcf8,%dx
  mov $0x80000000,%eax
  out %eax,%dx
  mov $0xcfc,%dx
  in %dx,%ax
  incl %es:0x40
  mov $dap,%si
  mov $0x42,%ah
  mov drive,%dl
  int $0x13
  mov $10000,%cx
2: loop 2b
  jmp 1b
drive: .byte 0
.align 4
dap: .byte 16,0
 .word 1
 .word 0x8000
 .word 0
lba: .quad 0
.org 510
.word 0xaa55
