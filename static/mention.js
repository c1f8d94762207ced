// Behind an "@" the names of colleagues are offered, by keyboard and by finger. Without this the name is typed.
"use strict";
(() => {
  const CALL = /(?<![A-Za-z0-9._%+-])[@＠]([\p{L}\p{N}·._-]{0,20})$/u;
  const SHOWN = 8;

  function offer(area) {
    const list = document.createElement("div"), said = document.createElement("p"), way = document.createElement("button");
    list.className = "mentions";
    list.id = `${area.id}-colleagues`;
    list.setAttribute("role", "listbox");
    list.setAttribute("aria-label", "同事");
    list.hidden = true;
    said.className = "vh";
    said.setAttribute("role", "status");
    way.type = "button";
    way.className = "btn quiet";
    way.textContent = "@ 提到同事";
    area.after(list, said, way);
    area.setAttribute("aria-autocomplete", "list");
    area.setAttribute("aria-controls", list.id);
    let people = null;

    const options = () => [...list.children];
    const marked = () => options().find((option) => option.getAttribute("aria-selected") === "true");
    const called = () => area.value.slice(0, area.selectionStart).match(CALL);
    function mark(option) {
      for (const other of options()) other.setAttribute("aria-selected", String(other === option));
      area.setAttribute("aria-activedescendant", option.id);
      option.scrollIntoView({ block: "nearest" });
    }
    function close() {
      list.hidden = true;
      list.replaceChildren();
      area.removeAttribute("aria-activedescendant");
      said.textContent = "";
    }
    async function names() {
      const answer = await fetch(area.dataset.colleagues, { headers: { "HX-Request": "true" } });
      if (!answer.ok || answer.redirected) return [];
      const told = new DOMParser().parseFromString(await answer.text(), "text/html");
      return [...told.querySelectorAll("[role=option]")];
    }
    async function look() {
      if (!called()) return close();
      people ??= names().catch(() => (people = null, []));
      const all = await people, call = called();
      if (!call || document.activeElement !== area) return close();
      const wanted = call[1].toLowerCase();
      const fits = (person) => person.dataset.call.toLowerCase().includes(wanted) || person.textContent.includes(wanted) || person.dataset.also.startsWith(wanted);
      const found = all.filter(fits).slice(0, SHOWN);
      if (!found.length || (found.length === 1 && found[0].dataset.call === call[1])) return close();
      list.replaceChildren(...found.map((person) => document.importNode(person, true)));
      options().forEach((option, n) => { option.id = `${list.id}-${n}`; });
      list.hidden = false;
      said.textContent = `${found.length} 位同事，上下键选择，回车填入`;
      mark(options()[0]);
    }
    function choose(option) {
      const call = called(), end = area.selectionStart;
      if (call) area.setRangeText(`@${option.dataset.call} `, end - call[0].length, end, "end");
      close();
      area.focus();
      area.dispatchEvent(new Event("input", { bubbles: true }));
    }

    area.addEventListener("input", (event) => { if (!event.isComposing) look(); });
    area.addEventListener("compositionend", look);
    area.addEventListener("blur", close);
    area.addEventListener("keydown", (event) => {
      if (list.hidden || event.isComposing) return; // Enter and the arrows are the input method's
      const all = options(), now = all.indexOf(marked());
      if (["ArrowDown", "ArrowUp"].includes(event.key)) {
        event.preventDefault();
        mark(all[(now + (event.key === "ArrowDown" ? 1 : all.length - 1)) % all.length]);
      } else if (event.key === "Enter" || event.key === "Tab") {
        event.preventDefault();
        choose(all[now]);
      } else if (event.key === "Escape") {
        event.preventDefault();
        close();
      }
    });
    list.addEventListener("mousedown", (event) => event.preventDefault()); // what is written in keeps the focus
    list.addEventListener("click", (event) => {
      const option = event.target.closest("[role=option]");
      if (option) choose(option);
    });
    way.addEventListener("click", () => {
      area.focus();
      if (!called()) area.setRangeText("@", area.selectionStart, area.selectionEnd, "end");
      // Behind a letter or a digit it would be a mail address.
      if (!called()) area.setRangeText(" @", area.selectionStart - 1, area.selectionStart, "end");
      look();
    });
    if (document.activeElement === area) look(); // who types while the page still loads
  }
  document.querySelectorAll("textarea[data-colleagues]").forEach(offer);
})();
