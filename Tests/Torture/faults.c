// A disk that fails when it is told to, for LD_PRELOAD: it stands before every call by which the program changes what is below
// one folder, counts those calls, writes down what they did, and lets chosen ones fail.
//
//   TORTURE_ROOT     the folder; a path as the program names it
//   TORTURE_CONTROL  a file that is mapped here and in the test: see struct control
//   TORTURE_LOG      what was done, in the order in which it was done, is appended here: see struct entry
//
// The log is enough to make the folder again as a disk would hold it after a power cut at any moment: what a file was given
// since its last fsync or fdatasync is not on the disk, and neither are the names of a folder since its last fsync.
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

#define EXPORT __attribute__((visibility("default")))

// Which calls a fault is for. A call can be of several classes.
enum class { EVERY, SPACE, WRITE, SYNC, OPEN, RETRIED, CLASSES };

enum fault { NONE, NO_SPACE, WRITE_ERROR, SYNC_ERROR, SHORT_WRITE, NO_DESCRIPTOR, INTERRUPT, KILL_BEFORE, KILL_AFTER };

static const enum class class_of[] = {EVERY, SPACE, WRITE, SYNC, WRITE, OPEN, RETRIED, EVERY, EVERY};

#define STEPS 32

// All fields have 64 bits, so that the test finds them without this file.
struct control {
    _Atomic uint64_t sequence;    // entries in the log
    _Atomic uint64_t step;        // which step the test is at
    _Atomic uint64_t fault;
    _Atomic uint64_t at_step;     // the step in which the fault begins,
    _Atomic uint64_t at_call;     // and the call of its class in that step, counted from 1
    _Atomic uint64_t length;      // how many calls it is for, in whatever step they are
    _Atomic uint64_t begun;       // how many of them there have been
    _Atomic uint64_t fired;       // how many it has struck
    char struck[128];             // the call that it struck first
    _Atomic uint64_t counts[STEPS][CLASSES];  // calls of each class so far, in each step
};

enum kind { CREATE = 1, FOLDER, DATA, TRUNCATE, SYNC_BEGIN, SYNC_END, RENAME, LINK, UNLINK };

// One line of the log; `length` bytes follow.
struct entry {
    uint64_t sequence, kind, step;
    uint64_t node;    // the inode of a file; 0 for a folder
    uint64_t offset;  // DATA: where; TRUNCATE: the size; SYNC_END: the errno, 0 for success
    uint64_t begin;   // SYNC_END: the sequence of its SYNC_BEGIN
    uint64_t length;
};

#define DESCRIPTORS 65536
static struct { ino_t node; char path[208]; int tracked; } files[DESCRIPTORS];

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static struct control *control;
static char root[512];
static size_t root_length;
static int log_file = -1;
static _Thread_local int interrupted;

__attribute__((constructor)) static void begin(void) {
    const char *folder = getenv("TORTURE_ROOT"), *shared = getenv("TORTURE_CONTROL"), *log = getenv("TORTURE_LOG");
    if (!folder || !shared || !log || strlen(folder) >= sizeof root) return;
    int number = (int)syscall(SYS_openat, AT_FDCWD, shared, O_RDWR | O_CLOEXEC, 0);
    log_file = (int)syscall(SYS_openat, AT_FDCWD, log, O_WRONLY | O_APPEND | O_CLOEXEC, 0);
    if (number < 0 || log_file < 0) abort();
    void *memory = mmap(NULL, sizeof *control, PROT_READ | PROT_WRITE, MAP_SHARED, number, 0);
    if (memory == MAP_FAILED) abort();
    strcpy(root, folder);
    root_length = strlen(root);
    control = memory;
}

