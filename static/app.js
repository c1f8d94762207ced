// Tidu's own script. Every page works without it; here is what makes the desk quicker: the dialog, the board's drag,
// the search box's answers, toasts, and keeping a double click from sending a form twice.
"use strict";
(() => {
  const one = (selector, within = document) => within.querySelector(selector);
  const all = (selector, within = document) => [...within.querySelectorAll(selector)];
  const dialog = one("#dialog"), body = one("#dialog-body"), note = one("#dialog-note"), toasts = one("#toasts");
  const POPPED = "details.menu[open], details.confirm[open]";

  // On a phone the rail is one row that scrolls; where one is stands in it.
  const here = one(".rail [aria-current]");
  if (here) here.parentNode.scrollLeft = here.offsetLeft - 40;

  // Folded on a phone only; a browser whose style sheet cannot open it on a wide screen has it opened here.
  if (!CSS.supports("selector(::details-content)") && matchMedia("(min-width: 768px)").matches) all(".fold").forEach((fold) => { fold.open = true; });

  // Toasts: the live region stands in the page from the start, so that a new line in it is read out.
  function toast(sentence, tone = "") {
    const line = document.createElement("p");
    line.className = `toast ${tone}`;
    line.textContent = sentence;
    toasts.append(line);
    setTimeout(() => line.remove(), 8000);
  }
  setTimeout(() => all(".toast", toasts).forEach((line) => line.remove()), 8000);
  document.addEventListener("toast", (event) => toast(event.detail.value));
  document.addEventListener("htmx:error", (event) => {
    if (event.detail.ctx) complain("没有连上服务器，这一步没有完成；请稍后再试。");
  });
  // Behind an open dialog nobody would see a toast, nor hear it.
  function complain(sentence) {
    if (!dialog.open) return toast(sentence, "bad");
    const line = document.createElement("p");
    line.className = "errors";
    line.setAttribute("role", "alert");
    line.textContent = sentence;
    note.replaceChildren(line);
  }
  document.addEventListener("htmx:before:request", () => note.replaceChildren());

  // The dialog: any link with data-dialog opens here instead of on a page of its own.
  let moved = "", drop = null;
  async function open(href, opener) {
    body.replaceChildren();
    note.replaceChildren();
    moved = "";
    dialog.opener = opener;
    await htmx.ajax("GET", href, { target: "#dialog-body", swap: "innerHTML" });
    if (!body.children.length) return settle();
    dialog.setAttribute("aria-label", one("h2", body)?.textContent ?? "");
    if (!dialog.open) dialog.showModal();
  }
  // A card that was dropped but not moved goes home.
  function settle() {
    if (drop && !moved) drop.from.insertBefore(drop.card, drop.before);
    drop = null;
  }
  document.addEventListener("click", (event) => {
    const link = event.target.closest("a[data-dialog]");
    if (link && dialog && !event.ctrlKey && !event.metaKey && !event.shiftKey) {
      event.preventDefault();
      open(link.href, link);
    }
    if (event.target.closest("[data-close]") || event.target === dialog) dialog.close();
  });
  dialog.addEventListener("close", () => {
    settle();
    body.replaceChildren();
    if (!dialog.opener?.isConnected) return;
    dialog.opener.focus();
  });
  document.addEventListener("firm-moved", async (event) => {
    moved = event.detail.value.split("/").pop();
    dialog.close();
    if (one("#board")) await refreshBoard(moved);
    else await htmx.ajax("GET", location.pathname + location.search, { target: "#main", select: "#main", swap: "outerHTML" });
    const card = one(`.card[data-uscc="${moved}"]`);
    (card ? one("a", card) : one("#main")).focus({ preventScroll: true });
  });

  // The board after a move: fresh heads and first cards; what 加载更多 had brought stays beneath them.
  async function refreshBoard(uscc) {
    const address = new URL(location.href);
    address.searchParams.set("moved", uscc);
    const answer = await fetch(address, { headers: { Accept: "text/html" } });
    if (!answer.ok || answer.redirected) return location.reload();
    const fresh = new DOMParser().parseFromString(await answer.text(), "text/html");
    for (const column of all(".col[data-tier]")) {
      const now = fresh.getElementById(column.id);
      if (!now) continue;
      one(".col-head", column).replaceWith(one(".col-head", now));
      const list = one(".cards", column), next = one(".cards", now);
      const known = new Set(all(".card", next).map((card) => card.dataset.uscc));
      const cards = all(".card", list);
      const last = cards.map((card) => known.has(card.dataset.uscc)).lastIndexOf(true);
      const later = cards.slice(last + 1).filter((card) => card.dataset.uscc !== uscc && one(".more", next));
      if (later.length) {
        one(".more", next).replaceWith(...later, ...all(".more", list));
      }
      list.replaceChildren(...next.children);
      htmx.process(list);
    }
    for (const link of all(".jump a")) {
      const same = all(".jump a", fresh).find((other) => other.hash === link.hash);
      if (same) link.textContent = same.textContent;
    }
  }

  // Dragging is a way to open the dialog, never a move by itself; fingers scroll, so they get no drag.
  function drag() {
    if (!window.Sortable || !one(".board.drag") || matchMedia("(pointer: coarse)").matches) return;
    for (const list of all(".board .cards")) {
      Sortable.create(list, {
        group: "board", draggable: ".card", sort: false, animation: 0,
        onStart: ({ item, from }) => { drop = { card: item, from, before: item.nextElementSibling }; },
        onMove: ({ to }) => over(to),
        onEnd: ({ item, from, to }) => {
          over(null);
          if (from === to) return settle();
          const link = one("a.move", item);
          open(`${link.href}?to=${to.closest(".col").dataset.tier}`, link);
        },
      });
    }
  }
  function over(list) {
    for (const column of all(".col")) column.classList.toggle("over", column.contains(list));
  }

  // Search: answers while typing, arrows walk through them, Escape closes. The keys that come here are the palette's.
  const box = one("#q"), hits = one("#hits");
  const walk = (step) => {
    const stops = [box, ...all("a", hits)];
    const at = stops.indexOf(document.activeElement);
    stops[Math.max(0, Math.min(stops.length - 1, at + step))].focus();
  };
  if (box) {
    box.closest(".search").addEventListener("keydown", (event) => {
      if (event.key === "Escape" && !hits.hidden) {
        event.preventDefault(); // the browser would empty the box as well
        box.focus();
        hits.hidden = true;
      }
      if (!["ArrowDown", "ArrowUp"].includes(event.key) || !box.value.trim() || !hits.children.length) return;
      event.preventDefault();
      hits.hidden = false;
      walk(event.key === "ArrowDown" ? 1 : -1);
    });
    box.closest(".search").addEventListener("focusout", (event) => {
      if (!event.currentTarget.contains(event.relatedTarget)) hits.hidden = true;
    });
    box.addEventListener("focus", () => { hits.hidden = !hits.children.length || !box.value.trim(); });
    box.addEventListener("input", () => { if (!box.value.trim()) hits.hidden = true; });
  }
  document.addEventListener("htmx:after:swap", (event) => {
    const { target, sourceElement } = event.detail.ctx;
    if (target === hits) hits.hidden = !box.value.trim() || !box.closest(".search").contains(document.activeElement);
    if (sourceElement?.matches?.(".card")) one("a", sourceElement)?.focus({ preventScroll: true });
  });

  // One click, one act; and a menu closes when one goes elsewhere.
  document.addEventListener("submit", (event) => {
    if (event.target.method !== "post" || event.target.matches("[data-hx-post]")) return;
    if (event.target.dataset.sent) event.preventDefault();
    event.target.dataset.sent = "1";
  });
  addEventListener("pageshow", () => all("form[data-sent]").forEach((form) => delete form.dataset.sent));
  // Gone back to, the controls of a filter say what the address says, not what they were left at.
  addEventListener("pageshow", (event) => {
    const back = event.persisted || performance.getEntriesByType("navigation")[0]?.type === "back_forward";
    if (back) all("form.filters").forEach((form) => form.reset());
  });

  // Leaving a form that was edited asks first; one that came back with faults is unsaved as it stands.
  function differs(control) {
    if (control.options) {
      const first = [...control.options].findIndex((option) => option.defaultSelected);
      return control.selectedIndex !== Math.max(0, first);
    }
    if (["checkbox", "radio"].includes(control.type)) return control.checked !== control.defaultChecked;
    return !["hidden", "submit", "button"].includes(control.type) && control.value !== control.defaultValue;
  }
  globalThis.tidu = { differs };
  function ask(event) {
    const unsaved = (form) => "unsaved" in form.dataset || [...form.elements].some(differs);
    if (all("form[data-edits]").some((form) => !form.dataset.sent && unsaved(form))) event.preventDefault();
  }
  const watch = () => addEventListener("beforeunload", ask);
  document.addEventListener("input", (event) => { if (event.target.form?.matches("[data-edits]")) watch(); });
  if (one("form[data-unsaved]")) watch();
  document.addEventListener("click", (event) => {
    for (const menu of all(POPPED)) if (!menu.contains(event.target)) menu.open = false;
  });
  document.addEventListener("keydown", (event) => {
    const menu = event.key === "Escape" && one(POPPED);
    if (menu) { menu.open = false; one("summary", menu).focus(); }
  });

  // Copying, where the browser lets us.
  function copy(text) {
    if (navigator.clipboard) return navigator.clipboard.writeText(text);
    const area = document.createElement("textarea");
    area.value = text;
    document.body.append(area);
    area.select();
    document.execCommand("copy");
    area.remove();
    return Promise.resolve();
  }
  document.addEventListener("click", (event) => {
    const button = event.target.closest("[data-copy]");
    if (button) copy(button.dataset.copy).then(() => toast("已复制"), () => toast("复制不了，请手工选中。", "bad"));
  });
  document.addEventListener("click", (event) => { if (event.target.closest("[data-print]")) print(); });
  // Made here: what is shown once is not kept for a second answer.
  document.addEventListener("click", (event) => {
    const button = event.target.closest("[data-save]");
    if (!button) return;
    const file = document.createElement("a");
    file.href = URL.createObjectURL(new Blob([`${button.dataset.save}\n`], { type: "text/plain;charset=utf-8" }));
    file.download = button.dataset.name;
    file.click();
    setTimeout(() => URL.revokeObjectURL(file.href), 1000);
  });
  // 全选: every box of its form, or none when all are ticked.
  document.addEventListener("click", (event) => {
    const button = event.target.closest("[data-tick]");
    if (!button) return;
    const boxes = [...button.form.elements].filter((box) => box.type === "checkbox"), tick = boxes.some((box) => !box.checked);
    boxes.forEach((box) => { box.checked = tick; });
  });
  all("[data-copy], [data-print], [data-save], [data-tick]").forEach((button) => { button.hidden = false; });
  drag();
})();
