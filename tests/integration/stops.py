# For gdb: stops a program once at every store of some functions of the library, sends it a
# signal there, and goes on. Prints how many stops each function had, and how it all ended.
#
# Environment: STOPS_LIBRARY, STOPS_FUNCTIONS (names; parts that the compiler split off count
# too), STOPS_CHAIN (1: go with the child at a fork).
import os
import re
import subprocess

import gdb

library = os.path.realpath(os.environ["STOPS_LIBRARY"])
wanted = os.environ["STOPS_FUNCTIONS"].split()
ROUNDS_WITHOUT_NEWS = 2
NO_STORE = re.compile(r"^(cmp|test|lea|call|jmp|nop|push|bt|ucomi|comi|prefetch|movs[bwlq] )")


def functions():
    """Name, offset and size of each in the library."""
    found = []
    for line in subprocess.run(["nm", "-S", library], capture_output=True, text=True).stdout.splitlines():
        words = line.split()
        if len(words) == 4 and words[2] in "tT" and words[3].split(".")[0] in wanted:
            found.append((words[3].split(".")[0], int(words[0], 16), int(words[1], 16)))
    return found


def base():
    with open("/proc/%d/maps" % gdb.selected_inferior().pid) as maps:
        return min(int(line.split("-")[0], 16) for line in maps if line.rstrip().endswith(library))


def is_store(text):
    """AT&T syntax: the last operand is what is written. A system call may end in a signal."""
    text = re.sub(r"^(lock|rep|repz) ", "", text.split("#")[0].strip())
    if text.startswith("syscall"):
        return True
    return not NO_STORE.match(text) and (text.endswith(")") or re.search(r"%[fg]s:[^,]*$", text))


class Stop(gdb.Breakpoint):
    def __init__(self, name, address):
        super().__init__("*%d" % address, internal=True)
        self.silent = True
        self.name = name

    def stop(self):
        return int(gdb.parse_and_eval("in_handler")) == 0


class Round(gdb.Breakpoint):
    """The program may end once a few rounds have brought nothing new."""

    def __init__(self):
        super().__init__("run_round", internal=True)
        self.silent = True
        self.seen, self.quiet = -1, 0

    def stop(self):
        so_far = sum(stops.values())
        self.quiet = self.quiet + 1 if so_far == self.seen else 0
        self.seen = so_far
        if self.quiet >= ROUNDS_WITHOUT_NEWS:
            gdb.execute("set var enough = 1")
        return False


stops = {}


def on_stop(event):
    global current
    current = [b for b in getattr(event, "breakpoints", []) if isinstance(b, Stop)]


for command in ["set pagination off", "set confirm off", "set disassembly-flavor att", "set startup-with-shell off",
                "set print thread-events off", "set print inferior-events off", "set detach-on-fork on",
                "set follow-fork-mode " + ("child" if os.environ["STOPS_CHAIN"] == "1" else "parent"),
                "set environment LD_PRELOAD " + library, "set environment RUBY_ALLOC_ALL 1",
                "set environment RUBY_ALLOC_INTERVAL 0",
                "handle SIGUSR1 nostop noprint pass", "handle SIGALRM nostop noprint pass",
                "break main", "run"]:
    gdb.execute(command, to_string=True)
start = base()
architecture = gdb.selected_frame().architecture()
total = 0
for name, offset, size in functions():
    for line in architecture.disassemble(start + offset, start + offset + size - 1):
        if is_store(line["asm"]):
            Stop(name, line["addr"])
            total += 1
Round()
gdb.events.stop.connect(on_stop)
current = []
command = "continue"
while True:
    gdb.execute(command, to_string=True)
    if gdb.selected_inferior().pid == 0:
        break
    if not current:
        print("stopped otherwise:", gdb.execute("info program", to_string=True), gdb.execute("backtrace 8", to_string=True))
        break
    for one in current:
        stops[one.name] = stops.get(one.name, 0) + 1
        one.delete()
    current = []
    command = "signal SIGUSR1"
for name in wanted:
    print("%s %d" % (name, stops.get(name, 0)))
print("stores %d" % total)
print("ended %s" % gdb.convenience_variable("_exitcode"))