// The path below the root, in `result`; NULL when it is elsewhere. Slashes that are too many are left out.
static const char *below(int folder, const char *path, char result[512]) {
    char whole[1024];
    if (!control || !path) return NULL;
    if (path[0] != '/') {
        if (folder != AT_FDCWD) return NULL;
        if (!getcwd(whole, sizeof whole - 512) || strlen(path) > 510) return NULL;
        strcat(strcat(whole, "/"), path);
    } else {
        if (strlen(path) >= sizeof whole) return NULL;
        strcpy(whole, path);
    }
    size_t count = 0;
    for (const char *c = whole; *c; c++) {
        if (c[0] == '/' && (c[1] == '/' || c[1] == 0)) continue;
        if (c[0] == '/' && c[1] == '.' && (c[2] == '/' || c[2] == 0)) { c++; continue; }
        whole[count++] = *c;
    }
    whole[count] = 0;
    if (strncmp(whole, root, root_length) != 0) return NULL;
    if (whole[root_length] == 0) { result[0] = 0; return result; }
    if (whole[root_length] != '/' || strlen(whole + root_length + 1) >= 200) return NULL;
    return strcpy(result, whole + root_length + 1);
}

static uint64_t append(enum kind kind, uint64_t node, uint64_t offset, uint64_t begin, const struct iovec *parts, int count) {
    struct iovec all[18];
    struct entry entry = {atomic_fetch_add(&control->sequence, 1) + 1, kind, control->step, node, offset, begin, 0};
    all[0] = (struct iovec){&entry, sizeof entry};
    for (int i = 0; i < count; i++) {
        all[i + 1] = parts[i];
        entry.length += parts[i].iov_len;
    }
    size_t total = sizeof entry + entry.length;
    if (syscall(SYS_writev, log_file, all, count + 1) != (long)total) abort();  // a test without its log says nothing
    return entry.sequence;
}

static void append_path(enum kind kind, uint64_t node, const char *path) {
    struct iovec part = {(void *)path, strlen(path)};
    append(kind, node, 0, 0, &part, 1);
}

static void append_paths(enum kind kind, const char *old, const char *new) {
    struct iovec parts[] = {{(void *)old, strlen(old) + 1}, {(void *)new, strlen(new)}};
    append(kind, 0, 0, 0, parts, 2);
}

static void die(void) {
    syscall(SYS_kill, getpid(), SIGKILL);
    for (;;) pause();
}

// Counts a call, and says which fault it meets. Called with the lock.
static enum fault strike(unsigned classes, const char *call, const char *path) {
    enum fault fault = (enum fault)control->fault;
    enum class class = class_of[fault];
    uint64_t step = control->step % STEPS, number = 0;
    for (int i = 0; i < CLASSES; i++) {
        if (!(classes >> i & 1)) continue;
        uint64_t count = atomic_fetch_add(&control->counts[step][i], 1) + 1;
        if (i == (int)class) number = count;
    }
    if (fault == NONE || number == 0) return NONE;
    if (control->begun == 0 && (step != control->at_step || number != control->at_call)) return NONE;
    if (atomic_fetch_add(&control->begun, 1) >= control->length) return NONE;
    if (fault == INTERRUPT) {
        interrupted = !interrupted;
        if (!interrupted) return NONE;
    }
    if (atomic_fetch_add(&control->fired, 1) == 0) snprintf(control->struck, sizeof control->struck, "%s %s", call, path);
    if (fault == KILL_BEFORE) die();
    return fault;
}

static int fail(enum fault fault) {
    switch (fault) {
    case NO_SPACE: errno = ENOSPC; return 1;
    case WRITE_ERROR: case SYNC_ERROR: errno = EIO; return 1;
    case NO_DESCRIPTOR: errno = EMFILE; return 1;
    case INTERRUPT: errno = EINTR; return 1;
    default: return 0;
    }
}

#define BIT(x) (1u << (x))
#define CHANGE (BIT(EVERY) | BIT(RETRIED))

