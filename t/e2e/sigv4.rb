# aws-sigv4 of AWS's SDK for Ruby: header and presigned URL.  Prints TAP.
#
#     ruby sigv4.rb URL ACCESS-KEY SECRET

require "aws-sigv4"
require "net/http"
require "securerandom"
require "uri"

$url, $key_id, $secret = ARGV
$count = 0

PATHS = ["/p", "/p/", "/p/a%20b", "/p/%C3%A4", "/p/a%2Fb", "/p/(x)!*'",
         "/p/a+b", "/p/a%2Bb", "/p/a=b&c", "/p/a:b@c,d;e$f", "/p/~-._"]
QUERIES = ["?a=1", "?b=2&a=1", "?a=2&a=1", "?a", "?a=", "?a%20b=c%20d",
           "?a=b%2Bc", "?%C3%A4=%C3%B6", "?A=1&a=2", "?a=%2F%3F%3D%26"]

def ok(good, what)
  puts "#{good ? "ok" : "not ok"} #{$count += 1} - #{what}"
end

def signer(service)
  Aws::Sigv4::Signer.new(service: service, region: "eu-central-1",
                         access_key_id: $key_id, secret_access_key: $secret,
                         uri_escape_path: service != "s3")
end

def send_to(method, url, headers, body = nil)
  uri = URI(url)
  request = Net::HTTPGenericRequest.new(method, !body.nil?, true,
                                        uri.request_uri, headers)
  request.body = body
  Net::HTTP.start(uri.host, uri.port) { |http| http.request(request) }.code.to_i
end

def sign(service, method, target, body = nil)
  headers = { "x-id" => SecureRandom.hex, "x-blanks" => " a   b " }
  signed = signer(service).sign_request(http_method: method, body: body || "",
                                        headers: headers, url: $url + target)
  headers.merge(signed.headers)
end

%w[execute-api s3].each do |service|
  (PATHS + QUERIES.map { |q| "/p#{q}" }).each do |target|
    got = send_to("GET", $url + target, sign(service, "GET", target))
    ok(got == 200, "#{service} #{target}: #{got}")

    url = signer(service).presign_url(http_method: "GET", url: $url + target,
                                      expires_in: 60,
                                      body_digest: service == "s3" ?
                                        "UNSIGNED-PAYLOAD" : nil)
    got = send_to("GET", url.to_s, {})
    ok(got == 200, "#{service} #{target}, presigned: #{got}")
  end

  headers = sign(service, "POST", "/p?a=1", "hello")
  ok(send_to("POST", "#{$url}/p?a=1", headers, "hello") == 200,
     "#{service}, with a body")

  headers = sign(service, "POST", "/p?a=1", "hello")
  ok(send_to("POST", "#{$url}/p?a=1", headers, "hellp") == 400,
     "#{service}, another body")
  ok(send_to("POST", "#{$url}/q?a=1", headers, "hello") == 401,
     "#{service}, another path")
  ok(send_to("POST", "#{$url}/p?a=0", headers, "hello") == 401,
     "#{service}, another query")
  ok(send_to("PUT", "#{$url}/p?a=1", headers, "hello") == 401,
     "#{service}, another method")

  headers["authorization"] = headers["authorization"].sub(/.$/) do |c|
    (c.hex ^ 1).to_s(16)
  end
  ok(send_to("POST", "#{$url}/p?a=1", headers, "hello") == 401,
     "#{service}, another signature")
end

puts "1..#{$count}"
