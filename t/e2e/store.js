// The application behind the tests of S3 clients: keeps objects in memory, and
// knows nothing of signatures.  What it gets it takes as it comes, so that a
// body that is still framed is stored with its framing; only with the request
// field X-Store-Unframe, as nginx sets it for what reads aws-chunked itself, it
// takes the payload.
//
//     node store.js PORT

"use strict";

const http = require("http");
const crypto = require("crypto");

const objects = new Map();
const uploads = new Map();

http.createServer((req, res) => {
    const url = new URL(req.url, "http://store");
    const chunks = [];

    req.on("error", () => {});
    req.on("data", (chunk) => chunks.push(chunk));
    req.on("end", () => answer(req, res, url, Buffer.concat(chunks)));
}).listen(Number(process.argv[2]), "127.0.0.1", () => console.log("ready"));


function answer(req, res, url, body) {
    const q = url.searchParams;
    const key = url.pathname;

    res.setHeader("X-Store-Length", req.headers["content-length"] ?? "none");
    res.setHeader("X-Store-Encoding", req.headers["content-encoding"] ?? "none");

    if (req.method === "POST" && q.has("uploads")) {
        const id = crypto.randomUUID();

        uploads.set(id, new Map());
        return xml(res, "InitiateMultipartUploadResult",
                   `<UploadId>${id}</UploadId>`);
    }

    if (req.method === "POST" && q.has("uploadId")) {
        const parts = uploads.get(q.get("uploadId"));
        const all = [...parts.keys()].sort((a, b) => a - b)
                    .map((n) => parts.get(n));

        objects.set(key, Buffer.concat(all));
        return xml(res, "CompleteMultipartUploadResult",
                   `<ETag>"${hash(objects.get(key))}"</ETag>`);
    }

    if (req.headers["x-store-unframe"]) {
        body = unframed(body);
    }

    if (key.endsWith("/") || q.has("list-type") || q.has("location")) {
        return bucket(req, res, key, q);
    }

    if (req.method === "PUT") {
        if (q.has("uploadId")) {
            uploads.get(q.get("uploadId")).set(Number(q.get("partNumber")),
                                               body);
        } else {
            objects.set(key, body);
        }

        res.setHeader("ETag", `"${hash(body)}"`);
        return res.end();
    }

    if (req.method === "DELETE") {
        objects.delete(key);
        res.statusCode = 204;
        return res.end();
    }

    if (!objects.has(key)) {
        res.statusCode = 404;
        return res.end();
    }

    res.setHeader("ETag", `"${hash(objects.get(key))}"`);
    res.setHeader("Last-Modified", new Date().toUTCString());

    const all = objects.get(key);
    const range = /^bytes=(\d+)-(\d*)$/.exec(req.headers.range ?? "");
    const from = range ? Number(range[1]) : 0;
    const part = all.subarray(from, range && range[2] !== ""
                                    ? Number(range[2]) + 1 : all.length);

    if (range) {
        res.statusCode = 206;
        res.setHeader("Content-Range", `bytes ${from}-${from + part.length - 1}`
                                       + `/${all.length}`);
    }

    res.setHeader("Content-Length", part.length);
    res.end(req.method === "HEAD" ? undefined : part);
}


// every bucket is there, and its objects are those below its path

function bucket(req, res, path, q) {
    const top = path.endsWith("/") ? path : path + "/";
    const prefix = q.get("prefix") ?? "", delimiter = q.get("delimiter") ?? "";
    const common = new Set();
    let contents = "";

    if (req.method !== "GET") {
        return res.end();
    }

    if (q.has("location")) {
        return xml(res, "LocationConstraint", "");
    }

    for (const [at, data] of [...objects].sort(([a], [b]) => a < b ? -1 : 1)) {
        const name = decodeURIComponent(at.slice(top.length));

        if (!at.startsWith(top) || !name.startsWith(prefix)) {
            continue;
        }

        const cut = delimiter === "" ? -1
                                     : name.indexOf(delimiter, prefix.length);

        if (cut !== -1) {
            common.add(name.slice(0, cut + 1));
            continue;
        }

        contents += `<Contents><Key>${name}</Key><LastModified>`
            + `${new Date().toISOString()}</LastModified><ETag>"${hash(data)}"`
            + `</ETag><Size>${data.length}</Size></Contents>`;
    }

    for (const name of common) {
        contents += `<CommonPrefixes><Prefix>${name}</Prefix></CommonPrefixes>`;
    }

    xml(res, "ListBucketResult", `<Name>${top.slice(1, -1)}</Name>`
        + `<IsTruncated>false</IsTruncated>${contents}`);
}


// the payload of a body that is framed as aws-chunked

function unframed(body) {
    const parts = [];

    for (let at = 0; at < body.length; ) {
        const line = body.indexOf("\r\n", at);
        const size = parseInt(body.toString("latin1", at, line), 16);

        if (!(size > 0)) {
            break;
        }

        parts.push(body.subarray(line + 2, line + 2 + size));
        at = line + 2 + size + 2;
    }

    return Buffer.concat(parts);
}


function xml(res, name, inner) {
    res.setHeader("Content-Type", "application/xml");
    res.end(`<?xml version="1.0"?><${name}>${inner}</${name}>`);
}


function hash(data) {
    return crypto.createHash("md5").update(data).digest("hex");
}