// The part of a path that tells what kind of file it is, for reports.
static const char *path_of(int file, char buffer[512]) {
    char link[64];
    snprintf(link, sizeof link, "/proc/self/fd/%d", file);
    long count = syscall(SYS_readlinkat, AT_FDCWD, link, buffer, 511);
    if (count < 0) return "";
    buffer[count] = 0;
    return strncmp(buffer, root, root_length) == 0 && buffer[root_length] == '/' ? buffer + root_length + 1 : buffer;
}

// MARK: - open and close

static int open_file(int folder, const char *path, int flags, mode_t mode) {
    char name[512];
    const char *inside = below(folder, path, name);
    if (!inside) return (int)syscall(SYS_openat, folder, path, flags, mode);
    pthread_mutex_lock(&lock);
    struct stat status;
    int makes = (flags & O_CREAT) != 0 && fstatat(AT_FDCWD, path, &status, 0) != 0;
    unsigned classes = BIT(OPEN) | BIT(RETRIED);
    if (makes) classes |= BIT(EVERY) | BIT(SPACE);
    enum fault fault = strike(classes, "open", inside);
    int result = -1;
    if (!fail(fault)) {
        result = (int)syscall(SYS_openat, folder, path, flags, mode);
        if (result >= 0 && result < DESCRIPTORS && fstat(result, &status) == 0) {
            files[result].tracked = 1;
            files[result].node = S_ISDIR(status.st_mode) ? 0 : status.st_ino;
            strcpy(files[result].path, inside);
            if (makes) append_path(CREATE, status.st_ino, inside);
            else if (flags & O_TRUNC) append(TRUNCATE, status.st_ino, 0, 0, NULL, 0);
        }
        if (fault == KILL_AFTER) die();
    }
    int code = errno;
    pthread_mutex_unlock(&lock);
    errno = code;
    return result;
}

#define MODE(flags) \
    mode_t mode = 0; \
    if ((flags) & (O_CREAT | __O_TMPFILE)) { va_list list; va_start(list, flags); mode = va_arg(list, mode_t); va_end(list); }

EXPORT int open(const char *path, int flags, ...) { MODE(flags) return open_file(AT_FDCWD, path, flags, mode); }
EXPORT int open64(const char *path, int flags, ...) { MODE(flags) return open_file(AT_FDCWD, path, flags, mode); }
EXPORT int openat(int folder, const char *path, int flags, ...) { MODE(flags) return open_file(folder, path, flags, mode); }
EXPORT int openat64(int folder, const char *path, int flags, ...) { MODE(flags) return open_file(folder, path, flags, mode); }
EXPORT int creat(const char *path, mode_t mode) { return open_file(AT_FDCWD, path, O_WRONLY | O_CREAT | O_TRUNC, mode); }
EXPORT int creat64(const char *path, mode_t mode) { return creat(path, mode); }
EXPORT int __open_2(const char *path, int flags) { return open_file(AT_FDCWD, path, flags, 0); }
EXPORT int __open64_2(const char *path, int flags) { return open_file(AT_FDCWD, path, flags, 0); }

EXPORT int close(int file) {
    if (file >= 0 && file < DESCRIPTORS && files[file].tracked) {
        pthread_mutex_lock(&lock);
        files[file].tracked = 0;
        int result = (int)syscall(SYS_close, file);
        pthread_mutex_unlock(&lock);
        return result;
    }
    return (int)syscall(SYS_close, file);
}

static int is_tracked(int file) { return control && file >= 0 && file < DESCRIPTORS && files[file].tracked; }

// MARK: - content

