/*
 * Programs: what the executable file of a process defines.
 *
 * The file is hostile: it is read with pread alone, every offset and count in it is
 * checked before use, and every walk through it is bounded. No allocation.
 */
#ifndef RUBY_ALLOC_READER_PROGRAM_H
#define RUBY_ALLOC_READER_PROGRAM_H

/*
 * Whether the ELF file at fd defines name in its dynamic symbol table, so that the
 * dynamic linker finds this definition before that of any preloaded library.
 *
 * Returns 1, 0, or -1 if that can't be told: no ELF file of this machine's kind.
 */
int ra_program_defines(int fd, const char *name);

/*
 * Whether the executable of a process (a descriptor of /proc/PID) has an allocator
 * of its own: it defines malloc. Returns 1, 0, or -1 if that can't be known.
 */
int ra_program_has_allocator(int proc_dir);

#endif
