/*
 * The processes of a run: every one that makes its region in the run's directory. They
 * are found as they come, asked for samples while they live, and reported when they have
 * ended: their regions wait for us there (region.h, RA_RUN_WATCH), and are held open from
 * the moment they are seen, so that one which is replaced by an exec is read as well.
 *
 * Example:
 *     while (the command runs) {
 *         poll(on ra_family_fd for ra_family_wait_ms);
 *         ra_family_tend(family);
 *     }
 *     ra_family_conclude(family, &missed);
 *     for (size_t i = 0; i < ra_family_count(family); i++)
 *         show(ra_family_report(family, i));
 */
#ifndef RA_TOP_FAMILY_H
#define RA_TOP_FAMILY_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include <ruby_alloc/reader.h>
#include <ruby_alloc/report.h>

/* Reports are kept in memory; of more processes only the number is. */
enum { RA_FAMILY_MAX = 1000 };

struct ra_family;

/* What there is no report of, and why. */
struct ra_family_missed {
    size_t too_many;  /* ended after RA_FAMILY_MAX others */
    size_t too_early; /* region gone before it was seen: an exec, or no room for it */
    size_t strangers; /* files that were no regions, by anybody: removed */
    size_t unreadable;
    struct ra_failure why; /* of the first unreadable one */
};

/*
 * directory: a descriptor, which stays the caller's. delay: the longest time in seconds
 * between two samples of a process; a young one is sampled more often, so that the last
 * sample is not older than an eighth of its life. Returns NULL without memory.
 */
struct ra_family *ra_family_new(int directory, double delay);

/* Readable when a process has come or gone; -1: none, look again every ra_family_wait_ms. */
int ra_family_fd(const struct ra_family *family);

/* How long ra_family_tend may wait, for poll; -1: until the descriptor is readable. */
int ra_family_wait_ms(const struct ra_family *family);

/* Look for new processes, ask those for a sample whose time has come, read what has ended. */
void ra_family_tend(struct ra_family *family);

/* The process that was seen first, as the reader sees it, while it lives; else 0. */
pid_t ra_family_first(const struct ra_family *family);

/* Whether no process is known that lives. */
bool ra_family_is_gone(const struct ra_family *family);

/* Read all, also what still lives; returns how many those are. */
size_t ra_family_conclude(struct ra_family *family, struct ra_family_missed *missed);

/* Reports in the order in which the processes were seen, after ra_family_conclude. */
size_t ra_family_count(const struct ra_family *family);
const struct ra_report *ra_family_report(const struct ra_family *family, size_t index);

void ra_family_free(struct ra_family *family);

#endif
