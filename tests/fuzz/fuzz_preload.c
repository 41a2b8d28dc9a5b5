/*
 * A libFuzzer target: any texts as LD_PRELOAD and LD_LIBRARY_PATH of a process, and as names
 * of regions: what a name is taken for is what is written down for that again.
 */
#include <fcntl.h>
#include <inttypes.h>

#include "fuzz.h"
#include "reader/linkmap.h"
#include "reader/locate.h"
#include "reader/preload.h"
#include "ruby_alloc/region.h"

static struct ra_mapped *nothing_mapped(void)
{
    static struct ra_target self;
    static struct ra_mapped mapped;

    if (mapped.target == NULL) {
        self.dir = self.memory_dir = open("/proc/self", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        mapped = (struct ra_mapped){.target = &self, .exe = -1};
        mapped.root = open(".", O_PATH | O_DIRECTORY | O_CLOEXEC);
    }
    return &mapped;
}

static void judge(const char *value, const char *path_list)
{
    struct ra_linkmap map = {0};
    struct ra_preload preload;

    require(ra_preload_take(&preload, nothing_mapped(), value));
    require(preload.count <= RA_PRELOAD_MAX);
    for (size_t i = 0; i < preload.count; i++) {
        enum ra_preload_reason reason =
            ra_preload_judge(preload.names[i], nothing_mapped(), &map, path_list);

        require(preload.names[i][0] != '\0' && strpbrk(preload.names[i], " :") == NULL);
        require(reason != RA_PRELOAD_NONE && ra_preload_reason_name(reason)[0] != '\0');
    }
    ra_preload_release(&preload);
}

static void parse_name(const char *name)
{
    struct ra_region_name parsed;
    char written[96];

    if (ra_region_name_parse(name, &parsed)) {
        require(parsed.pid > 0);
        snprintf(written, sizeof(written), RA_REGION_PREFIX "%d.%" PRIu64 ".%" PRIu64,
                 (int)parsed.pid, parsed.start_ticks, parsed.pid_namespace);
        require(strcmp(written, name) == 0);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char *text = fuzzed_text(data, size);
    size_t length = strlen(text);

    judge(text, length < size ? text + length + 1 : NULL);
    parse_name(text);
    free(text);
    return 0;
}
