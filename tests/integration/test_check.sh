#!/bin/bash
# ruby_alloc_top --check: which allocator answers, how it got there, what ld.so ignored.
# shellcheck disable=SC2016,SC2154 # Ruby in single quotes; variables of check.sh
set -u
# shellcheck source=tests/integration/check.sh
. "$(dirname "$0")/check.sh"

test_glibc() {
    seen "a plain Ruby" ruby -e "$wait_for_ever"
    json '$name == "glibc" && $how == "default" && $unused == [] && $ignored == []'
    json '$version == `getconf GNU_LIBC_VERSION`.split[1]'
    json 'File.basename($path) == "libc.so.6"'
    json '$seen["process"].values_at("ruby", "ruby_version") == [true, RUBY_VERSION]'
    json "\$seen['process'].values_at('pid', 'ppid', 'uid', 'comm') == [$pid, $$, $(id -u), 'ruby']"
    json '$seen["preload"]["value"].nil? && $seen["environment"].values.all?(&:nil?)'
    json '$advice.first == "use_jemalloc"'
    advised use_jemalloc ' ruby -e '
    json 'm = $seen["memory"]
        m["rss"] > m["rss_anon"] && m["rss_anon"] > 1_000_000 && m["pss"] <= m["rss"] &&
        m.values_at("lazy_free", "swap", "huge_pages").all?(Integer)'
    json "\$seen['memory']['rss_anon'] == File.read('/proc/$pid/smaps_rollup')[/^Anonymous: *(\\d+)/, 1].to_i * 1024"
    contract
    tool 0 --check "$pid"
    for line in "^pid $pid " '^allocator   glibc  version [0-9.]+  how default$' '^ +/.*/libc\.so\.6$' \
        '^preload     LD_PRELOAD=-$' '^  rss +[0-9.]+MiB' '^  arenas +1 ' '^  use_jemalloc: '; do
        out_has "$line"
    done
    end
}

test_preloaded() {
    seen "jemalloc preloaded" env LD_PRELOAD=libjemalloc.so.2 MALLOC_CONF=narenas:2 ruby -e "$wait_for_ever"
    json '$name == "jemalloc" && $how == "preload" && $unused == [] && $ignored == []'
    json '$seen["preload"]["value"] == "libjemalloc.so.2" && $seen["glibc"].nil?'
    json '$seen["environment"]["MALLOC_CONF"] == "narenas:2" && $advice == ["count_it"]'
    json "[\$path, \$version] == ['$jemalloc', '$jemalloc_version']"
    contract
    end

    seen "ours" env LD_PRELOAD="$library" ruby -e "$wait_for_ever"
    json "\$name == 'ruby_alloc' && \$how == 'preload' && \$version == '$jemalloc_version'"
    json '$unused == [] && $ignored == [] && $advice == ["read_report"]'
    json 'File.basename($path).start_with?("libruby_alloc.so")'
    end

    seen "ours, off" env RUBY_ALLOC=0 LD_PRELOAD="$library" ruby -e "$wait_for_ever"
    json '$name == "ruby_alloc" && $advice == ["read_report"]'
    advised read_report 'counts nothing here; to see where its memory goes, restart it without RUBY_ALLOC=0'
    tool 3 --once "$pid"
    end

    seen "ours in no Ruby" env LD_PRELOAD="$library" "$victim" 0 0
    json '$name == "ruby_alloc" && $advice == ["read_report"]'
    advised read_report 'restart it with RUBY_ALLOC_ALL=1: it is no Ruby'
    tool 3 --once "$pid"
    end

    seen "ours in front of glibc" env RUBY_ALLOC_BACKEND=libc MALLOC_ARENA_MAX=2 LD_PRELOAD="$library" \
        ruby -e "$wait_for_ever"
    json "\$name == 'ruby_alloc' && \$how == 'preload' && \$version == \`getconf GNU_LIBC_VERSION\`.split[1]"
    json "\$unused == ['$jemalloc'] && \$seen['glibc']['arenas'] >= 1 && \$advice == ['read_report']"
    end

    seen "ours and jemalloc" env LD_PRELOAD="libjemalloc.so.2:$library" ruby -e "$wait_for_ever"
    json '$name == "jemalloc" && $how == "preload" && $unused.map { |path| File.basename(path)[/\A\w+/] } == ["libruby_alloc"]'
    json '$advice == ["wrong_order"] && $seen["advice"][0]["text"] =~ %r{ LD_PRELOAD=/\S+/libruby_alloc.so\S* ruby -e }'
    end
}

