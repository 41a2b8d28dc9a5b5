/*
 * The processes of a run.
 */
#include "top/family.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/inotify.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include <ruby_alloc/region.h>

#include "reader/grow.h"
#include "reader/list.h"
#include "top/clock.h"

static const double shortest_delay = 0.05, share_of_life = 0.125;

enum {
    LAST_SAMPLE_MS = 500, /* for all that outlive the command */
    UNREADY_MAX = 100
};

/* Between two looks for what has ended, at most; and where inotify can't be had. */
static const double look_delay = 1, blind_delay = 0.1;

/* A process whose region is held open. */
struct member {
    struct ra_reader *reader;
    char name[NAME_MAX + 1]; /* of its region */
    ino_t inode;
    size_t number;    /* in the order in which they were seen */
    double seen, due; /* seconds: since when, and when to ask next */
};

struct result {
    size_t number;
    struct ra_report *report;
};

struct ra_family {
    int directory, notices; /* notices: of inotify */
    double delay;
    struct member *members;
    size_t member_count, member_room;
    struct result results[RA_FAMILY_MAX];
    size_t result_count;
    size_t opened, created; /* regions: by us, by their processes */
    bool is_over;           /* from now on processes remove their regions themselves */
    bool stuck;             /* a region can't be removed, and would be found again and again */
    struct ra_family_missed missed;
};

static bool is_region(const char *name)
{
    struct ra_region_name parsed;

    return ra_region_name_parse(name, &parsed);
}

struct ra_family *ra_family_new(int directory, double delay)
{
    struct ra_family *family = calloc(1, sizeof *family);
    char path[40];

    if (!family) {
        return NULL;
    }
    family->directory = directory;
    family->delay = delay;
    snprintf(path, sizeof path, "/proc/self/fd/%d", directory);
    family->notices = inotify_init1(IN_NONBLOCK | IN_CLOEXEC);
    /* Removals too: two equal notices in a row would be one, as of an exec's two regions. */
    if (family->notices >= 0 &&
        inotify_add_watch(family->notices, path, IN_CREATE | IN_DELETE | IN_ONLYDIR) < 0) {
        close(family->notices);
        family->notices = -1;
    }
    return family;
}

int ra_family_fd(const struct ra_family *family)
{
    return family->notices;
}

int ra_family_wait_ms(const struct ra_family *family)
{
    double time = ra_clock_seconds(), wait = family->notices < 0 ? blind_delay : look_delay;

    if (family->notices >= 0 && family->member_count == 0) {
        return -1;
    }
    for (size_t i = 0; i < family->member_count; i++) {
        double left = family->members[i].due - time;

        wait = left < wait ? left : wait;
    }
    return wait <= 0 ? 0 : (int)(wait * 1e3) + 1;
}

/* Counts how many regions were made; which ones they are, the directory itself says. */
static void read_notices(struct ra_family *family)
{
    char buffer[4096] __attribute__((aligned(__alignof__(struct inotify_event))));
    ssize_t got;

    while (family->notices >= 0 && (got = read(family->notices, buffer, sizeof buffer)) > 0) {
        for (char *at = buffer; at < buffer + got;) {
            const struct inotify_event *event = (const struct inotify_event *)at;

            family->created += event->mask & IN_CREATE && event->len > 0 && is_region(event->name);
            at += sizeof *event + event->len;
        }
    }
}

static bool is_known(const struct ra_family *family, const char *name, ino_t inode)
{
    for (size_t i = 0; i < family->member_count; i++) {
        if (family->members[i].inode == inode && strcmp(family->members[i].name, name) == 0) {
            return true;
        }
    }
    return false;
}

static bool make_room(struct ra_family *family)
{
    struct member *members =
        ra_grown(family->members, &family->member_room, family->member_count, sizeof *members, 16);

    if (!members) {
        return false;
    }
    family->members = members;
    return true;
}

/* What can't be opened now (no descriptors left) may be later. Returns why not. */
static enum ra_status admit(struct ra_family *family, const char *name, ino_t inode,
                            struct ra_failure *why)
{
    struct member *member;
    enum ra_status status;

