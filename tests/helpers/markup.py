"""Pages whose markup is broken where a browser says nothing of it, and some that only look so."""

# ruff: noqa: E501 (the pages)
from __future__ import annotations

from collections.abc import Mapping

_HEAD = '<!DOCTYPE html>\n<html><head><meta charset="utf-8"><title>🎲 t</title></head>\n<body><h1>Hi 🎲</h1>\n'
_TAIL = "\n</body></html>"


def _page(body: str) -> str:
    return f"{_HEAD}{body}{_TAIL}"


# A page, words of what is said of it, and the line. The body begins in line 4.
BROKEN: Mapping[str, tuple[str, str, int]] = {
    "script": (_page("<script>\nconst a = 1;\ndocument.title = 'a';"), "<script> is never closed", 4),
    "script that is cut": (_HEAD + "<script>\nfunction draw() {\n  ctx.fill", "<script> is never closed", 4),
    "the second script": (_page("<script>\nlet a = 1;\n</script>\n<script>\nlet b = 2;"), "<script> is never", 7),
    "script with a comment": (_page("<script><!-- \n'<script>'\n</script>"), "<script> is never closed", 4),
    "data": (_page("<script type='application/json' id=d>\n{}"), "<script> is never closed", 4),
    "style": (
        "<!DOCTYPE html>\n<html><head>\n<style>\nbody { color: red }\n</head><body><h1>Hi</h1></body></html>",
        "<style> is never closed",
        3,
    ),
    "title": (
        "<!DOCTYPE html>\n<html><head>\n<title>My page\n<body><h1>Hi</h1><script>go()</script></body></html>",
        "<title> is never closed",
        3,
    ),
    "textarea": (_page("<textarea>\n<script>go()</script>"), "<textarea> is never closed", 4),
    "textarea without an end": (_page("<textarea id=t />\n<script>go()</script>"), "<textarea> is never closed", 4),
    "iframe without an end": (_page("<iframe srcdoc='x' />\n<script>go()</script>"), "<iframe> is never closed", 4),
    "xmp": (_page("<xmp>\n<script>go()</script>"), "<xmp> is never closed", 4),
    "plaintext": (_page("<plaintext>\n<script>go()</script>"), "<plaintext> is never closed", 4),
    "noscript": (_page("<noscript>Sorry\n<script>go()</script>"), "<noscript> is never closed", 4),
    "template": (_page("<template id=t><p>x</p>\n<script>go()</script>"), "<template> is never closed", 4),
    "comment": (_page("<!-- the game\n<script>go()</script>"), "<!-- is never closed", 4),
    "comment that ends with another": (
        _page("<!-- the game\n<script>go()</script>\n<!-- the end -->"),
        "the comment holds <script",
        4,
    ),
    "canvas": (_page("<canvas id=c>\n<button id=b>Start</button>"), "<canvas> is never closed", 4),
    "video": (_page("<video>\n<h2>Controls</h2>"), "<video> is never closed", 4),
    "a quote": (_page('<p>x</p>\n<div class="a>\n<script>go()</script>'), "a tag is never closed", 5),
    "cut within a tag": (_HEAD + '<p>x</p>\n<div class="a" style="col', "a tag is never closed", 5),
    "cut within its name": (_HEAD + "<p>x</p>\n<div\n", "a tag is never closed", 5),
    "a quote that another ends": (
        _page('<div class="a>\n<script>go()</script>\n<p class="b">x</p>'),
        "this tag stands in an attribute",
        5,
    ),
    "style that another ends": (
        "<!DOCTYPE html>\n<html><head>\n<style>p {}\n<style>b {}</style></head><body><h1>Hi</h1></body></html>",
        "<style> is closed too late",
        3,
    ),
    "title that another ends": (
        "<!DOCTYPE html><html><head>\n<title>Hi\n</head><body><svg><title>x</title></svg><h1>Hi</h1></body></html>",
        "<title> is closed too late",
        2,
    ),
    "script with src": (
        _page("<script src='data:text/javascript,1'>\ngo();\n</script>"),
        "does not run the code that it holds",
        4,
    ),
    "script with src that another ends": (
        _page("<script src='data:text/javascript,1'>\n<script>\ngo();\n</script>"),
        "does not run the code that it holds",
        4,
    ),
    "a type": (_page("<script type='text/javascrip'>go()</script>"), "type 'text/javascrip'", 4),
    "a type in short": (_page("<script type=javascript>go()</script>"), "type 'javascript'", 4),
    "a type with its charset": (
        _page('<script type="text/javascript; charset=utf-8">go()</script>'),
        "type 'text/javascript; charset=utf-8'",
        4,
    ),
    "a type for modules": (_page("<script type='text/module'>go()</script>"), "type 'text/module'", 4),
    "a language": (_page("<script language='JavaScript2'>go()</script>"), "type 'text/javascript2'", 4),
    "nobody's type": (_page("<script type='game/loop'>go()</script>"), "type 'game/loop'", 4),
    "a type, of a file": (_page("<script type='text/javascrip' src='a.js'></script>"), "type 'text/javascrip'", 4),
    "babel": (_page("<script type='text/babel'>const a = <p>x</p>;</script>"), "the page loads no Babel", 4),
    "babel twice": (
        _page("<script type='text/babel'>1</script>\n<script type='text/babel'>2</script>"),
        "the page loads no Babel",
        5,
    ),
    "jsx": (_page("<script type='text/jsx'>const a = <p>x</p>;</script>"), "the page loads no Babel", 4),
    "typescript": (_page("<script type='text/typescript'>let a: number;</script>"), "no TypeScript compiler", 4),
    "ts": (_page("<script type='ts'>let a: number;</script>"), "no TypeScript compiler", 4),
    "coffee": (_page("<script type='text/coffeescript'>a = 1</script>"), "loads no CoffeeScript", 4),
    "python": (_page("<script type='text/python'>print(1)</script>"), "loads no Python", 4),
    "a name for its own sake": (
        _page("<script type='text/javascrip' id=main>go()</script>\n<main id=main></main>"),
        "type 'text/javascrip'",
        4,
    ),
}
_READ = "<script>JSON.parse(document.getElementById('{}').textContent || '0')</script>".format
SOUND: Mapping[str, str] = {
    "an iframe without an end, and nothing after it": _page("<iframe srcdoc='x' />"),
    "json": _page('<script type="application/json" id=d>{"a": 1}</script>' + _READ("d")),
    "json for machines": _page('<script type="application/ld+json">{"@type": "Game"}</script>'),
    "import map": _page(
        '<script type="importmap">{"imports": {}}</script><script type="module">let a = 1;</script>'
    ),
    "speculation rules": _page('<script type="speculationrules">{"prefetch": []}</script>'),
    "templates": _page(
        '<script type="text/template">{{ a }}</script><script type="text/x-handlebars-template">x</script>'
        '<script type="text/html"><p>x</p></script><script type="text/x-template" id=t><p>x</p></script>'
    ),
    "shaders": _page(
        '<script type="x-shader/x-vertex" id=v>void main() {}</script>'
        '<script type="x-shader/x-fragment">void main() {}</script><script type="glsl">x</script>'
    ),
    "a worker's code": _page(
        '<script type="javascript/worker" id=w>postMessage(1)</script>'
        "<script>new Blob([document.getElementById('w').textContent])</script>"
    ),
    "a worker's code by its type": _page(
        '<script type="text/js-worker">postMessage(1)</script>'
        "<script>document.querySelectorAll(\"script[type='text\\/js-worker']\")</script>"
    ),
    "a compiler of its own": _page(
        '<script type="text/typescript" id=c>let a: number</script><script>const t = c.textContent</script>'
    ),
    "babel that is there": _page(
        "<script src='data:text/javascript,globalThis.Babel={transform(){}}//babel.min.js'></script>"
        '<script type="text/babel">const a = <p>x</p>;</script>'
    ),
    "babel by itself": _page(
        '<script type="text/babel">const a = 1;</script>'
        "<script>window.Babel = { transform() {} }; Babel.transform('')</script>"
    ),
    "all ways to write it": _page(
        '<script type="TEXT/JavaScript">1</script><script type=" module ">1</script><script type="">1</script>'
        '<script language="javascript">1</script><script type="application/x-javascript">1</script><script nomodule>1</script>'
    ),
    "a template": _page(
        "<template id=t><p>x</p><script>1</script><!-- x --></template><script>t.content.cloneNode(true)</script>"
    ),
    "a nested template": _page("<template><template><p>x</p></template></template>"),
    "textarea of code": _page("<textarea>&lt;script&gt;<script>go()</script></body><!-- </textarea><p>x</p>"),
    "xmp of code": _page("<xmp><html><body><script>go()</script></body></html></xmp>"),
    "a noscript": _page("<noscript><p>Please <b>switch on</b></p><script>1</script></noscript><p>x</p>"),
    "a noscript in the head": "<!DOCTYPE html><html><head><noscript><style>p {}</style></noscript><title>x</title>"
    "</head><body><h1>x</h1></body></html>",
    "strings": _page(
        '<script>const a = "<script>", b = "<!-- <style> <template>", c = `<title>${a}`, d = "<\\/script>";</script>'
    ),
    "attributes": _page("<p title='<script>' data-a=\"<style>\n<b>\">x</p><iframe srcdoc='<script>1</script>\n'></iframe>"),
    "comments": _page("<!-- <script>old()</script> --><!-- <canvas> --><!--><!---><!-- a --!><!-- <!-- x --><p>x</p>"),
    "a comment at the end": _page("<p>x</p>") + "\n<!-- the end",
    "fallbacks": _page(
        "<canvas id=c><p>No canvas here</p></canvas><video><p>No video</p></video><object>x</object>"
    ),
    "a canvas with its script": _page("<canvas id=c><script>c.width = 9</script>"),
    "ends left out": "<!DOCTYPE html><title>x</title><h1>x</h1><p>one<p>two<ul><li>a<li>b</ul><table><tr><td>x",
    "svg": _page("<svg><style/><title>a</title><script/><defs><style>p {}</style></defs></svg><p>x</p>"),
    "cdata": _page("<svg><style><![CDATA[ p > b {} ]]></style></svg><script>//<![CDATA[\n1\n//]]></script>"),
    "title with a tag's name": "<!DOCTYPE html><html><head><title>The &lt;body&gt; tag</title></head><body><h1>x</h1></body></html>",
    "frames": "<!DOCTYPE html><html><head><title>x</title></head><frameset><frame></frameset></html>",
    "select": _page("<select><option>a<option>b</select><datalist id=d><option>x</datalist>"),
    "src with settings": _page(
        "<script src='data:text/javascript,1'>{\"width\": 9}</script>"
        "<script src='data:text/javascript,1'> // nothing\n</script>"
    ),
    "a script with an arrow in its address": _page("<script src='data:text/javascript,setTimeout(() => 1)'></script>"),
    "a type with an arrow beside it": _page("<script data-a='1 > 0' type='text/javascrip'></script>"),
    "nothing in it": _page("<script type='text/javascrip'></script>"),
    "a text after the page": _page("<p>x</p>") + "\n\nThis page says < 3 and a <b.\n",
}  # fmt: skip
