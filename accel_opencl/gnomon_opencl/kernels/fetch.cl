/* Brings what is at a place near, to be written if so, by compilers that can. */
#if !defined(FETCH) && defined(__has_builtin)
#if __has_builtin(__builtin_prefetch)
#define FETCH(p, is_written) __builtin_prefetch(p, is_written)
#endif
#endif
#ifndef FETCH
#define FETCH(p, is_written)
#endif