    if (!make_room(family)) {
        return RA_SYSTEM;
    }
    member = &family->members[family->member_count];
    status = ruby_alloc_reader_open_at(&member->reader, family->directory, name, why);
    if (status == RA_OK) {
        snprintf(member->name, sizeof member->name, "%s", name);
        member->inode = inode;
        member->number = family->opened++;
        member->seen = ra_clock_seconds();
        member->due = member->seen + shortest_delay;
        family->member_count++;
    }
    return status;
}

/*
 * Whether it may be taken in: a region, or one that is being made just now, of which a look
 * takes so many only. Anything else that anybody has put there is removed.
 */
static bool is_fit(struct ra_family *family, const char *name, const struct stat *file,
                   size_t *unready)
{
    const time_t longest_seconds = 1;

    if (S_ISREG(file->st_mode) && ra_list_looks_like_region(family->directory, name, file) != 0) {
        return true;
    }
    if (S_ISREG(file->st_mode) && time(NULL) - file->st_ctime <= longest_seconds) {
        return ++*unready <= UNREADY_MAX;
    }
    if (unlinkat(family->directory, name, 0) == 0) {
        family->missed.strangers++;
    }
    return false;
}

/* Take in all regions that are not known yet. Returns how many can't be. */
static size_t look(struct ra_family *family, struct ra_failure *why)
{
    int readable = openat(family->directory, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    DIR *stream = readable < 0 ? NULL : fdopendir(readable);
    size_t refused = 0, unready = 0;
    struct dirent *entry;

    while (stream && !family->stuck && (entry = readdir(stream))) {
        struct ra_failure failure = {0};
        struct stat file;

        if (is_region(entry->d_name) &&
            fstatat(family->directory, entry->d_name, &file, AT_SYMLINK_NOFOLLOW) == 0 &&
            !is_known(family, entry->d_name, file.st_ino) &&
            is_fit(family, entry->d_name, &file, &unready) &&
            admit(family, entry->d_name, file.st_ino, &failure) != RA_OK &&
            failure.status != RA_ABSENT && refused++ == 0) {
            *why = failure;
        }
    }
    if (stream) {
        closedir(stream);
    } else if (readable >= 0) {
        close(readable);
    }
    return refused;
}

/* The name is another region's by now, or nobody's: a program took another's place by exec. */
static bool is_replaced(const struct ra_family *family, const struct member *member)
{
    struct stat file;

    return fstatat(family->directory, member->name, &file, AT_SYMLINK_NOFOLLOW) != 0 ||
           file.st_ino != member->inode;
}

static void remove_region(struct ra_family *family, const struct member *member)
{
    if (!is_replaced(family, member)) {
        family->stuck |= unlinkat(family->directory, member->name, 0) != 0;
    }
}

/* What a fork did until its exec is no program's work: a Ruby that starts a program leaves one. */
static bool is_passing(const struct ra_family *family, const struct member *member,
                       const struct ra_report *report)
{
    return !family->is_over && report->process.forked == 1 && is_replaced(family, member);
}

static void keep(struct ra_family *family, const struct member *member, struct ra_report *report)
{
    if (family->result_count < RA_FAMILY_MAX) {
        family->results[family->result_count++] = (struct result){member->number, report};
    } else {
        ruby_alloc_report_free(report);
        family->missed.too_many++;
    }
}

static void note_unreadable(struct ra_family *family, const struct ra_failure *why)
{
    if (family->missed.unreadable++ == 0) {
        family->missed.why = *why;
    }
}

/*
 * Take a member's last report and let go of it; a living one has wait_ms to answer, and its
 * region stays where it is. Returns whether it lives.
 */
static bool dismiss(struct ra_family *family, size_t index, int wait_ms)
{
    struct member *member = &family->members[index];
    struct ra_snapshot *snapshot = NULL;
    struct ra_failure why = {.status = RA_SYSTEM, .message = "not enough memory for a report"};
    bool ended = ruby_alloc_reader_has_ended(member->reader);
    struct ra_report *report = NULL;

    ruby_alloc_reader_snapshot(member->reader, ended ? 0 : wait_ms, &snapshot, &why);
    report = snapshot ? ruby_alloc_report_new(snapshot, NULL) : NULL;
    if (report && is_passing(family, member, report)) {
        ruby_alloc_report_free(report);
    } else if (report) {
        keep(family, member, report);
    } else {
        note_unreadable(family, &why);
    }
    if (ended) {
        remove_region(family, member);
    }
    ruby_alloc_snapshot_free(snapshot);
    ruby_alloc_reader_close(member->reader);
    *member = family->members[--family->member_count];
    return !ended;
}

/* Backwards, as the last takes the place of one that goes. */
static void dismiss_ended(struct ra_family *family)
{
    for (size_t i = family->member_count; i-- > 0;) {
        if (ruby_alloc_reader_has_ended(family->members[i].reader)) {
            dismiss(family, i, 0);
        }
    }
}

/* All are asked before the first is waited for. Returns how many live. */
static size_t dismiss_living(struct ra_family *family)
{
    double end = ra_clock_seconds() + LAST_SAMPLE_MS / 1e3;
    size_t living = 0;

    for (size_t i = 0; i < family->member_count; i++) {
        ruby_alloc_reader_ask(family->members[i].reader);
    }
    while (family->member_count > 0) {
        double left = end - ra_clock_seconds();

        living += dismiss(family, family->member_count - 1, left > 0 ? (int)(left * 1e3) : 0);
    }
    return living;
}

/* Until the next sample of a process of this age. */
static double sample_delay(const struct ra_family *family, double age)
{
    double delay = age * share_of_life;

    delay = delay < shortest_delay ? shortest_delay : delay;
    return delay < family->delay ? delay : family->delay;
}

void ra_family_tend(struct ra_family *family)
{
    struct ra_failure why;
    double time;

    read_notices(family);
    look(family, &why);
    dismiss_ended(family);
    time = ra_clock_seconds();
    for (size_t i = 0; i < family->member_count; i++) {
        struct member *member = &family->members[i];

        if (member->due <= time) {
            ruby_alloc_reader_ask(member->reader);
            member->due = time + sample_delay(family, time - member->seen);
        }
    }
}

pid_t ra_family_first(const struct ra_family *family)
{
    for (size_t i = 0; i < family->member_count; i++) {
        if (family->members[i].number == 0) {
            return (pid_t)atoi(family->members[i].name + strlen(RA_REGION_PREFIX));
        }
    }
    return 0;
}

bool ra_family_is_gone(const struct ra_family *family)
{
    return family->member_count == 0;
}

static int compare_results(const void *left, const void *right)
{
    const struct result *a = left, *b = right;

    return a->number < b->number ? -1 : a->number > b->number;
}

size_t ra_family_conclude(struct ra_family *family, struct ra_family_missed *missed)
{
    struct ra_failure why = {0};
    size_t refused, living, seen;

    family->is_over = true;
    read_notices(family);
    refused = look(family, &why);
    dismiss_ended(family);
    living = dismiss_living(family);
    for (size_t i = 0; i < refused; i++) {
        note_unreadable(family, &why);
    }
    *missed = family->missed;
    seen = family->opened + refused + missed->strangers;
    if (family->created > seen) {
        missed->too_early = family->created - seen;
    }
    qsort(family->results, family->result_count, sizeof *family->results, compare_results);
    return living;
}

size_t ra_family_count(const struct ra_family *family)
{
    return family->result_count;
}

const struct ra_report *ra_family_report(const struct ra_family *family, size_t index)
{
    return family->results[index].report;
}

void ra_family_free(struct ra_family *family)
{
    if (!family) {
        return;
    }
    for (size_t i = 0; i < family->member_count; i++) {
        ruby_alloc_reader_close(family->members[i].reader);
    }
    for (size_t i = 0; i < family->result_count; i++) {
        ruby_alloc_report_free(family->results[i].report);
    }
    if (family->notices >= 0) {
        close(family->notices);
    }
    free(family->members);
    free(family);
}
