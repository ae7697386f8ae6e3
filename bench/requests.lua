-- wrk: sends the requests of a file in turn, each once; see requests.c

local requests, n, i = {}, 0, 0

function init(args)
    local f = assert(io.open(args[1], "rb"))
    local text = f:read("*a")
    f:close()

    for raw in text:gmatch("([^\30]+)\30") do
        n = n + 1
        requests[n] = raw
    end
end

function request()
    i = i % n + 1
    return requests[i]
end

function done(summary, latency)
    io.write(string.format("RESULT %d %d %d %d %d %d\n",
        summary.requests, summary.errors.status,
        summary.errors.connect + summary.errors.read + summary.errors.write
            + summary.errors.timeout,
        summary.duration, latency:percentile(50), latency:percentile(99)))
end
