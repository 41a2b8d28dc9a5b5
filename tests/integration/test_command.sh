#!/bin/bash
# ruby_alloc_top -- COMMAND: the command is none the wiser, its processes are reported
# with exact counts when it has ended, and its exit status is kept.
set -u

# shellcheck source=tests/integration/command.sh
. "$(dirname "$0")/command.sh"
known=$here/known.rb

test_statuses() {
    local status
    for status in 0 1 3 255; do
        what="exit status $status"
        run $status -- ruby -e "exit $status"
        err_has "^ended     exit status $status after [0-9.]+m?s; peak RSS [0-9.]+MiB$"
    done
    what="killed"
    run 137 -- ruby -e 'Process.kill(:KILL, $$); sleep'
    err_has '^ended     killed by signal 9 \(Killed\) after '
    run 143 -- ruby -e 'Process.kill(:TERM, $$); sleep'
    what="not found"
    PATH=/usr/bin:/bin run 127 -- no-such-command
    expect_one_message
    err_has "can't run 'no-such-command'"
    what="not a program"
    run 126 -- /etc/passwd
    expect_one_message
    what="a directory"
    run 126 -- /
}

test_usage() {
    local bad
    while read -r bad; do
        what="usage: $bad"
        # shellcheck disable=SC2086 # words on purpose
        run 2 $bad
        expect_one_message
    done <<'BAD'
--
1 -- ruby
--once -- ruby
--batch -- ruby
--prune -- ruby
--check -- ruby
-o x
--top
-o -- ruby
BAD
    what="options of the command's own"
    run 4 --json -- ruby -e 'exit ARGV == %w[--json -o -- x] ? 4 : 5' -- --json -o -- x
}

# Nothing that was typed acts on the terminal that shows it.
test_odd_names() {
    local odd=$'x\e[31m\xff'
    what="odd names"
    run 127 -- "$TEST_DIR/$odd"
    expect_one_message
    err_has "can't run '.*/x\\\\x1b\[31m\\\\xff'"
    run 125 -o "$TEST_DIR/nowhere/$odd" -- true
    expect_one_message
    err_has "/x\\\\x1b\[31m\\\\xff: "
    tool 2 --match "$odd("
    err_has "'x\\\\x1b\[31m\\\\xff\('"
    run 0 -- ruby -e $'1\n2' "$odd"
    [ "$(head -1 "$err")" = 'command   ruby -e 1\x0a2 x\x1b[31m\xff' ] || fail "the report's first line"
    ! grep -q $'\e' "$err" || fail "an escape sequence"
}

test_our_own_faults() {
    mkdir -p "$TEST_DIR/alone" "$TEST_DIR/open/bin" "$TEST_DIR/open/lib" "$TEST_DIR/a b"
    what="no library"
    cp "$top" "$TEST_DIR/alone"
    top=$TEST_DIR/alone/ruby_alloc_top run 125 -- true
    expect_one_message
    err_has 'make install'
    what="a library that anybody could have put there"
    cp "$top" "$TEST_DIR/open/bin"
    cp "$library" "$TEST_DIR/open/lib"
    top=$TEST_DIR/open/bin/ruby_alloc_top run 0 -- ruby -e 1
    chmod 777 "$TEST_DIR/open/lib"
    top=$TEST_DIR/open/bin/ruby_alloc_top run 125 -- ruby -e 1
    expect_one_message
    chmod 755 "$TEST_DIR/open/lib"
    chmod 777 "$TEST_DIR/open"
    top=$TEST_DIR/open/bin/ruby_alloc_top run 125 -- ruby -e 1
    chmod 755 "$TEST_DIR/open"
    chmod 666 "$TEST_DIR/open/lib/libruby_alloc.so"
    top=$TEST_DIR/open/bin/ruby_alloc_top run 125 -- ruby -e 1
    what="a path that can't be preloaded"
    cp "$top" "$library" "$TEST_DIR/a b"
    top="$TEST_DIR/a b/ruby_alloc_top" run 125 -- true
    err_has 'spaces'
    what="no directory"
    RUBY_ALLOC_DIR=$TEST_DIR/nowhere timeout 60 "$top" -- touch "$TEST_DIR/ran" 2>"$err"
    [ $? -eq 125 ] || fail "exit status is not 125"
    expect_one_message
    what="no place for the report"
    run 125 -o "$TEST_DIR/nowhere/report" -- touch "$TEST_DIR/ran"
    expect_one_message
    [ ! -e "$TEST_DIR/ran" ] || fail "the command was run"
    what="a full disk"
    run 125 -o /dev/full -- ruby -e 1
    run 3 -o /dev/full -- ruby -e 'exit 3'
    err_has 'No space left'
}

