/*
 * A program that forks in ways that hurt: victim_fork MODE NUMBER COUNT SIZE
 *
 *   busy   16 threads make and free objects all the while; NUMBER children, one
 *          after the other, step (on 3 and 4), make COUNT objects, step, end. Then
 *          the threads stop, and the main process prints how many objects they made
 *   depth  each child forks the next, NUMBER deep; the process at depth d makes
 *          COUNT + d objects after its birth and frees d of them, before it forks.
 *          The last prints all pids, and steps
 *   storm  NUMBER children, forked as fast as they come, that make COUNT objects and
 *          end by exit, _exit or SIGKILL in turn. Prints their pids in that order
 *   lost   step; the child makes COUNT objects, prints its pid, steps (on 3 and 4)
 *          and forks one that makes COUNT more, prints its pid and steps. The main
 *          process steps when both have ended
 *   files  the same, with no descriptor left to open in the first child
 *   swarm  16 threads make and free objects now and then; NUMBER children that allocate and
 *          _exit at once; a step after each COUNT of them
 *   late   a step; a child that steps (on 3 and 4), makes COUNT objects, steps, makes one more
 *          (NUMBER 1: in a thread, which then stays), steps, and ends; NUMBER 2: before that
 *          one it makes IN_HANDLER objects in a signal handler, and steps
 *   hole   a step; a child that steps (on 3 and 4), makes one object of 48 MiB, steps, frees
 *          it, makes COUNT objects, steps, forks a child that makes COUNT more, prints its
 *          pid and steps. The main process steps when both have ended
 */
#include <pthread.h>
#include <signal.h>
#include <sched.h>
#include <stdbool.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>

#include "victim_common.h"

enum { BUSY_THREADS = 16, SWARM_KEPT = 64 };

static size_t number, count, size;
static atomic_bool stop;
static atomic_int running;

/* In a child that talks to the test by itself. */
static void talk_as_child(void)
{
    victim_in = 3;
    victim_out = 4;
}

static pid_t fork_or_stop(void)
{
    pid_t child = fork();

    if (child < 0) {
        stop_with("fork");
    }
    return child;
}

/* The child tells its pid and goes on with the test's next step. */
static pid_t fork_talking_child(void)
{
    pid_t child = fork_or_stop();

    if (child == 0) {
        talk_as_child();
        put_number(getpid());
        pause_for_test();
    }
    return child;
}

static int reap(pid_t child)
{
    int status;

    if (waitpid(child, &status, 0) != child) {
        stop_with("waitpid");
    }
    return status;
}

static void require_success(pid_t child)
{
    int status = reap(child);

    if (!WIFEXITED(status) || WEXITSTATUS(status) != 0) {
        fprintf(stderr, "child %d: wait status %#x\n", child, (unsigned)status);
        _exit(5);
    }
}

static void make_objects(size_t objects)
{
    for (size_t i = 0; i < objects; i++) {
        *(volatile char *)make_object(size) = 2;
    }
}

/* What a busy thread made, in memory outside the allocator. */
static size_t *made;

static void *stay_busy(void *place)
{
    size_t *sum = place;

    for (running++; !stop; ++*sum) {
        void *volatile object = make_object(size);

        free(object);
    }
    return NULL;
}

/* The same in bursts, so that who forks finds a processor; large objects hold locks for longer. */
static void *be_busy_at_times(void *place)
{
    static const struct timespec pause = {.tv_nsec = 1000000};

    for (running++; !stop; nanosleep(&pause, NULL)) {
        for (size_t i = 0; i < SWARM_KEPT; i++) {
            void *volatile object = make_object(size << i % 8);

            free(object);
        }
    }
    return place;
}

static void start_threads(pthread_t *threads, void *(*body)(void *))
{
    for (int i = 0; i < BUSY_THREADS; i++) {
        if (pthread_create(&threads[i], NULL, body, &made[i * 8]) != 0) {
            stop_with("pthread_create");
        }
    }
    while (running < BUSY_THREADS) {
        sched_yield();
    }
}

static size_t stop_threads(const pthread_t *threads)
{
    size_t sum = 0;

    stop = true;
    for (int i = 0; i < BUSY_THREADS; i++) {
        pthread_join(threads[i], NULL);
        sum += made[i * 8];
    }
    return sum;
}

