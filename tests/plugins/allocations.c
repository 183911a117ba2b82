/* Loaded before the C library: counts what one thread allocates while it runs a plugin's process. Linux with glibc. */
#include <stddef.h>

extern void *__libc_malloc(size_t), *__libc_calloc(size_t, size_t), *__libc_realloc(void *, size_t);
extern void *__libc_memalign(size_t, size_t), __libc_free(void *);

static __thread int watched;
static __thread long count;

void *malloc(size_t size) { count += watched; return __libc_malloc(size); }
void *calloc(size_t n, size_t size) { count += watched; return __libc_calloc(n, size); }
void *realloc(void *old, size_t size) { count += watched; return __libc_realloc(old, size); }
void *aligned_alloc(size_t to, size_t size) { count += watched; return __libc_memalign(to, size); }
void *memalign(size_t to, size_t size) { count += watched; return __libc_memalign(to, size); }
int posix_memalign(void **out, size_t to, size_t size) { count += watched; *out = __libc_memalign(to, size); return 0; }
void free(void *old) { count += watched && old; __libc_free(old); }

long count_in(void (*process)(void *, void *), void *own, void *call, int times) {
    count = 0;
    watched = 1;
    for (int k = 0; k < times; ++k) process(own, call);
    watched = 0;
    return count;
}
