"""Hostile pages made from seeds: what a model, or somebody through it, might show a browser to break its judge.

`page(seed)` gives a page; the same seed gives the same page. The first ones are one attack each, in the order of
ATTACKS, those after them two at once. GOOD has no findings and BAD has BAD_VERDICT, whatever was shown before them.
"""
# ruff: noqa: E501 (the pages)

from __future__ import annotations

import random
from collections.abc import Mapping

from pytest_llm.browsers.report import PageReport

Verdict = list[tuple[str, int | None]]  # kinds and lines

GOOD = """<!DOCTYPE html>
<html><body><canvas id="c" width="200" height="100"></canvas><p>Hi</p><script>
const g = document.getElementById("c").getContext("2d"); let x = 0;
(function draw() { g.clearRect(0, 0, 200, 100); g.fillRect(x += 2, 20, 30, 30); requestAnimationFrame(draw); })();
Promise.resolve(JSON.stringify({ a: [Math.random(), new Date(0)] })).then(text => { document.title = text; });
</script></body></html>"""
BAD = """<!DOCTYPE html>
<html><body><p>Hi</p><script>
console.error("told");
Promise.reject(new Error("rejected"));
setTimeout(() => nope(), 50);
</script></body></html>"""
BAD_VERDICT: Verdict = [("console", 3), ("exception", 5), ("rejection", 4)]

