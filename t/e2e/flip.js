// A proxy that changes one bit, in the body of the first uploads that are long
// enough, one after the other: the first one at the first place of those that
// are named, the second at the second place, and so on.  A place is counted from
// the beginning of the body, as it comes; a negative one from its end.  It has
// its turn again where the answer was not 400, as the body was not looked at.
//
//     node flip.js PORT TARGET-PORT LENGTH PLACE...

"use strict";

const http = require("http");

const [port, target, least, ...places] = process.argv.slice(2).map(Number);


http.createServer((req, res) => {
    const length = Number(req.headers["content-length"] ?? 0);
    const given = req.method === "PUT" && length >= least ? places.shift()
                                                          : undefined;
    const place = given < 0 ? length + given : given ?? -1;
    let seen = 0;

    const up = http.request({ host: "127.0.0.1", port: target, path: req.url,
                              method: req.method, headers: req.rawHeaders },
                            (answer) => {
        if (given !== undefined && answer.statusCode !== 400) {
            places.unshift(given);
        }

        res.writeHead(answer.statusCode, answer.rawHeaders);
        answer.pipe(res);
    });

    up.on("error", () => res.destroy());
    req.on("data", (data) => {
        if (place >= seen && place < seen + data.length) {
            data[place - seen] ^= 1;
        }

        seen += data.length;
        up.write(data);
    });
    req.on("end", () => up.end());
}).listen(port, "127.0.0.1", () => console.log("ready"));