# others LIBRARY NAME VERSION: another allocator, where it is installed.
others() {
    if ! LD_PRELOAD=$1 true 2>"$err" || [ -s "$err" ]; then
        echo "$1 is not installed: not tested"
        return
    fi
    seen "$2 preloaded" env LD_PRELOAD="$1" MALLOC_ARENA_MAX=2 ruby -e "$wait_for_ever"
    json "\$name == '$2' && \$how == 'preload' && \$version =~ /\\A$3\\z/ && \$unused == []"
    json '$advice == ["useless_setting"] && $seen["environment"]["MALLOC_ARENA_MAX"] == "2"'
    end
}

# relink FILE FIRST LAST: the order in which it needs its libraries.
relink() {
    local file=$1 needed=()
    mapfile -t needed < <(patchelf --print-needed "$file")
    for name in "${needed[@]}"; do patchelf --remove-needed "$name" "$file"; done
    ruby -e 'file, first, last, *needed = ARGV
        wanted = [first, *(needed - [first, last]), last].reject(&:empty?)
        wanted.each { |name| system("patchelf", "--add-needed", name, file) or exit 1 }
        order = -> { IO.popen(["patchelf", "--print-needed", file], &:readlines).map(&:chomp) }
        exit if order.call == wanted
        # Each is put before the others by this patchelf.
        wanted.each { |name| system("patchelf", "--remove-needed", name, file) or exit 1 }
        wanted.reverse_each { |name| system("patchelf", "--add-needed", name, file) or exit 1 }
        exit(order.call == wanted ? 0 : 1)' "$file" "$2" "$3" "${needed[@]}"
}

test_linked() {
    local ruby
    ruby=$(readlink -f "$(command -v ruby)")
    cp "$ruby" "$TEST_DIR/ruby-linked" && chmod 755 "$TEST_DIR/ruby-linked"
    cp "$TEST_DIR/ruby-linked" "$TEST_DIR/ruby-misordered"
    what="a Ruby linked to jemalloc"
    relink "$TEST_DIR/ruby-linked" libjemalloc.so.2 libc.so.6 || fail "can't be made"
    seen "$what" "$TEST_DIR/ruby-linked" -e "$wait_for_ever"
    json '$name == "jemalloc" && $how == "linked" && $unused == [] && $ignored == []'
    json "\$allocator['needed_by'] == '$TEST_DIR/ruby-linked' && \$version == '$jemalloc_version'"
    json '$seen["process"]["ruby"] == true'
    tool 0 --check "$pid"
    out_has "needed by .*/ruby-linked$"
    end

    what="a Ruby linked to jemalloc behind libc"
    relink "$TEST_DIR/ruby-misordered" libc.so.6 libjemalloc.so.2 || fail "can't be made"
    seen "$what" "$TEST_DIR/ruby-misordered" -e "$wait_for_ever"
    grep -q "$jemalloc" "/proc/$pid/maps" || fail "jemalloc is not mapped"
    json "\$name == 'glibc' && \$how == 'default' && \$unused == ['$jemalloc']"
    json '$advice.first == "wrong_order" && $seen["glibc"]["arenas"] >= 1'
    advised wrong_order "LD_PRELOAD=$jemalloc $TEST_DIR/ruby-misordered -e"
    tool 0 --check "$pid"
    out_has "loaded, not in use: $jemalloc$"
    guessed && json "\$name == 'glibc' && \$unused == ['$jemalloc']"
    end

    # By dlopen, as a gem may: never in time.
    seen "jemalloc by dlopen" ruby -rfiddle -e "Fiddle.dlopen('libjemalloc.so.2') rescue nil; $wait_for_ever"
    if grep -q "$jemalloc" "/proc/$pid/maps"; then
        json "\$name == 'glibc' && \$unused == ['$jemalloc']"
    fi
    end
}

test_built_in() {
    mkfifo "$TEST_DIR/hold"
    : >"$TEST_DIR/ready"
    what="an allocator in the executable"
    LD_PRELOAD=libjemalloc.so.2 "$bump" <"$TEST_DIR/hold" >"$TEST_DIR/ready" &
    pid=$!
    disown "$pid"
    started+=("$pid")
    exec 8>"$TEST_DIR/hold"
    until_true 20 is_ready || fail "does not start"
    tool 0 --check --json "$pid"
    json "\$name == 'unknown' && \$how == 'built_in' && \$version.nil? && \$path == '$bump'"
    json "\$unused == ['$jemalloc'] && \$ignored == [] && \$advice.include?('built_in')"
    json '$seen["process"].values_at("ruby", "ruby_version") == [true, "9.9.9"]'
    exec 8>&-
    end
}

