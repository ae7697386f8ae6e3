// Webhooks signed by the libraries of those who send them, against nginx; each
// also with one bit changed, and sent again.  Prints TAP.
//
//     node webhooks.js URL SECRET

"use strict";

const path = require("path");
const { pathToFileURL } = require("url");
const { Webhook } = require("standardwebhooks");
const Stripe = require("stripe");

const [url, secret] = process.argv.slice(2);
let count = 0;


function is(got, want, what) {
    console.log(`${got === want ? "ok" : "not ok"} ${++count} - ${what}`);

    if (got !== want) {
        console.log(`# got ${got}, expected ${want}`);
    }
}


async function send(target, headers, body) {
    const r = await fetch(url + target, { method: "POST", headers, body });
    const text = await r.text();
    const code = /"code":"([^"]*)"/.exec(text);

    return `${r.status} ${code ? code[1] : "-"}`;
}


// the last character of a value that stands for bits, and not "="

function flip(text) {
    const at = text.search(/[^=]=*$/) - (text.endsWith("=") ? 1 : 0);
    const last = text[at];
    const other = /[0-9]/.test(last) ? last ^ 1 : last === "a" ? "b" : "a";

    return text.slice(0, at) + other + text.slice(at + 1);
}


// make() signs and returns the header fields; of signed ones any change counts

async function prove(name, target, signed, make) {
    const body = () => JSON.stringify({ type: "test", at: process.hrtime()[1],
                                        text: "ä €" });
    let b = body();
    const headers = await make(b);

    is(await send(target, headers, b), "200 -", `${name}: accepted`);
    is(await send(target, headers, b), "401 sign/replayed", `${name}: a copy`);

    for (const field of signed) {
        b = body();
        const changed = await make(b);

        changed[field] = flip(changed[field]);
        is(await send(target, changed, b), "401 sign/invalid",
           `${name}: one bit of ${field}`);
    }

    b = Buffer.from(body());
    const rest = await make(b.toString());

    b[b.length - 4] ^= 1;
    is(await send(target, rest, b), "401 sign/invalid",
       `${name}: one bit of the body`);
}


async function main() {
    const standard = new Webhook(Buffer.from(secret).toString("base64"));
    let n = 0;

    await prove("standardwebhooks", "/standard",
                ["webhook-id", "webhook-timestamp", "webhook-signature"],
                (body) => {
        const id = `msg_${process.pid}x${++n}xy`;
        const at = new Date();

        return { "webhook-id": id,
                 "webhook-timestamp": String(Math.floor(at / 1000)),
                 "webhook-signature": standard.sign(id, at, body) };
    });

    const stripe = new Stripe("sk_test_none");

    await prove("stripe", "/stripe", ["stripe-signature"], (payload) => ({
        "stripe-signature":
            stripe.webhooks.generateTestHeaderString({ payload, secret })
    }));

    const octokit = await import(pathToFileURL(path.join(process.env.NODE_PATH,
        "@octokit/webhooks-methods/dist-node/index.js")));

    await prove("@octokit/webhooks-methods", "/github",
                ["x-hub-signature-256"], async (body) => ({
        "x-hub-signature-256": await octokit.sign(secret, body)
    }));

    console.log(`1..${count}`);
}


main().catch((e) => {
    console.log(`# ${e.stack}`);
    process.exit(1);
});
