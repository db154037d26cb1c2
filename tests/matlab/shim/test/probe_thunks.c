/* A thunk library by hand, to the convention that MATLAB's own have: the function, its arguments in whole words,
   their size. */
#include <stdint.h>
#include <string.h>

#define WORDS(type, name)                                                                                              \
    type name;                                                                                                         \
    memcpy(&name, stack, sizeof name);                                                                                 \
    stack += 8

int32_t int32int32Thunk(void (*f)(void), const char *stack, int size);
double doubledoubleThunk(void (*f)(void), const char *stack, int size);
void voidvoidPtruint64uint16Thunk(void (*f)(void), const char *stack, int size);
const char *cstringvoidThunk(void (*f)(void), const char *stack, int size);

int32_t int32int32Thunk(void (*f)(void), const char *stack, int size) {
    WORDS(int32_t, a);
    return size == 8 ? ((int32_t (*)(int32_t))f)(a) : -1;
}

double doubledoubleThunk(void (*f)(void), const char *stack, int size) {
    WORDS(double, a);
    return size == 8 ? ((double (*)(double))f)(a) : -1;
}

void voidvoidPtruint64uint16Thunk(void (*f)(void), const char *stack, int size) {
    WORDS(void *, a);
    WORDS(uint64_t, b);
    WORDS(uint16_t, c);
    if (size == 24) ((void (*)(void *, uint64_t, uint16_t))f)(a, b, c);
}

const char *cstringvoidThunk(void (*f)(void), const char *stack, int size) {
    (void)stack;
    return size == 0 ? ((const char *(*)(void))f)() : "wrong size";
}