// `offset` is -1 for the place where the descriptor is.
static ssize_t write_parts(const char *call, int file, const struct iovec *parts, int count, off_t offset) {
    char buffer[512];
    struct iovec done[16];
    size_t total = 0;
    if (count > 16) count = 16;
    for (int i = 0; i < count; i++) total += parts[i].iov_len;
    pthread_mutex_lock(&lock);
    enum fault fault = strike(CHANGE | BIT(SPACE) | BIT(WRITE), call, path_of(file, buffer));
    ssize_t result = -1;
    if (!fail(fault)) {
        off_t start = offset >= 0 ? offset : lseek(file, 0, SEEK_CUR);
        size_t left = fault == SHORT_WRITE && total > 1 ? total / 2 : total;
        int used = 0;
        for (; used < count && left > 0; used++) {
            done[used] = parts[used];
            if (done[used].iov_len > left) done[used].iov_len = left;
            left -= done[used].iov_len;
        }
        // Low and high half of the offset, as the kernel takes them.
        result = offset >= 0 ? syscall(SYS_pwritev, file, done, used, (long)offset, 0L) : syscall(SYS_writev, file, done, used);
        size_t rest = result > 0 ? (size_t)result : 0;
        for (int i = 0; i < used; i++) {
            if (done[i].iov_len > rest) done[i].iov_len = rest;
            rest -= done[i].iov_len;
        }
        if (result > 0) append(DATA, files[file].node, (uint64_t)start, 0, done, used);
        if (fault == KILL_AFTER) die();
    }
    int code = errno;
    pthread_mutex_unlock(&lock);
    errno = code;
    return result;
}

EXPORT ssize_t write(int file, const void *bytes, size_t count) {
    struct iovec part = {(void *)bytes, count};
    return is_tracked(file) ? write_parts("write", file, &part, 1, -1) : syscall(SYS_write, file, bytes, count);
}

EXPORT ssize_t writev(int file, const struct iovec *parts, int count) {
    return is_tracked(file) ? write_parts("writev", file, parts, count, -1) : syscall(SYS_writev, file, parts, count);
}

EXPORT ssize_t pwrite64(int file, const void *bytes, size_t count, off_t offset) {
    struct iovec part = {(void *)bytes, count};
    return is_tracked(file) ? write_parts("pwrite", file, &part, 1, offset)
                            : syscall(SYS_pwrite64, file, bytes, count, offset);
}

EXPORT ssize_t pwrite(int file, const void *bytes, size_t count, off_t offset) { return pwrite64(file, bytes, count, offset); }

EXPORT int ftruncate64(int file, off_t size) {
    char buffer[512];
    if (!is_tracked(file)) return (int)syscall(SYS_ftruncate, file, size);
    pthread_mutex_lock(&lock);
    struct stat status;
    int grows = fstat(file, &status) == 0 && status.st_size < size;
    enum fault fault = strike(CHANGE | (grows ? BIT(SPACE) : 0), "ftruncate", path_of(file, buffer));
    int result = -1;
    if (!fail(fault)) {
        result = (int)syscall(SYS_ftruncate, file, size);
        if (result == 0) append(TRUNCATE, files[file].node, (uint64_t)size, 0, NULL, 0);
        if (fault == KILL_AFTER) die();
    }
    int code = errno;
    pthread_mutex_unlock(&lock);
    errno = code;
    return result;
}

EXPORT int ftruncate(int file, off_t size) { return ftruncate64(file, size); }

// MARK: - durability

// Without the lock while the disk works, so that others go on as they do without this layer. What was written before the
// call began is what it makes durable.
static int synchronize(const char *call, long number, int file) {
    char buffer[512];
    if (!is_tracked(file)) return (int)syscall(number, file);
    pthread_mutex_lock(&lock);
    enum fault fault = strike(CHANGE | BIT(SYNC), call, path_of(file, buffer));
    if (fault == INTERRUPT) {
        pthread_mutex_unlock(&lock);
        errno = EINTR;
        return -1;
    }
    uint64_t node = files[file].node, begin;
    char folder[208];
    strcpy(folder, files[file].path);
    struct iovec part = {folder, node == 0 ? strlen(folder) : 0};
    begin = append(SYNC_BEGIN, node, 0, 0, &part, 1);
    pthread_mutex_unlock(&lock);
    int result = -1, code = EIO;
    if (fault != SYNC_ERROR) {
        result = (int)syscall(number, file);
        code = errno;
    }
    pthread_mutex_lock(&lock);
    append(SYNC_END, node, result == 0 ? 0 : (uint64_t)code, begin, &part, 1);
    if (fault == KILL_AFTER) die();
    pthread_mutex_unlock(&lock);
    errno = code;
    return result;
}

