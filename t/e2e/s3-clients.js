// AWS's own client for S3 against nginx: what comes back is what was sent, in
// every way in which the client signs bodies, and nothing changed gets through.
// Prints TAP.
//
//     node s3-clients.js URL ACCESS-KEY SECRET

"use strict";

const { S3Client, PutObjectCommand, GetObjectCommand, HeadObjectCommand,
        DeleteObjectCommand } = require("@aws-sdk/client-s3");
const { Upload } = require("@aws-sdk/lib-storage");
const { getSignedUrl } = require("@aws-sdk/s3-request-presigner");
const { Readable } = require("stream");
const crypto = require("crypto");
const http = require("http");

const [endpoint, accessKeyId, secretAccessKey] = process.argv.slice(2);
let count = 0;


function client(options, change) {
    const s3 = new S3Client({
        endpoint, region: "eu-central-1", forcePathStyle: true,
        maxAttempts: 1, credentials: { accessKeyId, secretAccessKey },
        ...options
    });

    // one bit of what leaves, behind the signer

    if (change) {
        s3.middlewareStack.add((next) => (args) => {
            change(args.request);
            return next(args);
        }, { step: "finalizeRequest", priority: "low", name: "change" });
    }

    return s3;
}


function ok(right, what) {
    console.log(`${right ? "ok" : "not ok"} ${++count} - ${what}`);
}


async function status(promise) {
    try {
        return (await promise).$metadata.httpStatusCode;
    } catch (e) {
        return e.$metadata?.httpStatusCode ?? String(e);
    }
}


async function expect(want, promise, what) {
    const got = await status(promise);

    ok(got === want, `${what}: ${got}`);
}


// one bit of a hex digit

function flipHex(text, i = text.length - 1) {
    return text.slice(0, i) + (parseInt(text[i], 16) ^ 1).toString(16)
           + text.slice(i + 1);
}


function request(url, method = "GET", body = "") {
    return new Promise((resolve, reject) => {
        const headers = body.length ? { "Content-Length": body.length } : {};
        const req = http.request(url, { method, headers }, (res) => {
            const data = [];

            res.on("data", (d) => data.push(d));
            res.on("end", () => resolve({ status: res.statusCode,
                                          body: Buffer.concat(data) }));
        });

        req.on("error", reject);
        req.end(body);
    });
}


// what was refused before may be there of another run, or not at all

async function there(s3, Key, body) {
    try {
        const got = await s3.send(new GetObjectCommand({ Bucket: "b", Key }));

        return Buffer.from(await got.Body.transformToByteArray()).equals(body);

    } catch (e) {
        return false;
    }
}


const bytes = (n) => crypto.randomBytes(n);


// keys that clients escape, and servers read in more than one way

async function keys() {
    const s3 = client();

    for (const Key of ["plain.txt", "a b", "a+b", "a%b", "a%20b", "ä/ö",
                       "a//b", "(x)!*'", "a&b=c;d", "a?b#c", "~-._", "a:b@c",
                       "x/$y,z", "[q]{r}|^`"])
    {
        const Body = bytes(100);

        await expect(200, s3.send(new PutObjectCommand({ Bucket: "b", Key,
                                                         Body })),
                     `PutObject ${Key}`);
        ok(await there(s3, Key, Body), `GetObject ${Key}`);
    }

    await expect(200, s3.send(new HeadObjectCommand({ Bucket: "b",
                                                      Key: "a b" })),
                 "HeadObject");
    await expect(204, s3.send(new DeleteObjectCommand({ Bucket: "b",
                                                        Key: "a b" })),
                 "DeleteObject");
    await expect(404, s3.send(new HeadObjectCommand({ Bucket: "b",
                                                      Key: "a b" })),
                 "HeadObject of what is gone");
}


// bodies, as a whole and as streams: the client frames the latter, and sends
// the checksum behind them

async function bodies() {
    for (const ChecksumAlgorithm of [undefined, "CRC32", "CRC32C", "CRC64NVME",
                                     "SHA1", "SHA256"])
    {
        for (const size of [0, 1, 70000]) {
            const body = bytes(size);
            const s3 = client();
            const Key = `s/${ChecksumAlgorithm}/${size}`;

            await expect(200, s3.send(new PutObjectCommand({ Bucket: "b", Key,
                Body: Readable.from(size ? [body.subarray(0, size >> 1),
                                            body.subarray(size >> 1)] : []),
                ContentLength: size, ChecksumAlgorithm })),
                `stream of ${size}, ${ChecksumAlgorithm}`);
            ok(await there(s3, Key, body),
               `what came back of ${size}, ${ChecksumAlgorithm}`);
        }
    }
}


