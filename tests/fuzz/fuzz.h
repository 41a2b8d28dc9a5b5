/* What the libFuzzer targets have in common: what may not be, and what may be printed. */
#ifndef RUBY_ALLOC_TESTS_FUZZ_H
#define RUBY_ALLOC_TESTS_FUZZ_H

#include <jansson.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
size_t LLVMFuzzerMutate(uint8_t *data, size_t size, size_t max_size);

#define require(condition) ((condition) ? (void)0 : refuse(#condition, __FILE__, __LINE__))

__attribute__((noreturn)) static inline void refuse(const char *text, const char *file, int line)
{
    fprintf(stderr, "%s:%d: not so: %s\n", file, line, text);
    abort();
}

/* Lines of text that a terminal shows as they are: no control characters, of either kind. */
static inline void require_printable(const char *text, size_t bytes)
{
    const unsigned char *c = (const unsigned char *)text;

    for (size_t i = 0; i < bytes; i++) {
        require(c[i] >= ' ' || c[i] == '\n');
        require(c[i] != 0x7f);
        require(c[i] != 0xc2 || i + 1 == bytes || c[i + 1] >= 0xa0);
    }
}

static inline void require_line(const char *text)
{
    require(text[0] != '\0' && strchr(text, '\n') == NULL);
    require_printable(text, strlen(text));
}

static inline void require_json(const char *text, size_t bytes)
{
    json_t *object = json_loadb(text, bytes, JSON_REJECT_DUPLICATES, NULL);

    require(object != NULL);
    json_decref(object);
}

/* The data as a file in memory, the same one each time. */
static inline int fuzzed_file(const void *data, size_t size)
{
    static int file = -1;

    if (file < 0) {
        file = memfd_create("fuzzed", MFD_CLOEXEC);
    }
    require(file >= 0 && ftruncate(file, 0) == 0 && pwrite(file, data, size, 0) == (ssize_t)size);
    return file;
}

/* The data as a text of its own size, ended. To be freed. */
static inline char *fuzzed_text(const void *data, size_t size)
{
    char *text = malloc(size + 1);

    require(text != NULL);
    memcpy(text, data, size);
    text[size] = '\0';
    return text;
}

#endif
