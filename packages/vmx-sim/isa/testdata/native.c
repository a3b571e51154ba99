/*
 * Runs instructions on the processor itself: reads records from stdin, writes one record back for each.
 *
 * Code lies on a page of INT3, registers point into a page of data between guard pages, and whatever happens ends in a
 * signal whose handler writes down the state. Both record layouts are in execute_native_test.ts.
 *
 * gcc -O1 -static -no-pie -fno-stack-protector native.c
 */
#define _GNU_SOURCE
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <ucontext.h>
#include <unistd.h>

#define CODE 0x20000000ul
#define DATA 0x10000000ul
#define PAGE 4096
#define WINDOW 512

struct in {
    uint32_t bits, length;
    uint8_t code[16];
    uint64_t flags, gpr[16];
    uint8_t xmm[16][16], mm[8][8];
    uint8_t data[WINDOW];
};

struct out {
    uint32_t signal, pad;
    uint64_t rip, flags, gpr[16];
    uint8_t xmm[16][16], mm[8][8];
    uint8_t data[WINDOW];
};

uint64_t enter_gpr[16], enter_flags, saved_sp, target[2];
uint8_t enter_xmm[16][16], enter_mm[8][8];
static struct out out;
extern char recover[];

__asm__(
    ".globl enter_code, recover\n"
    "enter_code:\n"
    "  push %rbx; push %rbp; push %r12; push %r13; push %r14; push %r15; pushfq\n"
    "  mov %rsp, saved_sp\n"
    "  movups enter_xmm+0, %xmm0; movups enter_xmm+16, %xmm1\n"
    "  movups enter_xmm+32, %xmm2; movups enter_xmm+48, %xmm3\n"
    "  movups enter_xmm+64, %xmm4; movups enter_xmm+80, %xmm5\n"
    "  movups enter_xmm+96, %xmm6; movups enter_xmm+112, %xmm7\n"
    "  movups enter_xmm+128, %xmm8; movups enter_xmm+144, %xmm9\n"
    "  movups enter_xmm+160, %xmm10; movups enter_xmm+176, %xmm11\n"
    "  movups enter_xmm+192, %xmm12; movups enter_xmm+208, %xmm13\n"
    "  movups enter_xmm+224, %xmm14; movups enter_xmm+240, %xmm15\n"
    "  movq enter_mm+0, %mm0; movq enter_mm+8, %mm1\n"
    "  movq enter_mm+16, %mm2; movq enter_mm+24, %mm3\n"
    "  movq enter_mm+32, %mm4; movq enter_mm+40, %mm5\n"
    "  movq enter_mm+48, %mm6; movq enter_mm+56, %mm7\n"
    "  pushq enter_flags; popfq\n"
    "  mov enter_gpr+8, %rcx; mov enter_gpr+16, %rdx; mov enter_gpr+24, %rbx\n"
    "  mov enter_gpr+32, %rsp; mov enter_gpr+40, %rbp; mov enter_gpr+48, %rsi\n"
    "  mov enter_gpr+56, %rdi; mov enter_gpr+64, %r8; mov enter_gpr+72, %r9\n"
    "  mov enter_gpr+80, %r10; mov enter_gpr+88, %r11; mov enter_gpr+96, %r12\n"
    "  mov enter_gpr+104, %r13; mov enter_gpr+112, %r14; mov enter_gpr+120, %r15\n"
    "  mov enter_gpr, %rax\n"
    "  ljmp *target\n"
    "recover:\n"
    "  mov saved_sp, %rsp\n"
    "  popfq; pop %r15; pop %r14; pop %r13; pop %r12; pop %rbp; pop %rbx\n"
    "  cld; emms\n"
    "  ret\n");
void enter_code(void);

static void handler(int signal, siginfo_t *info, void *context)
{
    static const int order[16] = {
        REG_RAX, REG_RCX, REG_RDX, REG_RBX, REG_RSP, REG_RBP, REG_RSI, REG_RDI,
        REG_R8, REG_R9, REG_R10, REG_R11, REG_R12, REG_R13, REG_R14, REG_R15,
    };
    ucontext_t *u = context;
    greg_t *g = u->uc_mcontext.gregs;
    (void)info;
    out.signal = signal;
    out.rip = g[REG_RIP] - CODE;
    out.flags = g[REG_EFL];
    for (int i = 0; i < 16; i++)
        out.gpr[i] = g[order[i]];
    memcpy(out.xmm, u->uc_mcontext.fpregs->_xmm, sizeof out.xmm);
    for (int i = 0; i < 8; i++)
        memcpy(out.mm[i], u->uc_mcontext.fpregs->_st[i].significand, 8);
    g[REG_RIP] = (greg_t)recover;
    g[REG_EFL] = 0x202;
    g[REG_CSGSFS] = (g[REG_CSGSFS] & ~0xffffl) | 0x33;
}

int main(void)
{
    static uint8_t stack[1 << 16];
    stack_t alternate = { .ss_sp = stack, .ss_size = sizeof stack };
    struct sigaction action = { .sa_sigaction = handler,
                                .sa_flags = SA_SIGINFO | SA_ONSTACK | SA_NODEFER };
    const int signals[] = { SIGSEGV, SIGILL, SIGFPE, SIGTRAP, SIGBUS };
    struct in in;

    uint8_t *code = mmap((void *)CODE, PAGE, 7, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);
    uint8_t *data = mmap((void *)DATA, PAGE, 3, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);
    if (code == MAP_FAILED || data == MAP_FAILED)
        return 2;
    sigaltstack(&alternate, 0);
    for (unsigned i = 0; i < sizeof signals / sizeof *signals; i++)
        sigaction(signals[i], &action, 0);
    __asm__ volatile("mov %0, %%ds; mov %0, %%es" ::"r"(0x2b));
    memset(code, 0xcc, PAGE);
    alarm(60); /* an instruction that loops must not hang a test */
    while (fread(&in, sizeof in, 1, stdin) == 1) {
        memset(code, 0xcc, 64);
        memcpy(code + 16, in.code, in.length);
        memset(data, 0, PAGE);
        memcpy(data + PAGE / 2 - WINDOW / 2, in.data, WINDOW);
        memcpy(enter_gpr, in.gpr, sizeof in.gpr);
        memcpy(enter_xmm, in.xmm, sizeof in.xmm);
        memcpy(enter_mm, in.mm, sizeof in.mm);
        enter_flags = in.flags;
        target[0] = (CODE + 16) | (uint64_t)(in.bits == 64 ? 0x33 : 0x23) << 32;
        enter_code();
        memcpy(out.data, data + PAGE / 2 - WINDOW / 2, WINDOW);
        fwrite(&out, sizeof out, 1, stdout);
        fflush(stdout);
    }
    return 0;
}