# What a process knows of its surroundings, but for what must differ.
cat >"$TEST_DIR/surroundings" <<'SCRIPT'
env | grep -vE '^(LD_PRELOAD|RUBY_ALLOC_DIR|_)=' | sort
grep -E '^Sig(Blk|Ign)' /proc/$$/status
ulimit -a
umask
pwd
echo "$(ps -o pgid=,sid=,tty= -p $$)" "$0" "$@"
SCRIPT

test_surroundings() {
    what="surroundings"
    export RUBYOPT=-W0 STRANGE=$'two\nlines'
    for ignored in '' 'HUP CHLD' 'PIPE INT USR1'; do
        # shellcheck disable=SC2086 # words on purpose
        (
            [ -z "$ignored" ] || trap '' $ignored
            exec 7</etc/passwd
            bash "$TEST_DIR/surroundings" 'a b' <"$TEST_DIR/surroundings" >"$TEST_DIR/plain" 2>/dev/null
            "$top" -o "$err" -- bash "$TEST_DIR/surroundings" 'a b' \
                <"$TEST_DIR/surroundings" >"$out" 2>/dev/null
        )
        sed 's,/plain$,/out,' "$TEST_DIR/plain" | diff - "$out" || fail "differ (left: without the tool)"
    done
    unset RUBYOPT STRANGE
    what="descriptors"
    (
        exec 7</etc/passwd 5>&-
        sh -c 'readlink /proc/$$/fd/*; :' <&- >"$TEST_DIR/plain" 2>/dev/null
        "$top" -o "$err" -- sh -c 'readlink /proc/$$/fd/*; :' <&- >"$out" 2>/dev/null
    )
    grep -qx /etc/passwd "$out" || fail "none is handed down"
    sed 's,/plain$,/out,' "$TEST_DIR/plain" | diff - "$out" || fail "differ (left: without the tool)"
}

test_streams() {
    what="standard input"
    [ "$(echo x | "$top" -o "$err" -- ruby -e 'puts gets')" = x ] || fail "does not pass through"
    what="standard output"
    head -c 100000 /dev/urandom >"$TEST_DIR/bytes"
    "$top" -- ruby -e '$stdout.binmode.write($stdin.binmode.read)' <"$TEST_DIR/bytes" >"$out" 2>"$err"
    cmp "$TEST_DIR/bytes" "$out" || fail "was changed"
    what="standard error"
    run 0 -- ruby -e 'warn "mine"'
    [ "$(head -1 "$err")" = mine ] || fail "the report does not come last"
    what="a reader who leaves"
    "$top" -- ruby -e 'exit 5' 2>&1 >/dev/null | head -1 >"$out"
    [ "${PIPESTATUS[0]}" -eq 5 ] || fail "exit status is not kept"
}

