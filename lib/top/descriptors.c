/*
 * The limit of descriptors.
 */
#include "top/descriptors.h"

#include <sys/resource.h>

enum {
    WANTED = 1 << 15,
    SPARE = 64,      /* for all else */
    OF_A_PROCESS = 4 /* its directory, a thread's, its region, its end; for moments one more */
};

size_t ra_descriptors_raise(void)
{
    struct rlimit limit;
    struct rlimit raised;

    if (getrlimit(RLIMIT_NOFILE, &limit) != 0) {
        return 1;
    }
    raised = limit;
    if (raised.rlim_cur < WANTED) {
        raised.rlim_cur = raised.rlim_max < WANTED ? raised.rlim_max : WANTED;
    }
    if (setrlimit(RLIMIT_NOFILE, &raised) != 0) {
        raised = limit;
    }
    if (raised.rlim_cur < SPARE + OF_A_PROCESS) {
        return 1;
    }
    return (raised.rlim_cur < WANTED ? raised.rlim_cur - SPARE : WANTED - SPARE) / OF_A_PROCESS;
}