# A script each; N is a number made from the seed, some ten thousands, S one of a few hundreds.
ATTACKS: Mapping[str, str] = {
    "endless loop": "while (true);",
    "endless promises": "(async function go() { for (;;) await null })();",
    "endless frames and timers": "(function go() { setTimeout(go); queueMicrotask(() => 0); requestAnimationFrame(go) })();",
    "timers": "for (let i = 0; i < N; i++) setInterval(() => i * i, i % 7);",
    "a loop by the clock": "const end = Date.now() + N; while (Date.now() < end);",
    "workers": "const u = URL.createObjectURL(new Blob(['for (;;);'])); for (let i = 0; i < S; i++) new Worker(u);",
    "workers of workers": "const t = 'onmessage = e => { for (let i = 0; i < 4; i++) new Worker(URL.createObjectURL(new Blob([e.data]))).postMessage(e.data) }'; new Worker(URL.createObjectURL(new Blob([t]))).postMessage(t);",
    "shared workers": "for (let i = 0; i < 60; i++) new SharedWorker(URL.createObjectURL(new Blob(['setInterval(() => 0) //' + i])));",
    "a service worker": "navigator.serviceWorker && navigator.serviceWorker.register('sw.js'); caches && caches.open('a').then(c => c.put('/page.html', new Response('<h1>stolen</h1>')));",
    "blobs": "const kept = []; setInterval(() => kept.push(new Blob([new Uint8Array(32 << 20).fill(7)])), 1);",
    "arrays": "const kept = []; setInterval(() => kept.push(new Float64Array(1 << 22).fill(kept.length)), 0);",
    "objects": "const kept = []; for (;;) kept.push({ a: kept.length, b: [kept.length] });",
    "strings": "let s = 'x'; for (let i = 0; i < 28; i++) s += s; document.title = s; console.warn(s); document.body.textContent = s.slice(0, 1 << 22);",
    "a console flood": "for (let i = 0; i < N; i++) { console.error('e'.repeat(S) + i); console.log({ i }) }",
    "an exception flood": "for (let i = 0; i < N; i++) { setTimeout(() => { throw Error('e' + i) }); Promise.reject(i) }",
    "a huge error": "throw Error('x'.repeat(1 << 28));",
    "WebGL": "const kept = []; setInterval(() => { const g = document.createElement('canvas').getContext('webgl'); if (!g) return; kept.push(g);"
    " g.bindTexture(g.TEXTURE_2D, g.createTexture()); g.texImage2D(g.TEXTURE_2D, 0, g.RGBA, 2048, 2048, 0, g.RGBA, g.UNSIGNED_BYTE, new Uint8Array(1 << 24).fill(9)) }, 1);",
    "an endless shader": "const g = document.createElement('canvas').getContext('webgl'), p = g.createProgram();"
    " const add = (k, t) => { const s = g.createShader(k); g.shaderSource(s, t); g.compileShader(s); g.attachShader(p, s) };"
    " add(g.VERTEX_SHADER, 'attribute vec2 a; void main() { gl_Position = vec4(a, 0., 1.); }');"
    " add(g.FRAGMENT_SHADER, 'precision highp float; void main() { float x = 0.; for (int i = 0; i < 100000; i++) x += sin(float(i) + gl_FragCoord.x); gl_FragColor = vec4(x); }');"
    " g.linkProgram(p); g.useProgram(p); g.bindBuffer(g.ARRAY_BUFFER, g.createBuffer()); g.bufferData(g.ARRAY_BUFFER, new Float32Array([-1, -1, 3, -1, -1, 3]), g.STATIC_DRAW);"
    " g.enableVertexAttribArray(0); g.vertexAttribPointer(0, 2, g.FLOAT, false, 0, 0); document.body.append(g.canvas); setInterval(() => g.drawArrays(g.TRIANGLES, 0, 3), 1);",
    "canvases": "const kept = []; setInterval(() => { const c = document.createElement('canvas'); c.width = c.height = 3000; const x = c.getContext('2d'); x.fillRect(0, 0, 9, 9); kept.push(c, x.getImageData(0, 0, 3000, 3000)) }, 1);",
    "shadowed globals": "for (const n of ['console', 'Error', 'Promise', 'Math', 'Date', 'JSON', 'Array', 'Map', 'Set', 'Symbol', 'addEventListener', 'requestAnimationFrame', 'performance', 'document', 'URL'])"
    " { try { Object.defineProperty(window, n, { value: null, writable: false }) } catch { 0 } try { window[n] = null } catch { 0 } }",
    "changed prototypes": "for (const o of [Object, Array, String, Function, Promise, Error, Event, EventTarget, Node, Document, Map]) for (const n of Object.getOwnPropertyNames(o.prototype))"
    " { try { Object.defineProperty(o.prototype, n, { get() { throw this }, set() { throw 1 } }) } catch { 0 } }",
    "Object.prototype": "for (const n of ['value', 'get', 'set', 'then', 'toJSON', 'toString', 'length', 'type', 'result', 'id', 'method', 'message']) try { Object.defineProperty(Object.prototype, n, { get() { return 'x' }, set() { throw n } }) } catch { 0 }",
    "swallowed errors": "onerror = onunhandledrejection = () => true; for (const n of ['error', 'unhandledrejection']) addEventListener(n, e => { e.preventDefault(); e.stopImmediatePropagation() }, true); setInterval(() => nope()); Promise.reject(1);",
    "beforeunload and dialogs": "onbeforeunload = e => { e.preventDefault(); return e.returnValue = 'stay' }; onpagehide = () => { for (;;); }; for (let i = 0; i < S; i++) { alert(i); confirm(i); prompt(i) }",
    "popups": "for (let i = 0; i < S; i++) window.open('about:blank', 'w' + i);",
    "popups of popups": "for (let i = 0; i < 20; i++) { const w = window.open(''); w && w.document.write('<script>for (let i = 0; i < 9; i++) open(\"\").document.write(\"<script>for(;;);<\\/script>\")<\\/script>') }",
    "navigation": "setInterval(() => { location = 'http://10.0.0.1/?' + Math.random() }, 1); location.href = 'page.html?again'; location = 'javascript:for(;;);';",
    "leaves for data, blob, about": "location = 'about:blank'; setTimeout(() => { location = URL.createObjectURL(new Blob(['<h1>other</h1>'], { type: 'text/html' })) }, 5); setTimeout(() => { location = 'data:text/html,hi' }, 9);",
    "reloads": "location.reload(); setInterval(() => location.reload(), 1);",
    "meta refresh": "document.head.innerHTML = '<meta http-equiv=refresh content=\"0; url=data:text/html,other\"><meta http-equiv=refresh content=0>';",
    "downloads": "for (let i = 0; i < S; i++) { const a = document.createElement('a'); a.href = URL.createObjectURL(new Blob(['x'.repeat(1e6)])); a.download = 'f' + i; a.click() }",
    "frames": "for (let i = 0; i < S; i++) { const f = document.createElement('iframe'); f.srcdoc = '<script>setInterval(() => { for (let i = 0; i < 1e5; i++); })<\\/script>'; document.body.append(f) }",
    "frames of frames": "let s = 'deep'; for (let i = 0; i < 9; i++) s = '<iframe srcdoc=\"' + s.replaceAll('&', '&amp;').replaceAll('\"', '&quot;') + '\"></iframe><iframe src=page.html></iframe>'; document.body.innerHTML = s;",
    "a million nodes": "document.body.innerHTML = '<p><b>x</b></p>'.repeat(N * 9);",
    "deep nesting": "document.body.innerHTML = '<div>'.repeat(N); let e = document.body; for (let i = 0; i < N; i++) e = e.appendChild(document.createElement('span')); e.textContent = 'deep';",
    "deep calls": "const f = n => { try { return f(n + 1) + f(n + 2) } catch { return f(1) } }; f(0);",
    "a CSS bomb": "document.head.innerHTML += '<style>:root{--a0:xxxxxxxxxxxxxxxx;' + [...Array(30).keys()].map(i => `--a${i + 1}:var(--a${i})var(--a${i})`).join(';') + '} *{content:var(--a30);box-shadow:' + Array(S).fill('0 0 99px 99px red').join() + ';filter:blur(40px)}</style>'; document.body.innerHTML += '<div><b>x</b></div>'.repeat(S);",
    "selectors without an end": "document.head.innerHTML += '<style>' + [...Array(S).keys()].map(i => '* * * * :has(* * :has(~ *)):not(:nth-last-child(' + i + 'n+1 of * *)) * { color: red }').join(' ') + '</style>'; document.body.innerHTML += '<i>'.repeat(300) + '<u></u>'.repeat(2000); setInterval(() => document.body.append(document.createElement('i')));",
    "SVG filters": "document.body.innerHTML = '<svg width=4000 height=4000><filter id=f x=-9 y=-9 width=99 height=99>' + '<feTurbulence baseFrequency=0.9 numOctaves=99 /><feGaussianBlur stdDeviation=500 /><feMorphology operator=dilate radius=200 />'.repeat(9) + '</filter><rect width=4000 height=4000 filter=url(#f) /></svg>';",
    "SVG use bomb": "document.body.innerHTML = '<svg><g id=a0><circle r=9 /></g>' + [...Array(24).keys()].map(i => `<g id=a${i + 1}><use href=#a${i} /><use href=#a${i} /></g>`).join('') + '<use href=#a24 /></svg>';",
    "fonts": "for (let i = 0; i < S; i++) { const f = new FontFace('f' + i, new Uint8Array(9999).fill(i)); document.fonts.add(f); f.load().catch(() => 0) } document.body.style.font = '1e9px f1, serif'; document.body.textContent = '\\u0301'.repeat(N);",
    "WebAssembly": "const kept = []; setInterval(() => { const m = new WebAssembly.Memory({ initial: 2000 }); new Uint8Array(m.buffer).fill(1); kept.push(m) }, 1); WebAssembly.compile(new Uint8Array(99999)).catch(() => 0);",
    "document.write for ever": "setInterval(() => { for (let i = 0; i < 99; i++) document.write('<p>x<script>document.write(\"y\")<\\/script>') });",
    "document.open": "onload = () => { document.open(); document.write('<script>document.open();setInterval(()=>document.write(1))<\\/script>') };",
    "postMessage storms": "onmessage = e => { postMessage(e.data, '*'); postMessage(e.data, '*') }; postMessage('x'.repeat(S), '*'); const c = new MessageChannel(); c.port1.onmessage = e => c.port1.postMessage(e.data); c.port2.onmessage = e => { c.port2.postMessage(0); c.port2.postMessage(0) }; c.port1.postMessage(1);",
    "module scripts": "const m = t => 'data:text/javascript,' + encodeURIComponent(t); for (let i = 0; i < S; i++) import(m('await new Promise(() => 0) //' + i)).catch(() => 0); import(m('for (let i = 0; i < 9; i++) import(import.meta.url + i)')).catch(() => 0);",
    "history floods": "for (let i = 0; i < N; i++) { try { history.pushState('x'.repeat(999), '', '?' + i) } catch { 0 } } setInterval(() => { history.back(); history.forward(); location.hash = Math.random() }, 1);",
    "fullscreen and pointer lock": "setInterval(() => { for (const f of ['requestFullscreen', 'requestPointerLock']) try { document.body[f]().catch(() => 0) } catch { 0 } try { resizeTo(1, 1); moveTo(-9999, -9999); print(); focus(); blur() } catch { 0 } }, 5);",
    "clipboard, place, devices": "const q = () => { for (const f of [() => navigator.clipboard.readText(), () => navigator.clipboard.writeText('x'.repeat(1e6)), () => navigator.mediaDevices.getUserMedia({ video: true, audio: true }), () => Notification.requestPermission(), () => navigator.storage.persist(), () => navigator.usb.requestDevice({ filters: [] })])"
    " try { f().catch(() => 0) } catch { 0 } navigator.geolocation && navigator.geolocation.getCurrentPosition(() => 0, () => 0) }; setInterval(q, 3);",
    "window.close": "window.close(); self.close(); open('', '_self').close();",
    "stores": "const big = 'x'.repeat(1 << 20); try { for (let i = 0; i < 99; i++) localStorage['k' + i] = big } catch { 0 } document.cookie = 'a=' + big.slice(0, 4000); const r = indexedDB.open('d'); r.onupgradeneeded = () => r.result.createObjectStore('s');"
    " r.onsuccess = () => setInterval(() => r.result.transaction('s', 'readwrite').objectStore('s').put(new Uint8Array(1 << 24), Math.random()), 1);",
    "requests by the thousand": "for (let i = 0; i < N / 9; i++) { new Image().src = '/i' + i; fetch('/f' + i).catch(() => 0) } try { new WebSocket('ws://10.0.0.1'); new EventSource('/e'); navigator.sendBeacon('/b') } catch { 0 }",
    "requests of long addresses": "for (let i = 0; i < 30; i++) fetch('/' + 'x'.repeat(1.9e6) + i).catch(() => 0);",
    "words of a hundred megabytes": "const s = 'x'.repeat(9e7); console.error(s, s + 1, s + 2, s + 3); alert(s);",
    "debugger": "setInterval(() => { debugger; }, 1); for (let i = 0; i < S; i++) { debugger; }",
    "a regular expression": "/^(a+)+$/.test('a'.repeat(40) + 'b');",
    "a proxy of everything": "const p = new Proxy(function () {}, { get() { return p }, apply() { return p }, ownKeys() { for (;;); }, getOwnPropertyDescriptor() { throw p } }); console.error(p, { p }); Promise.reject(p); throw p;",
    "media and speech": "for (let i = 0; i < S; i++) { try { const a = new AudioContext(), o = a.createOscillator(); o.connect(a.destination); o.start() } catch { 0 } const v = document.createElement('video'); v.src = 'data:video/mp4;base64,AAAA'; v.play().catch(() => 0); document.body.append(v) }",
    "peer connections": "for (let i = 0; i < S; i++) { try { const c = new RTCPeerConnection({ iceServers: [{ urls: 'stun:10.0.0.1' }] }); c.createDataChannel('x'); c.createOffer().then(o => c.setLocalDescription(o)).catch(() => 0) } catch { 0 } }",
    "the watcher itself": "for (const n of Object.getOwnPropertyNames(window)) if (/binding|witness|llm|cdc|playwright|__/i.test(n)) { try { for (let i = 0; i < S; i++) window[n]('{\"x\":' + i + '}') } catch { 0 } try { delete window[n] } catch { 0 } }",
}  # fmt: skip


