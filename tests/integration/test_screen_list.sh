#!/bin/bash
# The list of processes on the screen, over a cluster: tree and sum, sorting, filter, choice
# of processes, growth, and what comes and goes.
set -u

# shellcheck source=tests/integration/screen.sh
. "$(dirname "$0")/screen.sh"

# A parent with two children; each says its pid in its title.
start_cluster() {
    # shellcheck disable=SC2016 # Ruby
    LD_PRELOAD=$RUBY_ALLOC_BUILD/libruby_alloc.so ruby -e '
        keep = Array.new(50_000) { |i| "a" * 100 }
        $0 = "cluster first"
        2.times { |i| fork { $0 = "cluster worker #{i}"; File.write("#{ARGV[0]}.#{i}", $$); sleep } }
        File.write(ARGV[0], "")
        trap(:USR1) { fork { $0 = "cluster worker new"; sleep } }
        sleep' "$TEST_DIR/cluster" >/dev/null 2>&1 &
    cluster=$!
    started+=("$cluster")
    until_true 30 test -s "$TEST_DIR/cluster.0" -a -s "$TEST_DIR/cluster.1" || fail "no cluster"
    worker0=$(cat "$TEST_DIR/cluster.0") worker1=$(cat "$TEST_DIR/cluster.1")
    started+=("$worker0" "$worker1")
}

# row PATTERN: the number of the first line that has it.
row() { screen | grep -nE -- "$1" | head -1 | cut -d: -f1; }
above() { [ -n "$(row "$1")" ] && [ -n "$(row "$2")" ] && [ "$(row "$1")" -lt "$(row "$2")" ]; }

test_list() {
    local size
    for size in '80 24' '200 60' '40 10'; do
        # shellcheck disable=SC2086 # two numbers
        open $size "$top"
        sees '^ +PID '
        sees "^ +$ruby "
        sees "^ +$worker0 .* R .*cluster worker 0|^ +$worker0 .*cluster|^ +$worker0 "
        [ "$(widest)" -le "${size% *}" ] || fail "$what: too wide"
        [ "$(line_count)" -eq "${size#* }" ] || fail "$what: not as high as the terminal"
        keys q
        ends_with 0
        close
    done
    open 200 60 "$top"
    sees '^4 running   together: [0-9.]+[KM]iB PSS'
    sees ' PID +USER +S +UPTIME +RSS +LIVE +RATIO +LOST +ALLOC/s +THR +COMMAND$'
    sees "^ +$worker1 .* cluster worker 1$"
    close
}

# The sum stands above its parts, and is their sum: exact in full numbers. Live and lost bytes
# are estimates, so that they are of one kind with the PSS beside them.
sum_is_right() {
    screen | awk '$3 == "+" { gsub("~", ""); pss = $5; live = $6; lost = $8 }
        /[├└]─ cluster/ { gsub("~", ""); pss -= $5; live -= $6; lost -= $8; parts++
            smaller += $6 < $5 }
        END { exit !(parts == 3 && smaller == 3 && pss == 0 && live == 0 && lost == 0) }'
}

test_tree() {
    open 120 30 "$top"
    sees "^ +$worker0 "
    keys b t
    sees ' PSS +P-LIVE +RATIO +P-LOST '
    sees "^ +$cluster .* \\+ .*sum of 3: cluster first$"
    sees "^ +$worker0 .*─ cluster worker 0$"
    until_true 20 sum_is_right || fail "$what: the sum is not that of the rows"
    above 'sum of 3' '─ cluster first' || fail "$what: the sum is not above"
    above '─ cluster first' '─ cluster worker 0' || fail "$what: the first is not above the others"
    keys I
    until_true 20 above "^ +$ruby " 'sum of 3' || fail "$what: not inverted"
    above '─ cluster first' '─ cluster worker 0' || fail "$what: the first is not above, inverted"
    keys F6
    sees '^ \* PSS'
    keys Escape
    keys Home Down t # the sum is gone: its first process is selected
    gone 'sum of 3'
    keys Enter
    sees "^pid $cluster "
    close

    open 120 30 env LC_ALL=C "$top"
    sees "^ +$worker0 "
    keys t
    sees '(\|-|`-) cluster worker 0$'
    ! screen | LC_ALL=C grep -q '[^ -~]' || fail "$what: more than ASCII"
    close
}

