# SPDX-License-Identifier: GPL-2.0-only
"""A report in a real browser, in both colour schemes: it is coloured as it says,
nothing is drawn over something else, and nothing sticks out. Skips (77) where no
browser is installed."""

import os
import re
import shutil
import struct
import subprocess
import sys
import unittest
import zlib

from recorded import RecordedTest

BROWSER = next(filter(None, map(shutil.which, (
    "chromium", "chromium-browser", "google-chrome"))), None)
WIDTH, HEIGHT = 640, 1250
SCHEMES = {"dark": "0", "light": "1"}

# Appended to a copy of the page; what it finds comes back in the title.
PROBE = """<script>
function box(e) { return e.getBoundingClientRect(); }
function apart(a, b) {
	return a.right <= b.left + 1 || b.right <= a.left + 1 ||
	       a.bottom <= b.top + 1 || b.bottom <= a.top + 1;
}
var found = [];
document.querySelectorAll("svg").forEach(function (svg, number) {
	var whole = box(svg), texts = Array.from(svg.querySelectorAll("text"));
	if (whole.width < 300 || whole.height < 50)
		found.push("plot " + number + " is tiny");
	texts.forEach(function (text, i) {
		var b = box(text);
		if (b.left < whole.left - 1 || b.right > whole.right + 1 ||
		    b.top < whole.top - 1 || b.bottom > whole.bottom + 1)
			found.push("'" + text.textContent + "' sticks out of plot " + number);
		texts.slice(i + 1).forEach(function (other) {
			if (!apart(b, box(other)))
				found.push("'" + text.textContent + "' over '" +
					   other.textContent + "' in plot " + number);
		});
	});
	svg.querySelectorAll("path").forEach(function (path) {
		var b = path.getBBox(), view = svg.viewBox.baseVal;
		if (b.x < 0 || b.y < 0 || b.x + b.width > view.width + 1 ||
		    b.y + b.height > view.height + 1)
			found.push(path.getAttribute("class") + " sticks out of plot " + number);
	});
});
if (document.documentElement.scrollWidth > innerWidth)
	found.push("the page is wider than its window");
document.title = "found:" + found.join("; ") + ":" +
	document.querySelectorAll("svg").length;
</script>"""


def unfilter(kind, line, above, size):
    """A line of a PNG as it was before its filter, in place."""
    for i in range(len(line)):
        left = line[i - size] if i >= size else 0
        up = above[i]
        if kind == 1:
            line[i] = line[i] + left & 255
        elif kind == 2:
            line[i] = line[i] + up & 255
        elif kind == 3:
            line[i] = line[i] + (left + up) // 2 & 255
        elif kind == 4:
            corner = above[i - size] if i >= size else 0
            a, b = abs(up - corner), abs(left - corner)
            c = abs(left + up - 2 * corner)
            line[i] = line[i] + (left if a <= b and a <= c else
                                 up if b <= c else corner) & 255


def colours(path):
    """How often each colour (r, g, b) is in a PNG of eight bits a channel."""
    with open(path, "rb") as file:
        data = file.read()
    at, packed = 8, b""
    while at < len(data):
        length, kind = struct.unpack(">I4s", data[at:at + 8])
        body = data[at + 8:at + 8 + length]
        at += 12 + length
        if kind == b"IHDR":
            width, height, _, colour = struct.unpack(">IIBB", body[:10])
        elif kind == b"IDAT":
            packed += body
    raw, size = zlib.decompress(packed), {2: 3, 6: 4}[colour]
    stride, count = width * size, {}
    above = bytearray(stride)
    for y in range(height):
        start = y * (stride + 1)
        line = bytearray(raw[start + 1:start + 1 + stride])
        if raw[start]:
            unfilter(raw[start], line, above, size)
        for x in range(0, stride, size):
            pixel = bytes(line[x:x + 3])
            count[pixel] = count.get(pixel, 0) + 1
        above = line
    return count


class Browser(RecordedTest):
    def browse(self, page, *options):
        result = subprocess.run(
            [BROWSER, "--headless", "--no-sandbox", "--disable-gpu",
             "--hide-scrollbars", "--user-data-dir=" + self.top + "/browser",
             "--window-size=%d,%d" % (WIDTH, HEIGHT), *options,
             "file://" + page], capture_output=True, text=True, timeout=90)
        self.assertEqual(result.returncode, 0, result.stderr)
        return result.stdout

    def page(self):
        page = self.record() + ".html"
        self.assert_succeeds(self.call("report", page[:-5]))
        with open(page) as file:
            return page, file.read()

    def variables(self, text):
        """Of the page's style, in each scheme, as colours."""
        dark = text.index("prefers-color-scheme:dark")
        return {name: {key: bytes.fromhex(value * (2 if len(value) == 3 else 1))
                       for key, value in
                       re.findall(r"--(\w+):#([0-9a-f]+)", part)}
                for name, part in (("light", text[:dark]),
                                   ("dark", text[dark:]))}

    def test_colours_of_both_schemes(self):
        page, text = self.page()
        for scheme, variables in self.variables(text).items():
            picture = os.path.join(self.top, scheme + ".png")
            self.browse(page, "--screenshot=" + picture,
                        "--blink-settings=preferredColorScheme=" + SCHEMES[scheme])
            seen = colours(picture)
            page_colour = max(seen, key=seen.get)
            self.assertEqual(page_colour, variables["page"], scheme)
            # Areas of the plots: more than a line's worth of each.
            for name in ("vram", "direct", "ram", "nvme", "pending"):
                self.assertGreater(seen.get(variables[name], 0), 200,
                                   (scheme, name))
            self.assertGreater(seen.get(variables["text"], 0), 100, scheme)

    def test_nothing_collides(self):
        page, text = self.page()
        probed = page + ".probed.html"
        for width in (WIDTH, 1200):
            with open(probed, "w") as file:
                file.write(text.replace("</body>", PROBE + "</body>"))
            result = self.browse(probed, "--dump-dom",
                                 "--window-size=%d,%d" % (width, HEIGHT))
            found = re.search(r"<title>found:(.*):(\d+)</title>", result)
            self.assertIsNotNone(found, result[:300])
            self.assertEqual(found.groups(), ("", "5"))

    def test_the_probe_finds_what_collides(self):
        page, text = self.page()
        with open(page, "w") as file:
            file.write(re.sub(r'(<text[^>]*) y="[\d.]+"', r'\1 y="500"', text)
                       .replace("</body>", PROBE + "</body>"))
        self.assertNotIn("<title>found::", self.browse(page, "--dump-dom"))


if __name__ == "__main__":
    if not BROWSER:
        print("skipped: no chromium or chrome is installed")
        sys.exit(77)
    unittest.main()
