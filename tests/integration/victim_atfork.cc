/*
 * A library that guards a lock of its own against fork, as clients of databases and
 * tokens do. Its handlers are registered by a constructor, which runs before that of a
 * library that is preloaded before it.
 */
#include <atomic>
#include <pthread.h>

extern "C" {
pthread_mutex_t host_lock = PTHREAD_MUTEX_INITIALIZER;
std::atomic<int> host_guards_fork, host_is_forking;
}

static void before_fork()
{
    if (host_guards_fork) {
        host_is_forking = 1;
        pthread_mutex_lock(&host_lock);
    }
}

static void after_fork()
{
    if (host_guards_fork) {
        pthread_mutex_unlock(&host_lock);
    }
}

__attribute__((constructor)) static void register_handlers()
{
    pthread_atfork(before_fork, after_fork, after_fork);
}
