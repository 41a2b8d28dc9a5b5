-- The load: wrk's one thread asks for REQUESTS answers in an order that is the same each time,
-- then ends wrk, and prints what the answers were like.
local ffi = require("ffi")
ffi.cdef("int kill(int pid, int signal); int getpid(void);")
local SIGINT = 2

local wanted = tonumber(os.getenv("REQUESTS"))

-- Numbers of our own, by Park and Miller: the same sequence everywhere.
local state = 20011
local function random(limit)
    state = state * 16807 % 2147483647
    return state % limit
end

local function get(pattern)
    return function()
        return wrk.format("GET", string.format(pattern, random(1000003)))
    end
end

-- A file as a form sends it: of 100 to 4099 lines.
local uploads = {}
local function upload()
    local lines = { "isbn,title,price" }
    for i = 1, 100 + random(4000) do
        lines[#lines + 1] = string.format("%013d,Title %d,%d.%02d", random(2147483647), i, random(90), random(100))
    end
    local part = 'Content-Disposition: form-data; name="file"; filename="books.csv"\r\nContent-Type: text/csv\r\n\r\n'
    local body = "--limit\r\n" .. part .. table.concat(lines, "\n") .. "\r\n--limit--\r\n"
    local headers = { ["Content-Type"] = "multipart/form-data; boundary=limit", ["Connection"] = "close" }
    return wrk.format("POST", "/imports", headers, body)
end

-- Of 1000 requests: most are small, a few are large.
local mix = {
    { 696, get("/api/books/%d") },
    { 140, get("/books/%d") },
    { 70, get("/api/books?page=%d") },
    { 50, get("/books?page=%d") },
    { 10, get("/reports/%d") },
    { 8, get("/exports/%d.csv") },
    { 8, get("/exports/%d.json") },
    { 18, function() return uploads[1 + random(#uploads)] end },
}

function setup(thread)
    running = thread
    thread:set("answers", 0)
    thread:set("wrong", 0)
end

-- A connection for each request, as a proxy in front makes them: one that is kept belongs to one
-- worker, and which worker has how many would be chance.
function init()
    wrk.headers["Connection"] = "close"
    for i = 1, 8 do
        uploads[i] = upload()
    end
end

function request()
    local place = random(1000)
    for _, kind in ipairs(mix) do
        if place < kind[1] then
            return kind[2]()
        end
        place = place - kind[1]
    end
end

-- wrk's first thread sleeps for the time that it was given: a signal wakes it. Answers that come
-- together with the last one are none of ours.
function response(status)
    if answers == wanted then
        return
    end
    answers = answers + 1
    if status ~= 200 then
        wrong = wrong + 1
    end
    if answers == wanted then
        wrk.thread:stop()
        ffi.C.kill(ffi.C.getpid(), SIGINT)
    end
end

function done(summary, latency)
    local errors = summary.errors
    print(string.format("answers=%d wrong=%d lost=%d seconds=%.6f p50_ms=%.3f p99_ms=%.3f", running:get("answers"),
        running:get("wrong"), errors.connect + errors.read + errors.write + errors.timeout,
        summary.duration / 1e6, latency:percentile(50) / 1e3, latency:percentile(99) / 1e3))
end
