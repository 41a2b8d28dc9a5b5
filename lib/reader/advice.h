/*
 * Advice: what the rules of ruby_alloc/advice.h go by, and what they find. Each rule is
 * a function of its id's name; advice.c asks them in the order of that table.
 *
 * Figures may be anything a region can hold: RA_UNKNOWN, or INT64_MAX.
 */
#ifndef RUBY_ALLOC_READER_ADVICE_H
#define RUBY_ALLOC_READER_ADVICE_H

#include <string.h>

#include "reader/derive.h"
#include "ruby_alloc/advice.h"

enum {
    RA_ADVICE_NAMES_BYTES = 64,
    /* More don't help a Ruby, whose threads take turns at allocating. */
    RA_ADVICE_ARENAS_ENOUGH = 2
};

/* A report, all but its advice, and what earlier rules have said. */
struct ra_situation {
    const struct ra_derivation *derivation;
    const struct ra_report *report;
    bool is_measured; /* the figures tell of this process: losses can be weighed */
    int64_t base;     /* RSS; resident where the process has ended */
    int64_t floor;    /* a loss below is not worth a line */
    bool is_running;
    bool is_late;      /* a forked child without a helper thread yet, which would take samples */
    bool is_alone;     /* it was told to have no helper thread */
    bool is_refused;   /* it wants a helper thread, but could make none */
    bool answers;      /* the process does what --purge and the like ask for */
    bool takes_pairs;  /* MALLOC_CONF is set already: a pair is added to it */
    bool has_loss;     /* there is a loss worth a line */
    int64_t gaps_left; /* of the gaps in slabs, what no rule has promised yet */
    bool is_dirty_promised;
};

enum ra_advice_order {
    RA_ORDER_DOUBTS, /* what puts the others in doubt */
    RA_ORDER_HELPS,  /* what gives bytes back */
    RA_ORDER_TELLS
};

struct ra_finding {
    enum ra_advice_id id;
    enum ra_advice_order order; /* what promises bytes is taken to help */
    int64_t weight; /* the loss that it is about: of one order the largest comes first */
    int64_t bytes;  /* what can be had back, at most the loss; RA_UNKNOWN */
    bool otherwise; /* the rule's second text */
    int64_t count;
    double number; /* a share or seconds */
    char names[RA_ADVICE_NAMES_BYTES];
};

/* Whether the rule speaks; if so, what of the finding differs from weight 0, bytes unknown. */
typedef bool ra_rule(struct ra_situation *situation, struct ra_finding *finding);

#define RA_ADVICE_DECLARE(id, meaning) ra_rule ra_advice_##id;
RA_ADVICE(RA_ADVICE_DECLARE)
#undef RA_ADVICE_DECLARE

static inline bool ra_advice_is(const char *text, const char *wanted)
{
    return text != NULL && strcmp(text, wanted) == 0;
}

/* Speak of a loss, if it is known and worth a line. */
bool ra_advice_weigh(const struct ra_situation *situation, struct ra_finding *finding,
                     int64_t loss);

/* The classes that hold most of something, the largest first. */
struct ra_ranking {
    int64_t sizes[2];
    int64_t bytes[2];
};

void ra_advice_rank(struct ra_ranking *ranking, int64_t size, int64_t bytes);

/* Name them, as "class 48" or "classes 48 and 640"; the second if it is no trifle. */
void ra_advice_name(struct ra_finding *finding, const struct ra_ranking *ranking);

/*
 * Write a text: {bytes}, {loss}, {pid}, {count}, {threads}, {names}, {share}, {time} of
 * template become the finding's; {conf} becomes how to set pair, which from then on is
 * one to be added to MALLOC_CONF.
 */
void ra_advice_write(char out[RA_ADVICE_TEXT_BYTES], struct ra_situation *situation,
                     const struct ra_finding *finding, const char *template, const char *pair);

#endif
