/*
 * Frees at the ends of things. Usage: victim_endings MODE THREADS COUNT SIZE [LIBRARY]
 *
 *   rounds   one step: threads that make COUNT objects each; a destructor of
 *            thread-specific data frees them, a quarter in each of its four rounds,
 *            and makes and frees as many others
 *   fresh    the same, but the threads' very first allocation is in a destructor
 *   local    the same in the destructor of a C++ thread_local object of LIBRARY
 *   leave    the main thread makes COUNT objects and leaves; step: another thread
 *            frees them; step: and makes COUNT others
 *   exit     main makes 4 * COUNT objects; each step frees COUNT of them: an atexit
 *            handler, an on_exit handler, a destructor of the program, each after
 *            its step
 *   copies   one step: children made by the raw system call, for which no handler of fork
 *            runs, end by exit and _exit in turn, THREADS of them; then COUNT objects
 */
#include <dlfcn.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdbool.h>
#include <signal.h>
#include <stdint.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>

#include "victim_common.h"

enum { ROUNDS = 4, WAIT_SECONDS = 20 };

static size_t count, size;
static void **objects;
static pthread_key_t key;
static void (*keep)(void **, size_t, size_t);
static bool exit_mode;

struct ending {
    void **objects;
    int round;
};

static void release(void **list, size_t first, size_t end)
{
    for (size_t i = first; i < end; i++) {
        free(list[i]);
    }
}

static void *make_row(void **list)
{
    for (size_t i = 0; i < count; i++) {
        list[i] = make_object(size);
    }
    return list;
}

static void destroy(void *value)
{
    struct ending *ending = value;
    size_t part = count / ROUNDS;

    for (size_t i = 0; i < part; i++) {
        void *volatile other = make_object(size);

        free(other);
    }
    release(ending->objects, (size_t)ending->round * part, (size_t)(ending->round + 1) * part);
    ending->round++;
    if (ending->round < ROUNDS) {
        pthread_setspecific(key, ending);
    }
}

static void *round_thread(void *value)
{
    struct ending *ending = value;

    make_row(ending->objects);
    pthread_setspecific(key, ending);
    return NULL;
}

static void *fresh_thread(void *value)
{
    pthread_setspecific(key, value);
    return NULL;
}

static void *local_thread(void *value)
{
    struct ending *ending = value;

    make_row(ending->objects);
    keep(ending->objects, count, size);
    return NULL;
}

static void run_threads(size_t threads, void *(*body)(void *))
{
    struct ending *endings = map_shared(threads * sizeof *endings);
    pthread_t thread;

    if (pthread_key_create(&key, destroy) != 0) {
        stop_with("pthread_key_create");
    }
    pause_for_test();
    for (size_t i = 0; i < threads; i++) {
        endings[i].objects = objects + i * count;
        if (body == fresh_thread) {
            make_row(endings[i].objects);
        }
        if (pthread_create(&thread, NULL, body, &endings[i]) != 0 ||
            pthread_join(thread, NULL) != 0) {
            stop_with("thread");
        }
    }
    pause_for_test();
}

/* Until the main thread is a zombie, as /proc shows it. */
static void wait_for_main(void)
{
    char path[64], text[256], *end;
    time_t deadline = time(NULL) + WAIT_SECONDS;

    snprintf(path, sizeof path, "/proc/self/task/%d/stat", getpid());
    do {
        int file = open(path, O_RDONLY | O_CLOEXEC);
        ssize_t n = file >= 0 ? read(file, text, sizeof text - 1) : -1;

        if (n < 0 || time(NULL) > deadline) {
            stop_with("main did not leave");
        }
        close(file);
        text[n] = 0;
        end = strrchr(text, ')');
    } while (end == NULL || end[2] != 'Z');
}

static void *last_thread(void *unused)
{
    wait_for_main();
    pause_for_test();
    release(objects, 0, count);
    pause_for_test();
    make_row(objects);
    pause_for_test();
    exit(0);
    return unused;
}

static void leave(void)
{
    pthread_t thread;

    make_row(objects);
    if (pthread_create(&thread, NULL, last_thread, NULL) != 0) {
        stop_with("pthread_create");
    }
    pthread_exit(NULL);
}

static void free_at_exit(void)
{
    next_step();
    release(objects, 0, count);
    next_step();
}

static void free_on_exit(int status, void *list)
{
    (void)status;
    release(list, count, 2 * count);
    next_step();
}

__attribute__((destructor)) static void free_at_the_end(void)
{
    if (exit_mode) {
        release(objects, 2 * count, 4 * count);
        next_step();
    }
}

static void end_by_exit(void)
{
    exit_mode = true;
    for (size_t i = 0; i < 4 * count; i++) {
        objects[i] = make_object(size);
    }
    if (on_exit(free_on_exit, objects) != 0 || atexit(free_at_exit) != 0) {
        stop_with("atexit");
    }
}

/* What is theirs of the memory that the region is mapped in is their parent's. */
static void make_copies(size_t copies)
{
    pause_for_test();
    for (size_t i = 0; i < copies; i++) {
        pid_t child = (pid_t)syscall(SYS_clone, SIGCHLD, NULL, NULL, NULL, NULL);

        if (child < 0) {
            stop_with("clone");
        }
        if (child == 0 && i % 2 == 0) {
            exit(0);
        }
        if (child == 0) {
            _exit(0);
        }
        if (waitpid(child, NULL, 0) != child) {
            stop_with("waitpid");
        }
    }
    make_row(objects);
    pause_for_test();
}

int main(int argc, char **argv)
{
    if (argc < 5) {
        return 2;
    }
    size_t threads = strtoul(argv[2], NULL, 10);

    count = strtoul(argv[3], NULL, 10);
    size = strtoul(argv[4], NULL, 10);
    objects = map_shared((threads + ROUNDS) * count * sizeof *objects);
    if (strcmp(argv[1], "rounds") == 0) {
        run_threads(threads, round_thread);
    } else if (strcmp(argv[1], "fresh") == 0) {
        run_threads(threads, fresh_thread);
    } else if (strcmp(argv[1], "local") == 0) {
        void *library = dlopen(argc > 5 ? argv[5] : "", RTLD_NOW);

        *(void **)&keep = library != NULL ? dlsym(library, "endings_keep") : NULL;
        if (keep == NULL) {
            return 3;
        }
        run_threads(threads, local_thread);
    } else if (strcmp(argv[1], "leave") == 0) {
        leave();
    } else if (strcmp(argv[1], "copies") == 0) {
        make_copies(threads);
    } else {
        end_by_exit();
    }
    return 0;
}
