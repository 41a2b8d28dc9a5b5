/*
 * Does something in a signal handler on a small stack (sigaltstack), below which no page is:
 * SPARE bytes more than the kernel needs for the signal itself.
 *
 *     victim_small_stack exit|allocate|fork SPARE
 */
#include <pthread.h>
#include <signal.h>
#include <sys/auxv.h>
#include <sys/wait.h>

#include "victim_common.h"

enum { PAGE_BYTES = 4096, OBJECTS = 50, FORKS = 300 };

static const char *mode;

static void allocate(void)
{
    for (int i = 0; i < OBJECTS; i++) {
        free(make_object(24 << i % 12));
    }
}

static void handle(int signal)
{
    int status = 0;

    (void)signal;
    if (strcmp(mode, "exit") == 0) {
        exit(0);
    }
    if (strcmp(mode, "allocate") == 0) {
        allocate();
    }
    for (int i = 0; i < FORKS && strcmp(mode, "fork") == 0; i++) {
        pid_t child = fork();

        if (child == 0) {
            allocate();
            _exit(0);
        }
        if (waitpid(child, &status, 0) != child || status != 0) {
            _exit(4);
        }
    }
}

static void give_stack(size_t spare)
{
    size_t bytes = (getauxval(AT_MINSIGSTKSZ) + spare + PAGE_BYTES - 1) / PAGE_BYTES * PAGE_BYTES;
    char *memory =
        mmap(NULL, PAGE_BYTES + bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    stack_t stack = {.ss_sp = memory + PAGE_BYTES, .ss_size = bytes};

    if (memory == MAP_FAILED || mprotect(memory, PAGE_BYTES, PROT_NONE) != 0 ||
        sigaltstack(&stack, NULL) != 0) {
        stop_with("sigaltstack");
    }
}

static void *work(void *spare)
{
    give_stack(*(size_t *)spare);
    raise(SIGUSR1); /* before this thread has allocated anything */
    return NULL;
}

int main(int argc, char **argv)
{
    const struct sigaction action = {.sa_handler = handle, .sa_flags = SA_ONSTACK};
    size_t spare = argc == 3 ? strtoul(argv[2], NULL, 10) : 0;
    pthread_t thread;

    if (argc != 3 || sigaction(SIGUSR1, &action, NULL) != 0) {
        return 2;
    }
    mode = argv[1];
    if (pthread_create(&thread, NULL, work, &spare) != 0) {
        stop_with("pthread_create");
    }
    pthread_join(thread, NULL);
    allocate();
    give_stack(spare);
    raise(SIGUSR1);
    return strcmp(mode, "exit") == 0;
}
