#!/bin/bash
# ruby_alloc_top of what came after the start: a Ruby by dlopen, a library bound past the
# allocator; of a directory where a library should be; of hardly a task left.
# shellcheck disable=SC2016,SC2154 # Ruby in single quotes; variables of check.sh
set -u
# shellcheck source=tests/integration/check.sh
. "$(dirname "$0")/check.sh"
loader=$RUBY_ALLOC_BUILD/tests/integration/victim_dlopen
plugin=$(realpath "$RUBY_ALLOC_BUILD")/tests/integration/victim_plugin.so
plugin_ruby=$(realpath "$RUBY_ALLOC_BUILD")/tests/integration/victim_plugin_ruby.so
libruby=$(ruby -e 'puts File.read("/proc/self/maps")[%r{/\S*/libruby\S*}]')

# late FILE: a process that loads Ruby as this file when it runs.
late() {
    local cause='Ruby was loaded after its start'
    seen "$1, loaded late" env LD_PRELOAD="$library" "$loader" now "$1"
    json '$name == "ruby_alloc" && $seen["process"]["ruby"] == true && $advice == ["read_report"]'
    advised read_report "counts nothing here; to see where its memory goes, restart it with RUBY_ALLOC_ALL=1: $cause"
    tool 3 --once "$pid"
    err_has "process $pid \(.*\) has the library, but $cause, too late to be counted; start it with RUBY_ALLOC_ALL=1$"
    end

    seen "$1, loaded late, and counted" env LD_PRELOAD="$library" RUBY_ALLOC_ALL=1 "$loader" now "$1"
    advised read_report "see where its memory goes: ruby_alloc_top $pid"
    tool 0 --once "$pid"
    end

    seen "$1, loaded late, and off" env LD_PRELOAD="$library" RUBY_ALLOC=0 "$loader" now "$1"
    advised read_report 'restart it without RUBY_ALLOC=0'
    tool 3 --once "$pid"
    err_has 'counting is off: RUBY_ALLOC=0'
    end

    seen "$1, loaded late, no library" "$loader" now "$1"
    tool 3 --once "$pid"
    ! grep -q 'after its start' "$err" || fail "late for no library"
    end
}

test_late_ruby() {
    late "$libruby"
}

# Of a plugin no name tells it, but the symbol by which the library finds Ruby, too.
test_late_plugin() {
    late "$plugin_ruby"
    seen "a plugin of Ruby's" env LD_PRELOAD="$library" "$loader" now "$plugin_ruby"
    json '$seen["process"]["ruby_version"] == "3.1.9"'
    end
}

# Neither a Ruby whose libruby is needed by the program nor one preloaded is late.
test_early_ruby() {
    seen "a program that needs libruby" env LD_PRELOAD="$library" RUBY_ALLOC_DIR="$TEST_DIR/none" \
        "$RUBY_ALLOC_BUILD/tests/integration/embedded" '$stdout.puts "ready"; $stdout.flush; sleep'
    tool 3 --once "$pid"
    ! grep -q 'after its start' "$err" || fail "taken for late"
    end
    seen "a preloaded libruby" env LD_PRELOAD="$library $libruby" RUBY_ALLOC_DIR="$TEST_DIR/none" "$loader" now
    tool 3 --once "$pid"
    ! grep -q 'after its start' "$err" || fail "taken for late"
    end
    what="a program without Ruby"
    begin env LD_PRELOAD="$library" "$loader" now "$plugin"
    tool 3 --once "$pid"
    err_has 'has the library, but is not a Ruby; start it with RUBY_ALLOC_ALL=1$'
    end
}

# bound WHAT PRELOAD HOW FILE...: advice of a process that loads files so.
bound() {
    seen "$1" env LD_PRELOAD="$2" RUBY_ALLOC_ALL=1 "$loader" "${@:3}"
}

test_bound_past() {
    bound "bound past the library" "$library" deep "$plugin"
    json '$name == "ruby_alloc" && $advice == ["bound_past", "read_report"]'
    advised bound_past "$plugin was bound past ruby_alloc (RTLD_DEEPBIND) to another malloc"
    advised bound_past "restart it as: LD_PRELOAD=${library%/*}/libruby_malloc.so $loader deep $plugin"
    tool 0 --check "$pid"
    out_has "^  bound_past: $plugin was bound past"
    end

    cp "$plugin" "$TEST_DIR/second.so"
    bound "two of them" "$library" deep "$plugin" "$TEST_DIR/second.so"
    advised bound_past "$plugin (and 1 more) was bound past ruby_alloc"
    end

    # A name with "malloc" in it says so to those who ask: these don't.
    ln -sf "$library" "$TEST_DIR/libruby_malloc.so"
    for name in libjemalloc.so.2 "$TEST_DIR/libruby_malloc.so"; do
        bound "past $name" "$name" deep "$plugin"
        advised bound_past 'to another malloc: what one makes and the other frees ends the process; load it without RTLD_DEEPBIND'
        end
    done
}