async function multipart() {
    const body = bytes(11 * 1024 * 1024 + 5);
    const s3 = client();

    const upload = new Upload({ client: s3, partSize: 5 * 1024 * 1024,
                                queueSize: 2,
                                params: { Bucket: "b", Key: "big",
                                          Body: Readable.from(pieces(body)) } });

    await expect(200, upload.done(), "multipart upload");
    ok(await there(s3, "big", body), "what came back of it");
}


function* pieces(body) {
    for (let i = 0; i < body.length; i += 65536) {
        yield body.subarray(i, i + 65536);
    }
}


async function presigned() {
    const s3 = client();
    const body = bytes(500);

    const put = await getSignedUrl(s3, new PutObjectCommand({ Bucket: "b",
                                   Key: "p q/r+s" }), { expiresIn: 600 });
    const get = await getSignedUrl(s3, new GetObjectCommand({ Bucket: "b",
                                   Key: "p q/r+s" }), { expiresIn: 600 });

    ok((await request(put, "PUT", body)).status === 200, "presigned PUT");

    const got = await request(get);

    ok(got.status === 200 && got.body.equals(body), "presigned GET");

    const at = get.indexOf("X-Amz-Signature=") + 16;

    for (const [what, url, method] of [
        ["the signature", flipHex(get, at), "GET"],
        ["the key", get.replace("r%2Bs", "r%2Bt"), "GET"],
        ["the expiry", get.replace("Expires=600", "Expires=601"), "GET"],
        ["the date", get.replace(/(X-Amz-Date=\d+T\d{5})(\d)/,
                                 (all, a, b) => a + (b ^ 1)), "GET"],
        ["the method", get, "DELETE"],
        ["the operation", get.replace("GetObject", "GetObjecu"), "GET"],
        ["one parameter more", get + "&versionId=1", "GET"]])
    {
        const r = await request(url, method);

        ok(r.status === 401, `presigned, changed: ${what}: ${r.status}`);
    }

    const old = await getSignedUrl(s3, new GetObjectCommand({ Bucket: "b",
        Key: "p q/r+s" }), { expiresIn: 10,
                             signingDate: new Date(Date.now() - 11000) });

    ok((await request(old)).status === 401, "presigned, expired");
}


async function changed() {
    const body = bytes(70000);
    const put = (change, stream) => client({}, change).send(
        new PutObjectCommand({ Bucket: "b", Key: "changed",
            Body: stream ? Readable.from([body]) : body,
            ContentLength: body.length }));

    await expect(401, put((r) => { r.headers.authorization
                                   = flipHex(r.headers.authorization); }),
                 "a bit of the signature");
    await expect(401, put((r) => { r.path += "x"; }), "the path");
    await expect(401, put((r) => { r.query = { ...r.query, a: "1" }; }),
                 "the query");
    await expect(401, put((r) => { r.headers["x-amz-user-agent"] += "x"; }),
                 "a signed field");
    await expect(401, put((r) => { r.headers["x-amz-acl"] = "public-read"; }),
                 "a field that is not signed");
    await expect(400, put((r) => {
        r.body = Buffer.from(r.body);
        r.body[69999] ^= 1;
    }), "a bit of the body");

    // the framing that the client makes while it sends

    await expect(400, put((r) => {
        const from = r.body;

        r.body = Readable.from((async function* () {
            for await (const piece of from) {
                const copy = Buffer.from(piece);

                if (copy.length > 60000) {
                    copy[60000] ^= 1;
                }
                yield copy;
            }
        })());
    }, true), "a bit of a stream");
    await expect(400, put((r) => {
        r.headers["x-amz-decoded-content-length"] = "69999";
    }, true).catch((e) => Promise.reject(e)).then((x) => x, (e) => {
        // what is signed is refused before what it means
        e.$metadata.httpStatusCode = e.$metadata.httpStatusCode === 401
                                     ? 400 : 0;
        throw e;
    }), "the length of a stream");
}


(async () => {
    for (const part of [keys, bodies, multipart, presigned, changed]) {
        try {
            await part();
        } catch (e) {
            ok(false, `${part.name}: ${e.stack}`.replace(/\n/g, " | "));
        }
    }

    console.log(`1..${count}`);
})();
