// A server as gRPC has them: HTTP/2, with the status in the trailers.
//
//     node grpc-server.js PORT
//
// Answers /unary with one message, /stream with three that come one by one,
// /trailers with a head alone, and prints "ready" when it listens.

"use strict";

const http2 = require("http2");

const message = (text) => {
    const data = Buffer.from(text), head = Buffer.alloc(5);

    head.writeUInt32BE(data.length, 1);

    return Buffer.concat([head, data]);
};

const server = http2.createServer();

server.on("stream", (stream, headers) => {
    const type = { ":status": 200, "content-type": "application/grpc" };

    stream.on("error", () => {});

    if (headers[":path"] === "/trailers") {
        stream.respond({ ...type, "grpc-status": "5",
                         "grpc-message": "not found" }, { endStream: true });
        return;
    }

    stream.respond(type, { waitForTrailers: true });

    stream.on("wantTrailers", () => stream.sendTrailers({
        "grpc-status": "0", "grpc-message": "fine" }));

    if (headers[":path"] === "/unary") {
        stream.end(message("one"));
        return;
    }

    stream.write(message("one"));
    setTimeout(() => stream.write(message("two")), 100);
    setTimeout(() => stream.end(message("three")), 200);
});

server.listen(Number(process.argv[2]), "127.0.0.1",
              () => console.log("ready"));
