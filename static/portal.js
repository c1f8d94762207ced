// The form saves itself: a while after the last key, when one leaves a field, and when the page is hidden. Without this
// script everything is saved by its button.
"use strict";
(() => {
  const form = document.querySelector("form[data-autosave]");
  if (!form) return;
  const saved = document.querySelector("#saved"), editing = document.querySelector("#editing");
  const version = form.elements.version;
  let unsure = null; // sent, and no answer came: asked once more before anything newer, since it may have been kept
  let timer = 0, busy = false, stopped = !form.querySelector("button[value=save]"), wanted = false;

  // A button has a name and a value and no default: taken for a field, it made every page look edited, and leaving one
  // saved it behind the back of the next.
  const fields = () => [...form.elements].filter((c) => c.name && !["hidden", "submit", "button"].includes(c.type));
  const dirty = () => fields().some(tidu.differs); // app.js runs after this script

  function settled(values) {
    for (const [control, value] of values) {
      if (control.options) for (const option of control.options) option.defaultSelected = option.value === value;
      else control.defaultValue = value;
    }
  }
  // What the answer says is wrong, at its field; what the page itself said stays until it is loaded again.
  function mark() {
    const wrong = new Set([...saved.querySelectorAll("a")].map((a) => a.hash.slice(1)));
    for (const c of fields()) {
      if (wrong.has(c.id)) c.setAttribute("aria-invalid", "true");
      else if (!document.getElementById(`${c.id}-error`)) c.removeAttribute("aria-invalid");
    }
  }
  // What the figures come to, where it stands on the page.
  function say(told) {
    for (const { value, textContent } of told) {
      const place = document.getElementById(`${value}-said`);
      if (!place) continue;
      place.textContent = textContent;
      place.parentElement.hidden = !textContent;
    }
  }
  async function save(keepalive = false) {
    clearTimeout(timer);
    if (stopped || form.dataset.sent || !(unsure || dirty())) return;
    if (busy) { wanted = true; return; }
    busy = true;
    wanted ||= Boolean(unsure);
    unsure ||= { values: fields().map((c) => [c, c.value]), body: new URLSearchParams(new FormData(form)) };
    const { values, body } = unsure;
    body.set("act", "auto");
    try {
      const answer = await fetch(form.action, { method: "POST", body, keepalive });
      if (answer.status < 500) unsure = null;
      if (answer.ok) {
        version.value = answer.headers.get("x-version") || version.value;
        settled(values);
      } else stopped = answer.status === 412 || answer.status === 409 || answer.status === 401;
      if (answer.ok || answer.status === 412) {
        const told = new DOMParser().parseFromString(await answer.text(), "text/html").body;
        const figures = [...told.querySelectorAll("data")];
        for (const figure of figures) figure.remove();
        say(figures);
        saved.replaceChildren(...told.childNodes);
        mark();
      } else saved.textContent = answer.status === 401
        ? "登录已过期，还没有保存。您填的还在这一页，按“保存”，登录后接着办。"
        : answer.status === 409 ? "这份填报已经提交，不能再改。" : "自动保存没有成功，请按“保存”。";
    } catch {
      saved.textContent = "没有连上服务器，还没有保存；您填的还在这一页。";
    }
    if (unsure) wanted = false; // a server that is away is asked again at the next key, not at once
    busy = false;
    if (wanted) { wanted = false; save(); }
  }
  form.addEventListener("input", () => { clearTimeout(timer); timer = setTimeout(save, 2000); });
  form.addEventListener("change", () => save());
  document.addEventListener("visibilitychange", () => { if (document.visibilityState === "hidden") save(true); });
  // A save of the page itself must carry the newest version; one that is on its way is waited for.
  form.addEventListener("submit", (event) => {
    clearTimeout(timer);
    if (!busy) return;
    event.preventDefault();
    event.stopImmediatePropagation();
    const button = event.submitter, again = () => busy ? setTimeout(again, 50) : form.requestSubmit(button);
    again();
  }, true);

  async function here() {
    if (document.visibilityState === "hidden") return;
    const body = new URLSearchParams({ csrf_token: form.elements.csrf_token.value });
    try {
      const answer = await fetch(`${form.action}/editing`, { method: "POST", body });
      if (!answer.ok) return;
      const told = new DOMParser().parseFromString(await answer.text(), "text/html").body;
      if (told.textContent.trim() !== editing.textContent.trim()) editing.replaceChildren(...told.children);
    } catch { /* the next time */ }
  }
  here();
  setInterval(here, 30000);
})();
