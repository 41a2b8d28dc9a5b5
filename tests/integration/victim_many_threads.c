/*
 * Many short threads: victim_many_threads TOTAL AT_ONCE STEPS COUNT SIZE
 *
 * TOTAL threads, at most AT_ONCE of them alive, that each make COUNT objects and
 * free all but one, which the main thread frees. There is a step for the test after
 * each STEPSth of them.
 */
#include <pthread.h>

#include "victim_common.h"

enum { AT_ONCE_MAX = 1024 };

static size_t count, size;

static void *work(void *unused)
{
    void *last = NULL;

    (void)unused;
    for (size_t i = 0; i < count; i++) {
        free(last);
        last = make_object(size);
    }
    return last;
}

int main(int argc, char **argv)
{
    static pthread_t threads[AT_ONCE_MAX];
    size_t numbers[5];

    for (int i = 1; i < 6; i++) {
        numbers[i - 1] = i < argc ? strtoul(argv[i], NULL, 10) : 0;
    }
    size_t total = numbers[0], at_once = numbers[1], each_step = total / numbers[2];

    count = numbers[3];
    size = numbers[4];
    for (size_t i = 0; i < total + at_once; i++) {
        void *object = NULL;

        if (i < total && i % each_step == 0) {
            pause_for_test();
        }
        if (i >= at_once && pthread_join(threads[i % at_once], &object) != 0) {
            stop_with("pthread_join");
        }
        free(object);
        if (i < total && pthread_create(&threads[i % at_once], NULL, work, NULL) != 0) {
            stop_with("pthread_create");
        }
    }
    pause_for_test();
    return 0;
}
