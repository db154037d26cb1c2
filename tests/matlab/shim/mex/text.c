/* cstring: a row of characters that goes in as NUL-terminated text, and what comes back up to its NUL. */
#include "shim.h"

#include <stdio.h>
#include <string.h>

/* MATLAB's characters are UTF-16, and no page says in which encoding calllib passes those beyond ASCII. */
static void only_ascii(const char *text, size_t size, const char *where, const char *direction) {
    for (size_t i = 0; i < size; i++) {
        if ((unsigned char)text[i] < 128) continue;
        refuse("strict:TextEncoding",
               "%s: character %zu of the text that goes %s is not ASCII; which encoding calllib uses is not "
               "documented: declare the "
               "parameter as int8Ptr or uint8Ptr and pass its UTF-8 bytes and a 0 (unicode2native)",
               where, i + 1, direction);
    }
}

/* object: the class of an object that is given instead, a string for example, or NULL. */
char *text_argument(const mxArray *given, const char *object, const char *where, size_t *size) {
    if (object != NULL || !mxIsChar(given)) {
        refuse("MATLAB:libpointer:MustBeString", "Parameter can not be converted to a character vector (%s; %s given)",
               where, object != NULL ? object : class_of(given));
    }
    size_t count = mxGetNumberOfElements(given);
    bool row = mxGetNumberOfDimensions(given) == 2 && (count == 0 || mxGetM(given) == 1);
    if (!row)
        refuse("strict:TextShape", "%s: text must be a row, 1 x n; %zu x %zu given", where, mxGetM(given),
               mxGetN(given));
    char *text = kept(count + 1);
    if (count > 0 && mxGetString(given, text, count + 1) != 0)
        refuse("strict:Shim", "%s: the text cannot be read", where);
    if (memchr(text, 0, count) != NULL) {
        refuse("strict:TextNul", "%s: the text has a char(0) at %zu, where C ends it", where, strlen(text) + 1);
    }
    only_ascii(text, count, where, "in");
    *size = count + 1;
    return text;
}

mxArray *text_result(const char *text, const char *where) {
    if (text == NULL || *text == '\0') {
        mwSize none[2] = {0, 0};
        return mxCreateCharArray(2, none);
    }
    only_ascii(text, strlen(text), where, "out");
    return mxCreateString(text);
}
