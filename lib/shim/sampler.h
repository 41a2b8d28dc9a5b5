/*
 * The sampler: one thread that copies jemalloc's statistics into the region when a
 * reader asks, and every RUBY_ALLOC_INTERVAL seconds. It takes no signals, has no
 * slot and allocates nothing through the public calls. Nobody looks: it sleeps.
 */
#ifndef RA_SHIM_SAMPLER_H
#define RA_SHIM_SAMPLER_H

#pragma GCC visibility push(hidden)

/*
 * Start it for this process: at set-up and in a forked child. Where the thread can't
 * be made, the log says so and counting goes on without samples. The allocations that
 * making a thread takes are not counted.
 */
void ra_sampler_start(void);

/* The process's main thread has left by pthread_exit, and the process goes on. */
void ra_sampler_main_left(void);

#pragma GCC visibility pop

#endif
