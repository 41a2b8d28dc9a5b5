/*
 * Pick: which processes are meant.
 */
#include "top/pick.h"

#include <pwd.h>
#include <stdio.h>
#include <string.h>

#include "top/option_parts.h"

/* A name, or a number that need not have one. */
static bool find_user(const char *user, int64_t *uid)
{
    const struct passwd *known = getpwnam(user);

    if (known) {
        *uid = known->pw_uid;
        return true;
    }
    return ra_option_whole(user, UINT32_MAX, uid) == 0;
}

bool ra_pick_make(struct ra_pick *pick, const struct ra_options *options, char *error, size_t size)
{
    *pick = (struct ra_pick){.pids = options->pids, .pid_count = options->pid_count};
    if (options->user) {
        pick->has_user = find_user(options->user, &pick->uid);
        if (!pick->has_user) {
            snprintf(error, size, "--user: there is no user '%.60s'", options->user);
            return false;
        }
    }
    if (options->match) {
        int status = regcomp(&pick->match, options->match, REG_EXTENDED | REG_NOSUB);

        if (status != 0) {
            char why[128];

            regerror(status, &pick->match, why, sizeof why);
            snprintf(error, size, "--match: '%.60s': %s", options->match, why);
            return false;
        }
        pick->has_match = true;
    }
    return true;
}

void ra_pick_free(struct ra_pick *pick)
{
    if (pick->has_match) {
        regfree(&pick->match);
        pick->has_match = false;
    }
}

bool ra_pick_has_pid(const struct ra_pick *pick, int64_t pid)
{
    for (size_t i = 0; i < pick->pid_count; i++) {
        if (pick->pids[i] == pid) {
            return true;
        }
    }
    return pick->pid_count == 0;
}

bool ra_pick_admits(const struct ra_pick *pick, const struct ra_report *report)
{
    const char *text = report->process.command;

    if (!text || text[0] == '\0') {
        text = report->process.comm;
    }
    if (!ra_pick_has_pid(pick, report->process.pid) ||
        (pick->has_user && report->process.uid != pick->uid)) {
        return false;
    }
    return !pick->has_match || (text && regexec(&pick->match, text, 0, NULL, 0) == 0);
}
