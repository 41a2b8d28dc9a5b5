/*
 * Hosts that a preloaded library can harm without meaning to. Each mode prints what it
 * saw; a host that hangs is ended by SIGALRM.
 *
 *   victim_hosts MODE [DIRECTORY]
 */
#include <dlfcn.h>
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

enum { DEADLINE_SECONDS = 20 };

/* Of victim_atfork.so, which is preloaded for the mode that needs it. */
extern pthread_mutex_t host_lock __attribute__((weak));
extern atomic_int host_guards_fork __attribute__((weak));
extern atomic_int host_is_forking __attribute__((weak));

static atomic_int step;

static void touch_heap(void)
{
    void *volatile object = malloc(10);

    free(object);
}

static void wait_for(int wanted)
{
    while (atomic_load(&step) < wanted) {
        sched_yield(); /* no cancellation point */
    }
}

/* Takes the second slot, so that the next thread's first allocation has to make room. */
static void *hold_slot(void *unused)
{
    (void)unused;
    touch_heap();
    atomic_store(&step, 1);
    wait_for(3);
    return NULL;
}

static pthread_t start_holder(void)
{
    pthread_t thread;

    touch_heap();
    pthread_create(&thread, NULL, hold_slot, NULL);
    wait_for(1);
    return thread;
}

/* The first allocation of a thread that holds a lock which the forking thread waits for. */
static void *allocate_locked(void *unused)
{
    (void)unused;
    pthread_mutex_lock(&host_lock);
    atomic_store(&host_guards_fork, 1);
    while (!atomic_load(&host_is_forking)) {
        sched_yield();
    }
    touch_heap();
    pthread_mutex_unlock(&host_lock);
    return NULL;
}

static int fork_with_lock(void)
{
    pthread_t holder = start_holder(), thread;

    pthread_create(&thread, NULL, allocate_locked, NULL);
    while (!atomic_load(&host_guards_fork)) {
        sched_yield();
    }
    pid_t child = fork();
    if (child == 0) {
        touch_heap();
        _exit(7);
    }
    int status;
    waitpid(child, &status, 0);
    atomic_store(&step, 3);
    pthread_join(thread, NULL);
    pthread_join(holder, NULL);
    printf("child ended with %d\n", WEXITSTATUS(status));
    return 0;
}

static atomic_int allocated;

static void *allocate_cancelled(void *unused)
{
    (void)unused;
    wait_for(2);
    touch_heap();
    atomic_store(&allocated, 1);
    return NULL;
}

/* malloc is no cancellation point, and a thread that ends in it would keep its locks. */
static int cancel_in_malloc(void)
{
    pthread_t holder = start_holder(), thread, after;
    void *result;

    pthread_create(&thread, NULL, allocate_cancelled, NULL);
    pthread_cancel(thread);
    atomic_store(&step, 2);
    pthread_join(thread, &result);
    printf("malloc returned: %d, cancelled: %d\n", atomic_load(&allocated),
           result == PTHREAD_CANCELED);
    pthread_create(&after, NULL, allocate_cancelled, NULL);
    pthread_join(after, NULL);
    atomic_store(&step, 3);
    pthread_join(holder, NULL);
    puts("another thread allocated too");
    return 0;
}

static void *work_on(void *unused)
{
    (void)unused;
    touch_heap();
    puts("worker done");
    return NULL;
}

static void at_end(void)
{
    puts("atexit ran");
    fflush(stdout);
}

/* The process ends, with status 0, when its last thread does. */
static int main_leaves(void)
{
    pthread_t thread;

    atexit(at_end);
    touch_heap();
    pthread_create(&thread, NULL, work_on, NULL);
    pthread_exit(NULL);
}

static void *fork_cancelled(void *unused)
{
    int status;

    pthread_cancel(pthread_self());
    pid_t child = fork();
    if (child == 0) {
        _exit(7);
    }
    pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, NULL);
    waitpid(child, &status, 0);
    printf("wait status %#x\n", (unsigned)status);
    return unused;
}

/* Nor is fork a cancellation point. */
static int cancel_in_fork(void)
{
    pthread_t thread;

    pthread_create(&thread, NULL, fork_cancelled, NULL);
    pthread_join(thread, NULL);
    return 0;
}

/* What a child sees that makes some objects, and then loads a library. */
static int load_in_child(const char *library, int objects)
{
    int status;
    pid_t child = fork();

    if (child == 0) {
        for (int i = 0; i < objects; i++) {
            touch_heap();
        }
        _exit(dlopen(library, RTLD_NOW) ? 0 : 1);
    }
    waitpid(child, &status, 0);
    return status;
}

/*
 * DIRECTORY/0, 1, ... each have thread-local data. Where ld.so's list of those is full, it
 * makes a longer one: in the middle of dlopen no thread can be made.
 */
static int load_libraries(const char *directory)
{
    enum { LIBRARIES = 72, FIRST = 55, OBJECTS = 8 };
    char path[4096];

    for (int i = 0; i < LIBRARIES; i++) {
        snprintf(path, sizeof path, "%s/%d", directory, i);
        for (int objects = 0; i >= FIRST && objects < OBJECTS; objects++) {
            int status = load_in_child(path, objects);

            if (status != 0) {
                printf("%d after %d objects: wait status %#x\n", i, objects, (unsigned)status);
            }
        }
        if (!dlopen(path, RTLD_NOW)) {
            puts(dlerror());
        }
    }
    puts("loaded");
    return 0;
}

/* The parent's region must not follow a child that shares its memory. As root only. */
static int vfork_setuid(const char *directory)
{
    char command[4096];

    touch_heap();
    pid_t child = vfork();
    if (child == 0) {
        if (setuid(65534) != 0) {
            _exit(1);
        }
        execlp("true", "true", (char *)NULL);
        _exit(127);
    }
    waitpid(child, NULL, 0);
    snprintf(command, sizeof command, "for f in '%s'/ruby_alloc.%d.*; do stat -c %%u \"$f\"; done",
             directory, (int)getpid());
    FILE *owner = popen(command, "r");
    int user = -1;
    if (fscanf(owner, "%d", &user) != 1) {
        user = -1;
    }
    pclose(owner);
    printf("the region belongs to %d\n", user);
    return 0;
}

int main(int count, char **arguments)
{
    const char *mode = count > 1 ? arguments[1] : "";

    alarm(DEADLINE_SECONDS);
    if (strcmp(mode, "fork-with-lock") == 0) {
        return fork_with_lock();
    }
    if (strcmp(mode, "cancel-in-malloc") == 0) {
        return cancel_in_malloc();
    }
    if (strcmp(mode, "cancel-in-fork") == 0) {
        return cancel_in_fork();
    }
    if (strcmp(mode, "load-libraries") == 0) {
        return load_libraries(count > 2 ? arguments[2] : "");
    }
    if (strcmp(mode, "main-leaves") == 0) {
        return main_leaves();
    }
    if (strcmp(mode, "vfork-setuid") == 0) {
        return vfork_setuid(getenv("RUBY_ALLOC_DIR"));
    }
    fprintf(stderr, "usage: victim_hosts MODE [DIRECTORY]\n");
    return 2;
}