static void busy(void)
{
    pthread_t threads[BUSY_THREADS];

    pause_for_test();
    start_threads(threads, stay_busy);
    for (size_t i = 0; i < number; i++) {
        pid_t child = fork_talking_child();

        if (child == 0) {
            make_objects(count);
            pause_for_test();
            exit(0);
        }
        require_success(child);
    }
    put_number((long)stop_threads(threads));
    pause_for_test();
}

static void work_at_depth(size_t depth)
{
    for (size_t i = 0; i < depth; i++) {
        void *volatile object = make_object(size);

        free(object);
    }
    make_objects(count);
}

static void depth(void)
{
    pid_t *pids = map_shared((number + 1) * sizeof *pids), child = 0;
    size_t level = 0;

    for (;; level++) {
        pids[level] = getpid();
        work_at_depth(level);
        if (level == number) {
            break;
        }
        child = fork_or_stop();
        if (child != 0) {
            require_success(child);
            exit(0);
        }
    }
    for (size_t i = 0; i <= number; i++) {
        put_number(pids[i]);
    }
    pause_for_test();
}

/* Fill objects, and find in them what was written. */
static bool works(void)
{
    void **objects = map_shared(count * sizeof *objects);

    for (size_t i = 0; i < count; i++) {
        objects[i] = memset(make_object(size), (int)(i & 0x7f), size);
    }
    for (size_t i = 0; i < count; i++) {
        const unsigned char *object = objects[i];

        if (object[0] != (i & 0x7f) || memcmp(object, object + 1, size - 1) != 0) {
            return false;
        }
    }
    return true;
}

static void end_in_turn(size_t turn)
{
    int status = works() ? 40 + (int)(turn % 50) : 3;

    if (turn % 3 == 0) {
        exit(status);
    }
    if (turn % 3 == 1 || status == 3) {
        _exit(status);
    }
    raise(SIGKILL);
}

static void storm(void)
{
    pid_t *pids = map_shared(number * sizeof *pids);

    pause_for_test();
    for (size_t i = 0; i < number; i++) {
        pid_t child = fork_or_stop();

        if (child == 0) {
            end_in_turn(i);
        }
        pids[i] = child;
    }
    for (size_t i = 0; i < number; i++) {
        int status = reap(pids[i]);
        bool right = i % 3 == 2 ? WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL
                                : WIFEXITED(status) && WEXITSTATUS(status) == 40 + (int)(i % 50);

        put_number(right ? pids[i] : 0);
    }
    pause_for_test();
}

/* The child of the child: the trouble is over. */
static void be_grandchild(const struct rlimit *files)
{
    pid_t child;

    if (files) {
        setrlimit(RLIMIT_NOFILE, files);
    }
    child = fork_or_stop();
    if (child == 0) {
        make_objects(count);
        put_number(getpid());
        pause_for_test();
        exit(0);
    }
    require_success(child);
}

static void lost(bool without_files)
{
    struct rlimit files, none;
    pid_t child;

    make_objects(count);
    pause_for_test();
    getrlimit(RLIMIT_NOFILE, &files);
    none = (struct rlimit){.rlim_cur = 0, .rlim_max = files.rlim_max};
    if (without_files) {
        setrlimit(RLIMIT_NOFILE, &none);
    }
    child = fork_or_stop();
    if (child == 0) {
        talk_as_child();
        if (!works()) {
            _exit(3);
        }
        put_number(getpid());
        pause_for_test();
        be_grandchild(&files);
        exit(0);
    }
    setrlimit(RLIMIT_NOFILE, &files);
    require_success(child);
    pause_for_test();
}

static void swarm(void)
{
    pthread_t threads[BUSY_THREADS];

    start_threads(threads, be_busy_at_times);
    for (size_t i = 0; i < number; i++) {
        pid_t child;

        if (i % count == 0) {
            pause_for_test();
        }
        child = fork_or_stop();
        if (child == 0) {
            for (size_t j = 0; j < SWARM_KEPT; j++) {
                free(make_object(size << j % 8));
                make_object(size >> j % 8);
            }
            _exit(0);
        }
        require_success(child);
    }
    stop_threads(threads);
    pause_for_test();
}

static void *make_one_and_stay(void *place)
{
    make_objects(1);
    running++;
    while (!stop) {
        pause();
    }
    return place;
}