# ignored NAME REASON ADVICE VALUE: what ld.so passed over.
ignored() {
    seen "LD_PRELOAD=$4" env LD_PRELOAD="$4" ruby -e "$wait_for_ever"
    json "\$ignored == [['$1', '$2']] && \$seen['preload']['value'] == '$4'"
    json '$name == "glibc" && $how == "default" && $advice.first == "fix_preload"'
    advised fix_preload "$3"
    tool 0 --check "$pid"
    out_has "^ +ignored: $1: "
    end
}

test_ignored() {
    ignored /nowhere/libjemalloc.so.2 not_found 'LD_PRELOAD=libjemalloc.so.2 ruby' /nowhere/libjemalloc.so.2
    ignored libnowhere.so not_found ' ruby -e ' libnowhere.so
    ignored '=libjemalloc.so.2' stray_equals 'LD_PRELOAD=libjemalloc.so.2 ruby' '=libjemalloc.so.2'
    ignored '"libjemalloc.so.2"' stray_quote 'LD_PRELOAD=libjemalloc.so.2 ruby' '"libjemalloc.so.2"'
    # e_machine and EI_CLASS of another kind; the rest is only a header.
    head -c 64 "$jemalloc" >"$TEST_DIR/other.so" && printf '\xfe\x0f' | patch_at 18 "$TEST_DIR/other.so"
    ignored "$TEST_DIR/other.so" wrong_architecture ' ruby -e ' "$TEST_DIR/other.so"
    cp "$jemalloc" "$TEST_DIR/class.so" && chmod 644 "$TEST_DIR/class.so" && printf '\x01' | patch_at 4 "$TEST_DIR/class.so"
    ignored "$TEST_DIR/class.so" wrong_class ' ruby -e ' "$TEST_DIR/class.so"
    echo "not a library" >"$TEST_DIR/text.so"
    ignored "$TEST_DIR/text.so" not_elf ' ruby -e ' "$TEST_DIR/text.so"
    # What is advised is a library: libc.so, where programs are linked, is a text, a program none.
    if [ -e "$(dirname "$jemalloc")/libc.so" ]; then
        ignored "$(dirname "$jemalloc")/libc.so" not_elf ' ruby -e ' "$(dirname "$jemalloc")/libc.so"
        ! grep -q 'restart it as: LD_PRELOAD=libc.so ' "$out" || fail "it is advised again"
    fi
    seen "the program itself" env LD_PRELOAD="$(readlink -f "$(command -v ruby)")" ruby -e "$wait_for_ever"
    json '$ignored.size == 1 && $advice.first == "fix_preload"'
    json '$seen["advice"][0]["text"] =~ / LD_PRELOAD=lib(jemalloc.so.2|ruby_alloc.so) ruby -e /'
    # One of two: the other works.
    seen "one of two" env LD_PRELOAD="/nowhere/a.so libjemalloc.so.2" ruby -e "$wait_for_ever"
    json '$name == "jemalloc" && $ignored == [["/nowhere/a.so", "not_found"]]'
    end
}

# A program with capabilities takes neither a path nor, of the system's libraries, one like any other.
test_secure() {
    local ruby=$TEST_DIR/ruby-secure name
    what="a Ruby with capabilities"
    cp "$(readlink -f "$(command -v ruby)")" "$ruby" && chmod 755 "$ruby"
    if [ "$(id -u)" -ne 0 ] || ! setcap cap_net_bind_service+ep "$ruby" 2>"$err"; then
        echo "$what can't be made: not tested"
        return
    fi
    for name in "$jemalloc" libjemalloc.so.2; do
        seen "a Ruby with capabilities, LD_PRELOAD=$name" setpriv --reuid=65534 --regid=65534 --clear-groups \
            env LD_PRELOAD="$name" "$ruby" -e "$wait_for_ever"
        json "\$name == 'glibc' && \$ignored == [['$name', 'privileged']]"
        advised fix_preload 'restart it as: (its file without setuid bit and capabilities) LD_PRELOAD='
        end
    done
}

