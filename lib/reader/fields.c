/*
 * The report's tables of fields, for views that go through all values: each is
 * an expansion of the X-macros in report.h, so that none can be forgotten.
 */
#include "ruby_alloc/report.h"

#define FIELD(owner, type, name, unit, help)                                                       \
    {#name, RA_##type, RA_UNIT_##unit, offsetof(struct ra_report_##owner, name), help},

#define FIELD_process(type, name, unit, help) FIELD(process, type, name, unit, help)
#define FIELD_conf(type, name, unit, help) FIELD(conf, type, name, unit, help)
#define FIELD_calls(type, name, unit, help) FIELD(calls, type, name, unit, help)
#define FIELD_totals(type, name, unit, help) FIELD(totals, type, name, unit, help)
#define FIELD_memory(type, name, unit, help) FIELD(memory, type, name, unit, help)
#define FIELD_fragmentation(type, name, unit, help) FIELD(fragmentation, type, name, unit, help)
#define FIELD_glibc(type, name, unit, help) FIELD(glibc, type, name, unit, help)
#define FIELD_class(type, name, unit, help) FIELD(class, type, name, unit, help)
#define FIELD_size(type, name, unit, help) FIELD(size, type, name, unit, help)
#define FIELD_thread(type, name, unit, help) FIELD(thread, type, name, unit, help)
#define FIELD_arena(type, name, unit, help) FIELD(arena, type, name, unit, help)
#define FIELD_advice(type, name, unit, help) FIELD(advice, type, name, unit, help)
#define FIELD_setting(type, name, unit, help) FIELD(setting, type, name, unit, help)

#define GROUP_FIELDS(member, fields)                                                               \
    static const struct ra_field member##_fields[] = {fields(FIELD_##member)};
#define TABLE_FIELDS(member, row, fields) GROUP_FIELDS(row, fields)

RA_REPORT_GROUPS(GROUP_FIELDS)
RA_REPORT_TABLES(TABLE_FIELDS)

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

/* The names shown: those of the members, but for conf. */
#define GROUP_NAME_process "process"
#define GROUP_NAME_conf "jemalloc_conf"
#define GROUP_NAME_calls "calls"
#define GROUP_NAME_totals "totals"
#define GROUP_NAME_memory "memory"
#define GROUP_NAME_fragmentation "fragmentation"
#define GROUP_NAME_glibc "glibc"

#define GROUP(member, fields)                                                                      \
    {GROUP_NAME_##member,   offsetof(struct ra_report, member), 0, 0, member##_fields,             \
     COUNT(member##_fields)},
#define TABLE(member, row, fields)                                                                 \
    {#member,                                                                                      \
     offsetof(struct ra_report, member),                                                           \
     offsetof(struct ra_report, member##_count),                                                   \
     sizeof(struct ra_report_##row),                                                               \
     row##_fields,                                                                                 \
     COUNT(row##_fields)},

const struct ra_group ruby_alloc_report_groups[] = {
    RA_REPORT_GROUPS(GROUP) RA_REPORT_TABLES(TABLE){NULL, 0, 0, 0, NULL, 0},
};
