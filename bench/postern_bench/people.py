"""Signs people in the way a browser does, for the benchmarks."""

import http.client
import re
import urllib.parse

PAGES = "/.postern/"
FORM = "application/x-www-form-urlencoded"


class Browser:
    """One browser: cookies, and the hidden fields of the page it looks at."""

    def __init__(self, port):
        self.connection = http.client.HTTPConnection("127.0.0.1", port,
                                                     timeout=30)
        self.cookies = {}

    def request(self, method, path, fields=None):
        headers = {"Accept": "text/html", "Cookie": self.cookie()}
        body = None
        if fields is not None:
            body = urllib.parse.urlencode(fields)
            headers["Content-Type"] = FORM
        self.connection.request(method, path, body, headers)
        answer = self.connection.getresponse()
        page = answer.read().decode()
        for line in answer.headers.get_all("Set-Cookie") or []:
            name, value = line.split(";")[0].split("=", 1)
            self.cookies[name] = value
        return answer.status, page

    def cookie(self):
        return "; ".join(f"{k}={v}" for k, v in self.cookies.items())

    def form(self):
        """The hidden fields of the sign-in page."""
        status, page = self.request("GET", PAGES + "sign-in?to=/api/devices/7")
        csrf = re.search(r'name="csrf" value="([^"]+)"', page)
        if status != 200 or csrf is None:
            raise RuntimeError(f"no form to sign in with: {status}\n{page}")
        return {"csrf": csrf[1], "to": "/api/devices/7"}

    def sign_in(self, user, password):
        """The status of the answer; 303 is success."""
        fields = self.form() | {"user": user, "password": password}
        return self.request("POST", PAGES + "sign-in", fields)[0]
