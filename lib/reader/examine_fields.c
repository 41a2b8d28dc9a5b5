/*
 * The examination's tables of fields, for views that go through all values: each is an
 * expansion of the X-macros in examine.h, so that none can be forgotten.
 */
#include "ruby_alloc/examine.h"

#define FIELD(owner, type, name, unit, help)                                                       \
    {#name, RA_##type, RA_UNIT_##unit, offsetof(struct ra_examine_##owner, name), help},

#define FIELD_process(type, name, unit, help) FIELD(process, type, name, unit, help)
#define FIELD_allocator(type, name, unit, help) FIELD(allocator, type, name, unit, help)
#define FIELD_preload(type, name, unit, help) FIELD(preload, type, name, unit, help)
#define FIELD_environment(type, name, unit, help) FIELD(environment, type, name, unit, help)
#define FIELD_memory(type, name, unit, help) FIELD(memory, type, name, unit, help)
#define FIELD_glibc(type, name, unit, help) FIELD(glibc, type, name, unit, help)
#define FIELD_unused(type, name, unit, help) FIELD(unused, type, name, unit, help)
#define FIELD_ignored(type, name, unit, help) FIELD(ignored, type, name, unit, help)
#define FIELD_advice(type, name, unit, help) FIELD(advice, type, name, unit, help)
#define FIELD_note(type, name, unit, help) FIELD(note, type, name, unit, help)

#define GROUP_FIELDS(member, fields)                                                               \
    static const struct ra_field member##_fields[] = {fields(FIELD_##member)};
#define TABLE_FIELDS(member, row, fields, owner, key) GROUP_FIELDS(row, fields)

RA_EXAMINE_GROUPS(GROUP_FIELDS)
RA_EXAMINE_TABLES(TABLE_FIELDS)

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

#define GROUP(member, fields)                                                                      \
    {{#member, offsetof(struct ra_examination, member), 0, 0, member##_fields,                     \
      COUNT(member##_fields)},                                                                     \
     ""},
#define TABLE(member, row, fields, owner, key)                                                     \
    {{key, offsetof(struct ra_examination, member),                                                \
      offsetof(struct ra_examination, member##_count), sizeof(struct ra_examine_##row),            \
      row##_fields, COUNT(row##_fields)},                                                          \
     owner},

const struct ra_examine_group ruby_alloc_examine_groups[] = {
    RA_EXAMINE_GROUPS(GROUP) RA_EXAMINE_TABLES(TABLE){{NULL, 0, 0, 0, NULL, 0}, NULL},
};
