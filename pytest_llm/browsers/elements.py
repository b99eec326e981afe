"""Finding what a visitor means in a page, and filling it in: expressions for the page itself.

FIND takes a point, a selector or {text} and gives ["at", x, y], ["outside", width, height], ["hidden"] or ["none",
what there is]. FILL and SELECT take a selector and a text, and give what is wrong, or "".
"""

from __future__ import annotations

FIND = r"""(target => {
  const rect = e => e.getBoundingClientRect();
  const shown = e => rect(e).width > 0 && rect(e).height > 0 && getComputedStyle(e).visibility !== "hidden";
  const squeezed = text => (text || "").trim().replace(/\s+/g, " ");
  const words = e => e.textContent.length > 400 ? ""
    : e.options ? [...e.options].map(o => squeezed(o.label)).join(" ") : squeezed(e.innerText) || squeezed(e.value)
    || squeezed(e.getAttribute("aria-label")) || squeezed(e.title);
  const used = "button, a, input, select, textarea, summary, label, canvas, [onclick], [role=button], [tabindex]";
  const name = e => e.localName + (e.id ? "#" + e.id : "") + (words(e) ? ` "${words(e).slice(0, 30)}"` : "");
  const by_text = text => {
    const all = [...document.body.querySelectorAll("*")].slice(0, 20000), want = squeezed(text).toLowerCase();
    const with_words = fits => {
      const found = all.filter(e => fits(words(e).toLowerCase()) && shown(e));
      const inmost = found.filter(e => !found.some(other => other !== e && e.contains(other)));
      return found.find(e => e.matches(used)) || inmost[0];
    };
    return with_words(said => said === want) || with_words(said => said.includes(want));
  };
  if (Array.isArray(target)) {
    const [x, y] = target;
    const within = x >= 0 && y >= 0 && x < innerWidth && y < innerHeight;
    return within ? ["at", x, y] : ["outside", innerWidth, innerHeight];
  }
  const there = typeof target === "string"
    ? [...document.querySelectorAll(target)].find(shown) || document.querySelector(target) : by_text(target.text);
  if (!there) return ["none", [...document.querySelectorAll(used)].filter(shown).slice(0, 8).map(name).join(", ")];
  if (!shown(there)) return ["hidden"];
  const outside = r => r.left < 0 || r.top < 0 || r.right > innerWidth || r.bottom > innerHeight;
  if (outside(rect(there))) there.scrollIntoView({ block: "center", inline: "center", behavior: "instant" });
  const r = rect(there), clamp = (low, high, most) => (Math.max(0, low) + Math.min(most, high)) / 2;
  return ["at", clamp(r.left, r.right, innerWidth), clamp(r.top, r.bottom, innerHeight)];
})"""
FILL = r"""((selector, text) => {
  const e = document.querySelector(selector), told = name => e.dispatchEvent(new Event(name, { bubbles: true }));
  if (e.disabled || e.readOnly) return "it takes no text now";
  e.focus();
  if (e.isContentEditable) e.textContent = text;
  else if (!("value" in e) || /^(checkbox|radio|file|button|submit)$/.test(e.type)) return "it takes no text";
  else {
    Object.getOwnPropertyDescriptor(Object.getPrototypeOf(e), "value").set.call(e, text);
    if (e.value !== text) return `it does not take ${JSON.stringify(text)}`;
  }
  told("input"); told("change");
  return "";
})"""
SELECT = r"""((selector, text) => {
  const e = document.querySelector(selector);
  if (e.localName !== "select") return "it is no list to choose from";
  const options = [...e.options], label = o => o.label.trim();
  const option = options.find(o => o.value === text) || options.find(o => label(o) === text);
  if (!option) return `no option ${JSON.stringify(text)}; there is ${options.slice(0, 8).map(label).join(", ")}`;
  option.selected = true;
  for (const name of ["input", "change"]) e.dispatchEvent(new Event(name, { bubbles: true }));
  return "";
})"""