# One that is bound as usual, one that has called nothing yet, and one where nothing is preloaded.
test_bound_well() {
    bound "bound at once" "$library" now "$plugin"
    json '$advice == ["read_report"]'
    end
    bound "not bound yet" "$library" lazy "$plugin"
    json '$advice == ["read_report"]'
    end
    bound "nothing to be bound past" "" deep "$plugin"
    json '!$advice.include?("bound_past")'
    end
    seen "a Ruby with extensions" env LD_PRELOAD="$library" ruby -rjson -rdigest -rsocket -rzlib -e "$wait_for_ever"
    json '$advice == ["read_report"]'
    end
}

# directory NAME [VARIABLE=VALUE]: a name that is one's.
directory() {
    what="LD_PRELOAD=$1, a directory"
    begin env "${@:2}" LD_PRELOAD="$1" "$loader" now
    tool 0 --check --json "$pid"
    json "\$ignored == [['$1', 'directory']] && \$advice.first == 'fix_preload'"
    advised fix_preload "ld.so ignored $1 (it is a directory: name the file of the library)"
    tool 0 --check "$pid"
    out_has "^ +ignored: $1: it is a directory: name the file of the library$"
    end
}

test_directory() {
    mkdir -p "$TEST_DIR/libraries/libdir.so"
    directory "$TEST_DIR/libraries"
    directory "$TEST_DIR/libraries/"
    directory libdir.so LD_LIBRARY_PATH="/nowhere:$TEST_DIR/libraries"
    cd "$TEST_DIR" || exit 1
    directory ./libraries
    cd - >/dev/null || exit 1
    what="a name that is nothing's"
    begin env LD_PRELOAD="$TEST_DIR/libraries/none" "$loader" now
    tool 0 --check --json "$pid"
    json "\$ignored == [['$TEST_DIR/libraries/none', 'not_found']]"
    end
}

# limited TASKS COMMAND...: a user of its own with so many tasks at most, and no process between.
limited=(setpriv --reuid=$((100000 + $$)) --regid=$((100000 + $$)) --clear-groups bash -c 'ulimit -u "$0" && exec "$@"')

# One thread of its own and the library's: both of two, and a fifth of ten.
test_task_limit() {
    if [ "$(id -u)" -ne 0 ] || ! "${limited[@]}" 9 true 2>/dev/null; then
        echo "no user of its own can be had: the limit of tasks is not tested"
        return
    fi
    seen "at its limit of tasks" "${limited[@]}" 2 env LD_PRELOAD="$library" RUBY_ALLOC_ALL=1 "$loader" now
    json '$advice == ["task_limit", "read_report"]'
    advised task_limit '2 of 2 tasks are taken (ulimit -u), and the library has a thread in each process'
    advised task_limit 'raise the limit, or restart it with RUBY_ALLOC_HELPER=0'
    end
    seen "far from its limit of tasks" "${limited[@]}" 10 env LD_PRELOAD="$library" RUBY_ALLOC_ALL=1 "$loader" now
    json '$advice == ["read_report"]'
    end
    seen "at its limit, without a helper" "${limited[@]}" 2 env LD_PRELOAD="$library" RUBY_ALLOC_ALL=1 RUBY_ALLOC_HELPER=0 "$loader" now
    json '$advice == ["read_report"]'
    end
    seen "no helper at all" "${limited[@]}" 1 env LD_PRELOAD="$library" RUBY_ALLOC_ALL=1 "$loader" now
    tool 0 --json "$pid"
    out_has '"id": "helper_refused", "text": "No helper thread could be made, there are no figures'
    end
    seen "at its limit, another allocator" "${limited[@]}" 1 env LD_PRELOAD=libjemalloc.so.2 "$loader" now
    json '!$advice.include?("task_limit")'
    end
}

for test in $(declare -F | awk '$3 ~ /^test_/ { print $3 }'); do
    $test
done
finish
