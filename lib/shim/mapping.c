#include "mapping.h"

#include "base.h"
#include "filter.h"
#include "pages.h"
#include "region.h"
#include "regionfile.h"
#include "system.h"

enum { PRIVATE_FLAGS = MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE };
enum { POPULATE_WRITE = 23, TRIES = 1000 }; /* MADV_POPULATE_WRITE: madvise(2) */

static size_t file_bytes RA_TOGETHER;

/*
 * Elsewhere first: mmap makes room where it is told to map before it asks the file, and
 * one that refuses would leave a gap in place of our data.
 */
int ra_mapping_take(int file, size_t bytes)
{
    long mapped =
        ra_system(SYS_mmap, 0, sizeof ra_storage, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);

    if (mapped < 0 && mapped > -4096) {
        return (int)-mapped;
    }
    long moved = ra_system(SYS_mremap, mapped, sizeof ra_storage, sizeof ra_storage,
                           MREMAP_MAYMOVE | MREMAP_FIXED, (long)&ra_storage, 0);
    if (moved != (long)&ra_storage) {
        ra_system(SYS_munmap, mapped, sizeof ra_storage, 0, 0, 0, 0);
        return (int)-moved;
    }
    file_bytes = bytes;
    return 0;
}

int ra_mapping_take_alike(int file, size_t bytes)
{
    int error = -ra_system_map(&ra_storage, sizeof ra_storage, MAP_SHARED, file);

    if (error == 0) {
        file_bytes = bytes;
    }
    return error;
}

int ra_mapping_make_private(void)
{
    int error = -ra_system_map(&ra_storage, sizeof ra_storage, PRIVATE_FLAGS, -1);

    if (error == 0) {
        file_bytes = 0;
    }
    return error;
}

int ra_mapping_hide(size_t offset, size_t bytes)
{
    return -ra_system_map(ra_storage.bytes + offset, bytes, PRIVATE_FLAGS, -1);
}

long ra_mapping_twin(void)
{
    long twin =
        ra_system(SYS_mremap, (long)&ra_storage, 0, sizeof ra_storage, MREMAP_MAYMOVE, 0, 0);

    return twin < 0 && twin > -4096 ? 0 : twin;
}

size_t ra_mapping_file_bytes(void)
{
    return file_bytes;
}

/* Whole pages; the kernel says EFAULT where touching them would be SIGBUS. */
int ra_mapping_reserve(size_t offset, size_t bytes)
{
    struct ra_pages pages = ra_pages_around(offset, offset + bytes, ra_pages_kernel);
    int error = EINTR;

    for (int i = 0; i < TRIES && (error == EINTR || error == EAGAIN); i++) {
        error = -(int)ra_system(SYS_madvise, (long)(ra_storage.bytes + pages.at), (long)pages.bytes,
                                POPULATE_WRITE, 0, 0, 0);
    }
    if (error == EINVAL && ra_filter_allows_files()) {
        error = ra_regionfile_extend(offset, bytes);
    }
    return error == EFAULT ? ENOSPC : error;
}
