/*
 * A libFuzzer target: any bytes as the memory of a process, in which the reader follows the
 * dynamic linker's link map, and looks for the environment.
 */
#include <elf.h>

#include "fuzz.h"
#include "reader/linkmap.h"
#include "reader/preload.h"
#include "reader/surroundings.h"

enum { FILES = 3, PAGE = 4096, DYNAMIC_AT = 0x100, ENTRY = 0x50 };

static char names[FILES][16] = {"/bin/program", "/lib/libc.so.6", "/lib/liba.so"};
static struct ra_mapped_file files[FILES];
static struct ra_range ranges[FILES];

static void map_files(struct ra_mapped *mapped, uint64_t step)
{
    static const struct ra_target nobody = {.dir = -1, .memory_dir = -1};

    memset(files, 0, sizeof(files));
    for (int i = 0; i < FILES; i++) {
        uint64_t start = (uint64_t)i * step;

        files[i] = (struct ra_mapped_file){.path = names[i],
                                           .name = strrchr(names[i], '/') + 1,
                                           .start = start,
                                           .end = start + step,
                                           .is_code = true,
                                           .is_read = true};
        files[i].facts.is_elf = files[i].facts.has_symbols = true;
        files[i].facts.marks[RA_MARK_ENVIRON] = 0x40;
        ranges[i] = (struct ra_range){.start = start, .end = start + step, .file = i};
    }
    files[0].facts.has_interpreter = true;
    files[0].facts.entry = ENTRY;
    files[0].facts.dynamic = (GElf_Phdr){.p_vaddr = DYNAMIC_AT, .p_memsz = 0x100};
    *mapped = (struct ra_mapped){.target = &nobody,
                                 .root = -1,
                                 .files = files,
                                 .file_count = FILES,
                                 .ranges = ranges,
                                 .range_count = FILES,
                                 .exe = 0};
}

/* The first byte says how long its words are. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct ra_mapped mapped;
    struct ra_linkmap map = {.auxiliary.entry = ENTRY};
    struct ra_memory memory = {.word = sizeof(uint64_t)};
    struct ra_surroundings surroundings = {.source = RA_SURROUNDINGS_OVERWRITTEN};

    if (size == 0) {
        return 0;
    }
    memory.word = data[0] % 2 == 0 ? sizeof(uint64_t) : sizeof(uint32_t);
    memory.fd = fuzzed_file(data + 1, size - 1);
    map_files(&mapped, 0x1000);
    ra_linkmap_read(&map, &mapped, &memory);
    require(map.count <= RA_OBJECTS_MAX);
    for (size_t i = 0; i < map.count; i++) {
        require(map.objects[i].file >= -1 && map.objects[i].file < FILES);
    }
    ra_surroundings_follow(&surroundings, &mapped, &map, &memory);
    ra_surroundings_get(&surroundings, "LD_PRELOAD");
    ra_surroundings_release(&surroundings);
    ra_linkmap_release(&map);
    return 0;
}
