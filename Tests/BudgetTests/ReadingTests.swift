import Testing

@Suite struct `Reading what an instrument wrote` {
    @Test func `takes the total of callgrind, and the calls of what allocates from whatever function`() {
        let text = """
            events: Ir
            fn=(1) main
            0 5
            cfn=(2) malloc
            calls=3 0
            0 300
            cfn=(3) mallopt
            calls=7 0
            0 70
            fn=(3)
            cfn=(2)
            calls=2 0
            0 200
            fn=(2)
            cfn=(4) calloc
            calls=1 0
            0 10
            totals: 1234
            """
        let profile = Profile(parsing: text.split(separator: "\n"))
        #expect(profile.instructions == 1234)
        #expect(profile.allocations == 6)
    }

    @Test func `takes a call of strace once, also when the log has it in two pieces`() {
        let text = """
            [{events=EPOLLIN, data={u32=1, u64=1}}], 256, 42497) = 1
            12  recvfrom(22, "GET /", 65536, 0, NULL, NULL) = 106
            12  futex(0x55, FUTEX_WAKE_PRIVATE, 1 <unfinished ...>
            13  <... futex resumed>) = 0
            12  <... futex resumed>) = 1
            13  fdatasync(9) = 0
            13  futex(0x55, FUTEX_WAIT_PRIVATE <unfinished ...>
            12  epoll_wait(16,  <unfinished ...>
            14  +++ exited with 0 +++
            """
        let calls = SystemCalls(parsing: text.split(separator: "\n"), requests: 1)
        #expect(calls.onLoop == 3)
        #expect(calls.hops == 1)
        #expect(calls.named("fdatasync") == 1)
    }
}
