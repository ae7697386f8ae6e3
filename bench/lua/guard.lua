-- The same checks as a careful user of lua-nginx-module writes them today:
-- RFC 9421 with HMAC-SHA256 through LuaJIT's FFI, the replay claim in Redis,
-- a role table, a JSON line a request.  For the benchmark only.

local ffi = require "ffi"
local cjson = require "cjson.safe"
local redis = require "nginx.redis"

ffi.cdef[[
typedef struct evp_md_st EVP_MD;
const EVP_MD *EVP_sha256(void);
unsigned char *HMAC(const EVP_MD *evp_md, const void *key, int key_len,
                    const unsigned char *d, size_t n, unsigned char *md,
                    unsigned int *md_len);
int CRYPTO_memcmp(const void *a, const void *b, size_t len);
]]

local C = ffi.C
local sha256 = C.EVP_sha256()
local md = ffi.new("unsigned char[32]")

local keys = {
    AKBENCH = {
        secret = "0123456789abcdef0123456789abcdef",
        roles = { "viewer" }
    }
}

local grants = { viewer = { { method = "GET", prefix = "/api/" } } }

local _M = {}

local function refuse(status, code)
    ngx.ctx.code = code
    return ngx.exit(status)
end

local function component(name)
    if name == "@method" then
        return ngx.req.get_method()
    elseif name == "@authority" then
        return ngx.var.http_host
    elseif name == "@path" then
        return (ngx.re.gsub(ngx.var.request_uri, [[\?.*]], "", "jo"))
    end
    return ngx.var["http_" .. name:gsub("-", "_")]
end

function _M.access()
    local headers = ngx.req.get_headers()
    local input, sig = headers["signature-input"], headers["signature"]

    if not input or not sig then
        return refuse(401, "missing")
    end

    local m = ngx.re.match(input,
        [[^(\w+)=(\(([^)]*)\);created=(\d+);keyid="([^"]+)";nonce="([^"]+)")$]],
        "jo")
    local s = ngx.re.match(sig, [[^(\w+)=:([A-Za-z0-9+/=]+):$]], "jo")

    if not m or not s or m[1] ~= s[1] then
        return refuse(400, "malformed")
    end

    local key = keys[m[5]]
    if not key then
        return refuse(401, "unknown-key")
    end

    local created = tonumber(m[4])
    if math.abs(ngx.time() - created) > 900 then
        return refuse(401, "expired")
    end

    local base, k = {}, 0
    for name in m[3]:gmatch('"([^"]+)"') do
        local value = component(name)
        if not value then
            return refuse(401, "coverage")
        end
        k = k + 1
        base[k] = '"' .. name .. '": ' .. value .. "\n"
    end
    base[k + 1] = '"@signature-params": ' .. m[2]

    local text = table.concat(base)
    local given = ngx.decode_base64(s[2])

    C.HMAC(sha256, key.secret, #key.secret, text, #text, md, nil)

    if not given or #given ~= 32 or C.CRYPTO_memcmp(md, given, 32) ~= 0 then
        return refuse(401, "invalid")
    end

    local red = redis:new()
    red:set_timeouts(500, 500, 500)

    local ok = red:connect("127.0.0.1", tonumber(ngx.var.redis_port))
    if not ok then
        return refuse(503, "unavailable")
    end

    local res = red:set("lua:" .. m[5] .. ":" .. m[6], 1, "NX", "PX", 901000)
    red:set_keepalive(10000, 64)

    if res ~= "OK" then
        return refuse(401, "replayed")
    end

    local method, uri = ngx.req.get_method(), ngx.var.uri
    local allowed = false

    for _, role in ipairs(key.roles) do
        for _, grant in ipairs(grants[role] or {}) do
            if grant.method == method
                and uri:sub(1, #grant.prefix) == grant.prefix
            then
                allowed = true
            end
        end
    end

    if not allowed then
        return refuse(403, "no-grant")
    end

    ngx.ctx.subject = m[5]
end

local file, lines, count = nil, {}, 0

function _M.log()
    local var = ngx.var

    count = count + 1
    lines[count] = cjson.encode({
        time = ngx.utctime(), remote = var.remote_addr,
        method = var.request_method, target = var.request_uri,
        host = var.http_host, status = ngx.status, subject = ngx.ctx.subject,
        code = ngx.ctx.code, bytes_in = var.request_length,
        bytes_out = var.bytes_sent, duration = var.request_time,
        user_agent = var.http_user_agent, referer = var.http_referer
    })

    if count == 128 then
        file = file or io.open(var.log_path, "a")
        lines[count + 1] = ""
        file:write(table.concat(lines, "\n"))
        file:flush()
        lines, count = {}, 0
    end
end

return _M
