/*
 * A program that signals arrive in. Usage: victim_signals MODE COUNT SIZE
 *
 *   compute   step: COUNT signals whose handler makes two objects and frees one,
 *             while the main thread computes; step: as many while it sleeps
 *   storm     step: COUNT rounds of making, resizing and freeing, in two threads,
 *             under a timer of 100 microseconds and another thread's signals.
 *             Prints the rounds done right, and the signals handled
 *   handler   SIGRTMIN + 1 has a handler, SIGRTMIN + 2 is waited for. Prints once
 *   wait      COUNT of them have come: their number and the sum of their values
 */
#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdbool.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <time.h>

#include "victim_common.h"

enum { UNTOUCHED_ERRNO = 4711, TIMER_US = 100 };

static size_t count, size;
static atomic_size_t handled, elsewhere, values;
static void **kept;
static atomic_bool stop;
static pthread_t main_thread;

static void handle(int signal, void (*handler)(int, siginfo_t *, void *))
{
    struct sigaction action = {.sa_sigaction = handler, .sa_flags = SA_SIGINFO | SA_RESTART};

    sigemptyset(&action.sa_mask);
    if (sigaction(signal, &action, NULL) != 0) {
        stop_with("sigaction");
    }
}

static void allocate(int signal, siginfo_t *info, void *context)
{
    size_t turn = handled;

    (void)signal, (void)info, (void)context;
    kept[turn] = make_object(size);
    free(make_object(size));
    handled = turn + 1;
}

static void *send_one_by_one(void *end)
{
    for (size_t i = handled; i < (size_t)end; i++) {
        pthread_kill(main_thread, SIGUSR1);
        while (handled == i) {
            sched_yield();
        }
    }
    return NULL;
}

static pthread_t start_thread(void *(*body)(void *), void *argument)
{
    pthread_t thread;

    if (pthread_create(&thread, NULL, body, argument) != 0) {
        stop_with("pthread_create");
    }
    return thread;
}

static void compute(void)
{
    static const struct timespec moment = {.tv_nsec = 1000000};
    volatile unsigned long number = 1;
    pthread_t sender;

    handle(SIGUSR1, allocate);
    pause_for_test();
    sender = start_thread(send_one_by_one, (void *)count);
    while (handled < count) {
        number = number * 6364136223846793005ul + 1;
    }
    pthread_join(sender, NULL);
    pause_for_test();
    sender = start_thread(send_one_by_one, (void *)(2 * count));
    while (handled < 2 * count) {
        nanosleep(&moment, NULL);
    }
    pthread_join(sender, NULL);
    pause_for_test();
}

static void note(int signal, siginfo_t *info, void *context)
{
    (void)signal, (void)info, (void)context;
    handled++;
}

static void *send_without_end(void *unused)
{
    while (!stop) {
        kill(getpid(), SIGUSR1);
        sched_yield();
    }
    return unused;
}

/* One object from its making to its end: contents and errno as they must be. */
static bool round_is_right(size_t turn)
{
    unsigned char *object, *grown;
    bool right = true;

    errno = UNTOUCHED_ERRNO;
    object = make_object(size);
    memset(object, (int)(turn & 0xff), size);
    grown = realloc(object, 2 * size);
    right = grown != NULL && grown[0] == (turn & 0xff) && memcmp(grown, grown + 1, size - 1) == 0;
    free(grown);
    return right && errno == UNTOUCHED_ERRNO;
}

static void *run_rounds(void *unused)
{
    size_t right = 0;

    (void)unused;
    for (size_t i = 0; i < count; i++) {
        right += round_is_right(i);
    }
    return (void *)right;
}

static void storm(void)
{
    struct itimerval often = {{0, TIMER_US}, {0, TIMER_US}}, never = {0};
    pthread_t sender, other;
    void *right;

    handle(SIGUSR1, note);
    handle(SIGALRM, note);
    pause_for_test();
    sender = start_thread(send_without_end, NULL);
    setitimer(ITIMER_REAL, &often, NULL);
    other = start_thread(run_rounds, NULL);
    put_number((long)(size_t)run_rounds(NULL));
    pthread_join(other, &right);
    setitimer(ITIMER_REAL, &never, NULL);
    stop = true;
    pthread_join(sender, NULL);
    put_number((long)(size_t)right);
    put_number((long)handled);
    pause_for_test();
}

static void note_value(int signal, siginfo_t *info, void *context)
{
    (void)signal, (void)context;
    handled++;
    values += (size_t)info->si_value.sival_int;
    elsewhere += syscall(SYS_gettid) != getpid();
}

static void wait_for_queued(const sigset_t *set)
{
    while (handled < count) {
        siginfo_t info;

        if (sigwaitinfo(set, &info) > 0) {
            note_value(0, &info, NULL);
        }
    }
}

static void queued(bool by_handler)
{
    static const struct timespec moment = {.tv_nsec = 1000000};
    int signal = SIGRTMIN + (by_handler ? 1 : 2);
    sigset_t set;

    sigemptyset(&set);
    sigaddset(&set, signal);
    if (by_handler) {
        handle(signal, note_value);
    } else {
        pthread_sigmask(SIG_BLOCK, &set, NULL);
    }
    put("ready\n");
    while (by_handler && handled < count) {
        nanosleep(&moment, NULL);
    }
    if (!by_handler) {
        wait_for_queued(&set);
    }
    put_number((long)handled);
    put_number((long)values);
    put_number((long)elsewhere);
    pause_for_test();
}

int main(int argc, char **argv)
{
    if (argc != 4) {
        return 2;
    }
    count = strtoul(argv[2], NULL, 10);
    size = strtoul(argv[3], NULL, 10);
    kept = map_shared(2 * count * sizeof *kept);
    main_thread = pthread_self();
    if (strcmp(argv[1], "compute") == 0) {
        compute();
    } else if (strcmp(argv[1], "storm") == 0) {
        storm();
    } else {
        queued(strcmp(argv[1], "handler") == 0);
    }
    return 0;
}
