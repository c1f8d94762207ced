// Proves with a little work that somebody means to sign in, when this address has failed too often: app/access/proof.py
"use strict";
(() => {
  const K = [], H = [];
  for (let n = 2; K.length < 64; n++) {
    let prime = true;
    for (let d = 2; d * d <= n; d++) if (n % d === 0) prime = false;
    if (!prime) continue;
    const part = (x) => ((x - Math.floor(x)) * 4294967296) | 0;
    if (H.length < 8) H.push(part(Math.sqrt(n)));
    K.push(part(Math.cbrt(n)));
  }
  const turn = (x, n) => (x >>> n) | (x << (32 - n));
  const w = new Int32Array(64);

  // The first word of SHA-256: all that is asked about. crypto.subtle is not there on plain http.
  function firstWord(bytes) {
    const size = ((bytes.length + 8) >> 6) + 1, data = new Uint8Array(size * 64), h = H.slice();
    data.set(bytes);
    data[bytes.length] = 128;
    new DataView(data.buffer).setUint32(size * 64 - 4, bytes.length * 8);
    const view = new DataView(data.buffer);
    for (let block = 0; block < size; block++) {
      for (let i = 0; i < 16; i++) w[i] = view.getInt32(block * 64 + i * 4);
      for (let i = 16; i < 64; i++) {
        const a = w[i - 15], b = w[i - 2];
        w[i] = (w[i - 16] + (turn(a, 7) ^ turn(a, 18) ^ (a >>> 3)) + w[i - 7] + (turn(b, 17) ^ turn(b, 19) ^ (b >>> 10))) | 0;
      }
      let [a, b, c, d, e, f, g, k] = h;
      for (let i = 0; i < 64; i++) {
        const one = (k + (turn(e, 6) ^ turn(e, 11) ^ turn(e, 25)) + ((e & f) ^ (~e & g)) + K[i] + w[i]) | 0;
        const two = ((turn(a, 2) ^ turn(a, 13) ^ turn(a, 22)) + ((a & b) ^ (a & c) ^ (b & c))) | 0;
        k = g; g = f; f = e; e = (d + one) | 0; d = c; c = b; b = a; a = (one + two) | 0;
      }
      [a, b, c, d, e, f, g, k].forEach((x, i) => { h[i] = (h[i] + x) | 0; });
    }
    return h[0] >>> 0;
  }

  const form = document.querySelector("form[data-task]");
  if (!form) return;
  form.addEventListener("submit", (event) => {
    const field = form.elements.proof;
    if (field.value) return;
    event.preventDefault();
    form.querySelector("[data-proving]").hidden = false;
    const task = form.dataset.task, free = 32 - Number(task.split(".")[1]), coder = new TextEncoder();
    const head = `${task} ${form.elements.login.value.trim().toLowerCase().slice(0, 40)} `;
    let n = 0;
    const work = () => {
      for (const end = n + 4000; n < end; n++) {
        if (firstWord(coder.encode(head + n)) >>> free === 0) {
          field.value = `${task} ${n}`;
          form.submit();
          return;
        }
      }
      setTimeout(work);
    };
    work();
  });
})();