# A library whose file was replaced: only root can still open what is mapped; who can't says nothing
# of what has taken its place.
test_replaced() {
    local own=$TEST_DIR/own.so.2 other=${jemalloc_version//[0-9a-f]/9} reader=()
    cp "$jemalloc" "$own" && chmod 644 "$own"
    [ "$(id -u)" -ne 0 ] || reader=(setpriv --reuid=65534 --regid=65534 --clear-groups)
    what="a replaced library"
    begin "${reader[@]}" env LD_PRELOAD="$own" ruby -e "$wait_for_ever"
    sed "s/$jemalloc_version/$other/" "$jemalloc" >"$own.new" && chmod 644 "$own.new" && mv "$own.new" "$own"
    strings "$own" | grep -qx -- "$other" || fail "the new file has no version of its own"
    execute 0 "${reader[@]}" timeout 60 "$top" --check --json "$pid"
    json "\$version != '$other' && \$path != '$own'"
    err_has 'replaced since it was started'
    if [ "$(id -u)" -eq 0 ]; then
        tool 0 --check --json "$pid"
        json "\$name == 'jemalloc' && \$version == '$jemalloc_version' && \$path == '$own'"
    fi
    end
}

# What /etc/ld.so.preload names: not what stands behind a '#', in that line alone.
test_preload_file() {
    if ! unshare -rm true 2>/dev/null; then
        echo "no mount namespaces: /etc/ld.so.preload is not tested"
        return
    fi
    cp -a /etc "$TEST_DIR/etc" 2>/dev/null
    printf '# libfirst.so\nlibsecond.so # libthird.so\n#\nlibfourth.so#libfifth.so libsixth.so\n' >"$TEST_DIR/etc/ld.so.preload"
    what="/etc/ld.so.preload with comments"
    : >"$TEST_DIR/ready"
    unshare -rm --propagation private bash -c 'mount --bind "$1" /etc && exec ruby -e "$2"' \
        x "$TEST_DIR/etc" "$wait_for_ever" \
        >"$TEST_DIR/ready" 2>"$err" </dev/null &
    pid=$!
    disown "$pid"
    started+=("$pid")
    until_true 30 is_ready || fail "did not start"
    tool 0 --check --json "$pid"
    json "\$ignored == [['libsecond.so', 'not_found'], ['libfourth.so', 'not_found']]"
    end
}

patch_at() { dd of="$2" bs=1 seek="$1" conv=notrunc status=none; }

test_musl() {
    local musl
    musl=$(find /lib/ld-musl-*.so.1 2>/dev/null | head -1)
    if [ -z "$musl" ] || ! command -v patchelf >/dev/null; then
        echo "musl is not installed: not tested"
        return
    fi
    what="a program of musl's"
    if ! printf 'void _start(void);\nint puts(const char *);\nint fflush(void *);\nint pause(void);\nint main(void) { puts("ready"); fflush(0); for (;;) pause(); }\n' |
        musl-gcc -x c -o "$TEST_DIR/musl" - 2>"$err"; then
        echo "no musl-gcc: not tested"
        return
    fi
    seen "$what" "$TEST_DIR/musl"
    json '$name == "musl" && $how == "default" && $version =~ /\A\d+\.\d+\.\d+\z/ && $seen["glibc"].nil?'
    end
}

test_static() {
    what="a static program"
    if ! printf '#include <stdio.h>\n#include <unistd.h>\nint main(void) { puts("ready"); fflush(stdout); for (;;) pause(); }\n' |
        cc -static -x c -o "$TEST_DIR/static" - 2>"$err"; then
        echo "no static libc: not tested"
        return
    fi
    seen "$what" env LD_PRELOAD=libjemalloc.so.2 "$TEST_DIR/static"
    json '$name == "glibc" && $version.nil? && $how == "built_in" && $ignored == [["libjemalloc.so.2", "static_program"]]'
    end
}

# The README's list of advice is that of the header.
test_documented() {
    local id meaning count=0
    what="README.md"
    while IFS='|' read -r id meaning; do
        grep -qF -- "- \`$id\`: $meaning" README.md || fail "lacks $id: $meaning"
        count=$((count + 1))
    done < <(sed -n '/define RA_EXAMINE_REMEDIES/,/^$/s/.*X(\([a-z_]*\), "\(.*\)").*/\1|\2/p' include/ruby_alloc/examine.h)
    [ $count -eq 12 ] || fail "expected 12 pieces of advice, found $count"
}

test_documented
test_glibc
test_preloaded
others libtcmalloc_minimal.so.4 tcmalloc '\d+\.\d+'
others libmimalloc.so.2 mimalloc '\d[\d.]*'
test_linked
test_built_in
test_ignored
test_preload_file
test_replaced
test_secure
test_musl
test_static
finish
