/* What a list of regions is good for, once it is made. */
#include "reader/list.h"

#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "reader/program.h"
#include "ruby_alloc/region.h"

void ra_list_release(struct ra_list *list)
{
    for (size_t i = 0; i < list->directory_count; i++) {
        free(list->directories[i].path);
    }
    free(list->directories);
    free(list->regions);
    memset(list, 0, sizeof(*list));
}

size_t ra_list_next(const struct ra_list *list, size_t index)
{
    pid_t pid = list->regions[index].pid;

    while (index < list->count && list->regions[index].pid == pid) {
        index++;
    }
    return index;
}

enum ra_status ra_list_left(const struct ra_list *list, const struct ra_target *target,
                            struct ra_place *place, struct ra_failure *why)
{
    enum ra_status status = RA_NO_REGION;
    struct ra_listed sought = {.pid = target->pid};
    size_t from = 0;
    size_t to = list->count;

    while (from < to) {
        size_t middle = from + (to - from) / 2;

        if (list->regions[middle].pid < sought.pid) {
            from = middle + 1;
        } else {
            to = middle;
        }
    }
    place->fd = -1;
    for (; status != RA_OK && from < list->count && list->regions[from].pid == sought.pid; from++) {
        const struct ra_listed *listed = &list->regions[from];
        const struct ra_listed_directory *directory = &list->directories[listed->directory];
        char name[96];

        if (!listed->is_left || (target->dir >= 0 && listed->start_ticks == target->start_ticks)) {
            continue;
        }
        snprintf(name, sizeof(name), RA_REGION_PREFIX "%d.%" PRIu64 ".%" PRIu64, (int)listed->pid,
                 listed->start_ticks, list->pid_namespace);
        status = ra_locate_left_at(target, directory->path, directory->is_run, name, place, why);
    }
    return status;
}

int ra_list_own_allocator(struct ra_list *list, const struct ra_target *target)
{
    struct ra_listed_program *program = list->programs;
    struct stat file;
    size_t i;

    if (target->dir < 0 || fstatat(target->memory_dir, "exe", &file, 0) != 0) {
        return -1;
    }
    for (i = 0; i < list->program_count; i++, program++) {
        if (program->file.st_dev == file.st_dev && program->file.st_ino == file.st_ino &&
            program->file.st_ctim.tv_sec == file.st_ctim.tv_sec &&
            program->file.st_ctim.tv_nsec == file.st_ctim.tv_nsec) {
            return program->own_allocator;
        }
    }
    if (i == RA_LIST_PROGRAMS) {
        return ra_program_has_allocator(target->memory_dir);
    }
    program->file = file;
    program->own_allocator = ra_program_has_allocator(target->memory_dir);
    list->program_count++;
    return program->own_allocator;
}
