// Verifies an answer by npm's http-message-signatures:
//
//     node verify-response.js FILE
//
// FILE is JSON: secret, keyid, request (method, url, headers) and response
// (status, headers).  Prints "true", "false", or why neither.

"use strict";

const crypto = require("crypto");
const fs = require("fs");
const { httpbis } = require("http-message-signatures");

const given = JSON.parse(fs.readFileSync(process.argv[2], "utf8"));

const verify = async (data, signature) => {
    const mac = crypto.createHmac("sha256", given.secret).update(data).digest();

    return mac.length === signature.length
           && crypto.timingSafeEqual(mac, signature);
};

httpbis.verifyMessage({
    keyLookup: async ({ keyid }) => keyid === given.keyid
        ? { id: keyid, algs: ["hmac-sha256"], verify } : null,
    all: true,
}, given.response, given.request)
    .then((result) => console.log(String(result)))
    .catch((error) => console.log(error.message));