test_preload() {
    what="LD_PRELOAD"
    # shellcheck disable=SC2016 # the command's
    run 0 -- sh -c 'echo "$LD_PRELOAD"'
    [ "$(cat "$out")" = "${library%/*}/libruby_malloc.so" ] || fail "is not the library"
    mkdir -p "$TEST_DIR/own"
    echo 'int ruby_alloc_test_own;' | cc -shared -fPIC -o "$TEST_DIR/own/own.so" -x c -
    export LD_PRELOAD=$TEST_DIR/own/own.so
    run 0 --json -- ruby -e 'puts ENV["LD_PRELOAD"]; exit File.read("/proc/self/maps").include?("own.so")'
    unset LD_PRELOAD
    [ "$(cat "$out")" = "${library%/*}/libruby_malloc.so:$TEST_DIR/own/own.so" ] || fail "what was there is not kept"
    json "$err" '$reports.size == 1'
}

# The sample of the region begins with its number, which is 2 once the first was taken.
until_sampled='deadline = Process.clock_gettime(1) + 60
    region = Dir["#{ENV["RUBY_ALLOC_DIR"]}/ruby_alloc.#{$$}.*"].first
    sample = File.binread(region, 8, 104).unpack1("Q") # ra_header.sections[RA_SECTION_sample].offset
    sleep 0.01 until File.binread(region, 4, sample).unpack1("L") > 1 || Process.clock_gettime(1) > deadline'

test_output() {
    local report=$TEST_DIR/report
    what="report as text"
    run 0 -- ruby -e 1
    for line in '^command   ruby -e 1$' '^processes 1$' '^ +PID +USER ' '^pid [0-9]+ +state exited' \
        '^sizes: '; do
        err_has "$line"
    done
    what="report of a process that lived until its first sample"
    run 0 -- ruby -e "$until_sampled"
    err_has '^allocated +[0-9]'
    what="report into a file"
    for option in "-o $report" "--output=$report"; do
        echo old >"$report"
        # shellcheck disable=SC2086 # words on purpose
        run 0 $option -- ruby -e 1
        [ ! -s "$err" ] || fail "standard error is not empty"
        head -1 "$report" | grep -q '^command   ruby' || fail "no report"
    done
    what="report on standard output"
    run 0 -o - -- ruby -e 'puts "mine"'
    [ ! -s "$err" ] || fail "standard error is not empty"
    [ "$(head -n 2 "$out" | cut -d' ' -f1 | tr '\n' ' ')" = 'mine command ' ] || fail "not behind the command's own"
    [ ! -e ./- ] || fail "a file of that name"
    what="JSON into a file"
    run 6 --json -o "$report" -- ruby -e "$until_sampled; exit 6"
    json "$report" '$reports.size == 1 && File.readlines(ARGV[0]).size == 1 &&
        $reports[0]["schema"] == "ruby_alloc.report/1" && $reports[0]["process"]["state"] == "exited"'
    json "$report" '$reports[0]["memory"].values_at("rss", "pss") == [nil, nil] &&
        $reports[0]["memory"]["allocated"] > 1_000_000 && $reports[0]["memory"]["sample_age"] < 10'
}

# Of one that has ended it is known by clocks alone, the system's start among them.
test_uptime() {
    local before after
    what="uptime of the ended"
    before=$EPOCHREALTIME
    run 0 --json -o "$TEST_DIR/last" -- ruby -e "$until_sampled"
    after=$EPOCHREALTIME
    json "$TEST_DIR/last" "uptime = processes('uptime')[0][0]
        processes('state') == [['exited']] && uptime >= 0 && uptime <= $after - $before + 0.02"
}

