"""A page that tells what a visitor does in it, and what each action makes it tell, in any browser."""

from __future__ import annotations

from typing import Any

PAGE = """<!DOCTYPE html><html><body style="margin: 40px 0 0"><button id=go>Go on</button>
<button id=hidden style="display: none">Hidden</button><p id=words>Press <b>Go</b> now</p>
<input id=name><input id=day type=date><input id=box type=checkbox><textarea id=text></textarea>
<input id=off disabled><p id=free contenteditable>free</p>
<select id=size><option value=s>Small</option><option value=l>Large</option></select>
<div id=pad style="width: 300px; height: 200px; background: #eee"></div>
<div style="height: 3000px"></div><button id=far>Far</button>
<script>
const tell = (...words) => console.error(words.join(" ")), by = id => document.getElementById(id);
for (const id of ["go", "words", "far"]) for (const kind of ["click", "dblclick", "contextmenu"])
  by(id).addEventListener(kind, () => tell(kind, id));
by("go").onmouseenter = () => tell("over go");
by("go").ontouchstart = () => tell("touched go");
for (const id of ["name", "day", "text", "free", "size"])
  by(id).addEventListener("change", () => tell("change", id, by(id).value ?? by(id).textContent));
let path = [];
by("pad").onmousedown = e => { path = [[e.clientX, e.clientY]]; };
by("pad").onmousemove = e => { if (e.buttons) path.push([e.clientX, e.clientY]); };
onmouseup = e => { if (path.length) tell("path", path[0], path.length, path.at(-1)); path = []; };
oncontextmenu = e => e.preventDefault();
let ended = 0;
const scrolled = () => tell("scrolled to", Math.round(scrollY));
addEventListener("scroll", () => { clearTimeout(ended); ended = setTimeout(scrolled, 100); });
</script></body></html>"""

Actions = list[dict[str, Any]]
THERE = (
    'button#go "Go on", input#name, input#day, input#box "on", textarea#text, input#off, '
    'select#size "Small Large", button#far "Far"'
)
VISITS: dict[str, tuple[Actions, list[str]]] = {
    "click": ([{"click": "#go"}], ["over go", "click go"]),
    "click by a text": ([{"click": {"text": "go on"}}], ["over go", "click go"]),
    "click by a part of a text": ([{"click": {"text": "far"}}], ["click far", "scrolled to"]),
    "click a word": ([{"click": {"text": "Go"}}], ["click words"]),
    "double click": ([{"double_click": "#go"}], ["over go", "click go", "click go", "dblclick go"]),
    "right click": ([{"right_click": "#go"}], ["over go", "contextmenu go"]),
    "hover": ([{"hover": "#go"}], ["over go"]),
    "tap": ([{"tap": "#go"}], ["touched go", "over go", "click go"]),
    "drag": ([{"drag": [50, 250, 90, 260]}], ["path 50,250 9 90,260"]),
    "drag along a path": ([{"drag": [[50, 250], [90, 250], [90, 270]]}], ["path 50,250 17 90,270"]),
    "scroll": ([{"scroll": 400}, {"wait": 0.8}], ["scrolled to 400"]),
    "scroll to": ([{"scroll": "#far"}, {"wait": 0.2}], ["scrolled to"]),
    "fill": (
        [{"fill": {"#name": "Ann", "#day": "2026-01-31", "#text": "a, b", "#free": "no"}}],
        ["change name Ann", "change day 2026-01-31", "change text a, b", "change free no"],
    ),
    "select by value": ([{"select": {"#size": "l"}}], ["change size l"]),
    "select by label": ([{"select": {"#size": "Large"}}], ["change size l"]),
    "type": ([{"click": "#name"}, {"type": "aB 1"}, {"press": "Enter"}], ["change name aB 1"]),
    "nothing there": ([{"click": "#no"}], [f"nothing to click: no element '#no'; there is {THERE}"]),
    "no such text": ([{"hover": {"text": "Stop"}}], ["no element with the text 'Stop'; there is button#go"]),
    "hidden": ([{"click": "#hidden"}], ["nothing to click: element '#hidden' is there, but not to be seen"]),
    "outside": ([{"click": [9000, 10]}], ["nothing to click: [9000, 10] is outside the window of 800 x 600"]),
    "no option": ([{"select": {"#size": "XL"}}], ["in '#size': no option \"XL\"; there is Small, Large"]),
    "no list": ([{"select": {"#name": "XL"}}], ["cannot select in '#name': it is no list to choose from"]),
    "no text": ([{"fill": {"#box": "x"}}], ["cannot fill '#box': it takes no text"]),
    "no text now": ([{"fill": {"#off": "x"}}], ["cannot fill '#off': it takes no text now"]),
    "no selector": ([{"fill": {"#": "x"}}], ["'#' is no CSS selector"]),
}