test_fold() {
    open 120 30 "$top"
    sees "^ +$worker0 "
    keys z
    sees 'only the tree'
    keys t
    sees '─ cluster worker 1$'
    keys / 'worker 1' Enter # the first line is the sum's
    gone '─ cluster worker 0'
    sees 'sum of 3: cluster first$'
    sees '─ cluster worker 1$'
    sees '^1 running of 4  '
    keys Down
    keys Escape
    sees '─ cluster worker 0$'
    keys z
    gone '─ cluster'
    sees '\[\+\] sum of 3: cluster first$'
    keys z
    sees '─ cluster worker 1$'
    close
}

# Of what is too long the end can be seen, and no number is cut.
test_narrow() {
    local user
    user=$(id -un)
    open $((77 + (${#user} > 4 ? ${#user} - 4 : 0))) 24 "$top" # its column is as wide as it
    sees "^ +$worker0 .* cluster worke$"
    keys Right
    sees "^ +$worker0 .* 1 worker 0$"
    keys Left
    sees "^ +$worker0 .* cluster worke$"
    terminal resize-window -t "$window" -x 12 -y 8
    sees "^ +$worker0 [0-9.]+M$"
    terminal resize-window -t "$window" -x 10 -y 8
    sees "^ +$worker0$"
    terminal resize-window -t "$window" -x 40 -y 10
    sees '^4 running  PSS [0-9.]+[KM]iB'
    keys '<'
    until_true 20 sorts_by S || fail "$what: < does not pass hidden columns by"
    keys '<'
    until_true 20 sorts_by PID || fail "$what: < does not pass hidden columns by"
    close
}
# sorts_by COLUMN: the one whose head is marked.
sorts_by() { terminal capture-pane -e -p -t "$window" | sed -n 2p | grep -qE "\[32m *$1"; }

test_sort() {
    open 120 30 "$top"
    sees "^ +$worker0 "
    keys '<' '<' '<' '<' # from RSS to PID, the least first
    until_true 20 above "^ +$worker0 " "^ +$worker1 " || fail "$what: not by pid"
    keys I
    until_true 20 above "^ +$worker1 " "^ +$worker0 " || fail "$what: not inverted"
    keys I '>'
    sees "^ +$worker0 "
    close
}

is_back() { keys '(' && shows '^ +PID +S +RSS +RATIO +COMMAND$'; }

# Each column can be come by, beside the pid.
test_sideways() {
    local title seen="$TEST_DIR/heads"
    open 40 10 env NO_COLOR=1 "$top" -d 600
    sees '^ +PID +S +RSS +RATIO +COMMAND$'
    : >"$seen"
    until shows '^ +PID .* THR +COMMAND$' && [ "$(wc -l <"$seen")" -gt 10 ]; do
        screen | sed -n 2p >>"$seen"
        keys ')'
        sleep 0.1
    done
    for title in USER S UPTIME RSS LIVE RATIO LOST ALLOC/s THR COMMAND; do
        grep -q "^ *PID .*\<$title\>" "$seen" || fail "$what: no $title on the way"
    done
    until_true 20 is_back || fail "$what: ( does not go back"
    close
}

# M, T and N as in htop and top: from the most memory, the oldest, the least pid on.
test_sort_keys() {
    local key
    open 120 30 "$top" -d 600 -p "$ruby,$cluster" # the cluster is older, and has more
    sees "^ +$cluster "
    for key in N:PID M:RSS T:UPTIME; do
        keys "${key%:*}" I
        until_true 20 above "^ +$ruby " "^ +$cluster " || fail "$what: $key, not inverted"
        until_true 20 sorts_by "${key#*:}" || fail "$what: not sorted by $key"
        keys "${key%:*}"
        until_true 20 above "^ +$cluster " "^ +$ruby " || fail "$what: not the other way round again"
    done
    keys t M
    until_true 20 sorts_by PSS || fail "$what: M does not sort the tree by memory"
    close
}

# In a recording there may be users that this system doesn't know.
test_users() {
    "$top" --json "$ruby" >"$TEST_DIR/users" 2>/dev/null
    ruby -rjson -e 'report = JSON.parse(STDIN.read)
        [[11, 4_000_000_001], [12, 4_000_000_002], [13, 4_000_000_001]].each do |pid, uid|
            report["process"].merge!("pid" => pid, "uid" => uid, "command" => "of #{pid}")
            puts JSON.generate(report)
        end' <"$TEST_DIR/users" >"$TEST_DIR/users.jsonl"
    open 80 24 "$top" --replay "$TEST_DIR/users.jsonl"
    sees 'PAUSED 1/3'
    keys G
    sees '^3 running '
    keys u
    sees '^ Show those of '
    sees '^ [*] all users '
    keys Down Down Down Up Enter
    gone '^ Show those of '
    gone ' of 12'
    sees '^2 running of 3 '
    sees ' user 4000000001  PAUSED'
    keys / 13 Enter
    sees '^1 running of 3 '
    keys Escape
    sees '^3 running '
    lacks ' user 4000'
    keys u End Enter t
    sees '^1 running of 3 '
    sees ' of 12'
    keys u
    sees '^ [*] 4000000002'
    keys PPage Enter
    sees '^3 running '
    close

    open 40 10 "$top" -d 600
    sees "^ +$ruby "
    keys u
    sees "^   $(id -un) "
    keys q
    gone '^ Show those of '
    sees "^ +$ruby "
    close
}

test_filter() {
    open 120 30 "$top"
    sees "^ +$ruby "
    keys / 'WORKER'
    sees '^filter: WORKER'
    gone "^ +$ruby "
    sees "^ +$worker0 "
    keys Enter
    sees 'filter WORKER'
    keys / '0' C-u 'nothing like it' Enter
    sees 'no process matches'
    keys Escape
    sees "^ +$ruby "
    close
}

# The footer's right end is where it is for any letters, and no letter is cut.
test_filter_in_other_letters() {
    open 80 24 "$top" -d 600
    sees "^ +$ruby "
    keys / '日本語日本語日本語日本語' Enter
    sees '^q quit .*  filter 日本語日本語日本語日本語  every 600s$'
    [ "$(widest)" -eq 80 ] || fail "$what: the footer does not end at the edge"
    keys / C-u
    keys -l "$(printf 'éàü%.0s' $(seq 60))"
    sees '^filter: (éàü)+(é|éà)?$'
    keys x BSpace BSpace
    sees '^filter: (éàü)+(é|éà)?$'
    ! screen | grep -q '[?]' || fail "$what: a letter is cut"
    close
}

test_open_and_back() {
    open 80 24 "$top"
    sees "^ +$ruby "
    keys / 'worker 1' Enter
    gone "^ +$ruby "
    keys Enter
    sees "^pid $worker1 "
    sees '^rss '
    keys q
    sees ' PID '
    keys Escape
    sees "^ +$ruby "
    keys q
    ends_with 0
    close
}

test_choice() {
    open 120 30 "$top" -p "$worker0,$ruby"
    sees "^ +$worker0 "
    sees "^ +$ruby "
    lacks "^ +$worker1 "
    close
    open 120 30 "$top" --match "'worker [01]\$'"
    sees "^ +$worker0 "
    sees "^ +$worker1 "
    lacks "^ +$ruby "
    close
    open 120 30 "$top" --user 4000000000
    sees 'no process matches -p, --user, --match'
    close
    # The same in a pipe.
    [ "$("$top" --match 'worker 1$' </dev/null | grep -c cluster)" = 1 ] || fail "--match in a pipe"
    [ "$("$top" "$worker0" "$worker1" </dev/null | grep -c cluster)" = 2 ] || fail "two pids in a pipe"
    "$top" --match '(' </dev/null >/dev/null 2>"$TEST_DIR/err"
    [ $? -eq 2 ] && grep -q '^ruby_alloc_top: --match' "$TEST_DIR/err" || fail "--match ("
    "$top" --user 'no one' </dev/null >/dev/null 2>"$TEST_DIR/err"
    [ $? -eq 2 ] && grep -q '^ruby_alloc_top: --user: there is no' "$TEST_DIR/err" || fail "--user"
}

test_growth() {
    open 120 30 "$top" -d 0.2
    sees "^ +$ruby "
    keys Space
    sees 'growth is counted from now on'
    keys m
    gone 'since Space'
    keys m
    sees 'since Space'
    sees "^ +$worker0 .* 0B +0B "
    close
}

# One that is stopped neither hides the others nor makes the screen deaf.
test_stopped() {
    kill -STOP "$worker0"
    open 120 30 "$top" -d 0.2
    sees "^ +$worker0 .* T "
    sees "^ +$worker1 .* R "
    keys '?'
    sees 'keys \(arrows scroll'
    kill -CONT "$worker0"
    close
}

# r reads also what is idle and has its turn later.
is_idle() { keys r && shows "^ +$worker0 .* R .* 0 +1 cluster"; }
test_refresh() {
    open 120 30 "$top" -d 60
    until_true 20 is_idle || fail "$what: never idle"
    kill -STOP "$worker0"
    keys r
    sees "^ +$worker0 .* T "
    kill -CONT "$worker0"
    keys r
    sees "^ +$worker0 .* R "
    close
}

# requests PID: how often it was asked for figures; the word is at 24 in the region.
requests() { od -An -tu4 -j24 -N4 "$RUBY_ALLOC_DIR"/ruby_alloc."$1".*; }
asked_often() { [ $(($(requests "$ruby") - first)) -ge 60 ]; }

# Who has no row on the screen is looked at seldom, however busy.
test_out_of_sight() {
    local busy=$ruby hidden first first_hidden
    start hidden
    hidden=$pid
    open 120 30 "$top" -d 0.1
    sees "^ +$hidden .* R "
    keys / 'counted' Enter
    gone "^ +$hidden "
    first=$(requests "$busy") first_hidden=$(requests "$hidden")
    until_true 60 asked_often || fail "$what: the one in sight is seldom asked"
    [ $((($(requests "$hidden") - first_hidden) * 4)) -lt $(($(requests "$busy") - first)) ] ||
        fail "$what: asked as often as the one in sight"
    keys Escape
    first=$(requests "$hidden")
    ruby=$hidden
    until_true 60 asked_often || fail "$what: not asked again once in sight"
    ruby=$busy
    kill "$hidden"
    wait "$hidden"
    "$top" --prune >/dev/null # a signal's death leaves the region
    close
}

# In a pid namespace of its own the next pid can be chosen. $reuse: the tool over Ruby 301, which
# is killed once $TEST_DIR/go is there, and has a successor some seconds later.
reuse=$TEST_DIR/reuse
# shellcheck disable=SC2016 # the inner shell's
cat >"$reuse" <<'END'
again() {
    rm -f "$TEST_DIR/up"
    echo 300 >/proc/sys/kernel/ns_last_pid
    LD_PRELOAD=$RUBY_ALLOC_BUILD/libruby_alloc.so ruby -e 'File.write(ARGV[0], ""); sleep' "$TEST_DIR/up" &
    until [ -e "$TEST_DIR/up" ]; do sleep 0.05; done
}
rm -f "$TEST_DIR/go"
again
{
    until [ -e "$TEST_DIR/go" ]; do sleep 0.05; done
    kill -KILL 301
    sleep 4
    again
    sleep 60
} >"$TEST_DIR/reuse.log" 2>&1 &
"$@"
END
test_pid_taken_over() {
    local apart='unshare --pid --mount --fork --mount-proc'
    if [ "$(id -u)" -ne 0 ] || ! $apart true 2>/dev/null; then
        echo "no pid namespace can be made: a pid that is taken over is not tested"
        return
    fi
    open 80 24 $apart bash "$reuse" "$top" -d 0.2 301
    sees '^pid 301  state running'
    : >"$TEST_DIR/go"
    sees '^q quit .* ENDED$'
    sees '^process 301 has ended: this is another one with its pid$'
    sees '^pid 301  state running'
    keys 2
    gone 'has ended'
    close
    open 80 24 $apart bash "$reuse" "$top" -d 0.2
    sees '^ +301 .* R '
    : >"$TEST_DIR/go"
    sees '^ +301 .* E '
    sees '^pid 301: that process has ended, another one has the pid$'
    sees '^ +301 .* R '
    close
    rm -f "$RUBY_ALLOC_DIR"/ruby_alloc.301.*
}

# Last: what ends stays, marked; a new worker appears.
test_zz_comes_and_goes() {
    open 120 30 "$top" -d 0.2
    sees "^ +$worker0 .* R "
    kill -KILL "$worker0"
    sees "^ +$worker0 .* E "
    kill -TERM "$worker1"
    sees "^ +$worker1 .* E "
    kill -USR1 "$cluster"
    sees ' R .*cluster worker new'
    sees '^3 running, 2 ended   together: [0-9.]+[KM]iB PSS'
    keys t
    sees ' \+ .* 2 sum of 2 \(2 ended\): cluster first$'
    sees "^ +$worker0 .* E .* 0 .─ cluster worker 0|^ +$worker0 .* E .* 0 +└─ "
    keys t
    keys / 'worker 1' Enter
    gone "^ +$ruby "
    keys Enter
    sees "^pid $worker1  state exited"
    sees '^q back .* ENDED$'
    sees '^live +[0-9.]+[KM]iB'
    pkill -KILL -P "$cluster"
    close
}

start_cluster
run_tests
