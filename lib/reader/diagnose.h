/* Diagnoses: why a process has no region that could be read, and what to do. */
#ifndef RUBY_ALLOC_READER_DIAGNOSE_H
#define RUBY_ALLOC_READER_DIAGNOSE_H

#include "reader/locate.h"

/* The process lives and has no region. Returns RA_NO_REGION or RA_DENIED. */
enum ra_status ra_diagnose_living(const struct ra_target *target, struct ra_failure *why);

/* There is no such process, or it may not be seen. Returns RA_ABSENT, RA_DENIED or RA_SYSTEM. */
enum ra_status ra_diagnose_absent(pid_t pid, struct ra_failure *why);

/* The caller lacks what it takes to look at the target (its error). Returns RA_SYSTEM. */
enum ra_status ra_diagnose_want(const struct ra_target *target, struct ra_failure *why);

/* Nothing is known of any process. Returns RA_SYSTEM. */
enum ra_status ra_diagnose_no_proc(struct ra_failure *why);

/* The process or its region belongs to uid. Returns RA_DENIED. */
enum ra_status ra_diagnose_denied(pid_t pid, uid_t uid, struct ra_failure *why);

/*
 * Whether Ruby was loaded after the process had started (rubies.c). It reads files by libelf,
 * as the examination does: NULL where a program links the reader without that.
 */
bool ra_diagnose_late_ruby(const struct ra_target *target) __attribute__((weak));

#endif
