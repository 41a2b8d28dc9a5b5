/* Requests: asking the sampler of a process for a fresh sample. */
#ifndef RUBY_ALLOC_READER_REQUEST_H
#define RUBY_ALLOC_READER_REQUEST_H

#include <stdbool.h>
#include <stdint.h>

/* The last request to one process, and what the next needs. Zero it before the first. */
struct ra_request {
    uint32_t number;
    void *page; /* of the region, by which the kernel finds the sleeper; NULL: not mapped yet */
};

/*
 * Ask through the region file at fd, open for writing, whose header was checked. Returns
 * whether the process was asked. For another file, release request first.
 */
bool ra_request_send(struct ra_request *request, int fd);

/* Wait up to wait_ms milliseconds for the answer. Returns true when it is there. */
bool ra_request_wait(const struct ra_request *request, int fd, int wait_ms);

void ra_request_release(struct ra_request *request);

#endif
