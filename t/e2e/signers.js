// The signers of AWS's clients on their own, @smithy/signature-v4 and
// @smithy/signature-v4a: header and query, odd paths and queries.  Prints TAP.
//
//     node signers.js URL ACCESS-KEY SECRET

"use strict";

const { SignatureV4 } = require("@smithy/signature-v4");
const { SignatureV4a } = require("@smithy/signature-v4a");
const crypto = require("crypto");
const http = require("http");

const [endpoint, accessKeyId, secretAccessKey] = process.argv.slice(2);
const { hostname, port } = new URL(endpoint);
let count = 0, id = 0;


class Sha256 {
    constructor(key) {
        this.hash = key ? crypto.createHmac("sha256", key)
                        : crypto.createHash("sha256");
    }

    update(data) { this.hash.update(data); }

    async digest() { return new Uint8Array(this.hash.digest()); }
}


function signer(Signer, service, options) {
    return new Signer({ service, region: "eu-central-1", sha256: Sha256,
                        credentials: { accessKeyId, secretAccessKey },
                        uriEscapePath: service !== "s3", ...options });
}


function request(path, query = {}, method = "GET", body = undefined) {
    return { method, protocol: "http:", hostname, port: Number(port), path,
             query, body,
             headers: { host: `${hostname}:${port}`, "x-id": String(++id) } };
}


const escape = (s) => encodeURIComponent(s)
    .replace(/[!'()*]/g, (c) => `%${c.charCodeAt(0).toString(16).toUpperCase()}`);


function target(r) {
    const pairs = Object.entries(r.query ?? {}).flatMap(([name, value]) =>
        [].concat(value).map((v) => `${escape(name)}=${escape(v)}`));

    return r.path + (pairs.length ? `?${pairs.join("&")}` : "");
}


function send(r) {
    return new Promise((resolve, reject) => {
        const headers = { ...r.headers };

        if (r.body) {
            headers["content-length"] = Buffer.byteLength(r.body);
        }

        const req = http.request({ hostname, port, method: r.method,
                                   path: target(r), headers }, (res) => {
            res.resume();
            res.on("end", () => resolve(res.statusCode));
        });

        req.on("error", reject);
        req.end(r.body);
    });
}


async function expect(want, r, what) {
    const got = await send(r);

    console.log(`${got === want ? "ok" : "not ok"} ${++count} - ${what}: `
                + `${got}`);
}


// of text, and of a number in hex digits

const flipHex = (s) => s.slice(0, -1) + (parseInt(s.at(-1), 16) ^ 1).toString(16);

const flip = (s) => s.slice(0, -1)
    + String.fromCharCode(s.charCodeAt(s.length - 1) ^ 1);

const paths = ["/p", "/p/a%20b", "/p/%C3%A4", "/p/a%2Fb", "/p/(x)!*'", "/p/a+b",
               "/p/a%2Bb", "/p/a=b&c", "/p/a:b@c,d;e$f", "/p/a%25b", "/p/~-._",
               "/p/%E2%82%AC%20x/y"];

const queries = [{ a: "1" }, { b: "2", a: "1" }, { a: ["2", "1"] },
                 { "a b": "c d" }, { "a+b": "c+d" }, { a: "" }, { "ä": "ö" },
                 { A: "1", a: "2" }, { a: "x/y?z=&%" }, { "a[]": "(1)!*'" }];


async function headers(name, s) {
    for (const path of paths) {
        await expect(200, await s.sign(request(path)), `${name} ${path}`);
    }

    for (const query of queries) {
        await expect(200, await s.sign(request("/p", query)),
                     `${name} ${JSON.stringify(query)}`);
    }

    await expect(200, await s.sign(request("/p", {}, "POST", "hello")),
                 `${name} with a body`);

    const one = async () => s.sign(request("/p/q", { a: "1" }, "POST",
                                           "hello"));
    let r = await one();

    r.headers.authorization = flipHex(r.headers.authorization);
    await expect(401, r, `${name}, a bit of the signature`);

    for (const [what, change] of [
        ["the path", (r) => { r.path = flip(r.path); }],
        ["the query", (r) => { r.query.a = "0"; }],
        ["the method", (r) => { r.method = "PUT"; }],
        ["a field", (r) => { r.headers["x-id"] += "x"; }],
        ["the date", (r) => {
            r.headers["x-amz-date"] = r.headers["x-amz-date"]
                .replace(/\d(?=Z)/, (d) => d ^ 1);
        }]])
    {
        r = await one();
        change(r);
        await expect(401, r, `${name}, a bit of ${what}`);
    }

    // the hash of the body is sent, or only signed

    r = await one();
    r.body = "hellp";
    await expect(r.headers["x-amz-content-sha256"] ? 400 : 401, r,
                 `${name}, a bit of the body`);
}


async function urls(name, s) {
    for (const path of paths) {
        await expect(200, await s.presign(request(path), { expiresIn: 60 }),
                     `${name} ${path}, presigned`);
    }

    for (const query of queries) {
        await expect(200, await s.presign(request("/p", query),
                                          { expiresIn: 60 }),
                     `${name} ${JSON.stringify(query)}, presigned`);
    }

    const one = () => s.presign(request("/p/q", { a: "1" }, "POST", "hello"),
                                { expiresIn: 60 });

    for (const [what, change] of [
        ["the signature", (r) => {
            r.query["X-Amz-Signature"] = r.query["X-Amz-Signature"]
                .replace(/^./, (c) => c === "0" ? "1" : "0");
        }],
        ["the path", (r) => { r.path = flip(r.path); }],
        ["the query", (r) => { r.query.a = "0"; }],
        ["the method", (r) => { r.method = "PUT"; }],
        ["the expiry", (r) => { r.query["X-Amz-Expires"] = "61"; }],
        ["the body", (r) => { r.body = "hellp"; }]])
    {
        const r = await one();

        change(r);
        await expect(401, r, `${name}, presigned, a bit of ${what}`);
    }

    await expect(200, await one(), `${name}, presigned with a body`);
}


(async () => {
    for (const service of ["execute-api", "s3"]) {
        const v4 = signer(SignatureV4, service);

        await headers(service, v4);
        await headers(`${service}, no hash sent`,
                      signer(SignatureV4, service, { applyChecksum: false }));
        await headers(`${service}, 4A`, signer(SignatureV4a, service));

        if (service !== "s3") {
            await urls(service, v4);
        }
    }

    console.log(`1..${count}`);
})().catch((e) => {
    console.log(`not ok ${++count} - ${e.stack}`.replace(/\n/g, " | "));
    process.exitCode = 1;
});
