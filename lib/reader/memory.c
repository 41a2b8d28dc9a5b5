/* The memory of another process. */
#include "reader/memory.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

/* Returns how many bytes could be read before what is not there. */
static size_t read_some(const struct ra_memory *memory, uint64_t address, void *data, size_t bytes)
{
    size_t done = 0;

    if (memory->fd < 0 || address > INT64_MAX - bytes) {
        return 0;
    }
    while (done < bytes) {
        ssize_t got = pread(memory->fd, (char *)data + done, bytes - done, (off_t)(address + done));

        if (got < 0 && errno == EINTR) {
            continue;
        }
        if (got <= 0) {
            break;
        }
        done += (size_t)got;
    }
    return done;
}

bool ra_memory_read(const struct ra_memory *memory, uint64_t address, void *data, size_t bytes)
{
    return read_some(memory, address, data, bytes) == bytes;
}

bool ra_memory_words(const struct ra_memory *memory, uint64_t address, uint64_t *words,
                     size_t count)
{
    for (size_t i = 0; i < count; i++) {
        uint32_t half;

        if (memory->word == sizeof(uint64_t)) {
            return ra_memory_read(memory, address, words, count * sizeof(*words));
        }
        if (!ra_memory_read(memory, address + i * sizeof(half), &half, sizeof(half))) {
            return false;
        }
        words[i] = half;
    }
    return true;
}

bool ra_memory_text(const struct ra_memory *memory, uint64_t address, char *text, size_t capacity)
{
    size_t got = read_some(memory, address, text, capacity - 1);

    text[got] = '\0';
    return got > 0;
}
