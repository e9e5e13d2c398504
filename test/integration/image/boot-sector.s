# A system of one sector: reads sector 34816 (17 MiB) of the disk it was started from, writes the text there to the first
# serial port behind "BOOTED ", and halts. BIOS only. Put together by build-boot-sector.sh.
        .code16
        .globl  _start
_start: cli
        xorw    %ax, %ax
        movw    %ax, %ds
        movw    %ax, %es
        movw    %ax, %ss
        movw    $0x7c00, %sp
        sti
        movw    $packet, %si
        movb    $0x42, %ah              # INT 13h, extended read; DL is the disk that was booted
        int     $0x13
        movw    $failed, %si
        jc      say
        movw    $booted, %si
        call    write
        movw    $0x7e00, %si
say:    call    write
        movw    $ending, %si
        call    write
halt:   hlt
        jmp     halt

write:  lodsb
        testb   %al, %al
        jz      done
        movb    %al, %bl
        movw    $0x3fd, %dx             # line status: bit 5 is set when a byte may be sent
wait:   inb     %dx, %al
        testb   $0x20, %al
        jz      wait
        movw    $0x3f8, %dx
        movb    %bl, %al
        outb    %al, %dx
        jmp     write
done:   ret

packet: .byte   16, 0
        .word   1, 0x7e00, 0
        .quad   34816
booted: .asciz  "BOOTED "
failed: .asciz  "NO DISK"
ending: .asciz  "\r\n"
        .org    510
        .word   0xaa55
