/* A host that loads the library by RTLD_DEEPBIND, so that it uses the C library's allocator while the process has
   another: guest_deep MODEL LOG OPTIONS LIBRARY IMAGE OUTPUT. Prints nothing; the result is the exit status, details
   are in the log. */

#define _GNU_SOURCE
#include <dlfcn.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

typedef int32_t (*Open)(const char *, const char *, uint64_t *);
typedef int32_t (*RestoreFile)(uint64_t, uint64_t, const char *, const char *, const char *);
typedef int32_t (*Text)(char *, uint64_t, uint64_t *);
typedef int32_t (*Close)(uint64_t);

static FILE *log_file;

static int expect(const char *what, int found) {
    if (found == 0) return 0;
    fprintf(log_file, "%s: status %d\n", what, found);
    return 1;
}

int main(int count, char **arguments) {
    static char json[65536];
    uint64_t model = 0;
    Open open;
    RestoreFile restore_file;
    Text doctor;
    Close close;
    void *library;
    int failures = 0;
    if (count != 7) return 2;
    log_file = fopen(arguments[2], "w");
    if (log_file == NULL) return 2;
    library = dlopen(arguments[4], RTLD_NOW | RTLD_DEEPBIND);
    if (library == NULL) {
        fprintf(log_file, "%s\n", dlerror());
        return 1;
    }
    *(void **)&open = dlsym(library, "parfocal_model_open");
    *(void **)&restore_file = dlsym(library, "parfocal_restore_file");
    *(void **)&doctor = dlsym(library, "parfocal_doctor");
    *(void **)&close = dlsym(library, "parfocal_model_close");
    failures += expect("open", open(arguments[1], arguments[3], &model));
    failures += expect("file", restore_file(model, 0, arguments[5], arguments[6], NULL));
    failures += expect("doctor", doctor(json, sizeof json, NULL));
    failures += expect("close", close(model));
    fprintf(log_file, "failures: %d\n", failures);
    fclose(log_file);
    return failures == 0 ? 0 : 1;
}
