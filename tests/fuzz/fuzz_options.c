/*
 * A libFuzzer target: any words as the command line, a line each: taken, or refused with a
 * word of why.
 */
#include "fuzz.h"
#include "top/options.h"

enum { WORDS_MAX = 100 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char *text = fuzzed_text(data, size);
    char *words[WORDS_MAX + 1] = {(char *)"ruby_alloc_top"};
    struct ra_options options;
    char error[256] = "";
    char *rest = text;
    char *word;
    int count = 1;

    while (count < WORDS_MAX && (word = strsep(&rest, "\n")) != NULL) {
        words[count++] = word;
    }
    words[count] = NULL;
    if (ra_options_parse(&options, count, words, error, sizeof error) == 0) {
        require(options.pid_count <= RA_PIDS_MAX && options.delay > 0);
        require(options.iterations >= 0 && options.max_bytes >= 0);
    } else {
        require(error[0] != '\0');
    }
    free(text);
    return 0;
}
