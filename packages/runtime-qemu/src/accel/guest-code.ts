/**
 * The guest that proves an accelerator, as an assembler lists it: the bytes in hex, and what they were assembled from (GNU
 * `as`, in Intel's order), loaded and entered at 0x100000. It does what a kernel does from its first instruction on: paging,
 * long mode, a page fault for each page that it touches, an invalid instruction, vector registers, devices, a timer's
 * interrupt. And it works, some 75 million instructions: there are KVMs that run a guest by reading its instructions one by
 * one, a hundred times slower than TCG does, and only the work tells.
 */
export const guestListing = `
                     | # The guest's memory.
                     | pml4       = 0x200000
                     | pdpt       = 0x201000
                     | directory  = 0x202000
                     | pdpt_high  = 0x203000
                     | dir_high   = 0x204000
                     | tables     = 0x205000                  # four, up to 0x209000
                     | idt        = 0x209000
                     | stack      = 0x210000
                     | frames     = 0x400000                  # 8 MiB, seen at high too
                     | high       = 0xffff800000000000
                     | apic       = 0xfee00000
                     | devices    = 0xfeb00000
                     | words      = 0x100000                  # of 8 bytes
                     | passes     = 8
                     | step       = 0x9e3779b97f4a7c15
                     |
                     | # As a vmlinux is entered: protected mode, no paging.
                     | .code32
fa                   | start:     cli
fc                   |            cld
b0ff                 |            mov    al, 0xff             # no interrupts but the APIC's
e621                 |            out    0x21, al
e6a1                 |            out    0xa1, al
bc00002100           |            mov    esp, stack
                     |
                     | # Page tables: what is low is where it is, what is high comes when it is touched.
bf00002000           |            mov    edi, pml4
31c0                 |            xor    eax, eax
b900280000           |            mov    ecx, (idt + 0x1000 - pml4) / 4
f3ab                 |            rep stosd
c7050000200003102000 |            mov    dword ptr [pml4], pdpt + 3
c7050008200003302000 |            mov    dword ptr [pml4 + 8 * 256], pdpt_high + 3
c7050010200003202000 |            mov    dword ptr [pdpt], directory + 3
c7051810200003202000 |            mov    dword ptr [pdpt + 8 * 3], directory + 3
c705a82f20009300a0fe |            mov    dword ptr [directory + 8 * 501], 0xfea00093
c705b82f20009300e0fe |            mov    dword ptr [directory + 8 * 503], 0xfee00093
c7050030200003402000 |            mov    dword ptr [pdpt_high], dir_high + 3
bf00202000           |            mov    edi, directory       # 8 pages of 2 MiB
b883000000           |            mov    eax, 0x83
8907                 | map_low:   mov    [edi], eax
83c708               |            add    edi, 8
0500002000           |            add    eax, 0x200000
3d83000001           |            cmp    eax, 0x1000083
72ef                 |            jb     map_low
bf00402000           |            mov    edi, dir_high        # 4 tables of 512 pages of 4 KiB
b803502000           |            mov    eax, tables + 3
8907                 | map_high:  mov    [edi], eax
83c708               |            add    edi, 8
0500100000           |            add    eax, 0x1000
3d03902000           |            cmp    eax, idt + 3
72ef                 |            jb     map_high
                     |
                     | # Into long mode.
b800002000           |            mov    eax, pml4
0f22d8               |            mov    cr3, eax
0f20e0               |            mov    eax, cr4
0d20020000           |            or     eax, 0x220           # PAE, and SSE
0f22e0               |            mov    cr4, eax
b9800000c0           |            mov    ecx, 0xc0000080      # EFER: LME, SCE
0f32                 |            rdmsr
0d01010000           |            or     eax, 0x101
0f30                 |            wrmsr
0f20c0               |            mov    eax, cr0
83e0f3               |            and    eax, 0xfffffff3      # EM and TS off
0d03000080           |            or     eax, 0x80000003      # PG, MP, PE
0f22c0               |            mov    cr0, eax
0f01155e021000       |            lgdt   [gdtr]
ead40010000800       |            ljmp   0x08, offset long
                     | .code64
b810000000           | long:      mov    eax, 0x10
8ed8                 |            mov    ds, eax
8ec0                 |            mov    es, eax
8ed0                 |            mov    ss, eax
bf60902000           |            mov    edi, idt + 16 * 6
b80b021000           |            mov    eax, offset invalid
e80c010000           |            call   gate
bfe0902000           |            mov    edi, idt + 16 * 14
b815021000           |            mov    eax, offset fault
e8fd000000           |            call   gate
bf00922000           |            mov    edi, idt + 16 * 32
b837021000           |            mov    eax, offset timer
e8ee000000           |            call   gate
0f011d51010000       |            lidt   [rip + idtr]
                     |
                     | # The answer is in r15: 1 for what cpuid says of long mode, EFER, 1 for an exception, and twice all that, by SSE.
4531ff               |            xor    r15d, r15d
4531f6               |            xor    r14d, r14d
b801000080           |            mov    eax, 0x80000001
0fa2                 |            cpuid
0fbae21d             |            bt     edx, 29
4983d700             |            adc    r15, 0
b9800000c0           |            mov    ecx, 0xc0000080
0f32                 |            rdmsr
2501050000           |            and    eax, 0x501           # LMA, LME, SCE
4901c7               |            add    r15, rax
0f0b                 |            ud2
66490f6ec7           |            movq   xmm0, r15
660fd4c0             |            paddq  xmm0, xmm0
66490f7ec7           |            movq   r15, xmm0
                     |
                     | # The work: write through the high pages, each of which faults once, and sum up where they really are.
48bb157c4a7fb979379e |            movabs rbx, step
bd08000000           |            mov    ebp, passes
48bf000000000080ffff | pass:      movabs rdi, high
89e8                 |            mov    eax, ebp
b900001000           |            mov    ecx, words
488907               | write:     mov    [rdi], rax
4801d8               |            add    rax, rbx
4883c708             |            add    rdi, 8
ffc9                 |            dec    ecx
75f2                 |            jnz    write
be00004000           |            mov    esi, frames
b900001000           |            mov    ecx, words
4c033e               | read:      add    r15, [rsi]
4883c608             |            add    rsi, 8
ffc9                 |            dec    ecx
75f5                 |            jnz    read
ffcd                 |            dec    ebp
75c8                 |            jnz    pass
                     |
                     | # A device's memory (virtio on microvm), and 1 for the interrupt that ends a halt.
bf0000e0fe           |            mov    edi, apic
8b870000d0ff         |            mov    eax, [rdi + devices - apic]
c787f0000000ff010000 |            mov    dword ptr [rdi + 0xf0], 0x1ff
c787e00300000b000000 |            mov    dword ptr [rdi + 0x3e0], 0x0b
c7872003000020000000 |            mov    dword ptr [rdi + 0x320], 32
c7878003000000000100 |            mov    dword ptr [rdi + 0x380], 0x10000
fb                   | wait:      sti
f4                   |            hlt
fa                   |            cli
4585f6               |            test   r14d, r14d
74f8                 |            jz     wait
4d01f7               |            add    r15, r14
                     |
                     | # The answer in hex on the serial line, and the end.
b910000000           |            mov    ecx, 16
baf8030000           |            mov    edx, 0x3f8
49c1c704             | digit:     rol    r15, 4
4489f8               |            mov    eax, r15d
240f                 |            and    al, 15
0430                 |            add    al, '0'
3c39                 |            cmp    al, '9'
7602                 |            jbe    print
0427                 |            add    al, 'a' - '0' - 10
ee                   | print:     out    dx, al
ffc9                 |            dec    ecx
75ea                 |            jnz    digit
b00a                 |            mov    al, 10
ee                   |            out    dx, al
ba01050000           |            mov    edx, 0x501
b02a                 |            mov    al, 42
ee                   |            out    dx, al
f4                   | stop:      hlt
ebfd                 |            jmp    stop
                     |
                     | # A gate at rdi to the handler at eax.
668907               | gate:      mov    [rdi], ax
66c747020800         |            mov    word ptr [rdi + 2], 8
66b8008e             |            mov    ax, 0x8e00
894704               |            mov    [rdi + 4], eax
c3                   |            ret
4883042402           | invalid:   add    qword ptr [rsp], 2   # past the ud2
49ffc7               |            inc    r15
48cf                 |            iretq
50                   | fault:     push   rax
52                   |            push   rdx
0f20d0               |            mov    rax, cr2
2500f0ffff           |            and    eax, 0xfffff000
8d9003004000         |            lea    edx, [rax + frames + 3]
c1e809               |            shr    eax, 9
48899000502000       |            mov    [rax + tables], rdx
5a                   |            pop    rdx
58                   |            pop    rax
4883c408             |            add    rsp, 8
48cf                 |            iretq
41ffc6               | timer:     inc    r14d
c787b000000000000000 |            mov    dword ptr [rdi + 0xb0], 0
48cf                 |            iretq
                     |
0000000000000000     | gdt:       .quad  0
ffff0000009baf00     |            .quad  0x00af9b000000ffff
ffff00000093cf00     |            .quad  0x00cf93000000ffff
1700                 | gdtr:      .word  gdtr - gdt - 1
46021000             |            .long  gdt
ff0f                 | idtr:      .word  0xfff
0090200000000000     |            .quad  idt
`;

/** What QEMU ends with once the guest has left by its debug exit: what that makes of 42. */
export const guestExitCode = (42 << 1) | 1;

/** The instructions. */
export function guestCode(): Uint8Array {
  const columns = guestListing.split("\n").map((line) => line.split("|")[0]?.trim() ?? "");
  return Buffer.from(columns.join(""), "hex");
}

/** The line that it prints, where everything that it did was done right. */
export function guestAnswer(): string {
  const [words, passes, step] = [0x10_0000n, 8n, 0x9e37_79b9_7f4a_7c15n];
  const longMode = 1n;
  const efer = 0x501n;
  const exception = 1n;
  const interrupt = 1n;
  // In each pass, from the last to the first: its number, and with each word a step more.
  const work = (words * passes * (passes + 1n)) / 2n + (passes * step * words * (words - 1n)) / 2n;
  const answer = 2n * (longMode + efer + exception) + work + interrupt;
  return BigInt.asUintN(64, answer).toString(16).padStart(16, "0");
}
