// Signs a request with a library of npm, and sends it:
//
//     node sign-npm.js LIBRARY ALGORITHM KEYID FILE METHOD URL [BODY]
//
// LIBRARY: "httpbis" and "cavage" are the two halves of http-message-signatures,
// "joyent" is http-signature, "joyent-field" the same with a Signature field.
// Prints the status, the body of the answer, and the header lines that were sent.

"use strict";

const crypto = require("node:crypto");
const fs = require("node:fs");
const http = require("node:http");

const [library, algorithm, keyId, file, method, url, body] =
    process.argv.slice(2);

const at = new URL(url);
const key = fs.readFileSync(file);

// node's http and http-signature want the path as it will be sent
const options = { host: at.hostname, port: at.port, method,
                  path: at.pathname + at.search };

function hash() {
    return crypto.createHash("sha256").update(body).digest("base64");
}

// RFC 9421, section 3.3.1: a salt of 64 bytes; the library's own signer takes the
// longest that there is room for ("rsa-pss-sha512/own")
function pss(id) {
    return { id, alg: "rsa-pss-sha512", sign: async data =>
        crypto.sign("sha512", data, { key, saltLength: 64,
            padding: crypto.constants.RSA_PKCS1_PSS_PADDING }) };
}

async function messageSignatures() {
    const { createSigner, httpbis, cavage } =
        require("http-message-signatures");
    const old = library === "cavage";
    const request = { method, url, headers: { host: at.host } };
    let fields = old ? ["@request-target", "host"]
                     : ["@method", "@authority", "@path", "@query"];

    if (old && /^(rsa-v|hmac|ecdsa)/.test(algorithm)) {
        request.headers.date = new Date().toUTCString();
        fields.push("date");

    } else if (old) {
        fields.push("@created", "@expires");
    }

    if (body !== undefined && old) {
        request.headers.digest = `SHA-256=${hash()}`;
        fields.push("digest");

    } else if (body !== undefined) {
        request.headers["content-digest"] = `sha-256=:${hash()}:`;
        fields.push("content-digest");
    }

    const config = {
        key: algorithm === "rsa-pss-sha512"
             ? pss(keyId) : createSigner(key, algorithm.split("/")[0], keyId),
        fields,
        paramValues: old ? {} : { nonce: crypto.randomUUID() },
        params: !old ? ["created", "keyid", "alg", "nonce"]
                : fields.includes("@created")
                  ? ["keyid", "alg", "created", "expires"]
                  : ["keyid", "alg"],
    };

    const signed = await (old ? cavage : httpbis).signMessage(config, request);

    return signed.headers;
}

function send(headers, prepare) {
    const request = http.request({ ...options, headers }, answer => {
        let text = "";

        answer.on("data", piece => { text += piece; });
        answer.on("end", () => {
            console.log(`${answer.statusCode} ${text.trim()}`);

            for (const [name, value] of Object.entries(request.getHeaders())) {
                console.log(`${name}: ${value}`);
            }
        });
    });

    if (prepare) {
        prepare(request);
    }

    request.end(body);
}

function joyent(request) {
    const headers = ["(request-target)", "host", "date"];

    if (body !== undefined) {
        request.setHeader("Digest", `SHA-256=${hash()}`);
        headers.push("digest");
    }

    require("http-signature").sign(request, {
        key: algorithm.startsWith("hmac") ? key : key.toString(),
        keyId, headers, algorithm,
        authorizationHeaderName:
            library === "joyent-field" ? "Signature" : "Authorization",
    });
}

if (library.startsWith("joyent")) {
    send({ Date: new Date().toUTCString() }, joyent);

} else {
    messageSignatures().then(headers => send(headers));
}
