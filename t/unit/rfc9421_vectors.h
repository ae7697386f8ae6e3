
/*
 * RFC 9421: the signed messages of appendix B and of sections 2.4 and 4.3, and
 * the public keys of appendix B.1.
 */


#ifndef _RFC9421_VECTORS_H_INCLUDED_
#define _RFC9421_VECTORS_H_INCLUDED_


/* RSA: SubjectPublicKeyInfo; P-256: the point; Ed25519: the octets */

#define KEY_RSA_PSS                                                           \
    "MIIBIjANBgkqhkiG9w0BAQEFAAOCAQ8AMIIBCgKCAQEAr4tmm3r20Wd/PbqvP1s2+QEtvp"  \
    "uRaV8Yq40gjUR8y2Rjxa6dpG2GXHbPfvMs8ct+Lh1GH45x28Rw3Ry53mm+oAXjyQ86OnDk"  \
    "Z5N8lYbggD4O3w6M6pAvLkhk95AndTrifbIFPNU8PPMO7OyrFAHqgDsznjPFmTOtCEcN2Z"  \
    "1FpWgchwuYLPL+Wokqltd11nqqzi+bJ9cvSKADYdUAAN5WUtzdpiy6LbTgSxP7ociU4Tn0"  \
    "g5I6aDZJ7A8Lzo0KSyZYoA485mqcO0GVAdVw9lq4aOT9v6d+nb4bnNkQVklLQ3fVAvJm+x"  \
    "dDOp9LCNCN48V2pnDOkFV6+U9nV5oyc6XI2wIDAQAB"

#define KEY_RSA                                                               \
    "MIIBIjANBgkqhkiG9w0BAQEFAAOCAQ8AMIIBCgKCAQEAhAKYdtoeoy8zcAcR874L8cnZxK"  \
    "zAGwd7v36APp7Pv6Q2jdsPBRrwWEBnez6d0UDKDwGbc6nxfEXAy5mbhgajzrw3MOEt8uA5"  \
    "txSKobBpKDeBLOsdJKFqMGmXCQvEG7YemcxDTRPxAleIAgYYRjTSd/QBwVW9OwNFhekro3"  \
    "RtlinV0a75jfZgkne/YiktSvLG34lw2zqXBDTC5NHROUqGTlML4PlNZS5Ri2U4aCNx2rUP"  \
    "RcKIlE0PuKxI4T+HIaFpv8+rdV6eUgOrB2xeI1dSFFn/nnv5OoZJEIB+VmuKn3DCUcCZSF"  \
    "lQPSXSfBDiUGhwOw76WuSSsf1D4b/vLoJ10wIDAQAB"

#define KEY_P256                                                              \
    "BKiFWGVSwqz2Rxh4z9ewk1tP/g/S38NBJI6he8QeBYrwMc4nN9LTDOBhfoUeg8Ye9WedFR"  \
    "hnZXZJA12Qp0zZ6F0="

#define KEY_ED25519                                                           \
    "JrQLj5P/89iXES9+vFgrIy29clF9CC/oPPsw3c5D0bs="

#define B21                                                                   \
    "POST /foo?param=Value&Pet=dog HTTP/1.1\n"                                \
    "Host: example.com\n"                                                     \
    "Date: Tue, 20 Apr 2021 02:07:55 GMT\n"                                   \
    "Content-Type: application/json\n"                                        \
    "Content-Digest: sha-512=:WZDPaVn/7XgHaAy8pmojAkGWoRx2UFChF41A2svX+"      \
    "TaPm+AbwAgBWnrIiYllu7BNNyealdVLvRwEmTHWXvJwew==:\n"                      \
    "Content-Length: 18\n"                                                    \
    "Signature-Input: sig-b21=();created=1618884473;keyid=\"test-key-rs"      \
    "a-pss\";nonce=\"b3k2pp5k7z-50gnwp.yemd\"\n"                              \
    "Signature: sig-b21=:d2pmTvmbncD3xQm8E9ZV2828BjQWGgiwAaw5bAkgibUope"      \
    "mLJcWDy/lkbbHAve4cRAtx31Iq786U7it++wgGxbtRxf8Udx7zFZsckzXaJMkA7ChG"      \
    "52eSkFxykJeNqsrWH5S+oxNFlD4dzVuwe8DhTSja8xxbR/Z2cOGdCbzR72rgFWhzx2"      \
    "VjBqJzsPLMIQKhO4DGezXehhWwE56YCE+O6c0mKZsfxVrogUvA4HELjVKWmAvtl6Un"      \
    "Ch8jYzuVG5WSb/QEVPnP5TmcAnLH1g+s++v6d4s8m0gCw1fV5/SITLq9mhho8K3+7E"      \
    "PYTU8IU1bLhdxO5Nyt8C8ssinQ98Xw9Q==:\n"