EXPORT int fsync(int file) { return synchronize("fsync", SYS_fsync, file); }
EXPORT int fdatasync(int file) { return synchronize("fdatasync", SYS_fdatasync, file); }

// A hint that makes nothing durable, and that may fail.
EXPORT int sync_file_range(int file, off64_t offset, off64_t count, unsigned flags) {
    char buffer[512];
    if (is_tracked(file)) {
        pthread_mutex_lock(&lock);
        enum fault fault = strike(BIT(EVERY), "sync_file_range", path_of(file, buffer));
        int failed = fail(fault);
        pthread_mutex_unlock(&lock);
        if (failed) return -1;
        if (fault == KILL_AFTER) die();
    }
    return (int)syscall(SYS_sync_file_range, file, offset, count, flags);
}

// MARK: - names

static int change_names(const char *call, enum kind kind, unsigned classes, int from, const char *old, int to,
                        const char *new, long number, unsigned flags) {
    char first[512], second[512];
    const char *source = below(from, old, first), *target = new ? below(to, new, second) : NULL;
    if (!source && !target) {
        return (int)(new ? syscall(number, from, old, to, new, flags) : syscall(number, from, old, flags));
    }
    pthread_mutex_lock(&lock);
    enum fault fault = strike(CHANGE | classes, call, target ? target : source);
    int result = -1;
    if (!fail(fault)) {
        result = (int)(new ? syscall(number, from, old, to, new, flags) : syscall(number, from, old, flags));
        if (result == 0) {
            if (new) append_paths(kind, source ? source : "", target ? target : "");
            else append_path(kind, 0, source);
        }
        if (fault == KILL_AFTER) die();
    }
    int code = errno;
    pthread_mutex_unlock(&lock);
    errno = code;
    return result;
}

EXPORT int renameat2(int from, const char *old, int to, const char *new, unsigned flags) {
    return change_names("rename", RENAME, BIT(SPACE), from, old, to, new, SYS_renameat2, flags);
}
EXPORT int renameat(int from, const char *old, int to, const char *new) { return renameat2(from, old, to, new, 0); }
EXPORT int rename(const char *old, const char *new) { return renameat2(AT_FDCWD, old, AT_FDCWD, new, 0); }

EXPORT int linkat(int from, const char *old, int to, const char *new, int flags) {
    return change_names("link", LINK, BIT(SPACE), from, old, to, new, SYS_linkat, (unsigned)flags);
}
EXPORT int link(const char *old, const char *new) { return linkat(AT_FDCWD, old, AT_FDCWD, new, 0); }

EXPORT int unlinkat(int folder, const char *path, int flags) {
    return change_names("unlink", UNLINK, 0, folder, path, 0, NULL, SYS_unlinkat, (unsigned)flags);
}
EXPORT int unlink(const char *path) { return unlinkat(AT_FDCWD, path, 0); }
EXPORT int rmdir(const char *path) { return unlinkat(AT_FDCWD, path, AT_REMOVEDIR); }

EXPORT int mkdirat(int folder, const char *path, mode_t mode) {
    char name[512];
    struct stat status;
    const char *inside = below(folder, path, name);
    // One that is there already is no change.
    if (!inside || fstatat(folder, path, &status, 0) == 0) return (int)syscall(SYS_mkdirat, folder, path, mode);
    return change_names("mkdir", FOLDER, BIT(SPACE), folder, path, 0, NULL, SYS_mkdirat, mode);
}
EXPORT int mkdir(const char *path, mode_t mode) { return mkdirat(AT_FDCWD, path, mode); }
