/*
 * Workers: threads for what takes its time while the screen answers keys.
 */
#ifndef RA_TOP_WORKER_H
#define RA_TOP_WORKER_H

#include <stdbool.h>

/*
 * Run in a thread that nobody waits for, with signals blocked, so that they come to the thread
 * that expects them. False and errno: there is none.
 */
bool ra_worker_start(void *(*run)(void *context), void *context);

#endif