# The counts at the very end equal those of a moment when nothing more is allocated.
test_exact_victim() {
    local victim=$RUBY_ALLOC_BUILD/tests/integration/victim pid
    what="exact counts of a program"
    mkfifo "$TEST_DIR/steps"
    export RUBY_ALLOC_ALL=1
    "$top" --json -o "$TEST_DIR/last" -- "$victim" \
        'malloc:1000:48 calloc:30:1:5000 free:400 realloc:10:100 /' <"$TEST_DIR/steps" >"$out" 2>"$err" &
    tool=$!
    started+=("$tool")
    exec 8>"$TEST_DIR/steps"
    until_true 20 grep -q ready "$out" || fail "does not start"
    pid=$(pgrep -P $tool -f "$victim")
    "$top" --json "$pid" >"$TEST_DIR/while" 2>>"$err" || fail "is not found from another terminal"
    "$top" --json >"$TEST_DIR/all" 2>>"$err" || fail "is not listed"
    exec 8>&-
    wait $tool || fail "exit status $?"
    unset RUBY_ALLOC_ALL
    nothing_left
    json "$TEST_DIR/last" "running = JSON.parse(File.read('$TEST_DIR/while'))
        \$reports.size == 1 && %w[calls totals].all? { |k| \$reports[0][k] == running[k] } &&
        \$reports[0]['process']['pid'] == $pid && running['process']['pid'] == $pid &&
        \$reports[0]['calls'].values_at('calloc', 'realloc') == [30, 10]"
    json "$TEST_DIR/all" "processes('pid') == [[$pid]]"
}

test_exact_family() {
    what="exact counts of a family"
    run 0 --json -- ruby -r "$known" -e '
        Known.work(50, 20)
        fork { Known.work(7, 3) }
        Process.waitall
        fork { Known.work(9, 2); exit!(0) }
        Process.waitall
        fork { Known.work(11, 1); Process.kill(:KILL, $$); sleep }
        Process.waitall
        system("ruby", "-r", ARGV[0], "-e", "Known.work(5, 1)")
        Known.work(1, 0)
        puts $$' "$known"
    json "$err" "processes('state').uniq == [['exited']]"
    json "$err" "[made(0), freed(0)] == [51, 20]"
    json "$err" "(1..4).map { |i| [made(i), freed(i)] } == [[7, 3], [9, 2], [11, 1], [5, 1]]"
    json "$err" "$(cat "$out") == processes('pid')[0][0] &&
        processes('ppid', 'forked')[1..] == [[$(cat "$out"), true]] * 3 + [[$(cat "$out"), false]]"
}

# More, and shorter, than a tool that has to look in time could follow.
test_short_lives() {
    what="short lives"
    run 0 --json -- ruby -e '60.times { fork { } }; 40.times { fork { exit! } }; Process.waitall'
    json "$err" '$reports.size == 101 && $reports.count { |r| r["process"]["forked"] } == 100'
    ! grep -q '^ruby_alloc_top' "$err" || fail "something was missed"
}

test_exec() {
    what="exec"
    run 3 --json -- ruby -r "$known" -e 'Known.work(4, 1); exec("ruby", "-r", ARGV[0], "-e",
        "Known.work(2, 2); exit 3")' "$known"
    json "$err" '$reports.size == 2 && processes("pid", "state").uniq.size == 1 &&
        [made(0), freed(0), made(1), freed(1)] == [4, 1, 2, 2]'
    run 4 --json -- ruby -r "$known" -e 'Known.work(4, 1); exec("sh", "-c", "exit 4")'
    json "$err" '$reports.size == 1 && [made(0), freed(0)] == [4, 1]'
}

test_not_counted() {
    what="not a Ruby"
    run 0 -- true
    expect_one_message
    err_has "nothing was counted, because no Ruby ran .* 'true'"
    run 7 --json -- sh -c 'exit 7'
    expect_one_message
    RUBY_ALLOC_ALL=1 run 7 --json -- sh -c 'exit 7'
    json "$err" '$reports.size == 1 && $reports[0]["process"]["comm"] == "sh"'
    what="no room for a region"
    printf '#!/bin/sh\nulimit -f 8\nexec "%s" "$@"\n' "$top" >"$TEST_DIR/limited"
    chmod 755 "$TEST_DIR/limited"
    top=$TEST_DIR/limited run 7 -- ruby -e 'exit 7'
    # It may be seen in the moment between its making and its end.
    err_has '^ruby_alloc_top: 1 process (had no room for a region, or|could not be read)'
    ! grep -q 'nothing was counted' "$err" || fail "not for the lack of a Ruby"
    what="switched off"
    RUBY_ALLOC=0 run 7 -- ruby -e 'exit 7'
    expect_one_message
    err_has 'RUBY_ALLOC=0'
}

