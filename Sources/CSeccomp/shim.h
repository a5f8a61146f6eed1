#pragma once
#include <errno.h>
#include <seccomp.h>

// What Swift cannot call by itself: a variadic function, and a macro that takes an argument.
static inline int waybill_seccomp_refuse(scmp_filter_ctx filter, int call) {
    return seccomp_rule_add(filter, SCMP_ACT_ERRNO(EPERM), call, 0);
}
