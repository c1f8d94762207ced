// Ctrl-K: firms, pages and commands by name; "/" goes to the search box, "?" lists the keys. Nothing here is the only way.
"use strict";
(() => {
  const one = (selector, within = document) => within.querySelector(selector);
  const palette = one("#palette"), box = one("#palette-q"), list = one("#palette-list"), said = one("#palette-said");
  const doing = one("#palette-act"), keys = one("#shortcuts"), single = one("#single-keys"), search = one("#q");
  const options = () => [...list.querySelectorAll("[role=option]")];
  const busy = () => Boolean(one("dialog[open]"));
  let act = "", asked = null, timer = 0;

  function mark(option) {
    for (const other of options()) other.setAttribute("aria-selected", String(other === option));
    if (!option) return box.removeAttribute("aria-activedescendant");
    box.setAttribute("aria-activedescendant", option.id);
    option.scrollIntoView({ block: "nearest" });
  }

  // An answer that comes after a later question is thrown away.
  async function ask() {
    clearTimeout(timer);
    asked?.abort();
    const mine = asked = new AbortController();
    const at = location.pathname.match(/^\/firms\/([0-9A-Z]{18})(\/|$)/)?.[1] ?? "";
    const address = `/search?${new URLSearchParams({ palette: "1", q: box.value, act, at })}`;
    try {
      const answer = await fetch(address, { headers: { "HX-Request": "true" }, signal: mine.signal });
      // Signed out meanwhile: the page that a form would have led to says so.
      if (!answer.ok || answer.redirected) return location.assign(`/search?${new URLSearchParams({ q: box.value })}`);
      const fresh = new DOMParser().parseFromString(await answer.text(), "text/html");
      if (mine.signal.aborted) return;
      said.textContent = one("[data-said]", fresh)?.dataset.said ?? "";
      list.replaceChildren(...(one("[data-said]", fresh)?.children ?? []));
    } catch (fault) {
      if (fault.name === "AbortError") return;
      list.replaceChildren();
      said.textContent = "没有连上服务器，请稍后再试。";
    }
    options().forEach((option, n) => { option.id = `palette-${n}`; });
    box.setAttribute("aria-expanded", String(options().length > 0));
    mark(options()[0]);
  }

  function begin(command = "", label = "") {
    act = command;
    doing.textContent = label && `${label}：`;
    box.value = "";
    ask();
  }
  function open() {
    if (busy()) return;
    list.replaceChildren();
    palette.showModal();
    box.focus();
    begin();
  }
  // On the list a bulk command is about what was ticked there, else about all that its filter finds.
  function bulk(option, event) {
    const form = one("#bulk"), kind = new URLSearchParams(option.search).get("kind");
    if (!form || option.pathname !== form.getAttribute("action")) return;
    event.preventDefault();
    palette.close();
    form.elements.kind.value = kind;
    form.requestSubmit(one(form.dataset.picked ? "[type=submit]" : "[name=all]", form));
  }
  // A file leaves the page where it is. On the list what is exported is what its filter finds there.
  function taken(option) {
    if (!option.pathname.endsWith(".xlsx")) return;
    const here = [...document.querySelectorAll("a[download]")].find((link) => link.pathname === option.pathname);
    if (here) option.href = here.href;
    palette.close();
  }
  function choose(option, event) {
    taken(option);
    if (event && !event.ctrlKey && !event.metaKey) bulk(option, event);
    if (!option.dataset.act || event?.ctrlKey || event?.metaKey) return;
    event?.preventDefault();
    box.focus();
    begin(option.dataset.act, option.dataset.label);
  }

  box.addEventListener("input", () => {
    asked?.abort();
    clearTimeout(timer);
    // What is shown answers what was typed before: Enter must not open it.
    mark(null);
    timer = setTimeout(ask, 120);
  });
  box.addEventListener("keydown", async (event) => {
    if (event.isComposing) return; // Enter and the arrows are the input method's
    const all = options(), now = all.findIndex((option) => option.getAttribute("aria-selected") === "true");
    if (["ArrowDown", "ArrowUp"].includes(event.key) && all.length) {
      event.preventDefault();
      mark(all[(now + (event.key === "ArrowDown" ? 1 : all.length - (now < 0 ? 0 : 1))) % all.length]);
    } else if (event.key === "Enter") {
      event.preventDefault();
      if (now < 0) await ask();
      options().find((option) => option.getAttribute("aria-selected") === "true")?.click();
    } else if (event.key === "Backspace" && act && !box.value) {
      event.preventDefault();
      begin();
    }
  });
  list.addEventListener("click", (event) => {
    const option = event.target.closest("[role=option]");
    if (option) choose(option, event);
  });
  list.addEventListener("mousedown", (event) => event.preventDefault()); // the box keeps the focus
  palette.addEventListener("close", () => {
    if (palette.open) return; // told late: it was opened again meanwhile
    asked?.abort();
    clearTimeout(timer);
    // Where nothing had the focus before, the browser leaves it in the box that is gone.
    if (document.activeElement === box) box.blur();
  });
  for (const dialog of [palette, keys]) {
    dialog.addEventListener("click", (event) => { if (event.target === dialog) dialog.close(); });
  }

  // Who speaks to the machine, or leans on a key, may do without keys of one character.
  const STORED = "tidu-single-keys";
  single.checked = true;
  try { single.checked = localStorage.getItem(STORED) !== "off"; } catch { /* a browser that keeps nothing */ }
  single.addEventListener("change", () => {
    try { localStorage.setItem(STORED, single.checked ? "on" : "off"); } catch { /* kept for this page */ }
  });
  const typing = (target) => target.matches?.("input:not([type=checkbox], [type=radio]), textarea, select, [contenteditable]");
  document.addEventListener("keydown", (event) => {
    const chord = event.ctrlKey || event.metaKey;
    if (chord && !event.shiftKey && !event.altKey && event.key.toLowerCase() === "k") {
      event.preventDefault();
      return open();
    }
    if (chord || event.altKey || event.isComposing || !single.checked || busy()) return;
    if (typing(event.target) && event.target !== box) return;
    if (event.key === "/" && search) {
      event.preventDefault();
      search.focus();
      search.select();
    } else if (["?", "？"].includes(event.key)) {
      event.preventDefault();
      keys.showModal();
    }
  });
  for (const [mark_, show] of [["palette", open], ["shortcuts", () => busy() || keys.showModal()]]) {
    for (const way of document.querySelectorAll(`[data-opens=${mark_}]`)) {
      way.hidden = false;
      way.addEventListener("click", (event) => {
        const menu = way.closest("details");
        event.preventDefault();
        if (menu) { menu.open = false; one("summary", menu).focus(); }
        show();
      });
    }
  }
})();