#define B22                                                                   \
    "POST /foo?param=Value&Pet=dog HTTP/1.1\n"                                \
    "Host: example.com\n"                                                     \
    "Date: Tue, 20 Apr 2021 02:07:55 GMT\n"                                   \
    "Content-Type: application/json\n"                                        \
    "Content-Digest: sha-512=:WZDPaVn/7XgHaAy8pmojAkGWoRx2UFChF41A2svX+"      \
    "TaPm+AbwAgBWnrIiYllu7BNNyealdVLvRwEmTHWXvJwew==:\n"                      \
    "Content-Length: 18\n"                                                    \
    "Signature-Input: sig-b22=(\"@authority\" \"content-digest\" \"@que"      \
    "ry-param\";name=\"Pet\");created=1618884473;keyid=\"test-key-rsa-p"      \
    "ss\";tag=\"header-example\"\n"                                           \
    "Signature: sig-b22=:LjbtqUbfmvjj5C5kr1Ugj4PmLYvx9wVjZvD9GsTT4F7Grc"      \
    "QEdJzgI9qHxICagShLRiLMlAJjtq6N4CDfKtjvuJyE5qH7KT8UCMkSowOB4+ECxCmT"      \
    "8rtAmj/0PIXxi0A0nxKyB09RNrCQibbUjsLS/2YyFYXEu4TRJQzRw1rLEuEfY17SAR"      \
    "YhpTlaqwZVtR8NV7+4UKkjqpcAoFqWFQh62s7Cl+H2fjBSpqfZUJcsIk4N6wiKYd4j"      \
    "e2U/lankenQ99PZfB4jY3I5rSV2DSBVkSFsURIjYErOs0tFTQosMTAoxk//0RoKUqi"      \
    "YY8Bh0aaUEb0rQl3/XaVe4bXTugEjHSw==:\n"

#define B23                                                                   \
    "POST /foo?param=Value&Pet=dog HTTP/1.1\n"                                \
    "Host: example.com\n"                                                     \
    "Date: Tue, 20 Apr 2021 02:07:55 GMT\n"                                   \
    "Content-Type: application/json\n"                                        \
    "Content-Digest: sha-512=:WZDPaVn/7XgHaAy8pmojAkGWoRx2UFChF41A2svX+"      \
    "TaPm+AbwAgBWnrIiYllu7BNNyealdVLvRwEmTHWXvJwew==:\n"                      \
    "Content-Length: 18\n"                                                    \
    "Signature-Input: sig-b23=(\"date\" \"@method\" \"@path\" \"@query\""     \
    " \"@authority\" \"content-type\" \"content-digest\" \"content-leng"      \
    "th\");created=1618884473;keyid=\"test-key-rsa-pss\"\n"                   \
    "Signature: sig-b23=:bbN8oArOxYoyylQQUU6QYwrTuaxLwjAC9fbY2F6SVWvh0y"      \
    "BiMIRGOnMYwZ/5MR6fb0Kh1rIRASVxFkeGt683+qRpRRU5p2voTp768ZrCUb38K0fU"      \
    "xN0O0iC59DzYx8DFll5GmydPxSmme9v6ULbMFkl+V5B1TP/yPViV7KsLNmvKiLJH1p"      \
    "Fkh/aYA2HXXZzNBXmIkoQoLd7YfW91kE9o/CCoC1xMy7JA1ipwvKvfrs65ldmlu9bp"      \
    "G6A9BmzhuzF8Eim5f8ui9eH8LZH896+QIF61ka39VBrohr9iyMUJpvRX2Zbhl5ZJzS"      \
    "RxpJyoEZAFL2FUo5fTIztsDZKEgM4cUA==:\n"

#define B24                                                                   \
    "HTTP/1.1 200 OK\n"                                                       \
    "Date: Tue, 20 Apr 2021 02:07:56 GMT\n"                                   \
    "Content-Type: application/json\n"                                        \
    "Content-Digest: sha-512=:mEWXIS7MaLRuGgxOBdODa3xqM1XdEvxoYhvlCFJ41"      \
    "QJgJc4GTsPp29l5oGX69wWdXymyU0rjJuahq4l5aGgfLQ==:\n"                      \
    "Content-Length: 23\n"                                                    \
    "Signature-Input: sig-b24=(\"@status\" \"content-type\" \"content-d"      \
    "igest\" \"content-length\");created=1618884473;keyid=\"test-key-ec"      \
    "c-p256\"\n"                                                              \
    "Signature: sig-b24=:wNmSUAhwb5LxtOtOpNa6W5xj067m5hFrj0XQ4fvpaCLx0N"      \
    "KocgPquLgyahnzDnDAUy5eCdlYUEkLIj+32oiasw==:\n"