/* Above what a slot has counters for, so that it counts where all threads do. */
enum { LARGE_BYTES = 48 * 1024 * 1024 };

static void hole(void)
{
    pid_t child;

    pause_for_test();
    child = fork_talking_child();
    if (child == 0) {
        void *volatile object = make_object(LARGE_BYTES);
        pause_for_test();
        free(object);
        if (!works()) {
            _exit(3);
        }
        pause_for_test();
        be_grandchild(NULL);
        exit(0);
    }
    require_success(child);
    pause_for_test();
}

enum { IN_HANDLER = 20 };

static void make_in_handler(int signal)
{
    (void)signal;
    make_objects(IN_HANDLER);
}

static void late(void)
{
    pthread_t thread;
    pid_t child;

    pause_for_test();
    child = fork_talking_child();
    if (child == 0) {
        make_objects(count);
        pause_for_test();
        if (number == 2) {
            signal(SIGUSR1, make_in_handler);
            raise(SIGUSR1);
            pause_for_test();
        }
        if (number != 1) {
            make_objects(1);
        } else if (pthread_create(&thread, NULL, make_one_and_stay, NULL) == 0) {
            while (running == 0) {
                sched_yield();
            }
        }
        pause_for_test();
        exit(0);
    }
    require_success(child);
    pause_for_test();
}

static void *make_some(void *unused)
{
    make_objects(number);
    return unused;
}

static void run_thread(void *(*body)(void *))
{
    pthread_t thread;

    if (pthread_create(&thread, NULL, body, NULL) != 0) {
        stop_with("pthread_create");
    }
    pthread_join(thread, NULL);
}

/* Allocates, has a thread, and ends with its main thread, by pthread_exit. */
static void live_and_leave(void)
{
    make_objects(number);
    run_thread(make_some);
    pthread_exit(NULL);
}

static void *fork_from_thread(void *unused)
{
    pid_t child = fork_or_stop();

    if (child == 0) {
        make_objects(number);
        run_thread(make_some);
        child = fork_or_stop();
        if (child != 0) {
            require_success(child);
        }
        live_and_leave();
    }
    require_success(child);
    return unused;
}

enum { AT_ONCE = 4 };
static pthread_barrier_t barrier;

static void *make_some_and_meet(void *unused)
{
    make_objects(number);
    pthread_barrier_wait(&barrier);
    return unused;
}

/* So that stacks and jemalloc's arenas are there for the threads to come. */
static void warm_up(void)
{
    pthread_t threads[AT_ONCE];

    pthread_barrier_init(&barrier, NULL, AT_ONCE);
    for (int i = 0; i < AT_ONCE; i++) {
        if (pthread_create(&threads[i], NULL, make_some_and_meet, NULL) != 0) {
            stop_with("pthread_create");
        }
    }
    for (int i = 0; i < AT_ONCE; i++) {
        pthread_join(threads[i], NULL);
    }
}

/* No more memory than there is already. From the main thread, and from another. */
static void none(void)
{
    struct rlimit limit, before;

    warm_up();
    pause_for_test();
    getrlimit(RLIMIT_DATA, &before);
    limit = (struct rlimit){.rlim_cur = 1 << 20, .rlim_max = before.rlim_max};
    setrlimit(RLIMIT_DATA, &limit);
    fork_from_thread(NULL);
    run_thread(fork_from_thread);
    setrlimit(RLIMIT_DATA, &before);
    pause_for_test();
}

int main(int argc, char **argv)
{
    const char *mode = argc == 5 ? argv[1] : "";

    if (argc != 5) {
        return 2;
    }
    number = strtoul(argv[2], NULL, 10);
    count = strtoul(argv[3], NULL, 10);
    size = strtoul(argv[4], NULL, 10);
    made = map_shared(BUSY_THREADS * 8 * sizeof *made);
    if (strcmp(mode, "busy") == 0) {
        busy();
    } else if (strcmp(mode, "depth") == 0) {
        depth();
    } else if (strcmp(mode, "storm") == 0) {
        storm();
    } else if (strcmp(mode, "late") == 0) {
        late();
    } else if (strcmp(mode, "hole") == 0) {
        hole();
    } else if (strcmp(mode, "none") == 0) {
        none();
    } else if (strcmp(mode, "swarm") == 0) {
        swarm();
    } else {
        lost(strcmp(mode, "files") == 0);
    }
    return 0;
}
