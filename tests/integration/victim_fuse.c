/*
 * A file system in user space that stops answering, and a process that uses it.
 *
 * victim_fuse serve DIRECTORY FILE: mounts one on DIRECTORY, in which any name is a file with
 * the contents of FILE; says "ready". After SIGUSR1, and "silent", nothing in it can be read,
 * nor a name that begins with "never" looked up: the caller waits, as for a server that is gone.
 *
 * victim_fuse use HOW FILE: uses FILE, says "ready" and waits. HOW: "link": its link map goes
 * on in a mapping of FILE; "environ": its environment is there; "code": it has mapped FILE as
 * code; "nothing".
 */
#include <errno.h>
#include <fcntl.h>
#include <link.h>
#include <linux/fuse.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

/* A file for each first letter: what was read of one is not in memory of another. */
enum { DIRECTORY_NODE = 1, BUFFER_BYTES = (1 << 20) + 4096 };

static volatile sig_atomic_t is_silent;
static char *contents;
static size_t content_bytes;
static int device;

static void fall_silent(int number)
{
    (void)number;
    is_silent = write(STDOUT_FILENO, "silent\n", 7) == 7;
}

static void answer(uint64_t unique, int error, const void *data, size_t bytes)
{
    struct fuse_out_header head = {
        .len = (uint32_t)(sizeof head + bytes), .error = -error, .unique = unique};
    struct iovec parts[2] = {{&head, sizeof head}, {(void *)data, bytes}};
    ssize_t written = writev(device, parts, bytes > 0 ? 2 : 1);

    (void)written;
}

static struct fuse_attr attributes(uint64_t node)
{
    struct fuse_attr attr = {.ino = node, .nlink = 1, .blksize = 4096};

    attr.mode = node != DIRECTORY_NODE ? S_IFREG | 0755 : S_IFDIR | 0755;
    attr.size = node != DIRECTORY_NODE ? content_bytes : 0;
    return attr;
}

static void read_file(uint64_t unique, const struct fuse_read_in *in)
{
    size_t left = in->offset < content_bytes ? content_bytes - in->offset : 0;

    if (!is_silent) {
        answer(unique, 0, contents + in->offset, left < in->size ? left : in->size);
    }
}

static void handle(const struct fuse_in_header *in, const void *data)
{
    const struct fuse_init_out init = {
        .major = FUSE_KERNEL_VERSION, .minor = 31, .max_write = 1 << 20, .time_gran = 1};
    const char *name = in->opcode == FUSE_LOOKUP ? data : "";
    const uint64_t node = DIRECTORY_NODE + (unsigned char)name[0];
    const struct fuse_entry_out entry = {.nodeid = node, .attr = attributes(node)};
    const struct fuse_attr_out attr = {.attr = attributes(in->nodeid)};
    const struct fuse_open_out opened = {0};

    switch (in->opcode) {
    case FUSE_INIT:
        answer(in->unique, 0, &init, sizeof init);
        break;
    case FUSE_LOOKUP:
        if (!is_silent || strncmp(name, "never", 5) != 0) {
            answer(in->unique, 0, &entry, sizeof entry);
        }
        break;
    case FUSE_GETATTR:
        answer(in->unique, 0, &attr, sizeof attr);
        break;
    case FUSE_OPEN:
    case FUSE_OPENDIR:
        answer(in->unique, 0, &opened, sizeof opened);
        break;
    case FUSE_READ:
        read_file(in->unique, data);
        break;
    case FUSE_FLUSH:
    case FUSE_RELEASE:
    case FUSE_RELEASEDIR:
        answer(in->unique, 0, NULL, 0);
        break;
    case FUSE_FORGET:
    case FUSE_BATCH_FORGET:
    case FUSE_INTERRUPT:
        break;
    default:
        answer(in->unique, ENOSYS, NULL, 0);
    }
}

static void load(const char *path)
{
    int fd = open(path, O_RDONLY);
    struct stat is;

    if (fd < 0 || fstat(fd, &is) != 0 || (contents = malloc((size_t)is.st_size)) == NULL ||
        read(fd, contents, (size_t)is.st_size) != is.st_size) {
        perror(path);
        exit(1);
    }
    content_bytes = (size_t)is.st_size;
    close(fd);
}

static int serve(const char *directory, const char *path)
{
    static char buffer[BUFFER_BYTES] __attribute__((aligned(8)));
    char options[128];

    load(path);
    device = open("/dev/fuse", O_RDWR | O_CLOEXEC);
    snprintf(options, sizeof options, "fd=%d,rootmode=40000,user_id=0,group_id=0,allow_other",
             device);
    if (device < 0 || mount("never", directory, "fuse", MS_NOSUID | MS_NODEV, options) != 0) {
        perror("no file system in user space");
        return 77;
    }
    sigaction(SIGUSR1, &(struct sigaction){.sa_handler = fall_silent}, NULL);
    puts("ready");
    fflush(stdout);
    for (;;) {
        ssize_t got = read(device, buffer, sizeof buffer);

        if (got >= (ssize_t)sizeof(struct fuse_in_header)) {
            handle((const struct fuse_in_header *)buffer, buffer + sizeof(struct fuse_in_header));
        } else if (got < 0 && errno != EINTR && errno != EAGAIN && errno != ENOENT) {
            return 0; /* unmounted */
        }
    }
}

static void use(const char *how, const char *path)
{
    int fd = open(path, O_RDONLY);
    int protection = strcmp(how, "code") == 0 ? PROT_READ | PROT_EXEC : PROT_READ;
    void *map = fd < 0 ? MAP_FAILED : mmap(NULL, 4096, protection, MAP_PRIVATE, fd, 0);
    struct link_map *last = _r_debug.r_map;

    if (map == MAP_FAILED) {
        perror(path);
        exit(1);
    }
    while (last->l_next != NULL) {
        last = last->l_next;
    }
    if (strcmp(how, "link") == 0) {
        last->l_next = map;
    } else if (strcmp(how, "environ") == 0) {
        memset(environ[0], 0, strlen(environ[0])); /* as a title overwrites it */
        environ = map;
    }
}

int main(int count, char **arguments)
{
    if (count == 4 && strcmp(arguments[1], "serve") == 0) {
        return serve(arguments[2], arguments[3]);
    }
    if (count == 4 && strcmp(arguments[1], "use") == 0) {
        if (strcmp(arguments[2], "nothing") != 0) {
            use(arguments[2], arguments[3]);
        }
        if (write(STDOUT_FILENO, "ready\n", 6) == 6) {
            pause();
        }
        _exit(0);
    }
    return 2;
}
