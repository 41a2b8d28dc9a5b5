#!/bin/bash
# ruby_alloc_top --check: arenas, titles, hostile texts, other namespaces and users, the list.
# shellcheck disable=SC2016,SC2154 # Ruby in single quotes; variables of check.sh
set -u
# shellcheck source=tests/integration/check.sh
. "$(dirname "$0")/check.sh"

# arenas EXPECTED THREADS KIB [VARIABLE]: as many as malloc_info lists in the process itself.
arenas() {
    seen "$2 threads, ${4:-no limit}" env "${4:-UNUSED=}" "$victim" "$2" "$3"
    [ "$(cat "$TEST_DIR/ready")" = "ready $1" ] || fail "malloc_info: $(cat "$TEST_DIR/ready"), not $1"
    json "\$seen['glibc'].values_at('arenas', 'estimated') == [$1, false]"
    json "g, m = \$seen.values_at('glibc', 'memory')
        g['resident'] >= $2 * $3 * 1024 && g['resident'] <= m['rss_anon'] && g['reserved'] >= ($1 - 1) << 26"
    json "\$seen['process']['ruby'] == false && \$seen['process']['ruby_version'].nil?"
    json "\$advice.include?('arena_max') == (${4:+false && }$1 > 2)"
}

test_arenas() {
    arenas 1 0 64
    end
    arenas 2 12 256 MALLOC_ARENA_MAX=2
    json '$seen["environment"]["MALLOC_ARENA_MAX"] == "2"'
    guessed && json '$seen["glibc"].values_at("arenas", "estimated") == [2, true] && $name == "glibc"'
    end
    arenas 6 5 256
    guessed && json '$seen["glibc"].values_at("arenas", "estimated") == [6, true]'
    end
    # More than one reservation holds: several for one arena.
    arenas 2 1 153600
    json '$seen["glibc"]["reserved"] >= 3 << 26'
    end
}

# A title is written over the environment, as Puma's and Sidekiq's is.
test_title() {
    seen "a process with a title" env LD_PRELOAD=libjemalloc.so.2 MALLOC_CONF=narenas:3 \
        ruby -e 'Process.setproctitle("my title " + "x" * 400)
            '"$wait_for_ever"
    ! tr '\0' '\n' <"/proc/$pid/environ" | grep -q '^LD_PRELOAD' || fail "the environment is there"
    json '$name == "jemalloc" && $how == "preload" && $ignored == []'
    json '$seen["preload"]["value"] == "libjemalloc.so.2" && $seen["environment"]["MALLOC_CONF"] == "narenas:3"'
    json '$seen["advice"][0]["text"].end_with?(" ruby ...")'
    if guessed; then
        json '$name == "jemalloc" && $how == "preload" && $seen["environment"]["MALLOC_CONF"].nil?'
        grep -q 'its environment was overwritten' "$err" || fail "not said"
    fi
    end
}

# What a process says of itself is never taken for the terminal's commands.
test_hostile_texts() {
    seen "escapes in its environment" env MALLOC_CONF=$'a\e]2;x\a\nb' ruby -e "$wait_for_ever" $'\e[31m'
    json '$seen["environment"]["MALLOC_CONF"] == "a\\x1b]2;x\\x07\\x0ab"'
    json '$advice.include?("useless_setting") && $seen["process"]["command"].end_with?("\\x1b[31m")'
    tool 0 --check "$pid"
    ! grep -q $'\e' "$out" || fail "an escape character"
    end
}


# contained [COMMAND...]: a Ruby that preloads what is only in its own mount namespace, by COMMAND.
contained() {
    begin unshare --mount bash -c 'mount -t tmpfs none "$0" && chmod 755 "$0" &&
        install -m 644 "$1" "$0/libown.so" && exec "${@:2}"' "$TEST_DIR/inside" "$jemalloc" \
        "$@" env LD_PRELOAD="$TEST_DIR/inside/libown.so" ruby -e "$wait_for_ever"
    [ ! -e "$TEST_DIR/inside/libown.so" ] || fail "it is seen from here"
}

is_own_jemalloc() {
    json "\$name == 'jemalloc' && \$how == 'preload' && \$path == '$TEST_DIR/inside/libown.so'"
    json "\$version == '$jemalloc_version' && \$ignored == []"
}

test_others_file_system() {
    if [ "$(id -u)" -ne 0 ] || ! unshare --mount true 2>/dev/null; then
        echo "no mount namespace can be made: not tested"
        return
    fi
    what="a library that only its container has"
    mkdir "$TEST_DIR/inside"
    contained
    tool 0 --check --json "$pid"
    is_own_jemalloc
    end
    # Root opens files by the mapping; others by the path, in the process's own root.
    if as_nobody true 2>/dev/null; then
        what="the same for a user"
        contained setpriv --reuid=65534 --regid=65534 --clear-groups --
        install -m 755 "$top" "$TEST_DIR/top"
        as_nobody "$TEST_DIR/top" --check --json "$pid" >"$out" 2>"$err" </dev/null || fail "exit status $?"
        is_own_jemalloc
        end
    fi
}

