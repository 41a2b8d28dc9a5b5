/*
 * A process that allocates at random and knows how much: victim_soak SEED
 *
 * It works in rounds, one for each byte on stdin: threads make and free objects of a few sizes,
 * the main thread frees what they leave to it, and some rounds fork a child, in the middle of the
 * work or after it, which has a round of its own. After a round each process prints
 *
 *     counts PID KNOWN-LIVE MADE FREED LIVE MADE FREED LIVE ...
 *
 * and is quiet until the next byte. At the end of stdin all end: by exit, _exit or a signal.
 * KNOWN-LIVE is 0 where the fork was in the middle of the work: how many objects were inherited
 * is then unknown.
 */
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

enum { SIZES = 4, THREADS_MAX = 24, HELD_MAX = 64, STEPS_MAX = 3000, DEPTH_MAX = 2 };

/* None that libc asks for; the last is beyond what a thread counts for itself. */
static const size_t sizes[SIZES] = {3333, 23456, 345678, 10000000};

static atomic_long made[SIZES], freed[SIZES];
static long inherited[SIZES];
static bool live_known = true;
static int depth;

struct worker {
    pthread_t thread;
    unsigned seed;
    void *held[HELD_MAX]; /* what the main thread frees at the end of the round */
    int held_size[HELD_MAX];
};

static void *make(int size)
{
    void *object = malloc(sizes[size]);

    if (object == NULL) {
        abort();
    }
    *(size_t *)object = sizes[size];
    atomic_fetch_add(&made[size], 1);
    return object;
}

static void release(void *object, int size)
{
    if (*(size_t *)object != sizes[size]) {
        abort();
    }
    free(object);
    atomic_fetch_add(&freed[size], 1);
}

/* Large sizes are rare, as their pages cost. */
static int random_size(unsigned *seed)
{
    int dice = rand_r(seed) % 200;

    return dice == 0 ? 3 : dice < 5 ? 2 : dice < 40 ? 1 : 0;
}

static void *work(void *argument)
{
    struct worker *worker = argument;
    int steps = rand_r(&worker->seed) % STEPS_MAX;

    for (int i = 0; i < steps; i++) {
        int place = rand_r(&worker->seed) % HELD_MAX;

        if (worker->held[place] != NULL) {
            release(worker->held[place], worker->held_size[place]);
            worker->held[place] = NULL;
        } else {
            worker->held_size[place] = random_size(&worker->seed);
            worker->held[place] = make(worker->held_size[place]);
        }
    }
    return NULL;
}

/* In a new child: what was there at the fork is inherited, nothing was made yet. */
static void begin_anew(bool quiet)
{
    for (int i = 0; i < SIZES; i++) {
        inherited[i] += atomic_exchange(&made[i], 0) - atomic_exchange(&freed[i], 0);
    }
    live_known = live_known && quiet;
    depth++;
}

static void release_held(struct worker *worker, unsigned *seed)
{
    for (int i = 0; i < HELD_MAX; i++) {
        if (worker->held[i] != NULL && rand_r(seed) % 4 != 0) {
            release(worker->held[i], worker->held_size[i]);
        }
    }
}

static void run_round(unsigned *seed);

/* The child leaves what it inherits alone. Returns whether this is the child. */
static bool fork_child(unsigned *seed, bool quiet)
{
    if (depth == DEPTH_MAX || rand_r(seed) % 3 != 0 || fork() != 0) {
        return false;
    }
    begin_anew(quiet);
    *seed += (unsigned)getpid();
    run_round(seed);
    return true;
}

static void run_round(unsigned *seed)
{
    static struct worker workers[THREADS_MAX];
    int count = rand_r(seed) % THREADS_MAX + 1;

    memset(workers, 0, sizeof workers);
    for (int i = 0; i < count; i++) {
        workers[i].seed = (unsigned)rand_r(seed);
        if (pthread_create(&workers[i].thread, NULL, work, &workers[i]) != 0) {
            abort();
        }
    }
    if (fork_child(seed, false)) {
        return;
    }
    for (int i = 0; i < count; i++) {
        pthread_join(workers[i].thread, NULL);
        release_held(&workers[i], seed);
    }
    fork_child(seed, true);
}

/* One write, so that lines of several processes don't mix. */
static void report(void)
{
    char line[512];
    int length = snprintf(line, sizeof line, "counts %d %d", (int)getpid(), live_known);

    for (int i = 0; i < SIZES; i++) {
        long here = made[i], gone = freed[i];

        length += snprintf(line + length, sizeof line - (size_t)length, " %ld %ld %ld", here, gone,
                           inherited[i] + here - gone);
    }
    line[length++] = '\n';
    if (write(STDOUT_FILENO, line, (size_t)length) != length) {
        _exit(9);
    }
}

static void end(unsigned seed)
{
    switch (seed % 5) {
    case 0:
        _exit(0);
    case 1:
        raise(SIGKILL);
        break;
    case 2:
        raise(SIGSEGV);
        break;
    default:
        while (wait(NULL) > 0) {
        }
        exit(0);
    }
}

/* Only the first process takes bytes: the others would take them from it. */
static bool goes_on(void)
{
    struct pollfd input = {.fd = STDIN_FILENO};
    char byte;

    if (depth == 0) {
        return read(STDIN_FILENO, &byte, 1) == 1;
    }
    while (poll(&input, 1, -1) < 0) {
    }
    return false;
}

int main(int argc, char **argv)
{
    const struct rlimit no_core = {0, 0};
    unsigned seed = argc > 1 ? (unsigned)strtoul(argv[1], NULL, 10) : 1;

    setrlimit(RLIMIT_CORE, &no_core);
    do {
        run_round(&seed);
        report();
    } while (goes_on());
    end(seed);
    return 0;
}
