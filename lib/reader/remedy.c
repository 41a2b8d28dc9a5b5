/* Advice on an examination: a table of rules, each with the line to type. */
#include "reader/remedy.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

static const char safe[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
                           "_@%+=:,./-";

/* Below these, huge pages are no matter. */
static const int64_t huge_bytes = INT64_C(16) << 20;
enum { HUGE_PART = 10, ARENAS_ENOUGH = 2 };

static const char jemalloc[] = "libjemalloc.so.2";
static const char library[] = "libruby_alloc.so";
static const char with_malloc[] = "libruby_malloc.so"; /* the same, by another name */

static bool put(char *out, size_t capacity, size_t *length, const char *text, size_t bytes)
{
    if (bytes >= capacity - *length) {
        return false;
    }
    memcpy(out + *length, text, bytes);
    *length += bytes;
    out[*length] = '\0';
    return true;
}

static bool put_quoted(char *out, size_t capacity, size_t *length, const char *word)
{
    if (*word != '\0' && word[strspn(word, safe)] == '\0') {
        return put(out, capacity, length, word, strlen(word));
    }
    if (!put(out, capacity, length, "'", 1)) {
        return false;
    }
    for (const char *c = word; *c != '\0'; c++) {
        bool is_done = *c == '\'' ? put(out, capacity, length, "'\\''", 4)
                                  : *c >= ' ' && *c < 127 && put(out, capacity, length, c, 1);

        if (!is_done) {
            return false;
        }
    }
    return put(out, capacity, length, "'", 1);
}

/* A process that gave itself a title leaves empty arguments, or one of several words. */
static bool is_title(const char *arguments, size_t bytes)
{
    return bytes < 2 || arguments[bytes - 1] != '\0' || arguments[bytes - 2] == '\0' ||
           strchr(arguments, ' ') != NULL;
}

bool ra_remedy_quote(char *out, size_t capacity, const char *arguments, size_t bytes)
{
    size_t length = 0;

    out[0] = '\0';
    if (is_title(arguments, bytes)) {
        return false;
    }
    for (size_t at = 0; at < bytes; at += strlen(arguments + at) + 1) {
        if ((at > 0 && !put(out, capacity, &length, " ", 1)) ||
            !put_quoted(out, capacity, &length, arguments + at)) {
            out[0] = '\0';
            return false;
        }
    }
    return length > 0;
}

/* "LD_PRELOAD=NAME COMMAND", and before it what that needs. */
static const char *preload_line(struct ra_findings *findings, const struct ra_remedy_facts *facts,
                                const char *name)
{
    const char *value = findings->out.preload.value;
    bool is_missing = strcmp(name, jemalloc) == 0 && !ra_preload_is_installed(facts->mapped, name);
    /* What else is preloaded stays, behind the allocator. */
    bool keeps = value != NULL && *value != '\0' && findings->out.ignored_count == 0 &&
                 value[strspn(value, safe)] == '\0' && facts->how != RA_HOW_PRELOAD;

    return ra_findings_format(
        findings, "%s%sLD_PRELOAD=%s%s%s %s", is_missing ? "apt-get install libjemalloc2; " : "",
        facts->is_secure ? "(its file without setuid bit and capabilities) " : "", name,
        keeps ? ":" : "", keeps ? value : "", facts->command);
}

static const char *best_library(const struct ra_remedy_facts *facts)
{
    return ra_preload_is_installed(facts->mapped, library) ? library : jemalloc;
}

/* What was meant by a name that was ignored: without what is too much in it. */
static const char *meant(struct ra_findings *findings, const struct ra_remedy_facts *facts)
{
    const char *name = findings->out.ignored[0].name;
    const char *equals = name == NULL ? NULL : strrchr(name, '=');
    const char *start = equals == NULL ? name : equals + 1;
    const char *slash;
    const char *plain;

    if (start == NULL) {
        return best_library(facts);
    }
    start += strspn(start, "'\"");
    plain = ra_findings_format(findings, "%.*s", (int)strcspn(start, "'\""), start);
    slash = plain == NULL ? NULL : strrchr(plain, '/');
    plain = slash == NULL ? plain : slash + 1;
    return plain != NULL && plain[strspn(plain, safe)] == '\0' && *plain != '\0' &&
                   ra_preload_is_installed(facts->mapped, plain)
               ? plain
               : best_library(facts);
}

static const char *fix_preload(struct ra_findings *findings, const struct ra_remedy_facts *facts)
{
    const struct ra_examine_ignored *ignored = findings->out.ignored;

    const char *value = findings->out.preload.value;

    if (findings->out.ignored_count == 0) {
        return NULL;
    }
    if (ignored->name != NULL && (value == NULL || strstr(value, ignored->name) == NULL)) {
        return ra_findings_format(findings,
                                  "ld.so ignored %s of /etc/ld.so.preload (%s): correct or remove "
                                  "it there: every program reads that file",
                                  ignored->name, ignored->text);
    }
    return ra_findings_format(findings, "ld.so ignored %s (%s); restart it as: %s", ignored->name,
                              ignored->text, preload_line(findings, facts, meant(findings, facts)));
}

/* This library behind another that was preloaded: it says nothing there, as it is never called. */
static const char *behind_another(struct ra_findings *findings, const struct ra_remedy_facts *facts)
{
    for (size_t i = 0; facts->how == RA_HOW_PRELOAD && i < findings->out.unused_count; i++) {
        const char *path = findings->out.unused[i].path;
        const char *name = path == NULL ? NULL : strrchr(path, '/');

        if (name != NULL && strncmp(name + 1, library, sizeof(library) - 1) == 0) {
            return ra_findings_format(
                findings,
                "%s is preloaded behind %s, whose malloc is found first: nothing is counted; "
                "restart it as: %s",
                path, findings->out.allocator.path, preload_line(findings, facts, path));
        }
    }
    return NULL;
}

static const char *wrong_order(struct ra_findings *findings, const struct ra_remedy_facts *facts)
{
    if (facts->how == RA_HOW_PRELOAD) {
        return behind_another(findings, facts);
    }
    if (findings->out.unused_count == 0 || facts->allocator != RA_ALLOCATOR_GLIBC) {
        return NULL;
    }
    return ra_findings_format(
        findings,
        "%s is loaded behind the C library, so glibc's malloc is found first; link it before "
        "-lc, or restart as: %s",
        findings->out.unused[0].path, preload_line(findings, facts, findings->out.unused[0].path));
}

/* This library as it is preloaded, by its second name; NULL: it is not. */
static const char *second_name(struct ra_findings *findings)
{
    const char *value = findings->out.preload.value;
    const char *name = value == NULL ? NULL : strstr(value, library);
    const char *start = name;

    while (start != NULL && start > value && strchr(" :", start[-1]) == NULL) {
        start--;
    }
    return name == NULL || (name > start && name[-1] != '/')
               ? NULL
               : ra_findings_format(findings, "%.*s%s", (int)(name - start), start, with_malloc);
}

/* What binds so leaves it where LD_PRELOAD has "malloc" in it: a convention of gems. */
static const char *bound_past(struct ra_findings *findings, const struct ra_remedy_facts *facts)
{
    const char *value = findings->out.preload.value;
    const char *name =
        value != NULL && strstr(value, "malloc") == NULL ? second_name(findings) : NULL;
    const char *remedy = "load it without RTLD_DEEPBIND";
    char others[40] = "";

    if (facts->bound == NULL) {
        return NULL;
    }
    if (name != NULL) {
        remedy =
            ra_findings_format(findings, "restart it as: %s", preload_line(findings, facts, name));
    }
    if (facts->bound_count > 1) {
        snprintf(others, sizeof(others), " (and %zu more)", facts->bound_count - 1);
    }
    return ra_findings_format(findings,
                              "%s%s was bound past %s (RTLD_DEEPBIND) to another malloc: what one "
                              "makes and the other frees ends the process; %s",
                              facts->bound, others, findings->out.allocator.name, remedy);
}

static const char *use_jemalloc(struct ra_findings *findings, const struct ra_remedy_facts *facts)
{
    if (facts->allocator != RA_ALLOCATOR_GLIBC || facts->how != RA_HOW_DEFAULT ||
        findings->out.ignored_count > 0 || findings->out.unused_count > 0) {
        return NULL;
    }
    return ra_findings_format(findings, "glibc's malloc answers; restart it with jemalloc: %s",
                              preload_line(findings, facts, best_library(facts)));
}

static const char *arena_max(struct ra_findings *findings, const struct ra_remedy_facts *facts)
{
    const struct ra_examine_environment *environment = &findings->out.environment;

    if (facts->allocator != RA_ALLOCATOR_GLIBC || findings->out.glibc.arenas <= ARENAS_ENOUGH ||
        environment->MALLOC_ARENA_MAX != NULL ||
        (environment->GLIBC_TUNABLES != NULL &&
         strstr(environment->GLIBC_TUNABLES, "malloc.arena_max") != NULL)) {
        return NULL;
    }
    return ra_findings_format(findings,
                              "if it has to stay on glibc, fewer arenas scatter less: "
                              "MALLOC_ARENA_MAX=2 %s",
                              facts->command);
}

static const char *useless_setting(struct ra_findings *findings,
                                   const struct ra_remedy_facts *facts)
{
    bool is_jemalloc = facts->behind == RA_ALLOCATOR_JEMALLOC;

    if (findings->out.environment.MALLOC_CONF != NULL && !is_jemalloc) {
        return ra_findings_format(findings, "MALLOC_CONF is set, but %s does not read it",
                                  findings->out.allocator.name);
    }
    if (findings->out.environment.MALLOC_ARENA_MAX != NULL && facts->behind != RA_ALLOCATOR_GLIBC) {
        return ra_findings_format(findings, "MALLOC_ARENA_MAX is set, but %s does not read it%s",
                                  findings->out.allocator.name,
                                  is_jemalloc ? ": MALLOC_CONF=narenas:2 is its like" : "");
    }
    return NULL;
}

static const char *fewer_huge_pages(struct ra_findings *findings,
                                    const struct ra_remedy_facts *facts)
{
    const struct ra_examine_memory *memory = &findings->out.memory;

    (void)facts;
    if (memory->huge_pages == RA_UNKNOWN || memory->rss_anon == RA_UNKNOWN ||
        memory->huge_pages < huge_bytes || memory->huge_pages < memory->rss_anon / HUGE_PART) {
        return NULL;
    }
    return "huge pages keep 2 MiB for each piece in use: "
           "echo madvise >/sys/kernel/mm/transparent_hugepage/enabled (as root), then restart it";
}

static const char *count_it(struct ra_findings *findings, const struct ra_remedy_facts *facts)
{
    if (facts->allocator != RA_ALLOCATOR_JEMALLOC || facts->how == RA_HOW_BUILT_IN ||
        behind_another(findings, facts) != NULL) {
        return NULL;
    }
    return ra_findings_format(
        findings, "jemalloc answers; to see where its memory goes, %srestart it as: %s",
        ra_preload_is_installed(facts->mapped, library) ? ""
                                                        : "install ruby_alloc (make install) and ",
        preload_line(findings, facts, library));
}

/* At the limit a fork fails or, where something waits for its turn, takes until others end. */
static const char *task_limit(struct ra_findings *findings, const struct ra_remedy_facts *facts)
{
    const struct ra_tasks *tasks = &facts->tasks;

    if (facts->allocator != RA_ALLOCATOR_RUBY_ALLOC || !ra_tasks_are_short(tasks)) {
        return NULL;
    }
    return ra_findings_format(findings,
                              "%" PRId64 " of %" PRId64
                              " tasks are taken (%s), and the library has "
                              "a thread in each process that it counts: raise the limit, or "
                              "restart it with RUBY_ALLOC_HELPER=0",
                              tasks->used, tasks->limit, tasks->source);
}

static const char *read_report(struct ra_findings *findings, const struct ra_remedy_facts *facts)
{
    if (facts->allocator != RA_ALLOCATOR_RUBY_ALLOC) {
        return NULL;
    }
    return facts->recount != NULL
               ? ra_findings_format(findings,
                                    "the library is in place, but counts nothing here; to see "
                                    "where its memory goes, restart it %s",
                                    facts->recount)
               : ra_findings_format(findings, "see where its memory goes: ruby_alloc_top %d",
                                    (int)findings->out.process.pid);
}

static const char *built_in(struct ra_findings *findings, const struct ra_remedy_facts *facts)
{
    return facts->how != RA_HOW_BUILT_IN
               ? NULL
               : ra_findings_format(findings,
                                    "%s is part of %s: no LD_PRELOAD can replace it; to use "
                                    "another, build or install a Ruby without it",
                                    findings->out.allocator.name, findings->out.allocator.path);
}

static const char *nothing(struct ra_findings *findings, const struct ra_remedy_facts *facts)
{
    (void)facts;
    return findings->out.advice_count > 0 ? NULL : "nothing to change";
}

void ra_remedy_find(struct ra_findings *findings, const struct ra_remedy_facts *facts)
{
    static const struct {
        const char *id;
        const char *(*text)(struct ra_findings *findings, const struct ra_remedy_facts *facts);
    } rules[] = {
#define REMEDY_RULE(id, meaning) {#id, id},
        RA_EXAMINE_REMEDIES(REMEDY_RULE)
#undef REMEDY_RULE
    };

    for (size_t i = 0; i < sizeof(rules) / sizeof(rules[0]); i++) {
        const char *text = rules[i].text(findings, facts);

        if (text != NULL) {
            ra_findings_advise(findings, rules[i].id, text);
        }
    }
}
