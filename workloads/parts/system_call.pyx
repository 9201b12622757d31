# cython: auto_pickle=False, autotestdict=False
"""Any system call by its number, by the 64-bit entry of the kernel or by that of 32-bit programs.

`int $0x80` takes 32 bits of each argument: what it points to must be below 4 GiB. Numbers and
structures are those of i386. Only x86_64 has it.
"""

cdef extern from *:
    """
    #include <errno.h>
    #include <unistd.h>

    static long by_64(long number, long a, long b, long c, long d, long e, long f)
    {
        long result = syscall(number, a, b, c, d, e, f);
        return result == -1 ? -(long)errno : result;
    }

    static long by_32(long number, long a, long b, long c, long d, long e, long f)
    {
    #if defined(__x86_64__)
        /* The sixth argument is in the frame pointer, which no operand may name. */
        register long sixth __asm__("r13") = f;
        int result;
        __asm__ volatile(
            "mov %%rbp, %%r12\\n\\t"
            "mov %%r13d, %%ebp\\n\\t"
            "int $0x80\\n\\t"
            "mov %%r12, %%rbp"
            : "=a"(result), "+r"(sixth)
            : "a"((int)number), "b"((int)a), "c"((int)b), "d"((int)c), "S"((int)d), "D"((int)e)
            : "memory", "cc", "r8", "r9", "r10", "r11", "r12");
        return result;
    #else
        (void)number; (void)a; (void)b; (void)c; (void)d; (void)e; (void)f;
        return -ENOSYS;
    #endif
    }
    """
    long by_64(long, long, long, long, long, long, long) nogil
    long by_32(long, long, long, long, long, long, long) nogil


def call_64(long number, long a=0, long b=0, long c=0, long d=0, long e=0, long f=0) -> int:
    """What the kernel returns: a negative errno if it refuses."""
    return by_64(number, a, b, c, d, e, f)


def call_32(long number, long a=0, long b=0, long c=0, long d=0, long e=0, long f=0) -> int:
    """The same by the 32-bit entry; a kernel without it ends the process with SIGSEGV."""
    return by_32(number, a, b, c, d, e, f)
