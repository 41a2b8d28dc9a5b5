/*
 * A process to act on: victim_actions THREADS WORD..., see the words below. Each word is a
 * step: it begins at a byte on stdin and ends with "ready". Threads other than the main one
 * sleep between two steps, and allocate nothing but what the word says.
 *
 *   drop    the main thread makes 50 000 objects of 4096 bytes and frees them
 *   fill    each thread makes 100 objects of 2990 bytes and frees them
 *   touch   each thread calls free(NULL), and so does the main one
 *   storm   until the next byte each thread makes rounds (see round_of); one forks children
 *           meanwhile, one starts threads that make a round each. Prints the rounds and forks.
 *   fork    the child prints "ready" on descriptor 4, and ends at the end of file on 3
 *   hooks   arena 0 gets extent hooks of the program's own, which do what the usual ones do
 */
#include "victim_common.h"

#include <dlfcn.h>
#include <poll.h>
#include <pthread.h>
#include <sys/wait.h>

enum {
    THREAD_MAX = 64,
    DROPPED = 50000,
    DROP_BYTES = 4096,
    FILL = 100,
    FORK_EVERY = 50,
    FOR_HELPER = 8 /* allocations, from which on a forked child has one */
};

static unsigned thread_count;
static pthread_barrier_t barrier;
static atomic_char word; /* the first letter of the step that threads take part in */
static atomic_long rounds;
static long forks;
static atomic_bool stop;

/* One object of each of five classes is made and freed, by every road there is. */
static void round_of(void)
{
    char *first = make_object(2990);
    char *cleared = calloc(1, 1750);
    char *large = make_object(20000);
    void *aligned = NULL;

    first = realloc(first, 3500);
    if (first == NULL || cleared == NULL || posix_memalign(&aligned, 64, 2400) != 0) {
        stop_with("storm");
    }
    free(cleared);
    free(large);
    free(first);
    free(aligned);
    atomic_fetch_add(&rounds, 1);
}

static void fork_once(void)
{
    pid_t pid = fork();

    if (pid == 0) {
        round_of();
        exit(0);
    }
    if (pid < 0 || waitpid(pid, NULL, 0) != pid) {
        stop_with("fork");
    }
    forks++;
}

static void *round_and_end(void *unused)
{
    round_of();
    return unused;
}

static void start_once(void)
{
    pthread_t thread;

    if (pthread_create(&thread, NULL, round_and_end, NULL) != 0) {
        stop_with("pthread_create");
    }
    pthread_join(thread, NULL);
}

static void storm(unsigned self)
{
    for (long i = 0; !atomic_load(&stop); i++) {
        round_of();
        if (self == 0 && i % FORK_EVERY == 0) {
            fork_once();
        }
        if (self == 1) {
            start_once();
        }
    }
}

static void fill(void)
{
    void *objects[FILL];

    for (int i = 0; i < FILL; i++) {
        objects[i] = make_object(2990);
    }
    for (int i = 0; i < FILL; i++) {
        free(objects[i]);
    }
}

static void *work(void *number)
{
    for (;;) {
        pthread_barrier_wait(&barrier);
        switch (atomic_load(&word)) {
        case 'f':
            fill();
            break;
        case 't':
            free(NULL);
            break;
        case 's':
            storm((unsigned)(size_t)number);
            break;
        }
        pthread_barrier_wait(&barrier);
    }
    return NULL;
}

/* The main thread's share: it calls now and then, until the test goes on. */
static void take_part(void)
{
    struct pollfd test = {.fd = victim_in, .events = POLLIN};
    char byte;

    put("ready\n");
    while (poll(&test, 1, 1) == 0) {
        free(NULL);
    }
    if (read(victim_in, &byte, 1) != 1) {
        exit(0);
    }
}

static void together(char letter)
{
    atomic_store(&word, letter);
    pthread_barrier_wait(&barrier);
    if (letter == 's') {
        take_part();
        atomic_store(&stop, 1);
    }
    if (letter == 't') {
        free(NULL);
    }
    pthread_barrier_wait(&barrier);
    if (letter == 's') {
        put_number(atomic_load(&rounds));
        put_number(forks);
    }
}

static void drop(void)
{
    void **objects = map_shared(DROPPED * sizeof *objects);

    for (int i = 0; i < DROPPED; i++) {
        objects[i] = make_object(DROP_BYTES);
    }
    for (int i = 0; i < DROPPED; i++) {
        free(objects[i]);
    }
    munmap(objects, DROPPED * sizeof *objects);
}

static void fork_child(void)
{
    pid_t pid = fork();

    if (pid == 0) {
        victim_in = 3;
        victim_out = 4;
        for (int i = 0; i < FOR_HELPER; i++) {
            free(make_object(1));
        }
        pause_for_test();
        exit(0);
    }
    if (pid < 0) {
        stop_with("fork");
    }
    put_number(pid);
}

static void set_hooks(void)
{
    int (*control)(const char *, void *, size_t *, void *, size_t);
    static void *hooks[9]; /* of extent_hooks_t in jemalloc's manual */
    void **usual, **own = hooks;
    size_t bytes = sizeof usual;

    *(void **)&control = dlsym(RTLD_DEFAULT, "mallctl");
    if (control == NULL || control("arena.0.extent_hooks", &usual, &bytes, NULL, 0) != 0) {
        stop_with("hooks");
    }
    memcpy(hooks, usual, sizeof hooks);
    if (control("arena.0.extent_hooks", NULL, NULL, &own, sizeof own) != 0) {
        stop_with("hooks");
    }
}

static void take(const char *step)
{
    if (strcmp(step, "drop") == 0) {
        drop();
    } else if (strcmp(step, "fork") == 0) {
        fork_child();
    } else if (strcmp(step, "hooks") == 0) {
        set_hooks();
    } else {
        together(step[0]);
    }
}

int main(int argc, char **argv)
{
    pthread_t thread;

    thread_count = argc > 1 ? (unsigned)atoi(argv[1]) : 0;
    if (thread_count > THREAD_MAX) {
        return 2;
    }
    pthread_barrier_init(&barrier, NULL, thread_count + 1);
    for (size_t i = 0; i < thread_count; i++) {
        if (pthread_create(&thread, NULL, work, (void *)i) != 0) {
            stop_with("pthread_create");
        }
    }
    atomic_store(&word, 'f'); /* so that every thread has its slot */
    pthread_barrier_wait(&barrier);
    pthread_barrier_wait(&barrier);
    for (int i = 2; i < argc; i++) {
        pause_for_test();
        take(argv[i]);
    }
    pause_for_test();
    return 0;
}
