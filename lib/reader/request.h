/* Requests: asking the sampler of a process for a fresh sample. */
#ifndef RUBY_ALLOC_READER_REQUEST_H
#define RUBY_ALLOC_READER_REQUEST_H

#include <stdbool.h>
#include <stdint.h>

/*
 * Ask through the region file at fd, open for writing, whose header was checked.
 * Returns true and the number of the request.
 */
bool ra_request_send(int fd, uint32_t *request);

/* Wait up to wait_ms milliseconds for the answer. Returns true when it is there. */
bool ra_request_wait(int fd, uint32_t request, int wait_ms);

#endif
