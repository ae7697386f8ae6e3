-- wrk: one request over and over from each connection, a pause between two, so
-- that the server is busy and not saturated; see bench/sign-ins

local raw

function init(args)
    local f = assert(io.open(args[1], "rb"))
    raw = f:read("*a"):gsub("\30$", "")
    f:close()
end

function request()
    return raw
end

function delay()
    return 10
end

function done(summary, latency)
    io.write(string.format("RESULT %d %d %d %d %d %d\n",
        summary.requests, summary.errors.status,
        summary.errors.connect + summary.errors.read + summary.errors.write
            + summary.errors.timeout,
        latency:percentile(50), latency:percentile(99), latency.max))
end
