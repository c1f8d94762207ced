// What is ticked in the list stays ticked over its pages, for as long as the filter is the same; another filter is
// another choice. Without this script what is ticked on the page is what is meant.
"use strict";
(() => {
  const form = document.getElementById("bulk"), said = document.getElementById("picked");
  const clear = document.getElementById("unpick"), query = form.elements.query.value;
  const boxes = [...form.elements].filter((box) => box.name === "pick");
  const most = 200;
  const kept = JSON.parse(sessionStorage.getItem("picked") ?? "{}");
  const codes = new Set(kept.query === query ? kept.codes : []);

  function show() {
    const here = boxes.filter((box) => box.checked).length, others = codes.size - here;
    said.textContent = codes.size ? `已选 ${codes.size} 家${others ? `（本页 ${here}，其他页 ${others}）` : ""}` : "";
    if (codes.size > most) said.textContent += `；逐家选的一次最多 ${most} 家，更多的请办理全部`;
    clear.hidden = !codes.size;
    form.dataset.picked = codes.size || "";
    sessionStorage.setItem("picked", JSON.stringify({ query, codes: [...codes] }));
  }
  function read() {
    for (const box of boxes) codes[box.checked ? "add" : "delete"](box.value);
    show();
  }
  for (const box of boxes) if (codes.has(box.value)) box.checked = true;
  document.addEventListener("change", (event) => { if (boxes.includes(event.target)) read(); });
  form.querySelector("[data-tick]").addEventListener("click", () => setTimeout(read));
  clear.addEventListener("click", () => {
    codes.clear();
    for (const box of boxes) box.checked = false;
    show();
  });
  // Those of other pages go with the form; the boxes of this one go by themselves.
  form.addEventListener("formdata", ({ formData }) => {
    const here = new Set(boxes.map((box) => box.value)), others = [...codes].filter((code) => !here.has(code));
    if (others.length) formData.append("pick", others.join(" "));
  });
  addEventListener("pageshow", read);
  read();
})();
