/* Errors: each thread has its own message, which stays until its next failure. */

#include "check.h"

#include <pthread.h>
#include <string.h>

static void *fail_elsewhere(void *argument) {
    const char **said = argument;
    /* A new thread has no error yet. */
    CHECK(last_error()[0] == '\0');
    CHECK_IS(parfocal_task_close(4), INVALID_HANDLE);
    said[0] = strstr(last_error(), "handle 4:") != NULL ? "yes" : NULL;
    return NULL;
}

void test_errors(void) {
    parfocal_model model = 0;
    pthread_t thread;
    const char *said[1] = {NULL};
    char small[5], kept[1024];
    uint64_t length = 0;
    CHECK_SAYS(parfocal_model_open(suite_model, "threads=none", &model), BAD_OPTION, "threads=none");
    CHECK(model == 0);
    strcpy(kept, last_error());
    REQUIRE(pthread_create(&thread, NULL, fail_elsewhere, said) == 0);
    pthread_join(thread, NULL);
    CHECK(said[0] != NULL);
    CHECK(strcmp(kept, last_error()) == 0);
    /* Successful calls keep the message, and so does asking for it, even in vain. */
    CHECK(parfocal_abi_version() > 0);
    CHECK_IS(parfocal_last_error(NULL, 0, &length), OK);
    CHECK(length == strlen(kept) + 1);
    CHECK_IS(parfocal_last_error(small, sizeof small, &length), INVALID_ARGUMENT);
    CHECK(length == strlen(kept) + 1 && memcmp(small, kept, 4) == 0 && small[4] == '\0');
    CHECK(strcmp(kept, last_error()) == 0);
}
