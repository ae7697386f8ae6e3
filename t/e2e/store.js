// The application behind the tests of S3 clients: keeps objects in memory, and
// knows nothing of signatures.  What it gets it takes as it comes, so that a
// body that is still framed is stored with its framing.
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
    res.setHeader("Content-Length", objects.get(key).length);
    res.end(req.method === "HEAD" ? undefined : objects.get(key));
}


function xml(res, name, inner) {
    res.setHeader("Content-Type", "application/xml");
    res.end(`<?xml version="1.0"?><${name}>${inner}</${name}>`);
}


function hash(data) {
    return crypto.createHash("md5").update(data).digest("hex");
}
