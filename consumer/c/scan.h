/* Where the spaces and equal signs are in 64 bytes, as two bit masks (bit i = byte i).
 *
 * Three bodies of one function: SSE2 (any x86-64), NEON (any arm64), and plain 64-bit words for
 * the rest; SCAN_PORTABLE forces the last one, so that it can be tested anywhere. It reads exactly
 * 64 bytes; what lies behind the end of a record is the caller's business.
 */
#ifndef CONSUMER_SCAN_H
#define CONSUMER_SCAN_H

#include <stdint.h>
#include <string.h>

#if defined(__SSE2__) && !defined(SCAN_PORTABLE)
#include <emmintrin.h>

static inline void scan_block(const uint8_t *block, uint64_t *spaces, uint64_t *equals)
{
    const __m128i space = _mm_set1_epi8(' '), equal = _mm_set1_epi8('=');
    uint64_t s = 0, e = 0;
    for (int i = 0; i < 4; i++) {
        __m128i v = _mm_loadu_si128((const __m128i *)(block + 16 * i));
        s |= (uint64_t)(uint32_t)_mm_movemask_epi8(_mm_cmpeq_epi8(v, space)) << (16 * i);
        e |= (uint64_t)(uint32_t)_mm_movemask_epi8(_mm_cmpeq_epi8(v, equal)) << (16 * i);
    }
    *spaces = s;
    *equals = e;
}

#elif defined(__aarch64__) && !defined(SCAN_PORTABLE)
#include <arm_neon.h>

/* NEON has no movemask: weigh each byte by its bit, then add neighbours three times. */
static inline uint64_t scan_gather(uint8x16_t a, uint8x16_t b, uint8x16_t c, uint8x16_t d)
{
    const uint8x16_t bit = {1, 2, 4, 8, 16, 32, 64, 128, 1, 2, 4, 8, 16, 32, 64, 128};
    uint8x16_t ab = vpaddq_u8(vandq_u8(a, bit), vandq_u8(b, bit));
    uint8x16_t cd = vpaddq_u8(vandq_u8(c, bit), vandq_u8(d, bit));
    uint8x16_t all = vpaddq_u8(ab, cd);
    all = vpaddq_u8(all, all);
    return vgetq_lane_u64(vreinterpretq_u64_u8(all), 0);
}

static inline void scan_block(const uint8_t *block, uint64_t *spaces, uint64_t *equals)
{
    const uint8x16_t space = vdupq_n_u8(' '), equal = vdupq_n_u8('=');
    uint8x16_t a = vld1q_u8(block), b = vld1q_u8(block + 16);
    uint8x16_t c = vld1q_u8(block + 32), d = vld1q_u8(block + 48);
    *spaces = scan_gather(vceqq_u8(a, space), vceqq_u8(b, space), vceqq_u8(c, space),
                          vceqq_u8(d, space));
    *equals = scan_gather(vceqq_u8(a, equal), vceqq_u8(b, equal), vceqq_u8(c, equal),
                          vceqq_u8(d, equal));
}

#else

/* One bit per byte of `word` that is zero, lowest byte first. Exact: no carry crosses a byte. */
static inline uint64_t scan_zero_bytes(uint64_t word)
{
    const uint64_t low7 = 0x7f7f7f7f7f7f7f7fULL;
    uint64_t nonzero = ((word & low7) + low7) | word | low7;
    return ((~nonzero >> 7) * 0x0102040810204080ULL) >> 56;
}

static inline void scan_block(const uint8_t *block, uint64_t *spaces, uint64_t *equals)
{
    uint64_t s = 0, e = 0;
    for (int i = 0; i < 8; i++) {
        uint64_t word;
        memcpy(&word, block + 8 * i, 8);
#if __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
        word = __builtin_bswap64(word);
#endif
        s |= scan_zero_bytes(word ^ 0x2020202020202020ULL) << (8 * i);
        e |= scan_zero_bytes(word ^ 0x3d3d3d3d3d3d3d3dULL) << (8 * i);
    }
    *spaces = s;
    *equals = e;
}

#endif

/* The lowest set bit of a mask that is not zero. */
static inline uint32_t scan_lowest(uint64_t mask)
{
    return (uint32_t)__builtin_ctzll(mask);
}

static inline void scan_prefetch(const void *where)
{
    __builtin_prefetch(where, 1);
}

#endif