#define R24_REQUEST                                                           \
    "POST /foo?param=Value&Pet=dog HTTP/1.1\n"                                \
    "Host: example.com\n"                                                     \
    "Date: Tue, 20 Apr 2021 02:07:55 GMT\n"                                   \
    "Content-Digest: sha-512=:WZDPaVn/7XgHaAy8pmojAkGWoRx2UFChF41A2svX+"      \
    "TaPm+AbwAgBWnrIiYllu7BNNyealdVLvRwEmTHWXvJwew==:\n"                      \
    "Content-Type: application/json\n"                                        \
    "Content-Length: 18\n"

#define R24_RESPONSE                                                          \
    "HTTP/1.1 503 Service Unavailable\n"                                      \
    "Date: Tue, 20 Apr 2021 02:07:56 GMT\n"                                   \
    "Content-Type: application/json\n"                                        \
    "Content-Length: 62\n"                                                    \
    "Content-Digest: sha-512=:0Y6iCBzGg5rZtoXS95Ijz03mslf6KAMCloESHObfw"      \
    "nHJDbkkWWQz6PhhU9kxsTbARtY2PTBOzq24uJFpHsMuAg==:\n"                      \
    "Signature-Input: reqres=(\"@status\" \"content-digest\" \"content-"      \
    "type\" \"@authority\";req \"@method\";req \"@path\";req \"content-"      \
    "digest\";req);created=1618884479;keyid=\"test-key-ecc-p256\"\n"          \
    "Signature: reqres=:dMT/A/76ehrdBTD/2Xx8QuKV6FoyzEP/I9hdzKN8LQJLNgz"      \
    "U4W767HK05rx1i8meNQQgQPgQp8wq2ive3tV5Ag==:\n"

#define R24_SIGNED_REQUEST                                                    \
    "POST /foo?param=Value&Pet=dog HTTP/1.1\n"                                \
    "Host: example.com\n"                                                     \
    "Date: Tue, 20 Apr 2021 02:07:55 GMT\n"                                   \
    "Content-Digest: sha-512=:WZDPaVn/7XgHaAy8pmojAkGWoRx2UFChF41A2svX+"      \
    "TaPm+AbwAgBWnrIiYllu7BNNyealdVLvRwEmTHWXvJwew==:\n"                      \
    "Content-Type: application/json\n"                                        \
    "Content-Length: 18\n"                                                    \
    "Signature-Input: sig1=(\"@method\" \"@authority\" \"@path\" \"@que"      \
    "ry\" \"content-digest\" \"content-type\" \"content-length\");creat"      \
    "ed=1618884475;keyid=\"test-key-rsa-pss\"\n"                              \
    "Signature: sig1=:e8UJ5wMiRaonlth5ERtE8GIiEH7Akcr493nQ07VPNo6y3qvjd"      \
    "Kt0fo8VHO8xXDjmtYoatGYBGJVlMfIp06eVMEyNW2I4vN7XDAz7m5v1108vGzaDljr"      \
    "d0H8+SJ28g7bzn6h2xeL/8q+qUwahWA/JmC8aOC9iVnwbOKCc0WSrLgWQwTY6VLp42"      \
    "Qt7jjhYT5W7/wCvfK9A1VmHH1lJXsV873Z6hpxesd50PSmO+xaNeYvDLvVdZlhtw5P"      \
    "CtUYzKjHqwmaQ6DEuM8udRjYsoNqp2xZKcuCO1nKc0V3RjpqMZLuuyVbHDAbCzr0pg"      \
    "2d2VM/OC33JAU7meEjjaNz+d7LWPg==:\n"

#define R24_SIGNED_RESPONSE                                                   \
    "HTTP/1.1 503 Service Unavailable\n"                                      \
    "Date: Tue, 20 Apr 2021 02:07:56 GMT\n"                                   \
    "Content-Type: application/json\n"                                        \
    "Content-Length: 62\n"                                                    \
    "Content-Digest: sha-512=:0Y6iCBzGg5rZtoXS95Ijz03mslf6KAMCloESHObfw"      \
    "nHJDbkkWWQz6PhhU9kxsTbARtY2PTBOzq24uJFpHsMuAg==:\n"                      \
    "Signature-Input: reqres=(\"@status\" \"content-digest\" \"content-"      \
    "type\" \"@authority\";req \"@method\";req \"@path\";req \"@query\""      \
    ";req \"content-digest\";req \"content-type\";req \"content-length\""     \
    ";req);created=1618884479;keyid=\"test-key-ecc-p256\"\n"                  \
    "Signature: reqres=:C73J41GVKc+TYXbSobvZf0CmNcptRiWN+NY1Or0A36ISg6y"      \
    "mdRN6ZgR2QfrtopFNzqAyv+CeWrMsNbcV2Ojsgg==:\n"

