#define _GNU_SOURCE
#include "clinux.h"

#include <fcntl.h>
#include <sched.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
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
