"""Numbers as C reads them: `strtoul` with base 0, and its silent results for bad ones."""

from __future__ import annotations

import re

_INTEGER = re.compile(rb"[ \t\n\v\f\r]*([+-]?)(?:0[xX]([0-9a-fA-F]+)|(0[0-7]*)|([1-9][0-9]*))")


def c_integer(text: bytes) -> tuple[int, bool]:
    """The leading number of a text (0 if there is none), and whether it is the whole text.

    Decimal, `0x…` or, with a leading 0, octal, with a sign or not; of any size.
    """
    match = _INTEGER.match(text)
    if match is None:
        return 0, False
    sign, hexadecimal, octal, decimal = match.groups()
    if hexadecimal is not None:
        number = int(hexadecimal, 16)
    elif octal is not None:
        number = int(octal, 8)
    else:
        number = int(decimal)
    return (-number if sign == b"-" else number), match.end() == len(text)


def u32(number: int) -> int:
    """The number cut to 32 bits as C does it, after passing through a 64-bit long."""
    return max(-(1 << 63), min(number, (1 << 64) - 1)) & 0xFFFFFFFF


def fits_u32(number: int) -> bool:
    """Whether 32 bits, signed or unsigned, hold the number."""
    return -(1 << 31) <= number < 1 << 32
