import CLinux
import CSeccomp
import Glibc

/// What a process gives up for good, so that whoever gets hold of it can do less.
///
/// Each holds for the calling thread and those that it makes. To hold for the whole process it is called before there are other
/// threads.
package enum Confinement {
    /// From now on the thread can write, make and remove files below `folders` only, and run no program (landlock(7)). What is open
    /// stays open, and everything can be read as before.
    ///
    /// - Parameter folders: links are followed now; a folder that is not there is left out.
    /// - Returns: false where the kernel cannot do it.
    package static func confineWrites(to folders: [String]) throws(SystemError) -> Bool {
        let texts = folders.map { strdup($0) }
        defer { for text in texts { free(text) } }
        let pointers = texts.map { UnsafePointer($0) }
        let result = try systemCall("landlock") {
            pointers.withUnsafeBufferPointer { clinux_confine_writes($0.baseAddress, CInt($0.count)) }
        }
        return result == 1
    }

    /// From now on the kernel refuses calls with `EPERM` that no server needs and that are good for getting out of a process: those
    /// that run programs, look into other processes, or change the machine (seccomp(2)).
    ///
    /// It is a list of what is refused, not of what is allowed: the next version of a library may need something new, and a
    /// registry that stops for it is worse than one that could have been told less.
    ///
    /// - Returns: false where the kernel cannot do it.
    package static func refuseNeedlessCalls() throws(SystemError) -> Bool {
        guard let filter = seccomp_init(SCMP_ACT_ALLOW) else { throw SystemError(code: ENOMEM, call: "seccomp_init") }
        defer { seccomp_release(filter) }
        for name in needlessCalls {
            let call = seccomp_syscall_resolve_name(name)
            // The library is older than the call.
            guard call != __NR_SCMP_ERROR else { continue }
            let result = waybill_seccomp_refuse(filter, call)
            guard result == 0 else { throw SystemError(code: -result, call: "seccomp_rule_add") }
        }
        switch seccomp_load(filter) {
        case 0: return true
        case -EINVAL, -ENOSYS, -EOPNOTSUPP: return false
        case let result: throw SystemError(code: -result, call: "seccomp_load")
        }
    }

    private static let needlessCalls = [
        // Other programs and processes.
        "execve", "execveat", "ptrace", "process_vm_readv", "process_vm_writev", "kcmp", "pidfd_getfd",
        "process_madvise",
        // What has often been a way into the kernel.
        "bpf", "perf_event_open", "userfaultfd", "io_uring_setup", "io_uring_enter", "io_uring_register", "add_key",
        "keyctl", "request_key", "personality", "modify_ldt", "vmsplice", "fanotify_init", "open_by_handle_at",
        // What the process sees.
        "mount", "umount2", "pivot_root", "chroot", "move_mount", "open_tree", "fsopen", "fsconfig", "fsmount",
        "fspick",
        "mount_setattr", "unshare", "setns",
        // Who it is.
        "setuid", "setgid", "setreuid", "setregid", "setresuid", "setresgid", "setfsuid", "setfsgid", "setgroups",
        "capset",
        // The machine.
        "init_module", "finit_module", "delete_module", "kexec_load", "kexec_file_load", "reboot", "swapon", "swapoff",
        "settimeofday", "clock_settime", "clock_adjtime", "adjtimex", "sethostname", "setdomainname", "acct",
        "quotactl",
        "syslog", "iopl", "ioperm", "vhangup",
    ]
}
