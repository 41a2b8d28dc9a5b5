/* The answer: whose malloc the process uses, how that came, and what else is loaded. */
#include "reader/look.h"

#include <string.h>

#include "reader/binding.h"
#include "reader/places.h"
#include "reader/rubies.h"

/* The loaded file that needs this one, first in order; -1: none. */
static int find_needer(struct ra_look *seen, const struct ra_object *object)
{
    for (size_t i = 0; i < seen->map.count; i++) {
        int file = seen->map.objects[i].file;
        const struct ra_elf_needs *needs =
            file < 0 ? NULL : &ra_mapped_facts(&seen->mapped, (size_t)file)->needs;

        for (size_t n = 0; needs != NULL && n < needs->count; n++) {
            if (ra_preload_is(&seen->mapped, object, needs->needed[n])) {
                return file;
            }
        }
    }
    return -1;
}

static enum ra_how find_how(struct ra_look *seen, const struct ra_object *object,
                            enum ra_allocator_id id)
{
    int needer;

    if (object->file == seen->mapped.exe ||
        ra_ruby_is_named(seen->mapped.files[object->file].name)) {
        return RA_HOW_BUILT_IN;
    }
    if (id == RA_ALLOCATOR_GLIBC || id == RA_ALLOCATOR_MUSL) {
        return RA_HOW_DEFAULT;
    }
    if (ra_preload_has(&seen->preload, &seen->mapped, object)) {
        return RA_HOW_PRELOAD;
    }
    needer = find_needer(seen, object);
    if (needer < 0) {
        return RA_HOW_PRELOAD; /* nothing else puts a file before the C library */
    }
    seen->findings->out.allocator.needed_by =
        ra_findings_text(seen->findings, seen->mapped.files[needer].path);
    return RA_HOW_LINKED;
}

/* What the library forwards to: jemalloc, or glibc by request. Returns its file. */
static int find_behind(struct ra_look *seen, int file, enum ra_allocator_id *id)
{
    const char *backend = ra_surroundings_get(&seen->surroundings, "RUBY_ALLOC_BACKEND");
    bool is_libc = backend != NULL && strcmp(backend, "libc") == 0;
    enum ra_mark mark = is_libc ? RA_MARK_GLIBC : RA_MARK_MALLCTL;
    int found = -1;

    for (size_t i = 0; *id == RA_ALLOCATOR_RUBY_ALLOC && i < seen->map.count; i++) {
        int other = seen->map.objects[i].file;

        if (other >= 0 && other != file &&
            ra_mapped_facts(&seen->mapped, (size_t)other)->marks[mark] != 0) {
            bool is_needed = strcmp(ra_mapped_facts(&seen->mapped, (size_t)other)->needs.soname,
                                    "libjemalloc.so.2") == 0;

            /* There may be another, of which a Ruby has the name in itself. */
            found = found < 0 || is_needed ? other : found;
        }
    }
    if (found < 0) {
        return file;
    }
    *id = is_libc ? RA_ALLOCATOR_GLIBC : RA_ALLOCATOR_JEMALLOC;
    return found;
}

static void find_unused(struct ra_look *seen, int answering, int behind)
{
    for (size_t i = 0; i < seen->map.count; i++) {
        int file = seen->map.objects[i].file;
        enum ra_allocator_id id;

        if (file < 0 || file == answering || file == behind ||
            ra_allocator_defines_malloc(&seen->mapped, (size_t)file) != 1 ||
            strncmp(seen->mapped.files[file].name, "ld-", 3) == 0) {
            continue;
        }
        id = ra_allocator_of(&seen->mapped, (size_t)file);
        /* The C library is always there. */
        if (id != RA_ALLOCATOR_GLIBC && id != RA_ALLOCATOR_MUSL) {
            ra_findings_unused(seen->findings, seen->mapped.files[file].path);
        }
    }
}

/* glibc's arenas; of a heap of another size nothing can be said. */
static void find_arenas(struct ra_look *seen)
{
    struct ra_examine_glibc *out = &seen->findings->out.glibc;
    const char *tunables = ra_surroundings_get(&seen->surroundings, "GLIBC_TUNABLES");
    struct ra_places places;

    seen->findings->out.is_glibc = true;
    if (tunables != NULL && strstr(tunables, "malloc.hugetlb=2") != NULL) {
        ra_findings_note(seen->findings, "glibc's arenas can't be told apart with "
                                         "glibc.malloc.hugetlb=2");
        return;
    }
    if (!ra_places_find(&seen->mapped, &seen->memory, &places)) {
        seen->findings->has_failed = true;
        return;
    }
    out->arenas = places.arenas;
    out->resident = places.resident;
    out->reserved = places.reserved;
    out->estimated = places.is_estimate;
}

/* Libraries that were loaded with RTLD_DEEPBIND; the linker and the C library call their own. */
static void find_bound(struct ra_look *seen, int answering, struct ra_remedy_facts *facts)
{
    for (size_t i = 0; seen->map.is_exact && i < seen->map.count; i++) {
        const struct ra_object *object = &seen->map.objects[i];

        if (object->file < 0 || ra_allocator_defines_malloc(&seen->mapped, (size_t)object->file) ||
            !ra_binding_is_past(&seen->mapped, &seen->memory, object, answering)) {
            continue;
        }
        if (facts->bound_count++ == 0) {
            facts->bound = ra_findings_text(seen->findings, seen->mapped.files[object->file].path);
        }
    }
}

void ra_look_for_allocator(struct ra_look *seen, struct ra_remedy_facts *facts)
{
    struct ra_examine_allocator *out = &seen->findings->out.allocator;
    size_t unread;
    int index = ra_allocator_find(&seen->mapped, &seen->map, &unread);
    char version[RA_ALLOCATOR_VERSION_BYTES];
    enum ra_allocator_id id;
    int file;
    int behind;

    if (index < 0 && seen->map.is_static && seen->mapped.exe >= 0) {
        index = 0; /* its own, whichever: there is nothing else */
    }
    file = index < 0 ? -1 : seen->map.objects[index].file;
    if (unread > 0) {
        ra_findings_note(seen->findings, "some of its libraries can't be read (replaced since it "
                                         "was started, or of another user): one of them may have "
                                         "a malloc that comes first");
    }
    if (file < 0) {
        out->name = ra_allocator_name(RA_ALLOCATOR_UNKNOWN);
        ra_findings_note(seen->findings, "no loaded file was found that defines malloc");
        return;
    }
    id = ra_allocator_of(&seen->mapped, (size_t)file);
    facts->allocator = id;
    facts->how = find_how(seen, &seen->map.objects[index], id);
    out->name = ra_allocator_name(id);
    out->how = ra_how_name(facts->how);
    out->path = ra_findings_text(seen->findings, seen->mapped.files[file].path);
    behind = find_behind(seen, file, &id);
    facts->behind = id;
    find_unused(seen, file, behind);
    find_bound(seen, file, facts);
    if (id == RA_ALLOCATOR_GLIBC) {
        find_arenas(seen);
    }
    ra_allocator_version(&seen->mapped, (size_t)behind, id, version);
    out->version = version[0] == '\0' ? NULL : ra_findings_text(seen->findings, version);
}
