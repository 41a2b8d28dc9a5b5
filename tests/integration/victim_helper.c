/*
 * Hosts that look at the library's helper thread, or would be harmed by it: victim_helper MODE
 *
 * Each ends with 0 if all is as without a preload, and says what isn't otherwise; one that hangs
 * is ended by SIGALRM.
 *
 *   descriptors   its own table holds what it opened, and no child inherits any of it
 *   leave         the main thread ends by pthread_exit, and a second later the last one does,
 *                 with no descriptor left to open
 *   stack         it lies between a guard page and thread-local data; prints how many bytes of it
 *                 were ever used
 *   handlers      children whose handler allocates while it interrupts pthread_create
 *   large         thread-local data of 100 KB, which stays as it was
 */
#include <dirent.h>
#include <fcntl.h>
#include <limits.h>
#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/wait.h>

#include "victim_common.h"

enum { SECONDS = 50, CHILDREN = 40, ROUNDS = 100, LARGE_BYTES = 100000, FOR_HELPER = 20 };

static __thread char large[LARGE_BYTES];

static void require(bool right, const char *what)
{
    if (!right) {
        fprintf(stderr, "not so: %s\n", what);
        _exit(1);
    }
}

static void touch_heap(int times)
{
    for (int i = 0; i < times; i++) {
        free(make_object(100));
    }
}

/* By system call, as opendir would open one itself before it looks. */
static int count_descriptors(void)
{
    enum { LIMIT = 64 };
    int count = 0;

    for (int i = 0; i < LIMIT; i++) {
        count += fcntl(i, F_GETFD) >= 0;
    }
    return count;
}

static int look_at_descriptors(void)
{
    int before = count_descriptors(), status;

    for (int i = 0; i < ROUNDS; i++) {
        touch_heap(FOR_HELPER);
        require(close(0) == 0 && open("/dev/null", O_RDONLY) == 0, "the lowest number is free");
        if (i % 10 == 0) {
            pid_t child = fork();

            if (child == 0) {
                touch_heap(FOR_HELPER);
                _exit(count_descriptors());
            }
            waitpid(child, &status, 0);
            require(WIFEXITED(status) && WEXITSTATUS(status) == before,
                    "a child has the descriptors that the program opened");
        }
        require(count_descriptors() == before, "the program has its own descriptors alone");
    }
    return 0;
}

static void *outlive_main(void *unused)
{
    const struct rlimit few = {64, 64};

    setrlimit(RLIMIT_NOFILE, &few);
    while (open("/dev/null", O_RDONLY) >= 0) {
    }
    sleep(1);
    touch_heap(1);
    return unused;
}

static int leave(void)
{
    pthread_t thread;

    touch_heap(1);
    pthread_create(&thread, NULL, outlive_main, NULL);
    pthread_detach(thread);
    pthread_exit(NULL);
}

/* Where the helper's stack pointer is, which sleeps in a system call; 0: there is no helper. */
static uintptr_t find_stack(void)
{
    uintptr_t words[9] = {0};
    DIR *tasks = opendir("/proc/self/task");

    for (struct dirent *entry; (entry = readdir(tasks)) != NULL;) {
        char path[PATH_MAX];

        if (entry->d_name[0] != '.' && atol(entry->d_name) != syscall(SYS_gettid)) {
            snprintf(path, sizeof path, "/proc/self/task/%s/syscall", entry->d_name);
            FILE *file = fopen(path, "r");
            int count = fscanf(file, "%lu %lx %lx %lx %lx %lx %lx %lx", &words[0], &words[1],
                               &words[2], &words[3], &words[4], &words[5], &words[6], &words[7]);
            fclose(file);
            words[8] = count == 8 ? words[7] : 0;
        }
    }
    closedir(tasks);
    return words[8];
}

static int look_at_stack(void)
{
    uintptr_t pointer = 0, first, last, guard_end = 0;
    char line[PATH_MAX], kind[5];

    touch_heap(FOR_HELPER);
    while ((pointer = find_stack()) == 0) {
        usleep(1000);
    }
    pause_for_test();
    FILE *maps = fopen("/proc/self/maps", "r");
    while (fgets(line, sizeof line, maps)) {
        require(sscanf(line, "%lx-%lx %4s", &first, &last, kind) == 3, "a line of maps");
        if (pointer >= first && pointer < last) {
            require(guard_end == first, "a guard page lies below the stack");
            require(!strchr(line, '/'), "the stack is no part of a library");
            require(pointer - first >= (uintptr_t)sysconf(_SC_THREAD_STACK_MIN), "it is long");
            const char *used = (const char *)first;
            while (*used == 0) {
                used++;
            }
            put_number((long)(pointer - (uintptr_t)used));
            pause_for_test();
            return 0;
        }
        guard_end = strcmp(kind, "---p") == 0 ? last : 0;
    }
    require(false, "the stack is in maps");
    return 1;
}

static void allocate(int signal)
{
    (void)signal;
    touch_heap(1);
}

static void *do_nothing(void *unused)
{
    return unused;
}

static void make_threads(void)
{
    const struct itimerval often = {{0, 50}, {0, 50}};
    const struct sigaction action = {.sa_handler = allocate, .sa_flags = SA_NODEFER | SA_RESTART};

    sigaction(SIGPROF, &action, NULL);
    setitimer(ITIMER_REAL, &(const struct itimerval){{0, 0}, {SECONDS, 0}}, NULL);
    setitimer(ITIMER_PROF, &often, NULL);
    for (int i = 0; i < ROUNDS; i++) {
        pthread_t thread;

        if (pthread_create(&thread, NULL, do_nothing, NULL) == 0) {
            pthread_join(thread, NULL);
        }
    }
    _exit(0);
}

static int interrupt_threads(void)
{
    touch_heap(1);
    for (int i = 0; i < CHILDREN; i++) {
        int status;
        pid_t child = fork();

        if (child == 0) {
            make_threads();
        }
        waitpid(child, &status, 0);
        require(status == 0, "a child whose handler allocates ends well");
    }
    return 0;
}

static int keep_large(void)
{
    memset(large, 1, sizeof large);
    touch_heap(FOR_HELPER);
    pause_for_test();
    for (size_t i = 0; i < sizeof large; i++) {
        require(large[i] == 1, "thread-local data is as it was");
    }
    pause_for_test();
    return 0;
}

int main(int argc, char **argv)
{
    static const struct mode {
        const char *name;
        int (*body)(void);
    } modes[] = {{"descriptors", look_at_descriptors},
                 {"leave", leave},
                 {"stack", look_at_stack},
                 {"handlers", interrupt_threads},
                 {"large", keep_large}};

    alarm(SECONDS);
    for (size_t i = 0; argc == 2 && i < sizeof modes / sizeof modes[0]; i++) {
        if (strcmp(argv[1], modes[i].name) == 0) {
            return modes[i].body();
        }
    }
    return 2;
}
