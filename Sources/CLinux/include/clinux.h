// What LinuxIO needs of the kernel and the Glibc module of Swift does not show: epoll, eventfd, accept4, open with a mode.
// The header includes no system header beyond the integer types, so that it can never disagree with the Glibc module.
#ifndef WAYBILL_CLINUX_H
#define WAYBILL_CLINUX_H

#include <stdint.h>

// What happened to the descriptor that was added with this key.
struct clinux_event {
    uint64_t key;
    uint32_t events;
};

extern const uint32_t clinux_epoll_in;
extern const uint32_t clinux_epoll_out;
extern const uint32_t clinux_epoll_err;
extern const uint32_t clinux_epoll_hup;
extern const uint32_t clinux_epoll_rdhup;
extern const uint32_t clinux_epoll_et;

int clinux_epoll_create(void);
int clinux_epoll_add(int epoll, int fd, uint32_t events, uint64_t key);
int clinux_epoll_remove(int epoll, int fd);
// Waits for at most 256 events.
int clinux_epoll_wait(int epoll, struct clinux_event *events, int capacity, int milliseconds);
int clinux_eventfd(void);
// `address` is a struct sockaddr_storage of `*length` bytes.
int clinux_accept(int fd, void *address, uint32_t *length);
// open(2) is variadic, and Swift imports only the form without a mode. Always close-on-exec.
int clinux_open(const char *path, int flags, uint32_t mode);
// Opens a file for reading if that needs nothing but the caches of the kernel, or -1: also for every other failure, and where the
// kernel cannot say (openat2(2) with RESOLVE_CACHED, Linux 5.12).
int clinux_open_cached(const char *path);
// Reads what is in the page cache; less than `count` where something is not, or at the end. -1 for every failure.
int64_t clinux_read_cached(int fd, void *buffer, int64_t count, int64_t offset);
// Begins to write a part of a file to the disk, without waiting; a hint, so there is no result.
void clinux_begin_writeback(int fd, int64_t offset, int64_t count);
// Pages of a part of a file that are in the page cache, or -1 where the kernel cannot say (cachestat(2), Linux 6.5).
int64_t clinux_cached_pages(int fd, int64_t offset, int64_t count);
// syncfs(2): makes everything that was written to the file system of a descriptor durable.
int clinux_sync_file_system(int fd);
// Bytes free to us on the file system of `path`, or -1.
int64_t clinux_free_bytes(const char *path);
// Gives the calling thread only the processor and the disk that nothing else wants. A hint, so there is no result.
void clinux_run_when_idle(void);
// From now on the calling thread, and those that it makes, can write and remove below these folders only, and run no program; what is
// open stays open. What is no folder is left out. 1 when that holds, 0 where the kernel cannot (landlock(7), Linux 5.13), -1
// with errno for a failure.
int clinux_confine_writes(const char *const *folders, int count);
// The text of an errno value, thread-safe, in `buffer`.
const char *clinux_error_text(int code, char *buffer, int64_t capacity);

#endif