#define R43_REQUEST                                                           \
    "POST /foo?param=Value&Pet=dog HTTP/1.1\n"                                \
    "Host: example.com\n"                                                     \
    "Date: Tue, 20 Apr 2021 02:07:55 GMT\n"                                   \
    "Content-Type: application/json\n"                                        \
    "Content-Length: 18\n"                                                    \
    "Content-Digest: sha-512=:WZDPaVn/7XgHaAy8pmojAkGWoRx2UFChF41A2svX+"      \
    "TaPm+AbwAgBWnrIiYllu7BNNyealdVLvRwEmTHWXvJwew==:\n"                      \
    "Signature-Input: sig1=(\"@method\" \"@authority\" \"@path\" \"cont"      \
    "ent-digest\" \"content-type\" \"content-length\");created=16188844"      \
    "75;keyid=\"test-key-ecc-p256\"\n"                                        \
    "Signature: sig1=:X5spyd6CFnAG5QnDyHfqoSNICd+BUP4LYMz2Q0JXlb//4Ijpz"      \
    "p+kve2w4NIyqeAuM7jTDX+sNalzA8ESSaHD3A==:\n"

#define R43_FORWARDED                                                         \
    "POST /foo?param=Value&Pet=dog HTTP/1.1\n"                                \
    "Host: origin.host.internal.example\n"                                    \
    "Date: Tue, 20 Apr 2021 02:07:56 GMT\n"                                   \
    "Content-Type: application/json\n"                                        \
    "Content-Length: 18\n"                                                    \
    "Forwarded: for=192.0.2.123;host=example.com;proto=https\n"               \
    "Content-Digest: sha-512=:WZDPaVn/7XgHaAy8pmojAkGWoRx2UFChF41A2svX+"      \
    "TaPm+AbwAgBWnrIiYllu7BNNyealdVLvRwEmTHWXvJwew==:\n"                      \
    "Signature-Input: sig1=(\"@method\" \"@authority\" \"@path\" \"cont"      \
    "ent-digest\" \"content-type\" \"content-length\");created=16188844"      \
    "75;keyid=\"test-key-ecc-p256\", proxy_sig=(\"@method\" \"@authorit"      \
    "y\" \"@path\" \"content-digest\" \"content-type\" \"content-length"      \
    "\" \"forwarded\");created=1618884480;keyid=\"test-key-rsa\";alg=\""      \
    "rsa-v1_5-sha256\";expires=1618884540\n"                                  \
    "Signature: sig1=:X5spyd6CFnAG5QnDyHfqoSNICd+BUP4LYMz2Q0JXlb//4Ijpz"      \
    "p+kve2w4NIyqeAuM7jTDX+sNalzA8ESSaHD3A==:, proxy_sig=:S6ZzPXSdAMOPj"      \
    "N/6KXfXWNO/f7V6cHm7BXYUh3YD/fRad4BCaRZxP+JH+8XY1I6+8Cy+CM5g92iHgxt"      \
    "RPz+MjniOaYmdkDcnL9cCpXJleXsOckpURl49GwiyUpZ10KHgOEe11sx3G2gxI8S0j"      \
    "nxQB+Pu68U9vVcasqOWAEObtNKKZd8tSFu7LB5YAv0RAGhB8tmpv7sFnIm9y+7X5kX"      \
    "Qfi8NMaZaA8i2ZHwpBdg7a6CMfwnnrtflzvZdXAsD3LH2TwevU+/PBPv0B6NMNk93w"      \
    "Us/vfJvye+YuI87HU38lZHowtznbLVdp770I6VHR6WfgS9ddzirrswsE1w5o0LV/g="      \
    "=:\n"

#define B4                                                                    \
    "GET /demo?name1=Value1&Name2=value2 HTTP/1.1\n"                          \
    "Host: example.org\n"                                                     \
    "Date: Fri, 15 Jul 2022 14:24:55 GMT\n"                                   \
    "Accept: application/json\n"                                              \
    "Accept: */*\n"                                                           \
    "Signature-Input: transform=(\"@method\" \"@path\" \"@authority\" \""     \
    "accept\");created=1618884473;keyid=\"test-key-ed25519\"\n"               \
    "Signature: transform=:ZT1kooQsEHpZ0I1IjCqtQppOmIqlJPeo7DHR3SoMn0s5"      \
    "JZ1eRGS0A+vyYP9t/LXlh5QMFFQ6cpLt2m0pmj3NDA==:\n"

#endif /* _RFC9421_VECTORS_H_INCLUDED_ */
