#!/bin/bash
# A Ruby under the library behaves as under plain preloaded jemalloc: the same
# output, the same messages, the same exit status.
set -eu
export RUBY_ALLOC_DIR=$TEST_DIR LANG=C.UTF-8
ours=$RUBY_ALLOC_BUILD/libruby_alloc.so

# run PRELOAD NAME COMMAND...: keep output and status under $TEST_DIR/NAME.
run() {
    local preload=$1 name=$TEST_DIR/$2 status=0
    shift 2
    # The outer redirection is for bash's own word on a process that was killed.
    {
        timeout 60 env LD_PRELOAD="$preload" "$@" </dev/null >"$name.out" 2>"$name.err" || status=$?
    } 2>/dev/null
    echo "$status" >"$name.status"
}

# same NAME COMMAND...
same() {
    local name=$1
    shift
    run libjemalloc.so.2 plain "$@"
    run "$ours" ours "$@"
    for part in status out err; do
        diff "$TEST_DIR/plain.$part" "$TEST_DIR/ours.$part" || {
            echo "$name: $part differs (left: jemalloc, right: ours)"
            exit 1
        }
    done
}

# works NAME COMMAND...: same, and it must have succeeded.
works() {
    same "$@"
    [ "$(cat "$TEST_DIR/ours.status")" = 0 ] || {
        cat "$TEST_DIR/ours.err"
        echo "$1: failed"
        exit 1
    }
}

works start ruby -e 'puts 1'
works version ruby --version
works 'without gems' ruby --disable-gems -e 'puts RUBY_VERSION'
works libraries ruby -rjson -rerb -rset -rsocket -ropenssl -e '
    puts JSON.generate(JSON.parse(%q({"a": [1, 2.5, "x", null]})))
    puts ERB.new("<% 3.times do |i| %><%= i %>,<% end %>").result
    puts Set[3, 1, 3].to_a.inspect
    server = TCPServer.new("127.0.0.1", 0)
    thread = Thread.new { client = server.accept; client.puts client.gets.upcase; client.close }
    socket = TCPSocket.new("127.0.0.1", server.addr[1])
    socket.puts "hello"
    puts socket.read
    thread.join
    puts OpenSSL::Digest::SHA256.hexdigest("abc")
    key = OpenSSL::PKey::RSA.new(1024)
    puts key.public_decrypt(key.private_encrypt("secret"))'
works threads ruby -e '
    sums = 20.times.map { |t| Thread.new { (1..2000).sum { |i| ("x" * (i % 300)).size + t } } }
    puts sums.map(&:value).inspect'
works strings ruby -e '
    strings = Array.new(100_000) { |i| "string number #{i} " * (i % 9 + 1) }
    puts strings.size, strings.sum(&:bytesize), strings.join.hash.class, strings.last'
works garbage ruby -e '
    20.times { Array.new(5000) { |i| "y" * (i % 2000) } }
    GC.start
    puts GC.respond_to?(:compact) ? (GC.compact && "compacted") : "no compaction"
    puts Array.new(1000) { |i| i.to_s * 30 }.sum(&:size)'
works fibers ruby -e '
    puts 200.times.map { |i| Fiber.new { Fiber.yield i.to_s * 100; i } }.each(&:resume).sum(&:resume)'
works objects ruby -rbigdecimal -rzlib -rstringio -rdigest -e '
    puts BigDecimal("1") / 3, 3**5000 % 1_000_007
    text = "abc" * 100_000
    puts Zlib::Inflate.inflate(Zlib::Deflate.deflate(text)) == text, Digest::MD5.hexdigest(text)
    puts ObjectSpace.each_object(Class).count > 100, text.encode("UTF-16LE").bytesize'
works fork ruby -e '
    pids = 5.times.map { |i| fork { a = Array.new(1000) { "z" * 500 }; exit i } }
    puts pids.map { |pid| Process.wait2(pid)[1].exitstatus }.inspect
    puts `echo from a shell`, system("exit 3").inspect, $?.exitstatus
    pid = Process.spawn("true"); Process.wait(pid); puts $?.success?'
works exec ruby -e 'exec "ruby", "-e", "puts :replaced"'
works 'exec elsewhere' ruby -e 'exec "sh", "-c", "echo shell"'
works handlers ruby -e '
    at_exit { puts "x" * 100 }
    Signal.trap("USR1") { puts "signal" }
    Process.kill("USR1", Process.pid)
    sleep 0.01
    ObjectSpace.define_finalizer(+"gone", proc { })'
same exception ruby -e 'def deep(n) = n.zero? ? raise("told to") : deep(n - 1); deep(5)'
same 'exit status' ruby -e 'exit 42'
same 'exit!' ruby -e 'print "printed"; $stdout.flush; exit! 7'
same abort ruby -e 'abort "message"'
same 'no memory' ruby -e '
    begin
      "x" * (1 << 62)
    rescue NoMemoryError, ArgumentError => error
      puts error.class, error.message
    end'
same killed ruby -e 'Process.kill(:KILL, Process.pid); sleep'
same stack ruby -e 'def f = f(); begin; f; rescue SystemStackError => e; puts e.message; end'

# What ended by itself removed its region; SIGKILL leaves it.
left=$(find "$TEST_DIR" -name 'ruby_alloc.*' | wc -l)
[ "$left" -eq 1 ] || {
    ls "$TEST_DIR"
    echo "$left regions left behind, expected that of SIGKILL"
    exit 1
}
