/*
 * A program whose handlers of fork allocate, registered before the library's own, so that they
 * run between those: victim_handlers SIZE THREADED
 *
 * A step; then three forks, one after the other, each between two steps. Before each the handlers
 * make BEFORE objects, and after it IN_PARENT or IN_CHILD more. Each child steps (on 3 and 4) and
 * ends by _exit. THREADED 1: a thread beside the main one forks.
 */
#include <pthread.h>
#include <stdbool.h>
#include <sys/wait.h>

#include "victim_common.h"
#include "victim_handlers.h"

static size_t size;
static bool is_forking;

static void make_objects(size_t count)
{
    for (size_t i = 0; i < count && is_forking; i++) {
        *(volatile char *)make_object(size) = 2;
    }
}

static void before_fork(void)
{
    make_objects(BEFORE);
}

static void in_parent(void)
{
    make_objects(IN_PARENT);
}

static void in_child(void)
{
    make_objects(IN_CHILD);
}

/*
 * Runs before any constructor of a library, and so before that of a preloaded one. But jemalloc's
 * handlers come first, with the first call: inside of those nobody could allocate.
 */
static void register_handlers(void)
{
    free(make_object(1));
    pthread_atfork(before_fork, in_parent, in_child);
}
__attribute__((section(".preinit_array"),
               used)) static void (*const first)(void) = register_handlers;

static void *fork_all(void *unused)
{
    for (int i = 0; i < FORKS; i++) {
        is_forking = true;
        pid_t child = fork();
        is_forking = false;

        if (child < 0) {
            stop_with("fork");
        }
        if (child == 0) {
            victim_in = 3;
            victim_out = 4;
            put_number(getpid());
            next_step();
            _exit(0);
        }
        if (waitpid(child, NULL, 0) != child) {
            stop_with("waitpid");
        }
        pause_for_test();
    }
    return unused;
}

int main(int argc, char **argv)
{
    pthread_t thread;

    if (argc != 3) {
        return 2;
    }
    size = strtoul(argv[1], NULL, 10);
    free(make_object(size)); /* a thread's first makes more of jemalloc's */
    pause_for_test();
    if (argv[2][0] == '0') {
        fork_all(NULL);
    } else if (pthread_create(&thread, NULL, fork_all, NULL) != 0 ||
               pthread_join(thread, NULL) != 0) {
        stop_with("a thread");
    }
    return 0;
}
