// Asks nginx by Node's own clients of HTTP/1.1 and HTTP/2, as one that reads
// trailers, and verifies the signatures of the answers by the text of RFC 9421
// (section 2.5) with node:crypto, those in the head by npm's
// http-message-signatures as well:
//
//     node trailers.js FILE
//
// FILE is JSON: keys (id: secret, or a public key in PEM) and requests, each
// with protocol (1 or 2), port, path, and perhaps method, headers, body.
// Prints a JSON array of what came: status, headers, trailers, length, digest
// of the body; head and tail: of each signature the list of its components, and
// whether it is good; npm: what that package says of the head.

"use strict";

const crypto = require("crypto");
const fs = require("fs");
const http = require("http");
const http2 = require("http2");
const { httpbis } = require("http-message-signatures");

const given = JSON.parse(fs.readFileSync(process.argv[2], "utf8"));

const gather = (stream, done) => {
    const hash = crypto.createHash("sha256");
    let length = 0;

    stream.on("data", (data) => { hash.update(data); length += data.length; });
    stream.on("end", () => done(length, hash.digest("base64")));
};

const ask1 = (r) => new Promise((resolve) => {
    const request = http.request({
        host: "127.0.0.1", port: r.port, method: r.method, path: r.path,
        headers: { Host: "localhost", ...r.headers }, agent: false,
    }, (answer) => {
        answer.on("error", (error) => resolve({ error: error.message }));
        gather(answer, (length, digest) => resolve({
            status: answer.statusCode, headers: answer.headers,
            trailers: answer.trailers, length, digest }));
    });

    request.on("error", (error) => resolve({ error: error.message }));
    request.end(r.body);
});

const ask2 = (r) => new Promise((resolve) => {
    const client = http2.connect(`http://127.0.0.1:${r.port}`);
    const stream = client.request({
        ":method": r.method, ":path": r.path, ":authority": "localhost",
        ...r.headers }, { endStream: r.body === undefined });
    let headers = {}, trailers = {};

    const end = (result) => { client.close(); resolve(result); };

    client.on("error", (error) => end({ error: error.message }));
    stream.on("error", (error) => end({ error: error.message }));
    stream.on("response", (h) => { headers = h; });
    stream.on("trailers", (h) => { trailers = h; });
    gather(stream, (length, digest) => setImmediate(() => end({
        status: headers[":status"], headers: { ...headers },
        trailers: { ...trailers }, length, digest })));

    if (r.body !== undefined) {
        stream.end(r.body);
    }
});

// the value of one component; "\"name\";req", "\"name\";tr", "\"name\""
const value = (id, r, answer) => {
    const [, name, params] = id.match(/^"([^"]+)"(.*)$/);
    const [path, query] = [r.path.split("?")[0],
                           "?" + r.path.split("?").slice(1).join("?")];

    if (params.startsWith(";req")) {
        const member = params.match(/;key="([^"]+)"/);

        return { "@method": r.method, "@authority": "localhost",
                 "@path": path, "@query": query }[name]
            ?? (r.headers.Signature || r.headers.signature)
                   .match(new RegExp(`${member[1]}=(:[^:]*:)`))[1];
    }

    if (name === "@status") {
        return String(answer.status);
    }

    return (params === ";tr" ? answer.trailers : answer.headers)[name];
};

const verify = (from, r, answer) => {
    const input = from["signature-input"], signature = from.signature;

    if (input === undefined || signature === undefined) {
        return null;
    }

    const [, label, params, list] =
        input.match(/^([a-z0-9]+)=((\([^)]*\)).*)$/);
    const bytes = signature.match(new RegExp(`^${label}=:([^:]*):$`));
    const ids = list.slice(1, -1).split(" ");
    const base = ids.map((id) => `${id}: ${value(id, r, answer)}\n`).join("")
                 + `"@signature-params": ${params}`;
    const keyid = params.match(/;keyid="([^"]+)"/)[1];
    const key = given.keys[keyid], sent = Buffer.from(bytes[1], "base64");

    const good = key.startsWith("-----")
        ? crypto.verify(null, base, key, sent)
        : crypto.createHmac("sha256", key).update(base).digest().equals(sent);

    return { label, list: ids, keyid, good };
};

const byNpm = async (r, answer) => {
    const headers = Object.fromEntries(Object.entries(answer.headers)
        .filter(([name]) => !name.startsWith(":")));

    return httpbis.verifyMessage({
        keyLookup: async ({ keyid }) => ({
            id: keyid, algs: ["hmac-sha256"],
            verify: async (data, signature) => crypto
                .createHmac("sha256", given.keys[keyid]).update(data).digest()
                .equals(signature) }),
        all: true,
    }, { status: answer.status, headers },
       { method: r.method, url: `http://localhost${r.path}`,
         headers: r.headers }).catch((error) => error.message);
};

const main = async () => {
    const results = [];

    for (const r of given.requests) {
        r.method ??= "GET";
        r.headers ??= {};

        const answer = await (r.protocol === 2 ? ask2(r) : ask1(r));

        if (!answer.error) {
            answer.head = verify(answer.headers, r, answer);
            answer.tail = verify(answer.trailers, r, answer);
            answer.whole = answer.trailers["content-digest"]
                           === `sha-256=:${answer.digest}:`;

            if (r.npm && answer.head) {
                answer.npm = await byNpm(r, answer);
            }
        }

        results.push(answer);
    }

    console.log(JSON.stringify(results));
};

main();