# Some that are soon over.
SAMPLE = (
    *(
        "endless loop",
        "module scripts",
        "a service worker",
        "shadowed globals",
        "changed prototypes",
        "Object.prototype",
    ),
    *("swallowed errors", "leaves for data, blob, about", "meta refresh", "document.open", "window.close"),
    *("a proxy of everything", "the watcher itself"),
)


def page(seed: int) -> tuple[str, str]:
    """A name and a page."""
    rng = random.Random(f"page {seed}")
    names = [list(ATTACKS)[seed % len(ATTACKS)]]
    if seed >= len(ATTACKS):
        names.append(rng.choice(list(ATTACKS)))
    scripts = "".join(f"<script>{{\n{_sized(ATTACKS[name], rng)}\n}}</script>\n" for name in names)
    return " + ".join(names), f"<!DOCTYPE html>\n<html><head></head><body><h1>Hi</h1>\n{scripts}</body></html>"


def _sized(script: str, rng: random.Random) -> str:
    sizes = {"N": rng.randrange(20_000, 90_000), "S": rng.randrange(100, 400)}
    return f"const {', '.join(f'{name} = {size}' for name, size in sizes.items())};\n{script}"


def verdict(report: PageReport) -> Verdict:
    """What must be the same every time."""
    found = {(event.kind, event.line) for event in report.events if event.kind != "warning"}
    return sorted(found | ({("blank", None)} if report.blank else set()), key=str)
