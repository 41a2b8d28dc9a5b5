/*
 * What is said when a command that ran under the library has ended.
 */
#ifndef RA_TOP_COMMAND_REPORT_H
#define RA_TOP_COMMAND_REPORT_H

#include <stddef.h>
#include <stdint.h>

#include "top/family.h"
#include "top/options.h"
#include "top/output.h"

/* How a command ended. */
struct ra_ending {
    int status;       /* as from wait */
    double seconds;   /* that it ran */
    int64_t peak_rss; /* of the largest process among it and the children it waited for */
    size_t living;    /* processes of the family that go on */
    struct ra_family_missed missed;
};

/*
 * Write the reports of all processes to the descriptor output, as text or as a line of
 * JSON each, and on standard error what is missing. Standard output is replaced by it.
 */
enum ra_output ra_command_report(const struct ra_options *options, const struct ra_family *family,
                                 const struct ra_ending *ending, int output);

#endif