# The other way to preload: a file in the process's own root, for every program there.
test_preload_file() {
    what="a name in /etc/ld.so.preload"
    if ! unshare --mount mount -t tmpfs none /etc 2>"$err"; then
        echo "no mount namespace can be made: $what is not tested"
        return
    fi
    seen "$what" unshare --mount sh -c 'cp /etc/ld.so.cache "$TEST_DIR/cache" && mount -t tmpfs none /etc &&
        cp "$TEST_DIR/cache" /etc/ld.so.cache && echo "/nowhere/x.so libjemalloc.so.2" >/etc/ld.so.preload
        exec "$@"' sh ruby -e "$wait_for_ever"
    json '$name == "jemalloc" && $how == "preload" && $ignored == [["/nowhere/x.so", "not_found"]]'
    advised fix_preload '/nowhere/x.so of /etc/ld.so.preload (there is no such file: '
    json '!$seen["advice"][0]["text"].include?("LD_PRELOAD=")'
    end
}

test_other_users() {
    local copy=$TEST_DIR/top
    if [ "$(id -u)" -ne 0 ] || ! as_nobody true 2>/dev/null; then
        echo "not root: what another user sees is not tested"
        return
    fi
    cp "$top" "$copy" && chmod 755 "$copy"
    what="as another user"
    begin ruby -e "$wait_for_ever"
    as_nobody "$copy" --check --json "$pid" >"$out" 2>"$err" </dev/null
    [ $? -eq 4 ] || fail "exit status is not 4"
    [ "$(wc -l <"$err")" -eq 1 ] && grep -q '^ruby_alloc_top: .*belongs to user' "$err" || fail "the message"
    contract_denied
    as_nobody "$copy" --check >"$out" 2>"$err" </dev/null
    grep -q "Rub.* of other users can't be looked at" "$err" || fail "not said in the list"
    ! grep -q "^ *$pid " "$out" || fail "it is in the list"
    end
    # Their own they see, though map_files is root's alone.
    what="their own"
    begin setpriv --reuid=65534 --regid=65534 --clear-groups env LD_PRELOAD=libjemalloc.so.2 ruby -e "$wait_for_ever"
    as_nobody "$copy" --check --json "$pid" >"$out" 2>"$err" </dev/null || fail "exit status $?"
    json "\$name == 'jemalloc' && \$how == 'preload' && \$version == '$jemalloc_version'"
    json '$seen["advice"][0]["text"].include?("libruby_alloc.so ruby -e ")'
    tool 0 --check --json "$pid"
    json '$seen["advice"][0]["text"].end_with?("libruby_alloc.so ruby ...")'
    end
}

# What everybody may know is still shown.
contract_denied() {
    json "\$seen['process'].values_at('pid', 'uid', 'comm', 'ruby') == [$pid, 0, 'ruby', nil]"
    json '$name.nil? && $seen["memory"]["rss"] > 1_000_000 && $seen["memory"]["pss"].nil?'
    json '$seen["glibc"].nil? && $seen["advice"] == []'
}

test_list() {
    local one two
    what="the list"
    begin env LD_PRELOAD=libjemalloc.so.2 ruby -e "$wait_for_ever"
    one=$pid
    begin ruby -e "$wait_for_ever"
    two=$pid
    begin "$victim" 0 0
    tool 0 --check
    out_has '^ +PID +USER +RSS +ALLOCATOR +VERSION +HOW +ARENAS +ADVICE +COMMAND$'
    out_has "^ +$one .* jemalloc +[0-9.]+ +preload +- +count_it +ruby -e "
    out_has "^ +$two .* glibc +[0-9.]+ +default +1 +use_jemalloc +ruby -e "
    ! grep -q "^ *$pid " "$out" || fail "a program without Ruby is in the list"
    tool 0 --check --json
    json "\$all.select { |each| [$one, $two].include?(each['process']['pid']) }
        .map { |each| each['allocator']['name'] } == (($one < $two) ? %w[jemalloc glibc] : %w[glibc jemalloc])"
    json '$all.all? { |each| each["schema"] == "ruby_alloc.check/1" && each["process"]["ruby"] }'
    kill -9 "$one" "$two" "$pid"
}

test_absent() {
    what="no process"
    tool 1 --check 4194305
    grep -q '^ruby_alloc_top: no process 4194305' "$err" || fail "the message"
    [ ! -s "$out" ] || fail "output"
    tool 2 --check --once 1
    tool 2 --check --batch 1
    tool 2 --check 1 2
    what="a process that ended"
    begin ruby -e "$wait_for_ever"
    end
    until_true 10 is_gone || fail "does not end"
    tool 1 --check "$pid"
    if [ "$(id -u)" -eq 0 ] && [ -d /proc/2 ] && [ ! -s /proc/2/maps ]; then
        what="a kernel thread"
        tool 1 --check 2
    fi
}

is_gone() { [ ! -e "/proc/$pid" ]; }

test_arenas
test_title
test_hostile_texts
test_others_file_system
test_preload_file
test_other_users
test_list
test_absent
finish
