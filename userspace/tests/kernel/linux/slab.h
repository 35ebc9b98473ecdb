/* SPDX-License-Identifier: GPL-2.0-only */
/* As much of the kernel's headers as its parts that are tested here need. */
#ifndef TESTS_KERNEL_H
#define TESTS_KERNEL_H

#include <errno.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

typedef uint8_t u8;
typedef uint16_t u16;
typedef uint32_t u32;
typedef int32_t s32;
typedef int64_t s64;
typedef unsigned long long u64;

#define U8_MAX UINT8_MAX
#define U16_MAX UINT16_MAX
#define U32_MAX UINT32_MAX
#define U64_MAX (~0ULL)
#define BIT(n) (1UL << (n))
#define ARRAY_SIZE(array) (sizeof(array) / sizeof((array)[0]))
#define DIV_ROUND_UP(n, d) (((n) + (d)-1) / (d))
#define struct_size(p, member, n) (sizeof(*(p)) + sizeof((p)->member[0]) * (n))
#define fallthrough __attribute__((fallthrough))

#define unlikely(condition) __builtin_expect(!!(condition), 0)
#define __uninitialized
#define ____cacheline_aligned __attribute__((aligned(64)))

#define min(a, b) ((a) < (b) ? (a) : (b))
#define max(a, b) ((a) > (b) ? (a) : (b))
#define min_t(type, a, b) min((type)(a), (type)(b))
#define max_t(type, a, b) max((type)(a), (type)(b))
#define clamp_t(type, value, low, high) min_t(type, max_t(type, value, low), high)
#define swap(a, b)                    \
	do {                          \
		typeof(a) kept = (a); \
		(a) = (b);            \
		(b) = kept;           \
	} while (0)

#define __ffs(n) ((u32)__builtin_ctzl(n))
#define hweight32(n) ((u32)__builtin_popcount(n))
#define div_u64(a, b) ((a) / (b))
#define ilog2(n) (63 - (u32)__builtin_clzll(n))

#define GOLDEN_RATIO_64 0x61C8864680B583EBull
#define hash_64(value, bits) ((u32)((value)*GOLDEN_RATIO_64 >> (64 - (bits))))

static inline u64 rol64(u64 word, unsigned int shift)
{
	return word << shift | word >> (64 - shift);
}

#define nr_cpu_ids 2
#define for_each_possible_cpu(cpu) for ((cpu) = 0; (cpu) < nr_cpu_ids; (cpu)++)

#define GFP_KERNEL_ACCOUNT 0

/* Those that are to fail do: the test tells which. */
void *test_alloc(size_t size);

#define kvmalloc(size, flags) test_alloc(size)
#define kvmalloc_array(n, size, flags) test_alloc((size_t)(n) * (size))
#define kvzalloc(size, flags)                            \
	({                                               \
		void *zeroed = test_alloc(size);         \
		zeroed ? memset(zeroed, 0, size) : NULL; \
	})
#define kvzalloc_node(size, flags, node) kvzalloc(size, flags)
#define kvcalloc(n, size, flags) kvzalloc((size_t)(n) * (size), flags)
#define kvfree(p) free(p)

#define ERR_PTR(err) ((void *)(intptr_t)(err))
#define PTR_ERR(p) ((long)(intptr_t)(p))
#define IS_ERR(p) ((uintptr_t)(p) > (uintptr_t)-4096)

static inline void memset32(u32 *p, u32 value, size_t n)
{
	while (n--)
		*p++ = value;
}

#define cond_resched() ((void)0)

#endif
