/* The unsigned integer that stands where an element does in the order. */
static inline KEY key_of(KEY bits, long flip) {
    const KEY sign = (KEY)1 << (8 * sizeof(KEY) - 1);
#if IS_FLOATING
    const KEY size = bits & ~sign;
    KEY key = bits & sign ? ~bits : bits | sign;
    if (size == 0) key = sign;                  /* both zeros are equal */
    if (size > (KEY)INFINITE) key = ~(KEY)0;    /* nan is the largest */
#elif IS_BOOL
    KEY key = bits != 0;                        /* any other byte is True */
#elif IS_SIGNED
    KEY key = bits ^ sign;
#else
    KEY key = bits;
#endif
    return key ^ (KEY)flip;
}
