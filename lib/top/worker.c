/*
 * Starting a worker.
 */
#include "top/worker.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stddef.h>

/* Not those of a crash: blocked, they would end the program before it could leave the terminal
 * as it was. */
bool ra_worker_start(void *(*run)(void *context), void *context)
{
    static const int crashes[] = {SIGSEGV, SIGBUS, SIGILL, SIGFPE, SIGTRAP, SIGSYS, SIGABRT};
    pthread_t thread;
    sigset_t others, before;
    int error;

    sigfillset(&others);
    for (size_t i = 0; i < sizeof crashes / sizeof *crashes; i++) {
        sigdelset(&others, crashes[i]);
    }
    pthread_sigmask(SIG_SETMASK, &others, &before);
    error = pthread_create(&thread, NULL, run, context);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    if (error == 0) {
        pthread_detach(thread);
    }
    errno = error;
    return error == 0;
}