test_users() {
    if [ "$(id -u)" -ne 0 ] || ! as_nobody true 2>/dev/null; then
        echo "not root: other users are not tested"
        return
    fi
    what="as a plain user"
    mkdir -p "$TEST_DIR/theirs"
    cp "$top" "$library" "$known" "$TEST_DIR/theirs"
    chmod 755 "$TEST_DIR/theirs" "$TEST_DIR"/theirs/*
    as_nobody "$TEST_DIR/theirs/ruby_alloc_top" --json -- ruby -r "$TEST_DIR/theirs/known.rb" \
        -e 'fork { Known.work(3, 1) }; Process.wait; exit 2' >"$out" 2>"$err" </dev/null
    [ $? -eq 2 ] || fail "exit status is not 2"
    json "$err" 'processes("uid") == [[65534]] * 2 && [made(1), freed(1)] == [3, 1]'
    nothing_left
    what="workers that give up root"
    run 0 --json -- ruby -r "$TEST_DIR/theirs/known.rb" -e '
        fork { Process::Sys.setuid(65534); Known.work(3, 1); fork { Known.work(2, 0) }; Process.wait }
        Process.wait'
    json "$err" 'processes("uid") == [[0], [65534], [65534]] && made(1) == 3 && made(2) == 2'
}

# What strangers put into the directory of root's run goes, or it is said that it stays.
test_strangers() {
    local directory status
    if [ "$(id -u)" -ne 0 ] || ! as_nobody true 2>/dev/null; then
        echo "not root: strangers in a run's directory are not tested"
        return
    fi
    for kind in goes stays; do
        what="strangers: all $kind"
        directory=$("$top" --json -o "$TEST_DIR/report" -- ruby -e '
            directory, kind = ENV["RUBY_ALLOC_DIR"], ARGV[0]
            puts directory
            Process.wait(fork do
                Process::Sys.setuid(65534)
                300.times { |i| File.write("#{directory}/ruby_alloc.#{i + 1}.1.#{i}", "x" * (i % 3)) }
                File.write("#{directory}/other", "")
                File.symlink("/", "#{directory}/link")
                Dir.mkdir("#{directory}/empty")
                Dir.mkdir("#{directory}/full")
                File.write("#{directory}/full/file", "") if kind == "stays"
                exit!
            end)
            last = Time.now + 60
            sleep 0.02 until Dir.glob("#{directory}/ruby_alloc.*.1.*").empty? || Time.now > last
            exit Time.now < last' $kind 2>"$err" </dev/null)
        status=$?
        [ $status -eq 0 ] || fail "exit status $status: the files stay"
        [ "$(grep -c . "$err")" -le 3 ] || fail "not summed up"
        if [ $kind = goes ]; then
            [ ! -e "$directory" ] || fail "was left behind: $(ls -l "$directory")"
        else
            err_has "^ruby_alloc_top: $directory stays: user 65534 has put a directory into it"
            [ "$(ls "$directory")" = full ] || fail "more was left: $(ls "$directory")"
            rm -r "$directory"
        fi
    done
}

test_default_directory() {
    local directory
    what="default directory"
    directory=$(env -u RUBY_ALLOC_DIR "$top" -o "$err" -- ruby -e 'puts ENV["RUBY_ALLOC_DIR"]
        exit File.stat(ENV["RUBY_ALLOC_DIR"]).mode & 0o777 == (Process.uid == 0 ? 0o777 : 0o700)') ||
        fail "wrong mode"
    case $directory in
    /dev/shm/ruby_alloc_run.??????) ;;
    *) fail "is $directory" ;;
    esac
    [ ! -e "$directory" ] || fail "was left behind"
}

for test in $(declare -F | awk '$3 ~ /^test_/ { print $3 }'); do
    $test
done
[ $failures -eq 0 ]
