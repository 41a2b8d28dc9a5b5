#!/bin/bash
# memory.rss to swap are the kernel's own figures, each under its own name, byte for byte.
# shellcheck source=tests/integration/tool.sh
. "$(dirname "$0")/tool.sh"
what="the kernel's figures"

# The kernel's are read between two reports that agree: the tool itself shares libc's pages
# meanwhile, so that PSS is another when it is gone.
agrees() {
    ruby -rjson -e 'pid = Integer(ARGV[0])
        names = { "rss" => "Rss", "rss_anon" => "Anonymous", "pss" => "Pss", "lazy_free" => "LazyFree", "swap" => "Swap" }
        memory = ->(line) { JSON.parse(line)["memory"].slice(*names.keys) }
        rollup = lambda do
            text = File.read("/proc/#{pid}/smaps_rollup")
            names.transform_values { |name| text[/^#{name}: +(\d+) kB$/, 1].to_i * 1024 }
        end
        IO.popen([ARGV[1], "--batch", "--json", "-d", "0.1", "-n", "100", pid.to_s]) do |tool|
            before = memory[tool.gets]
            kernel = rollup.call
            while (line = tool.gets)
                after = memory[line]
                break if after == before && rollup.call == kernel
                before, kernel = after, rollup.call
            end
            abort "they never stood still" unless line
            abort "reported #{after}\nthe kernel has #{kernel}" unless after == kernel
            abort "not in order: #{after}" unless 0 < after["pss"] && after["pss"] < after["rss"] && after["rss_anon"] < after["rss"]
            abort "the page that may be taken back is not lazy_free: #{after}" unless after["lazy_free"] >= 1 << 20
        end' "$1" "$top" >"$out" 2>"$err" || fail "not the kernel's"
}

# Pages that a child shares, pages of its own, and some that the kernel may take back: four times
# as many as are asked for, because each processor keeps a batch of them that aren't counted yet.
RUBY_ALLOC_INTERVAL=0 LD_PRELOAD=$library ruby -rfiddle -e '
    text = "x" * 5_000_000
    fork { sleep }
    madvise = Fiddle::Function.new(Fiddle::Handle::DEFAULT["madvise"], [Fiddle::TYPE_VOIDP, Fiddle::TYPE_SIZE_T, Fiddle::TYPE_INT], Fiddle::TYPE_INT)
    mmap = Fiddle::Function.new(Fiddle::Handle::DEFAULT["mmap"],
        [Fiddle::TYPE_VOIDP, Fiddle::TYPE_SIZE_T, Fiddle::TYPE_INT, Fiddle::TYPE_INT, Fiddle::TYPE_INT, Fiddle::TYPE_LONG], Fiddle::TYPE_VOIDP)
    pages = mmap.call(nil, 1 << 22, 3, 0x22, -1, 0)
    pages[0, 1 << 22] = "y" * (1 << 22)
    madvise.call(pages, 1 << 22, 8) # MADV_FREE
    File.write(ARGV[0], "")
    sleep' "$TEST_DIR/ready" >/dev/null 2>&1 &
pid=$!
disown
started+=("$pid")
until_true 30 test -e "$TEST_DIR/ready" || fail "the Ruby did not start"
started+=($(pgrep -P "$pid"))
agrees "$pid"
[ $failures -eq 0 ]
