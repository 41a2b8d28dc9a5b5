# What the kernel says of the processes measured, and their start: each begins without any
# allocator's settings but those of its variant.
module Processes
  MIB = 1024.0 * 1024
  SETTINGS = /\A(LD_PRELOAD|MALLOC_.*|GLIBC_TUNABLES|RUBY_ALLOC.*|RUBYOPT|RUBYLIB|RUBY_GC_.*|RAILS_.*|RACK_ENV)\z/
  PAGE = `getconf PAGESIZE`.to_i
  LOG = "#{Support::TEMPORARY}/output"
  TICKS = `getconf CLK_TCK`.to_f

  module_function

  def clean_environment(variant, more = {})
    unset = ENV.keys.grep(SETTINGS).to_h { |name| [name, nil] }
    unset.merge("RUBY_ALLOC_DIR" => Support::REGIONS).merge(more).merge(variant.environment)
  end

  # start, with the variant's environment.
  def launch(variant, *command, more: {}, **options)
    start(*command, preload: nil, env: clean_environment(variant, more), **options)
  end

  # A child that writes a line when it has something to say, and ends when its stdin does.
  def converse(variant, *command, more: {})
    input, control = IO.pipe
    said, output = IO.pipe
    pid = launch(variant, *command, more: more, in: input, out: output, err: [LOG, "a"])
    [input, output].each(&:close)
    result = yield pid, said
    control.close
    finish(pid).success? or abort "bench-memory: #{command.join(' ')} failed#{log_tail}"
    result
  ensure
    [control, said].each { |io| io&.close }
  end

  def line_from(said, seconds)
    said.wait_readable(seconds) or abort "bench-memory: no answer in #{seconds} s#{log_tail}"
    said.gets or abort "bench-memory: a program ended early#{log_tail}"
  end

  def log_tail
    File.exist?(LOG) ? ":\n#{File.read(LOG).lines.last(15).join}" : ""
  end

  def children(parent)
    Dir.children("/proc").grep(/\A\d+\z/).map(&:to_i).select do |pid|
      File.read("/proc/#{pid}/stat")[/\) \S (\d+)/, 1].to_i == parent
    rescue Errno::ENOENT, Errno::ESRCH
      false
    end
  end

  def rss_now(pids) = pids.sum { |pid| File.read("/proc/#{pid}/statm").split[1].to_i } * PAGE / MIB

  def peak_rss(pids) = sum_of(pids, "status", "VmHWM")
  def rss(pids) = sum_of(pids, "smaps_rollup", "Rss")
  def pss(pids) = sum_of(pids, "smaps_rollup", "Pss")

  def sum_of(pids, file, field)
    pids.sum { |pid| File.read("/proc/#{pid}/#{file}")[/^#{field}:\s+(\d+) kB/, 1].to_i } / 1024.0
  end

  # Seconds of CPU that they took until now.
  def cpu(pids)
    pids.sum { |pid| File.read("/proc/#{pid}/stat")[/\) (.*)/, 1].split.values_at(11, 12).sum(&:to_i) } / TICKS
  end
end
