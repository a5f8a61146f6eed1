#define _GNU_SOURCE
#include "clinux.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/statvfs.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

const uint32_t clinux_epoll_in = EPOLLIN;
const uint32_t clinux_epoll_out = EPOLLOUT;
const uint32_t clinux_epoll_err = EPOLLERR;
const uint32_t clinux_epoll_hup = EPOLLHUP;
const uint32_t clinux_epoll_rdhup = EPOLLRDHUP;
const uint32_t clinux_epoll_et = EPOLLET;

int clinux_epoll_create(void) { return epoll_create1(EPOLL_CLOEXEC); }

int clinux_epoll_add(int epoll, int fd, uint32_t events, uint64_t key) {
    struct epoll_event event = {.events = events, .data = {.u64 = key}};
    return epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &event);
}

int clinux_epoll_remove(int epoll, int fd) {
    struct epoll_event unused = {0};
    return epoll_ctl(epoll, EPOLL_CTL_DEL, fd, &unused);
}

int clinux_epoll_wait(int epoll, struct clinux_event *events, int capacity, int milliseconds) {
    struct epoll_event raw[256];
    int count = epoll_wait(epoll, raw, capacity < 256 ? capacity : 256, milliseconds);
    for (int i = 0; i < count; i++) {
        events[i].key = raw[i].data.u64;
        events[i].events = raw[i].events;
    }
    return count;
}

int clinux_eventfd(void) { return eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK); }

int clinux_accept(int fd, void *address, uint32_t *length) {
    return accept4(fd, address, length, SOCK_NONBLOCK | SOCK_CLOEXEC);
}

int clinux_open(const char *path, int flags, uint32_t mode) { return open(path, flags | O_CLOEXEC, (mode_t)mode); }

int clinux_open_cached(const char *path) {
    // Newer than the headers of the distributions that we build on.
    struct { uint64_t flags, mode, resolve; } how = {.flags = O_RDONLY | O_CLOEXEC, .resolve = 0x20};
    return (int)syscall(437, AT_FDCWD, path, &how, sizeof how);
}

int64_t clinux_read_cached(int fd, void *buffer, int64_t count, int64_t offset) {
    struct iovec part = {.iov_base = buffer, .iov_len = (size_t)count};
    return preadv2(fd, &part, 1, offset, RWF_NOWAIT);
}

void clinux_begin_writeback(int fd, int64_t offset, int64_t count) {
    sync_file_range(fd, offset, count, SYNC_FILE_RANGE_WRITE);
}

int64_t clinux_cached_pages(int fd, int64_t offset, int64_t count) {
    // The system call is newer than the headers of the distributions that we build on; its number is the same everywhere.
    struct { uint64_t offset, length; } range = {(uint64_t)offset, (uint64_t)count};
    struct { uint64_t cached, dirty, writeback, evicted, recently_evicted; } counts;
    return syscall(451, fd, &range, &counts, 0) == 0 ? (int64_t)counts.cached : -1;
}

int clinux_sync_file_system(int fd) {
    return syncfs(fd);
}

int64_t clinux_free_bytes(const char *path) {
    struct statvfs status;
    if (statvfs(path, &status) != 0) return -1;
    return (int64_t)status.f_bavail * (int64_t)status.f_frsize;
}

const char *clinux_error_text(int code, char *buffer, int64_t capacity) {
    return strerror_r(code, buffer, (size_t)capacity);
}

void clinux_run_when_idle(void) {
    struct sched_param parameters = {0};
    sched_setscheduler(0, SCHED_IDLE, &parameters);
    // ioprio_set(2) has no wrapper: this thread (1, 0), class "idle" (3 << 13).
    syscall(SYS_ioprio_set, 1, 0, 3 << 13);
}

// Numbers of landlock(7), which headers older than the kernel do not have.
enum {
    landlock_create_ruleset = 444,
    landlock_add_rule = 445,
    landlock_restrict_self = 446,
    ruleset_version = 1,
    rule_path_beneath = 1,
    access_execute = 1 << 0,
    access_write_file = 1 << 1,
    access_remove = 3 << 4,
    access_make = 0x7f << 6,
    access_refer = 1 << 13,
    access_truncate = 1 << 14,
};

static int allow_writes(int ruleset, const char *folder, uint64_t access) {
    struct {
        uint64_t access;
        int32_t folder;
    } __attribute__((packed)) rule = {.access = access, .folder = open(folder, O_PATH | O_DIRECTORY | O_CLOEXEC)};
    if (rule.folder < 0) return errno == ENOENT || errno == ENOTDIR ? 0 : -1;
    long result = syscall(landlock_add_rule, ruleset, rule_path_beneath, &rule, 0);
    close(rule.folder);
    return (int)result;
}

int clinux_confine_writes(const char *const *folders, int count) {
    long version = syscall(landlock_create_ruleset, NULL, 0, ruleset_version);
    if (version < 1) return 0;
    uint64_t writes = access_write_file | access_remove | access_make;
    if (version >= 2) writes |= access_refer;
    if (version >= 3) writes |= access_truncate;
    // Whatever is named here and allowed nowhere is forbidden everywhere.
    uint64_t handled = writes | access_execute;
    int ruleset = (int)syscall(landlock_create_ruleset, &handled, sizeof(handled), 0);
    if (ruleset < 0) return -1;
    int result = 0;
    for (int i = 0; i < count && result == 0; i++) result = allow_writes(ruleset, folders[i], writes);
    if (result == 0) result = prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
    if (result == 0) result = (int)syscall(landlock_restrict_self, ruleset, 0);
    int code = errno;
    close(ruleset);
    errno = code;
    return result == 0 ? 1 : -1;
}
